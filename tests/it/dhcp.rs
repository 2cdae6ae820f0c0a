//! The bench's DHCP among clients and servers that we did not write, each on a machine of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddrV4},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use whiteglove_core::{
    dhcp::{Message, MessageKind},
    identity::Mac,
};

use crate::support::{
    Bench, Control,
    segment::{Machine, Segment},
    until,
};

const LAPTOP: Mac = Mac([0x00, 0x15, 0x5d, 0, 0, 1]);
const ROUTER: &str = "10.77.0.254";
const OURS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// A bench whose program runs on this machine.
struct Served {
    bench: Bench,
    machine: Machine,
}

impl Served {
    fn new(machine: Machine, sections: &str) -> Self {
        let mut bench = Bench::new();
        bench.config = bench.config.replace("127.0.0.1:0", "0.0.0.0:8780") + sections;
        let mut one = Self { bench, machine };
        one.start();
        one
    }

    fn start(&mut self) {
        let command = self.machine.inside(&self.bench.command());
        self.bench.spawn(command);
        self.bench.url();
    }

    /// A port once it is in this state, which is a word, or the one word of an object.
    fn port_in(&self, interface: &str, state: &str) -> Value {
        until(&format!("{interface} {state}"), || {
            let snapshot = self.bench.snapshot()?;
            let ports = snapshot["network"]["ports"].as_array()?.clone();
            let port = ports.into_iter().find(|port| port["interface"] == interface)?;
            (port["state"] == state || port["state"].get(state).is_some()).then_some(port)
        })
    }

    fn network(&self) -> Value {
        self.bench.snapshot().unwrap()["network"].take()
    }
}

fn section(interface: &str, mode: &str, more: &str) -> String {
    format!("[[netboot]]\ninterface = '{interface}'\nmode = '{mode}'\n{more}\n")
}

/// Another server, which ends with its value.
struct Dnsmasq(Child);

impl Dnsmasq {
    fn on(machine: &Machine, more: &[&str]) -> Self {
        // --no-daemon: it stays who it is, which matters where root is not quite root.
        let mut arguments = vec!["--no-daemon", "--port=0", "--conf-file=/dev/null", "--interface=eth0"];
        // It pings an address for three seconds before it offers it, as it does where nobody told it not to.
        arguments.extend(["--bind-interfaces", "--dhcp-leasefile=/dev/null"]);
        arguments.extend(more);
        let mut child = machine.command("dnsmasq", &arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("DHCP") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "dnsmasq did not start");
        }
        // It must not end because nobody reads what it says.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self(child)
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What udhcpc and dhclient say they got: address and server.
#[derive(Debug, Clone, PartialEq)]
struct Got {
    address: Ipv4Addr,
    server: String,
    router: String,
}

/// busybox's client: once, five questions. `None`: nobody gave it anything.
fn udhcpc(machine: &Machine, bench: &Bench) -> Option<Got> {
    let script = bench.folder.path().join("udhcpc.sh");
    write_script(&script, "#!/bin/sh\n[ \"$1\" = bound ] && echo \"got $ip $serverid $router\"\nexit 0\n");
    let words = ["udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "5", "-T", "1", "-s", script.to_str().unwrap()];
    let output = machine.output("busybox", &words);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("got "))?;
    let mut words = line.split(' ');
    let (address, server) = (words.next()?.parse().unwrap(), words.next()?.to_owned());
    Some(Got { address, server, router: words.next().unwrap_or_default().to_owned() })
}

/// ISC's client: once. Its address.
fn dhclient(machine: &Machine, bench: &Bench) -> Option<Ipv4Addr> {
    let folder = tempfile::TempDir::new_in(bench.folder.path()).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("conf"), "timeout 4;\n").unwrap();
    let files = ["-lf", &path("leases"), "-pf", &path("pid"), "-cf", &path("conf"), "-sf", "/bin/true"];
    let run = |more: &[&str]| machine.output("dhclient", &[&["-4", "-1", "-v"], more, &files, &["eth0"]].concat());
    let text = String::from_utf8(run(&[]).stderr).unwrap();
    let address = text.lines().find_map(|line| line.strip_prefix("DHCPACK of ")?.split(' ').next()?.parse().ok());
    run(&["-x"]);
    address
}

fn write_script(path: &PathBuf, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A laptop's UEFI firmware, as tests/fixtures have it.
fn firmware(kind: MessageKind) -> Message {
    let mut message = Message::new(kind, 0x1234_0001, LAPTOP);
    message.broadcast = true;
    message.options.set(60, b"PXEClient:Arch:00007:UNDI:003016");
    message.options.set(93, &7_u16.to_be_bytes());
    message.options.set(94, &[1, 3, 16]);
    message.options.set(97, &[&[0], &b"\x11laptop-of-tests"[..]].concat());
    message
}

#[test]
fn beside_another_server_only_firmware_is_answered_and_nobody_is_disturbed() {
    let segment = Segment::new();
    let (router, laptop) = (segment.with(Some("10.77.0.254/24")), segment.with(None));
    let mut bench = Served::new(segment.with(Some("10.77.0.1/24")), &section("eth0", "proxy", ""));
    assert_eq!(bench.port_in("eth0", "serving")["mode"], "proxy");
    assert_eq!(udhcpc(&laptop, &bench.bench), None, "no other server is there, and this one gives none");
    assert_eq!(dhclient(&laptop, &bench.bench), None);

    let server = Dnsmasq::on(&router, &["--dhcp-range=10.77.0.50,10.77.0.99", "--dhcp-option=3,10.77.0.254"]);
    let with = udhcpc(&laptop, &bench.bench).unwrap();
    assert_eq!((with.server.as_str(), with.router.as_str()), (ROUTER, ROUTER));

    // The laptop's firmware hears both.
    let offers = laptop.broadcast(&firmware(MessageKind::Discover), "4");
    let ours = offers.iter().find(|(from, _)| *from.ip() == OURS).map(|(_, offer)| offer).expect("our offer");
    assert_eq!((ours.kind, ours.yours, ours.next_server), (MessageKind::Offer, Ipv4Addr::UNSPECIFIED, OURS));
    assert_eq!((ours.file.as_slice(), ours.options.get(60)), (&b"shimx64.efi"[..], Some(&b"PXEClient"[..])));
    assert!(offers.iter().any(|(from, offer)| from.ip().to_string() == ROUTER && !offer.yours.is_unspecified()));
    // And asks on port 4011, from where it is answered.
    laptop.ip("addr add 10.77.0.60/24 dev eth0");
    let mut request = firmware(MessageKind::Request);
    (request.client, request.broadcast) = (Ipv4Addr::new(10, 77, 0, 60), false);
    let acks = laptop.ask(4011, SocketAddrV4::new(OURS, 4011), &request, "1");
    let [(from, ack)] = acks.as_slice() else { panic!("{acks:?}") };
    assert_eq!((from.port(), ack.kind, ack.file.as_slice()), (4011, MessageKind::Ack, &b"shimx64.efi"[..]));
    laptop.ip("addr flush dev eth0");

    // It is on the board since its first packet, and so is the other server.
    let devices =
        until("the laptop on the board", || Some(bench.bench.devices()).filter(|devices| !devices.is_empty()));
    assert_eq!(devices[0]["identity"]["macs"], json!([LAPTOP.to_string()]), "{devices:?}");
    let rivals = until("the other server", || {
        let rivals = bench.network()["rivals"].take();
        (!rivals.as_array()?.is_empty()).then_some(rivals)
    });
    assert_eq!((&rivals[0]["server"], &rivals[0]["gives_addresses"]), (&json!(ROUTER), &json!(true)));

    // Without us it gives the same.
    bench.bench.stop();
    assert_eq!(udhcpc(&laptop, &bench.bench), Some(with));
    drop(server);
}

#[test]
fn on_its_own_network_the_bench_gives_addresses_and_keeps_its_word() {
    let segment = Segment::new();
    let laptop = segment.with(None);
    let more =
        "first = '10.77.0.100'\nlast = '10.77.0.120'\nrouter = '10.77.0.9'\ndns = ['10.77.0.8']\nntp = ['10.77.0.1']";
    let mut bench = Served::new(segment.with(Some("10.77.0.1/24")), &section("eth0", "own", more));
    bench.port_in("eth0", "serving");
    // Somebody has the first address by hand, without having asked.
    let printer = segment.with(Some("10.77.0.100/24"));
    let first = udhcpc(&laptop, &bench.bench).unwrap();
    assert_eq!(
        first,
        Got { address: Ipv4Addr::new(10, 77, 0, 101), server: OURS.to_string(), router: "10.77.0.9".into() }
    );
    drop(printer);
    let other = segment.with(None);
    assert_eq!(dhclient(&other, &bench.bench), Some(Ipv4Addr::new(10, 77, 0, 102)));

    // Firmware gets an address and what to boot in one answer.
    let offers = laptop.broadcast(&firmware(MessageKind::Discover), "1");
    let [(_, offer)] = offers.as_slice() else { panic!("{offers:?}") };
    assert_eq!((offer.yours, offer.file.as_slice()), (Ipv4Addr::new(10, 77, 0, 103), &b"shimx64.efi"[..]));
    assert_eq!(offer.options.address(42), Some(OURS));

    // A client that stays renews.
    let mut stays = Stays::on(&other, &bench.bench);
    stays.until("bound 10.77.0.102");
    stays.renew();
    stays.until("renew 10.77.0.102");

    // Power fails. Whoever has an address keeps it, and nobody else gets it.
    bench.bench.kill();
    bench.start();
    let port = bench.port_in("eth0", "serving");
    assert_eq!((&port["leases"], &port["pool"]), (&json!(2), &json!(["10.77.0.100", "10.77.0.120"])));
    assert_eq!(udhcpc(&segment.with(None), &bench.bench).unwrap().address, Ipv4Addr::new(10, 77, 0, 103));
    stays.renew();
    stays.until("renew 10.77.0.102");
    assert_eq!(udhcpc(&laptop, &bench.bench), Some(first));
}

/// udhcpc that runs on and renews when it is told to.
struct Stays {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Stays {
    fn on(machine: &Machine, bench: &Bench) -> Self {
        let script = bench.folder.path().join("stays.sh");
        let text =
            "#!/bin/sh\ncase $1 in bound|renew) ip addr replace $ip/24 dev $interface; echo $1 $ip;; esac\nexit 0\n";
        write_script(&script, text);
        let words = ["udhcpc", "-i", "eth0", "-f", "-t", "5", "-T", "1", "-s", script.to_str().unwrap()];
        let mut child =
            machine.command("busybox", &words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn until(&mut self, wanted: &str) {
        let mut line = String::new();
        while line.trim() != wanted {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "udhcpc ended");
        }
    }

    fn renew(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::USR1).unwrap();
    }
}

impl Drop for Stays {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn beside_another_server_a_bench_gives_no_addresses_whatever_it_was_told() {
    let segment = Segment::new();
    let (router, laptop) = (segment.with(Some("10.77.0.254/24")), segment.with(None));
    let server = Dnsmasq::on(&router, &["--dhcp-range=10.77.0.50,10.77.0.99"]);
    let bench = Served::new(segment.with(Some("10.77.0.1/24")), &section("eth0", "own", ""));
    assert_eq!(bench.port_in("eth0", "beside")["state"], json!({"beside": ROUTER}));
    assert_eq!(udhcpc(&laptop, &bench.bench).unwrap().server, ROUTER);
    let offers = laptop.broadcast(&firmware(MessageKind::Discover), "4");
    let ours = offers.iter().find(|(from, _)| *from.ip() == OURS).map(|(_, offer)| offer).expect("our offer");
    assert_eq!((ours.yours, ours.file.as_slice()), (Ipv4Addr::UNSPECIFIED, &b"shimx64.efi"[..]));
    drop(server);
}

#[test]
fn a_person_turns_a_network_on_and_it_stays_on() {
    let segment = Segment::new();
    let machine = segment.with(Some("10.77.0.1/24"));
    segment.plug(&machine, "eth1");
    let mut bench = Served::new(machine, "");
    assert_eq!(bench.port_in("eth0", "off")["configured"], Value::Null);
    let mut control = Control::connect(&bench.bench.state()).unwrap();
    control.send(&json!({"set-network": {"interface": "eth0", "mode": "proxy"}}));
    assert_eq!(bench.port_in("eth0", "serving")["configured"], "off");
    // An address comes later, and a cable goes.
    control.send(&json!({"set-network": {"interface": "eth1", "mode": "own"}}));
    let waits = bench.port_in("eth1", "waiting");
    let next = waits["state"]["waiting"]["next"].as_str().unwrap().to_owned();
    assert!(next.contains("sudo ip address add 192.168.77.1/24 dev eth1"), "{next}");
    bench.machine.ip("address add 192.168.77.1/24 dev eth1");
    bench.port_in("eth1", "serving");
    bench.machine.ip("link set eth1 down");
    let waits = bench.port_in("eth1", "waiting");
    assert!(waits["state"]["waiting"]["next"].as_str().unwrap().contains("sudo ip link set eth1 up"), "{waits}");
    bench.machine.ip("link set eth1 up");
    bench.port_in("eth1", "serving");
    bench.bench.stop();
    bench.start();
    bench.port_in("eth0", "serving");
    bench.bench.says(&["netboot", "mode", "eth0", "off"]);
    bench.port_in("eth0", "off");
    let laptop = segment.with(None);
    assert!(laptop.broadcast(&firmware(MessageKind::Discover), "0.5").iter().all(|(from, _)| *from.ip() != OURS));
}

#[test]
fn two_networks_are_served_at_once_each_in_its_own_manner() {
    let office = Segment::new();
    let lab = office.another();
    let (in_office, in_lab) = (office.with(None), lab.with(None));
    let machine = office.with(Some("10.77.0.1/24"));
    lab.plug(&machine, "eth1");
    // Both have the same addresses, as networks that do not know of each other may.
    machine.ip("addr add 10.78.0.1/24 dev eth1");
    let bench = Served::new(machine, &(section("eth0", "proxy", "") + &section("eth1", "own", "")));
    bench.port_in("eth0", "serving");
    bench.port_in("eth1", "serving");
    assert_eq!(udhcpc(&in_office, &bench.bench), None);
    let given = udhcpc(&in_lab, &bench.bench).unwrap();
    assert_eq!((given.address.octets()[..3].to_vec(), given.server.as_str()), (vec![10, 78, 0], "10.78.0.1"));
    let offers = in_office.broadcast(&firmware(MessageKind::Discover), "1");
    let [(from, offer)] = offers.as_slice() else { panic!("{offers:?}") };
    assert_eq!((*from.ip(), offer.yours, offer.next_server), (OURS, Ipv4Addr::UNSPECIFIED, OURS));
}

#[test]
fn a_vlan_is_a_network_of_its_own() {
    let segment = Segment::new();
    let (machine, laptop) = (segment.with(Some("10.77.0.1/24")), segment.with(None));
    let vlan = ["link", "add", "link", "eth0", "name", "eth0.20", "type", "vlan", "id", "20"];
    if !machine.output("ip", &vlan).status.success() {
        eprintln!("SKIPPED: this kernel has no VLANs (8021q)");
        return;
    }
    laptop.ip(&vlan.join(" "));
    machine.ip("link set eth0.20 up");
    machine.ip("addr add 10.20.0.1/24 dev eth0.20");
    laptop.ip("link set eth0.20 up");
    let bench = Served::new(machine, &(section("eth0", "proxy", "") + &section("eth0.20", "own", "")));
    bench.port_in("eth0.20", "serving");
    assert_eq!(udhcpc(&laptop, &bench.bench), None, "untagged");
    laptop.ip("link set eth0 name trunk");
    laptop.ip("link set eth0.20 name eth0");
    assert_eq!(udhcpc(&laptop, &bench.bench).unwrap().server, "10.20.0.1");
}

#[test]
fn a_port_that_another_program_has_is_a_problem_with_the_command_that_finds_it() {
    let segment = Segment::new();
    let machine = segment.with(Some("10.77.0.1/24"));
    let server = Dnsmasq::on(&machine, &["--dhcp-range=10.77.0.50,10.77.0.99"]);
    let bench = Served::new(machine, &section("eth0", "proxy", ""));
    let failed = bench.port_in("eth0", "failed");
    let problem = &failed["state"]["failed"];
    assert!(problem["next"].as_str().unwrap().contains("sudo ss -lunp 'sport = :67'"), "{problem}");
    let doctor = bench.bench.complains(&["doctor"]);
    assert!(doctor.contains("keep the bench from its work"), "{doctor}");
    // That program ends, and this goes on by itself.
    drop(server);
    bench.port_in("eth0", "serving");
}

#[test]
fn without_the_privilege_the_problem_names_the_command_that_grants_it() {
    let segment = Segment::new();
    let mut bench = Bench::new();
    bench.config = bench.config.replace("127.0.0.1:0", "0.0.0.0:8780") + &section("eth0", "own", "");
    let machine = segment.with(Some("10.77.0.1/24"));
    // Root without its privileges, as everybody else is.
    let command = bench.command();
    let mut without = Command::new("setpriv");
    without.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(command.get_program()).args(command.get_args());
    let command = machine.inside(&without);
    bench.spawn(command);
    bench.url();
    let bench = Served { bench, machine };
    let failed = bench.port_in("eth0", "failed");
    let next = failed["state"]["failed"]["next"].as_str().unwrap().to_owned();
    let wanted = format!("sudo setcap 'cap_net_bind_service,cap_net_raw=+ep' {}", env!("CARGO_BIN_EXE_whiteglove"));
    assert!(next.contains(&wanted), "{next}");
}

#[test]
fn doctor_says_the_same_of_a_network_before_a_bench_runs() {
    let segment = Segment::new();
    let (router, machine) = (segment.with(Some("10.77.0.254/24")), segment.with(Some("10.77.0.1/24")));
    let mut bench = Bench::new();
    bench.config = bench.config.replace("127.0.0.1:0", "0.0.0.0:8780")
        + &section("eth0", "own", "")
        + &section("eth9", "proxy", "");
    let doctor = || {
        let output = machine.inside(bench.command().arg("doctor")).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let alone = doctor();
    assert!(alone.contains("ok    eth0: own DHCP") && alone.contains("no network interface eth9"), "{alone}");
    assert!(alone.contains("10.77.0.128-10.77.0.254"), "{alone}");
    let server = Dnsmasq::on(&router, &["--dhcp-range=10.77.0.50,10.77.0.99"]);
    let beside = doctor();
    assert!(beside.contains("eth0 gives no addresses") && beside.contains("another server 10.77.0.254"), "{beside}");
    drop(server);
    // Another program on the port itself.
    let server = Dnsmasq::on(&machine, &["--dhcp-range=10.77.0.50,10.77.0.99"]);
    assert!(doctor().contains("ss -lunp 'sport = :67'"));
    drop(server);
}
