//! What a stick that comes back has on it, which nobody has taken off yet.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What would be lost if the stick were erased now. Nothing of it was read but names and sizes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Brought {
    /// Files of laptops: sealed captures, and what our script for Windows left.
    pub captures: usize,
    /// Sets of logs, one for each time that they were kept.
    pub logs: usize,
    /// A bench box ran from it: what that bench knows is on it.
    pub bench: bool,
    /// Its data volume cannot be read, so nobody knows.
    pub unread: bool,
}

impl Brought {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it can be taken in and then erased; a bench and what cannot be read cannot.
    pub fn is_importable(&self) -> bool {
        !self.is_nothing() && !self.bench && !self.unread
    }

    /// With what another stick brought.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            captures: self.captures + other.captures,
            logs: self.logs + other.logs,
            bench: self.bench || other.bench,
            unread: self.unread || other.unread,
        }
    }
}

/// `3 captures and 1 set of logs`; after "it has".
impl fmt::Display for Brought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let parts = [
            self.bench.then(|| "the journal of a bench box".to_owned()),
            counted(self.captures, "capture", "captures"),
            counted(self.logs, "set of logs", "sets of logs"),
            self.unread.then(|| "a data volume that cannot be read".to_owned()),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.split_last() {
            None => f.write_str("nothing"),
            Some((last, [])) => f.write_str(last),
            Some((last, before)) => write!(f, "{} and {last}", before.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_person_says_it() {
        let brought = |captures, logs| Brought { captures, logs, ..Brought::default() };
        assert_eq!(brought(0, 0).to_string(), "nothing");
        assert_eq!(brought(1, 0).to_string(), "1 capture");
        assert_eq!(brought(3, 1).to_string(), "3 captures and 1 set of logs");
        let all = Brought { bench: true, unread: true, ..brought(2, 2) };
        assert_eq!(
            all.to_string(),
            "the journal of a bench box, 2 captures, 2 sets of logs and a data volume that cannot be read"
        );
        assert_eq!(brought(1, 2).and(brought(3, 4)), brought(4, 6));
    }

    #[test]
    fn only_captures_and_logs_can_be_taken_in() {
        let brought = Brought { captures: 1, ..Brought::default() };
        assert!(brought.is_importable() && !Brought::default().is_importable());
        assert!(!Brought { bench: true, ..brought }.is_importable());
        assert!(!Brought { unread: true, ..brought }.is_importable());
    }
}
