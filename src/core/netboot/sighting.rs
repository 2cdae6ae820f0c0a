//! What a server saw.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Moment,
    dhcp::{
        netboot::{Architecture, Protocol, Request},
        reply::Silence,
    },
    identity::{Mac, SystemUuid},
};

/// One thing that was seen of one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub at: Moment,
    /// The interface on which.
    pub port: String,
    pub who: Who,
    pub seen: Seen,
}

/// As much as a packet says of its sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Who {
    pub uuid: Option<SystemUuid>,
    pub mac: Option<Mac>,
    pub address: Option<Ipv4Addr>,
}

impl Who {
    pub fn of(request: &Request) -> Self {
        let address = Some(request.client).filter(|address| !address.is_unspecified());
        Self { uuid: request.uuid, mac: Some(request.mac), address }
    }

    pub fn at(address: Ipv4Addr) -> Self {
        Self { address: Some(address), ..Self::default() }
    }
}

/// How a file travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    Tftp,
    Http,
}

impl Carrier {
    pub fn word(self) -> &'static str {
        match self {
            Self::Tftp => "TFTP",
            Self::Http => "HTTP",
        }
    }
}

/// Why a machine that asks was told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withheld {
    Ignored,
    NoPayload(Architecture, Protocol),
    /// It wants a signature of the boot integrity services.
    Credentials,
    /// Nothing of the boot environment is there.
    NoBootEnvironment,
    /// No address is left in the pool.
    PoolFull,
}

impl Withheld {
    /// None: nothing worth telling a person.
    pub fn of(silence: Silence) -> Option<Self> {
        match silence {
            Silence::Nothing => Some(Self::Ignored),
            Silence::NoPayload(architecture, protocol) => Some(Self::NoPayload(architecture, protocol)),
            Silence::Credentials => Some(Self::Credentials),
            Silence::NotAsked => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// It asked for something to boot. `boot_server`: on port 4011. `relay`: from behind this router.
    Asked {
        architecture: Architecture,
        protocol: Protocol,
        boot_server: bool,
        relay: Option<Ipv4Addr>,
    },
    /// We answered with this file.
    Told {
        file: String,
        boot_server: bool,
    },
    Withheld(Withheld),
    /// Another server answered it. `file`: it names something to boot. `wins`: firmware prefers that to ours.
    Rival {
        server: Ipv4Addr,
        address: Option<Ipv4Addr>,
        file: Option<String>,
        wins: bool,
    },
    /// We gave it this address.
    Leased(Ipv4Addr),
    /// It only wanted to know the size.
    Probed {
        name: String,
        size: u64,
    },
    Fetching {
        name: String,
        size: u64,
        by: Carrier,
    },
    /// It has the whole file.
    Fetched {
        name: String,
        size: u64,
        millis: u64,
        by: Carrier,
    },
    /// The transfer ended before the file did. `how`: in a few words.
    Broken {
        name: String,
        had: u64,
        size: u64,
        how: String,
        by: Carrier,
    },
    NotThere {
        name: String,
        by: Carrier,
    },
    /// The agent reached us.
    Hello,
    /// The agent handed over a capture.
    Captured,
}

impl Withheld {
    /// In a few words, as a list shows it.
    pub fn words(self) -> String {
        match self {
            Self::Ignored => "nothing (left alone)".to_owned(),
            Self::NoPayload(architecture, _) => format!("nothing for {architecture}"),
            Self::Credentials => "nothing (wants credentials)".to_owned(),
            Self::NoBootEnvironment => "nothing (no boot environment)".to_owned(),
            Self::PoolFull => "no address left".to_owned(),
        }
    }
}
