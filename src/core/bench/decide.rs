//! What the bench decides: it looks, and answers with the records to write, or with a [`Problem`].
//! Nothing here changes anything.

use std::time::Duration;

use super::Bench;
use crate::{
    api::{Missing, Order, Outcome, Receipt},
    capture::{Capture, Hello},
    clock::{Moment, short_age},
    device::{Device, DeviceId, Event, HoldReason, Signal, Stage},
    envelope::MessageId,
    identity::{Identity, Sighting},
    media_card::MediaId,
    problem::Problem,
    readiness::{self, Severity},
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

/// Which machine a sighting is.
enum Match {
    Known(DeviceId),
    New(Option<HoldReason>),
}

impl Bench {
    /// A laptop says hello.
    ///
    /// # Errors
    /// The medium's token is not good here and now.
    pub fn decide_hello(&self, hello: &Hello, sealed: &Sealed) -> Result<Vec<Record>, Problem> {
        self.admit(sealed.media)?;
        if self.hellos.contains(&sealed.message) {
            return Ok(vec![]);
        }
        Ok(match self.find(&hello.identity) {
            Match::Known(device) => vec![Record::DeviceReturned { device, message: sealed.message }],
            // Nothing would tie the capture that follows to this hello; the capture alone will do.
            Match::New(_) if hello.identity.is_anonymous() => vec![],
            Match::New(hold) => {
                let arrived = Record::DeviceArrived {
                    identity: hello.identity.clone(),
                    media: sealed.media,
                    message: sealed.message,
                    simulated: hello.simulated,
                };
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
                Stage::Arrived { .. } | Stage::Captured { .. } => (Outcome::AlreadyHere, None),
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
        Ok(match self.find(&capture.identity()) {
            Match::Known(id) => {
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
            Match::New(hold) => {
                let id = self.next_device();
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

    fn known(&self, device: DeviceId) -> Result<&Device, Problem> {
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

    fn with_hold(&self, first: Record, hold: Option<HoldReason>) -> Vec<Record> {
        let device = self.next_device();
        std::iter::once(first).chain(hold.map(|reason| Record::DeviceHeld { device, reason })).collect()
    }

    fn receipt(&self, device: DeviceId, capture: &Capture, outcome: Outcome, notice: Option<Problem>) -> Receipt {
        let checks = readiness::checks(capture);
        let worth_saying = checks.into_iter().filter(|check| check.severity > Severity::Note);
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

    /// Everyone who shares a good number with `identity` is compared with it. One machine wins over
    /// a conflict: a board whose hold is pending must find itself again.
    fn find(&self, identity: &Identity) -> Match {
        let mut candidates: Vec<DeviceId> = Vec::new();
        let mut add = |ids: Option<&Vec<DeviceId>>| candidates.extend(ids.into_iter().flatten());
        add(identity.ek.and_then(|ek| self.by_ek.get(&ek)));
        add(identity.good_uuid().and_then(|uuid| self.by_uuid.get(&uuid)));
        add(identity.good_serial().and_then(|serial| self.by_serial.get(serial)));
        if identity.is_anonymous() {
            identity.macs.iter().for_each(|mac| add(self.by_mac.get(mac)));
        }
        let mut clash = None;
        for device in candidates.iter().filter_map(|id| self.devices.get(id)) {
            match device.identity.compare(identity) {
                Sighting::Same => return Match::Known(device.id),
                Sighting::Conflict(kind) => {
                    clash.get_or_insert(HoldReason::Clash { clash: kind, other: device.id });
                }
                Sighting::Different => {}
            }
        }
        let anonymous = identity.is_anonymous().then_some(HoldReason::Anonymous);
        Match::New(clash.or(anonymous))
    }
}

fn seen_before(id: DeviceId, ago: Duration) -> Problem {
    Problem::new(
        format!("This laptop was captured before (#{}, {} ago).", id.0, short_age(ago)),
        "It was booted from a whiteglove medium twice.",
        "Nothing to do: the newer capture counts, the older one stays in the journal.",
    )
}
