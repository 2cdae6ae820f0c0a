//! All devices of this bench: the fold of the journal, and the decisions made on it.
//!
//! [`Bench::apply`] is the only way anything changes. The `decide_*` functions only look: they answer
//! with the records to write, or with a [`Problem`], and the shell writes first and applies then. So
//! what the board shows is what the journal holds.

mod decide;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

pub use decide::{Sealed, Taken};

use crate::{
    api::Order,
    capture::Capture,
    clock::Moment,
    control::{Row, StageName},
    device::{Device, DeviceId, Event, Refused, Signal, Stage},
    envelope::MessageId,
    identity::{EkDigest, Identity, Mac, Serial, SystemUuid},
    media_card::MediaId,
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
