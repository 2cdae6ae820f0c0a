//! `[[netboot]]`: one section for each network on which the bench boots laptops.

use std::{net::Ipv4Addr, time::Duration};

use serde::Deserialize;
use whiteglove_core::netboot::Mode;

const LEASE: u64 = 3_600;
/// Answers that come too late are as good as none: firmware waits four seconds.
const LONGEST_DELAY: u64 = 3;

/// How the bench lives on one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetbootPort {
    pub interface: String,
    pub mode: Mode,
    pub addresses: Addresses,
    /// Before the first answer: some firmware misses one that comes at once.
    pub delay: Duration,
    /// Spares UEFI the way to port 4011; firmware before April 2017 drops such an offer.
    pub skip_boot_server: bool,
}

/// What own mode gives out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The ends of the pool; without them the upper half of the interface's network.
    pub range: Option<(Ipv4Addr, Ipv4Addr)>,
    pub router: Option<Ipv4Addr>,
    pub dns: Vec<Ipv4Addr>,
    pub ntp: Vec<Ipv4Addr>,
    pub lease: Duration,
    /// Look whether somebody uses an address before it is offered.
    pub probe: bool,
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            range: None,
            router: None,
            dns: Vec::new(),
            ntp: Vec::new(),
            lease: Duration::from_secs(LEASE),
            probe: true,
        }
    }
}

impl NetbootPort {
    pub fn silent(interface: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            mode: Mode::Off,
            addresses: Addresses::default(),
            delay: Duration::ZERO,
            skip_boot_server: false,
        }
    }
}

/// As a person writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    interface: String,
    mode: Mode,
    first: Option<Ipv4Addr>,
    last: Option<Ipv4Addr>,
    router: Option<Ipv4Addr>,
    #[serde(default)]
    dns: Vec<Ipv4Addr>,
    #[serde(default)]
    ntp: Vec<Ipv4Addr>,
    /// Seconds.
    lease: Option<u64>,
    probe: Option<bool>,
    /// Seconds.
    #[serde(default)]
    delay: u64,
    #[serde(default)]
    skip_boot_server: bool,
}

pub(super) fn ports(sections: Vec<Section>) -> Result<Vec<NetbootPort>, String> {
    let mut ports: Vec<NetbootPort> = Vec::new();
    for section in sections {
        let name = section.interface.clone();
        let port = section.port().map_err(|why| format!("[[netboot]] of '{name}': {why}"))?;
        if ports.iter().any(|known| known.interface == name) {
            return Err(format!("[[netboot]] of '{name}' is there twice"));
        }
        ports.push(port);
    }
    Ok(ports)
}

impl Section {
    fn port(self) -> Result<NetbootPort, String> {
        // Linux: 15 bytes, no slash, no blank.
        let is_name = |name: &str| {
            (1..=15).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
        };
        if !is_name(&self.interface) {
            return Err("'interface' must be a network interface's name, like enp3s0 or eth0.20".to_owned());
        }
        let range = match (self.first, self.last) {
            (None, None) => None,
            (Some(first), Some(last)) if first <= last => Some((first, last)),
            (Some(_), Some(_)) => return Err("'first' comes after 'last'".to_owned()),
            _ => return Err("'first' and 'last' belong together".to_owned()),
        };
        let gives = range.is_some() || self.router.is_some() || !self.dns.is_empty() || !self.ntp.is_empty();
        if self.mode == Mode::Proxy && gives {
            return Err(
                "a proxy gives no addresses, routers or servers; set mode = \"own\" or take them out".to_owned()
            );
        }
        let lease = self.lease.unwrap_or(LEASE);
        if !(60..=366 * 86_400).contains(&lease) {
            return Err("'lease' must be 60 to 31622400 seconds".to_owned());
        }
        if self.delay > LONGEST_DELAY {
            return Err(format!("'delay' must be 0 to {LONGEST_DELAY} seconds"));
        }
        if self.dns.len() > 8 || self.ntp.len() > 8 {
            return Err("at most eight servers of one kind".to_owned());
        }
        Ok(NetbootPort {
            interface: self.interface,
            mode: self.mode,
            addresses: Addresses {
                range,
                router: self.router,
                dns: self.dns,
                ntp: self.ntp,
                lease: Duration::from_secs(lease),
                probe: self.probe.unwrap_or(true),
            },
            delay: Duration::from_secs(self.delay),
            skip_boot_server: self.skip_boot_server,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        netboot: Vec<Section>,
    }

    fn parse(text: &str) -> Result<Vec<NetbootPort>, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        ports(file.netboot)
    }

    #[test]
    fn several_networks_each_in_its_own_manner() {
        let ports = parse(
            "[[netboot]]\ninterface = 'enp3s0'\nmode = 'proxy'\n\
             [[netboot]]\ninterface = 'eth0.20'\nmode = 'own'\nfirst = '10.0.0.50'\nlast = '10.0.0.99'\nntp = ['10.0.0.1']\n",
        );
        let ports = ports.unwrap();
        assert_eq!((ports[0].mode, ports[1].mode), (Mode::Proxy, Mode::Own));
        assert_eq!(ports[1].addresses.range, Some((Ipv4Addr::new(10, 0, 0, 50), Ipv4Addr::new(10, 0, 0, 99))));
        assert!(ports[1].addresses.probe && ports[1].addresses.lease == Duration::from_secs(3_600));
    }

    #[test]
    fn what_cannot_work_is_said() {
        let of = |rest: &str| parse(&format!("[[netboot]]\ninterface = 'e0'\n{rest}")).unwrap_err();
        assert!(of("mode = 'proxy'\nrouter = '10.0.0.1'\n").contains("a proxy gives no addresses"));
        assert!(of("mode = 'own'\nfirst = '10.0.0.9'\n").contains("belong together"));
        assert!(of("mode = 'own'\nfirst = '10.0.0.9'\nlast = '10.0.0.1'\n").contains("comes after"));
        assert!(of("mode = 'own'\nlease = 5\n").contains("'lease' must be"));
        assert!(of("mode = 'both'\n").contains("unknown variant"));
        assert!(of("mode = 'off'\n[[netboot]]\ninterface = 'e0'\nmode = 'own'\n").contains("there twice"));
        assert!(parse("[[netboot]]\ninterface = 'a/b'\nmode = 'off'\n").unwrap_err().contains("interface's name"));
    }
}
