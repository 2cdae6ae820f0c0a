//! How a stick did each time it was written, and what that says of it.
//!
//! A log of one line a write, folded into what is known of a stick: cheap ones get slow before they
//! fail, and one that failed twice will fail at the customer's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::gigabytes;
use crate::{clock::Moment, disk::Disk, media_card::MediaId};

/// Who a stick is over the years, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    pub vendor: String,
    pub model: String,
    pub serial: String,
    pub size: u64,
}

impl Name {
    pub fn of(disk: &Disk) -> Self {
        Self {
            vendor: disk.vendor.clone(),
            model: disk.model.clone(),
            serial: disk.serial.clone(),
            size: disk.size_bytes,
        }
    }

    /// Without a serial number, or with one of nothing but one digit, all sticks of a model are one.
    pub fn is_its_own(&self) -> bool {
        let mut digits = self.serial.bytes();
        let first = digits.next();
        first.is_some() && digits.any(|digit| Some(digit) != first)
    }
}

/// One write, one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Moment,
    pub stick: Name,
    pub port: String,
    pub media: MediaId,
    pub ended: Ended,
    /// Bytes written to it, whatever for.
    pub bytes: u64,
    /// Bytes a second.
    pub write_rate: Option<u64>,
    pub read_rate: Option<u64>,
    pub retries: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Ready,
    /// Not the stick's fault: cancelled, refused, the image.
    Otherwise,
    Failed {
        why: String,
    },
    Fake {
        keeps: u64,
    },
    Hung,
}

/// Rates that tell a trend.
const SHOWN: usize = 4;

/// All that is known of one stick.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    pub ready: u32,
    pub failed: u32,
    pub bytes: u64,
    /// The fastest and the last write, bytes a second.
    pub best: Option<u64>,
    pub last: Option<u64>,
    /// Those of the last few writes, in their order.
    pub rates: Vec<u64>,
    /// Operations that had to be tried again, over all writes.
    pub retries: u64,
    pub keeps: Option<u64>,
}

impl Health {
    pub fn of<'a>(log: impl IntoIterator<Item = &'a Entry>, stick: &Name) -> Self {
        let mut health = Self::default();
        if stick.is_its_own() {
            log.into_iter().filter(|entry| entry.stick == *stick).for_each(|entry| health.add(entry));
        }
        health
    }

    fn add(&mut self, entry: &Entry) {
        self.bytes += entry.bytes;
        self.retries += u64::from(entry.retries);
        match &entry.ended {
            Ended::Ready => {
                self.ready += 1;
                self.last = entry.write_rate.or(self.last);
                self.best = self.best.max(entry.write_rate);
                // Of a few blocks that were brought up to date no rate can be told.
                self.rates.extend(entry.write_rate);
                if self.rates.len() > SHOWN {
                    self.rates.remove(0);
                }
            }
            Ended::Otherwise => {}
            Ended::Failed { .. } | Ended::Hung => self.failed += 1,
            Ended::Fake { keeps } => self.keeps = Some(*keeps),
        }
    }

    /// `21 > 19 > 9 MB/s`: how fast it was lately.
    pub fn trend(&self) -> Option<String> {
        let rates: Vec<String> = self.rates.iter().map(|rate| (rate / 1_000_000).to_string()).collect();
        (!rates.is_empty()).then(|| format!("{} MB/s", rates.join(" > ")))
    }

    /// Why it should not be used any more.
    pub fn advice(&self) -> Option<String> {
        if let Some(keeps) = self.keeps {
            return Some(format!("it was found counterfeit (it keeps about {}): throw it away", gigabytes(keeps)));
        }
        if self.failed >= 2 {
            return Some(format!("it failed {} of {} times: throw it away", self.failed, self.failed + self.ready));
        }
        let (best, last) = (self.best?, self.last?);
        let slow = self.ready >= 3 && last < best / 2;
        slow.then(|| format!("it has become slow ({} MB/s, once {}): retire it", last / 1_000_000, best / 1_000_000))
    }
}

/// Why another port should be tried: of late the last stick there hung, or several in a row failed.
pub fn port_advice(log: &[Entry], port: &str, now: Moment, lately: Duration) -> Option<String> {
    let mut in_a_row: Vec<&Entry> = Vec::new();
    for entry in log.iter().filter(|entry| entry.port == port && now.since(entry.at) < lately) {
        match entry.ended {
            Ended::Ready => in_a_row.clear(),
            // One stick that fails twice tells of the stick.
            Ended::Failed { .. } | Ended::Hung => {
                in_a_row.retain(|before| before.stick != entry.stick || !entry.stick.is_its_own());
                in_a_row.push(entry);
            }
            Ended::Fake { .. } | Ended::Otherwise => {}
        }
    }
    match in_a_row[..] {
        [.., Entry { ended: Ended::Hung, .. }] if in_a_row.len() == 1 => {
            Some("the last stick at this port hung: if this one does too, it is the port".to_owned())
        }
        [_, .., _] => Some(format!("the last {} sticks at this port failed: try another port", in_a_row.len())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(serial: &str) -> Name {
        Name { vendor: "SanDisk".into(), model: "Ultra".into(), serial: serial.into(), size: 16_000_000_000 }
    }

    fn entry(serial: &str, ended: Ended, write_rate: u64) -> Entry {
        Entry {
            at: Moment::from_millis(1),
            stick: name(serial),
            port: "2-1".into(),
            media: MediaId([1; 16]),
            ended,
            bytes: 1000,
            write_rate: Some(write_rate * 1_000_000),
            read_rate: None,
            retries: 0,
        }
    }

    const LATELY: Duration = Duration::from_secs(3600);

    fn advice(log: &[Entry]) -> String {
        Health::of(log, &name("4C53")).advice().unwrap_or_default()
    }

    #[test]
    fn a_good_stick_is_not_spoken_of() {
        let log: Vec<Entry> = (0..9).map(|n| entry("4C53", Ended::Ready, 20 + n % 3)).collect();
        assert_eq!(advice(&log), "");
        let health = Health::of(&log, &name("4C53"));
        assert_eq!((health.bytes, health.trend().as_deref()), (9000, Some("22 > 20 > 21 > 22 MB/s")));
        assert_eq!(advice(&[entry("4C53", Ended::Failed { why: "pulled".into() }, 1)]), "", "once may be the person");
    }

    #[test]
    fn one_that_fails_twice_gets_slow_or_lied_is_not_to_be_used() {
        let failed = || entry("4C53", Ended::Failed { why: "I/O".into() }, 1);
        assert!(advice(&[failed(), entry("4C53", Ended::Ready, 9), failed()]).contains("failed 2 of 3 times"));
        let slow = [30, 29, 12].map(|rate| entry("4C53", Ended::Ready, rate));
        assert!(advice(&slow).contains("become slow (12 MB/s, once 30)"));
        assert!(advice(&[entry("4C53", Ended::Fake { keeps: 8_000_000_000 }, 9)]).contains("about 8.0 GB"));
        assert_eq!(advice(&[entry("4C53", Ended::Otherwise, 1), entry("4C54", Ended::Hung, 1)]), "");
    }

    #[test]
    fn a_port_is_spoken_of_once_it_may_be_to_blame() {
        let failed = |serial| entry(serial, Ended::Failed { why: "I/O".into() }, 1);
        let advice = |log: &[Entry]| port_advice(log, "2-1", Moment::from_millis(1000), LATELY);
        assert_eq!(advice(&[]), None);
        assert_eq!(advice(&[failed("4C53")]), None, "once is the stick");
        assert_eq!(advice(&[failed("4C53"), failed("4C53")]), None, "and twice the same");
        assert!(advice(&[entry("4C53", Ended::Hung, 1)]).unwrap().contains("hung"));
        let two = [failed("4C53"), entry("4C54", Ended::Otherwise, 1), entry("4C55", Ended::Hung, 1)];
        assert!(advice(&two).unwrap().contains("last 2 sticks at this port failed"));
        assert_eq!(advice(&[&two[..], &[entry("4C56", Ended::Ready, 9)]].concat()), None, "it works again");
        assert_eq!(port_advice(&two, "2-2", Moment::from_millis(1000), LATELY), None);
        assert_eq!(port_advice(&two, "2-1", Moment::from_millis(3_600_001), LATELY), None, "that was yesterday");
        assert!(advice(&[failed("000"), failed("000")]).is_some(), "any two of a model");
    }

    #[test]
    fn sticks_that_share_a_serial_number_are_not_judged_by_it() {
        for serial in ["", "0", "0000000000"] {
            let log = [entry(serial, Ended::Hung, 1), entry(serial, Ended::Hung, 1)];
            assert_eq!(Health::of(&log, &name(serial)), Health::default());
        }
    }
}
