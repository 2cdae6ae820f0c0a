//! The demonstration's wire: what a bench with network boot would see of these laptops. Nothing is sent.

use std::{net::Ipv4Addr, time::Duration};

use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    clock::Moment,
    dhcp::netboot::{Architecture, Protocol},
    identity::{Mac, SystemUuid},
    netboot::{Carrier, Mode, PortState, PortView, RivalView, Seen, TransferView, Who, Withheld},
};

use super::{laptop::Laptop, pause};
use crate::{clock::now, endpoint::Reports};

const PORT: &str = "demo0";
const BENCH: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 1);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 254);
const STEP: Duration = Duration::from_millis(150);

/// Two laptops more than those that report: one whose firmware refuses the loader, one with another processor.
const STUCK: [(u64, Architecture); 2] = [(1_000, Architecture::X64), (1_001, Architecture::Arm64)];

/// What is there before the first laptop.
pub(super) fn begin(reports: &Reports, began: Moment) {
    reports.ports(vec![PortView {
        interface: PORT.to_owned(),
        mode: Mode::Proxy,
        configured: None,
        state: PortState::Serving,
        link: Some(true),
        address: Some((BENCH, 24)),
        pool: None,
        leases: 0,
        asked: 0,
        answered: 0,
    }]);
    reports.rivals(
        PORT,
        vec![RivalView {
            port: PORT.to_owned(),
            server: ROUTER,
            first: began,
            last: now(),
            gives_addresses: true,
            file: None,
            answers: 1,
        }],
    );
}

/// From its first packet until the agent starts.
pub(super) fn boot(reports: &Reports, laptop: &Laptop, stop: &CancellationToken) {
    let wire = Wire::of(reports, laptop);
    wire.ask(Architecture::X64, Protocol::Pxe);
    pause(STEP, stop);
    wire.ask_boot_server();
    wire.load("shimx64.efi", 1_036_152, Carrier::Tftp, stop);
    wire.saw(Seen::NotThere { name: "revocations_sbat.efi".to_owned(), by: Carrier::Tftp });
    wire.load("grubx64.efi", 2_315_144, Carrier::Tftp, stop);
    wire.load("boot/vmlinuz", 12_171_200, Carrier::Tftp, stop);
    wire.load("boot/initrd.zst", 5_767_168, Carrier::Tftp, stop);
}

/// Those that come no further, one after the other.
pub(super) fn get_stuck(reports: &Reports, seed: u64, stop: &CancellationToken) {
    for (number, architecture) in STUCK {
        let laptop = Laptop::flawless(seed, number);
        let wire = Wire::of(reports, &laptop);
        if architecture != Architecture::X64 {
            wire.saw(asked(architecture, Protocol::Http, false));
            wire.saw(Seen::Withheld(Withheld::NoPayload(architecture, Protocol::Http)));
            continue;
        }
        wire.ask(architecture, Protocol::Pxe);
        pause(STEP, stop);
        wire.ask_boot_server();
        wire.load("shimx64.efi", 1_036_152, Carrier::Tftp, stop);
    }
}

fn asked(architecture: Architecture, protocol: Protocol, boot_server: bool) -> Seen {
    Seen::Asked { architecture, protocol, boot_server, relay: None }
}

struct Wire<'a> {
    reports: &'a Reports,
    who: Who,
    address: Ipv4Addr,
}

impl<'a> Wire<'a> {
    fn of(reports: &'a Reports, laptop: &Laptop) -> Self {
        let identity = laptop.hello().identity;
        let uuid: Option<SystemUuid> = identity.good_uuid();
        let mac: Mac = laptop.mac();
        let host = u8::try_from(laptop.dice("address") % 100).unwrap_or(0) + 100;
        let [a, b, c, _] = BENCH.octets();
        Self { reports, who: Who { uuid, mac: Some(mac), address: None }, address: Ipv4Addr::new(a, b, c, host) }
    }

    fn saw(&self, seen: Seen) {
        self.reports.saw(PORT, self.who, seen);
    }

    fn ask(&self, architecture: Architecture, protocol: Protocol) {
        self.saw(asked(architecture, protocol, false));
        self.saw(Seen::Told { file: "shimx64.efi".to_owned(), boot_server: false });
        self.saw(Seen::Rival { server: ROUTER, address: Some(self.address), file: None, wins: false });
    }

    fn ask_boot_server(&self) {
        self.saw(asked(Architecture::X64, Protocol::Pxe, true));
        self.saw(Seen::Told { file: "shimx64.efi".to_owned(), boot_server: true });
    }

    fn load(&self, name: &str, size: u64, by: Carrier, stop: &CancellationToken) {
        let name = name.to_owned();
        self.saw(Seen::Fetching { name: name.clone(), size, by });
        let (since, address) = (now(), self.address);
        for part in 1..=4 {
            let done = size / 4 * part;
            let rate = size * 1_000 / 600;
            let view = TransferView { address, device: None, name: name.clone(), by, since, done, size, rate };
            self.reports.transfers(&address.to_string(), vec![view]);
            pause(STEP, stop);
        }
        self.reports.transfers(&address.to_string(), vec![]);
        self.saw(Seen::Fetched { name, size, millis: 600, by });
    }
}
