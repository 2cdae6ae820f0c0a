//! What a machine is to boot from the network: a function of what it is, of the batch, and of what a person chose.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    device::{Device, Stage},
    identity::{Mac, SystemUuid},
};

/// Something a laptop can boot from this bench.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// Our agent: captures in seconds.
    #[default]
    QuickScan,
    /// The customer's own Windows PE.
    #[serde(rename = "winpe")]
    WinPe,
    MemoryTest,
}

impl Program {
    pub const ALL: [Self; 3] = [Self::QuickScan, Self::WinPe, Self::MemoryTest];

    pub fn words(self) -> &'static str {
        match self {
            Self::QuickScan => "quick scan",
            Self::WinPe => "WinPE",
            Self::MemoryTest => "memory test",
        }
    }
}

/// What a person chose for one machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The batch's program until it is captured, its own disk from then on.
    #[default]
    Automatic,
    /// Once: a laptop that was left in network-boot order must not end here for ever.
    Boot(Program),
    /// Whatever it is, on to its own disk.
    LocalDisk,
    /// It is none of ours: not answered, and not counted.
    Ignore,
}

impl Choice {
    pub const ALL: [Self; 6] = [
        Self::Automatic,
        Self::Boot(Program::QuickScan),
        Self::Boot(Program::WinPe),
        Self::Boot(Program::MemoryTest),
        Self::LocalDisk,
        Self::Ignore,
    ];

    pub fn words(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Boot(program) => program.words(),
            Self::LocalDisk => "its own disk",
            Self::Ignore => "nothing: leave it alone",
        }
    }
}

/// What it will be told when it asks next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    Boot(Program),
    LocalDisk,
    Ignore,
}

impl Decision {
    pub fn words(self) -> &'static str {
        match self {
            Self::Boot(program) => program.words(),
            Self::LocalDisk => "own disk",
            Self::Ignore => "nothing",
        }
    }
}

/// Why it is told that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    Chosen,
    /// What the batch boots.
    Batch,
    /// It has handed over what we wanted.
    Captured,
    Registered,
}

impl Reason {
    pub fn words(self) -> &'static str {
        match self {
            Self::Chosen => "chosen here",
            Self::Batch => "what this batch boots",
            Self::Captured => "it has been captured",
            Self::Registered => "it is registered",
        }
    }
}

/// `program`: what the batch boots.
pub fn decide(device: Option<&Device>, program: Program) -> (Decision, Reason) {
    let Some(device) = device else { return (Decision::Boot(program), Reason::Batch) };
    match device.boot {
        Choice::Boot(program) => (Decision::Boot(program), Reason::Chosen),
        Choice::LocalDisk => (Decision::LocalDisk, Reason::Chosen),
        Choice::Ignore => (Decision::Ignore, Reason::Chosen),
        // A hold is looked at on the bench; scanning once more would not end it.
        Choice::Automatic => match device.stage.below_holds() {
            Stage::Captured { .. } | Stage::Replaced { .. } => (Decision::LocalDisk, Reason::Captured),
            Stage::Registered { .. } | Stage::Cleared { .. } => (Decision::LocalDisk, Reason::Registered),
            Stage::Arrived { .. } | Stage::Held { .. } => (Decision::Boot(program), Reason::Batch),
        },
    }
}

/// The decisions for all machines, for servers that must answer at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootTable {
    by_uuid: HashMap<SystemUuid, Decision>,
    /// Of machines without a UUID alone: an address travels with its dongle.
    by_mac: HashMap<Mac, Decision>,
    default: Decision,
}

impl BootTable {
    pub fn new<'a>(devices: impl Iterator<Item = &'a Device>, program: Program) -> Self {
        let mut table = Self { by_uuid: HashMap::new(), by_mac: HashMap::new(), default: Decision::Boot(program) };
        for device in devices.filter(|device| !device.is_replaced()) {
            let (decision, _) = decide(Some(device), program);
            match device.identity.good_uuid() {
                Some(uuid) => drop(table.by_uuid.insert(uuid, decision)),
                None => table.by_mac.extend(device.identity.macs.iter().map(|mac| (*mac, decision))),
            }
        }
        table
    }

    pub fn of(&self, uuid: Option<SystemUuid>, mac: Mac) -> Decision {
        let known = match uuid.filter(|uuid| !uuid.is_junk()) {
            Some(uuid) => self.by_uuid.get(&uuid),
            None => self.by_mac.get(&mac),
        };
        known.copied().unwrap_or(self.default)
    }
}

impl Default for BootTable {
    fn default() -> Self {
        Self::new(std::iter::empty(), Program::QuickScan)
    }
}
