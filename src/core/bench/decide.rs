//! What the bench makes of a laptop that speaks to it. Nothing here changes anything: the answer is the
//! records to write, or a [`Problem`].

use std::{sync::Arc, time::Duration};

use super::{Bench, find::Seen, fold::Newcomer};
use crate::{
    api::{Missing, Outcome, Receipt},
    capture::{Capture, Hello},
    clock::{Moment, short_age},
    device::{Device, DeviceId, Event, HoldReason, Refused, Signal, Stage},
    envelope::MessageId,
    identity::{Clash, Tie},
    media_card::MediaId,
    order::Match,
    problem::Problem,
    readiness::Severity,
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
        let found = self.find(&hello.identity, Seen::Here, now);
        // A hello does not know the TPM yet. Where that decides who it is, the capture alone will do.
        let clash = found.hold.as_ref().and_then(HoldReason::clash);
        if found.rival.is_some() || hello.identity.is_anonymous() && found.device.is_none() {
            return Ok(vec![]);
        }
        if found.device.is_none() && clash == Some(Clash::UuidOnOtherBoard) {
            return Ok(vec![]);
        }
        let (batch, message) = (self.batch_of(sealed.media), sealed.message);
        let (first, mut after) = match found.device.and_then(|id| self.devices.get(&id)) {
            Some(known) => (Record::DeviceReturned { device: known.id, message }, known.clone()),
            None => {
                let (identity, media, simulated) = (hello.identity.clone(), sealed.media, hello.simulated);
                let newcomer = Newcomer {
                    identity: identity.clone(),
                    batch: batch.clone(),
                    media: Some(media),
                    simulated,
                    signal: sealed.signal,
                };
                let arrived = Record::DeviceArrived { identity, media, message, simulated };
                (arrived, newcomer.device(self.next_device(), now))
            }
        };
        impossible(&after.enter_batch(&batch, sealed.signal, now));
        Ok(std::iter::once(first).chain(self.follow_up(&mut after, &found.papers, found.hold, now)).collect())
    }

    /// A laptop, or a stick, hands over a capture.
    ///
    /// # Errors
    /// The medium's token is not good here and now.
    pub fn decide_capture(&self, capture: Capture, sealed: &Sealed, now: Moment) -> Result<Taken, Problem> {
        // First of all: what is already on disk is acknowledged again, whatever happened since.
        if let Some(known) = self.device_of(capture.id).and_then(|id| self.devices.get(&id)) {
            let mut after = known.clone();
            after.capture = Some(Arc::new(capture));
            // A laptop whose answer got lost asks again; that must not turn HELD into OK on its screen.
            let receipt = self.receipt(&after, &[], Outcome::AlreadyHere, None);
            return Ok(Taken { records: vec![], receipt: Receipt { stored: false, ..receipt } });
        }
        self.admit(sealed.media)?;
        let (identity, batch) = (capture.identity(), self.batch_of(sealed.media));
        let mut found = self.find(&identity, Seen::Here, now);
        // It is kept in any case, and a person says whose it is.
        if let Some((other, tie)) = found.rival {
            found.hold.get_or_insert(HoldReason::Clash { clash: tie_of_two(tie), other });
        }
        let known = found.device.and_then(|id| self.devices.get(&id));
        let (outcome, notice) = match known.filter(|known| known.capture.is_some()) {
            Some(known) => (Outcome::CapturedAgain, Some(seen_before(known, now))),
            None => (Outcome::Captured, None),
        };
        let mut after = known.cloned().unwrap_or_else(|| {
            let (batch, simulated) = (batch.clone(), capture.simulated);
            let newcomer = Newcomer { identity, batch, media: Some(sealed.media), simulated, signal: sealed.signal };
            newcomer.device(self.next_device(), now)
        });
        impossible(&after.take_capture(Arc::new(capture.clone()), sealed.media, &batch, sealed.signal, now));
        let follow_up = self.follow_up(&mut after, &found.papers, found.hold, now);
        let taken = Record::CaptureTaken {
            device: found.device,
            media: sealed.media,
            signal: sealed.signal,
            envelope: sealed.envelope.clone(),
            capture: Box::new(capture),
        };
        let receipt = self.receipt(&after, &found.papers, outcome, notice);
        Ok(Taken { records: std::iter::once(taken).chain(follow_up).collect(), receipt })
    }

    /// What has to be written behind the record that brought a machine here: which papers were its own,
    /// and what it is held for now. `after` becomes the device as it will be then.
    pub(super) fn follow_up(
        &self,
        after: &mut Device,
        papers: &[DeviceId],
        hold: Option<HoldReason>,
        now: Moment,
    ) -> Vec<Record> {
        let mut records = Vec::new();
        for papers in papers.iter().filter_map(|id| self.devices.get(id)) {
            impossible(&after.step(Event::Settled(papers.id), Signal::Operator, now, ""));
            after.absorb(papers);
            records.push(Record::DeviceJoined { device: papers.id, into: after.id });
        }
        let mut holds: Vec<HoldReason> = hold.into_iter().collect();
        // Last, so that the full stop is what is seen first.
        holds.extend(self.wrong_customer(after));
        for reason in holds {
            if after.stage.holds().any(|known| *known == reason) {
                continue;
            }
            impossible(&after.step(Event::Hold(reason.clone()), Signal::Operator, now, ""));
            records.push(Record::DeviceHeld { device: after.id, reason });
        }
        records
    }

    /// A machine on another customer's order is stopped before anything else happens to it.
    pub(super) fn wrong_customer(&self, device: &Device) -> Option<HoldReason> {
        match self.lists.of_device(device) {
            Match::WrongCustomer { customer, batch } => Some(HoldReason::WrongCustomer { customer, batch }),
            _ => None,
        }
    }

    /// Only a medium this bench made, for the batch it works on, and that nobody reported lost.
    pub(super) fn admit(&self, media: MediaId) -> Result<(), Problem> {
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

    /// What the laptop is told about itself, once everything is written.
    fn receipt(&self, after: &Device, papers: &[DeviceId], outcome: Outcome, notice: Option<Problem>) -> Receipt {
        let (outcome, notice) = match &after.stage {
            Stage::Held { reason, .. } => (Outcome::Held, Some(reason.problem())),
            Stage::Replaced { by, .. } => (Outcome::Held, Some(lives_on(*by))),
            _ => (outcome, notice),
        };
        let (matching, trust) = (self.lists.of_device_beside(after, papers), self.trials.trust_with(after));
        let readiness = self.readiness(after, &matching, &trust);
        let worth_saying = readiness.checks.into_iter().filter(|check| check.severity > Severity::Note);
        let capture = after.capture.as_deref();
        Receipt {
            message: capture.map_or(MessageId([0; 16]), |capture| capture.id),
            outcome,
            stored: true,
            device: after.id.0,
            serial: capture.and_then(|capture| capture.identity().serial).map(String::from),
            notice,
            missing: worth_saying.map(|check| Missing { severity: check.severity, what: check.problem.what }).collect(),
        }
    }
}

/// Of a copy of a device that is on the board: nothing that a sighting does to it is refused there.
pub(super) fn impossible(result: &Result<(), Refused>) {
    debug_assert!(result.is_ok(), "{result:?}");
}

/// What two devices that one sighting fits equally have in common.
fn tie_of_two(tie: Tie) -> Clash {
    match tie {
        Tie::Ek => Clash::EkWithOtherUuid,
        Tie::Uuid => Clash::UuidOnOtherBoard,
        Tie::Serial | Tie::ProductKey | Tie::Nic => Clash::SerialOnOtherBoard,
    }
}

fn seen_before(known: &Device, now: Moment) -> Problem {
    let ago = known.stage.captured().map_or(Duration::ZERO, |(since, _)| now.since(since));
    Problem::new(
        format!("This laptop was captured before (#{}, {} ago).", known.id.0, short_age(ago)),
        "It was booted from a whiteglove medium twice.",
        "Nothing to do: the newer capture counts, the older one stays in the journal.",
    )
}

pub(super) fn lives_on(by: DeviceId) -> Problem {
    Problem::new(
        format!("Held: this board was replaced; its laptop lives on as device #{}.", by.0),
        "A person at the bench said so after this capture was taken.",
        "If this is another laptop after all, boot it again and compare both labels; otherwise put the board aside.",
    )
}
