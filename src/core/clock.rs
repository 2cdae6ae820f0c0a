//! Time as an argument. Core never asks what time it is: a shell passes a [`Moment`] in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it lies in the future (a clock was set back).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
    }

    /// `2026-11-25 20:56 UTC`.
    pub fn utc(self) -> String {
        let minutes = self.0 / 60_000;
        let (year, month, day) = civil((minutes / 1440).cast_signed());
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
    }
}

/// The Gregorian date of a day since 1970-01-01, counting years from March so that leap days come last.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    // Day 0 is 0000-03-01; 400 years are 146097 days, always.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month, day)
}

/// An age a person reads at a glance: `8s`, `41m`, `3h`, `12d`. At most four characters below 1000 days.
pub fn short_age(age: Duration) -> String {
    match age.as_secs() {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3_600 => format!("{}m", s / 60),
        s @ 3_600..86_400 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_at_most_four_characters_wide() {
        let ages = [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 999 * 86_400];
        let shown = ages.map(|s| short_age(Duration::from_secs(s)));
        assert_eq!(shown, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "999d"]);
    }

    #[test]
    fn a_moment_reads_as_a_date() {
        let shown = [0, 951_782_399_999, 951_868_800_000, 1_795_348_799_999].map(|ms| Moment::from_millis(ms).utc());
        let right = ["1970-01-01 00:00 UTC", "2000-02-28 23:59 UTC", "2000-03-01 00:00 UTC", "2026-11-22 11:59 UTC"];
        assert_eq!(shown, right);
    }

    #[test]
    fn a_clock_set_back_gives_no_negative_age() {
        assert_eq!(Moment::from_millis(5).since(Moment::from_millis(9)), Duration::ZERO);
    }
}
