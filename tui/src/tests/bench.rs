//! Bench mode: arming, the positions, what a person does next, disarming, and the lesson in which ports are shown.

use std::sync::Arc;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use whiteglove_core::{
    control::{Arm, Command, Snapshot, Teach, Update},
    disk::Disk,
    problem::Problem,
    sticks::{
        brought::Brought,
        event::Event,
        remains::Remains,
        view::{BenchMode, Phase, View},
    },
};

use super::media::{one_image, sticks, with_images};
use crate::{
    Model, render_to_string,
    testing::{self, MONOCHROME, NOON, ago, feed, few, press, scan, screen, showing_at, stick, system_disk},
};

fn ports(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("2-1.{n}")).collect()
}

fn armed(positions: usize) -> View {
    let mut view = View::new("ACME-07.img".into(), "14G..70G".parse().unwrap(), &ports(positions), ago(900));
    (view.phase, view.lately) = (Phase::Armed, 40);
    view
}

fn numbered(n: usize) -> Disk {
    Disk { serial: format!("4C5300012207{n:04}"), diskseq: Some(n as u64), ..stick() }
}

fn begun(position: usize, notes: &[&str]) -> Event {
    let notes = notes.iter().map(|note| (*note).to_owned()).collect();
    Event::Begun { position, port: format!("2-1.{position}"), stick: numbered(position), notes }
}

fn progress(position: usize, task: &str, percent: u64) -> Event {
    let (rate, seconds_left) = (Some(28_400_000), Some(65));
    Event::Progress { position, task: task.into(), done: percent * 10, total: 1000, rate, seconds_left }
}

fn ready(position: usize) -> Event {
    let (write_rate, read_rate) = (Some(31_000_000), Some(92_000_000));
    Event::Ready { position, stick: numbered(position), seconds: 74, write_rate, read_rate, retries: 0 }
}

fn failed(position: usize) -> Event {
    let problem = Problem::new(
        "The stick was not finished; its old content is gone and it does not boot",
        "writing at byte 67108864: No such device (os error 19)",
        "Plug the stick in at another port and write it again; if that repeats, throw it away.",
    );
    Event::Failed { position, stick: numbered(position), remains: Remains::Suspect, problem }
}

fn declined(position: usize) -> Event {
    let problem =
        Problem::new("Ultra will not be erased", "it is write-protected", "Slide its lock open if it has one.");
    Event::Declined { position, port: format!("2-1.{position}"), stick: numbered(position), problem }
}

/// Six positions, each in another state.
fn busy_hub() -> View {
    let mut view = armed(6);
    let events = [
        begun(1, &[]),
        progress(1, "writing", 45),
        begun(2, &["a USB 3 stick in a USB 2 port: it writes at 35 MB/s at most; use a blue port"]),
        progress(2, "reading back", 80),
        begun(3, &[]),
        ready(3),
        begun(4, &[]),
        failed(4),
        declined(5),
    ];
    for (n, event) in (0_u64..).zip(&events) {
        view.apply(event, ago(100 - n));
    }
    view
}

fn with(run: Option<View>) -> Snapshot {
    let sticks = BenchMode { run, positions: ports(6), teaching: None };
    Snapshot { sticks: Arc::new(sticks), ..one_image() }
}

fn watching_at(run: Option<View>, size: (u16, u16)) -> Model {
    let mut model = showing_at(with(run), size);
    assert_eq!(press(&mut model, "m m"), [Command::ListDisks, Command::ListDisks]);
    feed(&mut model, Update::Disks(vec![system_disk()]));
    model
}

fn watching(run: Option<View>) -> Model {
    watching_at(run, (80, 24))
}

#[test]
fn before_it_is_armed_it_says_what_it_does() {
    insta::assert_snapshot!(screen(&watching(None)));
    let mut model = sticks(few());
    press(&mut model, "m");
    assert!(screen(&model).contains("NEXT  Esc, then b: build the first image."), "{}", screen(&model));
    assert!(!press(&mut model, "a").iter().any(|command| matches!(command, Command::ArmBench(_))));
    assert!(screen(&model).contains("There is no image yet."));
}

#[test]
fn a_busy_hub() {
    insta::assert_snapshot!("busy_80x24", screen(&watching(Some(busy_hub()))));
    insta::assert_snapshot!("busy_120x40", screen(&watching_at(Some(busy_hub()), (120, 40))));
    let mut model = watching(Some(busy_hub()));
    press(&mut model, "pgdn");
    insta::assert_snapshot!("busy_scrolled", screen(&model));
}

#[test]
fn the_call_is_for_who_waits_longest() {
    let shown = |view: View| screen(&watching_at(Some(view), (120, 40)));
    let mut view = armed(4);
    view.apply(&begun(2, &[]), ago(50));
    assert!(shown(view.clone()).contains("NEXT  There is room for more sticks."));
    view.apply(&declined(1), ago(40));
    assert!(shown(view.clone()).contains("NEXT  Nothing was done to it. It is write-protected."));
    // What is left alone may stay: it does not stand before what is ready.
    view.apply(&ready(2), ago(30));
    let call = shown(view.clone());
    assert!(call.contains("It is ready. Take it out and label it (2: label 1). Then insert the next."), "{call}");
    view.apply(&begun(4, &[]), ago(19));
    view.apply(&ready(4), ago(10));
    let call = shown(view.clone());
    assert!(call.contains("They are ready. Take them out and label them (2: label 1, 4: label 2)."), "{call}");
}

#[test]
fn it_is_armed_by_its_words_and_by_nothing_else() {
    let mut model = watching(None);
    press(&mut model, "a");
    insta::assert_snapshot!("arming_sizes", screen(&model));
    press(&mut model, "enter");
    insta::assert_snapshot!("arming_ports", screen(&model));
    press(&mut model, "down enter");
    for typed in ["enter", "y enter", "'erase enter"] {
        assert_eq!(press(&mut model, typed), [], "{typed}");
    }
    insta::assert_snapshot!("arming_words", screen(&model));
    assert_eq!(scan(&mut model, "14G..70G"), [], "a scanner arms nothing");
    for _ in 0..40 {
        press(&mut model, "backspace");
    }
    let armed = press(&mut model, "'erase space '14G..70G enter");
    let arm = Arm {
        image: "ACME-07.img".into(),
        sizes: "14G..70G".parse().unwrap(),
        ports: ports(6),
        most: None,
        plugged_in: false,
        typed: "erase 14G..70G".into(),
    };
    assert_eq!(armed, [Command::ArmBench(arm)]);
}

#[test]
fn sticks_that_are_plugged_in_are_left_alone_unless_they_are_meant() {
    let armed = |keys: &str| {
        let mut model = watching(None);
        feed(&mut model, Update::Disks(vec![stick(), system_disk()]));
        press(&mut model, "a enter enter");
        assert!(screen(&model).contains("1 sticks of these sizes are plugged in already."), "{}", screen(&model));
        press(&mut model, keys);
        match press(&mut model, "'erase space '14G..70G enter").as_slice() {
            [Command::ArmBench(arm)] => arm.plugged_in,
            other => panic!("{other:?}"),
        }
    };
    assert!(!armed("enter"));
    assert!(armed("down enter"));
}

#[test]
fn sizes_are_read_as_people_write_them_and_nonsense_is_told() {
    let mut model = watching(None);
    press(&mut model, "a '64 enter");
    assert!(screen(&model).contains("'64' is not a window of sizes like 14G..70G"), "{}", screen(&model));
    let mut model = watching(None);
    press(&mut model, "a '70G..14G enter");
    assert!(screen(&model).contains("nothing is at least"), "{}", screen(&model));
}

#[test]
fn escape_goes_one_step_back_each_time_and_arms_nothing() {
    let mut model = showing_at(Snapshot { sticks: with(None).sticks, ..with_images() }, (80, 24));
    press(&mut model, "m m a");
    assert!(screen(&model).contains("What is every stick to become?"));
    press(&mut model, "down enter enter enter");
    for page in ["Sticks at which ports?", "Sticks of which sizes", "▶ BETA-01.img", "Many sticks at once", "Images in"]
    {
        let commands = press(&mut model, "esc");
        assert!(!commands.iter().any(|command| matches!(command, Command::ArmBench(_))));
        assert!(screen(&model).contains(page), "{page}\n{}", screen(&model));
    }
}

#[test]
fn one_key_disarms_and_stopping_what_is_half_written_asks() {
    let mut model = watching(Some(busy_hub()));
    assert_eq!(press(&mut model, "d"), [Command::DisarmBench { stop: false }]);
    assert_eq!(press(&mut model, "s enter"), []);
    assert!(screen(&model).contains("2 of them are half written"), "{}", screen(&model));
    assert_eq!(press(&mut model, "n"), []);
    assert_eq!(press(&mut model, "s y"), [Command::DisarmBench { stop: true }]);
    // Nothing is half written: no question.
    let mut model = watching(Some(armed(2)));
    assert_eq!(press(&mut model, "s"), [Command::DisarmBench { stop: true }]);
    let mut model = watching(None);
    assert_eq!(press(&mut model, "d s"), []);
    assert!(screen(&model).contains("not armed: no stick is erased"));
}

#[test]
fn after_the_end_every_stick_is_accounted_for() {
    let mut view = busy_hub();
    view.phase = Phase::Ending { stopped: false };
    assert!(
        screen(&watching(Some(view.clone()))).contains("Insert no more."),
        "{}",
        screen(&watching(Some(view.clone())))
    );
    for event in [failed(1), failed(2), Event::Removed { position: 3 }, Event::Removed { position: 5 }] {
        view.apply(&event, ago(5));
    }
    view.phase = Phase::Over(Ok(()));
    insta::assert_snapshot!("disarmed", screen(&watching_at(Some(view.clone()), (120, 40))));
    view.phase = Phase::Over(Err(Problem::new(
        "Another bench mode is running.",
        "Another process writes sticks and remembers them in /var/lib/whiteglove/sticks.",
        "Use that one, or end it first.",
    )));
    (view.positions, view.ended, view.ready, view.failed) = (vec![], vec![], 0, 0);
    insta::assert_snapshot!("stopped", screen(&watching(Some(view))));
}

#[test]
fn the_image_is_read_before_the_first_stick() {
    let view = View::new("ACME-07.img".into(), "14G..70G".parse().unwrap(), &[], NOON);
    let shown = screen(&watching(Some(view)));
    assert!(shown.contains("NEXT  The image is being read. Plug no stick in yet."), "{shown}");
    assert!(shown.contains("a port becomes a position when a stick comes to it"), "{shown}");
}

#[test]
fn a_hub_of_forty_positions_is_walked_to_its_end() {
    let mut view = armed(40);
    for n in 1..=40 {
        let mut event = begun(n, &[]);
        if let Event::Begun { stick, .. } = &mut event {
            stick.model = "A very long name that a stick may give itself, sixty-four letters".into();
        }
        view.apply(&event, ago(90));
    }
    let mut model = watching(Some(view));
    insta::assert_snapshot!("forty", screen(&model));
    press(&mut model, "end");
    press(&mut model, "pgdn pgdn pgdn");
    assert!(screen(&model).contains(" 40 "), "{}", screen(&model));
}

#[test]
fn a_stick_that_is_ready_rings_and_one_that_failed_rings_more() {
    let mut view = armed(2);
    let mut model = watching(Some(view.clone()));
    view.apply(&begun(1, &[]), NOON);
    view.apply(&ready(1), NOON);
    feed(&mut model, Update::Snapshot(Arc::new(with(Some(view.clone())))));
    assert_eq!(std::mem::take(&mut model.bell), 1);
    view.apply(&begun(2, &[]), NOON);
    view.apply(&failed(2), NOON);
    feed(&mut model, Update::Snapshot(Arc::new(with(Some(view.clone())))));
    assert_eq!(std::mem::take(&mut model.bell), 3);
    // A board that attaches later rings for nothing.
    assert_eq!(showing_at(with(Some(view)), (80, 24)).bell, 0);
}

#[test]
fn the_board_says_that_the_bench_is_armed_and_nothing_else_takes_its_sticks() {
    let mut model = showing_at(with(Some(busy_hub())), (80, 24));
    let shown = screen(&model);
    assert!(shown.contains("Bench mode: REMOVE 3   1 ready, 1 not made, 2 being written"), "{shown}");
    press(&mut model, "m");
    for key in ["w", "u", "i"] {
        assert_eq!(press(&mut model, key), [], "{key}");
        assert!(screen(&model).contains("Bench mode takes every stick that is plugged in."), "{}", screen(&model));
    }
}

#[test]
fn quitting_says_what_becomes_of_sticks_being_written() {
    let asked = |run| {
        let mut model = showing_at(with(Some(run)), (80, 24));
        press(&mut model, "q");
        screen(&model)
    };
    assert!(asked(busy_hub()).contains("half written"), "{}", asked(busy_hub()));
    assert!(!asked(armed(2)).contains("half written"));
}

#[test]
fn ports_are_taught_one_after_the_other() {
    let mut model = watching(None);
    assert_eq!(press(&mut model, "t"), [Command::TeachPositions(Teach::Begin)]);
    let taught = |ports: Vec<String>| {
        let sticks = BenchMode { run: None, positions: vec![], teaching: Some(ports) };
        Update::Snapshot(Arc::new(Snapshot { sticks: Arc::new(sticks), ..one_image() }))
    };
    feed(&mut model, taught(vec![]));
    assert!(screen(&model).contains("NEXT  Plug a stick into the port that is to be position 1."));
    feed(&mut model, taught(ports(3)));
    insta::assert_snapshot!("teaching", screen(&model));
    feed(&mut model, taught(ports(40)));
    assert!(screen(&model).contains(" 40   port 2-1.40"), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter"), [Command::TeachPositions(Teach::Keep)]);
    assert_eq!(
        press(&mut model, "t t esc"),
        [
            Command::TeachPositions(Teach::Begin),
            Command::TeachPositions(Teach::Begin),
            Command::TeachPositions(Teach::Drop)
        ]
    );
    let mut model = watching(Some(busy_hub()));
    assert_eq!(press(&mut model, "t"), [], "not while sticks are erased");
}

fn event() -> impl Strategy<Value = Event> {
    let problem = ".{0,80}".prop_map(|text| Problem::new(text.clone(), text.clone(), text));
    let named = (".{0,70}", ".{0,20}", any::<u64>()).prop_map(|(model, serial, size_bytes)| Disk {
        model,
        serial,
        size_bytes,
        ..stick()
    });
    (0_usize..70, named, problem, ".{0,30}", any::<(u64, u64, Option<u64>, Option<u64>)>()).prop_flat_map(
        |(position, stick, problem, text, (done, total, rate, seconds_left))| {
            prop_oneof![
                Just(Event::Begun { position, port: text.clone(), stick: stick.clone(), notes: vec![text.clone()] }),
                Just(Event::Declined { position, port: text.clone(), stick: stick.clone(), problem: problem.clone() }),
                Just(Event::Progress { position, task: text, done, total, rate, seconds_left }),
                Just(Event::Silent { position, seconds: done }),
                Just(Event::Ready {
                    position,
                    stick: stick.clone(),
                    seconds: total,
                    write_rate: rate,
                    read_rate: rate,
                    retries: 3
                }),
                Just(Event::Failed {
                    position,
                    stick: stick.clone(),
                    remains: Remains::Kept,
                    problem: problem.clone()
                }),
                Just(Event::Failed { position, stick, remains: Remains::HalfWritten, problem }),
                Just(Event::Collected {
                    position,
                    brought: Brought { captures: 7, logs: 1, bench: true, unread: true }
                }),
                Just(Event::Removed { position }),
            ]
        },
    )
}

proptest! {
    #[test]
    fn whatever_sticks_call_themselves_is_drawn(
        events in proptest::collection::vec(event(), 0..60),
        size in (1_u16..=200, 1_u16..=60),
        keys in "[a-z ]{0,12}",
    ) {
        let mut view = armed(2);
        for event in &events {
            view.apply(event, NOON);
        }
        let mut model = Model::new(MONOCHROME, size);
        feed(&mut model, Update::Snapshot(Arc::new(with(Some(view)))));
        press(&mut model, "m m pgdn end");
        for command in press(&mut model, &keys.chars().map(|key| format!("{key} ")).collect::<String>()) {
            assert!(!matches!(command, Command::ArmBench(_) | Command::WriteMedia { .. }), "{command:?}");
        }
        render_to_string(&model, size.0, size.1, NOON);
        testing::screen(&model);
    }
}
