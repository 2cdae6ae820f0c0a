//! What people ask and decide about network boot, with no network at all. tests/it/dhcp.rs has the wire.

use crate::support::{
    Bench,
    laptop::{capture, hand_in},
};

#[test]
fn what_a_laptop_boots_is_chosen_told_and_used_up() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    hand_in(&bench.url(), &card, &capture("PF000001", 1, Some(1)));
    let why = |number: &str| bench.says(&["netboot", "why", number]);
    assert!(why("1").contains("Asked next, it is told: own disk (it has been captured)."), "{}", why("1"));
    assert!(why("1").contains("The bench serves no network."), "{}", why("1"));

    let said = bench.says(&["netboot", "boot", "quick-scan", "1"]);
    assert_eq!(said, "Device #1 boots from the network: quick scan.\n");
    assert!(why("1").contains("it is told: quick scan (chosen here)"));
    assert_eq!(bench.devices()[0]["boot"]["boot"], "quick-scan");
    // Its capture is what was wanted; left in network-boot order it goes to its disk now.
    hand_in(&bench.url(), &card, &capture("PF000001", 1, Some(1)));
    assert!(why("1").contains("own disk (it has been captured)"));

    let refused = bench.complains(&["netboot", "boot", "memory-test", "1", "9"]);
    assert!(refused.contains("no device #9"), "{refused}");
    assert_eq!(bench.devices()[0]["boot"], "automatic", "all of a selection or none");
    assert!(bench.complains(&["netboot", "why", "9"]).contains("no device #9"));
}

#[test]
fn an_interface_that_is_not_there_is_said_to_be_missing() {
    let bench = Bench::started();
    let refused = bench.complains(&["netboot", "mode", "enp99s0", "own"]);
    assert!(refused.contains("no network interface enp99s0"), "{refused}");
    let mut stopped = bench;
    stopped.stop();
    let refused = stopped.complains(&["netboot", "status"]);
    assert!(refused.contains("No bench runs here."), "{refused}");
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let bench = Bench::without_boot_environment();
    let output = bench.run(&["doctor"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("BAD   There is no boot environment in"), "{said}");
    assert!(said.contains("next: Run scripts/bootenv"), "{said}");
    assert!(!bench.state().exists(), "a check changes nothing");

    let well = Bench::started();
    let said = well.says(&["doctor"]);
    assert!(said.contains("ok    The journal is whole:"), "{said}");
    assert!(said.contains(&format!("ok    The endpoint answers at {}.", well.url())), "{said}");
    assert!(said.contains("ok    Network boot has the quick scan for BIOS, x64."), "{said}");
    assert!(said.contains("note  Laptops cannot boot the WinPE from the network."), "{said}");
}
