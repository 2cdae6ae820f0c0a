//! What was seen of one machine, in order.

use std::{collections::VecDeque, net::Ipv4Addr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Choice, Decision, Diagnosis, Reason, Seen, Who};
use crate::{
    clock::Moment,
    dhcp::netboot::{Architecture, Protocol},
    identity::{Mac, SystemUuid},
};

/// More than a boot needs; a laptop that asks all night fills it with repetitions, which are counted instead.
const MOST_EVENTS: usize = 96;
const MOST_MACS: usize = 8;
/// Firmware asks again after 4, 8, 16 and 32 seconds (EDK2). A longer silence is another try.
const ANOTHER_TRY: Duration = Duration::from_secs(60);

/// Something that was seen, once or several times in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: Moment,
    pub last: Moment,
    pub times: u32,
    pub seen: Seen,
}

/// How far a machine came in one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    Asked,
    Told,
    /// It began to fetch its first file.
    Fetching,
    /// It has its first file whole.
    Loader,
    /// What the first file loads: GRUB, or a script.
    Second,
    /// Kernel and initramfs are whole.
    System,
    /// The agent spoke.
    Agent,
}

impl Stage {
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asks",
            Self::Told => "answered",
            Self::Fetching => "loads",
            Self::Loader => "loader",
            Self::Second => "GRUB/iPXE",
            Self::System => "system",
            Self::Agent => "agent",
        }
    }
}

/// One machine on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    pub uuid: Option<SystemUuid>,
    /// The last one first: a dongle may have carried others.
    pub macs: Vec<Mac>,
    pub address: Option<Ipv4Addr>,
    pub architecture: Option<Architecture>,
    pub protocol: Option<Protocol>,
    pub port: String,
    pub first: Moment,
    pub last: Moment,
    events: VecDeque<Event>,
    /// When this try began.
    pub began: Moment,
    /// Tries before this one that ended with the first file delivered and nothing after it.
    pub loaders_in_vain: u32,
}

impl Story {
    pub(super) fn new(port: String, at: Moment) -> Self {
        Self {
            uuid: None,
            macs: Vec::new(),
            address: None,
            architecture: None,
            protocol: None,
            port,
            first: at,
            last: at,
            events: VecDeque::new(),
            began: at,
            loaders_in_vain: 0,
        }
    }

    pub(super) fn learn(&mut self, who: &Who) {
        self.uuid = self.uuid.or(who.uuid);
        self.address = who.address.or(self.address);
        if let Some(mac) = who.mac {
            self.macs.retain(|known| *known != mac);
            self.macs.insert(0, mac);
            self.macs.truncate(MOST_MACS);
        }
    }

    pub(super) fn add(&mut self, seen: Seen, at: Moment) {
        if let Seen::Asked { architecture, protocol, boot_server, .. } = &seen {
            (self.architecture, self.protocol) = (Some(*architecture), Some(*protocol));
            if !boot_server && self.is_another_try(*protocol, at) {
                self.begin(at);
            }
        }
        self.last = self.last.max(at);
        // Within one round of firmware's retries the same few things come again and again.
        let same = self.of_this_try_mut().rev().take(6).find(|event| event.seen == seen);
        if let Some(event) = same {
            (event.last, event.times) = (at, event.times.saturating_add(1));
            return;
        }
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Event { at, last: at, times: 1, seen });
    }

    /// iPXE asks in the middle of a boot; firmware only at its beginning.
    fn is_another_try(&self, protocol: Protocol, at: Moment) -> bool {
        let late = at.since(self.last) > ANOTHER_TRY;
        late || protocol != Protocol::Ipxe && self.reached() >= Some(Stage::Loader)
    }

    fn begin(&mut self, at: Moment) {
        match self.reached() {
            Some(Stage::Loader) => self.loaders_in_vain = self.loaders_in_vain.saturating_add(1),
            Some(stage) if stage > Stage::Loader => self.loaders_in_vain = 0,
            _ => {}
        }
        self.began = at;
    }

    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter()
    }

    pub fn of_this_try(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().filter(|event| event.at >= self.began)
    }

    fn of_this_try_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Event> {
        let began = self.began;
        self.events.iter_mut().filter(move |event| event.at >= began)
    }

    /// How far it came in this try.
    pub fn reached(&self) -> Option<Stage> {
        let whole = |wanted: &str| {
            self.of_this_try().any(|event| matches!(&event.seen, Seen::Fetched { name, .. } if name == wanted))
        };
        let stage = |event: &Event| match &event.seen {
            Seen::Asked { .. } | Seen::Rival { .. } | Seen::Withheld(_) => Some(Stage::Asked),
            Seen::Told { .. } | Seen::Leased(_) => Some(Stage::Told),
            Seen::Probed { .. } | Seen::Fetching { .. } | Seen::Broken { .. } => Some(Stage::Fetching),
            Seen::Fetched { name, .. } => Some(Role::of(name).stage()),
            // shim looks for revocations that are not there, so it runs.
            Seen::NotThere { .. } => None,
            Seen::Hello | Seen::Captured => Some(Stage::Agent),
        };
        let furthest = self.of_this_try().filter_map(stage).max()?;
        match furthest {
            Stage::System if !(whole("boot/vmlinuz") && whole("boot/initrd.zst")) => Some(Stage::Second),
            other => Some(other),
        }
    }
}

/// What a file of the catalogue is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Loader,
    Second,
    System,
}

impl Role {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "boot/vmlinuz" | "boot/initrd.zst" | "boot/media.cpio" => Self::System,
            _ if name == "grubx64.efi" || name.starts_with("grub/") || name.ends_with(".ipxe") => Self::Second,
            _ => Self::Loader,
        }
    }

    fn stage(self) -> Stage {
        match self {
            Self::Loader => Stage::Loader,
            Self::Second => Stage::Second,
            Self::System => Stage::System,
        }
    }
}

/// A story as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryView {
    pub choice: Choice,
    pub decision: Decision,
    pub reason: Reason,
    /// None: never seen on the wire since the bench started.
    pub wire: Option<Wire>,
    pub diagnosis: Diagnosis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    pub port: String,
    pub uuid: Option<SystemUuid>,
    pub macs: Vec<Mac>,
    pub address: Option<Ipv4Addr>,
    pub architecture: Option<Architecture>,
    pub protocol: Option<Protocol>,
    pub first: Moment,
    /// When this try began; earlier events are of tries before.
    pub began: Moment,
    pub events: Vec<Event>,
}

impl Wire {
    pub(super) fn of(story: &Story) -> Self {
        Self {
            port: story.port.clone(),
            uuid: story.uuid,
            macs: story.macs.clone(),
            address: story.address,
            architecture: story.architecture,
            protocol: story.protocol,
            first: story.first,
            began: story.began,
            events: story.events().cloned().collect(),
        }
    }
}
