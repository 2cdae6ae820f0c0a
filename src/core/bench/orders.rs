//! What the batches expect, and which laptop stands for which line.

use std::collections::{BTreeMap, HashMap};

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
    by_serial: HashMap<String, Vec<Place>>,
    by_key: HashMap<ProductKeyId, Vec<Place>>,
    /// Who carries a number that may stand on a list; the first of them stands for the line.
    carriers: HashMap<String, Vec<DeviceId>>,
    carriers_of_key: HashMap<ProductKeyId, Vec<DeviceId>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct List {
    customer: Option<String>,
    lines: Vec<Expected>,
}

fn fold(serial: &Serial) -> String {
    serial.as_str().to_ascii_uppercase()
}

impl Orders {
    /// Lines that stand on the list already are not listed twice.
    pub(super) fn add(&mut self, batch: String, customer: Option<String>, lines: Vec<Expected>) {
        let list = self.batches.entry(batch.clone()).or_default();
        if customer.is_some() {
            list.customer = customer;
        }
        for line in lines {
            let known = |places: Option<&Vec<Place>>| places.is_some_and(|all| all.iter().any(|(b, _)| *b == batch));
            let serial = line.serial.as_ref().map(fold);
            let listed = match (&serial, &line.product_key_id) {
                (Some(serial), _) => known(self.by_serial.get(serial)),
                (None, Some(key)) => known(self.by_key.get(key)),
                (None, None) => true,
            };
            if listed {
                continue;
            }
            let place = (batch.clone(), list.lines.len());
            if let Some(serial) = serial {
                self.by_serial.entry(serial).or_default().push(place.clone());
            }
            if let Some(key) = &line.product_key_id {
                self.by_key.entry(key.clone()).or_default().push(place);
            }
            list.lines.push(line);
        }
    }

    /// Notes the numbers a device carries.
    pub(super) fn place(&mut self, device: &Device) {
        fn note<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<DeviceId>>, key: K, id: DeviceId) {
            let ids = map.entry(key).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if let Some(serial) = device.identity.good_serial() {
            note(&mut self.carriers, fold(serial), device.id);
        }
        if let Some(key) = device.any_product_key_id() {
            note(&mut self.carriers_of_key, key.clone(), device.id);
        }
    }

    /// The device is off the board.
    pub(super) fn forget(&mut self, device: DeviceId) {
        let lists = self.carriers.values_mut().chain(self.carriers_of_key.values_mut());
        lists.for_each(|ids| ids.retain(|id| *id != device));
    }

    pub(super) fn has(&self, batch: &str) -> bool {
        self.batches.contains_key(batch)
    }

    pub(super) fn customer(&self, batch: &str) -> Option<&str> {
        self.batches.get(batch)?.customer.as_deref()
    }

    fn places(&self, serial: Option<&Serial>, key: Option<&ProductKeyId>) -> impl Iterator<Item = &Place> {
        let by_serial = serial.and_then(|serial| self.by_serial.get(&fold(serial)));
        let by_key = key.and_then(|key| self.by_key.get(key));
        by_serial.into_iter().chain(by_key).flatten()
    }

    /// What a label alone comes to: on the list of `batch`, of another one, or of none.
    pub(super) fn of_label(&self, batch: &str, serial: Option<&Serial>, key: Option<&ProductKeyId>) -> Match {
        let mut elsewhere = None;
        for (other, _) in self.places(serial, key) {
            if other == batch {
                return Match::Expected;
            }
            elsewhere.get_or_insert(other);
        }
        match elsewhere {
            Some(other) => self.elsewhere(batch, other),
            None if self.has(batch) => Match::NotExpected,
            None => Match::Unchecked,
        }
    }

    fn elsewhere(&self, batch: &str, other: &str) -> Match {
        let (own, theirs) = (self.customer(batch), self.customer(other));
        match theirs {
            Some(customer) if own.is_none_or(|own| !own.eq_ignore_ascii_case(customer)) => {
                Match::WrongCustomer { customer: customer.to_owned(), batch: other.to_owned() }
            }
            _ => Match::OtherBatch { batch: other.to_owned() },
        }
    }

    /// Label, machine and order, compared.
    pub(super) fn of_device(&self, device: &Device) -> Match {
        let (serial, key) = (device.identity.good_serial(), device.any_product_key_id());
        let label = device.label.as_ref();
        let disagrees = label.and_then(|label| {
            let wrong_serial = label.serial.as_ref().filter(|said| serial.is_some_and(|own| !scan::means(said, own)));
            let machine_key = device.identity.product_key_id.as_ref();
            let wrong_key = label.product_key_id.as_ref().filter(|said| machine_key.is_some_and(|own| own != *said));
            wrong_serial.map(ToString::to_string).or_else(|| wrong_key.map(ToString::to_string))
        });
        if let Some(label) = disagrees {
            return Match::WrongMachine { label };
        }
        match self.of_label(&device.batch, serial, key) {
            Match::Expected => match self.double(device, serial, key) {
                Some(other) => Match::Duplicate { other },
                None if label.is_some() => Match::Matched,
                None => Match::Expected,
            },
            Match::Unchecked if label.is_some() => Match::LabelAgrees,
            other => other,
        }
    }

    /// The device that stood for the same line before.
    fn double(&self, device: &Device, serial: Option<&Serial>, key: Option<&ProductKeyId>) -> Option<DeviceId> {
        let of_serial = serial.and_then(|serial| self.carriers.get(&fold(serial)));
        let of_key = key.and_then(|key| self.carriers_of_key.get(key));
        let first = of_serial.into_iter().chain(of_key).flatten().min()?;
        (*first < device.id).then_some(*first)
    }

    /// The list of a batch, line by line.
    pub(super) fn status(&self, batch: &str) -> Option<OrderStatus> {
        let list = self.batches.get(batch)?;
        let row = |line: &Expected| {
            let of_serial = line.serial.as_ref().and_then(|serial| self.carriers.get(&fold(serial)));
            let of_key = line.product_key_id.as_ref().and_then(|key| self.carriers_of_key.get(key));
            let device = of_serial.into_iter().chain(of_key).flatten().min().copied();
            let state = device.map_or(LineState::Missing, |device| LineState::Here { device });
            OrderRow { expected: line.clone(), state }
        };
        Some(OrderStatus { customer: list.customer.clone(), lines: list.lines.iter().map(row).collect() })
    }
}
