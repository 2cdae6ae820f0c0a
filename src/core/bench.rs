//! All devices of this bench: the fold of the journal, and the decisions made on it.
//!
//! [`Bench::apply`] is the only way anything changes. The `decide_*` functions only look: they answer
//! with the records to write, or with a [`Problem`], and the shell writes first and applies then. So
//! what the board shows is what the journal holds.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use crate::{
    api::{Order, Outcome, Receipt},
    capture::{Capture, Hello},
    clock::{Moment, short_age},
    control::{Row, StageName},
    device::{Device, DeviceId, Event, HoldReason, Refused, Signal, Stage},
    envelope::MessageId,
    identity::{EkDigest, Identity, Mac, Serial, Sighting, SystemUuid},
    media_card::MediaId,
    problem::Problem,
    readiness::{self, Severity},
    record::Record,
};

/// One boot medium the bench has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub batch: String,
    pub issued: Moment,
    pub revoked: bool,
}

/// The newest order to a laptop; numbered so that it is obeyed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub number: u64,
    pub order: Order,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bench {
    /// The number the next record will get.
    next: u64,
    batch: Option<String>,
    media: BTreeMap<MediaId, Media>,
    devices: BTreeMap<DeviceId, Device>,
    rows: BTreeMap<DeviceId, Row>,
    orders: HashMap<DeviceId, Standing>,
    /// Every capture ever taken: sending one twice changes nothing.
    captures: HashMap<MessageId, DeviceId>,
    /// Every hello ever heard: a recorded one played back is no arrival.
    hellos: HashSet<MessageId>,
    by_serial: HashMap<Serial, Vec<DeviceId>>,
    by_uuid: HashMap<SystemUuid, Vec<DeviceId>>,
    by_ek: HashMap<EkDigest, Vec<DeviceId>>,
    by_mac: HashMap<Mac, Vec<DeviceId>>,
}

/// The journal contradicts itself. It was edited, or written by a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("record {0} follows record {1}")]
    OutOfOrder(u64, u64),
    #[error("record {0} speaks of device {1}, which does not exist")]
    NoSuchDevice(u64, u64),
    #[error("record {0}: {1}")]
    Refused(u64, Refused),
}

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
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// The number the next new device will get. Devices are never removed, so it is never given twice.
    fn next_device(&self) -> DeviceId {
        DeviceId(self.devices.len() as u64 + 1)
    }

    pub fn batch(&self) -> Option<&str> {
        self.batch.as_deref()
    }

    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(&id)
    }

    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub fn media(&self) -> &BTreeMap<MediaId, Media> {
        &self.media
    }

    pub fn device_of(&self, capture: MessageId) -> Option<DeviceId> {
        self.captures.get(&capture).copied()
    }

    pub fn standing_order(&self, device: DeviceId) -> Option<Standing> {
        self.orders.get(&device).copied()
    }

    // ---- decisions ---------------------------------------------------------------------------

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
            let receipt = self.receipt(device.id, &capture, Outcome::AlreadyHere, None);
            return Ok(Taken { records: vec![], receipt });
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
            device: device.0,
            serial: capture.identity().serial.map(String::from),
            notice,
            missing: worth_saying.map(|check| format!("{}: {}", check.severity.word(), check.problem.what)).collect(),
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

    // ---- the fold ----------------------------------------------------------------------------

    /// Takes one record in. The only way a bench changes.
    ///
    /// # Errors
    /// The record contradicts those before it; nothing changed.
    pub fn apply(&mut self, number: u64, at: Moment, record: Record) -> Result<(), Unfit> {
        if number != self.next {
            return Err(Unfit::OutOfOrder(number, self.next.wrapping_sub(1)));
        }
        match record {
            Record::BatchOpened { batch } => self.batch = Some(batch),
            Record::MediaIssued { media, batch } => {
                self.media.insert(media, Media { batch, issued: at, revoked: false });
            }
            Record::MediaRevoked { media } => {
                if let Some(known) = self.media.get_mut(&media) {
                    known.revoked = true;
                }
            }
            Record::DeviceArrived { identity, media, message, simulated } => {
                self.hellos.insert(message);
                self.admit_device(self.next_device(), identity, media, simulated, Signal::Agent, at);
            }
            Record::DeviceReturned { device, message } => {
                self.step(number, device, Event::Hello, Signal::Agent, at, "switched on again")?;
                self.hellos.insert(message);
                self.orders.remove(&device);
            }
            Record::CaptureTaken { device, media, signal, capture, .. } => {
                let id = device.unwrap_or(self.next_device());
                if device.is_none() {
                    self.admit_device(id, capture.identity(), media, capture.simulated, signal, at);
                }
                self.step(number, id, Event::Captured(capture.id), signal, at, "capture taken")?;
                // An order is for the boot it was given in, or every later boot would obey it again.
                self.orders.remove(&id);
                self.keep_capture(id, media, capture);
            }
            Record::DeviceHeld { device, reason } => {
                let words = format!("held: {}", reason.brief());
                self.step(number, device, Event::Hold(reason), Signal::Operator, at, &words)?;
            }
            Record::DeviceReleased { device } => {
                self.step(number, device, Event::Release, Signal::Operator, at, "released")?;
            }
            Record::OrderGiven { device, order } => {
                let known = self.devices.get_mut(&device).ok_or(Unfit::NoSuchDevice(number, device.0))?;
                known.history.push((at, Signal::Operator, format!("told to {}", order.words())));
                self.orders.insert(device, Standing { number, order });
            }
        }
        self.next += 1;
        Ok(())
    }

    fn admit_device(
        &mut self,
        id: DeviceId,
        identity: Identity,
        media: MediaId,
        simulated: bool,
        signal: Signal,
        at: Moment,
    ) {
        self.index(id, &identity);
        let batch = self.media.get(&media).map_or_else(String::new, |media| media.batch.clone());
        let device = Device {
            id,
            identity,
            stage: Stage::Arrived { since: at },
            batch,
            signal,
            arrived: at,
            last: at,
            media,
            simulated,
            capture: None,
            captures: 0,
            history: vec![(at, signal, "arrived".to_owned())],
        };
        self.rows.insert(id, row_of(&device));
        self.devices.insert(id, device);
    }

    fn step(
        &mut self,
        number: u64,
        id: DeviceId,
        event: Event,
        signal: Signal,
        at: Moment,
        words: &str,
    ) -> Result<(), Unfit> {
        let device = self.devices.get_mut(&id).ok_or(Unfit::NoSuchDevice(number, id.0))?;
        let stage = device.stage.clone().on(event, at).map_err(|refused| Unfit::Refused(number, refused))?;
        device.stage = stage;
        // A hold is the bench's own doing; the last *signal* is still what the machine said.
        if !matches!(device.stage, Stage::Held { .. }) || signal != Signal::Operator {
            device.signal = signal;
        }
        device.last = at;
        device.history.push((at, signal, words.to_owned()));
        self.rows.insert(id, row_of(device));
        Ok(())
    }

    fn keep_capture(&mut self, id: DeviceId, media: MediaId, capture: Box<Capture>) {
        self.captures.insert(capture.id, id);
        let identity = capture.identity();
        self.index(id, &identity);
        if let Some(device) = self.devices.get_mut(&id) {
            device.identity = identity;
            device.media = media;
            device.simulated = capture.simulated;
            device.captures += 1;
            device.capture = Some(Arc::from(capture));
            self.rows.insert(id, row_of(device));
        }
    }

    fn index(&mut self, id: DeviceId, identity: &Identity) {
        fn note<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<DeviceId>>, key: Option<K>, id: DeviceId) {
            if let Some(key) = key {
                let ids = map.entry(key).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        note(&mut self.by_serial, identity.good_serial().cloned(), id);
        note(&mut self.by_uuid, identity.good_uuid(), id);
        note(&mut self.by_ek, identity.ek, id);
        identity.macs.iter().for_each(|mac| note(&mut self.by_mac, Some(*mac), id));
    }
}

fn seen_before(id: DeviceId, ago: Duration) -> Problem {
    Problem::new(
        format!("This laptop was captured before (#{}, {} ago).", id.0, short_age(ago)),
        "It was booted from a whiteglove medium twice.",
        "Nothing to do: the newer capture counts, the older one stays in the journal.",
    )
}

fn row_of(device: &Device) -> Row {
    let checks = device.capture.as_deref().map(readiness::checks).unwrap_or_default();
    let worst = checks.first().map(|check| check.severity);
    let attention = match &device.stage {
        Stage::Held { reason, .. } => Some(reason.brief()),
        _ => checks.first().filter(|check| check.severity > Severity::Note).map(|check| check.problem.what.clone()),
    };
    Row {
        device: device.id,
        stage: device.stage.name(),
        serial: device.identity.serial.as_ref().map_or_else(String::new, |serial| serial.to_string()),
        model: match device.identity.model.is_empty() {
            true => device.identity.manufacturer.clone(),
            false => device.identity.model.clone(),
        },
        signal: device.signal,
        last: device.last,
        arrived: device.arrived,
        simulated: device.simulated,
        worst,
        attention,
    }
}

/// How many devices are in each stage, in the order of the lifecycle.
pub fn count_stages(rows: &[Row]) -> [(StageName, usize); 3] {
    [StageName::Arrived, StageName::Captured, StageName::Held]
        .map(|stage| (stage, rows.iter().filter(|row| row.stage == stage).count()))
}

#[cfg(test)]
mod tests;
