//! All laptops that the bench has seen or expects, by model, against one medium.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Doubt, Medium, Reason, Verdict, judge};
use crate::{capture::Capture, device::DeviceId};

/// Laptops as a pre-flight looks at them.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    pub seen: Vec<Seen>,
    /// Models of laptops that are ordered and not here, one for each, in the words of whoever wrote the list.
    pub ordered: Vec<String>,
}

/// A laptop that is on the board.
#[derive(Debug, Clone)]
pub struct Seen {
    pub device: DeviceId,
    pub model: String,
    pub simulated: bool,
    pub capture: Option<Arc<Capture>>,
}

/// A medium against a fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Those with the most that refuse it first, then those with the most of which nothing is known.
    pub models: Vec<ModelReport>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ModelReport {
    pub model: String,
    /// Any of them is.
    pub simulated: bool,
    pub accepts: usize,
    pub refuses: Vec<DeviceId>,
    pub unknown: Vec<DeviceId>,
    /// Ordered, and not here.
    pub ordered: usize,
    /// Why they refuse it: the weightiest reason of each, and how many have it. The most frequent first.
    pub reasons: Vec<(Reason, usize)>,
    /// The same of those of which nothing is known.
    pub doubts: Vec<(Doubt, usize)>,
}

/// An order need not say what is ordered.
const NAMELESS: &str = "no model named";

/// Looks at every laptop.
pub fn fold(medium: &Medium, fleet: &Fleet) -> Report {
    let mut models: BTreeMap<String, ModelReport> = BTreeMap::new();
    for seen in &fleet.seen {
        let model = models.entry(seen.model.to_lowercase()).or_default();
        if model.model.is_empty() {
            model.model.clone_from(&seen.model);
        }
        model.simulated |= seen.simulated;
        match judge(medium, seen.capture.as_deref().map(|capture| &capture.firmware)) {
            Verdict::Accepts => model.accepts += 1,
            Verdict::Refuses(reasons) => {
                model.refuses.push(seen.device);
                reasons.into_iter().take(1).for_each(|reason| count(&mut model.reasons, reason));
            }
            Verdict::Unknown(doubt) => {
                model.unknown.push(seen.device);
                count(&mut model.doubts, doubt);
            }
        }
    }
    for name in &fleet.ordered {
        let name = if name.trim().is_empty() { NAMELESS } else { name.trim() };
        let key = same_model(name, &models).unwrap_or_else(|| name.to_lowercase());
        let model =
            models.entry(key).or_insert_with(|| ModelReport { model: name.to_owned(), ..ModelReport::default() });
        model.ordered += 1;
    }
    let mut models: Vec<ModelReport> = models.into_values().collect();
    for model in &mut models {
        // Stable: equals stay in the order in which they were met.
        model.reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        model.doubts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    }
    models.sort_by_key(|model| std::cmp::Reverse((model.refuses.len(), model.unknown.len(), model.seen())));
    Report { models }
}

fn count<T: PartialEq>(counted: &mut Vec<(T, usize)>, one: T) {
    match counted.iter_mut().find(|(known, _)| *known == one) {
        Some((_, count)) => *count += 1,
        None => counted.push((one, 1)),
    }
}

/// The one model that a buyer's words mean: an order names it in more or fewer words than its firmware. Where two fit,
/// none is meant for sure.
fn same_model(ordered: &str, models: &BTreeMap<String, ModelReport>) -> Option<String> {
    let ordered = ordered.trim().to_lowercase();
    if models.contains_key(&ordered) {
        return Some(ordered);
    }
    let fits = |known: &&String| !ordered.is_empty() && !known.is_empty() && all_words(&ordered, known);
    let mut fitting = models.iter().filter(|(_, model)| model.seen() > 0).map(|(key, _)| key).filter(fits);
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.clone())
}

/// Whether one of the two names has every word of the other; `840 g8` is not in `840 g80`.
fn all_words(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (one, other) = (words(one), words(other));
    let within = |few: &[String], many: &[String]| !few.is_empty() && few.iter().all(|word| many.contains(word));
    within(&one, &other) || within(&other, &one)
}

impl ModelReport {
    /// Laptops of it on the board.
    pub fn seen(&self) -> usize {
        self.accepts + self.refuses.len() + self.unknown.len()
    }

    /// How it stands, to be read behind its name.
    pub fn words(&self) -> String {
        let mut parts = Vec::new();
        match (self.seen(), self.accepts) {
            (0, _) => parts.push("never seen here".to_owned()),
            (_, 0) => {}
            (1, _) => parts.push("the one seen accepts it".to_owned()),
            (seen, accepts) if seen == accepts => parts.push(format!("all {seen} accept it")),
            (seen, 1) => parts.push(format!("1 of {seen} accepts it")),
            (seen, accepts) => parts.push(format!("{accepts} of {seen} accept it")),
        }
        if let Some((reason, _)) = self.reasons.first() {
            let of = if self.accepts == 0 { format!(" of {}", self.seen()) } else { String::new() };
            let others = if self.reasons.len() > 1 { ", among other reasons" } else { "" };
            parts.push(format!("{}{of} will not: {reason}{others}", self.refuses.len()));
        }
        if let Some((doubt, _)) = self.doubts.first() {
            let others = if self.doubts.len() > 1 { ", among other reasons" } else { "" };
            parts.push(format!("{} not known: {doubt}{others}", self.unknown.len()));
        }
        if self.ordered > 0 {
            parts.push(format!("{}{} ordered", self.ordered, if self.seen() > 0 { " more" } else { "" }));
        }
        parts.join("; ")
    }

    /// What to do about it, a sentence for each reason and doubt; nothing where all is well.
    pub fn next(&self) -> Vec<String> {
        let reasons = self.reasons.iter().map(|(reason, _)| reason.next());
        let doubts = self.doubts.iter().map(|(doubt, _)| doubt.next());
        let mut next: Vec<String> = reasons.chain(doubts).collect();
        if self.seen() == 0 {
            next.push(Doubt::NotCaptured.next());
        }
        let mut told: Vec<String> = Vec::new();
        for sentence in next {
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
        told
    }
}

impl Report {
    /// Laptops on the board.
    pub fn seen(&self) -> usize {
        self.models.iter().map(ModelReport::seen).sum()
    }

    pub fn accepts(&self) -> usize {
        self.models.iter().map(|model| model.accepts).sum()
    }

    pub fn refuses(&self) -> usize {
        self.models.iter().map(|model| model.refuses.len()).sum()
    }

    pub fn unknown(&self) -> usize {
        self.models.iter().map(|model| model.unknown.len()).sum()
    }

    /// Of no model that was ever captured here.
    fn never_seen(&self) -> usize {
        self.models.iter().filter(|model| model.seen() == 0).map(|model| model.ordered).sum()
    }

    /// One sentence or two, to be said when a medium is made.
    pub fn words(&self) -> String {
        let (seen, accepts, refuses, unknown) = (self.seen(), self.accepts(), self.refuses(), self.unknown());
        let mut words = match (seen, refuses) {
            (0, _) => "no laptop's firmware was read here yet".to_owned(),
            (1, 0) if accepts == 1 => "the one laptop seen here accepts it".to_owned(),
            (1, 0) => "of the one laptop seen here it is not known".to_owned(),
            (_, 0) if unknown == seen => format!("of all {} seen here it is not known", laptops(seen)),
            (_, 0) if accepts == seen => format!("all {} seen here accept it", laptops(seen)),
            (_, 0) => format!("{accepts} of {} seen here accept it, of {unknown} it is not known", laptops(seen)),
            _ => {
                let unknown = if unknown == 0 { String::new() } else { format!(", of {unknown} it is not known") };
                format!("{refuses} of {} seen here will REFUSE it{unknown}", laptops(seen))
            }
        };
        if let Some(model) = self.models.first()
            && let Some((reason, _)) = model.reasons.first()
        {
            words += &format!(" ({}: {reason})", model.model);
        } else if let Some(doubt) = self.models.iter().find_map(|model| model.doubts.first()) {
            words += &format!(" ({})", doubt.0);
        }
        match self.never_seen() {
            0 => {}
            1 => words += "; 1 that is ordered is of a model never seen here",
            many => words += &format!("; {many} that are ordered are of models never seen here"),
        }
        words
    }
}

fn laptops(count: usize) -> String {
    if count == 1 { "1 laptop".to_owned() } else { format!("{count} laptops") }
}

#[cfg(test)]
mod tests;
