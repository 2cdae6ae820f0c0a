//! A hand-held scanner is a keyboard that types fast and ends with Enter. What it types is never a
//! command, whatever letters are in it. What the code means is the bench's to say.
//!
//! So a letter waits for a moment before it acts: the next one within [`GAP`] makes it part of a scan.

use std::time::Duration;

use whiteglove_core::clock::Moment;

/// Scanners send a character every 1 to 20 ms; people, key repeat included, take 33 ms and more.
const GAP: Duration = Duration::from_millis(30);
/// No serial number is shorter.
const SHORTEST: usize = 4;
/// Key repeat sends the same letter over and over; after this many it is let through.
const REPEATS: usize = 3;
/// The longest code we know is the JSON of the Windows setup screen, about 2,000 characters a block.
const LONGEST: usize = 4_096;

/// The letters that have come in quick succession.
#[derive(Debug, Clone, Default)]
pub(crate) struct Burst {
    pending: String,
    /// Letters in a text field are not held back, only noted while they come quickly.
    run: String,
    last: Moment,
}

/// What the letters turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Single key presses, to be acted on now.
    Keys(String),
    Scan(String),
}

impl Burst {
    /// A letter outside of a text field. Answers what was held back and is now known.
    pub(crate) fn letter(&mut self, letter: char, now: Moment) -> Option<Heard> {
        let before = self.expire(now);
        self.last = now;
        if self.pending.len() < LONGEST {
            self.pending.push(letter);
        }
        let repeated = self.pending.chars().count() >= REPEATS && self.pending.chars().all(|c| c == letter);
        if repeated { Some(Heard::Keys(std::mem::take(&mut self.pending))) } else { before }
    }

    /// Enter outside of a text field; `None` if it is a plain Enter.
    pub(crate) fn enter(&mut self, now: Moment) -> Option<Heard> {
        let quick = !self.is_over(now);
        let text = std::mem::take(&mut self.pending);
        (!text.is_empty()).then(|| if quick && is_code(&text) { Heard::Scan(text) } else { Heard::Keys(text) })
    }

    /// Whatever is held back, because another kind of key was pressed.
    pub(crate) fn flush(&mut self) -> Option<Heard> {
        let text = std::mem::take(&mut self.pending);
        (!text.is_empty()).then_some(Heard::Keys(text))
    }

    /// The moment has passed. A scanner that sends no Enter is still a scanner.
    pub(crate) fn expire(&mut self, now: Moment) -> Option<Heard> {
        if self.pending.is_empty() || !self.is_over(now) {
            return None;
        }
        let text = std::mem::take(&mut self.pending);
        Some(if is_code(&text) { Heard::Scan(text) } else { Heard::Keys(text) })
    }

    pub(crate) fn deadline(&self, now: Moment) -> Option<Moment> {
        (!self.pending.is_empty()).then(|| self.last.min(now).after(GAP + Duration::from_millis(1)))
    }

    /// A letter inside a text field.
    pub(crate) fn typed(&mut self, letter: char, now: Moment) {
        if self.is_over(now) {
            self.run.clear();
        }
        if self.run.len() < LONGEST {
            self.run.push(letter);
        }
        self.last = now;
    }

    /// What a scanner typed into a text field before this Enter; `None` if a person pressed it.
    /// A scanned Enter presses no button.
    pub(crate) fn enter_is_scanned(&mut self, now: Moment) -> Option<String> {
        let run = std::mem::take(&mut self.run);
        (!self.is_over(now) && run.chars().count() >= SHORTEST).then_some(run)
    }

    fn is_over(&self, now: Moment) -> bool {
        // A clock that was set back must not hold a key for ever.
        now < self.last || now.since(self.last) > GAP
    }
}

/// Long enough, and begins as codes do; `/` and `?` are keys.
fn is_code(text: &str) -> bool {
    let start = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '{');
    start && text.chars().count() >= SHORTEST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::from_millis(ms)
    }

    fn scan(text: &str) -> Option<Heard> {
        let mut burst = Burst::default();
        let mut now = 1_000;
        for letter in text.chars() {
            now += 8;
            assert_eq!(burst.letter(letter, at(now)), None);
        }
        burst.enter(at(now + 8))
    }

    #[test]
    fn quick_letters_and_enter_are_a_scan() {
        assert_eq!(scan("PF3K9Q"), Some(Heard::Scan("PF3K9Q".into())));
        assert_eq!(scan("qm"), Some(Heard::Keys("qm".into())));
        assert_eq!(scan("/PF3K9Q"), Some(Heard::Keys("/PF3K9Q".into())));
        assert_eq!(scan(""), None);
    }

    #[test]
    fn a_single_letter_acts_after_a_moment() {
        let mut burst = Burst::default();
        assert_eq!(burst.letter('m', at(1_000)), None);
        assert_eq!(burst.expire(at(1_010)), None);
        assert_eq!(burst.deadline(at(1_010)), Some(at(1_031)));
        assert_eq!(burst.expire(at(1_031)), Some(Heard::Keys("m".into())));
        assert_eq!(burst.deadline(at(1_031)), None);
    }

    #[test]
    fn a_scanner_without_enter_is_a_scanner() {
        let mut burst = Burst::default();
        for (n, letter) in "5CG1234".chars().enumerate() {
            burst.letter(letter, at(1_000 + n as u64 * 10));
        }
        assert_eq!(burst.expire(at(2_000)), Some(Heard::Scan("5CG1234".into())));
    }

    #[test]
    fn a_held_key_repeats() {
        let mut burst = Burst::default();
        assert_eq!(burst.letter('j', at(1_000)), None);
        assert_eq!(burst.letter('j', at(1_025)), None);
        assert_eq!(burst.letter('j', at(1_050)), Some(Heard::Keys("jjj".into())));
    }

    #[test]
    fn a_clock_set_back_holds_no_key() {
        let mut burst = Burst::default();
        burst.letter('m', at(9_000));
        assert_eq!(burst.expire(at(10)), Some(Heard::Keys("m".into())));
    }
}
