//! What the bench makes of machines that ask the network for something to boot, and what people decide of them.

use super::Bench;
use crate::{
    clock::Moment,
    device::{Device, DeviceId, Signal},
    identity::{Identity, Mac, Sighting, SystemUuid},
    media_card::MediaId,
    netboot::{Choice, Mode, Program},
    problem::Problem,
    record::Record,
};

use super::find::Seen;

/// Machines on the board that nothing is known of but a question on the network. More than a bench has; a
/// bound against whoever makes addresses up.
const MOST_SEEN_ONLY: usize = 256;

impl Bench {
    /// The firmware of a machine asks for something to boot: on the board with it, if nobody knows it.
    pub fn decide_seen(&self, uuid: Option<SystemUuid>, mac: Mac, simulated: bool, now: Moment) -> Vec<Record> {
        let identity = Identity { uuid, macs: vec![mac], ..Identity::default() };
        let has_a_number = identity.good_uuid().is_some() || mac.is_from_the_factory();
        let found = self.find(&identity, Seen::Here, now);
        // A clash is for the capture to tell: a UUID alone says too little.
        let known = found.device.is_some() || found.rival.is_some();
        if !has_a_number || known || self.seen_only().count() >= MOST_SEEN_ONLY {
            return vec![];
        }
        vec![Record::DeviceSeen { identity, simulated }]
    }

    /// The device that a machine on the wire is, as far as its packets tell.
    pub fn find_on_wire(&self, uuid: Option<SystemUuid>, mac: Option<Mac>) -> Option<DeviceId> {
        let identity = Identity { uuid, macs: mac.into_iter().collect(), ..Identity::default() };
        let found = self.index.sharing(&identity).into_iter().filter_map(|id| self.devices.get(&id));
        let mut same = found.filter(|device| matches!(device.identity.compare(&identity), Sighting::Same(_)));
        same.find_map(|device| self.successor(device.id)).map(|device| device.id)
    }

    fn seen_only(&self) -> impl Iterator<Item = &Device> {
        self.present().filter(|device| device.signal == Signal::Network && !device.has_spoken())
    }

    /// A person chooses what machines boot from the network.
    ///
    /// # Errors
    /// One of them is not on the board; then none is changed.
    pub fn decide_boot(&self, devices: &[DeviceId], choice: Choice) -> Result<Vec<Record>, Problem> {
        let mut records = Vec::new();
        for device in devices {
            let known = self.on_the_board(*device)?;
            if known.boot != choice {
                records.push(Record::BootChosen { device: *device, choice });
            }
        }
        Ok(records)
    }

    /// It has the first file of what it was told to boot. A choice is for once.
    pub fn decide_boot_taken(&self, device: DeviceId, program: Program) -> Vec<Record> {
        // A quick scan is done when its capture is here; it may need a second start until then.
        let taken = self.devices.get(&device).is_some_and(|known| known.boot == Choice::Boot(program));
        match taken && program != Program::QuickScan {
            true => vec![Record::BootTaken { device }],
            false => vec![],
        }
    }

    /// What a person chose for an interface, if anything.
    pub fn network_mode(&self, interface: &str) -> Option<Mode> {
        self.network_modes.get(interface).copied()
    }

    pub fn network_modes(&self) -> impl Iterator<Item = (&str, Mode)> {
        self.network_modes.iter().map(|(interface, mode)| (interface.as_str(), *mode))
    }

    /// The medium that laptops of the open batch get from the network.
    pub fn network_medium(&self) -> Option<MediaId> {
        let batch = self.batch.as_deref()?;
        let good = self.media.iter().filter(|(_, media)| media.network && !media.revoked && media.batch == batch);
        good.max_by_key(|(_, media)| media.issued).map(|(id, _)| *id)
    }
}
