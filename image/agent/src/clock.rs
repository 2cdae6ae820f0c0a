//! Sets the hardware clock from the bench's: TPM attestation fails on a clock that is minutes off.
//!
//! The kernel writes the chip. A clock that it holds for synchronised it copies there by itself, once at
//! once and then every eleven minutes (CONFIG_RTC_SYSTOHC and CONFIG_GENERIC_CMOS_UPDATE, both in
//! Debian's kernel). So the system clock is set to what the chip shall show and called synchronised, until the
//! chip shows it; then the system clock is set to UTC, which ends the copying.

use std::{
    io, thread,
    time::{Duration, Instant, SystemTime},
};

use clock_steering::{Clock as _, LeapIndicator, TimeOffset, unix::UnixClock};
use rustix::time::{ClockId, Timespec, clock_settime};
use whiteglove_core::{
    capture::Rtc,
    clock::{Moment, short_age},
    problem::Problem,
    rtc::{Drift, drift},
};

use crate::read::{self, Root};

/// 2024-01-01T00:00:00Z: a bench before this has lost its own time, or is too old to tell it.
const PLAUSIBLE: Moment = Moment::from_millis(1_704_067_200_000);
/// The kernel writes only near the middle of a second; when it comes too late it tries again after two.
const PATIENCE: Duration = Duration::from_secs(10);
/// The chip tells whole seconds.
const NEAR_SECONDS: u64 = 2;

/// What time the bench said it was, and when it said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchTime {
    said: Moment,
    heard: Instant,
}

impl BenchTime {
    /// `millis` since 1970, said just now.
    pub fn just_heard(millis: u64) -> Self {
        Self { said: Moment::from_millis(millis), heard: Instant::now() }
    }

    pub fn now(&self) -> Moment {
        self.said.after(self.heard.elapsed())
    }
}

/// The clock is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub rtc: Rtc,
    /// What was done, as a sentence for the screen.
    pub words: String,
}

/// Sets this machine's clock. Takes up to some seconds.
///
/// # Errors
/// It is as it was, or nobody knows how it is; the problem says which.
pub fn set(root: &Root, bench: BenchTime) -> Result<Done, Problem> {
    let done = set_with(bench, || read::rtc(root), write, PATIENCE);
    // Also after a failure: the kernel must not go on copying what was meant for a moment.
    let _ = clock_settime(ClockId::Realtime, timespec(bench.now()));
    done
}

fn set_with(
    bench: BenchTime,
    read: impl Fn() -> Option<Rtc>,
    write: impl FnOnce(Moment) -> io::Result<()>,
    patience: Duration,
) -> Result<Done, Problem> {
    if bench.now() < PLAUSIBLE {
        return Err(problem(
            "the bench did not say what time it is, or its own clock is years off",
            "set the bench's clock, then give the order again",
        ));
    }
    let by_hand = "set date and time in the firmware setup, then boot this laptop from the stick again";
    let before = read().ok_or_else(|| problem("the hardware clock cannot be read", by_hand))?;
    let found = drift(before.read, bench.now());
    write(found.corrected(bench.now())).map_err(|error| problem(&format!("the kernel says: {error}"), by_hand))?;
    let start = Instant::now();
    loop {
        if let Some(rtc) = read() {
            let left = drift(rtc.read, bench.now());
            if left.seconds.unsigned_abs() <= NEAR_SECONDS && left.zone_minutes == found.zone_minutes {
                return Ok(Done { rtc, words: words(found) });
            }
        }
        if start.elapsed() >= patience {
            return Err(problem("it was written, and does not show what was written", by_hand));
        }
        thread::sleep(Duration::from_millis(50).min(patience));
    }
}

fn problem(why: &str, next: &str) -> Problem {
    Problem::new("The hardware clock was not set.", why, next)
}

fn words(found: Drift) -> String {
    let off = short_age(Duration::from_secs(found.seconds.unsigned_abs()));
    let zone = match found.zone_minutes {
        0 => "UTC".to_owned(),
        _ => format!("local time, {}", found.zone()),
    };
    match found.seconds {
        seconds if seconds.unsigned_abs() <= NEAR_SECONDS => format!("The hardware clock was right already ({zone})."),
        seconds if seconds > 0 => {
            format!("The hardware clock was {off} ahead; the bench's time is in it now ({zone}).")
        }
        _ => format!("The hardware clock was {off} behind; the bench's time is in it now ({zone})."),
    }
}

/// Makes the system clock show `moment`, and the kernel copy it into the chip.
fn write(moment: Moment) -> io::Result<()> {
    let clock = UnixClock::CLOCK_REALTIME;
    // By a step and not by a new time: that also ends the wait of an earlier copying.
    clock.step_clock(step(system_now(), moment))?;
    // A clock that may be wrong by more than 16 s, as at boot, loses the flag again within a second.
    clock.error_estimate_update(Duration::ZERO, Duration::ZERO)?;
    // Beside the leap second this is what clears the flag that the clock is not synchronised.
    clock.set_leap_seconds(LeapIndicator::NoWarning)?;
    Ok(())
}

fn system_now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// From one time to another; the nanoseconds count forwards, also in a step back.
fn step(from: Duration, to: Moment) -> TimeOffset {
    let to = Duration::from_millis(to.millis());
    let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let (seconds, nanos) = (whole(to) - whole(from), i64::from(to.subsec_nanos()) - i64::from(from.subsec_nanos()));
    let (seconds, nanos) = if nanos < 0 { (seconds - 1, nanos + 1_000_000_000) } else { (seconds, nanos) };
    TimeOffset { seconds, nanos: u32::try_from(nanos).unwrap_or(0) }
}

fn timespec(moment: Moment) -> Timespec {
    let seconds = i64::try_from(moment.millis() / 1000).unwrap_or(i64::MAX);
    Timespec { tv_sec: seconds, tv_nsec: i64::try_from(moment.millis() % 1000 * 1_000_000).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    /// Sets a clock that is so many seconds ahead; what it says, and what the clock shows then.
    fn set_one(ahead: i64, takes: bool) -> (Result<Done, Problem>, i64) {
        let chip = Cell::new(Moment::from_millis(NOW.checked_add_signed(ahead * 1000).unwrap()));
        let write = |moment| {
            if takes {
                chip.set(moment);
            }
            Ok(())
        };
        let read = || Some(Rtc { read: chip.get() });
        let done = set_with(BenchTime::just_heard(NOW), read, write, Duration::from_millis(20));
        (done, (chip.get().millis() as i64 - NOW as i64) / 1000)
    }

    fn said(ahead: i64) -> String {
        set_one(ahead, true).0.unwrap().words
    }

    #[test]
    fn a_clock_on_utc_is_set_to_utc() {
        let (done, shows) = set_one(-1200, true);
        assert_eq!(shows, 0);
        assert_eq!(done.unwrap().words, "The hardware clock was 20m behind; the bench's time is in it now (UTC).");
    }

    #[test]
    fn a_clock_on_local_time_stays_on_it() {
        let (done, shows) = set_one(7200 + 300, true);
        assert_eq!(shows, 7200);
        let rtc = done.unwrap().rtc;
        assert_eq!(drift(rtc.read, Moment::from_millis(NOW)), Drift { zone_minutes: 120, seconds: 0 });
        assert!(said(7200 + 300).contains("5m ahead") && said(7200 + 300).contains("local time, UTC+02:00"));
        assert_eq!(said(-5 * 3600), "The hardware clock was right already (local time, UTC-05:00).");
    }

    #[test]
    fn an_empty_coin_cell() {
        let (done, shows) = set_one(-(NOW as i64) / 1000, true);
        assert_eq!((done.is_ok(), shows), (true, 0));
    }

    #[test]
    fn a_chip_that_does_not_take_it_is_a_problem() {
        let (done, _) = set_one(-1200, false);
        assert!(done.unwrap_err().why.contains("does not show what was written"));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let here = || Some(Rtc { read: Moment::from_millis(NOW) });
        let bench = BenchTime::just_heard(NOW);
        let denied = |_| Err(io::Error::from(io::ErrorKind::PermissionDenied));
        let problem = set_with(bench, here, denied, Duration::ZERO).unwrap_err();
        assert!(problem.why.contains("permission denied"), "{}", problem.why);
        assert!(set_with(bench, || None, |_| Ok(()), Duration::ZERO).unwrap_err().why.contains("cannot be read"));
        // An old bench says nothing.
        let silent = BenchTime::just_heard(0);
        assert!(set_with(silent, here, |_| panic!("written"), Duration::ZERO).unwrap_err().why.contains("bench"));
    }

    #[test]
    fn steps_forwards_and_back() {
        let offset = |from_ms: u64, to_ms: u64| {
            let step = step(Duration::from_millis(from_ms), Moment::from_millis(to_ms));
            (step.seconds, step.nanos)
        };
        assert_eq!(offset(1_500, 4_000), (2, 500_000_000));
        assert_eq!(offset(4_000, 1_500), (-3, 500_000_000));
        assert_eq!(offset(4_000, 1_000), (-3, 0));
    }
}
