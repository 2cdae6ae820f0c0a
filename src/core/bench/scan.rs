//! What the bench makes of a scanned code: who it is, whether it belongs here, and what to say loudly.

use super::{Bench, decide::Admission};
use crate::{
    batch::IdentityPolicy,
    clock::Moment,
    control::{ScanAnswer, Tone},
    device::{Device, DeviceId, HoldReason, Signal, Stage},
    entry::{Entry, Lane, Source},
    identity::Serial,
    msdm::ProductKeyId,
    order::Match,
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
enum Number {
    Serial(Serial),
    Key(ProductKeyId),
}

impl Number {
    fn serial(&self) -> Option<&Serial> {
        match self {
            Self::Serial(serial) => Some(serial),
            Self::Key(_) => None,
        }
    }

    fn key(&self) -> Option<&ProductKeyId> {
        match self {
            Self::Key(key) => Some(key),
            Self::Serial(_) => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Serial(serial) => serial.to_string(),
            Self::Key(key) => key.to_string(),
        }
    }

    /// `None`: the machine does not say.
    fn agrees(&self, device: &Device) -> Option<bool> {
        match self {
            Self::Serial(said) => device.identity.good_serial().map(|own| scan::means(said, own)),
            Self::Key(said) => device.any_product_key_id().map(|own| own == said),
        }
    }
}

impl Bench {
    /// A code was scanned; `on` if it is the label of one laptop, else the bench looks who it is.
    ///
    /// # Errors
    /// There is no such device.
    pub fn decide_scan(&self, code: &str, on: Option<DeviceId>, now: Moment) -> Result<Heard, Problem> {
        let on = on.map(|id| self.known(id)).transpose()?;
        Ok(match (scan::read(code), on) {
            (Scan::Serial(serial), Some(device)) => self.label_of(device, &Number::Serial(serial)),
            (Scan::ProductKeyId(key), Some(device)) => self.label_of(device, &Number::Key(key)),
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

    /// A person says: this label is on that laptop.
    fn label_of(&self, device: &Device, number: &Number) -> Heard {
        let scanned = Record::LabelScanned {
            device: device.id,
            serial: number.serial().cloned(),
            product_key_id: number.key().cloned(),
            on_purpose: true,
        };
        let label = number.shown();
        match number.agrees(device) {
            Some(false) => {
                let reason = HoldReason::WrongMachine { label: label.clone() };
                let machine = device.identity.serial.as_ref().map_or("something else", Serial::as_str);
                let text = format!("The label says {label}, the laptop says {machine}. #{} is held.", device.id.0);
                let mut heard = say(label, Tone::Wrong, "WRONG MACHINE", text);
                heard.records = vec![scanned, Record::DeviceHeld { device: device.id, reason }];
                heard.on(device.id)
            }
            Some(true) => {
                let mut heard = match self.lists.of_label(&device.batch, number.serial(), number.key()) {
                    Match::Expected => say(label, Tone::Good, "MATCH", "Label, laptop and order agree.".to_owned()),
                    other => match other.problem() {
                        Some(problem) => {
                            let title = other.word().to_uppercase();
                            say(label, Tone::Wrong, &title, format!("{}. {}", problem.what, problem.next))
                        }
                        None => say(label, Tone::Good, "LABEL OK", "Label and laptop agree.".to_owned()),
                    },
                };
                heard.records = vec![scanned];
                heard.on(device.id)
            }
            None => {
                let text = "The laptop itself does not say this number, so only the label is noted.".to_owned();
                let mut heard = say(label, Tone::Attention, "NOTED", text);
                heard.records = vec![scanned];
                heard.on(device.id)
            }
        }
    }

    fn look_up(&self, number: &Number, now: Moment) -> Heard {
        let found: Vec<&Device> = self.present().filter(|device| number.agrees(device) == Some(true)).collect();
        match found.split_first() {
            Some((device, [])) => self.found(device, number),
            Some((device, others)) => {
                let text = format!("{} laptops report this number. Compare their labels.", others.len() + 1);
                let mut heard = say(number.shown(), Tone::Wrong, "MORE THAN ONE", text).on(device.id);
                heard.answer.others = others.len();
                heard
            }
            None => self.not_here(number, now),
        }
    }

    fn found(&self, device: &Device, number: &Number) -> Heard {
        let seen = device.label.as_ref().is_some_and(|label| {
            label.serial.as_ref() == number.serial() && label.product_key_id.as_ref() == number.key()
        });
        let matching = self.lists.of_device(device);
        let row = self.rows.get(&device.id);
        let verdict = row.map_or(Verdict::Unknown, |row| row.verdict);
        let look = row.and_then(|row| row.attention.clone()).map_or_else(String::new, |look| format!(": {look}"));
        let here = format!("#{} {}", device.id.0, device.identity.model);
        let (tone, title) = match (&device.stage, &matching, verdict) {
            (_, Match::WrongCustomer { .. } | Match::WrongMachine { .. }, _) => (Tone::Wrong, matching.word()),
            (Stage::Held { .. }, ..) => (Tone::Wrong, "HELD"),
            (_, Match::NotExpected | Match::OtherBatch { .. } | Match::Duplicate { .. }, _) => {
                (Tone::Attention, "NOT ON THIS ORDER")
            }
            (.., Verdict::NotReady) => (Tone::Attention, "NOT READY"),
            (.., Verdict::Unknown) => (Tone::Attention, "NOT CAPTURED"),
            _ if seen => (Tone::Again, "FOUND"),
            _ => (Tone::Good, "FOUND"),
        };
        let text = format!("{here} {}{look}", device.stage.name().word());
        let mut heard = say(number.shown(), tone, title, text).on(device.id);
        if !seen {
            heard.records = vec![Record::LabelScanned {
                device: device.id,
                serial: number.serial().cloned(),
                product_key_id: number.key().cloned(),
                on_purpose: false,
            }];
        }
        heard
    }

    fn not_here(&self, number: &Number, now: Moment) -> Heard {
        let batch = self.batch.as_deref().unwrap_or_default();
        let matching = self.lists.of_label(batch, number.serial(), number.key());
        let by_label = self.policy == IdentityPolicy::Tuple;
        match &matching {
            Match::Expected => self.take_in(number, "EXPECTED", "It is on the order. Boot it from a stick.", now),
            Match::Unchecked if by_label => self.take_in(number, "TAKEN IN", "Known by its label now.", now),
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

    fn take_in(&self, number: &Number, title: &str, text: &str, now: Moment) -> Heard {
        let mut entry = Entry::new(Lane::Label);
        entry.serial = number.serial().cloned();
        entry.product_key_id = number.key().cloned();
        let source = Source { name: "scanner".to_owned(), line: 1 };
        match self.decide_entry(entry, &source, Signal::Scan, now) {
            Ok(admitted) => {
                let text = format!("#{} {text}", admitted.device.0);
                let mut heard = say(number.shown(), Tone::Good, title, text).on(admitted.device);
                heard.records = admitted.records;
                heard
            }
            Err(refusal) => {
                say(number.shown(), Tone::Attention, "NOT TAKEN", format!("{} {}", refusal.why, refusal.next))
            }
        }
    }

    /// The QR code of a Windows setup screen.
    fn setup_code(&self, entry: Entry, on: Option<&Device>, now: Moment) -> Heard {
        let shown = entry.serial.as_ref().map_or_else(|| entry.lane.words().to_owned(), Serial::to_string);
        let mut records = Vec::new();
        if let (Some(device), Some(serial)) = (on, &entry.serial) {
            let heard = self.label_of(device, &Number::Serial(serial.clone()));
            if heard.answer.tone == Tone::Wrong {
                return heard;
            }
            records = heard.records;
        }
        let source = Source { name: "scanner".to_owned(), line: 1 };
        let words = entry.lane.words();
        match self.decide_entry(entry, &source, Signal::Scan, now) {
            Ok(admitted) => {
                let (tone, title) = match &admitted.outcome {
                    Admission::Known => (Tone::Again, "KNOWN"),
                    Admission::Held(_) => (Tone::Wrong, "HELD"),
                    Admission::New | Admission::Added => (Tone::Good, "SETUP CODE"),
                };
                let mut heard = say(shown, tone, title, format!("#{}: {words} noted.", admitted.device.0));
                records.extend(admitted.records);
                heard.records = records;
                heard.on(admitted.device)
            }
            Err(refusal) => say(shown, Tone::Attention, "NOT TAKEN", format!("{} {}", refusal.why, refusal.next)),
        }
    }
}

fn say(shown: String, tone: Tone, title: &str, text: String) -> Heard {
    let answer = ScanAnswer { shown, device: None, others: 0, tone, title: title.to_owned(), text };
    Heard { records: vec![], answer }
}

impl Heard {
    fn on(mut self, device: DeviceId) -> Self {
        self.answer.device = Some(device);
        self
    }
}
