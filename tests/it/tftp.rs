//! TFTP to clients that we did not write, on a network of its own, over good cables and bad ones.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, UdpSocket},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    Bench, PATIENCE,
    relay::{Faults, Relay},
    segment::{Machine, Segment},
    until,
};

const SERVER: &str = "10.77.0.1";
/// More than 65,535 blocks of 8 bytes, and no multiple of any block.
const KERNEL: usize = 600_001;

struct Served {
    bench: Bench,
    segment: Segment,
    machine: Machine,
    process: u32,
    kernel: Vec<u8>,
}

impl Served {
    fn new() -> Self {
        let mut bench = Bench::new();
        let kernel = put_kernel(&bench, KERNEL);
        bench.config =
            bench.config.replace("127.0.0.1:0", "0.0.0.0:8780") + "[[netboot]]\ninterface = 'eth0'\nmode = 'proxy'\n";
        let segment = Segment::new();
        let machine = segment.with(Some("10.77.0.1/24"));
        let process = bench.spawn(machine.inside(&bench.command()));
        bench.url();
        until("eth0 to serve", || {
            let ports = bench.snapshot()?["network"]["ports"].take();
            ports.as_array()?.iter().find(|port| port["interface"] == "eth0" && port["state"] == "serving").cloned()
        });
        Self { bench, segment, machine, process, kernel }
    }

    /// Runs a client on a machine; its exit code.
    fn code(&self, machine: &Machine, program: &str, arguments: &[&str]) -> i32 {
        machine.output(program, arguments).status.code().unwrap()
    }

    /// A new file for a client to write.
    fn file(&self, name: &str) -> PathBuf {
        let path = self.bench.folder.path().join(name);
        fs::write(&path, "").unwrap();
        path
    }

    /// Fetches the kernel with every client, from the address.
    fn fetch_with_all(&self, laptop: &Machine, from: &str) {
        let url = format!("tftp://{from}/boot/vmlinuz");
        for (name, words) in [
            ("curl", format!("curl -sS --tftp-blksize 1468 -o FILE {url}")),
            ("tftp-hpa", format!("tftp {from} -m octet -c get boot/vmlinuz FILE")),
            ("atftp", format!("atftp --option=blksize_1428 --option=windowsize_16 -g -r /boot/vmlinuz -l FILE {from}")),
        ] {
            let file = self.file(name);
            let words = words.replace("FILE", file.to_str().unwrap());
            let words: Vec<_> = words.split(' ').map(|word| word.replace("blksize_", "blksize ")).collect();
            let words: Vec<_> = words.iter().map(|word| word.replace("windowsize_", "windowsize ")).collect();
            let arguments: Vec<_> = words[1..].iter().map(String::as_str).collect();
            let output = laptop.output(&words[0], &arguments);
            let got = fs::read(&file).unwrap();
            assert!(got == self.kernel, "{name}: {} of {KERNEL} bytes, {output:?}", got.len());
        }
    }
}

/// A kernel no two parts of which are the same.
fn put_kernel(bench: &Bench, size: usize) -> Vec<u8> {
    let bytes: Vec<u8> = (0..size).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let folder = bench.boot_environment();
    let manifest = folder.join("bootenv.json");
    let mut known: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    for file in known["files"].as_array_mut().unwrap().iter_mut().filter(|file| file["name"] == "vmlinuz") {
        (file["size"], file["sha256"]) = (json!(size), json!(hex::encode(Sha256::digest(&bytes))));
    }
    fs::write(folder.join("vmlinuz"), &bytes).unwrap();
    fs::write(manifest, known.to_string()).unwrap();
    bytes
}

#[test]
fn curl_tftp_hpa_and_atftp_get_the_whole_file() {
    let served = Served::new();
    let laptop = served.segment.with(Some("10.77.0.2/24"));
    served.fetch_with_all(&laptop, SERVER);
    // The number of a block wraps after 65,535 of them.
    let file = served.file("small blocks");
    let url = format!("tftp://{SERVER}/boot/vmlinuz");
    let arguments = ["-sS", "--tftp-blksize", "8", "-o", file.to_str().unwrap(), &url];
    assert_eq!(served.code(&laptop, "curl", &arguments), 0);
    assert!(fs::read(&file).unwrap() == served.kernel);
}

#[test]
fn names_are_looked_up_and_nothing_is_written() {
    let served = Served::new();
    let laptop = served.segment.with(Some("10.77.0.2/24"));
    let file = served.file("file");
    let get = |name: &str| {
        let url = format!("tftp://{SERVER}/{name}");
        served.code(&laptop, "curl", &["-sS", "--path-as-is", "-o", file.to_str().unwrap(), &url])
    };
    // curl's numbers: not found, no permission.
    for name in
        ["../box.key", "/etc/passwd", "boot/../../box.key", "..%5Cbox.key", "boot", "bootenv.json", "journal.db"]
    {
        assert_eq!(get(name), 68, "{name}");
    }
    for name in ["boot/vmlinuz", "/boot//vmlinuz", "boot%5Cvmlinuz"] {
        assert_eq!(get(name), 0, "{name}");
        assert!(fs::read(&file).unwrap() == served.kernel, "{name}");
    }
    let url = format!("tftp://{SERVER}/boot/vmlinuz");
    assert_eq!(served.code(&laptop, "curl", &["-sS", "-T", file.to_str().unwrap(), &url]), 69);
    assert_eq!(get("boot/vmlinuz"), 0);
}

#[test]
fn a_bad_cable_takes_time_and_no_bytes() {
    let served = Served::new();
    let laptop = served.segment.with(Some("10.77.0.2/24"));
    for seed in [1, 2] {
        let faults = Faults { lost: 10, doubled: 10, swapped: 10, delayed: 5, seed };
        let relay = served.segment.with(Some(&format!("10.77.0.{}/24", 10 + seed)));
        let _running = Relay::on(&relay, SERVER, faults);
        served.fetch_with_all(&laptop, &format!("10.77.0.{}", 10 + seed));
    }
}

#[test]
fn blocks_that_do_not_fit_the_network_are_cut_by_ip() {
    let served = Served::new();
    // The kernel refuses to cut a window into blocks of that size.
    served.machine.ip("link set eth0 mtu 1000");
    let laptop = served.segment.with(Some("10.77.0.2/24"));
    served.fetch_with_all(&laptop, SERVER);
}

/// Laptops on addresses of their own, with a share of the limit of each.
const CROWD: usize = 2_000;
const PER_ADDRESS: usize = 10;

#[test]
fn thousands_of_transfers_at_once_cost_memory_for_none() {
    let served = Served::new();
    served.machine.ip("route add 10.78.0.0/16 via 10.77.0.2");
    let laptops = served.segment.with(Some("10.77.0.2/24"));
    laptops.ip("route add local 10.78.0.0/16 dev lo");
    let before = resident(served.process);
    let program = std::env::current_exe().unwrap();
    let arguments = ["--exact", "tftp::as_a_crowd", "--ignored", "--nocapture"];
    let mut command = laptops.command(program.to_str().unwrap(), &arguments);
    command.env("CROWD", SERVER);
    let mut crowd = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(crowd.stdout.take().unwrap()).lines();
    let mut says = |word: &str| lines.by_ref().any(|line| line.unwrap().ends_with(word));
    assert!(says("holding"));
    let shown = until("the board to show them", || {
        let shown = served.bench.snapshot()?["network"]["transfers"].as_array()?.len();
        (shown > 0).then_some(shown)
    });
    assert!(shown <= 256, "{shown}: a screen shows some dozens");
    let during = resident(served.process);
    // Not the file once for each, which were 1,200 MB.
    assert!(during < before + 30_000, "{before} KB before, {during} KB with {CROWD} transfers");
    writeln!(crowd.stdin.as_mut().unwrap(), "on").unwrap();
    assert!(says("done"));
    assert!(crowd.wait().unwrap().success());
    until("the board to be empty", || {
        served.bench.snapshot()?["network"]["transfers"].as_array()?.is_empty().then_some(())
    });
}

/// KB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "what the test above runs on another machine"]
fn as_a_crowd() {
    let Ok(server) = std::env::var("CROWD") else { return };
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = rustix::process::Rlimit { current: limit.maximum, ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, most).unwrap();
    let request = b"\0\x01boot/vmlinuz\0octet\0blksize\x001468\0windowsize\x0016\0";
    let address = |n: usize| Ipv4Addr::from(0x0a4e_0001 + (n / PER_ADDRESS) as u32);
    let mut buffer = [0; 2_048];
    let mut crowd: Vec<_> = (0..CROWD)
        .map(|n| {
            let socket = UdpSocket::bind((address(n), 0)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.send_to(request, (server.as_str(), 69)).unwrap();
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            assert_eq!(buffer[..2], [0, 6], "{:?}", &buffer[..length]);
            socket.connect(from).unwrap();
            socket.send(&[0, 4, 0, 0]).unwrap();
            (socket, 0_u16, false)
        })
        .collect();
    println!("holding");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let mut left = CROWD;
    while left > 0 {
        for (socket, last, done) in crowd.iter_mut().filter(|(.., done)| !done) {
            // One window, or what there is of it; blocks that came twice are old news.
            socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            while let Ok(length) = socket.recv(&mut buffer) {
                if buffer[2..4] != (*last + 1).to_be_bytes() {
                    continue;
                }
                *last += 1;
                *done = length < 1_472;
                if *last % 16 == 0 || *done {
                    break;
                }
            }
            let [high, low] = last.to_be_bytes();
            socket.send(&[0, 4, high, low]).unwrap();
            left -= usize::from(*done);
            if *done {
                assert_eq!(usize::from(*last), KERNEL / 1_468 + 1);
            }
        }
    }
    println!("done");
}
