//! Customers and batches of this bench, and what may still change in them.

use std::collections::{BTreeMap, HashMap};

use super::Bench;
use crate::{
    batch::{Batch, BatchRow},
    customer::{Customer, CustomerRow},
    device::Device,
    problem::Problem,
    record::Record,
};

/// Fold of what was set.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Batches {
    /// By folded name.
    customers: BTreeMap<String, Customer>,
    batches: BTreeMap<String, Batch>,
    /// What the configuration said when it was last obeyed.
    configured: Option<Batch>,
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

impl Batches {
    pub(super) fn customer(&self, name: &str) -> Option<&Customer> {
        self.customers.get(&folded(name))
    }

    pub(super) fn batch(&self, name: &str) -> Option<&Batch> {
        self.batches.get(name)
    }

    pub(super) fn all_customers(&self) -> impl Iterator<Item = &Customer> {
        self.customers.values()
    }

    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.batches.keys().map(String::as_str).collect();
        if names.is_empty() { "none yet".to_owned() } else { names.join(", ") }
    }
}

/// What a change leads to: the records, and what to tell the person who asked.
pub type Changed = (Vec<Record>, String);

impl Bench {
    pub fn customer(&self, name: &str) -> Option<&Customer> {
        self.batches.customer(name)
    }

    pub fn batch_named(&self, name: &str) -> Option<&Batch> {
        self.batches.batch(name)
    }

    /// The open one, whole.
    pub fn open_batch(&self) -> Option<&Batch> {
        self.batches.batch(self.batch.as_deref()?)
    }

    /// Whose laptops the batch has: as it was set, else as its order list says.
    pub fn customer_of(&self, batch: &str) -> Option<&str> {
        let set = self.batches.batch(batch).and_then(|batch| batch.customer.as_deref());
        set.or_else(|| self.lists.customer(batch))
    }

    pub fn customers(&self) -> Vec<CustomerRow> {
        let counts = self.devices_by_batch();
        let row = |customer: &Customer| CustomerRow {
            customer: customer.clone(),
            batches: self.batches_of(&customer.name).map(|batch| batch.name.clone()).collect(),
            devices: self.batches_of(&customer.name).filter_map(|batch| counts.get(batch.name.as_str())).sum(),
        };
        self.batches.customers.values().map(row).collect()
    }

    pub fn batches(&self) -> Vec<BatchRow> {
        let counts = self.devices_by_batch();
        let row = |batch: &Batch| BatchRow {
            batch: batch.clone(),
            customer: self.customer_of(&batch.name).map(str::to_owned),
            open: self.batch.as_deref() == Some(&batch.name),
            devices: counts.get(batch.name.as_str()).copied().unwrap_or(0),
            expected: self.lists.expected(&batch.name),
        };
        self.batches.batches.values().map(row).collect()
    }

    /// What a front end gets to see of customers and batches: of another customer than the open batch's no count of
    /// laptops, and of a bench that is locked to one customer nothing of others.
    pub fn settings_at_work(&self, locked_to: Option<&str>) -> (Vec<CustomerRow>, Vec<BatchRow>) {
        let ours = |customer: Option<&str>| match (locked_to, customer) {
            (Some(own), Some(other)) => folded(own) == folded(other),
            _ => true,
        };
        let open = self.batch.as_deref().and_then(|open| self.customer_of(open)).map(folded);
        let (mut customers, mut batches) = (self.customers(), self.batches());
        customers.retain(|row| ours(Some(&row.customer.name)));
        batches.retain(|row| ours(row.customer.as_deref()));
        for row in &mut customers {
            let at_work = open.as_ref().is_none_or(|open| *open == folded(&row.customer.name));
            row.devices = if at_work { row.devices } else { 0 };
        }
        for row in &mut batches {
            if !self.same_customer(&row.batch.name) {
                (row.devices, row.expected) = (0, 0);
            }
        }
        (customers, batches)
    }

    fn devices_by_batch(&self) -> HashMap<&str, usize> {
        let mut counts = HashMap::new();
        for device in self.present() {
            *counts.entry(device.batch.as_str()).or_default() += 1;
        }
        counts
    }

    fn batches_of(&self, customer: &str) -> impl Iterator<Item = &Batch> {
        let customer = folded(customer);
        let of = move |batch: &&Batch| batch.customer.as_deref().is_some_and(|own| folded(own) == customer);
        self.batches.batches.values().filter(of)
    }

    /// Laptops of one customer are never shown while another's batch is open. A batch of nobody's is everybody's.
    pub fn at_work(&self, device: &Device) -> bool {
        self.same_customer(&device.batch)
    }

    /// Whether a batch is of the customer whose batch is open.
    pub fn same_customer(&self, batch: &str) -> bool {
        let open = self.batch.as_deref().and_then(|open| self.customer_of(open));
        match (open, self.customer_of(batch)) {
            (Some(open), Some(other)) => folded(open) == folded(other),
            _ => true,
        }
    }

    fn devices_in(&self, batch: &str) -> usize {
        self.present().filter(|device| device.batch == batch).count()
    }

    /// A person sets a customer: a new one, or another state of one that is there.
    ///
    /// # Errors
    /// A value cannot be used, a batch of it would be wrong then, or it is locked and there is no reason.
    pub fn decide_customer(&self, customer: Customer, reason: Option<String>) -> Result<Changed, Problem> {
        let customer = customer.checked()?;
        let doubts: String = customer.doubts().iter().map(|doubt| format!("\n{doubt}")).collect();
        let Some(known) = self.batches.customer(&customer.name) else {
            let done = format!("{} is a customer of this bench now.{doubts}", customer.name);
            return Ok((vec![Record::CustomerSet { customer: Box::new(customer), reason }], done));
        };
        // The name as it was written first: files, labels and lists have it already.
        let customer = Customer { name: known.name.clone(), ..customer };
        let changes = known.changes(&customer);
        if changes.is_empty() {
            return Ok((vec![], format!("{} is like that already.{doubts}", known.name)));
        }
        for batch in self.batches_of(&customer.name) {
            batch.clone().checked(Some(&customer)).map_err(|problem| {
                Problem::new(
                    "The customer was not changed.",
                    format!("Batch '{}' would be wrong then: {} {}", batch.name, problem.what, problem.why),
                    "Change the batch first (whiteglove batch set FILE).",
                )
            })?;
        }
        let devices: usize = self.batches_of(&customer.name).map(|batch| self.devices_in(&batch.name)).sum();
        let reason = amendment(&format!("Customer {}", known.name), devices, &changes, reason)?;
        let done = format!("{} was changed: {}.{doubts}", known.name, changes.join("; "));
        Ok((vec![Record::CustomerSet { customer: Box::new(customer), reason }], done))
    }

    /// A person sets a batch: a new one, or another state of one that is there.
    ///
    /// # Errors
    /// Its customer is not known, a value cannot be used, or it is locked and there is no reason.
    pub fn decide_batch(&self, batch: Batch, reason: Option<String>) -> Result<Changed, Problem> {
        let customer = batch.customer.as_deref().map(|name| self.known_customer(name)).transpose()?;
        let mut batch = batch.checked(customer)?;
        batch.customer = customer.map(|customer| customer.name.clone());
        let Some(known) = self.batches.batch(&batch.name) else {
            let done = format!(
                "Batch '{0}' is there. It is opened on the board (b), or: whiteglove batch open '{0}'",
                batch.name
            );
            return Ok((vec![Record::BatchSet { batch: Box::new(batch), reason }], done));
        };
        let changes = known.changes(&batch);
        if changes.is_empty() {
            return Ok((vec![], format!("Batch '{}' is like that already.", known.name)));
        }
        let devices = self.devices_in(&batch.name);
        if devices > 0 && known.customer.is_some() && known.customer != batch.customer {
            return Err(Problem::new(
                format!("Batch '{}' stays {}'s.", known.name, known.customer.as_deref().unwrap_or_default()),
                format!("{} in it were captured for that customer.", laptops(devices)),
                "Make another batch for the other customer; laptops move when they are captured there.",
            ));
        }
        let reason = amendment(&format!("Batch '{}'", batch.name), devices, &changes, reason)?;
        let done = format!("Batch '{}' was changed: {}.", batch.name, changes.join("; "));
        Ok((vec![Record::BatchSet { batch: Box::new(batch), reason }], done))
    }

    /// A person opens a batch: captures belong to it from here on.
    ///
    /// # Errors
    /// There is no such batch.
    pub fn decide_open(&self, name: &str) -> Result<Changed, Problem> {
        let Some(batch) = self.batches.batch(name.trim()) else {
            return Err(Problem::new(
                format!("Batch '{}' was not opened.", name.trim()),
                format!("There is no such batch. There are: {}.", self.batches.names()),
                "Check the name, or make it first: whiteglove batch set FILE.",
            ));
        };
        if self.batch.as_deref() == Some(&batch.name) {
            return Ok((vec![], format!("Batch '{}' is open already.", batch.name)));
        }
        let done = format!(
            "Batch '{}' is open. Sticks of another batch are not taken any more: build one for this batch.",
            batch.name
        );
        Ok((vec![opened(batch, true)], done))
    }

    /// What the configuration asks for. It is obeyed when it changed; what a person opened since counts otherwise.
    pub fn decide_configured(&self, batch: &Batch) -> Option<Record> {
        let as_before = self.batches.configured.as_ref() == Some(batch);
        (!as_before || self.batch.is_none()).then(|| opened(batch, false))
    }

    fn known_customer(&self, name: &str) -> Result<&Customer, Problem> {
        self.batches.customer(name).ok_or_else(|| {
            let known: Vec<_> = self.batches.customers.values().map(|customer| customer.name.as_str()).collect();
            let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
            Problem::new(
                "The batch was not taken.",
                format!("There is no customer '{}'. There are: {known}.", name.trim()),
                "Check the name, or set the customer first: on the board b, then c, or whiteglove customer set FILE.",
            )
        })
    }

    pub(super) fn fold_customer(&mut self, customer: Customer) {
        self.batches.customers.insert(folded(&customer.name), customer);
    }

    pub(super) fn fold_batch(&mut self, batch: Batch) {
        if let Some(customer) = &batch.customer {
            self.lists.belongs(&batch.name, customer);
        }
        let open = self.batch.as_deref() == Some(&batch.name);
        if open {
            (self.policy, self.program) = (batch.identity, batch.boot);
        }
        self.batches.batches.insert(batch.name.clone(), batch);
        // Who stands for which order may have changed with the customer.
        self.refresh_all();
    }

    /// The batch that captures belong to from here on.
    pub(super) fn fold_opened(&mut self, opened: Batch, asked: bool) {
        if !asked {
            self.batches.configured = Some(opened.clone());
        }
        let Batch { name, identity, boot, .. } = opened;
        let another = self.policy != identity || self.program != boot;
        let batch = self.batches.batches.entry(name.clone()).or_insert_with(|| Batch::named(&name));
        (batch.identity, batch.boot) = (identity, boot);
        // Each batch has media of its own.
        self.with_media_changed(|bench| bench.batch = Some(name));
        (self.policy, self.program) = (identity, boot);
        if another {
            self.refresh_all();
        }
    }
}

fn opened(batch: &Batch, asked: bool) -> Record {
    Record::BatchOpened { batch: batch.name.clone(), policy: batch.identity, boot: batch.boot, asked }
}

fn laptops(count: usize) -> String {
    if count == 1 { "1 laptop".to_owned() } else { format!("{count} laptops") }
}

/// What has laptops in it changes for a reason only.
fn amendment(
    what: &str,
    devices: usize,
    changes: &[String],
    reason: Option<String>,
) -> Result<Option<String>, Problem> {
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if devices == 0 || reason.is_some() {
        return Ok(reason);
    }
    Err(Problem::new(
        format!("{what} is locked: {} in it.", if devices == 1 { "1 laptop is" } else { "laptops are" }),
        format!("{} would be affected by: {}.", laptops(devices), changes.join("; ")),
        "If that is meant, say why: in the form, or as --reason WHY of the command. The journal keeps it.",
    ))
}
