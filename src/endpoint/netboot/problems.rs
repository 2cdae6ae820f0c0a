//! Why a network is not served, with the command that changes it.

use std::{io::ErrorKind, net::Ipv4Addr};

use whiteglove_core::{dhcp::own::BadPool, netboot::Mode, problem::Problem};

use super::{interfaces::Interface, sockets::NotBound};

const TFTP: u16 = 69;

fn what(interface: &str) -> String {
    format!("Laptops on {interface} cannot boot from the network.")
}

pub(super) fn no_such(name: &str, there: &[Interface]) -> Problem {
    let names: Vec<_> = there.iter().map(|interface| interface.name.as_str()).collect();
    let next = match names.as_slice() {
        [] => "Plug the adapter in; `ip -brief link` shows it once it is there.".to_owned(),
        names => format!(
            "Plug the adapter in, or choose one that is there ({}): `whiteglove netboot mode NAME proxy`.",
            names.join(", ")
        ),
    };
    Problem::new(what(name), format!("This machine has no network interface {name}."), next)
}

pub(super) fn switched_off(name: &str) -> Problem {
    Problem::new(what(name), "The interface is switched off.", format!("Run `sudo ip link set {name} up`."))
}

pub(super) fn no_cable(name: &str) -> Problem {
    Problem::new(
        what(name),
        "No cable is in, or nothing at its other end is switched on.",
        format!("Plug it into the bench's switch; `ip -brief link show {name}` says UP then."),
    )
}

/// `all`: so that the network that is proposed is a new one.
pub(super) fn no_address(name: &str, mode: Mode, all: &[Interface]) -> Problem {
    if mode == Mode::Proxy {
        return Problem::new(
            what(name),
            "The interface has no IPv4 address yet.",
            format!(
                "If the network's DHCP server gives it none, run `sudo nmcli device connect {name}` or `sudo dhclient {name}`."
            ),
        );
    }
    let taken = |third: u8| {
        all.iter()
            .flat_map(|interface| &interface.addresses)
            .any(|(address, _)| address.octets()[..3] == [192, 168, third])
    };
    let third = (77..=99).find(|third| !taken(*third)).unwrap_or(77);
    Problem::new(
        what(name),
        "The interface has no IPv4 address, and one of its own is what a DHCP server needs.",
        format!(
            "Run `sudo ip address add 192.168.{third}.1/24 dev {name}`, or, to keep it, `sudo nmcli connection add type \
             ethernet ifname {name} ipv4.method manual ipv4.addresses 192.168.{third}.1/24`."
        ),
    )
}

pub(super) fn not_bound(interface: &str, failed: &NotBound) -> Problem {
    let NotBound { port, error } = failed;
    let (why, next) = match error.kind() {
        ErrorKind::PermissionDenied => (
            format!("UDP port {port} needs a privilege that whiteglove was not started with."),
            format!(
                "Run `sudo setcap 'cap_net_bind_service,cap_net_raw=+ep' {}` and start whiteglove again.",
                quoted_program()
            ),
        ),
        ErrorKind::AddrInUse => (
            format!("Another program has UDP port {port} there."),
            format!(
                "Run `sudo ss -lunp 'sport = :{port}'` to see which (often dnsmasq, of libvirt or of NetworkManager's \
                 sharing) and stop it; whiteglove goes on by itself then."
            ),
        ),
        _ => (
            format!("UDP port {port} cannot be had; the system says: {error}."),
            format!("Look at it with `ip address show {interface}`; whiteglove tries again by itself."),
        ),
    };
    Problem::new(what(interface), why, next)
}

pub(super) fn no_tftp(interface: &str, error: std::io::Error) -> Problem {
    not_bound(interface, &NotBound { port: TFTP, error })
}

pub(super) fn bad_pool(interface: &str, bad: BadPool, address: (Ipv4Addr, u8)) -> Problem {
    let (address, prefix) = address;
    let next = match bad {
        BadPool::Prefix => {
            format!("Give it a network of 8 to 30 bits: `sudo ip address add {address}/24 dev {interface}`.")
        }
        _ => format!(
            "Correct the [[netboot]] section of '{interface}' in the configuration, then start whiteglove again."
        ),
    };
    Problem::new(
        format!("No addresses can be given on {interface}, which is {address}/{prefix}."),
        format!("{bad}."),
        next,
    )
}

pub(super) fn no_list(error: &std::io::Error) -> Problem {
    Problem::new(
        "The network interfaces of this machine are not known.",
        format!("The system says: {error}."),
        "Look with `ip address`; whiteglove tries again by itself.",
    )
}

/// The very file that runs: a privilege belongs to it and not to its name.
fn quoted_program() -> String {
    let path = std::env::current_exe().map_or_else(|_| "whiteglove".to_owned(), |path| path.display().to_string());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    if path.bytes().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_names_a_command_that_can_be_typed_as_it_stands() {
        let refused = |kind: ErrorKind| not_bound("enp3s0", &NotBound { port: 67, error: kind.into() }).next;
        assert!(refused(ErrorKind::PermissionDenied).contains(&std::env::current_exe().unwrap().display().to_string()));
        assert!(refused(ErrorKind::AddrInUse).contains("`sudo ss -lunp 'sport = :67'`"));
        let other = Interface {
            name: "wlan0".into(),
            index: 3,
            mac: whiteglove_core::identity::Mac([2; 6]),
            up: true,
            link: Some(true),
            addresses: vec![(Ipv4Addr::new(192, 168, 77, 40), 24)],
        };
        let next = no_address("enp3s0", Mode::Own, &[other]).next;
        assert!(next.contains("`sudo ip address add 192.168.78.1/24 dev enp3s0`"), "{next}");
    }
}
