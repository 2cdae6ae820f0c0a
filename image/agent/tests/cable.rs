//! The network thread against a DHCP server that is not ours (BusyBox) and the responder that the
//! bench uses (mdns-sd), over a virtual cable between two network namespaces. Needs root, `ip` and
//! `busybox`; says so and passes where they are missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::{
    env, fs,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use whiteglove_agent::net::{self, NicStatus};

/// Set in the copies of this test that run inside the namespaces, to who they are.
const INSIDE: &str = "WHITEGLOVE_TEST_IN_NAMESPACE";
const NAME: &str = "a_lease_that_comes_late_is_configured_and_leads_to_the_bench";

fn ip(arguments: &str) -> Output {
    Command::new("ip").args(arguments.split_whitespace()).output().unwrap()
}

/// Two namespaces, removed when dropped.
struct Bench {
    names: [String; 2],
    servers: Vec<Child>,
}

impl Bench {
    fn new() -> Option<Self> {
        let id = std::process::id();
        let names = [format!("wgs{id}"), format!("wgc{id}")];
        let busybox = Command::new("busybox").arg("udhcpd").arg("--help").output().is_ok();
        if !busybox || !Command::new("ip").arg("-V").output().is_ok_and(|output| output.status.success()) {
            return None;
        }
        let bench = Self { names, servers: Vec::new() };
        let [server, client] = &bench.names;
        for arguments in [
            format!("netns add {server}"),
            format!("netns add {client}"),
            format!("-n {server} link add cable0 type veth peer name cable1 netns {client}"),
            format!("-n {server} addr add 192.168.77.1/24 dev cable0"),
            format!("-n {server} link set cable0 up"),
        ] {
            if !ip(&arguments).status.success() {
                return None;
            }
        }
        Some(bench)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        for name in &self.names {
            ip(&format!("netns del {name}"));
        }
    }
}

#[test]
fn a_lease_that_comes_late_is_configured_and_leads_to_the_bench() {
    match env::var(INSIDE).as_deref() {
        Ok("laptop") => return laptop(),
        Ok(_) => return responder(),
        Err(_) => {}
    }
    let Some(mut bench) = Bench::new() else {
        eprintln!(
            "SKIPPED: network namespaces, ip or busybox are not to be had here (root, packages iproute2, busybox)"
        );
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let path = |name: &str| temp.path().join(name).display().to_string();
    fs::write(
        path("udhcpd.conf"),
        format!(
            "start 192.168.77.20\nend 192.168.77.20\ninterface cable0\nlease_file {}\npidfile {}\n\
             option subnet 255.255.255.0\noption router 192.168.77.1\noption mtu 1400\nsiaddr 192.168.77.1\noption lease 600\n",
            path("leases"),
            path("pid")
        ),
    )
    .unwrap();
    fs::write(path("leases"), "").unwrap();

    let [server, client] = bench.names.clone();
    let me_in = |namespace: &str, who: &str| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(env::current_exe().unwrap());
        command.args(["--exact", NAME, "--nocapture"]).env(INSIDE, who).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    bench.servers.push(me_in(&server, "responder"));
    let inner = me_in(&client, "laptop");
    // The first questions are asked into the void.
    thread::sleep(Duration::from_millis(1500));
    let mut dhcp = Command::new("ip");
    dhcp.args(["netns", "exec", &server, "busybox", "udhcpd", "-f", &path("udhcpd.conf")]).stderr(Stdio::null());
    bench.servers.push(dhcp.spawn().unwrap());
    let inner = inner.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&inner.stdout) + String::from_utf8_lossy(&inner.stderr);
    assert!(inner.status.success(), "{said}");
    let address = String::from_utf8(ip(&format!("-n {client} -o addr show dev cable1")).stdout).unwrap();
    assert!(address.contains("192.168.77.20/24 brd 192.168.77.255"), "{address}");
    let route = String::from_utf8(ip(&format!("-n {client} route show default")).stdout).unwrap();
    assert!(route.contains("default via 192.168.77.1 dev cable1"), "{route}");
    let link = String::from_utf8(ip(&format!("-n {client} link show dev cable1")).stdout).unwrap();
    assert!(link.contains("mtu 1400"), "{link}");
}

/// In the client's namespace: until there is a lease, then asks who the bench is.
fn laptop() {
    let (tell, hear) = mpsc::channel();
    thread::spawn(move || net::run(|_| true, move |nics| drop(tell.send(nics))));
    let lease = loop {
        let nics: Vec<NicStatus> = hear.recv_timeout(Duration::from_secs(30)).expect("a lease within 30 s");
        if let Some(lease) = nics.into_iter().find_map(|nic| nic.lease) {
            break lease;
        }
    };
    assert_eq!(lease.server.to_string(), "192.168.77.1");
    assert_eq!((lease.seconds, lease.mtu), (600, Some(1400)));
    assert_eq!(lease.next_server, Some(lease.server));
    assert_eq!(net::mdns::ask(&[lease.address]), ["192.168.77.1:8780".parse().unwrap()]);
}

/// In the server's namespace: announces as the bench does, until killed.
fn responder() {
    let daemon = mdns_sd::ServiceDaemon::new().unwrap();
    let txt: &[(&str, &str)] = &[("v", "1")];
    let service =
        mdns_sd::ServiceInfo::new("_whiteglove._tcp.local.", "Bench 1", "whiteglove-8780.local.", "", 8780, txt);
    daemon.register(service.unwrap().enable_addr_auto()).unwrap();
    loop {
        thread::park();
    }
}
