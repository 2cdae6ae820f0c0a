//! The pool of an interface: what a person configured, or what its own network leaves room for.

use std::net::Ipv4Addr;

use whiteglove_core::dhcp::{
    own::{BadPool, Pool, Settings},
    reply::Server,
};

use crate::config::Addresses;

/// More than a bench has laptops, and few enough that a person's fixed addresses find room beside it.
const MOST: u32 = 200;

/// The pool, and its ends.
///
/// # Errors
/// It cannot work.
pub(super) fn pool(addresses: &Addresses, server: Server, prefix: u8) -> Result<(Pool, (Ipv4Addr, Ipv4Addr)), BadPool> {
    let (first, last) = addresses.range.unwrap_or_else(|| upper_half(server.address, prefix));
    let settings = Settings {
        server,
        prefix,
        first,
        last,
        router: addresses.router,
        dns: addresses.dns.clone(),
        ntp: addresses.ntp.clone(),
        lease: addresses.lease,
        probe: addresses.probe,
    };
    Ok((Pool::new(settings)?, (first, last)))
}

/// Where nobody has put anything by hand, as a rule.
fn upper_half(address: Ipv4Addr, prefix: u8) -> (Ipv4Addr, Ipv4Addr) {
    // A prefix that leaves no room is refused by the pool itself.
    let rest = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    let (network, own) = (address.to_bits() & !rest, address.to_bits());
    let (middle, end) = (network + rest / 2 + 1, network | rest);
    // Nothing is wrong with an address that ends in 0, and there are devices that will not have it.
    let middle = if middle & 0xff == 0 { middle + 1 } else { middle };
    let (mut first, mut last) = (middle, (end - 1).min(middle.saturating_add(MOST - 1)));
    // The smallest network: the one other address there is.
    if first == last && first == own {
        (first, last) = (network + 1, network + 1);
    }
    (first, last) = if own == first { (first + 1, last) } else { (first, last) };
    (first, last) = if own == last { (first, last - 1) } else { (first, last) };
    (Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_range_the_upper_half_is_given_and_never_our_own() {
        let half = |text: &str, prefix| {
            let address = text.parse().unwrap();
            let server = Server { address, http_port: 80 };
            let (_, (first, last)) =
                pool(&Addresses::default(), server, prefix).map_err(|bad| (text.to_owned(), bad))?;
            Ok::<_, (String, BadPool)>(format!("{first}-{last}"))
        };
        assert_eq!(half("192.168.77.1", 24).unwrap(), "192.168.77.128-192.168.77.254");
        assert_eq!(half("192.168.77.254", 24).unwrap(), "192.168.77.128-192.168.77.253");
        assert_eq!(half("192.168.77.128", 24).unwrap(), "192.168.77.129-192.168.77.254");
        assert_eq!(half("10.0.0.1", 8).unwrap(), "10.128.0.1-10.128.0.200");
        assert_eq!(half("10.0.0.1", 30).unwrap(), "10.0.0.2-10.0.0.2");
        assert_eq!(half("10.0.0.2", 30).unwrap(), "10.0.0.1-10.0.0.1");
        assert_eq!(half("10.0.0.1", 31).unwrap_err().1, BadPool::Prefix);
        assert_eq!(half("10.0.0.1", 32).unwrap_err().1, BadPool::Prefix);
    }
}
