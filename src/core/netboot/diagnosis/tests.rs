//! Boots that went wrong, told as what was seen on the wire.

use super::*;
use crate::{
    identity::{Mac, SystemUuid},
    netboot::{Carrier, OWN_DISK, Sighting, Stories, Who},
    testing,
};

const US: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 1);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 254);
const THERE: Ipv4Addr = Ipv4Addr::new(192, 168, 7, 50);

fn port(mode: Mode, state: PortState) -> PortView {
    PortView {
        interface: "e0".into(),
        mode,
        configured: None,
        state,
        link: Some(true),
        address: Some((US, 24)),
        pool: None,
        leases: 0,
        asked: 0,
        answered: 0,
    }
}

/// What was seen of one laptop, at which millisecond.
fn after(script: &[(u64, Seen)], quiet: Duration) -> Finding {
    among(script, quiet, &[port(Mode::Proxy, PortState::Serving)], true)
}

fn among(script: &[(u64, Seen)], quiet: Duration, ports: &[PortView], addresses_elsewhere: bool) -> Finding {
    let mut stories = Stories::default();
    let who =
        Who { uuid: Some(SystemUuid(testing::uuid(1))), mac: Some(Mac([0, 0x50, 1, 2, 3, 4])), address: Some(THERE) };
    let mut now = Moment::default();
    for (at, seen) in script {
        now = Moment::from_millis(1_000_000 + at);
        stories.observe(Sighting { at: now, port: "e0".into(), who, seen: seen.clone() });
    }
    let around = Around { ports, addresses_elsewhere, endpoint_up: true, http_port: 8780, now: now.after(quiet) };
    let found = finding(stories.all().next().unwrap(), &around);
    let Diagnosis { headline, problem, .. } = found.diagnosis(8780);
    // A list has 32 columns for it, and what is said is said in sentences.
    assert!(headline.chars().count() <= 45, "{headline}");
    if let Some(problem) = problem {
        for part in [&problem.what, &problem.why, &problem.next] {
            assert!(part.ends_with('.') && part.len() < 400, "{part}");
        }
    }
    found
}

fn asks() -> Seen {
    Seen::Asked { architecture: Architecture::X64, protocol: Protocol::Pxe, boot_server: false, relay: None }
}

fn asks_4011() -> Seen {
    Seen::Asked { architecture: Architecture::X64, protocol: Protocol::Pxe, boot_server: true, relay: None }
}

fn told(boot_server: bool) -> Seen {
    Seen::Told { file: "shimx64.efi".into(), boot_server }
}

fn has(name: &str) -> Seen {
    Seen::Fetched { name: name.into(), size: 1_000_000, millis: 300, by: Carrier::Tftp }
}

fn not_there(name: &str) -> Seen {
    Seen::NotThere { name: name.into(), by: Carrier::Tftp }
}

fn address(server: Ipv4Addr, address: Ipv4Addr) -> Seen {
    Seen::Rival { server, address: Some(address), file: None, wins: false }
}

const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_secs(2);

/// As OVMF does it beside a router, up to a file.
fn boot(upto: usize) -> Vec<(u64, Seen)> {
    let whole = [
        (0, asks()),
        (1, told(false)),
        (2, address(ROUTER, THERE)),
        (4_000, asks_4011()),
        (4_001, told(true)),
        (4_010, Seen::Probed { name: "shimx64.efi".into(), size: 1_000_000 }),
        (4_400, has("shimx64.efi")),
        (4_500, not_there("revocations_sbat.efi")),
        (4_900, has("grubx64.efi")),
        (5_000, has("grub/grub.cfg")),
        (6_000, has("boot/vmlinuz")),
        (7_000, has("boot/initrd.zst")),
        (7_100, has("boot/media.cpio")),
        (30_000, Seen::Hello),
        (31_000, Seen::Captured),
    ];
    whole[..upto].to_vec()
}

#[test]
fn a_boot_that_goes_well_is_never_called_stuck() {
    for upto in 1..=15 {
        let found = after(&boot(upto), SHORT);
        let standing = found.diagnosis(8780).standing;
        assert!(matches!(standing, Standing::UnderWay | Standing::Arrived), "{upto}: {found:?}");
    }
    assert_eq!(after(&boot(15), LONG), Finding::Arrived);
}

#[test]
fn the_third_party_certificate_is_off() {
    let once = boot(7);
    assert_eq!(after(&once, LONG), Finding::LoaderRefused { file: "shimx64.efi".into(), tries: 1 });
    let twice: Vec<_> =
        once.iter().cloned().chain(once.iter().map(|(at, seen)| (at + 100_000, seen.clone()))).collect();
    let found = after(&twice, LONG);
    assert_eq!(found, Finding::LoaderRefused { file: "shimx64.efi".into(), tries: 2 });
    assert!(found.diagnosis(8780).problem.unwrap().next.contains("Allow Microsoft 3rd Party UEFI CA"));
    // shim that looks for its revocations runs.
    assert_eq!(after(&boot(8), LONG), Finding::SecondSilent);
}

#[test]
fn another_server_names_the_file() {
    let file = Some("pxelinux.0".to_owned());
    let rival = Seen::Rival { server: ROUTER, address: Some(THERE), file, wins: true };
    let found = after(&[(0, asks()), (1, told(false)), (2, rival), (30_000, asks())], SHORT);
    assert_eq!(found, Finding::RivalFile { server: ROUTER, file: "pxelinux.0".into() });
}

#[test]
fn nobody_gives_an_address() {
    let script = [(0, asks()), (1, told(false)), (4_000, asks()), (12_000, asks())];
    let proxy = [port(Mode::Proxy, PortState::Serving)];
    assert_eq!(among(&script, SHORT, &proxy, false), Finding::NoAddress);
    assert_eq!(among(&script, SHORT, &proxy, true), Finding::OfferNotTaken);
    // In own mode it is we who give them.
    assert_eq!(among(&script, SHORT, &[port(Mode::Own, PortState::Serving)], false), Finding::OfferNotTaken);
}

#[test]
fn it_is_in_another_network() {
    let (server, far) = (Ipv4Addr::new(10, 9, 0, 1), Ipv4Addr::new(10, 9, 0, 77));
    let script = [(0, asks()), (1, told(false)), (2, address(server, far)), (30_000, asks())];
    assert_eq!(after(&script, SHORT), Finding::OtherNetwork { server, address: far, ours: (US, 24) });
    let relayed = Seen::Asked {
        architecture: Architecture::X64,
        protocol: Protocol::Pxe,
        boot_server: false,
        relay: Some(Ipv4Addr::new(10, 9, 0, 1)),
    };
    assert_eq!(after(&[(0, relayed.clone()), (30_000, relayed)], SHORT), Finding::Relayed(Ipv4Addr::new(10, 9, 0, 1)));
}

#[test]
fn told_and_never_came() {
    assert_eq!(after(&boot(5), LONG), Finding::NeverFetched { file: "shimx64.efi".into() });
    assert_eq!(after(&boot(6), LONG), Finding::Stalled { file: "shimx64.efi".into(), how: "it stopped asking".into() });
}

#[test]
fn a_transfer_breaks_off_and_is_mended() {
    let broken = |name: &str| Seen::Broken {
        name: name.into(),
        had: 5,
        size: 9,
        how: "it answered no more".into(),
        by: Carrier::Tftp,
    };
    let mut script = boot(6);
    script.push((5_000, broken("shimx64.efi")));
    assert!(matches!(after(&script, SHORT), Finding::Stalled { .. }));
    script.push((6_000, has("shimx64.efi")));
    assert_eq!(after(&script, SHORT), Finding::UnderWay(Stage::Loader));
    script.push((7_000, broken("grubx64.efi")));
    assert!(matches!(after(&script, LONG), Finding::Stalled { file, .. } if file == "grubx64.efi"));
}

#[test]
fn grub_lacks_a_file_or_stops() {
    assert_eq!(after(&boot(10), LONG), Finding::SecondSilent);
    let mut script = boot(10);
    script.push((5_100, not_there("boot/vmlinuz")));
    assert_eq!(after(&script, LONG), Finding::Missing { file: "boot/vmlinuz".into() });
}

#[test]
fn no_driver_for_its_card() {
    assert_eq!(after(&boot(13), LONG), Finding::AgentSilent { endpoint_up: true });
    assert_eq!(after(&boot(13), Duration::from_secs(60)), Finding::UnderWay(Stage::System));
}

#[test]
fn what_was_withheld_says_why() {
    for (withheld, wanted) in [
        (Withheld::Ignored, Finding::LeftAlone),
        (
            Withheld::NoPayload(Architecture::Arm64, Protocol::Pxe),
            Finding::NoPayload(Architecture::Arm64, Protocol::Pxe),
        ),
        (Withheld::PoolFull, Finding::PoolFull),
    ] {
        assert_eq!(after(&[(0, asks()), (1, Seen::Withheld(withheld))], SHORT), wanted);
    }
    let words = Finding::NoPayload(Architecture::Arm64, Protocol::Pxe).diagnosis(8780).problem.unwrap();
    assert_eq!(words.what, "The bench has nothing to boot for arm64 by PXE.");
}

#[test]
fn its_own_disk_is_where_it_was_sent() {
    let by_http = Seen::Told { file: format!("http://192.168.7.1:8780/{OWN_DISK}"), boot_server: false };
    assert_eq!(after(&[(0, asks()), (1, by_http)], LONG), Finding::ToItsDisk);
    let sent = |boot_server| Seen::Told { file: OWN_DISK.into(), boot_server };
    let whole =
        [(0, asks()), (1, sent(false)), (4_000, asks_4011()), (4_001, sent(true)), (4_010, not_there(OWN_DISK))];
    for upto in 2..=5 {
        assert_eq!(after(&whole[..upto], SHORT), Finding::ToItsDisk);
        assert_eq!(after(&whole[..upto], LONG).diagnosis(8780).standing, Standing::AsTold);
    }
    assert_eq!(sent(false).words(), "we sent it on to its own disk");
}

#[test]
fn a_port_that_cannot_serve_is_named() {
    let problem = Problem::new("Port 67 is taken.", "By dnsmasq.", "Stop it.");
    let ports = [port(Mode::Proxy, PortState::Failed(problem))];
    assert_eq!(among(&[(0, asks())], SHORT, &ports, true), Finding::NotServing("Port 67 is taken.".into()));
}

#[test]
fn bios_with_a_card_that_ipxe_cannot_drive() {
    let asks =
        Seen::Asked { architecture: Architecture::Bios, protocol: Protocol::Pxe, boot_server: false, relay: None };
    let script = [(0, asks), (1, told(false)), (500, has("undionly.kpxe"))];
    assert_eq!(after(&script, LONG), Finding::NoCardDriver);
}

#[test]
fn programs_of_their_own_say_nothing_more() {
    let script = [(0, asks()), (1, told(false)), (500, has("memtest.efi"))];
    assert_eq!(after(&script, SHORT), Finding::Delivered(Program::MemoryTest));
    assert_eq!(after(&script, LONG).diagnosis(8780).standing, Standing::AsTold);
}

#[test]
fn a_laptop_that_never_asked() {
    let around =
        |ports| Around { ports, addresses_elsewhere: true, endpoint_up: true, http_port: 8780, now: Moment::default() };
    let serving = [port(Mode::Proxy, PortState::Serving)];
    assert!(never_seen(&around(&serving)).problem.unwrap().why.contains("did not ask"));
    assert!(never_seen(&around(&[])).problem.unwrap().why.contains("serves no network"));
}
