//! Whose network card an address belongs to, as this machine's kernel knows from talking to it.

use std::net::Ipv4Addr;

use whiteglove_core::{identity::Mac, netboot::Who};

/// Everything that is known of whoever sent something from this address.
pub(crate) fn who_is_at(interface: &str, address: Ipv4Addr) -> Who {
    let table = std::fs::read_to_string("/proc/net/arp").unwrap_or_default();
    Who { mac: find(&table, interface, address), ..Who::at(address) }
}

/// `address, type, flags, hardware address, mask, interface`, under a line of headings. An empty name is any interface.
fn find(table: &str, interface: &str, address: Ipv4Addr) -> Option<Mac> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace();
        let at: Ipv4Addr = fields.next()?.parse().ok()?;
        let mac: Mac = fields.nth(2)?.parse().ok()?;
        let on = fields.nth(1)?;
        // All zeros: it was asked for and has not answered.
        (at == address && (interface.is_empty() || on == interface) && mac.0 != [0; 6]).then_some(mac)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_is_known_on_its_own_interface_once_it_answered() {
        let table = "\
IP address       HW type     Flags       HW address            Mask     Device
192.168.7.20     0x1         0x2         02:00:00:00:00:20     *        bench0
192.168.7.20     0x1         0x2         02:00:00:00:00:21     *        bench1
192.168.7.30     0x1         0x0         00:00:00:00:00:00     *        bench0
";
        let at = |interface, last| find(table, interface, Ipv4Addr::new(192, 168, 7, last));
        assert_eq!(at("bench1", 20), "02:00:00:00:00:21".parse().ok());
        assert_eq!(at("", 20), "02:00:00:00:00:20".parse().ok());
        assert_eq!((at("bench0", 30), at("bench0", 40)), (None, None));
    }
}
