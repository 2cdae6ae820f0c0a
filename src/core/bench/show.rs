//! What screens see of the bench.

use super::Bench;
use crate::{
    batch::{ModelName, ModelTrust},
    control::{Row, Sheet, StageName},
    device::{Device, DeviceId, Stage},
    netboot,
    order::{Match, OrderStatus},
    readiness::{self, Around, Readiness, Severity},
};

impl Bench {
    /// One device with everything the bench makes of it. None for another customer's.
    pub fn sheet(&self, id: DeviceId) -> Option<Sheet> {
        let device = self.devices.get(&id).filter(|device| self.at_work(device))?;
        let (matching, trust) = (self.lists.of_device(device), self.trust(&device.model_name()));
        let readiness = self.readiness(device, &matching, &trust);
        let comparison = device.comparison();
        Some(Sheet {
            device: device.clone(),
            readiness,
            matching,
            trust,
            policy: self.policy,
            gate: self.gate(id),
            dossier: self.dossier(id).cloned(),
            comparison,
            network: None,
        })
    }

    /// What comparisons say of the hash we make for a model.
    pub fn trust(&self, model: &ModelName) -> ModelTrust {
        self.trials.trust(model)
    }

    /// Models that were compared with Windows' own hash.
    pub fn models(&self) -> impl Iterator<Item = (&ModelName, ModelTrust)> {
        self.trials.models()
    }

    /// The order list of the open batch.
    pub fn order_status(&self) -> Option<OrderStatus> {
        self.lists.status(self.batch.as_deref()?)
    }

    pub(super) fn readiness(&self, device: &Device, matching: &Match, trust: &ModelTrust) -> Readiness {
        readiness::assess(
            device,
            &Around { policy: self.policy, trust, matching, medium: self.medium_at_work().map(|(_, medium)| medium) },
        )
    }

    pub(super) fn refresh(&mut self, id: DeviceId) {
        if let Some(row) = self.devices.get(&id).map(|device| self.row(device)) {
            self.rows.insert(id, row);
        }
    }

    pub(super) fn refresh_all(&mut self) {
        self.rows = self.devices.values().map(|device| (device.id, self.row(device))).collect();
    }

    /// Those whose order says something else than before.
    pub(super) fn refresh_matches(&mut self) {
        let changed =
            |device: &&Device| self.rows.get(&device.id).is_none_or(|row| row.matching != self.lists.of_device(device));
        let stale: Vec<_> = self.devices.values().filter(changed).map(|device| device.id).collect();
        stale.into_iter().for_each(|id| self.refresh(id));
    }

    pub(super) fn refresh_model(&mut self, model: &ModelName) {
        let stale: Vec<_> = self.models.iter().filter(|(_, each)| *each == model).map(|(id, _)| *id).collect();
        stale.into_iter().for_each(|id| self.refresh(id));
    }

    fn row(&self, device: &Device) -> Row {
        let trust = self.models.get(&device.id).map(|model| self.trust(model)).unwrap_or_default();
        let matching = self.lists.of_device(device);
        let readiness = self.readiness(device, &matching, &trust);
        // Of a number that lives on as another, nothing is left to do.
        let first = readiness.checks.first().filter(|_| !device.is_replaced());
        let attention = match &device.stage {
            Stage::Held { reason, .. } => Some(reason.brief()),
            Stage::Replaced { by, .. } => Some(format!("lives on as #{}", by.0)),
            _ => first.filter(|check| check.severity > Severity::Note).map(|check| check.problem.what.clone()),
        };
        Row {
            device: device.id,
            stage: device.stage.name(),
            serial: device
                .any_serial()
                .or(device.identity.serial.as_ref())
                .map_or_else(String::new, ToString::to_string),
            model: match device.identity.model.is_empty() {
                true => device.identity.manufacturer.clone(),
                false => device.identity.model.clone(),
            },
            signal: device.signal,
            last: device.last,
            arrived: device.arrived,
            simulated: device.simulated,
            worst: first.map(|check| check.severity),
            verdict: readiness.verdict,
            matching,
            attention,
            boot: netboot::decide(Some(device), self.program),
            registration: self.registration_words(device),
            refused: self.was_refused(device.id),
        }
    }
}

/// How many devices are in each stage, in the order of the lifecycle.
pub fn count_stages(rows: &[Row]) -> [(StageName, usize); 5] {
    [StageName::Arrived, StageName::Captured, StageName::Registered, StageName::Cleared, StageName::Held]
        .map(|stage| (stage, rows.iter().filter(|row| row.stage == stage).count()))
}
