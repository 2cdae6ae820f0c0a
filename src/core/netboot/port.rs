//! What screens see of the network.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::{Carrier, ClientView};
use crate::{clock::Moment, device::DeviceId, problem::Problem};

/// How the bench lives on one network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Silent.
    #[default]
    Off,
    /// Beside a DHCP server: names boot files, never gives an address.
    Proxy,
    /// The bench's own network: gives addresses too.
    Own,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Proxy => "proxy",
            Self::Own => "own",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Off => "off: silent on this network",
            Self::Proxy => "proxyDHCP: beside a DHCP server, gives no addresses",
            Self::Own => "own DHCP: a bench network without another server",
        }
    }
}

/// Whether a port serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortState {
    Off,
    /// Looks for another DHCP server before it gives the first address.
    Looking,
    Serving,
    /// Own mode, but this server gives addresses here: only boot files are named.
    Beside(Ipv4Addr),
    /// No cable, no address yet, no such interface: goes on by itself.
    Waiting(Problem),
    /// Somebody has to do something.
    Failed(Problem),
}

impl PortState {
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Waiting(problem) | Self::Failed(problem) => Some(problem),
            Self::Off | Self::Looking | Self::Serving | Self::Beside(_) => None,
        }
    }
}

/// One interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortView {
    pub interface: String,
    pub mode: Mode,
    /// What the configuration says, if a person chose otherwise on the board.
    pub configured: Option<Mode>,
    pub state: PortState,
    /// Whether a cable is in; `None` where the system does not say.
    pub link: Option<bool>,
    pub address: Option<(Ipv4Addr, u8)>,
    /// First and last address that is given out.
    pub pool: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Leases that run.
    pub leases: usize,
    pub asked: u64,
    pub answered: u64,
}

/// Another server on one of our networks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RivalView {
    pub port: String,
    pub server: Ipv4Addr,
    pub first: Moment,
    pub last: Moment,
    pub gives_addresses: bool,
    /// What it names to boot.
    pub file: Option<String>,
    pub answers: u64,
}

/// A file on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferView {
    pub address: Ipv4Addr,
    pub device: Option<DeviceId>,
    pub name: String,
    pub by: Carrier,
    pub since: Moment,
    /// Bytes.
    pub done: u64,
    /// Bytes.
    pub size: u64,
    /// Bytes a second, over the last second or two.
    pub rate: u64,
}

impl TransferView {
    pub fn percent(&self) -> u64 {
        self.done.min(self.size).saturating_mul(100).checked_div(self.size).unwrap_or(100)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkView {
    /// Every interface a laptop could be on, in the order of the system.
    pub ports: Vec<PortView>,
    pub rivals: Vec<RivalView>,
    /// The last heard first.
    pub clients: Vec<ClientView>,
    pub transfers: Vec<TransferView>,
}
