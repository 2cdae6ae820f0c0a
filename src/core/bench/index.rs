//! Who carries which number. Entries are never taken out: whoever is found is compared again, by what
//! is known of it today.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use crate::{
    device::{Device, DeviceId},
    identity::{EkDigest, Identity, Mac, SystemUuid},
    msdm::ProductKeyId,
};

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Index {
    serials: HashMap<String, Vec<DeviceId>>,
    uuids: HashMap<SystemUuid, Vec<DeviceId>>,
    eks: HashMap<EkDigest, Vec<DeviceId>>,
    keys: HashMap<ProductKeyId, Vec<DeviceId>>,
    macs: HashMap<Mac, Vec<DeviceId>>,
    /// Devices that had nothing but addresses when they came; with a name, they have to be found again.
    nameless: HashMap<Mac, Vec<DeviceId>>,
    by_ztd_id: HashMap<String, DeviceId>,
}

fn add<K: Hash + Eq>(map: &mut HashMap<K, Vec<DeviceId>>, key: Option<K>, id: DeviceId) {
    let Some(key) = key else { return };
    let ids = map.entry(key).or_default();
    if !ids.contains(&id) {
        ids.push(id);
    }
}

impl Index {
    pub(super) fn note(&mut self, device: &Device) {
        let (id, identity) = (device.id, &device.identity);
        add(&mut self.serials, identity.good_serial().map(|serial| serial.key()), id);
        add(&mut self.uuids, identity.good_uuid(), id);
        add(&mut self.eks, identity.ek, id);
        add(&mut self.keys, identity.product_key_id.clone(), id);
        for mac in identity.macs.iter().filter(|mac| mac.is_from_the_factory()) {
            add(&mut self.macs, Some(*mac), id);
            if identity.is_anonymous() {
                add(&mut self.nameless, Some(*mac), id);
            }
        }
        if let Some(ztd_id) = &device.ztd_id {
            self.by_ztd_id.insert(ztd_id.as_str().to_owned(), id);
        }
    }

    pub(super) fn by_ztd_id(&self, id: &str) -> Option<DeviceId> {
        self.by_ztd_id.get(id).copied()
    }

    /// Everyone who shares a good number with it, each once, those with the better number first.
    pub(super) fn sharing(&self, identity: &Identity) -> Vec<DeviceId> {
        let macs = if identity.is_anonymous() { &self.macs } else { &self.nameless };
        let groups = [
            identity.ek.and_then(|ek| self.eks.get(&ek)),
            identity.good_uuid().and_then(|uuid| self.uuids.get(&uuid)),
            identity.good_serial().and_then(|serial| self.serials.get(&serial.key())),
            identity.product_key_id.as_ref().and_then(|key| self.keys.get(key)),
        ];
        let by_mac = identity.macs.iter().filter_map(|mac| macs.get(mac));
        let mut seen = HashSet::new();
        groups.into_iter().flatten().chain(by_mac).flatten().copied().filter(|id| seen.insert(*id)).collect()
    }
}
