//! Which laptop is to be asked about next, and when.

use std::collections::{BTreeSet, HashMap};

use crate::{clock::Moment, device::DeviceId};

/// Each laptop stands in it once.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    times: BTreeSet<(Moment, DeviceId)>,
    of: HashMap<DeviceId, Moment>,
}

impl Due {
    pub(super) fn set(&mut self, device: DeviceId, at: Moment) {
        self.remove(device);
        self.times.insert((at, device));
        self.of.insert(device, at);
    }

    pub(super) fn remove(&mut self, device: DeviceId) {
        if let Some(at) = self.of.remove(&device) {
            self.times.remove(&(at, device));
        }
    }

    /// At most `most` of those whose time has come, oldest first. They are out then.
    pub(super) fn take(&mut self, now: Moment, most: usize) -> Vec<DeviceId> {
        let taken: Vec<DeviceId> =
            self.times.iter().take_while(|(at, _)| *at <= now).take(most).map(|(_, device)| *device).collect();
        taken.iter().for_each(|device| self.remove(*device));
        taken
    }

    pub(super) fn has(&self, device: DeviceId) -> bool {
        self.of.contains_key(&device)
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.times.first().map(|(at, _)| *at)
    }
}
