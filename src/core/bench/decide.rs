//! What the bench decides: it looks, and answers with the records to write, or with a [`Problem`].
//! Nothing here changes anything.

use std::{sync::Arc, time::Duration};

use super::{Bench, Newcomer, find::Found};
use crate::{
    api::{Missing, Order, Outcome, Receipt},
    capture::{Capture, Hello},
    clock::{Moment, short_age},
    device::{Device, DeviceId, Event, HoldReason, Probe, Signal, Stage},
    entry::{Entry, Refusal, Source},
    envelope::MessageId,
    hwhash::HardwareHash,
    identity::Identity,
    media_card::MediaId,
    order::{Expected, Match},
    problem::Problem,
    readiness::{Check, Severity},
    record::Record,
};

/// Where a message came from, and what it was sealed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub media: MediaId,
    pub message: MessageId,
    pub signal: Signal,
    /// SHA-256 of the envelope, hex.
    pub envelope: String,
}

/// What to write, and what to tell the sender once it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub records: Vec<Record>,
    pub receipt: Receipt,
}

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
    /// A laptop says hello.
    ///
    /// # Errors
    /// The medium's token is not good here and now.
    pub fn decide_hello(&self, hello: &Hello, sealed: &Sealed, now: Moment) -> Result<Vec<Record>, Problem> {
        self.admit(sealed.media)?;
        if self.hellos.contains(&sealed.message) {
            return Ok(vec![]);
        }
        Ok(match self.find(&hello.identity, now) {
            Found::Known(device) => vec![Record::DeviceReturned { device, message: sealed.message }],
            // Nothing would tie the capture that follows to this hello; the capture alone will do.
            Found::New(_) if hello.identity.is_anonymous() => vec![],
            Found::New(hold) => {
                let arrived = Record::DeviceArrived {
                    identity: hello.identity.clone(),
                    media: sealed.media,
                    message: sealed.message,
                    simulated: hello.simulated,
                };
                let hold = hold.or_else(|| self.wrong_customer(&hello.identity, &self.batch_of(sealed.media)));
                self.with_hold(arrived, hold)
            }
        })
    }

    /// A laptop, or a stick, hands over a capture.
    ///
    /// # Errors
    /// The medium's token is not good here and now.
    pub fn decide_capture(&self, capture: Capture, sealed: &Sealed, now: Moment) -> Result<Taken, Problem> {
        // First of all: what is already on disk is acknowledged again, whatever happened since.
        if let Some(device) = self.device_of(capture.id).and_then(|id| self.devices.get(&id)) {
            // A laptop whose answer got lost asks again; that must not turn HELD into OK on its screen.
            let (outcome, notice) = match &device.stage {
                Stage::Held { reason, .. } => (Outcome::Held, Some(reason.problem())),
                _ => (Outcome::AlreadyHere, None),
            };
            let receipt = self.receipt(device.id, &capture, outcome, notice);
            return Ok(Taken { records: vec![], receipt: Receipt { stored: false, ..receipt } });
        }
        self.admit(sealed.media)?;
        let taken = |device, capture| Record::CaptureTaken {
            device,
            media: sealed.media,
            signal: sealed.signal,
            envelope: sealed.envelope.clone(),
            capture: Box::new(capture),
        };
        Ok(match self.find(&capture.identity(), now) {
            Found::Known(id) => {
                let device = self.devices.get(&id);
                let (outcome, notice) = match device.map(|device| (&device.stage, &device.capture)) {
                    Some((Stage::Held { reason, .. }, _)) => (Outcome::Held, Some(reason.problem())),
                    Some((Stage::Captured { since, .. }, Some(_))) => {
                        (Outcome::CapturedAgain, Some(seen_before(id, now.since(*since))))
                    }
                    _ => (Outcome::Captured, None),
                };
                let receipt = self.receipt(id, &capture, outcome, notice);
                Taken { records: vec![taken(Some(id), capture)], receipt }
            }
            Found::New(hold) => {
                let id = self.next_device();
                let hold = hold.or_else(|| self.wrong_customer(&capture.identity(), &self.batch_of(sealed.media)));
                let outcome = if hold.is_some() { Outcome::Held } else { Outcome::Captured };
                let receipt = self.receipt(id, &capture, outcome, hold.as_ref().map(HoldReason::problem));
                Taken { records: self.with_hold(taken(None, capture), hold), receipt }
            }
        })
    }

    /// A person lets a held device go on.
    ///
    /// # Errors
    /// It is not here, or not held.
    pub fn decide_release(&self, device: DeviceId, now: Moment) -> Result<Vec<Record>, Problem> {
        let known = self.known(device)?;
        known.stage.clone().on(Event::Release, now).map_err(|_| {
            Problem::new(
                format!("Device #{} was not released.", device.0),
                format!("It is {}, not held.", known.stage.name().word()),
                "Nothing to do.",
            )
        })?;
        Ok(vec![Record::DeviceReleased { device }])
    }

    /// A person tells a laptop what to do next.
    ///
    /// # Errors
    /// It is not here.
    pub fn decide_order(&self, device: DeviceId, order: Order) -> Result<Vec<Record>, Problem> {
        self.known(device)?;
        Ok(vec![Record::OrderGiven { device, order }])
    }

    /// A person reports a medium lost, or retires it.
    ///
    /// # Errors
    /// The bench never made it.
    pub fn decide_revoke(&self, media: MediaId) -> Result<Vec<Record>, Problem> {
        match self.media.get(&media) {
            None => Err(Problem::new(
                format!("Medium {media} was not revoked."),
                "This bench never made a medium of that name.",
                "`whiteglove media list` shows the ones it made.",
            )),
            Some(known) if known.revoked => Ok(vec![]),
            Some(_) => Ok(vec![Record::MediaRevoked { media }]),
        }
    }

    /// A person wants the image of a medium that was made before once more.
    ///
    /// # Errors
    /// Its captures would not be accepted.
    pub fn decide_rebuild(&self, media: MediaId) -> Result<(), Problem> {
        self.admit(media)
    }

    pub(super) fn known(&self, device: DeviceId) -> Result<&Device, Problem> {
        self.devices.get(&device).ok_or_else(|| {
            Problem::new(
                format!("There is no device #{} on this bench.", device.0),
                "Nothing with that number has arrived.",
                "`whiteglove devices` lists the ones that have.",
            )
        })
    }

    /// Only a medium this bench made, for the batch it works on, and that nobody reported lost.
    fn admit(&self, media: MediaId) -> Result<(), Problem> {
        let Some(known) = self.media.get(&media) else {
            return Err(Problem::new(
                "This stick is unknown to the bench.",
                "It was made by another bench, or before this bench's journal began.",
                "Build a new stick on this bench (m on the board) and boot the laptop from that.",
            ));
        };
        if known.revoked {
            return Err(Problem::new(
                "This stick was reported lost and is no longer accepted.",
                "Somebody revoked it on this bench; captures made with it could come from anyone.",
                "Build a new stick (m on the board), boot the laptop again, and destroy this one.",
            ));
        }
        match self.batch.as_deref() {
            Some(open) if open == known.batch => Ok(()),
            open => Err(Problem::new(
                format!("This stick belongs to batch '{}'.", known.batch),
                format!("The bench is working on batch '{}'.", open.unwrap_or("none")),
                format!(
                    "Use a stick of the open batch, or set batch = \"{}\" in the configuration and restart. \
                     The capture stays on the stick until then.",
                    known.batch
                ),
            )),
        }
    }

    /// A machine on another customer's order is stopped before anything else happens to it.
    fn wrong_customer(&self, identity: &Identity, batch: &str) -> Option<HoldReason> {
        match self.lists.of_label(batch, identity.good_serial(), identity.product_key_id.as_ref()) {
            Match::WrongCustomer { customer, batch } => Some(HoldReason::WrongCustomer { customer, batch }),
            _ => None,
        }
    }

    /// One machine from a file or a scanned code.
    ///
    /// # Errors
    /// It says nothing that tells one machine from another, or is a hash our own agent made.
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
        let taken =
            |device, entry| Record::EntryTaken { device, signal, source: source.clone(), entry: Box::new(entry) };
        Ok(match self.find(&identity, now) {
            Found::Known(device) => {
                let known = self.devices.get(&device).is_some_and(|known| adds_nothing(known, &entry));
                let outcome = if known { Admission::Known } else { Admission::Added };
                let records = if known { vec![] } else { vec![taken(Some(device), entry)] };
                Admitted { records, device, outcome }
            }
            Found::New(Some(HoldReason::Anonymous)) => {
                return Err(Refusal {
                    why: "It holds no serial number, UUID, TPM key or product key id that tells this machine from others."
                        .to_owned(),
                    next: "Capture this machine with a whiteglove stick, or have the maker set its serial number.".to_owned(),
                });
            }
            Found::New(hold) => {
                let batch = self.batch.clone().unwrap_or_default();
                let hold = hold.or_else(|| self.wrong_customer(&identity, &batch));
                let outcome = hold.clone().map_or(Admission::New, Admission::Held);
                let device = self.next_device();
                Admitted { records: self.with_hold(taken(None, entry), hold), device, outcome }
            }
        })
    }

    /// Lines of an order list; holds what turns out to be another customer's.
    pub fn decide_order_list(
        &self,
        batch: &str,
        customer: Option<String>,
        source: &str,
        lines: Vec<Expected>,
    ) -> Vec<Record> {
        let mut after = self.lists.clone();
        after.add(batch.to_owned(), customer.clone(), lines.clone());
        let listed = Record::OrderListed { batch: batch.to_owned(), customer, source: source.to_owned(), lines };
        let held = self.present().filter_map(|device| match (after.of_device(device), &device.stage) {
            (_, Stage::Held { reason: HoldReason::WrongCustomer { .. }, .. }) => None,
            (Match::WrongCustomer { customer, batch }, _) => {
                let reason = HoldReason::WrongCustomer { customer, batch };
                Some(Record::DeviceHeld { device: device.id, reason })
            }
            _ => None,
        });
        std::iter::once(listed).chain(held).collect()
    }

    /// A person says that a held device is the laptop it clashes with, after its board was replaced.
    ///
    /// # Errors
    /// It is not held for that.
    pub fn decide_same_laptop(&self, device: DeviceId) -> Result<Vec<Record>, Problem> {
        let known = self.known(device)?;
        match &known.stage {
            Stage::Held { reason: reason @ HoldReason::Clash { other, .. }, .. } if reason.may_be_new_board() => {
                Ok(vec![Record::BoardReplaced { old: *other, device }])
            }
            _ => Err(Problem::new(
                format!("Device #{} was not joined with another.", device.0),
                "It is not held for a serial number or TPM that the bench knows from another board.",
                "Nothing to do.",
            )),
        }
    }

    /// A person reports what the registration service says.
    ///
    /// # Errors
    /// There is no such device.
    pub fn decide_probe(&self, device: DeviceId, probe: Probe) -> Result<Vec<Record>, Problem> {
        self.known(device)?;
        Ok(vec![Record::ProbeSaid { device, probe }])
    }

    /// The checks as they will stand once this capture is taken.
    fn readiness_with(&self, id: DeviceId, capture: &Capture) -> Vec<Check> {
        let mut device = match self.devices.get(&id) {
            Some(device) => device.clone(),
            None => {
                let batch = self.batch.clone().unwrap_or_default();
                let identity = capture.identity();
                let newcomer = Newcomer { identity, batch, media: None, simulated: false, signal: Signal::Agent };
                newcomer.device(id, Moment::default())
            }
        };
        device.identity = capture.identity();
        device.capture = Some(Arc::new(capture.clone()));
        let (matching, trust) = (self.lists.of_device(&device), self.trust(&device.model_name()));
        self.readiness(&device, &matching, &trust).checks
    }

    fn with_hold(&self, first: Record, hold: Option<HoldReason>) -> Vec<Record> {
        let device = self.next_device();
        std::iter::once(first).chain(hold.map(|reason| Record::DeviceHeld { device, reason })).collect()
    }

    fn receipt(&self, device: DeviceId, capture: &Capture, outcome: Outcome, notice: Option<Problem>) -> Receipt {
        let worth_saying =
            self.readiness_with(device, capture).into_iter().filter(|check| check.severity > Severity::Note);
        Receipt {
            message: capture.id,
            outcome,
            stored: true,
            device: device.0,
            serial: capture.identity().serial.map(String::from),
            notice,
            missing: worth_saying.map(|check| Missing { severity: check.severity, what: check.problem.what }).collect(),
        }
    }
}

/// Whether the bench has all of this already.
fn adds_nothing(device: &Device, entry: &Entry) -> bool {
    let hash = |hash: &HardwareHash| device.windows_hash.as_ref().is_some_and(|known| known.hash == *hash);
    let text = |own: &str, new: &str| new.is_empty() || own == new;
    entry.hash.as_ref().is_none_or(hash)
        && entry.product_key_id.as_ref().is_none_or(|key| device.any_product_key_id() == Some(key))
        && entry.device_link.as_ref().is_none_or(|link| device.device_link.as_ref() == Some(link))
        && entry.ztd_id.as_ref().is_none_or(|id| device.ztd_id.as_ref() == Some(id))
        && entry.serial.as_ref().is_none_or(|serial| device.identity.serial.as_ref() == Some(serial))
        && text(&device.group_tag, &entry.group_tag)
        && text(&device.assigned_user, &entry.assigned_user)
}

fn seen_before(id: DeviceId, ago: Duration) -> Problem {
    Problem::new(
        format!("This laptop was captured before (#{}, {} ago).", id.0, short_age(ago)),
        "It was booted from a whiteglove medium twice.",
        "Nothing to do: the newer capture counts, the older one stays in the journal.",
    )
}
