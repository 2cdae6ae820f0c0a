//! Brings the capture to the bench and its orders back. Tries for ever; believes only sealed answers.
//!
//! It is told what to carry by [`Letter`]s and says what became of it by [`Report`]s, so that the
//! same thread serves a laptop whose cable is plugged in ten minutes late.

mod http;
mod search;

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use getrandom::{SysRng, rand_core::UnwrapErr};
use whiteglove_core::{
    api::{self, Order, Orders, Receipt, label},
    dhcp::client::Lease,
    envelope::{Envelope, EnvelopeError, Kind, MessageId, SessionKey},
    media_card::MediaCard,
    problem::Problem,
};

use crate::clock::BenchTime;
use http::Http;
pub use search::Stranger;

/// What to carry, or what helps to find the way.
#[derive(Debug)]
pub enum Letter {
    /// The addresses we have now.
    Network(Vec<Lease>),
    Hello(Arc<Content>),
    Capture(Arc<Content>),
}

/// A message before it is sealed. Sealed anew for every try, always under the same id.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    pub id: MessageId,
    pub json: Vec<u8>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Nobody who can prove to be the bench answered.
    NotFound {
        asked: Vec<String>,
        strangers: Vec<Stranger>,
    },
    Found {
        url: String,
    },
    /// The bench has the capture on its disk.
    Delivered(Receipt),
    /// The bench itself said no, and proved that it is the bench.
    Refused(Problem),
    /// The bench was there and is not any more, or somebody else answers in its place.
    Lost(String),
    Order(Order),
    /// The one order that needs something more.
    SetClock(BenchTime),
}

/// How patient to be; tests are less so.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub connect: Duration,
    pub answer: Duration,
    /// First wait after a failure; doubles up to `longest`.
    pub first: Duration,
    pub longest: Duration,
    /// Between two questions for orders, however quickly they are answered.
    pub between: Duration,
    /// How long a clock that is being set may take to come back as a new capture.
    pub clock: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(10),
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
            between: Duration::from_secs(1),
            clock: Duration::from_secs(15),
        }
    }
}

/// Asks the network for endpoints, from each of these addresses of ours.
pub type AskNetwork = fn(&[Ipv4Addr]) -> Vec<SocketAddrV4>;

#[derive(Debug)]
pub struct Courier {
    pub card: MediaCard,
    pub pace: Pace,
    pub ask_network: AskNetwork,
}

/// Unanswered questions for orders before the bench is looked for again.
const PATIENCE: u32 = 3;

impl Courier {
    /// Runs until nobody can give it letters any more.
    pub fn run(self, letters: &Receiver<Letter>, tell: impl Fn(Report)) {
        let mut round = Round {
            http: Http::new(&self.pace),
            courier: self,
            leases: Vec::new(),
            hello: None,
            capture: None,
            bench: None,
            silent: 0,
        };
        let mut failures = 0;
        loop {
            let wait = match round.step(&tell) {
                Next::Again => {
                    failures = 0;
                    Duration::ZERO
                }
                Next::After(wait) => {
                    failures = 0;
                    wait
                }
                Next::Failed => {
                    let wait = round.courier.pace.first.saturating_mul(1 << failures.min(8));
                    failures += 1;
                    wait.min(round.courier.pace.longest)
                }
                Next::Idle => Duration::MAX,
            };
            if !round.receive(letters, wait) {
                return;
            }
        }
    }
}

enum Next {
    Again,
    After(Duration),
    Failed,
    /// Nothing to do until a letter comes.
    Idle,
}

struct Round {
    courier: Courier,
    http: Http,
    leases: Vec<Lease>,
    hello: Option<Arc<Content>>,
    capture: Option<Arc<Content>>,
    bench: Option<Bench>,
    silent: u32,
}

/// An endpoint that proved to be the bench.
struct Bench {
    url: String,
    /// Set once the capture is acknowledged.
    delivered: Option<Delivered>,
}

struct Delivered {
    session: SessionKey,
    /// Number of the last order followed.
    after: u64,
}

impl Round {
    /// Waits for a letter, then takes all that are there. A change of the network ends any wait:
    /// the reason for the failure may be gone. `false` when there will be none any more.
    fn receive(&mut self, letters: &Receiver<Letter>, wait: Duration) -> bool {
        let mut next = match wait {
            Duration::MAX => letters.recv().map_err(|_| RecvTimeoutError::Disconnected),
            wait => letters.recv_timeout(wait),
        };
        loop {
            match next {
                Ok(Letter::Network(leases)) => self.leases = leases,
                Ok(Letter::Hello(content)) => self.hello = Some(content),
                Ok(Letter::Capture(content)) => {
                    // The same capture with a fresher clock is no reason to bring it once more.
                    let another = self.capture.as_ref().is_none_or(|carried| carried.id != content.id);
                    self.capture = Some(content);
                    if let Some(bench) = self.bench.as_mut().filter(|_| another) {
                        bench.delivered = None;
                    }
                }
                Err(RecvTimeoutError::Timeout) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            next = letters.try_recv().map_err(|error| match error {
                std::sync::mpsc::TryRecvError::Empty => RecvTimeoutError::Timeout,
                // What came before the end is still worth a try.
                std::sync::mpsc::TryRecvError::Disconnected => RecvTimeoutError::Timeout,
            });
        }
    }

    fn step(&mut self, tell: &impl Fn(Report)) -> Next {
        let Some(bench) = &mut self.bench else {
            return match &self.hello {
                Some(hello) => self.search(&Arc::clone(hello), tell),
                None => Next::Idle,
            };
        };
        match (&self.capture, &bench.delivered) {
            (None, _) => Next::Idle,
            (Some(capture), None) => self.deliver(&Arc::clone(capture), tell),
            (Some(capture), Some(_)) => self.wait_for_orders(capture.id, tell),
        }
    }

    fn search(&mut self, hello: &Arc<Content>, tell: &impl Fn(Report)) -> Next {
        let found = search::search(&self.courier, &self.http, &self.leases, hello);
        match found {
            search::Outcome::Bench(url) => {
                tell(Report::Found { url: url.clone() });
                self.bench = Some(Bench { url, delivered: None });
                self.silent = 0;
                Next::Again
            }
            search::Outcome::Refused(problem) => {
                tell(Report::Refused(problem));
                Next::Failed
            }
            search::Outcome::Nobody { asked, strangers } => {
                tell(Report::NotFound { asked, strangers });
                Next::Failed
            }
        }
    }

    fn deliver(&mut self, capture: &Content, tell: &impl Fn(Report)) -> Next {
        let Some(bench) = &mut self.bench else { return Next::Again };
        let (envelope, session) = match seal(&self.courier.card, Kind::Capture, capture) {
            Ok(sealed) => sealed,
            Err(error) => {
                tell(Report::Refused(cannot_seal(error)));
                return Next::Failed;
            }
        };
        let answer = match self.http.post(&bench.url, api::CAPTURE, envelope.bytes()) {
            Ok(answer) => answer,
            Err(why) => return self.lose(why, tell),
        };
        let receipt = answer.sealed::<Receipt>(&session, label::RECEIPT);
        if let Some(receipt) = receipt.filter(|receipt| receipt.message == capture.id) {
            // Nothing is new to a laptop that just arrived but what is ordered from now on; a bench
            // that still has an order for this machine numbers it above zero and gives it at once.
            bench.delivered = Some(Delivered { session, after: 0 });
            self.silent = 0;
            tell(Report::Delivered(receipt));
            return Next::Again;
        }
        if let Some(problem) = answer.sealed::<Problem>(&session, label::REFUSAL) {
            tell(Report::Refused(problem));
            return Next::Failed;
        }
        // Not sealed: whoever it was, it was not the bench, or a bench that could not open it.
        let why = answer.unsealed_problem().map_or_else(
            || format!("{} answered {} without a seal", bench.url, answer.status),
            |problem| format!("{} answered without a seal: {}", bench.url, problem.what),
        );
        self.lose(why, tell)
    }

    fn wait_for_orders(&mut self, capture: MessageId, tell: &impl Fn(Report)) -> Next {
        let between = self.courier.pace.between;
        let Some(bench) = &mut self.bench else { return Next::Again };
        let Some(delivered) = &mut bench.delivered else { return Next::Again };
        let asked = Instant::now();
        let query = format!("{}?capture={capture}&after={}", api::WAIT, delivered.after);
        let answer = self.http.wait(&bench.url, &query);
        let orders = answer.as_ref().ok().and_then(|answer| answer.sealed::<Orders>(&delivered.session, label::ORDERS));
        let gone = answer.as_ref().is_ok_and(|answer| answer.status == 410);
        match orders.filter(|orders| orders.capture == capture) {
            Some(orders) => {
                self.silent = 0;
                if orders.number > delivered.after {
                    delivered.after = orders.number;
                    match orders.order {
                        Order::Stay => {}
                        Order::SetClock => {
                            tell(Report::SetClock(BenchTime::just_heard(orders.now)));
                            // The bench's next word may take half a minute; the new capture is not to wait for it.
                            return Next::After(self.courier.pace.clock);
                        }
                        order => tell(Report::Order(order)),
                    }
                }
                Next::After(between.saturating_sub(asked.elapsed()))
            }
            None if gone => {
                // The bench restarted and lost the session: the same capture makes a new one.
                bench.delivered = None;
                Next::After(between)
            }
            None => {
                self.silent += 1;
                if self.silent < PATIENCE {
                    return Next::Failed;
                }
                let why = match answer {
                    Ok(answer) => format!("{} answered {} without a seal", bench.url, answer.status),
                    Err(why) => why,
                };
                self.lose(why, tell)
            }
        }
    }

    fn lose(&mut self, why: String, tell: &impl Fn(Report)) -> Next {
        self.bench = None;
        tell(Report::Lost(why));
        Next::Failed
    }
}

/// # Errors
/// The card's box key is none, or the content is too large.
pub fn seal(card: &MediaCard, kind: Kind, content: &Content) -> Result<(Envelope, SessionKey), EnvelopeError> {
    // The system's generator is seeded before a network could be up; without it nothing is sealed at all.
    Envelope::seal(card, kind, content.id, &content.json, &mut UnwrapErr(SysRng))
}

/// The card parsed, but no envelope can be made with it.
pub fn cannot_seal(error: EnvelopeError) -> Problem {
    Problem::new(
        "The capture cannot be sealed.",
        format!("The boot medium's settings do not fit: {error}."),
        "Write the stick again at the bench.",
    )
}

#[cfg(test)]
mod tests;
