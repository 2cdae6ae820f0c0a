use whiteglove_core::{capture::Rtc, clock::Moment, envelope::MessageId, identity::Mac};

use super::*;
use crate::{courier::Stranger, read};

const PATIENCE: Duration = Duration::from_secs(60);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn captured() -> Event {
    let root = read::Root::new("/nowhere");
    let capture = read::capture(&root, MessageId([1; 16]), read::Surroundings::default);
    Event::Captured { capture: Box::new(capture), millis: 7 }
}

fn receipt(outcome: Outcome) -> Event {
    let message = MessageId([1; 16]);
    Event::Courier(Report::Delivered(Receipt {
        message,
        outcome,
        stored: true,
        device: 1,
        serial: None,
        notice: None,
        missing: vec![],
    }))
}

fn not_found(strangers: Vec<Stranger>) -> Event {
    Event::Courier(Report::NotFound { asked: vec![], strangers })
}

/// Booted from a stick, with one adapter whose cable is in.
fn with_stick() -> State {
    State { stick: Stick::Ready, nics: vec![adapter(true)], ..State::default() }
}

fn adapter(cable: bool) -> NicStatus {
    NicStatus { name: "eth0".into(), mac: Mac([0x8c, 0x16, 0x45, 1, 2, 3]), cable, lease: None }
}

#[test]
fn from_reading_to_ok() {
    let mut state = with_stick();
    assert_eq!(state.headline(), Headline::Reading);
    state.on(captured(), at(5));
    assert_eq!(state.headline(), Headline::Waiting);
    state.on(Event::Courier(Report::Found { url: "http://10.0.0.1:8780".into() }), at(6));
    assert_eq!(state.headline(), Headline::Sending);
    state.on(receipt(Outcome::Captured), at(7));
    assert_eq!(state.headline(), Headline::Ok);
    assert!(!state.wants_the_stick(at(500), PATIENCE));
}

#[test]
fn without_a_bench_the_capture_goes_to_the_stick_once() {
    let mut state = with_stick();
    assert!(!state.wants_the_stick(at(500), PATIENCE), "nothing to save yet");
    state.on(captured(), at(10));
    state.on(not_found(vec![]), at(15));
    assert!(!state.wants_the_stick(at(69), PATIENCE));
    assert_eq!(state.saves_in(at(30), PATIENCE), Some(40));
    assert!(state.wants_the_stick(at(70), PATIENCE));
    state.stick = Stick::Saving;
    assert!(!state.wants_the_stick(at(71), PATIENCE));
    state.on(Event::Saved(Ok(())), at(72));
    assert_eq!(state.headline(), Headline::Saved);
    assert!(!state.wants_the_stick(at(500), PATIENCE));
    // The bench came back: what it says is better.
    state.on(receipt(Outcome::Captured), at(80));
    assert_eq!(state.headline(), Headline::Ok);
}

#[test]
fn without_a_cable_nobody_is_waited_for_long() {
    for nics in [vec![], vec![adapter(false)]] {
        let mut state = State { nics, ..with_stick() };
        state.on(captured(), at(10));
        assert!(!state.wants_the_stick(at(19), PATIENCE), "it may be just being plugged in");
        assert_eq!(state.saves_in(at(12), PATIENCE), Some(8));
        state.on(Event::Network(vec![adapter(true)]), at(15));
        assert!(!state.wants_the_stick(at(20), PATIENCE), "and then the bench is waited for");
        state.on(Event::Network(vec![adapter(true), adapter(false)]), at(16));
        assert!(!state.wants_the_stick(at(20), PATIENCE));
        state.on(Event::Network(vec![]), at(18));
        assert!(state.wants_the_stick(at(20), PATIENCE));
    }
}

#[test]
fn a_failed_save_is_tried_again_later() {
    let mut state = with_stick();
    state.on(captured(), at(0));
    state.on(Event::Saved(Err(Problem::new("a", "b", "c"))), at(100));
    assert!(!state.wants_the_stick(at(104), PATIENCE));
    assert!(state.wants_the_stick(at(105), PATIENCE));
    assert!(!state.may_be_switched_off());
}

#[test]
fn a_refusal_goes_to_the_stick_at_once() {
    let mut state = with_stick();
    state.on(captured(), at(0));
    state.on(Event::Courier(Report::Refused(Problem::new("The disk is full.", "", ""))), at(1));
    assert_eq!(state.headline(), Headline::Stop);
    assert!(state.wants_the_stick(at(1), PATIENCE));
}

#[test]
fn a_medium_without_a_data_volume_saves_nothing() {
    let mut state = State::default();
    state.on(captured(), at(0));
    assert!(!state.wants_the_stick(at(500), PATIENCE));
}

#[test]
fn what_a_stranger_says_is_shown_as_hearsay() {
    let mut state = with_stick();
    state.on(captured(), at(0));
    let problem = Some(Problem::new("The envelope is sealed for another bench.", "", ""));
    state.on(not_found(vec![Stranger { url: "http://10.0.0.9:8780".into(), problem }]), at(3));
    let Bench::Refused(shown) = &state.bench else { panic!("{:?}", state.bench) };
    assert!(shown.what.contains("http://10.0.0.9:8780") && shown.why.contains("another bench"));
    // A printer's web page is no reason to alarm anybody.
    state.on(not_found(vec![Stranger { url: "http://10.0.0.9".into(), problem: None }]), at(4));
    assert_eq!(state.headline(), Headline::Waiting);
}

#[test]
fn a_bench_that_goes_silent_takes_nothing_back() {
    let mut state = with_stick();
    state.on(captured(), at(0));
    state.on(receipt(Outcome::Held), at(1));
    for event in [Event::Courier(Report::Lost("x".into())), not_found(vec![])] {
        state.on(event, at(2));
        assert_eq!((state.headline(), &state.bench), (Headline::Held, &Bench::Silent));
    }
}

#[test]
fn orders_are_obeyed_and_a_failed_one_is_said() {
    let mut state = with_stick();
    state.on(captured(), at(0));
    state.on(receipt(Outcome::Captured), at(1));
    let deed = state.on(Event::Courier(Report::Order(Order::PowerOff)), at(2));
    assert_eq!((deed, state.headline()), (Some(Deed::Obey(Order::PowerOff)), Headline::Off));
    state.on(Event::OrderFailed(Problem::new("no", "", "")), at(3));
    assert_eq!(state.headline(), Headline::Ok);
    assert!(state.order_failed.is_some());
}

#[test]
fn setting_the_clock_is_no_goodbye() {
    let mut state = with_stick();
    state.on(captured(), at(0));
    state.on(receipt(Outcome::Captured), at(1));
    let bench = BenchTime::just_heard(1_800_000_000_000);
    let deed = state.on(Event::Courier(Report::SetClock(bench)), at(2));
    assert_eq!((deed, state.headline()), (Some(Deed::SetClock(bench)), Headline::Ok));
    assert!(state.clock.as_deref().is_some_and(|words| words.starts_with("Setting the hardware clock")));

    let problem = Problem::new("The hardware clock was not set.", "x", "y");
    state.on(Event::ClockSet(Err(problem.clone())), at(3));
    assert_eq!((&state.clock, &state.order_failed), (&None, &Some(problem)));

    let rtc = Rtc { read: Moment::from_millis(1) };
    state.on(Event::ClockSet(Ok(Done { rtc, words: "It was 3h behind.".into() })), at(4));
    assert_eq!((state.clock.as_deref(), &state.order_failed), (Some("It was 3h behind."), &None));
    assert_eq!(state.headline(), Headline::Ok);
}

#[test]
fn the_key_works_only_when_nothing_would_be_lost() {
    let mut state = with_stick();
    state.on(captured(), at(0));
    assert_eq!(state.on(Event::Key(b'p'), at(1)), None);
    state.on(Event::Saved(Ok(())), at(2));
    assert_eq!(state.on(Event::Key(b'x'), at(3)), None);
    assert_eq!(state.on(Event::Key(b'p'), at(3)), Some(Deed::Obey(Order::PowerOff)));
}

#[test]
fn the_maker_is_named_once() {
    let Event::Machine { serial, model } = machine(None) else { panic!() };
    assert_eq!((serial, model.as_str()), (None, ""));
}
