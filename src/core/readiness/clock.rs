//! The laptop's clock. Attestation signs with the time; minutes of difference make it fail (Windows Autopilot
//! known issues).

use super::{
    Found,
    Severity::{Note, Stop, Warning},
};
use crate::{
    capture::{Capture, Part},
    clock::Moment,
    device::{Device, Evidence, Signal},
    rtc,
};

/// Seconds. Less than a minute is the way of the message.
const WORTH_KNOWING: u64 = 60;
/// Windows asks a time server in setup, which helps if the network lets it.
const RISKY: u64 = 3 * 60;
/// No certificate's time fits any more.
const HOPELESS: u64 = 10 * 60;

/// When the bench accepted the capture, if the agent sent it there and then. A stick's capture was sealed at
/// a moment nobody knows, so nothing can be said of that laptop's clock.
pub fn heard_directly_at(device: &Device) -> Option<Moment> {
    let Some((since, Evidence::Capture(_))) = device.stage.captured() else { return None };
    // A hold is noted at the same moment, so the last entry alone does not tell.
    let came_by = |signal| device.history.iter().any(|(at, by, _)| *at == since && *by == signal);
    (came_by(Signal::Agent) && !came_by(Signal::Stick)).then_some(since)
}

pub(super) fn check(device: &Device, capture: &Capture, found: &mut Found) {
    let (Some(rtc), Some(now)) = (capture.rtc, heard_directly_at(device)) else { return };
    let drift = rtc::drift(rtc.read, now);
    let off = drift.seconds.unsigned_abs();
    let severity = match off {
        0..WORTH_KNOWING => return,
        WORTH_KNOWING..RISKY => Note,
        RISKY..HOPELESS => Warning,
        HOPELESS.. => Stop,
    };
    let way = if drift.seconds < 0 { "behind" } else { "ahead" };
    found.say(
        severity,
        Part::Rtc,
        format!("{} {way}, on {}", span(off), drift.zone()),
        format!("The clock is {} {way}", span(off)),
        "TPM attestation fails when the clock is off by minutes, and Windows may not reach a time server before it.",
        "Press t on the board: the laptop takes the bench's time while it still runs the agent. If it is wrong again after \
         a power-off, its coin cell is empty.",
    );
}

/// Two numbers at most: `4 min 10 s`, `3 h 20 min`, `812 days`.
fn span(seconds: u64) -> String {
    match seconds {
        s @ ..60 => format!("{s} s"),
        s @ 60..3_600 if s % 60 == 0 => format!("{} min", s / 60),
        s @ 60..3_600 => format!("{} min {} s", s / 60, s % 60),
        s @ 3_600..172_800 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        s => format!("{} days", s / 86_400),
    }
}
