//! The acceptance test of each model: what comparisons with Windows' own hash say of the hash we make.

use std::collections::{BTreeMap, HashMap};

use crate::{
    batch::{ModelName, ModelTrust},
    device::{Device, DeviceId},
    hwhash::{Critical, Verdict},
};

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Trials {
    models: BTreeMap<ModelName, Trial>,
    of: HashMap<DeviceId, ModelName>,
}

/// Counted, not looked through: a model may have thousands of units, and each new one asks.
#[derive(Debug, Clone, Default, PartialEq)]
struct Trial {
    units: HashMap<DeviceId, Verdict>,
    accepted: usize,
    differing: BTreeMap<Critical, usize>,
}

/// What this unit says of its model. A simulated laptop says nothing, and a board that was taken out neither.
pub(super) fn result(device: &Device) -> Option<(ModelName, Verdict)> {
    let comparison = device.comparison().filter(|_| !device.simulated && !device.is_replaced())?;
    Some((device.model_name(), comparison.verdict))
}

impl Trials {
    /// What the newest comparison of a unit says; `None` if it cannot be compared (any more).
    /// Returns the models whose verdict is another one now.
    pub(super) fn set(&mut self, unit: DeviceId, result: Option<(ModelName, Verdict)>) -> Vec<ModelName> {
        let result = result.filter(|(_, verdict)| *verdict != Verdict::OtherMachine);
        let mut touched: Vec<ModelName> = self.of.get(&unit).cloned().into_iter().collect();
        touched.extend(result.as_ref().map(|(model, _)| model.clone()));
        touched.dedup();
        let before: Vec<ModelTrust> = touched.iter().map(|model| self.trust(model)).collect();
        self.forget(unit);
        if let Some((model, verdict)) = result {
            self.of.insert(unit, model.clone());
            self.models.entry(model).or_default().insert(unit, verdict);
        }
        let changed = touched.into_iter().zip(before).filter(|(model, before)| !alike(&self.trust(model), before));
        changed.map(|(model, _)| model).collect()
    }

    fn forget(&mut self, unit: DeviceId) {
        let Some(model) = self.of.remove(&unit) else { return };
        if let Some(trial) = self.models.get_mut(&model) {
            trial.remove(unit);
            if trial.units.is_empty() {
                self.models.remove(&model);
            }
        }
    }

    pub(super) fn trust(&self, model: &ModelName) -> ModelTrust {
        self.models.get(model).map_or(ModelTrust::Untested, Trial::trust)
    }

    /// As it will be with what this device says of itself.
    pub(super) fn trust_with(&self, device: &Device) -> ModelTrust {
        let model = device.model_name();
        let mut trial = self.models.get(&model).cloned().unwrap_or_default();
        trial.remove(device.id);
        if let Some((_, verdict)) = result(device) {
            trial.insert(device.id, verdict);
        }
        trial.trust()
    }

    pub(super) fn models(&self) -> impl Iterator<Item = (&ModelName, ModelTrust)> {
        self.models.iter().map(|(model, trial)| (model, trial.trust()))
    }
}

/// Whether a row says the same of both: the number of units is for the list of models.
fn alike(one: &ModelTrust, other: &ModelTrust) -> bool {
    match (one, other) {
        (ModelTrust::Accepted { .. }, ModelTrust::Accepted { .. }) => true,
        (one, other) => one == other,
    }
}

impl Trial {
    fn insert(&mut self, unit: DeviceId, verdict: Verdict) {
        match &verdict {
            Verdict::Accepted => self.accepted += 1,
            Verdict::Differs(fields) => {
                fields.iter().for_each(|field| *self.differing.entry(*field).or_default() += 1);
            }
            Verdict::OtherMachine => {}
        }
        self.units.insert(unit, verdict);
    }

    fn remove(&mut self, unit: DeviceId) {
        match self.units.remove(&unit) {
            Some(Verdict::Accepted) => self.accepted -= 1,
            Some(Verdict::Differs(fields)) => {
                for field in fields {
                    if let Some(count) = self.differing.get_mut(&field) {
                        *count -= 1;
                    }
                }
                self.differing.retain(|_, count| *count > 0);
            }
            Some(Verdict::OtherMachine) | None => {}
        }
    }

    fn trust(&self) -> ModelTrust {
        match (self.differing.is_empty(), self.accepted) {
            (false, _) => ModelTrust::Differs { fields: self.differing.keys().copied().collect() },
            (true, 0) => ModelTrust::Untested,
            (true, units) => ModelTrust::Accepted { units },
        }
    }
}
