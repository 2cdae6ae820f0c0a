//! `kill -9` at any moment: what was acknowledged is there, and nothing is half there.

use std::{sync::mpsc, thread};

use serde_json::json;
use whiteglove_core::{api, envelope::MessageId};

use crate::support::{
    Bench, Control,
    laptop::{capture, hand_in, post, sealed_capture},
    until,
};

#[test]
fn the_board_is_the_same_after_kill_9() {
    let mut bench = Bench::started();
    let (_, card) = bench.build_stick();
    for n in 1..=5 {
        hand_in(&bench.url(), &card, &capture(&format!("PF3K9Q{n}"), n, Some(n)));
    }
    hand_in(&bench.url(), &card, &capture("PF3K9Q1", 99, Some(99)));
    let before = bench.devices();
    bench.kill();
    assert_eq!(bench.devices(), before);
    bench.start();
    assert_eq!(bench.devices(), before);
    assert_eq!(bench.snapshot().unwrap()["rows"].as_array().unwrap().len(), 6);
}

#[test]
fn no_acknowledged_capture_is_lost_when_killed_under_load() {
    let mut bench = Bench::started();
    let (_, card) = bench.build_stick();
    let (acknowledged, heard) = mpsc::channel::<MessageId>();
    let url = bench.url();
    let clients: Vec<_> = (0..8_u8)
        .map(|client| {
            let (url, card, acknowledged) = (url.clone(), card.clone(), acknowledged.clone());
            thread::spawn(move || {
                for n in 0..=255 {
                    let mut uuid = [client + 1; 16];
                    uuid[3] = n;
                    let serial = format!("C{client}N{n:03}");
                    let machine = crate::support::laptop::capture_with_uuid(&serial, uuid, None);
                    let (envelope, session) = sealed_capture(&card, &machine);
                    match post(&url, api::CAPTURE, envelope.bytes()) {
                        Ok(answer) => answer.receipt(&session),
                        Err(_) => return,
                    };
                    acknowledged.send(machine.id).unwrap();
                }
            })
        })
        .collect();
    drop(acknowledged);
    // Wait for a few, then kill while the others are under way.
    let mut yes: Vec<MessageId> = (0..40).map(|_| heard.recv().unwrap()).collect();
    bench.kill();
    clients.into_iter().for_each(|client| client.join().unwrap());
    yes.extend(heard.iter());

    let devices = bench.devices();
    let kept: Vec<&str> = devices.iter().filter_map(|device| device["capture"]["id"].as_str()).collect();
    for id in &yes {
        assert!(kept.contains(&id.to_string().as_str()), "{id} was acknowledged and is gone");
    }
    assert!(bench.says(&["journal", "verify"]).starts_with("The journal is whole"));
    bench.start();
    assert_eq!(bench.devices().len(), devices.len());
}

#[test]
fn a_stop_is_orderly_while_laptops_wait() {
    let mut bench = Bench::started();
    let (_, card) = bench.build_stick();
    let machine = capture("PF3K9Q", 1, Some(1));
    hand_in(&bench.url(), &card, &machine);
    let url = format!("{}{}?capture={}&after=0", bench.url(), api::WAIT, machine.id);
    let waiting = thread::spawn(move || crate::support::laptop::http().get(url).call().map(|r| r.status().as_u16()));
    thread::sleep(std::time::Duration::from_millis(200));
    bench.stop();
    // Answered with "stay", not cut off.
    assert_eq!(waiting.join().unwrap().unwrap(), 200);
}

#[test]
fn a_stop_gives_up_the_running_job_and_leaves_no_half_image() {
    let mut bench = Bench::started();
    let folder = bench.folder.path().join("large");
    std::fs::create_dir(&folder).unwrap();
    let file = std::fs::File::create(folder.join("payload.bin")).unwrap();
    file.set_len(3 << 30).unwrap();
    let mut control = Control::connect(&bench.state()).unwrap();
    control
        .send(&json!({"build-media": {"out": "large.img", "recipe": {"form": "gpt", "add": folder, "again": null}}}));
    until("the build to be under way", || {
        let snapshot = control.until("snapshot");
        (snapshot["job"]["progress"]["done"].as_u64()? > 0).then_some(())
    });
    bench.stop();
    // What is added is read before there is a place for the image.
    let left: Vec<_> = std::fs::read_dir(bench.state().join("media")).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}
