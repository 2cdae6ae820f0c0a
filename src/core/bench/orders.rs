//! What the batches expect, and which laptop stands for which line.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
};

use crate::{
    device::{Device, DeviceId},
    identity::Serial,
    msdm::ProductKeyId,
    order::{Expected, LineState, Match, OrderRow, OrderStatus},
    scan,
};

/// A line of a batch's list.
type Place = (String, usize);

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Orders {
    batches: BTreeMap<String, List>,
    /// Customers that batches were set for: before what lists say.
    owners: BTreeMap<String, String>,
    by_serial: HashMap<String, BTreeSet<Place>>,
    by_key: HashMap<ProductKeyId, BTreeSet<Place>>,
    /// Who carries a number, whether it stands on a list or not: a list may come later.
    carriers: HashMap<String, BTreeSet<DeviceId>>,
    carriers_of_key: HashMap<ProductKeyId, BTreeSet<DeviceId>>,
    carried: HashMap<DeviceId, Carried>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct List {
    customer: Option<String>,
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub expected: Expected,
    /// Of `expected`; read once, for every screen asks who stands for it.
    numbers: Numbers,
}

impl From<Expected> for Line {
    fn from(expected: Expected) -> Self {
        let numbers = Numbers::written(expected.serial.as_ref(), expected.product_key_id.as_ref());
        Self { expected, numbers }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Carried {
    numbers: Numbers,
    batch: String,
    spoken: bool,
    here: bool,
}

/// What a label, a line or a machine says, so that equal things are equal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Numbers {
    /// More than one where a maker's prefix may or may not belong to the number; the likeliest first.
    serials: Vec<String>,
    key: Option<ProductKeyId>,
}

impl Numbers {
    /// As it stands on paper.
    pub(super) fn written(serial: Option<&Serial>, key: Option<&ProductKeyId>) -> Self {
        let readings = serial.map(scan::readings).unwrap_or_default();
        let mut serials: Vec<String> = readings.iter().map(squash).collect();
        // Some makers count in thirteen digits, like a product key id.
        serials.extend(key.filter(|_| serial.is_none()).map(|key| key.as_str().to_owned()));
        Self { serials, key: key.cloned() }
    }

    /// As firmware has it: without a prefix to take off.
    pub(super) fn exact(serial: &Serial) -> Self {
        Self { serials: vec![squash(serial)], key: None }
    }

    fn of_device(device: &Device) -> Self {
        let key = device.any_product_key_id();
        match device.identity.good_serial() {
            Some(own) => Self { key: key.cloned(), ..Self::exact(own) },
            None => Self::written(device.any_serial(), key),
        }
    }
}

fn squash(serial: &Serial) -> String {
    serial.as_str().chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect()
}

impl Orders {
    /// A line that stands on the list already is completed, not listed twice.
    pub(super) fn add(&mut self, batch: &str, customer: Option<String>, lines: Vec<Expected>) {
        let list = self.batches.entry(batch.to_owned()).or_default();
        if customer.is_some() {
            list.customer = customer;
        }
        for line in lines.into_iter().map(Line::from) {
            // Looked up anew: indexing needs the whole of `self`.
            let list = self.batches.entry(batch.to_owned()).or_default();
            let numbers = &line.numbers;
            if *numbers == Numbers::default() {
                continue;
            }
            let own = |places: Option<&BTreeSet<Place>>| {
                places.into_iter().flatten().find(|(listed, _)| *listed == batch).map(|(_, index)| *index)
            };
            let by_serial = numbers.serials.iter().find_map(|serial| own(self.by_serial.get(serial)));
            let by_key = || own(self.by_key.get(numbers.key.as_ref()?));
            let known = by_serial.or_else(|| {
                let index = by_key()?;
                // The same product key id beside another serial number is another line.
                let other = line.expected.serial.is_some() && list.lines.get(index)?.expected.serial.is_some();
                (!other).then_some(index)
            });
            let index = known.unwrap_or(list.lines.len());
            let place = (batch.to_owned(), index);
            match list.lines.get_mut(index) {
                Some(listed) => {
                    let mut completed = listed.expected.clone();
                    complete(&mut completed, line.expected);
                    let completed = Line::from(completed);
                    let (before, now) = (std::mem::replace(listed, completed.clone()).numbers, completed.numbers);
                    before.serials.iter().for_each(|serial| drop_from(&mut self.by_serial, serial, &place));
                    before.key.iter().for_each(|key| drop_from(&mut self.by_key, key, &place));
                    self.list(now, &place);
                }
                None => {
                    let numbers = numbers.clone();
                    list.lines.push(line);
                    self.list(numbers, &place);
                }
            }
        }
    }

    fn list(&mut self, numbers: Numbers, place: &Place) {
        for serial in numbers.serials {
            self.by_serial.entry(serial).or_default().insert(place.clone());
        }
        if let Some(key) = numbers.key {
            self.by_key.entry(key).or_default().insert(place.clone());
        }
    }

    /// Notes the numbers a device carries now. Returns the others that carry one of them, or one of those
    /// it carried before: which of them stands for a line may have changed.
    pub(super) fn place(&mut self, device: &Device) -> BTreeSet<DeviceId> {
        let mut others = BTreeSet::new();
        let now = (!device.is_replaced()).then(|| Carried {
            numbers: Numbers::of_device(device),
            batch: device.batch.clone(),
            spoken: device.has_spoken(),
            here: device.is_here(),
        });
        if self.carried.get(&device.id) == now.as_ref() {
            return others;
        }
        if let Some(before) = self.carried.remove(&device.id) {
            others.extend(self.sharing(&before));
            for serial in &before.numbers.serials {
                drop_from(&mut self.carriers, serial, &device.id);
            }
            if let Some(key) = &before.numbers.key {
                drop_from(&mut self.carriers_of_key, key, &device.id);
            }
        }
        if let Some(now) = now {
            for serial in &now.numbers.serials {
                self.carriers.entry(serial.clone()).or_default().insert(device.id);
            }
            if let Some(key) = &now.numbers.key {
                self.carriers_of_key.entry(key.clone()).or_default().insert(device.id);
            }
            others.extend(self.sharing(&now));
            self.carried.insert(device.id, now);
        }
        others.remove(&device.id);
        others
    }

    /// Who carries one of its numbers, or stands for one of its lines.
    fn sharing(&self, carried: &Carried) -> BTreeSet<DeviceId> {
        let lines = self.lines_of(&carried.batch, &carried.numbers);
        let on_lines = lines.iter().flat_map(|line| self.standing_for(&carried.batch, line));
        self.carriers_of(&carried.numbers).copied().chain(on_lines).collect()
    }

    /// Who carries one of these numbers, in any batch.
    fn carriers_of(&self, numbers: &Numbers) -> impl Iterator<Item = &DeviceId> {
        let by_serial = numbers.serials.iter().filter_map(|serial| self.carriers.get(serial));
        let by_key = numbers.key.as_ref().and_then(|key| self.carriers_of_key.get(key));
        by_serial.chain(by_key).flatten()
    }

    /// Who goes by this number: by the likeliest reading of it that anybody goes by.
    pub(super) fn called(&self, numbers: &Numbers) -> Vec<DeviceId> {
        let by_serial = numbers.serials.iter().filter_map(|serial| self.carriers.get(serial));
        let by_key = numbers.key.as_ref().and_then(|key| self.carriers_of_key.get(key));
        by_serial.chain(by_key).next().into_iter().flatten().copied().collect()
    }

    /// Lines of a batch's list.
    pub(super) fn expected(&self, batch: &str) -> usize {
        self.batches.get(batch).map_or(0, |list| list.lines.len())
    }

    /// The batch was set for this customer; a list that names nobody is for it as well.
    pub(super) fn belongs(&mut self, batch: &str, customer: &str) {
        self.owners.insert(batch.to_owned(), customer.to_owned());
    }

    pub(super) fn customer(&self, batch: &str) -> Option<&str> {
        let owner = self.owners.get(batch).map(String::as_str);
        owner.or_else(|| self.batches.get(batch)?.customer.as_deref())
    }

    fn places(&self, numbers: &Numbers) -> impl Iterator<Item = &Place> {
        let by_serial = numbers.serials.iter().filter_map(|serial| self.by_serial.get(serial));
        let by_key = numbers.key.as_ref().and_then(|key| self.by_key.get(key));
        by_serial.chain(by_key).flatten()
    }

    /// The lines of a batch's list that these numbers stand on.
    pub(super) fn lines_of(&self, batch: &str, numbers: &Numbers) -> Vec<&Line> {
        let Some(list) = self.batches.get(batch) else { return vec![] };
        let indexes: BTreeSet<_> =
            self.places(numbers).filter(|(listed, _)| listed == batch).map(|(_, index)| *index).collect();
        indexes.into_iter().filter_map(|index| list.lines.get(index)).collect()
    }

    /// Devices of the batch that carry a number of this line, those that spoke themselves first.
    pub(super) fn standing_for(&self, batch: &str, line: &Line) -> Vec<DeviceId> {
        let mut devices: Vec<_> = self.standing(batch, line).collect();
        devices.sort_unstable_by_key(|(id, carried)| (!carried.spoken, *id));
        devices.dedup_by_key(|(id, _)| *id);
        devices.into_iter().map(|(id, _)| id).collect()
    }

    /// The same in no order, and some of them twice.
    fn standing(&self, batch: &str, line: &Line) -> impl Iterator<Item = (DeviceId, &Carried)> {
        let carriers = self.carriers_of(&line.numbers).filter_map(|id| Some((*id, self.carried.get(id)?)));
        carriers.filter(move |(_, carried)| carried.batch == batch)
    }

    /// What these numbers alone come to: on the list of `batch`, of another one, or of none.
    pub(super) fn of_numbers(&self, batch: &str, numbers: &Numbers) -> Match {
        let mut elsewhere: Vec<&str> = Vec::new();
        for (other, _) in self.places(numbers) {
            if other == batch {
                return Match::Expected;
            }
            elsewhere.push(other);
        }
        let listed = elsewhere.iter().map(|other| self.elsewhere(batch, other));
        // Whoever has it on any list of the same customer may have it here.
        let stop = |matching: &Match| matches!(matching, Match::WrongCustomer { .. });
        match listed.min_by_key(stop) {
            Some(matching) => matching,
            None if self.batches.contains_key(batch) => Match::NotExpected,
            None => Match::Unchecked,
        }
    }

    fn elsewhere(&self, batch: &str, other: &str) -> Match {
        let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
        match self.customer(other) {
            Some(customer) if self.customer(batch).is_none_or(|own| !same(own, customer)) => {
                Match::WrongCustomer { customer: customer.to_owned(), batch: other.to_owned() }
            }
            _ => Match::OtherBatch { batch: other.to_owned() },
        }
    }

    /// Label, machine and order, compared. The full stop comes before everything else.
    pub(super) fn of_device(&self, device: &Device) -> Match {
        self.of_device_beside(device, &[])
    }

    /// The same, once these turned out to be papers of this very device.
    pub(super) fn of_device_beside(&self, device: &Device, papers: &[DeviceId]) -> Match {
        if device.is_replaced() {
            return Match::Unchecked;
        }
        let numbers = Numbers::of_device(device);
        let listed = self.of_numbers(&device.batch, &numbers);
        if matches!(listed, Match::WrongCustomer { .. }) {
            return listed;
        }
        if let Some(label) = device.wrong_label() {
            return Match::WrongMachine { label };
        }
        match listed {
            Match::Expected => match self.double(device, &numbers, papers) {
                Some(other) => Match::Duplicate { other },
                None if device.label_agrees() => Match::Matched,
                None => Match::Expected,
            },
            Match::Unchecked if device.label_agrees() => Match::LabelAgrees,
            other => other,
        }
    }

    /// The device that stood for the same line before. A label alone is no second laptop.
    fn double(&self, device: &Device, numbers: &Numbers, papers: &[DeviceId]) -> Option<DeviceId> {
        if !device.has_spoken() {
            return None;
        }
        let lines = self.lines_of(&device.batch, numbers);
        let rivals = lines.into_iter().flat_map(|line| self.standing(&device.batch, line));
        let earlier = rivals.filter(|(id, carried)| *id < device.id && carried.spoken && !papers.contains(id));
        earlier.map(|(id, _)| id).min()
    }

    /// The list of a batch, line by line.
    pub(super) fn status(&self, batch: &str) -> Option<OrderStatus> {
        let list = self.batches.get(batch)?;
        let row = |line: &Line| {
            let here = self.standing(batch, line).filter(|(_, carried)| carried.here);
            let device = here.min_by_key(|(id, carried)| (!carried.spoken, *id));
            let state = device.map_or(LineState::Missing, |(device, _)| LineState::Here { device });
            OrderRow { expected: line.expected.clone(), state }
        };
        Some(OrderStatus { customer: list.customer.clone(), lines: list.lines.iter().map(row).collect() })
    }
}

fn drop_from<K: Hash + Eq, V: Ord>(map: &mut HashMap<K, BTreeSet<V>>, key: &K, value: &V) {
    if let Some(values) = map.get_mut(key) {
        values.remove(value);
        if values.is_empty() {
            map.remove(key);
        }
    }
}

/// What the newer list says of the same laptop counts.
fn complete(listed: &mut Expected, line: Expected) {
    listed.serial = listed.serial.take().or(line.serial);
    listed.product_key_id = line.product_key_id.or(listed.product_key_id.take());
    for (text, new) in [
        (&mut listed.manufacturer, line.manufacturer),
        (&mut listed.model, line.model),
        (&mut listed.asset_tag, line.asset_tag),
    ] {
        if !new.is_empty() {
            *text = new;
        }
    }
}
