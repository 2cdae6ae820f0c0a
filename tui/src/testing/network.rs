//! Canned networks, and what laptops on them went through.

use std::{net::Ipv4Addr, sync::Arc};

use whiteglove_core::{
    clock::Moment,
    control::{Row, Sheet, Snapshot},
    device::{DeviceId, Signal},
    dhcp::netboot::{Architecture, Protocol},
    identity::Mac,
    netboot::{
        Around, Carrier, ClientView, Mode, NetworkView, PortState, PortView, Program, RivalView, Seen, Sighting, Stage,
        Standing, Stories, TransferView, Who,
    },
    problem::Problem,
};

use super::{ago, arrived, few, hello, ready, snapshot_with};

const HOUSE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

pub fn port(interface: &str, mode: Mode, state: PortState) -> PortView {
    PortView {
        interface: interface.to_owned(),
        mode,
        configured: None,
        state,
        link: Some(true),
        address: Some((Ipv4Addr::new(192, 168, 1, 20), 24)),
        pool: None,
        leases: 0,
        asked: 0,
        answered: 0,
    }
}

/// Goes on by itself as soon as there is a cable.
pub fn no_cable() -> PortView {
    let problem = Problem::new(
        "no cable is in enp4s0",
        "The bench gives no addresses where nobody is.",
        "Put the cable of the bench switch into that port of this box.",
    );
    PortView { link: Some(false), address: None, ..port("enp4s0", Mode::Own, PortState::Waiting(problem)) }
}

pub fn failed_port() -> PortView {
    let problem = Problem::new(
        "UDP port 67 is in use",
        "Another DHCP server runs on this computer, dnsmasq most likely.",
        "Stop it: systemctl stop dnsmasq. Then choose the mode of this port again (m).",
    );
    PortView { asked: 3, ..port("enp3s0", Mode::Proxy, PortState::Failed(problem)) }
}

fn client(device: Option<u64>, seconds: u64, reached: Stage, standing: Standing, headline: &str) -> ClientView {
    let last = u8::try_from(device.unwrap_or(99)).unwrap_or(0);
    ClientView {
        device: device.map(DeviceId),
        port: "enp3s0".to_owned(),
        mac: Some(Mac([0x8c, 0x8c, 0xaa, 0x10, 0x20, last])),
        uuid: None,
        address: Some(Ipv4Addr::new(192, 168, 1, 100 + last % 100)),
        architecture: Some(Architecture::X64),
        protocol: Some(Protocol::Pxe),
        last: ago(seconds),
        reached: Some(reached),
        answer: "shimx64.efi".to_owned(),
        standing,
        headline: headline.to_owned(),
    }
}

/// A good day: one network with a server of its own, one that is ours.
pub fn network() -> NetworkView {
    let house = PortView { asked: 41, answered: 38, ..port("enp3s0", Mode::Proxy, PortState::Serving) };
    let own = PortView {
        address: Some((Ipv4Addr::new(192, 168, 77, 1), 24)),
        pool: Some((Ipv4Addr::new(192, 168, 77, 100), Ipv4Addr::new(192, 168, 77, 200))),
        leases: 3,
        asked: 4,
        answered: 4,
        ..port("enp4s0", Mode::Own, PortState::Serving)
    };
    let radio = PortView { link: None, address: None, ..port("wlp2s0", Mode::Off, PortState::Off) };
    NetworkView {
        ports: vec![house, own, radio],
        rivals: vec![RivalView {
            port: "enp3s0".to_owned(),
            server: HOUSE,
            first: ago(7_200),
            last: ago(8),
            gives_addresses: true,
            file: None,
            answers: 57,
        }],
        clients: vec![
            client(Some(16), 1, Stage::Second, Standing::UnderWay, "loading the kernel"),
            client(Some(15), 30, Stage::Agent, Standing::Arrived, "booted: the agent reported"),
            ClientView {
                answer: "its own disk".to_owned(),
                ..client(Some(3), 300, Stage::Asked, Standing::AsTold, "sent to its own disk")
            },
        ],
        transfers: vec![TransferView {
            address: Ipv4Addr::new(192, 168, 1, 116),
            device: Some(DeviceId(16)),
            name: "boot/initrd.zst".to_owned(),
            by: Carrier::Http,
            since: ago(3),
            done: 31_457_280,
            size: 73_400_320,
            rate: 11_534_336,
        }],
    }
}

/// A bad one: a port that cannot serve, one without a cable, somebody else's boot server, laptops that are stuck.
pub fn in_trouble() -> NetworkView {
    let good = network();
    let stuck = [
        client(Some(17), 15, Stage::Loader, Standing::Stuck, "loader delivered, firmware refused it"),
        ClientView {
            architecture: Some(Architecture::Arm64),
            protocol: Some(Protocol::Http),
            answer: "nothing for arm64".to_owned(),
            ..client(None, 95, Stage::Asked, Standing::Stuck, "nothing to boot for this kind of machine")
        },
    ];
    let rival = RivalView { file: Some("pxelinux.0".to_owned()), ..good.rivals[0].clone() };
    let another = PortView {
        configured: Some(Mode::Own),
        ..port("enp5s0", Mode::Proxy, PortState::Beside(Ipv4Addr::new(10, 0, 0, 1)))
    };
    NetworkView {
        ports: vec![failed_port(), no_cable(), another],
        rivals: vec![rival],
        clients: good.clients.into_iter().take(1).chain(stuck).collect(),
        transfers: vec![],
    }
}

/// The few, and two laptops that nothing is known of but that they asked this network.
pub fn on_network(network: NetworkView) -> Snapshot {
    let asked = |number, seconds| Row { signal: Signal::Network, ..arrived(number, "", "", seconds) };
    let rows = few().rows.iter().cloned().chain([asked(16, 20), asked(17, 200)]).collect::<Vec<_>>();
    Snapshot { network: Arc::new(network), ..snapshot_with(rows) }
}

/// A laptop and what was seen of it, each so many milliseconds before noon.
pub fn story_of(sheet: Sheet, ports: &[PortView], seen: Vec<(u64, Seen)>) -> Sheet {
    let mut stories = Stories::default();
    let identity = &sheet.device.identity;
    let who = Who { uuid: identity.good_uuid(), mac: identity.macs.first().copied(), address: None };
    for (before, seen) in seen {
        let at = Moment::from_millis(super::NOON.millis() - before);
        stories.observe(Sighting { at, port: "enp3s0".to_owned(), who, seen });
    }
    let around = Around { ports, addresses_elsewhere: true, endpoint_up: true, http_port: 8780, now: super::NOON };
    let network = Some(stories.view(&sheet.device, Program::QuickScan, &around));
    Sheet { network, ..sheet }
}

fn asked(boot_server: bool) -> Seen {
    Seen::Asked { architecture: Architecture::X64, protocol: Protocol::Pxe, boot_server, relay: None }
}

fn told(boot_server: bool) -> Seen {
    Seen::Told { file: "shimx64.efi".to_owned(), boot_server }
}

/// From the first question to the loader, `from` milliseconds before noon.
fn loader(from: u64) -> Vec<(u64, Seen)> {
    let name = || "shimx64.efi".to_owned();
    let (size, by) = (965_672, Carrier::Tftp);
    let address = Some(Ipv4Addr::new(192, 168, 1, 117));
    vec![
        (from, asked(false)),
        (from - 2, told(false)),
        (from - 900, Seen::Rival { server: HOUSE, address, file: None, wins: false }),
        (from - 4_000, asked(false)),
        (from - 4_002, told(false)),
        (from - 8_100, asked(true)),
        (from - 8_102, told(true)),
        (from - 8_400, Seen::Probed { name: name(), size }),
        (from - 8_500, Seen::Fetching { name: name(), size, by }),
        (from - 8_910, Seen::Fetched { name: name(), size, millis: 410, by }),
    ]
}

fn on_wire(number: u64) -> Sheet {
    let mut sheet = hello();
    sheet.device.id = DeviceId(number);
    sheet.device.signal = Signal::Network;
    sheet.device.identity.serial = None;
    sheet.device.identity.manufacturer.clear();
    sheet.device.identity.model.clear();
    sheet.device.media = None;
    sheet.device.history = vec![(ago(200), Signal::Network, "asked the network for something to boot".to_owned())];
    sheet
}

/// Number 17: its firmware refuses the loader, the second time now.
pub fn refused() -> Sheet {
    let seen = loader(190_000).into_iter().chain(loader(41_000)).collect();
    story_of(on_wire(17), &network().ports, seen)
}

/// Number 16: another server's file wins.
pub fn rival() -> Sheet {
    let file = Some("pxelinux.0".to_owned());
    let other = Seen::Rival { server: HOUSE, address: Some(Ipv4Addr::new(192, 168, 1, 116)), file, wins: true };
    let seen = vec![(20_000, asked(false)), (19_998, told(false)), (19_100, other)];
    story_of(on_wire(16), &network().ports, seen)
}

/// Number 15: all the way to its capture.
pub fn booted() -> Sheet {
    let missing = |name: &str| Seen::NotThere { name: name.to_owned(), by: Carrier::Tftp };
    let has = |name: &str, size, millis, by| Seen::Fetched { name: name.to_owned(), size, millis, by };
    let mut seen = loader(60_000);
    seen.extend([
        (50_900, missing("revocations.efi")),
        (50_000, has("grubx64.efi", 2_320_264, 390, Carrier::Tftp)),
        (49_000, has("grub/grub.cfg", 612, 2, Carrier::Tftp)),
        (45_000, has("boot/vmlinuz", 14_680_064, 1_280, Carrier::Http)),
        (38_000, has("boot/initrd.zst", 73_400_320, 6_410, Carrier::Http)),
        (22_000, Seen::Hello),
        (9_000, Seen::Captured),
    ]);
    let sheet = hello();
    story_of(sheet, &network().ports, seen)
}

/// Number 3: captured, and never seen on the network.
pub fn unseen() -> Sheet {
    story_of(ready(), &network().ports, vec![])
}
