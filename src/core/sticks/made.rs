//! Sticks that were made, as the journal keeps them, beside how each did over the years.

use serde::{Deserialize, Serialize};

use super::health::{Entry, Health, Name};
use crate::{
    clock::Moment,
    media::{map::ExtentDigest, stick::StickId},
    media_card::MediaId,
};

/// A stick was written, or brought up to date, and read back: what its own record says, and how it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub stick: StickId,
    pub media: MediaId,
    /// Of the stick's own extent map.
    pub map: ExtentDigest,
    pub operator: String,
    /// Version of whiteglove.
    pub tool: String,
    pub usb: Name,
    pub port: String,
    /// In place, with its data volume kept.
    pub updated: bool,
    /// Bytes written to it, whatever for.
    pub bytes: u64,
    /// Bytes a second.
    pub write_rate: Option<u64>,
    pub read_rate: Option<u64>,
    pub retries: u32,
}

/// A stick as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The last time it was made.
    pub made: Made,
    pub at: Moment,
    pub times: u32,
}

/// One stick with what the journal and the log of health know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `None`: it never was finished, or by a whiteglove that gave no numbers.
    pub stick: Option<StickId>,
    pub usb: Name,
    pub media: MediaId,
    pub last: Moment,
    pub operator: String,
    pub health: Health,
}

impl Line {
    pub fn verdict(&self) -> String {
        match self.health.advice() {
            Some(advice) => advice,
            None if !self.usb.is_its_own() => "it has no serial number of its own: not judged".into(),
            None => "good".into(),
        }
    }
}

/// Every stick that is known, the one that was in hand last first.
pub fn list<'a>(made: impl IntoIterator<Item = &'a Known>, log: &[Entry]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for known in made {
        lines.push(Line {
            stick: Some(known.made.stick),
            usb: known.made.usb.clone(),
            media: known.made.media,
            last: known.at,
            operator: known.made.operator.clone(),
            health: Health::of(log, &known.made.usb),
        });
    }
    // A stick that was written anew has another number, and is the same stick.
    lines.sort_by_key(|line| std::cmp::Reverse(line.last));
    let mut seen: Vec<Name> = Vec::new();
    lines.retain(|line| {
        let again = line.usb.is_its_own() && seen.contains(&line.usb);
        seen.push(line.usb.clone());
        !again
    });
    for entry in log.iter().rev().filter(|entry| entry.stick.is_its_own()) {
        match lines.iter_mut().find(|line| line.usb == entry.stick) {
            Some(line) => line.last = line.last.max(entry.at),
            None => lines.push(Line {
                stick: None,
                usb: entry.stick.clone(),
                media: entry.media,
                last: entry.at,
                operator: String::new(),
                health: Health::of(log, &entry.stick),
            }),
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.last));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sticks::health::Ended;

    fn usb(serial: &str) -> Name {
        Name { vendor: "SanDisk".into(), model: "Ultra".into(), serial: serial.into(), size: 16_000_000_000 }
    }

    fn known(stick: u8, serial: &str, at: u64) -> Known {
        let made = Made {
            stick: StickId([stick; 16]),
            media: MediaId([1; 16]),
            map: ExtentDigest([2; 32]),
            operator: "Jana".into(),
            tool: "0.1.0".into(),
            usb: usb(serial),
            port: "2-1".into(),
            updated: false,
            bytes: 7,
            write_rate: None,
            read_rate: None,
            retries: 0,
        };
        Known { made, at: Moment::from_millis(at), times: 1 }
    }

    fn entry(serial: &str, at: u64, ended: Ended) -> Entry {
        Entry {
            at: Moment::from_millis(at),
            stick: usb(serial),
            port: "2-1".into(),
            media: MediaId([1; 16]),
            ended,
            bytes: 7,
            write_rate: Some(20_000_000),
            read_rate: None,
            retries: 0,
        }
    }

    #[test]
    fn a_stick_is_one_line_whatever_its_numbers_were() {
        let made = [known(1, "4C53", 10), known(2, "4C53", 30), known(3, "9998", 20)];
        let log = [entry("9998", 20, Ended::Ready), entry("9998", 40, Ended::Hung), entry("7778", 50, Ended::Hung)];
        let lines = list(&made, &log);
        let shown: Vec<_> = lines.iter().map(|line| (line.stick, line.last.millis(), line.verdict())).collect();
        let number = |stick: u8| Some(StickId([stick; 16]));
        assert_eq!(
            shown,
            [(None, 50, "good".into()), (number(3), 40, "good".into()), (number(2), 30, "good".into())]
                as [(_, _, String); 3]
        );
    }

    #[test]
    fn sticks_without_a_serial_number_are_told_apart_by_their_own() {
        let lines =
            list(&[known(1, "", 10), known(2, "", 30)], &[entry("", 10, Ended::Hung), entry("", 30, Ended::Hung)]);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.verdict().contains("not judged")));
    }
}
