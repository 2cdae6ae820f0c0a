//! One read of one file (RFC 1350, 4 and 6; RFC 7440, 4).
//!
//! Invariant: a client that has not answered yet gets an option acknowledgement or one block of 512 bytes, four
//! times at most.

use std::time::Duration;

use crate::clock::Moment;

use super::flight::wire;
use super::pace::Pace;
use super::packet::DEFAULT_BLOCK;
use super::{ErrorCode, Flight, Options, Packet, Shape, Stats};

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

/// How often the first packet is sent. Whoever forged the request's source gets no more.
const OPENING_SENDS: u8 = 4;
/// A repeated request is answered again, but not one that the network doubled.
const REPEAT_AFTER: Duration = Duration::from_millis(100);
/// The last acknowledgement may be lost and is never sent twice: many loaders close their port behind it.
const FINAL_RESENDS: u8 = 2;
/// A client that was busy while all of those went by asks again within its own timeout; EDK2's is four seconds.
const FINAL_WAIT: Duration = Duration::from_secs(5);
/// Blocks that may be sent again because of acknowledgements, per block that arrived. Going back in a window of 64 at
/// 2 % loss needs about one and a half; a client that acknowledges each block of a window would take all of them.
const RESENDS_PER_BLOCK: u64 = 2;

/// What is granted at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Bytes in a block. 1468 fits a frame of 1500: ROMs that cannot put fragments together ask for more than that.
    pub block: u16,
    /// Blocks for one acknowledgement.
    pub window: u16,
    /// Without progress for this long, the client is gone. GRUB stops acknowledging while it unpacks what it has.
    pub patience: Duration,
}

impl Default for Offer {
    fn default() -> Self {
        Self { block: 1468, window: 64, patience: Duration::from_secs(60) }
    }
}

impl Offer {
    /// What of a client's wishes comes true. Sizes only go down and the timeout stays: EDK2 refuses anything else.
    fn grant(&self, asked: &Options, size: u64) -> Options {
        Options {
            block: asked.block.map(|wish| wish.min(self.block.max(8))),
            size: asked.size.map(|_| size),
            timeout: asked.timeout,
            window: asked.window.map(|wish| wish.min(self.window.max(1))),
        }
    }
}

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The client acknowledged the last block.
    Delivered,
    /// All was sent, and only the last acknowledgement is missing: the client most likely has it all.
    Unconfirmed,
    /// The client wanted to know the size only. What firmware does before it fetches, and no failure.
    Probe,
    /// The client said no.
    Aborted { code: ErrorCode, text: String },
    /// It answered, and then never again.
    Silent,
    /// It asked and never took the answer.
    NoAnswer,
    /// Its port is closed, says its own machine.
    Gone,
    /// The same port asked for something else, or anew.
    Superseded,
}

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing until the next packet or [`Transfer::due`].
    Wait,
    /// This packet.
    Control(Vec<u8>),
    /// These blocks.
    Send(Flight),
    Done(Ended),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Until the client's first acknowledgement nobody knows that it asked.
    Opening,
    Sending,
    Over,
}

#[derive(Debug, Clone)]
pub struct Transfer {
    shape: Shape,
    /// What the opening acknowledgement says; `None` if the first block opens.
    granted: Option<Options>,
    window: u16,
    phase: Phase,
    /// The last block that the client has. Counts on beyond 65535.
    base: u64,
    /// The last block that was ever sent.
    head: u64,
    /// When `base + 1`, or the opening, was last sent.
    sent: Moment,
    /// When it was last sent for another time.
    resent: Option<Moment>,
    due: Moment,
    /// Timeouts since the last progress.
    tries: u8,
    /// Timeouts since the client last acknowledged anything, old or new: one that still talks still lacks something.
    unheard: u8,
    /// Whether this flight has been sent more than once, wholly or in part.
    again: bool,
    nudged: bool,
    /// A nudge that proved needless will be acknowledged too, by the number that is then the last one.
    echo: bool,
    /// An acknowledgement was taken for an echo. It may have reported a gap at the flight's beginning, and a client
    /// reports each gap once.
    unsure: bool,
    /// Blocks that acknowledgements may still have sent again.
    allowance: u64,
    patience: Duration,
    pace: Pace,
    stats: Stats,
}

impl Transfer {
    /// Answers a request for a file of `size` bytes.
    pub fn start(asked: &Options, size: u64, offer: &Offer, now: Moment) -> (Self, Step) {
        let granted = Some(offer.grant(asked, size)).filter(|granted| !granted.is_empty());
        let block = granted.and_then(|granted| granted.block).unwrap_or(DEFAULT_BLOCK);
        let window = granted.and_then(|granted| granted.window).unwrap_or(1);
        let shape = Shape { size, block };
        let mut transfer = Self {
            shape,
            granted,
            window,
            phase: Phase::Opening,
            base: 0,
            head: 0,
            sent: now,
            resent: None,
            due: now,
            tries: 0,
            unheard: 0,
            again: false,
            nudged: false,
            echo: false,
            unsure: false,
            allowance: 4 * u64::from(window),
            patience: offer.patience,
            pace: Pace::default(),
            stats: Stats::new(shape, window, now),
        };
        let step = transfer.open(now);
        (transfer, step)
    }

    /// When [`Self::on_time`] wants to be called.
    pub fn due(&self) -> Moment {
        self.due
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Whether the client has not answered yet.
    pub fn is_opening(&self) -> bool {
        self.phase == Phase::Opening
    }

    /// A packet from the client's own address and port.
    pub fn on_packet(&mut self, packet: &Packet<'_>, now: Moment) -> Step {
        match packet {
            _ if self.phase == Phase::Over => Step::Wait,
            Packet::Ack(block) => self.on_ack(*block, now),
            Packet::Error { code, text } => {
                let probe = self.is_opening() && self.granted.is_some_and(|granted| granted.size.is_some());
                let aborted = || Ended::Aborted { code: *code, text: text.clone() };
                self.end(if probe { Ended::Probe } else { aborted() })
            }
            Packet::Read(_) | Packet::Data { .. } | Packet::Granted(_) => Step::Wait,
        }
    }

    /// The client repeated its request: the opening was lost, or the request was doubled on the way.
    pub fn on_repeated_request(&mut self, now: Moment) -> Step {
        if !self.is_opening() || self.tries + 1 >= OPENING_SENDS || now.since(self.sent) < REPEAT_AFTER {
            return Step::Wait;
        }
        self.tries += 1;
        self.open(now)
    }

    /// The client's machine says that nobody listens on that port any more (ICMP port unreachable).
    pub fn on_unreachable(&mut self) -> Step {
        match self.phase {
            Phase::Over => Step::Wait,
            Phase::Sending if self.head == self.shape.last() => self.end(Ended::Unconfirmed),
            Phase::Opening | Phase::Sending => self.end(Ended::Gone),
        }
    }

    pub fn on_time(&mut self, now: Moment) -> Step {
        match self.phase {
            Phase::Over => Step::Wait,
            _ if now < self.due => Step::Wait,
            Phase::Opening if self.tries + 1 >= OPENING_SENDS => self.end(Ended::NoAnswer),
            Phase::Opening => {
                self.tries += 1;
                self.open(now)
            }
            Phase::Sending if self.head == self.shape.last() && self.unheard >= FINAL_RESENDS => {
                self.end(Ended::Unconfirmed)
            }
            Phase::Sending if now.since(self.stats.progress) >= self.patience => self.end(Ended::Silent),
            Phase::Sending if self.tries == 0 && !self.nudged && self.pace.nudge_after().is_some() => self.nudge(now),
            Phase::Sending => {
                self.tries = self.tries.saturating_add(1);
                self.unheard = self.unheard.saturating_add(1);
                let step = self.resend(now);
                if self.head == self.shape.last() && self.unheard >= FINAL_RESENDS {
                    self.due = now.after(FINAL_WAIT);
                }
                step
            }
        }
    }

    fn open(&mut self, now: Moment) -> Step {
        self.again = self.tries > 0;
        self.sent = now;
        self.due = now.after(self.pace.resend_after(self.tries));
        match self.granted {
            Some(granted) => Step::Control(Packet::Granted(granted).to_bytes()),
            None => self.fly(1, 1),
        }
    }

    fn on_ack(&mut self, acked: u16, now: Moment) -> Step {
        if self.is_opening() && self.granted.is_some() {
            return if acked == 0 { self.opened(now) } else { Step::Wait };
        }
        self.unheard = 0;
        // Only the wire wraps; `base` counts on, or a large image never ends.
        match u64::from(acked.wrapping_sub(wire(self.base))) {
            0 => self.on_last_again(now),
            ahead if ahead <= self.head - self.base => self.advance(ahead, now),
            // Older than the last, or never sent. GRUB acknowledges old blocks again.
            _ => Step::Wait,
        }
    }

    fn opened(&mut self, now: Moment) -> Step {
        if !self.again {
            self.pace.measured(now.since(self.sent));
        }
        self.phase = Phase::Sending;
        self.stats.confirm(0, now);
        self.next_flight(now)
    }

    fn advance(&mut self, blocks: u64, now: Moment) -> Step {
        self.phase = Phase::Sending;
        self.base += blocks;
        self.stats.confirm(self.shape.range(self.base).end, now);
        if self.base == self.shape.last() {
            return self.end(Ended::Delivered);
        }
        self.tries = 0;
        let window = u64::from(self.window);
        self.allowance = (self.allowance + RESENDS_PER_BLOCK * blocks).min(8 * window);
        if self.base == self.head {
            if self.nudged {
                self.pace.nudged();
            } else if !self.again {
                self.pace.measured(now.since(self.sent));
            }
            self.echo = self.nudged;
            return self.next_flight(now);
        }
        // Inside the window: the block after it is missing (RFC 7440, 4). Sooner than a round trip after a resend that is
        // old news, or the client acknowledges every block.
        let old_news = self.again && now.since(self.sent) < self.pace.too_soon();
        if !old_news && self.spend() {
            self.nudged = false;
            return self.resend(now);
        }
        // What the client did not see yet does no harm in either case.
        self.again = true;
        self.due = now.after(self.first_wait());
        let new = self.head + 1;
        self.fly(new, self.end_of_window())
    }

    /// The last acknowledgement once more. In lock-step that says nothing, and answering it would double every packet
    /// from here on (RFC 1123, 4.2.3.1). With a window it says that the next block is missing.
    fn on_last_again(&mut self, now: Moment) -> Step {
        if self.window == 1 {
            return Step::Wait;
        }
        let of_resend = self.resent.is_some_and(|resent| now.since(resent) < self.pace.echo());
        if std::mem::take(&mut self.echo) || of_resend {
            self.unsure = true;
            self.due = self.due.min(now.after(self.pace.echo()));
            return Step::Wait;
        }
        if now.since(self.sent) < self.pace.too_soon() || !self.spend() {
            return Step::Wait;
        }
        self.nudged = false;
        self.resend(now)
    }

    /// Takes what is in the air from the allowance, if it is there.
    fn spend(&mut self) -> bool {
        let left = self.allowance.checked_sub(self.head - self.base);
        self.allowance = left.unwrap_or(self.allowance);
        left.is_some()
    }

    fn next_flight(&mut self, now: Moment) -> Step {
        self.again = false;
        self.nudged = false;
        self.unsure = false;
        self.sent = now;
        self.due = now.after(self.first_wait());
        self.fly(self.base + 1, self.end_of_window())
    }

    /// Everything that the client may lack.
    fn resend(&mut self, now: Moment) -> Step {
        self.again = true;
        self.unsure = false;
        self.sent = now;
        self.resent = Some(now);
        let wait = if self.tries == 0 { self.first_wait() } else { self.pace.resend_after(self.tries) };
        self.due = now.after(wait);
        self.fly(self.base + 1, self.end_of_window())
    }

    /// Long before a timeout, the last block alone: if it was lost this mends it, if another was lost the client
    /// reports the gap, and if only the acknowledgement was lost it comes again. One small packet instead of 200 ms.
    fn nudge(&mut self, now: Moment) -> Step {
        self.nudged = true;
        // A gap is reported once; after a resend the client may be waiting in silence.
        let step = if self.again || self.unsure { self.resend(now) } else { self.fly(self.head, self.head) };
        self.due = now.after(self.pace.resend_after(0));
        step
    }

    fn first_wait(&self) -> Duration {
        let nudge = self.pace.nudge_after().filter(|_| !self.nudged);
        nudge.unwrap_or_else(|| self.pace.resend_after(0))
    }

    fn end_of_window(&self) -> u64 {
        self.base.saturating_add(u64::from(self.window)).min(self.shape.last())
    }

    fn fly(&mut self, first: u64, last: u64) -> Step {
        let Some(count) = (last + 1).checked_sub(first).and_then(|count| u16::try_from(count).ok()) else {
            return Step::Wait;
        };
        if count == 0 {
            return Step::Wait;
        }
        let flight = Flight { shape: self.shape, first, count };
        let content = flight.content();
        self.stats.sent = self.stats.sent.saturating_add(content.end - content.start);
        self.stats.resent += (self.head + 1).saturating_sub(first).min(u64::from(count));
        self.head = self.head.max(last);
        Step::Send(flight)
    }

    fn end(&mut self, ended: Ended) -> Step {
        self.phase = Phase::Over;
        self.due = Moment::from_millis(u64::MAX);
        Step::Done(ended)
    }
}
