//! Times as Graph writes them (RFC 3339), and the ones that stand for "never".

use crate::clock::Moment;

const DAY: i64 = 86_400_000;

/// `None` for what is no time, or before 1970: `0001-01-01T00:00:00Z` means never.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    let (date, rest) = text.trim().split_once(['T', 't', ' '])?;
    let mut date = date.split('-');
    let (year, month, day) = (digits(date.next()?, 4)?, digits(date.next()?, 2)?, digits(date.next()?, 2)?);
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut time = time.split(':');
    let (hour, minute, second) = (digits(time.next()?, 2)?, digits(time.next()?, 2)?, digits(time.next()?, 2)?);
    let in_range = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !in_range || date.next().is_some() || time.next().is_some() {
        return None;
    }
    let millis = fraction
        .bytes()
        .chain(*b"000")
        .take(3)
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| 10 * sum + i64::from(byte - b'0')))?;
    let of_day = ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    let all = days(year, month, day) * DAY + of_day - offset(zone)?;
    u64::try_from(all).ok().map(Moment::from_millis)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Milliseconds. Errors carry times without a zone, and mean UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (digits(hours, 2)? * 60 + digits(minutes, 2)?) * 60_000)
}

/// Days from 1970-01-01, counted from a March so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day
        - 1
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        // Seconds by `date -u -d ... +%s`.
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-01-15T10:55:00Z", 1_768_474_500),
            ("2026-01-15T12:55:00+02:00", 1_768_474_500),
            ("2026-01-15T10:55:00", 1_768_474_500),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(moment(text), Some(Moment::from_millis(seconds * 1000)), "{text}");
        }
        assert_eq!(moment("2026-01-15T10:55:00.1234567Z"), Some(Moment::from_millis(1_768_474_500_123)));
    }

    #[test]
    fn never_and_nonsense_are_no_time() {
        for text in [
            "",
            "0001-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-15",
            "2026-01-15T1:00:00Z",
            "T",
            "2026-01-15T10:55:00.xZ",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
