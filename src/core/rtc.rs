//! A laptop's hardware clock against the bench's. The chip knows no zone: Windows keeps local time in
//! it, most factories and every Linux keep UTC, so a clock that is hours off may be right.
//!
//! What cannot be told apart: a clock that is wrong by exactly the offset of some zone counts as that
//! zone's local time.

use crate::clock::Moment;

/// How a hardware clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// The clock runs on the local time of a zone this many minutes east of UTC; 0 if on UTC, or on nothing known.
    pub zone_minutes: i16,
    /// What is wrong beyond the zone; positive: the laptop's clock is ahead of the bench's.
    pub seconds: i64,
}

/// Half of the smallest step between zones: nearer than that to a zone's time, it is that zone's.
const NEAR_SECONDS: i64 = 7 * 60 + 30;
/// Minutes east of UTC that some place keeps at some time of the year and that are no whole hours
/// (IANA time zone database): Marquesas, Newfoundland (winter, summer), Tehran, Kabul, India, Nepal, Myanmar,
/// Eucla, Adelaide (winter, summer), Chatham (winter, summer).
const BROKEN_OFFSETS: [i16; 13] = [-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825];
/// -12:00 to +14:00.
const WHOLE_HOURS: std::ops::RangeInclusive<i16> = -12..=14;

/// What the hardware clock shows against what time it is, both read as if UTC.
pub fn drift(rtc: Moment, now: Moment) -> Drift {
    let ahead = seconds(rtc) - seconds(now);
    let offsets = WHOLE_HOURS.map(|hour| hour * 60).chain(BROKEN_OFFSETS);
    let nearest = offsets.min_by_key(|minutes| (ahead - i64::from(*minutes) * 60).abs()).unwrap_or(0);
    let beside = ahead - i64::from(nearest) * 60;
    match beside.abs() < NEAR_SECONDS {
        true => Drift { zone_minutes: nearest, seconds: beside },
        false => Drift { zone_minutes: 0, seconds: ahead },
    }
}

impl Drift {
    /// What to write into the hardware clock at `now`, so that it is right and stays on its zone.
    pub fn corrected(self, now: Moment) -> Moment {
        let shift = u64::from(self.zone_minutes.unsigned_abs()) * 60_000;
        Moment::from_millis(match self.zone_minutes < 0 {
            true => now.millis().saturating_sub(shift),
            false => now.millis().saturating_add(shift),
        })
    }

    /// `UTC`, `UTC+05:45`.
    pub fn zone(self) -> String {
        let minutes = self.zone_minutes.unsigned_abs();
        match self.zone_minutes {
            0 => "UTC".to_owned(),
            zone => format!("UTC{}{:02}:{:02}", if zone < 0 { '-' } else { '+' }, minutes / 60, minutes % 60),
        }
    }
}

/// Rounded: a clock chip tells whole seconds, the bench milliseconds.
fn seconds(moment: Moment) -> i64 {
    i64::try_from(moment.millis().saturating_add(500) / 1000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// The drift of a clock that is this many seconds ahead.
    fn ahead(seconds: i64) -> (i16, i64) {
        let rtc = NOW.checked_add_signed(seconds).unwrap();
        let drift = drift(Moment::from_millis(rtc * 1000), Moment::from_millis(NOW * 1000));
        (drift.zone_minutes, drift.seconds)
    }

    #[test]
    fn a_clock_on_utc() {
        assert_eq!(ahead(0), (0, 0));
        assert_eq!(ahead(-90), (0, -90));
        assert_eq!(ahead(449), (0, 449));
    }

    #[test]
    fn local_time_is_not_wrong() {
        assert_eq!(ahead(2 * 3600 + 40), (120, 40));
        assert_eq!(ahead(-8 * 3600 - 3), (-480, -3));
        assert_eq!(ahead((5 * 60 + 45) * 60), (345, 0), "Nepal");
        assert_eq!(ahead(14 * 3600), (840, 0), "Kiribati");
    }

    #[test]
    fn an_offset_that_no_zone_has_is_an_error_of_the_clock() {
        // Quarter past: +00:15 is nobody's time.
        assert_eq!(ahead(15 * 60), (0, 900));
        assert_eq!(ahead(450), (0, 450));
        assert_eq!(ahead(15 * 3600), (0, 54_000));
        assert_eq!(ahead(-13 * 3600), (0, -46_800));
        assert_eq!(ahead(-(NOW as i64)), (0, -(NOW as i64)), "an empty coin cell");
    }

    #[test]
    fn correcting_keeps_the_zone() {
        let now = Moment::from_millis(NOW * 1000);
        for seconds in [-8 * 3600 - 200, 0, 19_800 + 100, 4_000_000] {
            let rtc = Moment::from_millis(NOW.checked_add_signed(seconds).unwrap() * 1000);
            let before = drift(rtc, now);
            let after = drift(before.corrected(now), now);
            assert_eq!(after, Drift { seconds: 0, ..before });
        }
    }

    #[test]
    fn milliseconds_do_not_make_a_second() {
        let rtc = Moment::from_millis(NOW * 1000);
        let now = Moment::from_millis(NOW * 1000 + 400);
        assert_eq!(drift(rtc, now).seconds, 0);
    }

    #[test]
    fn zones_in_words() {
        let zone = |zone_minutes| Drift { zone_minutes, seconds: 0 }.zone();
        assert_eq!([zone(0), zone(-570), zone(60)], ["UTC", "UTC-09:30", "UTC+01:00"]);
    }

    proptest::proptest! {
        #[test]
        fn no_clock_overflows(rtc in proptest::num::u64::ANY, now in proptest::num::u64::ANY) {
            let (rtc, now) = (Moment::from_millis(rtc), Moment::from_millis(now));
            let _ = drift(rtc, now).corrected(now);
        }
    }
}
