//! What the bench makes of files: machines that other tools captured, and order lists.

use super::{
    Bench,
    decide::impossible,
    find::{Found, Seen},
    fold::Newcomer,
};
use crate::{
    clock::Moment,
    device::{Device, DeviceId, HoldReason, Signal},
    entry::{Entry, Refusal, Source},
    identity::Identity,
    order::{Expected, Match},
    record::Record,
};

/// What a line of a file comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    pub records: Vec<Record>,
    /// The device it is, or will be.
    pub device: DeviceId,
    pub outcome: Admission,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// A machine nobody knew.
    New,
    /// It adds to a machine the bench knows.
    Added,
    /// Nothing in it is new.
    Known,
    /// Kept, but a person has to look.
    Held(HoldReason),
}

impl Bench {
    /// One machine from a file or a scanned code.
    ///
    /// # Errors
    /// It says nothing that tells one machine from another, fits two of them, or is a hash our own agent made.
    pub fn decide_entry(
        &self,
        entry: Entry,
        source: &Source,
        signal: Signal,
        now: Moment,
    ) -> Result<Admitted, Refusal> {
        if entry.hash.as_ref().is_some_and(|hash| self.made_here.contains(&hash.digest())) {
            return Err(Refusal {
                why: "This is the hash that our own agent made, not one that Windows made.".to_owned(),
                next: "Nothing to do: the bench has it. Import a capture that Windows or WinPE made.".to_owned(),
            });
        }
        let identity = entry.identity();
        let by_id = entry.ztd_id.as_ref().and_then(|id| self.index.by_ztd_id(id.as_str()));
        let mut found = self.find(&identity, Seen::OnPaper, now);
        if found.device.is_none() && identity.is_anonymous() {
            found.device = by_id.filter(|id| self.devices.get(id).is_some_and(|device| !device.is_replaced()));
        }
        match (found.device, found.rival) {
            (Some(one), Some((other, _))) => Err(fits_two(one, other)),
            (None, _) if identity.is_anonymous() => Err(nameless()),
            _ => Ok(self.take_in(entry, identity, &found, source, signal, now)),
        }
    }

    /// The same, of a machine that a person pointed at: what the code leaves open, the person has said.
    pub(super) fn decide_entry_of(&self, device: &Device, entry: Entry, source: &Source, now: Moment) -> Admitted {
        let identity = entry.identity();
        let found = Found { device: Some(device.id), ..Found::default() };
        self.take_in(entry, identity, &found, source, Signal::Scan, now)
    }

    fn take_in(
        &self,
        entry: Entry,
        identity: Identity,
        found: &Found,
        source: &Source,
        signal: Signal,
        now: Moment,
    ) -> Admitted {
        let known = found.device.and_then(|id| self.devices.get(&id));
        let open = self.batch.clone().unwrap_or_default();
        let mut after = known.cloned().unwrap_or_else(|| {
            let newcomer = Newcomer { identity, batch: open.clone(), media: None, simulated: false, signal };
            newcomer.device(self.next_device(), now)
        });
        let batch = if self.batch.is_some() { open } else { after.batch.clone() };
        let news = known.is_none_or(|known| known.batch != batch || teaches(known, &entry, source, now));
        impossible(&after.take_entry(entry.clone(), source.clone(), &batch, signal, now));
        let mut records = match news {
            true => {
                let entry = Box::new(entry);
                vec![Record::EntryTaken { device: found.device, signal, source: source.clone(), entry }]
            }
            false => vec![],
        };
        // What it clashes with was asked when it was news; whose customer it is may have changed since.
        let hold = found.hold.clone().filter(|_| news);
        records.extend(self.follow_up(&mut after, &found.papers, hold, now));
        let held = after.stage.holds().next().cloned();
        let outcome = match (records.is_empty(), held, known) {
            (true, ..) => Admission::Known,
            (false, Some(reason), _) => Admission::Held(reason),
            (false, None, Some(_)) => Admission::Added,
            (false, None, None) => Admission::New,
        };
        Admitted { records, device: after.id, outcome }
    }

    /// Lines of an order list; holds what turns out to be another customer's. A list that says nothing new
    /// is not written again.
    pub fn decide_order_list(
        &self,
        batch: &str,
        customer: Option<String>,
        source: &str,
        lines: Vec<Expected>,
    ) -> Vec<Record> {
        let mut after = self.lists.clone();
        after.add(batch, customer.clone(), lines.clone());
        let listed = Record::OrderListed { batch: batch.to_owned(), customer, source: source.to_owned(), lines };
        // What is known from another batch is looked at when it comes back: its batch is over.
        let here = self.present().filter(|device| Some(device.batch.as_str()) == self.batch.as_deref());
        let held = here.filter_map(|device| {
            let Match::WrongCustomer { customer, batch } = after.of_device(device) else { return None };
            let reason = HoldReason::WrongCustomer { customer, batch };
            let known = device.stage.holds().any(|known| *known == reason);
            (!known).then_some(Record::DeviceHeld { device: device.id, reason })
        });
        let news = (after != self.lists).then_some(listed);
        news.into_iter().chain(held).collect()
    }
}

/// Whether the bench does not have all of this already.
fn teaches(known: &Device, entry: &Entry, source: &Source, now: Moment) -> bool {
    let mut after = known.clone();
    after.learn(entry.clone(), source.clone(), now);
    after != *known
}

fn fits_two(one: DeviceId, other: DeviceId) -> Refusal {
    Refusal {
        why: format!(
            "Devices #{} and #{} both report this number, and nothing here tells which it is.",
            one.0, other.0
        ),
        next: "Find out which of the two is wrong (their labels), or import a hardware hash: it names the board."
            .to_owned(),
    }
}

fn nameless() -> Refusal {
    Refusal {
        why: "It holds no serial number, UUID, TPM key or product key id that tells this machine from others."
            .to_owned(),
        next: "Capture this machine with a whiteglove stick, or have the maker set its serial number.".to_owned(),
    }
}
