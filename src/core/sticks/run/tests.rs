use super::*;
use crate::disk::{Bus, Policy, Terms, tests::stick};

fn at(seconds: u64) -> Moment {
    Moment::from_millis(1_000_000 + seconds * 1000)
}

/// A stick at a port; `count` is the kernel's.
fn plugged(port: &str, count: u64) -> Present {
    let disk = Disk { path: format!("/dev/sd{port}").into(), diskseq: Some(count), ..stick() };
    Present { disk, place: Place { port: port.into(), ..Place::default() } }
}

fn system() -> Present {
    let disk = Disk { path: "/dev/nvme0n1".into(), bus: Bus::Nvme, is_system: true, diskseq: Some(1), ..stick() };
    Present { disk, place: Place::default() }
}

fn run(ports: &[&str], most: usize, before: &[Present]) -> Run {
    run_knowing(&[], ports, most, before)
}

/// `known`: the ports of the positions that a person taught.
fn run_knowing(known: &[&str], ports: &[&str], most: usize, before: &[Present]) -> Run {
    let terms = Terms {
        sizes: "14G..70G".parse().unwrap(),
        ports: ports.iter().map(|port| (*port).to_owned()).collect(),
        most,
        image: 1 << 30,
        before: before.iter().map(|present| present.disk.clone()).collect(),
    };
    let known = known.iter().map(|port| (*port).to_owned()).collect();
    Run::new(Armed::confirm(terms, "erase 14G..70G", Policy::default()).unwrap(), known, Patience::default())
}

#[test]
fn a_port_has_the_position_it_was_taught_and_new_ones_come_after() {
    let there = [plugged("b", 10), plugged("x", 11), plugged("a", 12)];
    let at_positions = |mut run: Run| -> Vec<usize> {
        run.on_disks(there.to_vec(), at(1)).0.iter().map(|start| start.position).collect()
    };
    assert_eq!(at_positions(run_knowing(&["a", "b", "c"], &[], 9, &[])), [2, 4, 1]);
    // The ports it was armed for count instead, and no others.
    assert_eq!(at_positions(run_knowing(&["a", "b", "c"], &["b", "x"], 9, &[])), [1, 2]);
}

fn ready() -> Outcome {
    Outcome::Ready { write_rate: Some(20_000_000), read_rate: None, retries: 0 }
}

fn writing(done: u64) -> Progress {
    Progress { task: "writing".into(), done, total: 1000 }
}

#[test]
fn a_day_at_the_bench() {
    let there = [system(), plugged("9", 2)];
    let mut run = run(&[], 100, &there);
    // What was there before: the own disk is not spoken of, the forgotten stick is.
    let (starts, events) = run.on_disks(there.to_vec(), at(0));
    assert!(starts.is_empty());
    let [Event::Declined { position: 1, problem, .. }] = &events[..] else { panic!("{events:?}") };
    assert!(problem.next.contains("plug it in again"));
    // Two come.
    let there = [system(), plugged("9", 2), plugged("a", 10), plugged("b", 11)];
    let (starts, events) = run.on_disks(there.to_vec(), at(1));
    assert_eq!(starts.iter().map(|start| (start.stick, start.position)).collect::<Vec<_>>(), [(1, 2), (2, 3)]);
    assert_eq!(events.len(), 2);
    assert_eq!(run.on_disks(there.to_vec(), at(2)).0.len(), 0, "each is begun once");
    assert!(run.on_progress(1, &writing(100), at(2)).is_some());
    assert_eq!(run.on_progress(1, &writing(101), at(2)), None, "a line a second is enough");
    let told = run.on_progress(1, &writing(500), at(6)).unwrap();
    assert!(matches!(told, Event::Progress { rate: Some(100), seconds_left: Some(5), .. }), "{told:?}");
    assert!(told.to_string().contains("50 %"));
    let told = run.on_ended(1, ready(), at(9)).unwrap();
    assert!(told.to_string().contains("remove 2, insert the next"), "{told}");
    // Taken out; the next one at that port has the same position.
    let there = [system(), plugged("9", 2), plugged("b", 11)];
    assert_eq!(run.on_disks(there.to_vec(), at(10)).1, [Event::Removed { position: 2 }]);
    let there = [system(), plugged("9", 2), plugged("b", 11), plugged("a", 12)];
    assert_eq!(run.on_disks(there.to_vec(), at(11)).0[0].position, 2);
    assert_eq!(run.finished(), None);
    run.stop();
    assert_eq!(run.finished(), None, "two are still being written");
    let failed = Outcome::Failed { touched: true, remains: Remains::Suspect, problem: Problem::new("a", "b", "c") };
    run.on_ended(2, failed, at(12));
    run.on_ended(3, ready(), at(12));
    assert_eq!(run.finished(), Some(Event::Finished { ready: 2, failed: 1 }));
    let (starts, events) = run.on_disks(vec![plugged("c", 20)], at(13));
    assert_eq!(starts.len(), 0, "nothing is begun after the end");
    assert!(events.iter().all(|event| *event != Event::Removed { position: 0 }), "{events:?}");
}

#[test]
fn armed_ports_have_the_positions_in_which_they_were_named() {
    let mut run = run(&["b", "a"], 9, &[]);
    let (starts, events) = run.on_disks(vec![plugged("a", 1), plugged("b", 2), plugged("x", 3)], at(0));
    assert_eq!(starts.iter().map(|start| start.position).collect::<Vec<_>>(), [2, 1]);
    assert!(events.iter().any(|event| event.to_string().contains("not armed for port x")));
}

#[test]
fn the_same_name_with_another_count_is_another_stick() {
    let mut run = run(&[], 9, &[]);
    assert_eq!(run.on_disks(vec![plugged("a", 1)], at(0)).0.len(), 1);
    run.on_ended(1, ready(), at(1));
    // Swapped between two looks at the machine.
    let (starts, events) = run.on_disks(vec![plugged("a", 2)], at(2));
    assert_eq!(starts.len(), 1);
    assert!(matches!(events[0], Event::Removed { .. }) && matches!(events[1], Event::Begun { .. }));
}

#[test]
fn a_stick_that_hangs_is_told_of_then_given_up_and_a_slow_one_is_not() {
    let mut run = run(&[], 9, &[]);
    run.on_disks(vec![plugged("a", 1), plugged("b", 2)], at(0));
    // One answer in 30 s is slow, not dead.
    let beats = |now: u64| move |stick: u64| if stick == 1 { 7 } else { now / 30 };
    let mut told = Vec::new();
    let mut given_up = Vec::new();
    for second in 1..=130 {
        let (sticks, events) = run.on_tick(beats(second), at(second));
        told.extend(events.into_iter().map(|event| (second, event.to_string())));
        given_up.extend(sticks.into_iter().map(|stick| (second, stick)));
    }
    assert_eq!(given_up, [(121, 1)]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].0 == 36 && told[0].1.contains("silent"), "{told:?}");
    assert!(told[1].1.contains("FAILED: remove 1, put it aside"), "{told:?}");
    // It wakes up after all: too late.
    assert_eq!(run.on_ended(1, ready(), at(140)), None);
    assert_eq!(run.on_progress(1, &writing(1), at(140)), None);
}

#[test]
fn no_more_are_begun_than_were_asked_for_and_the_untouched_do_not_count() {
    let mut run = run(&[], 2, &[]);
    let (starts, events) = run.on_disks(vec![plugged("a", 1), plugged("b", 2), plugged("c", 3)], at(0));
    assert_eq!(starts.len(), 2);
    assert!(events[2].to_string().contains("All 2 sticks"), "{}", events[2]);
    let untouched = Outcome::Failed { touched: false, remains: Remains::AsItWas, problem: Problem::new("a", "b", "c") };
    run.on_ended(1, untouched, at(1));
    run.on_ended(2, ready(), at(1));
    assert_eq!(run.finished(), None, "one more may come");
    let (starts, _) = run.on_disks(vec![plugged("d", 4)], at(2));
    run.on_ended(starts[0].stick, ready(), at(3));
    assert_eq!(run.finished(), Some(Event::Finished { ready: 2, failed: 1 }));
}

#[test]
fn events_are_one_json_object_each() {
    let mut run = run(&[], 2, &[]);
    let present =
        Present { place: Place { port: "a".into(), speed: Some(480), version: Some(210) }, ..plugged("a", 1) };
    let (_, events) = run.on_disks(vec![present], at(0));
    let json = serde_json::to_string(&events[0]).unwrap();
    assert!(json.starts_with(r#"{"event":"begun","position":1,"port":"a","stick":{"path":"/dev/sda""#), "{json}");
    assert!(json.contains("USB 2 port"), "{json}");
    assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), events[0]);
}

#[test]
fn what_is_to_be_done_with_a_stick_follows_from_what_it_is() {
    let said = |remains| {
        let mut run = run(&[], 9, &[]);
        run.on_disks(vec![plugged("a", 1)], at(0));
        let problem = Problem::new("a", "b", "c");
        run.on_ended(1, Outcome::Failed { touched: true, remains, problem }, at(1)).unwrap().to_string()
    };
    assert!(said(Remains::HalfWritten).starts_with("  1  HALF WRITTEN: remove 1, plug in again"));
    assert!(said(Remains::Useless).contains("throw it away"));
    assert!(said(Remains::Kept).contains("KEEP IT: remove 1, captures on it"));
    assert!(!said(Remains::AsItWas).contains("aside"));
}

#[test]
fn what_a_stick_brought_is_told_while_it_is_at_work() {
    let mut run = run(&[], 9, &[]);
    run.on_disks(vec![plugged("a", 1)], at(0));
    let brought = Brought { captures: 2, ..Brought::default() };
    assert_eq!(run.on_collected(1, brought), Some(Event::Collected { position: 1, brought }));
    run.on_ended(1, ready(), at(1));
    assert_eq!(run.on_collected(1, brought), None);
}
