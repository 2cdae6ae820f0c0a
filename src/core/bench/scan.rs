//! What the bench makes of a scanned code: who it is, whether it belongs here, and what to say loudly.

use super::{Bench, codes, entries::Admission, orders::Numbers};
use crate::{
    batch::IdentityPolicy,
    clock::Moment,
    control::{ScanAnswer, Tone},
    device::{Device, DeviceId, Stage},
    entry::{Entry, Lane, Source},
    identity::Serial,
    msdm::ProductKeyId,
    order::{Expected, Match},
    problem::Problem,
    readiness::Verdict,
    record::Record,
    scan::{self, Scan},
};

/// What to write, and what to tell whoever scanned once it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub records: Vec<Record>,
    pub answer: ScanAnswer,
}

/// The number on a label.
#[derive(Debug, Clone)]
pub(super) enum Number {
    Serial(Serial),
    Key(ProductKeyId),
}

impl Number {
    pub(super) fn serial(&self) -> Option<&Serial> {
        match self {
            Self::Serial(serial) => Some(serial),
            Self::Key(_) => None,
        }
    }

    pub(super) fn key(&self) -> Option<&ProductKeyId> {
        match self {
            Self::Key(key) => Some(key),
            Self::Serial(_) => None,
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Serial(serial) => serial.to_string(),
            Self::Key(key) => key.to_string(),
        }
    }

    pub(super) fn numbers(&self) -> Numbers {
        Numbers::written(self.serial(), self.key())
    }
}

impl Bench {
    /// A code was scanned; `on` if it is the label of one laptop, else the bench looks who it is.
    ///
    /// # Errors
    /// There is no such device.
    pub fn decide_scan(&self, code: &str, on: Option<DeviceId>, now: Moment) -> Result<Heard, Problem> {
        let on = on.map(|id| self.on_the_board(id)).transpose()?;
        if let Some(heard) = codes::unmistakable(code) {
            return Ok(heard);
        }
        Ok(match (scan::read(code), on) {
            (Scan::Serial(serial), Some(device)) => self.label_of(device, &Number::Serial(serial), now),
            (Scan::ProductKeyId(key), Some(device)) => self.label_of(device, &Number::Key(key), now),
            (Scan::Serial(serial), None) => self.look_up(&Number::Serial(serial), now),
            (Scan::ProductKeyId(key), None) => self.look_up(&Number::Key(key), now),
            (Scan::Setup(entry), on) => self.setup_code(*entry, on, now),
            (Scan::Part { number, of }, _) => say(
                format!("part {number} of {of}"),
                Tone::Attention,
                "MORE TO SCAN",
                format!("This QR code comes in {of} parts. Scan the others too."),
            ),
            (Scan::Unreadable(why), _) => {
                let text =
                    format!("This code is no serial number, product key id or setup code: {why}. Scan it again.");
                say(code.chars().take(40).collect(), Tone::Attention, "NOT READ", text)
            }
        })
    }

    fn look_up(&self, number: &Number, now: Moment) -> Heard {
        let found = self.lists.called(&number.numbers());
        match found.as_slice() {
            [] => self.not_here(number, now),
            [one] => match self.devices.get(one) {
                Some(device) => self.found(device, number),
                None => self.not_here(number, now),
            },
            [first, others @ ..] => {
                let names: Vec<_> = found.iter().map(|id| format!("#{}", id.0)).collect();
                let text = format!("{} say this number of themselves. Compare their labels.", names.join(" and "));
                let mut heard = say(number.shown(), Tone::Wrong, "MORE THAN ONE", text).on(*first);
                heard.answer.others = others.len();
                heard
            }
        }
    }

    fn found(&self, device: &Device, number: &Number) -> Heard {
        if self.batch.as_deref().is_some_and(|open| open != device.batch) {
            return self.of_another_batch(device, number);
        }
        let matching = self.lists.of_device(device);
        let row = self.rows.get(&device.id);
        let verdict = row.map_or(Verdict::Unknown, |row| row.verdict);
        let word = matching.word().to_uppercase();
        let (tone, title) = match (&device.stage, &matching, verdict) {
            (_, Match::WrongCustomer { .. } | Match::WrongMachine { .. }, _) => (Tone::Wrong, word.as_str()),
            (Stage::Held { .. }, ..) => (Tone::Wrong, "HELD"),
            (_, Match::Duplicate { .. }, _) => (Tone::Wrong, word.as_str()),
            (_, Match::NotExpected | Match::OtherBatch { .. }, _) => (Tone::Attention, word.as_str()),
            _ if !device.has_spoken() => (Tone::Again, "NOT BOOTED YET"),
            (.., Verdict::NotReady) => (Tone::Attention, "NOT READY"),
            (.., Verdict::Unknown) => (Tone::Attention, "NOT CAPTURED"),
            _ => (Tone::Good, "FOUND"),
        };
        let look = match (row.and_then(|row| row.attention.clone()), matching.problem()) {
            (Some(look), _) => format!(": {look}."),
            (None, Some(problem)) => format!(": {}.", problem.what),
            (None, None) if !device.has_spoken() => ": known by its label; boot it from a stick.".to_owned(),
            (None, None) => ".".to_owned(),
        };
        let text = format!("{} is {}{look}", called(device), device.stage.name().word());
        let mut heard = say(number.shown(), tone, title, text).on(device.id);
        // Finding a laptop by its label confirms the label; it cannot take back what was compared on purpose.
        let mut after = device.clone();
        after.see_label(number.label(device, Moment::default()));
        let seen = match (&device.label, &after.label) {
            (Some(before), Some(after)) => before.says_the_same_as(after),
            _ => false,
        };
        match (seen, device.wrong_label()) {
            (true, _) if heard.answer.tone == Tone::Good => heard.answer.tone = Tone::Again,
            (false, None) => heard.records = vec![number.scanned(device, false)],
            _ => {}
        }
        heard
    }

    /// It was here for another batch, and whether it is here now, only booting it tells.
    fn of_another_batch(&self, device: &Device, number: &Number) -> Heard {
        let open = self.batch.as_deref().unwrap_or_default();
        let matching = self.lists.of_numbers(open, &number.numbers());
        if !self.at_work(device) && matching != Match::Expected {
            let customer = self.customer_of(&device.batch).unwrap_or_default();
            let text =
                format!("It was here for {customer}, batch '{}'. Put it with that customer's laptops.", device.batch);
            return say(number.shown(), Tone::Wrong, "WRONG CUSTOMER", text);
        }
        let known = format!("{} was here for batch '{}'.", called(device), device.batch);
        let (tone, title, text) = match (&matching, matching.problem()) {
            (Match::WrongCustomer { .. }, Some(problem)) => {
                (Tone::Wrong, matching.word().to_uppercase(), format!("{}. {}", problem.what, problem.next))
            }
            (_, Some(problem)) => {
                (Tone::Attention, matching.word().to_uppercase(), format!("{known} {}. {}", problem.what, problem.next))
            }
            (_, None) => {
                let next = format!("Boot it from a stick of batch '{open}'.");
                (Tone::Attention, "ANOTHER BATCH".to_owned(), format!("{known} {next}"))
            }
        };
        say(number.shown(), tone, &title, text).on(device.id)
    }

    fn not_here(&self, number: &Number, now: Moment) -> Heard {
        let batch = self.batch.as_deref().unwrap_or_default();
        let matching = self.lists.of_numbers(batch, &number.numbers());
        let nobodys = matches!(matching, Match::Unchecked | Match::NotExpected);
        if let Some(heard) = codes::behind(&number.shown()).filter(|_| nobodys) {
            return heard;
        }
        match &matching {
            Match::Expected => self.expected(number, now),
            Match::Unchecked if self.policy == IdentityPolicy::Tuple => self.take_in_label(
                number.entry(number.likeliest(), None),
                number,
                "TAKEN IN",
                "is known by its label now.",
                now,
            ),
            Match::Unchecked => {
                let text = "No laptop with this number has reported here. Boot it from a stick, then scan it again.";
                say(number.shown(), Tone::Attention, "NOT HERE", text.to_owned())
            }
            other => {
                let tone = match other {
                    Match::WrongCustomer { .. } => Tone::Wrong,
                    _ => Tone::Attention,
                };
                let text =
                    other.problem().map_or_else(String::new, |problem| format!("{}. {}", problem.what, problem.next));
                say(number.shown(), tone, &other.word().to_uppercase(), text)
            }
        }
    }

    /// On the order, and nobody says this number of himself yet.
    fn expected(&self, number: &Number, now: Moment) -> Heard {
        let batch = self.batch.as_deref().unwrap_or_default();
        // Of the ways to read it, the one that stands on the list.
        let readings = number.serial().map(scan::readings).unwrap_or_default();
        let listed = |serial: &&Serial| !self.lists.lines_of(batch, &Numbers::exact(serial)).is_empty();
        let serial = readings.iter().find(listed).cloned();
        let Some(line) = self.lists.lines_of(batch, &number.numbers()).into_iter().next() else {
            return say(number.shown(), Tone::Attention, "NOT HERE", "Boot it from a stick.".to_owned());
        };
        let entry = number.entry(serial, Some(&line.expected));
        let standing = self.lists.standing_for(batch, line).into_iter().find_map(|id| self.devices.get(&id));
        let Some(device) = standing else {
            return self.take_in_label(entry, number, "EXPECTED", "is on the order. Boot it from a stick.", now);
        };
        let own = match number {
            Number::Serial(_) => device.any_serial().map(ToString::to_string),
            Number::Key(_) => device.any_product_key_id().map(ToString::to_string),
        };
        match own {
            Some(own) => {
                let text = format!(
                    "The order has {} on the line of {}, which says {own}. Compare both labels with the order.",
                    number.shown(),
                    called(device),
                );
                say(number.shown(), Tone::Wrong, "DUPLICATE", text).on(device.id)
            }
            // The other code on the same box.
            None if device.has_spoken() => {
                let text = format!("{} stands for this line of the order. Its label is noted.", called(device));
                let mut heard = say(number.shown(), Tone::Good, "EXPECTED", text).on(device.id);
                heard.records = vec![number.scanned(device, false)];
                heard
            }
            None => {
                let admitted = self.decide_entry_of(device, entry, &scanner(), now);
                let text = format!("{} is on the order, with both its numbers now.", called(device));
                let mut heard = say(number.shown(), Tone::Good, "EXPECTED", text).on(device.id);
                heard.records = admitted.records;
                heard
            }
        }
    }

    fn take_in_label(&self, entry: Entry, number: &Number, title: &str, text: &str, now: Moment) -> Heard {
        match self.decide_entry(entry, &scanner(), crate::device::Signal::Scan, now) {
            Ok(admitted) => {
                let (tone, title, text) = match &admitted.outcome {
                    Admission::Held(reason) => (Tone::Wrong, "HELD", reason.brief()),
                    _ => (Tone::Good, title, text.to_owned()),
                };
                let text = format!("#{} {text}", admitted.device.0);
                let mut heard = say(number.shown(), tone, title, text).on(admitted.device);
                heard.records = admitted.records;
                heard
            }
            Err(refusal) => {
                say(number.shown(), Tone::Attention, "NOT TAKEN", format!("{} {}", refusal.why, refusal.next))
            }
        }
    }
}

impl Number {
    /// What stands on the box, as an entry. Maker and model are the order's.
    fn entry(&self, serial: Option<Serial>, line: Option<&Expected>) -> Entry {
        let mut entry = Entry::new(Lane::Label);
        entry.serial = serial;
        entry.product_key_id = self.key().cloned();
        if let Some(line) = line {
            entry.manufacturer.clone_from(&line.manufacturer);
            entry.model.clone_from(&line.model);
        }
        entry
    }

    /// Lenovo's boxes say machine type and model in front of the serial number; other prefixes may be part of it.
    fn likeliest(&self) -> Option<Serial> {
        let readings = self.serial().map(scan::readings).unwrap_or_default();
        let lenovo = readings.first().is_some_and(|plain| plain.as_str().starts_with("1S"));
        readings.get(1).filter(|_| lenovo).or(readings.first()).cloned()
    }
}

pub(super) fn scanner() -> Source {
    Source { name: "scanner".to_owned(), line: 1 }
}

/// `#7 ThinkPad X1`.
pub(super) fn called(device: &Device) -> String {
    format!("#{} {}", device.id.0, device.identity.model).trim_end().to_owned()
}

pub(super) fn say(shown: String, tone: Tone, title: &str, text: String) -> Heard {
    let answer = ScanAnswer { shown, device: None, others: 0, tone, title: title.to_owned(), text };
    Heard { records: vec![], answer }
}

impl Heard {
    pub(super) fn on(mut self, device: DeviceId) -> Self {
        self.answer.device = Some(device);
        self
    }
}
