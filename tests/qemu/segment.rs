//! A network that exists only for one test: a bridge in a namespace of its own, and sockets for cables.
//!
//! Everything on it is real to who is in it, DHCP and ports below 1024 included, and nobody else hears it.
//! It ends with its value, and with this process however that ends.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

/// The bridge, on which a server listens; it has [`Segment::ADDRESS`].
pub(crate) const BRIDGE: &str = "bench0";

pub(crate) struct Segment {
    /// Keeps the namespace for as long as its standard input is open, which is as long as we live.
    holder: Child,
}

/// Where a laptop's network cable is plugged in.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    /// A program's words to be on the segment.
    enter: Vec<String>,
    pub(crate) interface: String,
}

impl Segment {
    pub(crate) const ADDRESS: &str = "10.77.0.1";

    pub(crate) fn new() -> Self {
        // `/sys` is that of the new namespace, where programs look for network interfaces.
        let mut unshare = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare.args(["--net", "--mount", "sh", "-ec", "mount -t sysfs sysfs /sys; exec cat"]);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(holder.stdin.as_mut().unwrap(), "ready").unwrap();
        let mut echo = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut echo).unwrap();
        let segment = Self { holder };
        assert_eq!(echo, "ready\n", "a network namespace (root, or a kernel that lets users have one)");
        segment.ip("link set lo up");
        // A bridge that learns for 15 seconds loses what firmware says first.
        segment.ip(&format!("link add {BRIDGE} type bridge forward_delay 0 stp_state 0 mcast_snooping 0"));
        segment.ip(&format!("addr add {}/24 dev {BRIDGE}", Self::ADDRESS));
        segment.ip(&format!("link set {BRIDGE} up"));
        segment
    }

    /// A socket of the switch with this number.
    pub(crate) fn tap(&self, number: u32) -> Tap {
        let interface = format!("port{number}");
        self.ip(&format!("tuntap add dev {interface} mode tap"));
        self.ip(&format!("link set {interface} master {BRIDGE} up"));
        Tap { enter: self.enter(), interface }
    }

    /// The program as it would be started, but on this segment.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        wrap(&self.enter(), command)
    }

    fn enter(&self) -> Vec<String> {
        let target = format!("--target={}", self.holder.id());
        let user = if rustix::process::geteuid().is_root() { None } else { Some("--user") };
        let words = ["nsenter", &target, "--net", "--mount", "--preserve-credentials"].into_iter().chain(user);
        words.chain(["--"]).map(str::to_owned).collect()
    }

    fn ip(&self, words: &str) {
        let mut ip = Command::new("ip");
        ip.args(words.split(' '));
        let output = self.inside(&ip).output().unwrap();
        assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

impl Tap {
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
