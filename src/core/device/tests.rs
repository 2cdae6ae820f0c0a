use super::*;
use crate::{control::StageName, envelope::MessageId, identity::Clash, problem::Problem};

const CAPTURE: Evidence = Evidence::Capture(MessageId([1; 16]));

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

#[test]
fn a_capture_moves_a_device_and_a_hold_keeps_it() {
    let arrived = Stage::Arrived { since: at(0) };
    let captured = arrived.on(Event::Captured(CAPTURE), at(10)).unwrap();
    assert_eq!(captured, Stage::Captured { since: at(10), by: CAPTURE });
    let held = captured.clone().on(Event::Hold(HoldReason::Anonymous), at(20)).unwrap();
    assert_eq!(held.name(), StageName::Held);
    assert_eq!(held.on(Event::Release, at(30)).unwrap(), captured);
}

#[test]
fn a_new_capture_does_not_end_a_hold() {
    let held = Stage::Arrived { since: at(0) }.on(Event::Hold(HoldReason::Anonymous), at(1)).unwrap();
    let held = held.on(Event::Captured(CAPTURE), at(2)).unwrap();
    assert_eq!(held.name(), StageName::Held);
    assert_eq!(held.on(Event::Release, at(3)).unwrap().name(), StageName::Captured);
}

#[test]
fn only_a_held_device_can_be_released() {
    let refused = Stage::Arrived { since: at(0) }.on(Event::Release, at(1)).unwrap_err();
    assert_eq!(refused.to_string(), "Release does not apply to a device that is ARRIVED");
}

fn held(reasons: &[HoldReason]) -> Stage {
    let hold = |stage: Stage, reason: &HoldReason| stage.on(Event::Hold(reason.clone()), at(1)).unwrap();
    reasons.iter().fold(Stage::Arrived { since: at(0) }, hold)
}

fn reasons(stage: &Stage) -> Vec<HoldReason> {
    stage.holds().cloned().collect()
}

fn clash(other: u64) -> HoldReason {
    HoldReason::Clash { clash: Clash::SerialOnOtherBoard, other: DeviceId(other) }
}

fn wrong_label(label: &str) -> HoldReason {
    HoldReason::WrongMachine { label: label.to_owned() }
}

fn wrong_customer() -> HoldReason {
    HoldReason::WrongCustomer { customer: "Globex".to_owned(), batch: "autumn".to_owned() }
}

#[test]
fn each_reason_is_released_on_its_own_the_newest_first() {
    let stage = held(&[clash(1), wrong_label("X")]);
    assert_eq!(reasons(&stage), [wrong_label("X"), clash(1)]);
    let stage = stage.on(Event::Captured(CAPTURE), at(2)).unwrap().on(Event::Release, at(3)).unwrap();
    assert_eq!(reasons(&stage), [clash(1)]);
    assert_eq!(stage.below_holds(), &Stage::Captured { since: at(2), by: CAPTURE });
    assert_eq!(stage.on(Event::Release, at(3)).unwrap().name(), StageName::Captured);
}

#[test]
fn of_one_kind_only_the_newest_reason_holds() {
    assert_eq!(reasons(&held(&[wrong_label("X"), clash(1), wrong_label("Y")])), [wrong_label("Y"), clash(1)]);
    // Two other devices are two questions.
    assert_eq!(reasons(&held(&[clash(1), clash(2), clash(1)])), [clash(1), clash(2)]);
}

#[test]
fn what_is_settled_falls_away_wherever_it_stands() {
    let stage = held(&[clash(1), wrong_customer(), wrong_label("X")]);
    let stage = stage.on(Event::Settled(DeviceId(1)), at(2)).unwrap();
    assert_eq!(reasons(&stage), [wrong_label("X"), wrong_customer()]);
    let stage = stage.on(Event::OtherBatch, at(2)).unwrap();
    assert_eq!(reasons(&stage), [wrong_label("X")]);
}

#[test]
fn nothing_happens_any_more_to_a_number_that_lives_on_as_another() {
    let gone = held(&[clash(1)]).on(Event::Replaced(DeviceId(7)), at(2)).unwrap();
    assert_eq!(gone, Stage::Replaced { by: DeviceId(7), since: at(2) });
    for event in [Event::Hello, Event::Captured(CAPTURE), Event::Hold(clash(1)), Event::Release, Event::OtherBatch] {
        let refused = gone.clone().on(event.clone(), at(3)).unwrap_err();
        assert_eq!(refused, Refused { stage: gone.clone(), event });
    }
}

#[test]
fn every_reason_says_what_why_and_what_to_do_next() {
    let clashes = [
        Clash::SerialOnOtherBoard,
        Clash::BoardChanged,
        Clash::EkChanged,
        Clash::UuidChanged,
        Clash::UuidOnOtherBoard,
        Clash::EkWithOtherUuid,
    ];
    let clashes = clashes.map(|clash| HoldReason::Clash { clash, other: DeviceId(3) });
    for reason in clashes.into_iter().chain([HoldReason::Anonymous, wrong_label("X"), wrong_customer()]) {
        let Problem { what, why, next } = reason.problem();
        assert!(what.starts_with("Held: ") || what.starts_with("STOP: "), "{what}");
        assert!(!why.is_empty() && !next.is_empty());
        assert_eq!(reason.other().is_some(), what.contains("#3") && reason.brief().ends_with("#3"), "{what}");
        // The key that joins two numbers is only named where it does something.
        assert_eq!(reason.may_be_new_board(), next.contains("new board: b"), "{next}");
    }
}
