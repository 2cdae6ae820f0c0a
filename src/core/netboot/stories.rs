//! All machines on the wire, each known by the best that its packets say: the UUID before the address.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

use serde::{Deserialize, Serialize};

use super::{
    Around, Diagnosis, Program, Seen, Sighting, Stage, Standing, Story, StoryView, Who, choice, diagnosis, story::Wire,
};
use crate::{
    clock::Moment,
    device::{Device, DeviceId},
    dhcp::netboot::{Architecture, Protocol},
    identity::{Mac, SystemUuid},
};

/// More machines at once are no bench; the one that was silent longest gives way.
const MOST: usize = 1_024;

type Key = u64;

#[derive(Debug, Clone, Default)]
pub struct Stories {
    next: Key,
    all: BTreeMap<Key, Story>,
    by_uuid: HashMap<SystemUuid, Key>,
    /// Who last had this address; a dongle goes from hand to hand.
    by_mac: HashMap<Mac, Key>,
    by_address: HashMap<Ipv4Addr, Key>,
}

/// One line of the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    pub device: Option<DeviceId>,
    pub port: String,
    pub mac: Option<Mac>,
    pub uuid: Option<SystemUuid>,
    pub address: Option<Ipv4Addr>,
    pub architecture: Option<Architecture>,
    pub protocol: Option<Protocol>,
    pub last: Moment,
    pub reached: Option<Stage>,
    /// What it was last told, and why.
    pub answer: String,
    pub standing: Standing,
    /// The diagnosis in a few words.
    pub headline: String,
}

impl Stories {
    /// Takes a sighting in. Whether it is of a machine that nobody had seen.
    pub fn observe(&mut self, sighting: Sighting) -> bool {
        let Sighting { at, port, who, seen } = sighting;
        let known = self.find(&who);
        let newcomer = known.is_none();
        // A packet of somebody who never asked for anything to boot begins no story.
        if newcomer && !matches!(seen, Seen::Asked { .. }) {
            return false;
        }
        let key = known.unwrap_or_else(|| {
            self.make_room();
            self.next += 1;
            self.all.insert(self.next, Story::new(port.clone(), at));
            self.next
        });
        if let Some(uuid) = who.uuid.filter(|uuid| !uuid.is_junk()) {
            self.by_uuid.insert(uuid, key);
        }
        // A rival's answer and an agent's list of adapters say less of who has the dongle than its own question.
        if let Some(mac) = who.mac {
            match seen {
                Seen::Asked { .. } => drop(self.by_mac.insert(mac, key)),
                _ => drop(self.by_mac.entry(mac).or_insert(key)),
            }
        }
        if let Some(address) = who.address {
            self.by_address.insert(address, key);
        }
        if let Seen::Leased(address) = &seen {
            self.by_address.insert(*address, key);
        }
        if let Some(story) = self.all.get_mut(&key) {
            // An agent's word comes by whatever way it found.
            if !port.is_empty() {
                story.port = port;
            }
            story.learn(&who);
            story.add(seen, at);
        }
        newcomer
    }

    fn find(&self, who: &Who) -> Option<Key> {
        match who.uuid.filter(|uuid| !uuid.is_junk()) {
            // Its own story; or that of the address, as long as nobody said whose it is.
            Some(uuid) => self.by_uuid.get(&uuid).copied().or_else(|| {
                let key = *self.by_mac.get(&who.mac?)?;
                self.all.get(&key).filter(|story| story.uuid.is_none()).map(|_| key)
            }),
            None => match who.mac {
                Some(mac) => self.by_mac.get(&mac).copied(),
                None => self.by_address.get(&who.address?).copied(),
            },
        }
    }

    fn make_room(&mut self) {
        if self.all.len() < MOST {
            return;
        }
        let oldest = self.all.iter().min_by_key(|(_, story)| story.last).map(|(key, _)| *key);
        let Some(oldest) = oldest else { return };
        self.all.remove(&oldest);
        self.by_uuid.retain(|_, key| *key != oldest);
        self.by_mac.retain(|_, key| *key != oldest);
        self.by_address.retain(|_, key| *key != oldest);
    }

    /// The story of a device on the board.
    pub fn of_device(&self, device: &Device) -> Option<&Story> {
        let by_uuid = device.identity.good_uuid().and_then(|uuid| self.by_uuid.get(&uuid));
        let by_mac = || {
            let keys = device.identity.macs.iter().filter_map(|mac| self.by_mac.get(mac));
            // A dongle's story may be somebody else's by now.
            keys.copied().find(|key| {
                let uuid = self.all.get(key).and_then(|story| story.uuid);
                uuid.is_none() || uuid == device.identity.good_uuid()
            })
        };
        self.all.get(&by_uuid.copied().or_else(by_mac)?)
    }

    pub fn all(&self) -> impl Iterator<Item = &Story> {
        self.all.values()
    }

    /// Whose address that is, as far as was seen.
    pub fn at(&self, address: Ipv4Addr) -> Option<&Story> {
        self.all.get(self.by_address.get(&address)?)
    }

    /// Everything that is known of a device's way over the network.
    pub fn view(&self, device: &Device, program: Program, around: &Around<'_>) -> StoryView {
        let (decision, reason) = choice::decide(Some(device), program);
        let story = self.of_device(device);
        let diagnosis = match story {
            Some(story) => diagnosis::diagnose(story, around),
            None => diagnosis::never_seen(around),
        };
        StoryView { choice: device.boot, decision, reason, wire: story.map(Wire::of), diagnosis }
    }

    /// All conversations, the last heard first.
    pub fn list(&self, around: &Around<'_>, device_of: impl Fn(&Story) -> Option<DeviceId>) -> Vec<ClientView> {
        let mut stories: Vec<_> = self.all.values().collect();
        stories.sort_by_key(|story| std::cmp::Reverse(story.last));
        let line = |story: &Story| {
            let Diagnosis { standing, headline, .. } = diagnosis::diagnose(story, around);
            ClientView {
                device: device_of(story),
                port: story.port.clone(),
                mac: story.macs.first().copied(),
                uuid: story.uuid,
                address: story.address,
                architecture: story.architecture,
                protocol: story.protocol,
                last: story.last,
                reached: story.reached(),
                answer: answer(story),
                standing,
                headline,
            }
        };
        stories.into_iter().map(line).collect()
    }
}

fn answer(story: &Story) -> String {
    let said = |event: &super::Event| match &event.seen {
        Seen::Told { file, .. } => Some(file.clone()),
        Seen::Withheld(why) => Some(why.words()),
        _ => None,
    };
    story.of_this_try().rev().find_map(said).unwrap_or_default()
}

#[cfg(test)]
mod tests;
