//! Machines and cables that exist only for one test: network namespaces and pairs of virtual Ethernet.
//!
//! Everything on them is real to who is on them, DHCP and ports below 1024 included, and nobody else hears it.
//! They end with their values, and with this process however that ends.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddrV4},
    process::{Child, Command, Output, Stdio},
};

use whiteglove_core::dhcp::Message;

/// One machine. Its namespace lives for as long as its holder's standard input is open.
pub(crate) struct Machine {
    holder: Child,
}

/// Where the cable of a simulated machine is plugged in, which takes no namespace of its own.
#[allow(dead_code, reason = "for the machines of tests/qemu")]
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    /// A program's words to be on the switch.
    enter: Vec<String>,
    pub(crate) interface: String,
}

/// A switch with a bridge in it, and all that is plugged in.
pub(crate) struct Segment {
    switch: Machine,
    sockets: std::cell::Cell<u32>,
}

impl Segment {
    pub(crate) fn new() -> Self {
        Self::around(Machine::of(&["unshare"], !rustix::process::geteuid().is_root()))
    }

    /// A second one, for machines that are plugged into both.
    pub(crate) fn another(&self) -> Self {
        Self::around(self.machine())
    }

    fn around(switch: Machine) -> Self {
        // A bridge that learns for 15 seconds loses what firmware says first.
        switch.ip("link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0");
        switch.ip("link set br0 up");
        Self { switch, sockets: std::cell::Cell::new(0) }
    }

    /// A machine that is plugged in nowhere.
    pub(crate) fn machine(&self) -> Machine {
        let mut words = self.switch.enter(&["--user"]);
        words.push("unshare".to_owned());
        let machine = Machine::of(&words.iter().map(String::as_str).collect::<Vec<_>>(), false);
        machine.ip("link set lo up");
        machine
    }

    /// Plugs a machine in; its interface is up afterwards.
    pub(crate) fn plug(&self, machine: &Machine, interface: &str) {
        let socket = self.next_socket();
        let there = machine.holder.id();
        self.switch.ip(&format!("link add {socket} type veth peer name {interface} netns {there}"));
        self.switch.ip(&format!("link set {socket} master br0 up"));
        machine.ip(&format!("link set {interface} up"));
    }

    /// A socket for QEMU.
    #[allow(dead_code, reason = "for the machines of tests/qemu")]
    pub(crate) fn tap(&self) -> Tap {
        let interface = self.next_socket();
        self.switch.ip(&format!("tuntap add dev {interface} mode tap"));
        self.switch.ip(&format!("link set {interface} master br0 up"));
        Tap { enter: self.switch.enter(&["--net", "--mount"]), interface }
    }

    fn next_socket(&self) -> String {
        self.sockets.set(self.sockets.get() + 1);
        format!("port{}", self.sockets.get())
    }

    /// A machine with one interface, `eth0`, perhaps with an address.
    pub(crate) fn with(&self, address: Option<&str>) -> Machine {
        let machine = self.machine();
        self.plug(&machine, "eth0");
        if let Some(address) = address {
            machine.ip(&format!("addr add {address} dev eth0"));
        }
        machine
    }
}

impl Machine {
    /// `unshare`: how to get there, with the program itself as the last word.
    fn of(unshare: &[&str], as_root: bool) -> Self {
        let mut command = Command::new(unshare[0]);
        command.args(&unshare[1..]);
        if as_root {
            command.args(["--user", "--map-root-user"]);
        }
        // `/sys` is that of the new namespace, where programs look for network interfaces.
        command.args(["--net", "--mount", "sh", "-ec", "mount -t sysfs sysfs /sys; exec cat"]);
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(holder.stdin.as_mut().unwrap(), "ready").unwrap();
        let mut echo = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut echo).unwrap();
        assert_eq!(echo, "ready\n", "a network namespace (root, or a kernel that lets users have one)");
        Self { holder }
    }

    /// A program's words to be there.
    fn enter(&self, namespaces: &[&str]) -> Vec<String> {
        let target = format!("--target={}", self.holder.id());
        let user = if rustix::process::geteuid().is_root() { None } else { Some("--user") };
        let others = namespaces.iter().copied().filter(|namespace| *namespace != "--user");
        let words = ["nsenter", &target, "--preserve-credentials"].into_iter().chain(others).chain(user);
        words.chain(["--"]).map(str::to_owned).collect()
    }

    /// The program as it would be started, but on this machine.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        wrap(&self.enter(&["--net", "--mount"]), command)
    }

    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        self.inside(&command)
    }

    pub(crate) fn output(&self, program: &str, arguments: &[&str]) -> Output {
        let output = self.command(program, arguments).stdin(Stdio::null()).output();
        output.unwrap_or_else(|_| panic!("{program} is installed by scripts/test"))
    }

    /// What `ip` says to this; it must not fail.
    pub(crate) fn ip(&self, words: &str) -> String {
        let output = self.output("ip", &words.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Sends this from a port of `eth0`, and what comes back there within so many seconds, with its source.
    pub(crate) fn ask(
        &self,
        from: u16,
        to: SocketAddrV4,
        message: &Message,
        seconds: &str,
    ) -> Vec<(SocketAddrV4, Message)> {
        let mut datagram = String::new();
        message.to_bytes().iter().for_each(|byte| write!(datagram, "{byte:02x}").unwrap());
        let (port, at, to_port) = (from.to_string(), to.ip().to_string(), to.port().to_string());
        let output = self.output("python3", &["-c", ASK, &port, &at, &to_port, &datagram, seconds]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = |line: &str| {
            let (source, bytes) = line.split_once(' ').unwrap();
            (source.parse().unwrap(), Message::parse(&hex::decode(bytes).unwrap()).unwrap())
        };
        String::from_utf8(output.stdout).unwrap().lines().map(line).collect()
    }

    /// To all servers, from port 68.
    pub(crate) fn broadcast(&self, message: &Message, seconds: &str) -> Vec<(SocketAddrV4, Message)> {
        self.ask(68, SocketAddrV4::new(Ipv4Addr::BROADCAST, 67), message, seconds)
    }
}

#[allow(dead_code, reason = "for the machines of tests/qemu")]
impl Tap {
    /// The program as it would be started, but on the switch.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        wrap(&self.enter, command)
    }
}

fn wrap(enter: &[String], command: &Command) -> Command {
    let mut wrapped = Command::new(&enter[0]);
    wrapped.args(&enter[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// In Python, which can be started inside a namespace in one line.
const ASK: &str = "
import socket, sys, time
port, at, to, datagram, seconds = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(('0.0.0.0', int(port)))
s.sendto(bytes.fromhex(datagram), (at, int(to)))
end = time.monotonic() + float(seconds)
while (left := end - time.monotonic()) > 0:
    s.settimeout(left)
    try: answer, (address, source) = s.recvfrom(4096)
    except TimeoutError: break
    print(f'{address}:{source} {answer.hex()}')
";

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
