//! Days of the calendar (proleptic Gregorian, UTC), for dates that people write and certificates carry.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::clock::Moment;

const DAY: u64 = 86_400_000;

/// A day from 1970 to 9999, as `2027-03-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no date like 2027-03-01")]
pub struct NotADate;

impl Date {
    /// # Errors
    /// There is no such day.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, NotADate> {
        let fits = (1970..=9999).contains(&year) && day >= 1 && day <= days_in(year, month);
        fits.then_some(Self { year, month, day }).ok_or(NotADate)
    }

    /// The day in UTC.
    pub fn of(moment: Moment) -> Self {
        let mut days = moment.millis() / DAY;
        let mut year = 1970;
        while days >= year_length(year) && year < 9999 {
            days -= year_length(year);
            year += 1;
        }
        let mut month = 1;
        while days >= u64::from(days_in(year, month)) && month < 12 {
            days -= u64::from(days_in(year, month));
            month += 1;
        }
        // Beyond the year 9999 every moment is its last day.
        let day = u8::try_from(days + 1).unwrap_or(31).min(31);
        Self { year, month, day }
    }

    /// Its first moment in UTC.
    pub fn begins(self) -> Moment {
        let years: u64 = (1970..self.year).map(year_length).sum();
        let months: u64 = (1..self.month).map(|month| u64::from(days_in(self.year, month))).sum();
        Moment::from_millis((years + months + u64::from(self.day) - 1) * DAY)
    }

    /// A time of that day.
    pub fn at(self, hour: u8, minute: u8, second: u8) -> Moment {
        let seconds = u64::from(hour) * 3_600 + u64::from(minute) * 60 + u64::from(second);
        self.begins().after(Duration::from_secs(seconds))
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn year_length(year: u16) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

/// None in a month that does not exist.
fn days_in(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = NotADate;
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let mut parts = text.trim().split('-');
        let mut part = |length: usize| {
            parts.next().filter(|part| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else { return Err(NotADate) };
        let (Ok(year), Ok(month), Ok(day), None) = (year.parse(), month.parse(), day.parse(), parts.next()) else {
            return Err(NotADate);
        };
        Self::new(year, month, day)
    }
}

impl TryFrom<String> for Date {
    type Error = NotADate;
    fn try_from(text: String) -> Result<Self, NotADate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_days() {
        // GNU date: date -u -d '2000-02-29' +%s and so on.
        let known = [("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2027-03-01", 1_803_859_200)];
        for (text, seconds) in known {
            let date: Date = text.parse().unwrap();
            assert_eq!(date.begins(), Moment::from_millis(seconds * 1_000), "{text}");
            assert_eq!(Date::of(date.at(23, 59, 59)).to_string(), text);
        }
        let wrong =
            ["2027-02-29", "2100-02-29", "2027-13-01", "2027-00-10", "2027-1-1", "1969-12-31", "", "2027-01-01-"];
        for text in wrong {
            assert_eq!(text.parse::<Date>(), Err(NotADate), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_day_is_the_day_of_its_moments(millis in 0..253_402_300_800_000_u64) {
            let date = Date::of(Moment::from_millis(millis));
            prop_assert_eq!(date.begins().millis(), millis - millis % DAY);
            prop_assert_eq!(date.to_string().parse(), Ok(date));
        }
    }
}
