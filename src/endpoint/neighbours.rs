//! Whose network card an address belongs to, as this machine's kernel knows from talking to it.

use std::net::Ipv4Addr;

use whiteglove_core::{identity::Mac, netboot::Who};

/// Everything that is known of whoever sent something from this address. An empty name is any interface.
pub(crate) fn who_is_at(interface: &str, address: Ipv4Addr) -> Who {
    let table = Table::read();
    let mac = table.on(interface).find(|(at, _)| *at == address).map(|(_, mac)| mac);
    Who { mac, ..Who::at(address) }
}

/// The kernel's table of neighbours, as it was when it was read.
pub(crate) struct Table(String);

impl Table {
    pub(crate) fn read() -> Self {
        Self(std::fs::read_to_string("/proc/net/arp").unwrap_or_default())
    }

    /// Who answered on an interface; an empty name is any.
    ///
    /// `address, type, flags, hardware address, mask, interface`, under a line of headings. Flag 2 says that it answered;
    /// without it the address was only asked for.
    pub(crate) fn on(&self, interface: &str) -> impl Iterator<Item = (Ipv4Addr, Mac)> {
        self.0.lines().skip(1).filter_map(move |line| {
            let mut fields = line.split_whitespace();
            let address = fields.next()?.parse().ok()?;
            let flags = u32::from_str_radix(fields.nth(1)?.strip_prefix("0x")?, 16).ok()?;
            let mac = fields.next()?.parse().ok()?;
            let on = fields.nth(1)?;
            (flags & 2 != 0 && (interface.is_empty() || on == interface)).then_some((address, mac))
        })
    }

    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_known_on_its_own_interface_once_it_answered() {
        let table = Table::of(
            "\
IP address       HW type     Flags       HW address            Mask     Device
192.168.7.20     0x1         0x2         02:00:00:00:00:20     *        bench0
192.168.7.20     0x1         0x2         02:00:00:00:00:21     *        bench1
192.168.7.30     0x1         0x0         00:00:00:00:00:00     *        bench0
nonsense
",
        );
        let at = |interface, last| {
            let address = Ipv4Addr::new(192, 168, 7, last);
            table.on(interface).find(|(at, _)| *at == address).map(|(_, mac)| mac)
        };
        assert_eq!(at("bench1", 20), "02:00:00:00:00:21".parse().ok());
        assert_eq!(at("", 20), "02:00:00:00:00:20".parse().ok());
        assert_eq!((at("bench0", 30), at("bench0", 40)), (None, None));
    }
}
