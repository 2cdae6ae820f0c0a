//! Which machine a sighting is.

use std::time::Duration;

use super::Bench;
use crate::{
    clock::Moment,
    device::{Device, DeviceId, HoldReason, Stage},
    identity::{Clash, Identity, Sighting},
};

/// Two boards with one serial number within these hours are on one bench together: two laptops, or a
/// label on the wrong one. Later it is a laptop that came back from service.
const ONE_SHIFT: Duration = Duration::from_secs(12 * 3600);

pub(super) enum Found {
    Known(DeviceId),
    New(Option<HoldReason>),
}

impl Bench {
    /// Everyone who shares a good number with `identity` is compared with it. One machine wins over
    /// a conflict: a board whose hold is pending must find itself again.
    pub(super) fn find(&self, identity: &Identity, now: Moment) -> Found {
        let mut candidates: Vec<DeviceId> = Vec::new();
        let mut add = |ids: Option<&Vec<DeviceId>>| candidates.extend(ids.into_iter().flatten());
        add(identity.ek.and_then(|ek| self.by_ek.get(&ek)));
        add(identity.good_uuid().and_then(|uuid| self.by_uuid.get(&uuid)));
        add(identity.good_serial().and_then(|serial| self.by_serial.get(serial)));
        add(identity.product_key_id.as_ref().and_then(|key| self.by_key.get(key)));
        if identity.is_anonymous() {
            identity.macs.iter().for_each(|mac| add(self.by_mac.get(mac)));
        }
        let mut clash = None;
        for device in candidates.iter().filter_map(|id| self.devices.get(id)) {
            if matches!(device.stage, Stage::Replaced { .. }) {
                continue;
            }
            match device.identity.compare(identity) {
                Sighting::Same => return Found::Known(device.id),
                Sighting::Conflict(kind) => {
                    let kind = match kind {
                        Clash::SerialOnOtherBoard if now.since(device.last) > ONE_SHIFT => Clash::BoardChanged,
                        kind => kind,
                    };
                    clash.get_or_insert(HoldReason::Clash { clash: kind, other: device.id });
                }
                Sighting::Different => {}
            }
        }
        let anonymous = identity.is_anonymous().then_some(HoldReason::Anonymous);
        Found::New(clash.or(anonymous))
    }

    /// Devices still on the board, in the order of their arrival.
    pub(super) fn present(&self) -> impl Iterator<Item = &Device> {
        self.devices.values().filter(|device| !matches!(device.stage, Stage::Replaced { .. }))
    }
}
