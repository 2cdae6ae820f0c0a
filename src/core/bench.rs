//! All devices of this bench: the fold of the journal, and the decisions made on it.
//!
//! [`Bench::apply`] is the only way anything changes. The `decide_*` functions only look: they answer
//! with the records to write, or with a [`Problem`](crate::problem::Problem), and the shell writes first
//! and applies then. So what the board shows is what the journal holds.

mod batches;
mod codes;
mod decide;
mod entries;
mod export;
mod find;
mod fold;
mod gates;
mod handover;
mod index;
mod label;
mod logs;
mod network;
mod orders;
mod preflights;
mod registrations;
mod resolve;
mod scan;
mod show;
mod trials;
mod winpe;

use std::collections::{BTreeMap, HashMap, HashSet};

use batches::Batches;
pub use batches::Changed;
pub use decide::{Sealed, Taken};
pub use entries::{Admission, Admitted};
use export::Exports;
use index::Index;
use orders::Orders;
use preflights::Variables;
pub use registrations::Open;
use registrations::Registrations;
pub use scan::Heard;
pub use show::count_stages;
use trials::Trials;

use crate::{
    api::Order,
    batch::{IdentityPolicy, ModelName},
    clock::Moment,
    control::Row,
    device::{Device, DeviceId, Refused},
    envelope::MessageId,
    hwhash::HashDigest,
    logs::Kept,
    media::stick::StickId,
    media_card::MediaId,
    netboot::{Mode, Program},
    preflight,
    record::Record,
    sticks::made::Known,
};

/// One boot medium the bench has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub batch: String,
    pub issued: Moment,
    pub revoked: bool,
    /// Given out by the bench itself to whoever boots from the network.
    pub network: bool,
    /// What it starts by, and when it was built last. `None`: never, or by a whiteglove that did not keep it.
    pub starts: Option<(Moment, preflight::Medium)>,
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
    /// What the batch boots from the network.
    program: Program,
    media: BTreeMap<MediaId, Media>,
    sticks: BTreeMap<StickId, Known>,
    devices: BTreeMap<DeviceId, Device>,
    rows: BTreeMap<DeviceId, Row>,
    orders: HashMap<DeviceId, Standing>,
    /// Every capture ever taken: sending one twice changes nothing.
    captures: HashMap<MessageId, DeviceId>,
    /// Every hello ever heard: a recorded one played back is no arrival.
    hellos: HashSet<MessageId>,
    index: Index,
    /// Hashes our own agents made: one of them that comes back in a file proves nothing about Windows.
    made_here: HashSet<HashDigest>,
    lists: Orders,
    /// Read once from each capture: the firmware's table is long, and every row asks.
    models: HashMap<DeviceId, ModelName>,
    trials: Trials,
    /// What a person chose on the board, by interface.
    network_modes: BTreeMap<String, Mode>,
    batches: Batches,
    exports: Exports,
    /// Of laptops, by the folder of each run.
    logs: BTreeMap<String, Vec<Kept>>,
    variables: Variables,
    registrations: Registrations,
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

    /// Those that may be shown while the open batch is open; see [`Self::at_work`].
    pub fn rows_at_work(&self) -> impl Iterator<Item = &Row> {
        let shown = |row: &&Row| self.devices.get(&row.device).is_some_and(|device| self.at_work(device));
        self.rows.values().filter(shown)
    }

    pub fn policy(&self) -> IdentityPolicy {
        self.policy
    }

    pub fn program(&self) -> Program {
        self.program
    }

    pub fn media(&self) -> &BTreeMap<MediaId, Media> {
        &self.media
    }

    /// Every stick that this bench has written, by its number.
    pub fn sticks(&self) -> &BTreeMap<StickId, Known> {
        &self.sticks
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
        self.fold(record, at).map_err(|misfit| misfit.of_record(number))?;
        self.next += 1;
        Ok(())
    }

    fn batch_of(&self, media: MediaId) -> String {
        self.media.get(&media).map_or_else(String::new, |media| media.batch.clone())
    }
}

#[cfg(test)]
mod tests;
