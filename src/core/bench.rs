//! All devices of this bench: the fold of the journal, and the decisions made on it.
//!
//! [`Bench::apply`] is the only way anything changes. The `decide_*` functions only look: they answer
//! with the records to write, or with a [`Problem`], and the shell writes first and applies then. So
//! what the board shows is what the journal holds.

mod decide;
mod find;
mod orders;
mod scan;
mod show;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

pub use decide::{Admission, Admitted, Sealed, Taken};
use orders::Orders;
pub use scan::Heard;

use crate::{
    api::Order,
    batch::{IdentityPolicy, ModelName},
    capture::Capture,
    clock::Moment,
    control::Row,
    device::{Device, DeviceId, Event, Evidence, Label, Refused, Signal, Stage},
    entry::{Entry, Source},
    envelope::MessageId,
    hwhash::{HashDigest, Verdict},
    identity::{EkDigest, Identity, Mac, Serial, SystemUuid},
    media_card::MediaId,
    msdm::ProductKeyId,
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
    policy: IdentityPolicy,
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
    by_key: HashMap<ProductKeyId, Vec<DeviceId>>,
    /// Hashes our own agents made: one of them that comes back in a file proves nothing about Windows.
    made_here: HashSet<HashDigest>,
    lists: Orders,
    /// What the comparison of each unit said that has both hashes.
    compared: BTreeMap<ModelName, BTreeMap<DeviceId, Verdict>>,
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

    pub fn policy(&self) -> IdentityPolicy {
        self.policy
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
            Record::BatchOpened { batch, policy } => {
                self.batch = Some(batch);
                self.policy = policy;
                self.refresh_all();
            }
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
                let batch = self.batch_of(media);
                let newcomer = Newcomer { identity, batch, media: Some(media), simulated, signal: Signal::Agent };
                self.admit_device(self.next_device(), newcomer, at);
            }
            Record::DeviceReturned { device, message } => {
                self.step(number, device, Event::Hello, Signal::Agent, at, "switched on again")?;
                self.hellos.insert(message);
                self.orders.remove(&device);
            }
            Record::CaptureTaken { device, media, signal, capture, .. } => {
                let id = device.unwrap_or(self.next_device());
                if device.is_none() {
                    let (identity, batch, simulated) = (capture.identity(), self.batch_of(media), capture.simulated);
                    self.admit_device(id, Newcomer { identity, batch, media: Some(media), simulated, signal }, at);
                }
                let by = Evidence::Capture(capture.id);
                self.step(number, id, Event::Captured(by), signal, at, "capture taken")?;
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
            Record::EntryTaken { device, signal, source, entry } => {
                let id = device.unwrap_or(self.next_device());
                if device.is_none() {
                    let batch = self.batch.clone().unwrap_or_default();
                    let newcomer =
                        Newcomer { identity: entry.identity(), batch, media: None, simulated: false, signal };
                    self.admit_device(id, newcomer, at);
                }
                self.keep_entry(number, id, signal, source, *entry, at)?;
            }
            Record::LabelScanned { device, serial, product_key_id, on_purpose } => {
                let known = self.devices.get_mut(&device).ok_or(Unfit::NoSuchDevice(number, device.0))?;
                let words = match on_purpose {
                    true => "label compared",
                    false => "label scanned",
                };
                known.label = Some(Label { serial, product_key_id, at });
                known.history.push((at, Signal::Scan, words.to_owned()));
                self.refresh(device);
            }
            Record::OrderListed { batch, customer, lines, .. } => {
                self.lists.add(batch, customer, lines);
                self.refresh_all();
            }
            Record::BoardReplaced { old, device } => {
                let words = format!("same laptop as #{}, its board was replaced", old.0);
                self.step(number, device, Event::Release, Signal::Operator, at, &words)?;
                let words = format!("lives on as #{} with another board", device.0);
                self.step(number, old, Event::Replaced(device), Signal::Operator, at, &words)?;
                self.hand_on(old, device);
            }
            Record::ProbeSaid { device, probe } => {
                let known = self.devices.get_mut(&device).ok_or(Unfit::NoSuchDevice(number, device.0))?;
                known.probe = Some((at, probe));
                known.history.push((at, Signal::Operator, format!("registration service: {}", probe.words())));
                self.refresh(device);
            }
        }
        self.next += 1;
        Ok(())
    }

    fn batch_of(&self, media: MediaId) -> String {
        self.media.get(&media).map_or_else(String::new, |media| media.batch.clone())
    }

    fn admit_device(&mut self, id: DeviceId, newcomer: Newcomer, at: Moment) {
        self.index(id, &newcomer.identity);
        let device = newcomer.device(id, at);
        self.lists.place(&device);
        self.devices.insert(id, device);
        self.refresh(id);
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
        self.refresh(id);
        Ok(())
    }

    fn keep_capture(&mut self, id: DeviceId, media: MediaId, capture: Box<Capture>) {
        self.captures.insert(capture.id, id);
        self.made_here.extend(capture.hash.as_ref().map(|made| made.hash.digest()));
        let identity = capture.identity();
        self.index(id, &identity);
        if let Some(device) = self.devices.get_mut(&id) {
            device.identity = identity;
            device.media = Some(media);
            device.simulated = capture.simulated;
            device.captures += 1;
            device.capture = Some(Arc::from(capture));
            self.lists.place(device);
        }
        self.compare(id);
        self.refresh(id);
    }

    fn keep_entry(
        &mut self,
        number: u64,
        id: DeviceId,
        signal: Signal,
        source: Source,
        entry: Entry,
        at: Moment,
    ) -> Result<(), Unfit> {
        let event = entry.hash.as_ref().map_or(Event::Hello, |hash| Event::Captured(Evidence::Hash(hash.digest())));
        let words = match &entry.hash {
            Some(hash) => format!("{} hash from {}, line {}", hash.origin().words(), source.name, source.line),
            None => format!("{} from {}, line {}", entry.lane.words(), source.name, source.line),
        };
        self.step(number, id, event, signal, at, &words)?;
        let seen = entry.identity();
        self.index(id, &seen);
        if let Some(device) = self.devices.get_mut(&id) {
            device.learn(entry, &seen, source, at);
            self.lists.place(device);
        }
        self.compare(id);
        self.refresh(id);
        Ok(())
    }

    /// The acceptance test of a model: whenever a machine has both hashes.
    fn compare(&mut self, id: DeviceId) {
        let Some(device) = self.devices.get(&id).filter(|device| !device.simulated) else { return };
        let Some(comparison) = device.comparison() else { return };
        let model = device.model_name();
        let before = self.trust(&model);
        self.compared.entry(model.clone()).or_default().insert(id, comparison.verdict);
        if self.trust(&model) != before {
            self.refresh_all();
        }
    }

    /// What the old number knew that does not hang on its board.
    fn hand_on(&mut self, old: DeviceId, to: DeviceId) {
        let Some(old) = self.devices.get(&old).cloned() else { return };
        if let Some(device) = self.devices.get_mut(&to) {
            for (own, other) in [(&mut device.group_tag, old.group_tag), (&mut device.assigned_user, old.assigned_user)]
            {
                if own.is_empty() {
                    *own = other;
                }
            }
        }
        self.lists.forget(old.id);
        if let Some(device) = self.devices.get(&to) {
            self.lists.place(device);
        }
        self.refresh(to);
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
        note(&mut self.by_key, identity.product_key_id.clone(), id);
        identity.macs.iter().for_each(|mac| note(&mut self.by_mac, Some(*mac), id));
    }
}

/// A machine on its way onto the board.
struct Newcomer {
    identity: Identity,
    batch: String,
    media: Option<MediaId>,
    simulated: bool,
    signal: Signal,
}

impl Newcomer {
    fn device(self, id: DeviceId, at: Moment) -> Device {
        Device {
            id,
            identity: self.identity,
            stage: Stage::Arrived { since: at },
            batch: self.batch,
            signal: self.signal,
            arrived: at,
            last: at,
            media: self.media,
            simulated: self.simulated,
            capture: None,
            captures: 0,
            windows_hash: None,
            product_key_id: None,
            device_link: None,
            ztd_id: None,
            group_tag: String::new(),
            assigned_user: String::new(),
            label: None,
            probe: None,
            history: vec![(at, self.signal, "arrived".to_owned())],
        }
    }
}

pub use show::count_stages;

#[cfg(test)]
mod tests;
