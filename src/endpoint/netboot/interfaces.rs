//! The network interfaces of this machine, as far as a laptop can be on one.

use std::{io, net::Ipv4Addr};

use nix::{ifaddrs::InterfaceAddress, net::if_::InterfaceFlags};
use whiteglove_core::identity::Mac;

/// Interfaces of containers and virtual machines by the names their makers give them. Nobody plugs a laptop in there;
/// who wants one all the same names it.
const VIRTUAL: [&str; 10] = ["br-", "cali", "cni", "docker", "flannel", "lxc", "lxdbr", "veth", "virbr", "vnet"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) index: u32,
    pub(super) mac: Mac,
    /// Switched on by the system.
    pub(super) up: bool,
    /// Whether a cable is in; nobody can tell while it is switched off.
    pub(super) link: Option<bool>,
    /// The first is the one we answer with.
    pub(super) addresses: Vec<(Ipv4Addr, u8)>,
}

impl Interface {
    pub(super) fn is_virtual(&self) -> bool {
        VIRTUAL.iter().any(|maker| self.name.starts_with(maker))
    }
}

/// In the order of the system. Asked of the kernel, not read from /sys, which may be another network namespace's.
///
/// # Errors
/// The system does not say.
pub(super) fn list() -> io::Result<Vec<Interface>> {
    let mut found: Vec<Interface> = Vec::new();
    let entries: Vec<_> = nix::ifaddrs::getifaddrs()?.collect();
    for entry in &entries {
        found.extend(hardware(entry).filter(|new| found.iter().all(|known| known.name != new.name)));
    }
    for entry in &entries {
        // Old tools label a second address `eth0:1`.
        let name = entry.interface_name.split(':').next().unwrap_or_default();
        if let Some(interface) = found.iter_mut().find(|known| known.name == name)
            && let Some(address) = address(entry)
        {
            interface.addresses.push(address);
        }
    }
    Ok(found)
}

/// An Ethernet interface, or one that looks like it.
fn hardware(entry: &InterfaceAddress) -> Option<Interface> {
    let flags = entry.flags;
    let asks_everybody = flags.contains(InterfaceFlags::IFF_BROADCAST)
        && !flags
            .intersects(InterfaceFlags::IFF_LOOPBACK | InterfaceFlags::IFF_POINTOPOINT | InterfaceFlags::IFF_NOARP);
    let link = entry.address.as_ref()?.as_link_addr().filter(|_| asks_everybody)?;
    let up = flags.contains(InterfaceFlags::IFF_UP);
    Some(Interface {
        name: entry.interface_name.clone(),
        index: u32::try_from(link.ifindex()).ok()?,
        mac: Mac(link.addr()?),
        up,
        link: up.then(|| flags.contains(InterfaceFlags::IFF_RUNNING)),
        addresses: Vec::new(),
    })
}

fn address(entry: &InterfaceAddress) -> Option<(Ipv4Addr, u8)> {
    let address = entry.address.as_ref()?.as_sockaddr_in()?.ip();
    let mask = entry.netmask.as_ref().and_then(|mask| Some(mask.as_sockaddr_in()?.ip()));
    let prefix = mask.map_or(32, |mask| mask.to_bits().leading_ones());
    Some((address, u8::try_from(prefix).unwrap_or(32)))
}
