//! Sizes of sticks as they are printed on them: decimal.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Tenths of the GB printed on a stick, not GiB: a person compares with the print.
pub fn gigabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000_000;
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// Sticks from one size to another, both inclusive, in bytes: `14G..70G`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    from: u64,
    to: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    #[error("'{0}' is not a window of sizes like 14G..70G")]
    Window(String),
    #[error("'{0}' is not a size like 14G")]
    Size(String),
    #[error("nothing is at least {from} and at most {to}", from = gigabytes(*.from), to = gigabytes(*.to))]
    Empty { from: u64, to: u64 },
}

impl Window {
    pub fn contains(&self, bytes: u64) -> bool {
        (self.from..=self.to).contains(&bytes)
    }
}

impl FromStr for Window {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let (from, to) = text.split_once("..").ok_or_else(|| SizeError::Window(text.to_owned()))?;
        let (from, to) = (bytes(from)?, bytes(to)?);
        if from > to { Err(SizeError::Empty { from, to }) } else { Ok(Self { from, to }) }
    }
}

/// `16G`, `500M`, `1T`, `64 GB`.
fn bytes(text: &str) -> Result<u64, SizeError> {
    let wrong = || SizeError::Size(text.to_owned());
    let text_only = text.trim().to_ascii_uppercase();
    let number = text_only.trim_end_matches('B').trim_end();
    let unit = match number.chars().last() {
        Some('M') => 1_000_000,
        Some('G') => 1_000_000_000,
        Some('T') => 1_000_000_000_000,
        // A bare number would be bytes to one person and gigabytes to the next.
        _ => return Err(wrong()),
    };
    let number: u64 = number[..number.len() - 1].trim_end().parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |bytes: u64| match bytes {
            b if b % 1_000_000_000 == 0 => format!("{}G", b / 1_000_000_000),
            b => format!("{}M", b / 1_000_000),
        };
        write!(f, "{}..{}", short(self.from), short(self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_as_people_write_it() {
        for (text, shown, from, to) in [
            ("14G..70G", "14G..70G", 14_000_000_000, 70_000_000_000),
            ("500M..1T", "500M..1000G", 500_000_000, 1_000_000_000_000),
            (" 16 gb .. 16GB", "16G..16G", 16_000_000_000, 16_000_000_000),
        ] {
            let window: Window = text.parse().unwrap();
            assert_eq!(window.to_string(), shown);
            assert!(window.contains(from) && window.contains(to));
            assert!(!window.contains(from - 1) && !window.contains(to + 1));
        }
        for text in [
            "",
            "14G",
            "..",
            "14..70",
            "14G..",
            "70G..14G",
            "-1G..2G",
            "1G..99999999999999999T",
            "1K..2K",
            "\u{661}G..2G",
        ] {
            assert!(text.parse::<Window>().is_err(), "{text:?}");
        }
    }
}
