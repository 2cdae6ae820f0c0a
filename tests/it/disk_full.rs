//! A disk that is really full: a small tmpfs in a mount namespace of the test's own.

use std::{fs, process::Command};

use whiteglove_core::api::{self, Outcome};

use crate::support::{
    Bench, Control,
    laptop::{capture_with_uuid, post, sealed_capture},
    until,
};

/// `serve` with its state on a file system of 4 MB, 1 MB of which somebody else fills.
fn on_a_small_disk(bench: &Bench) -> Option<Command> {
    let may = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success());
    if !may {
        eprintln!("SKIPPED: mount namespaces need root and `unshare`");
        return None;
    }
    let state = bench.state();
    let script = format!(
        "set -e; cp -a {0} {0}.copy; mount -t tmpfs -o size=4m,mode=700 tmpfs {0}; \
         cp {0}.copy/box.key {0}.copy/journal.db {0}; chmod 600 {0}/box.key; \
         head -c 1000000 /dev/zero > {0}/photos; exec \"$@\"",
        state.display()
    );
    let serve = bench.command();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script, "sh"]).arg(serve.get_program()).args(serve.get_args());
    Some(command)
}

#[test]
fn a_full_disk_refuses_with_a_reason_loses_nothing_and_goes_on_when_there_is_room() {
    let mut bench = Bench::started();
    let (_, card) = bench.build_stick();
    bench.stop();
    let Some(command) = on_a_small_disk(&bench) else { return };
    let process = bench.spawn(command);
    let inside = format!("/proc/{process}/root{}", bench.state().display());
    let url = until("the endpoint", || {
        let mut control = Control::connect(inside.as_ref()).ok()?;
        Some(control.until("snapshot")["endpoints"][0].as_str()?.to_owned())
    });

    let send = |n: u32| {
        let mut uuid = [7; 16];
        uuid[..4].copy_from_slice(&n.to_le_bytes());
        let mut machine = capture_with_uuid(&format!("FULL{n:04}"), uuid, None);
        machine.agent = "x".repeat(20_000);
        let (envelope, session) = sealed_capture(&card, &machine);
        (post(&url, api::CAPTURE, envelope.bytes()).unwrap(), session, envelope)
    };
    let mut kept = 0;
    let (refusal, session, envelope) = (0..1_000)
        .map(send)
        .find(|(answer, ..)| {
            kept += usize::from(answer.status == 200);
            answer.status != 200
        })
        .expect("the disk never filled up");
    let problem = refusal.problem();
    assert!(problem.next.contains("Free some space"), "{problem}");
    assert!(kept > 5, "{kept}");

    let devices = || {
        let (process, state) = (process.to_string(), bench.state());
        let mut inside = Command::new("nsenter");
        inside.args(["-t", &process, "-m", env!("CARGO_BIN_EXE_whiteglove"), "--state"]).arg(state);
        let output = inside.args(["devices", "--json"]).output().unwrap();
        serde_json::from_slice::<Vec<serde_json::Value>>(&output.stdout).unwrap().len()
    };
    assert_eq!(devices(), kept);
    fs::remove_file(format!("{inside}/photos")).unwrap();
    let receipt = post(&url, api::CAPTURE, envelope.bytes()).unwrap().receipt(&session);
    assert_eq!(receipt.outcome, Outcome::Captured);
    assert_eq!(devices(), kept + 1);
}
