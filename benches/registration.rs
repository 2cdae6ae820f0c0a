//! Registration of many laptops against the fake of Microsoft's services, as fast and as throttled as the real ones:
//! `--laptops N` from "all are captured" to "all are safe to boot", beside the least that the service's own times allow;
//! `--queue N` the memory of a bench whose queue is that long while there is no uplink.
//!
//! Prints one line of JSON. scripts/bench runs it.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark prints and may stop"
)]

#[path = "../tests/it/support/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "shared with the tests, which use all of it"
)]
mod support;

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::json;
use support::cloud::{
    contract::Host,
    http::now,
    site::{Site, serials},
    world::Pace,
};

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let place = words.iter().position(|word| word == name)?;
        Some(words.get(place + 1).and_then(|word| word.parse::<usize>().ok()).expect("a number"))
    };
    match (number("--laptops"), number("--queue")) {
        (Some(count), _) => registered(count),
        (None, Some(count)) => queued(count),
        (None, None) => registered(20),
    }
}

fn registered(count: usize) {
    let laptops = serials(count, "PF");
    let mut site = Site::new(Pace::REALISTIC, &[("Contoso", "SALES")]);
    site.give_secret("Contoso");
    site.arrive("Contoso", &laptops);
    // Nothing is known of the service, as after a start.
    site.bench.stop();
    site.start();
    let (since, began) = (now(), Instant::now());
    site.register();
    while site.stages().get("cleared") != Some(&count) {
        assert!(began.elapsed() < Duration::from_secs(1_800), "{:?}", site.bench.snapshot());
        thread::sleep(Duration::from_millis(250));
    }
    let took = began.elapsed().as_secs_f64();
    let world = site.cloud.world();
    let (graph, entra) = (world.requests(Host::Graph, since), world.requests(Host::Entra, since));
    let throttled = world.exchanges.iter().filter(|one| one.at >= since && one.status == 429).count();
    let parts = world.exchanges.iter().filter(|one| one.at >= since && one.part).count();
    let pace = world.pace.clone();
    drop(world);
    site.exactly_once("Contoso", &laptops);
    let floor = Duration::from_millis(pace.floor(laptops.iter().map(String::as_str))).as_secs_f64();
    let measured = json!({
        "laptops": count, "seconds": took, "floor": floor, "graph": graph, "parts": parts, "entra": entra,
        "throttled": throttled,
    });
    println!("{measured}");
}

fn queued(count: usize) {
    let laptops = serials(count, "PF");
    let mut site = Site::new(Pace::REALISTIC, &[("Contoso", "SALES")]);
    site.give_secret("Contoso");
    site.arrive("Contoso", &laptops);
    site.bench.stop();
    site.cloud.offline();
    let process = site.start();
    let memory = |name: &str| -> u64 {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let before = memory("VmRSS:");
    site.register();
    // It tries, fails, and goes on holding all of it.
    thread::sleep(Duration::from_secs(30));
    let snapshot = support::until("a snapshot", || site.bench.snapshot());
    assert_eq!(snapshot["registration"]["counts"]["waiting"], count, "{}", snapshot["registration"]);
    let measured = json!({
        "queue": count, "before_kib": before, "queued_kib": memory("VmRSS:"), "peak_kib": memory("VmHWM:"),
    });
    println!("{measured}");
}
