//! One customer's desk: what goes to the service next, what is on its way, and what is asked again when.
//!
//! What must not be forgotten is in the bench's fold; the desk holds only what a restart may lose: who is being asked
//! just now, and when who is asked again.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{
    Act, AttemptId, ImportState, Progress, Reading, Report, Sending, Settling, Work,
    due::Due,
    view::{LineState, RegistrationView},
};
use crate::{
    bench::Bench, clock::Moment, customer::Customer, device::DeviceId, lane::Lane, problem::Problem, record::Record,
};

/// More at once would only wait for each other's throttle.
const MOST_IN_FLIGHT: usize = 4;
/// Laptops in one question.
const MOST_ASKED: usize = 100;
/// A laptop that cannot be sent as it is, is looked at again then.
const ASIDE: Duration = Duration::from_secs(30);
/// What is read back unchanged is written down again then, so that its age in the journal means something.
const WRITTEN_AGAIN: Duration = Duration::from_secs(24 * 3600);
/// A registration that does not show up this long after its import is worth asking Intune to look (contracts: a sync is
/// not needed as a rule).
const MISSING: Duration = Duration::from_secs(300);
const BETWEEN_SYNCS: Duration = Duration::from_secs(900);
/// Of a service that cannot be asked and does not say for how long.
const HOLD: Duration = Duration::from_secs(15);

/// What to do now.
#[derive(Debug)]
pub struct Next {
    /// To be on disk before the work is begun.
    pub records: Vec<Record>,
    pub work: Option<Work>,
    /// If there is none: when to ask again, unless something happens before.
    pub wake: Option<Moment>,
}

#[derive(Debug, Default)]
pub struct Desk {
    polls: Due,
    reads: Due,
    /// Since when the first read of a registration is due.
    known: HashSet<DeviceId>,
    in_flight: usize,
    /// Nobody can read registrations back just now.
    blind: bool,
    /// Sendings and acts that this process works on.
    busy: HashSet<AttemptId>,
    /// When each was read back last, also unchanged.
    read_at: HashMap<DeviceId, Moment>,
    settle_after: HashMap<AttemptId, Moment>,
    aside: HashMap<DeviceId, (Moment, String, String)>,
    /// Halved when a sending is refused whole, so that one bad line is found.
    limit: Option<usize>,
    held: Option<(Moment, Problem)>,
    /// Why the last answer that was lost was lost.
    lost: Option<String>,
    synced: Option<Moment>,
    syncing: bool,
}

impl Lane {
    /// Laptops in one sending. Graph publishes no number; the smaller ones in use elsewhere count.
    fn most_in_a_sending(self) -> usize {
        match self {
            Self::Intune => 100,
            Self::Partner | Self::Corporate => 500,
            Self::Association => 1,
        }
    }
}

impl Desk {
    /// As after a restart.
    pub fn new(bench: &Bench, customer: &str, now: Moment) -> Self {
        let mut desk = Self::default();
        bench.importing(customer).for_each(|device| desk.polls.set(device, now));
        for device in bench.registered(customer) {
            desk.known.insert(device);
            desk.reads.set(device, now);
        }
        desk
    }

    /// `fresh`: a name for a sending, if there will be one. `reads`: whoever carries it out can read registrations back.
    pub fn next(&mut self, bench: &Bench, customer: &Customer, now: Moment, fresh: &AttemptId, reads: bool) -> Next {
        if let Some((until, _)) = &self.held {
            if now < *until {
                return Next { records: vec![], work: None, wake: Some(*until) };
            }
            self.held = None;
        }
        if self.in_flight >= MOST_IN_FLIGHT {
            return Next { records: vec![], work: None, wake: None };
        }
        self.blind = !reads;
        // A laptop that became complete by another way than a report: an import list, another batch.
        self.notice(bench, &customer.name, now);
        let (records, work) = match self.pick(bench, customer, now, fresh) {
            Some(picked) => picked,
            None => return Next { records: vec![], work: None, wake: self.wake(now) },
        };
        self.in_flight += 1;
        Next { records, work: Some(work), wake: None }
    }

    fn pick(
        &mut self,
        bench: &Bench,
        customer: &Customer,
        now: Moment,
        fresh: &AttemptId,
    ) -> Option<(Vec<Record>, Work)> {
        if let Some(settling) = self.unsettled(bench, &customer.name, now) {
            self.busy.insert(settling.attempt.clone());
            return Some((vec![], Work::Settle(settling)));
        }
        let act = bench.open_acts(&customer.name).find(|(attempt, _)| !self.busy.contains(*attempt));
        if let Some((attempt, act)) = act {
            self.busy.insert(attempt.clone());
            return Some((vec![], Work::Act { attempt: attempt.clone(), act: act.clone() }));
        }
        if let Some(sending) = self.sending(bench, customer, now, fresh) {
            self.busy.insert(sending.attempt.clone());
            let begun = Record::SendingBegun {
                attempt: sending.attempt.clone(),
                customer: customer.name.clone(),
                lane: sending.lane,
                group_tag: sending.group_tag.clone(),
                devices: sending.rows.iter().map(|row| row.device).collect(),
            };
            return Some((vec![begun], Work::Send(sending)));
        }
        let polls: Vec<_> = self.polls.take(now, MOST_ASKED).into_iter().filter_map(|id| bench.poll_of(id)).collect();
        if !polls.is_empty() {
            return Some((vec![], Work::Poll(polls)));
        }
        if self.blind {
            return None;
        }
        let reads = self.reads.take(now, MOST_ASKED);
        let reads: Vec<_> = reads.into_iter().filter_map(|id| bench.reading_of(id)).collect();
        if !reads.is_empty() {
            return Some((vec![], Work::Read(reads)));
        }
        if self.is_one_missing(bench, customer, now) {
            self.syncing = true;
            return Some((vec![], Work::Sync));
        }
        None
    }

    /// A sending of an earlier life, or one whose answer was lost.
    fn unsettled(&self, bench: &Bench, customer: &str, now: Moment) -> Option<Settling> {
        let open = bench.open_sendings(customer).find(|open| {
            let later = self.settle_after.get(&open.attempt).is_some_and(|after| now < *after);
            !self.busy.contains(&open.attempt) && !later
        })?;
        let line = |device: &DeviceId| Reading { device: *device, registration: None, called: bench.called(*device) };
        Some(Settling {
            attempt: open.attempt.clone(),
            lane: open.lane,
            group_tag: open.group_tag.clone(),
            since: open.since,
            lines: open.devices.iter().map(line).collect(),
        })
    }

    fn sending(&mut self, bench: &Bench, customer: &Customer, now: Moment, fresh: &AttemptId) -> Option<Sending> {
        let most = self.limit.unwrap_or(usize::MAX).min(customer.lane.most_in_a_sending());
        let mut sending: Option<Sending> = None;
        let mut numbers = HashSet::new();
        for device in bench.waiting(&customer.name) {
            if self.aside.get(&device).is_some_and(|(until, ..)| now < *until) {
                continue;
            }
            match bench.sending_row(device, customer.lane) {
                Ok((row, tag)) => {
                    let sending = sending.get_or_insert_with(|| Sending {
                        attempt: fresh.clone(),
                        lane: customer.lane,
                        group_tag: tag.clone(),
                        rows: vec![],
                    });
                    // The name of the batch there is the tag of all of it.
                    let another_tag = customer.lane == Lane::Partner && sending.group_tag != tag;
                    // Two of one number in one sending are refused as duplicates; the second goes in the next.
                    let twice = !row.called.is_empty() && !numbers.insert(row.called.to_ascii_uppercase());
                    if !another_tag && !twice {
                        self.aside.remove(&device);
                        sending.rows.push(row);
                    }
                    if sending.rows.len() == most {
                        break;
                    }
                }
                Err(refusal) => {
                    let called = bench.device(device).and_then(|device| device.any_serial());
                    let called = called.map_or_else(|| format!("#{}", device.0), ToString::to_string);
                    let words = format!("{} {}", refusal.why, refusal.next);
                    self.aside.insert(device, (now.after(ASIDE), called, words));
                }
            }
        }
        sending
    }

    fn is_one_missing(&self, bench: &Bench, customer: &Customer, now: Moment) -> bool {
        if self.syncing || self.synced.is_some_and(|at| now.since(at) < BETWEEN_SYNCS) {
            return false;
        }
        let missing = |id: DeviceId| {
            let Some(dossier) = bench.dossier(id) else { return false };
            let Progress::Complete { since, .. } = dossier.progress else { return false };
            let absent = dossier.seen.as_ref().is_some_and(|(_, seen)| seen.registrations.is_empty());
            absent && (MISSING..4 * MISSING).contains(&now.since(since))
        };
        bench.registered(&customer.name).any(missing)
    }

    fn notice(&mut self, bench: &Bench, customer: &str, now: Moment) {
        if bench.registration_counts(customer).registered == self.known.len() {
            return;
        }
        let gone: Vec<DeviceId> = self.known.iter().copied().filter(|id| bench.reading_of(*id).is_none()).collect();
        for device in gone {
            self.known.remove(&device);
            self.reads.remove(device);
        }
        for device in bench.registered(customer) {
            if self.known.insert(device) {
                self.reads.set(device, now);
            }
        }
    }

    fn wake(&self, now: Moment) -> Option<Moment> {
        let aside = self.aside.values().map(|(until, ..)| *until).filter(|until| *until > now).min();
        let settle = self.settle_after.values().copied().filter(|at| *at > now).min();
        let reads = self.reads.next().filter(|_| !self.blind);
        [self.polls.next(), reads, aside, settle].into_iter().flatten().min()
    }

    /// Takes in what came of a piece of work. The records are to be written before more is done.
    pub fn report(&mut self, bench: &Bench, work: &Work, report: Report, now: Moment) -> Vec<Record> {
        self.in_flight = self.in_flight.saturating_sub(1);
        match report {
            Report::Sent { attempt, taken, refused } => {
                self.busy.remove(&attempt);
                self.limit = self.limit.map(|limit| limit * 2).filter(|limit| *limit < 500);
                taken.iter().for_each(|(device, _)| self.polls.set(*device, now.after(poll_after(Duration::ZERO))));
                vec![Record::SendingEnded { attempt, taken, refused }]
            }
            Report::NotSent { attempt, why } => {
                self.busy.remove(&attempt);
                self.not_sent(work, attempt, why, now)
            }
            Report::Lost { attempt, why } => {
                self.busy.remove(&attempt);
                self.settle_after.insert(attempt, now.after(HOLD));
                self.lost = Some(why);
                vec![]
            }
            Report::Polled(said) => self.polled(bench, work, said, now),
            Report::Read(seen) => self.read(bench, work, seen, now),
            Report::Acted { attempt, outcome } => {
                self.busy.remove(&attempt);
                if let Work::Act { act, .. } = work {
                    self.after_act(act, now);
                }
                vec![Record::ActEnded { attempt, problem: outcome.err() }]
            }
            Report::Synced => {
                (self.syncing, self.synced) = (false, Some(now));
                vec![]
            }
            Report::Held { why, wait } => {
                self.back(work, now);
                let words = format!("{} {}", why.what, why.why);
                self.held = Some((now.after(wait.unwrap_or(HOLD)), why));
                match work {
                    Work::Send(Sending { attempt, .. }) => {
                        vec![Record::SendingUndone { attempt: attempt.clone(), why: words }]
                    }
                    _ => vec![],
                }
            }
        }
    }

    /// Surely not with the service. A refusal of the whole for one bad line is narrowed down to that line.
    fn not_sent(&mut self, work: &Work, attempt: AttemptId, why: Problem, now: Moment) -> Vec<Record> {
        let words = format!("{} {}", why.what, why.why);
        let Work::Send(sending) = work else {
            return vec![Record::SendingUndone { attempt, why: words }];
        };
        match sending.rows.as_slice() {
            [only] => {
                let refused = vec![(only.device, ImportState::Failed { code: 400, name: words })];
                vec![Record::SendingEnded { attempt, taken: vec![], refused }]
            }
            rows => {
                self.limit = Some((rows.len() / 2).max(1));
                self.held = Some((now.after(Duration::from_secs(1)), why));
                vec![Record::SendingUndone { attempt, why: words }]
            }
        }
    }

    fn polled(&mut self, bench: &Bench, work: &Work, said: Vec<(DeviceId, ImportState)>, now: Moment) -> Vec<Record> {
        let mut news = vec![];
        for (device, state) in said {
            let Some(Progress::Working { since, word: before, .. }) =
                bench.dossier(device).map(|dossier| &dossier.progress)
            else {
                continue;
            };
            match &state {
                ImportState::Working { word } => {
                    self.polls.set(device, now.after(poll_after(now.since(*since))));
                    if word != before {
                        news.push((device, state));
                    }
                }
                ImportState::Complete { .. } | ImportState::Failed { .. } | ImportState::Gone => {
                    self.known.insert(device);
                    self.reads.set(device, now);
                    news.push((device, state));
                }
            }
        }
        self.unanswered(work, &news, now);
        if news.is_empty() { vec![] } else { vec![Record::ImportsSaid { said: news }] }
    }

    /// Whoever was asked about and got no answer is asked again.
    fn unanswered(&mut self, work: &Work, answered: &[(DeviceId, ImportState)], now: Moment) {
        let Work::Poll(asked) = work else { return };
        for waiting in asked {
            let done = answered.iter().any(|(device, _)| *device == waiting.device);
            if !done && !self.polls.has(waiting.device) {
                self.polls.set(waiting.device, now.after(HOLD));
            }
        }
    }

    fn read(&mut self, bench: &Bench, work: &Work, seen: Vec<(DeviceId, super::Seen)>, now: Moment) -> Vec<Record> {
        let mut news = vec![];
        for (device, seen) in seen {
            let Some(dossier) = bench.dossier(device) else { continue };
            let Progress::Complete { since, .. } = dossier.progress else { continue };
            let settled = bench.device(device).is_some_and(|device| device.stage.is_cleared());
            self.reads.set(device, now.after(read_after(now.since(since), settled)));
            self.read_at.insert(device, now);
            let known = dossier.seen.as_ref();
            if known.is_none_or(|(at, known)| *known != seen || now.since(*at) > WRITTEN_AGAIN) {
                news.push((device, seen));
            }
        }
        if let Work::Read(asked) = work {
            for reading in asked {
                if !self.reads.has(reading.device) {
                    self.reads.set(reading.device, now.after(HOLD));
                }
            }
        }
        if news.is_empty() { vec![] } else { vec![Record::RegistrationsSeen { seen: news }] }
    }

    fn after_act(&mut self, act: &Act, now: Moment) {
        match act {
            Act::Deregister { device, .. } => {
                self.known.remove(device);
                self.reads.remove(*device);
            }
            Act::Amend(_) | Act::Unblock { .. } => self.reads.set(act.device(), now),
        }
    }

    /// Nothing of it was done.
    fn back(&mut self, work: &Work, now: Moment) {
        match work {
            Work::Send(sending) => drop(self.busy.remove(&sending.attempt)),
            Work::Settle(settling) => drop(self.busy.remove(&settling.attempt)),
            Work::Poll(asked) => asked.iter().for_each(|waiting| self.polls.set(waiting.device, now)),
            Work::Read(asked) => asked.iter().for_each(|reading| self.reads.set(reading.device, now)),
            Work::Act { attempt, .. } => drop(self.busy.remove(attempt)),
            Work::Sync => self.syncing = false,
        }
    }

    /// When it was read back last by this process.
    pub fn read_at(&self, device: DeviceId) -> Option<Moment> {
        self.read_at.get(&device).copied()
    }

    /// Whatever it waited for may be over: a person signed in, the line is back.
    pub fn release(&mut self) {
        self.held = None;
        self.settle_after.clear();
    }

    pub fn view(&self, bench: &Bench, customer: &Customer, now: Moment) -> RegistrationView {
        let state = match (&self.held, self.in_flight, self.wake(now)) {
            (Some((until, why)), ..) if now < *until => LineState::Waiting { until: *until, why: why.clone() },
            (_, 0, Some(at)) => LineState::Later { at },
            (_, 0, None) => LineState::Idle,
            (_, n, _) => LineState::Busy { with: format!("{n} questions on their way") },
        };
        RegistrationView {
            customer: customer.name.clone(),
            lane: customer.lane,
            way: customer.way,
            counts: bench.registration_counts(&customer.name),
            state,
            aside: self.aside.values().take(20).map(|(_, called, why)| (called.clone(), why.clone())).collect(),
        }
    }
}

/// An import takes 60 to 95 seconds as a rule: asked often enough to lose a tenth of that.
fn poll_after(age: Duration) -> Duration {
    (age / 10).clamp(Duration::from_secs(2), Duration::from_secs(60))
}

/// Until it is cleared its profile is waited for; then its technician phase is followed for a working day; later it is
/// looked at now and then, as an administrator may change something.
fn read_after(age: Duration, settled: bool) -> Duration {
    match settled {
        true if age < Duration::from_secs(12 * 3600) => Duration::from_secs(300),
        true => Duration::from_secs(1800),
        false => (age / 6).clamp(Duration::from_secs(2), Duration::from_secs(600)),
    }
}
