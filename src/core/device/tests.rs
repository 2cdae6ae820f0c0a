use super::*;
use crate::{control::StageName, envelope::MessageId};

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
