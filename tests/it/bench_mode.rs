//! Bench mode in an appliance that runs on its own: what a board armed goes on without it, on loop devices.

use std::fs;

use serde_json::{Value, json};

use crate::{
    sticks::Stick,
    support::{
        Bench, Control,
        laptop::{capture, sealed_capture},
        until,
    },
};

/// A size that nothing else on this machine has: what other tests plug in meanwhile is not ours to erase.
const SIZE: u64 = 1_236_664_320;

fn arm(image: &std::path::Path, typed: &str) -> Value {
    let sizes = json!({"from": 1_236_000_000_u64, "to": 1_237_000_000_u64});
    json!({"arm-bench": {
        "image": image, "sizes": sizes, "ports": [], "most": null, "plugged-in": false, "typed": typed
    }})
}

fn run(bench: &Bench) -> Value {
    bench.snapshot().map(|mut snapshot| snapshot["sticks"]["run"].take()).unwrap_or_default()
}

fn until_run(bench: &Bench, what: &str, ready: impl Fn(&Value) -> bool) -> Value {
    until(what, || Some(run(bench)).filter(&ready))
}

/// Where a stick is; other tests plug others in.
fn at<'a>(run: &'a Value, stick: &Stick) -> &'a Value {
    let port = stick.device().trim_start_matches("/dev/");
    run["positions"].as_array().unwrap().iter().find(|position| position["port"] == port).unwrap()
}

#[test]
fn a_bench_that_a_board_armed_goes_on_without_it_and_the_next_board_sees_it() {
    let mut bench = Bench::new();
    let (image, card) = bench.build_stick();
    let mut command = bench.command();
    command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1");
    bench.spawn(command);
    bench.url();
    let mut board = Control::connect(&bench.state()).unwrap();
    board.send(&arm(&image, "erase 1236M..1238M"));
    let over = until_run(&bench, "a refusal", |run| run["phase"].get("over").is_some());
    assert!(over["phase"]["over"]["Err"]["what"].as_str().unwrap().contains("not armed"), "{over}");

    board.send(&arm(&image, "erase 1236M..1237M"));
    until_run(&bench, "an armed bench", |run| run["phase"] == "armed");
    drop(board);
    let mut stick = Stick::new(&bench, "stick", SIZE);
    if !stick.plug() {
        return;
    }
    let made = until_run(&bench, "a stick that is ready", |run| run["ready"] == 1);
    assert_eq!(at(&made, &stick)["state"]["ready"]["label"], 1, "{made}");
    assert_eq!(made["failed"], 0, "{made}");
    stick.assert_good(&bench);

    // It comes back with a capture: that is on the bench before the stick is written over.
    let (good, _) = sealed_capture(&card, &capture("PF3K9Q", 1, Some(1)));
    let name = "0123456789abcdef0123456789abcdef.wgc";
    assert!(stick.comes_back_with(&bench, &[(name, good.bytes())]));
    let made = until_run(&bench, "the stick again", |run| run["ready"] == 2);
    assert_eq!((&made["failed"], &made["collected"]["captures"]), (&0.into(), &1.into()), "{made}");
    assert_eq!(bench.snapshot().unwrap()["rows"][0]["serial"], "PF3K9Q");
    assert!(!stick.captures().contains("wgc"), "{}", stick.captures());
    // With one that nobody can open it is left alone.
    assert!(stick.comes_back_with(&bench, &[(name, &good.bytes()[..200])]));
    let kept = until_run(&bench, "a stick that is kept", |run| run["failed"] == 1);
    assert_eq!(at(&kept, &stick)["state"]["failed"]["remains"], "kept", "{kept}");
    assert!(stick.captures().contains("wgc"), "{}", stick.captures());

    let device = stick.device();
    let name = device.trim_start_matches("/dev/");
    let refused = bench.complains(&["media", "write", image.to_str().unwrap(), "--to", device, "--name", name]);
    assert!(refused.contains("while bench mode is armed"), "{refused}");

    let mut board = Control::connect(&bench.state()).unwrap();
    board.send(&json!({"disarm-bench": {"stop": false}}));
    let over = until_run(&bench, "the end", |run| run["phase"].get("over").is_some());
    assert_eq!(over["phase"]["over"], json!({"Ok": null}), "{over}");
    // A board sees what is on that stick, and takes in what can be taken in.
    board.send(&json!("list-disks"));
    let disks = board.until("disks");
    let disk = disks.as_array().unwrap().iter().find(|disk| disk["path"] == device).unwrap();
    board.send(&json!({"look-at": {"disk": disk}}));
    let looked = board.until("looked");
    assert_eq!(looked["brought"]["Ok"]["captures"], 1, "{looked}");
    board
        .send(&json!({"collect": {"disk": disk, "typed": disk["path"].as_str().unwrap().trim_start_matches("/dev/")}}));
    let answer = board.until("problem");
    assert!(answer["what"].as_str().unwrap().contains("1 damaged"), "{answer}");
    assert!(answer["what"].as_str().unwrap().contains("Erased from the stick: nothing."), "{answer}");
    let log = fs::read_to_string(bench.state().join("sticks/health.jsonl")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("\"ready\"")).count(), 2, "{log}");
    // The journal knows the stick, though no board was there when it was made.
    let known = bench.says(&["media", "sticks", "--json"]);
    assert!(known.contains(log.split("\"media\":\"").nth(1).unwrap().split('"').next().unwrap()), "{known}");
    bench.stop();
}
