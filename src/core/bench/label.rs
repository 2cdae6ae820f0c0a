//! A label held against one laptop on purpose, and the code on the laptop's own setup screen.

use super::{
    Bench,
    entries::Admission,
    orders::Numbers,
    scan::{Heard, Number, called, say, scanner},
};
use crate::{
    clock::Moment,
    control::Tone,
    device::{Device, HoldReason, Label, Signal},
    entry::Entry,
    identity::Serial,
    order::Match,
    record::Record,
};

impl Number {
    pub(super) fn label(&self, device: &Device, at: Moment) -> Label {
        match self {
            // A serial number of thirteen digits looks like a product key id; the laptop knows better.
            Self::Key(key) if device.identity.good_serial().is_some_and(|own| own.as_str() == key.as_str()) => {
                Label { serial: device.identity.serial.clone(), product_key_id: None, at }
            }
            Self::Serial(serial) => Label { serial: Some(serial.clone()), product_key_id: None, at },
            Self::Key(key) => Label { serial: None, product_key_id: Some(key.clone()), at },
        }
    }

    pub(super) fn scanned(&self, device: &Device, on_purpose: bool) -> Record {
        let Label { serial, product_key_id, .. } = self.label(device, Moment::default());
        Record::LabelScanned { device: device.id, serial, product_key_id, on_purpose }
    }
}

impl Bench {
    /// A person says: this label is on that laptop.
    pub(super) fn label_of(&self, device: &Device, number: &Number, now: Moment) -> Heard {
        let mut after = device.clone();
        after.see_label(number.label(device, now));
        let news = after.label != device.label;
        let mut heard = match after.wrong_label() {
            Some(_) => self.wrong_label(device, number),
            None => self.right_label(&after, number),
        };
        if news {
            heard.records.push(number.scanned(device, true));
        } else if heard.answer.tone == Tone::Good {
            heard.answer.tone = Tone::Again;
        }
        let reason = match after.wrong_label() {
            Some(_) => Some(HoldReason::WrongMachine { label: number.shown() }),
            None => self.wrong_customer(&after),
        };
        let reason = reason.filter(|reason| device.stage.holds().all(|known| known != reason));
        heard.records.extend(reason.map(|reason| Record::DeviceHeld { device: device.id, reason }));
        heard.on(device.id)
    }

    fn wrong_label(&self, device: &Device, number: &Number) -> Heard {
        let label = number.shown();
        let machine = match number {
            Number::Serial(_) => device.any_serial().map(ToString::to_string),
            Number::Key(_) => device.any_product_key_id().map(ToString::to_string),
        };
        let machine = machine.unwrap_or_else(|| "something else".to_owned());
        let mut text = format!("The label says {label}, the laptop says {machine}. #{} is held.", device.id.0);
        let named = self.lists.called(&number.numbers());
        if let Some(owner) = named.iter().filter_map(|id| self.devices.get(id)).find(|owner| owner.id != device.id) {
            text += &format!(" The label belongs to {}.", called(owner));
        }
        if let Match::WrongCustomer { customer, .. } = self.lists.of_numbers(&device.batch, &number.numbers()) {
            text += &format!(" {label} IS {customer}'s.");
        }
        say(label, Tone::Wrong, "WRONG MACHINE", text)
    }

    fn right_label(&self, after: &Device, number: &Number) -> Heard {
        let label = number.shown();
        let matching = self.lists.of_device(after);
        if let Some(problem) = matching.problem() {
            let tone = match matching {
                Match::NotExpected | Match::OtherBatch { .. } => Tone::Attention,
                _ => Tone::Wrong,
            };
            return say(label, tone, &matching.word().to_uppercase(), format!("{}. {}", problem.what, problem.next));
        }
        let agrees = after.label_agrees();
        if let Some(reason) = after.stage.holds().next() {
            let word = if agrees { "The label is right" } else { "The label is noted" };
            let text = format!(
                "{word}, and #{} is still held: {}. Release it (r) if that is settled.",
                after.id.0,
                reason.brief()
            );
            return say(label, Tone::Attention, "STILL HELD", text);
        }
        match matching {
            Match::Matched => say(label, Tone::Good, "MATCH", "Label, laptop and order agree.".to_owned()),
            _ if agrees => say(label, Tone::Good, "LABEL OK", "Label and laptop agree.".to_owned()),
            _ if after.has_spoken() => {
                let text = "The laptop itself does not say this number, so only the label is noted.";
                say(label, Tone::Attention, "NOTED", text.to_owned())
            }
            _ => {
                let text = "The laptop has not reported yet, so only the label is noted. Boot it from a stick.";
                say(label, Tone::Attention, "NOTED", text.to_owned())
            }
        }
    }

    /// The QR code of a Windows setup screen: the laptop's own word, not its label's.
    pub(super) fn setup_code(&self, entry: Entry, on: Option<&Device>, now: Moment) -> Heard {
        let shown = entry.serial.as_ref().map_or_else(|| entry.lane.words().to_owned(), Serial::to_string);
        let words = entry.lane.words();
        let numbers = Numbers::written(entry.serial.as_ref(), entry.product_key_id.as_ref());
        let admitted = match on {
            Some(device) => {
                let said =
                    Label { serial: entry.serial.clone(), product_key_id: entry.product_key_id.clone(), at: now };
                if let Some(other) = device.misnamed_by(&said) {
                    let text = format!(
                        "This screen is of {other}, not of {}. Nothing was noted; open the right laptop first.",
                        called(device)
                    );
                    return say(shown, Tone::Wrong, "OTHER LAPTOP", text).on(device.id);
                }
                Ok(self.decide_entry_of(device, entry, &scanner(), now))
            }
            None => self.decide_entry(entry, &scanner(), Signal::Scan, now),
        };
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => {
                return say(shown, Tone::Attention, "NOT TAKEN", format!("{} {}", refusal.why, refusal.next));
            }
        };
        let matching = match self.devices.get(&admitted.device) {
            Some(known) => self.lists.of_device(known),
            None => self.lists.of_numbers(self.batch.as_deref().unwrap_or_default(), &numbers),
        };
        let number = admitted.device.0;
        let (tone, title, text) = match (&admitted.outcome, matching.problem()) {
            (Admission::Held(reason), _) => (Tone::Wrong, "HELD".to_owned(), reason.problem().what),
            (_, Some(problem)) => (Tone::Attention, matching.word().to_uppercase(), format!("{}.", problem.what)),
            (Admission::Known, None) => (Tone::Again, "KNOWN".to_owned(), format!("{words} noted before.")),
            (Admission::New | Admission::Added, None) => {
                (Tone::Good, "SETUP CODE".to_owned(), format!("{words} noted."))
            }
        };
        let mut heard = say(shown, tone, &title, format!("#{number}: {text}"));
        heard.records = admitted.records;
        heard.on(admitted.device)
    }
}
