//! What follows of what became known: who is registered by itself, who is safe to boot, and who is not any more.

use std::collections::BTreeSet;

use super::Bench;
use crate::{
    batch::{ModelName, Register},
    customer::Way,
    device::{Device, DeviceId, Stage},
    order::Match,
    problem::Problem,
    record::Record,
    registration::{
        Act, Amendment, AttemptId, Condition, Facts, Gate, ImportState, Met, Progress, Wanted, expected_tag, gate,
    },
};

impl Bench {
    /// Whether a laptop is safe to boot, condition by condition. `None`: it is nobody's.
    pub fn gate(&self, id: DeviceId) -> Option<Gate> {
        let device = self.devices.get(&id)?;
        let batch = self.batch_named(&device.batch)?;
        let customer = self.customer_of(&device.batch).and_then(|name| self.customer(name))?;
        let none = Default::default();
        let dossier = self.dossier(id).filter(|dossier| dossier.customer.eq_ignore_ascii_case(&customer.name));
        let no_name = ModelName { manufacturer: String::new(), product: String::new() };
        Some(gate(&Facts {
            device,
            model: self.models.get(&id).unwrap_or(&no_name),
            batch,
            customer,
            dossier: dossier.unwrap_or(&none),
            network: self.network_test(),
            against: self.stands_against(device),
        }))
    }

    /// Whose gate may stand otherwise after this record.
    pub fn touched(&self, record: &Record) -> Vec<DeviceId> {
        match record {
            Record::CaptureTaken { device: Some(device), .. }
            | Record::EntryTaken { device: Some(device), .. }
            | Record::DeviceHeld { device, .. }
            | Record::DeviceReleased { device }
            | Record::LabelScanned { device, .. }
            | Record::ProbeSaid { device, .. }
            | Record::BoardReplaced { device, .. }
            | Record::DeviceJoined { into: device, .. }
            | Record::ConditionOverridden { device, .. } => vec![*device],
            // It got the newest number.
            Record::CaptureTaken { device: None, .. } | Record::EntryTaken { device: None, .. } => {
                self.devices.keys().next_back().copied().into_iter().collect()
            }
            Record::SendingEnded { taken: _, refused, .. } => refused.iter().map(|(id, _)| *id).collect(),
            Record::ImportsSaid { said } => said.iter().map(|(id, _)| *id).collect(),
            Record::RegistrationsSeen { seen } => seen.iter().map(|(id, _)| *id).collect(),
            Record::NetworkTested { .. } => self.every_registered().collect(),
            Record::CustomerSet { .. } => self.every_registered().collect(),
            Record::BatchSet { batch, .. } => self.in_batch(&batch.name),
            Record::OrderListed { batch, .. } => self.in_batch(batch),
            _ => vec![],
        }
    }

    fn in_batch(&self, batch: &str) -> Vec<DeviceId> {
        self.devices.values().filter(|device| device.batch == batch).map(|device| device.id).collect()
    }

    /// The records that follow for these.
    pub fn decide_follow_ups(&self, touched: &BTreeSet<DeviceId>) -> Vec<Record> {
        let mut records = vec![];
        let mut asked = vec![];
        let mut complete = vec![];
        for device in touched.iter().filter_map(|id| self.devices.get(id)) {
            let progress = self.dossier(device.id).map(|dossier| &dossier.progress);
            match (&device.stage, progress) {
                (Stage::Captured { .. }, None | Some(Progress::Unasked)) if self.registers_itself(device) => {
                    asked.push(device.id);
                }
                // It was registered in another batch of the same customer.
                (Stage::Arrived { .. } | Stage::Captured { .. }, Some(Progress::Complete { registration, .. }))
                    if self.is_still_theirs(device) =>
                {
                    complete.push((device.id, ImportState::Complete { registration: registration.clone() }));
                }
                _ => records.extend(self.gate_moves(device)),
            }
        }
        if !complete.is_empty() {
            records.push(Record::ImportsSaid { said: complete });
        }
        if !asked.is_empty() {
            records.push(Record::RegistrationAsked { devices: asked, by: None });
        }
        records
    }

    fn gate_moves(&self, device: &Device) -> Option<Record> {
        let cleared = match device.stage.below_holds() {
            Stage::Registered { .. } => false,
            Stage::Cleared { .. } => true,
            _ => return None,
        };
        let gate = self.gate(device.id);
        let open = gate.as_ref().is_some_and(Gate::is_open);
        match (cleared, open) {
            (false, true) => gate.map(|gate| Record::DeviceCleared { device: device.id, gate }),
            (true, false) => {
                let why = gate.and_then(|gate| Some(gate.first()?.says.clone()));
                let why = why.unwrap_or_else(|| "it is in no customer's batch".to_owned());
                Some(Record::DeviceUncleared { device: device.id, why })
            }
            _ => None,
        }
    }

    /// It is in the tenant of the customer whose batch it is in.
    fn is_still_theirs(&self, device: &Device) -> bool {
        let customer = self.customer_of(&device.batch);
        let dossier = self.dossier(device.id);
        dossier.is_some_and(|dossier| customer.is_some_and(|name| name.eq_ignore_ascii_case(&dossier.customer)))
    }

    fn registers_itself(&self, device: &Device) -> bool {
        let expected = matches!(self.lists.of_device(device), Match::Expected | Match::Matched);
        let wants = self.batch_named(&device.batch).is_some_and(|batch| batch.register == Register::Expected);
        wants && expected && self.online_customer(device).is_ok() && self.stands_against(device).is_none()
    }

    /// Whose tenant it goes into, by the bench itself.
    fn online_customer(&self, device: &Device) -> Result<String, Problem> {
        let refused = |why: String, next: &str| {
            Err(Problem::new(format!("Device #{} was not registered.", device.id.0), why, next))
        };
        let Some(name) = self.customer_of(&device.batch) else {
            return refused(
                format!("Batch '{}' belongs to no customer.", device.batch),
                "Say whose it is: whiteglove batch set FILE, with customer = NAME.",
            );
        };
        let Some(customer) = self.customer(name) else {
            return refused(
                format!("Of customer {name} only the name is known."),
                "Set its tenant and lane first: whiteglove customer set FILE.",
            );
        };
        if customer.way != Way::Online {
            return refused(
                format!("{} is registered {}.", customer.name, customer.way.words()),
                "Make the lists (l) or the hand-over bundle; or let the customer be registered online (way = \"online\").",
            );
        }
        Ok(customer.name.clone())
    }

    /// A person asks for the registration of these; empty: of all in the open batch that can go.
    ///
    /// # Errors
    /// None of them can go.
    pub fn decide_register(&self, devices: &[DeviceId], by: Option<String>) -> Result<(Vec<Record>, String), Problem> {
        let open = self.batch().unwrap_or_default();
        let all: Vec<DeviceId> = match devices {
            [] => self.present().filter(|device| device.batch == open).map(|device| device.id).collect(),
            some => some.to_vec(),
        };
        let mut asked = vec![];
        let mut under_way = 0;
        let mut refused: Vec<Problem> = vec![];
        for id in all {
            let device = self.on_the_board(id)?;
            let progress = self.dossier(id).map(|dossier| &dossier.progress);
            if progress.is_some_and(|progress| progress.is_open()) && self.is_still_theirs(device)
                || device.stage.is_registered()
            {
                under_way += 1;
                continue;
            }
            match self.may_register(device) {
                Ok(()) => asked.push(id),
                Err(problem) => refused.push(problem),
            }
        }
        let first = refused.first().map(|first| format!(" First of them: {} {}", first.what, first.why));
        let left = match refused.len() {
            0 => String::new(),
            n => format!(" {n} cannot go.{}", first.unwrap_or_default()),
        };
        match (asked.len(), under_way) {
            (0, 0) => Err(refused.into_iter().next().unwrap_or_else(|| {
                Problem::new(
                    "Nothing was registered.",
                    format!("There is no laptop in batch '{open}'."),
                    "Capture some first.",
                )
            })),
            (0, n) => Ok((vec![], format!("Nothing new: {} registered or on the way already.{left}", are(n)))),
            (n, _) => {
                let done =
                    format!("{} to be registered. The registration screen shows how far they are.{left}", are(n));
                Ok((vec![Record::RegistrationAsked { devices: asked, by }], done))
            }
        }
    }

    fn may_register(&self, device: &Device) -> Result<(), Problem> {
        self.online_customer(device)?;
        let customer = self.customer_of(&device.batch).and_then(|name| self.customer(name));
        let lane = customer.map(|customer| customer.lane).unwrap_or_default();
        self.sending_row(device.id, lane).map(drop).map_err(|refusal| {
            Problem::new(format!("Device #{} was not registered.", device.id.0), refusal.why, refusal.next)
        })
    }

    /// A person does not want these registered after all.
    ///
    /// # Errors
    /// None of them waits to be sent.
    pub fn decide_drop(&self, devices: &[DeviceId]) -> Result<(Vec<Record>, String), Problem> {
        let waits = |id: &&DeviceId| {
            matches!(self.dossier(**id).map(|dossier| &dossier.progress), Some(Progress::Waiting { .. }))
        };
        let waiting: Vec<DeviceId> = devices.iter().filter(waits).copied().collect();
        if waiting.is_empty() {
            return Err(Problem::new(
                "Nothing was taken back.",
                "None of these waits to be sent: it was not asked for, or the service has it.",
                "A registration at the service is taken away with: whiteglove registration delete NUMBER.",
            ));
        }
        let done = format!("{} not to be registered.", are(waiting.len()));
        Ok((vec![Record::RegistrationDropped { devices: waiting }], done))
    }

    /// A person takes the responsibility for a condition that does not hold.
    ///
    /// # Errors
    /// It holds, cannot be overridden, or name or reason are missing.
    pub fn decide_override(
        &self,
        id: DeviceId,
        condition: Condition,
        by: &str,
        reason: &str,
    ) -> Result<Vec<Record>, Problem> {
        self.on_the_board(id)?;
        let what = format!("'{}' was not overridden for device #{}.", condition.words(), id.0);
        let (by, reason) = (by.trim(), reason.trim());
        if by.is_empty() || reason.is_empty() {
            return Err(Problem::new(
                what,
                "An override needs a name and a reason.",
                "Give both: the journal and the proof of the laptop keep them.",
            ));
        }
        let gate = self.gate(id).ok_or_else(|| {
            Problem::new(what.clone(), "The laptop is in no customer's batch.", "Say whose batch it is first.")
        })?;
        let finding = gate
            .finding(condition)
            .filter(|finding| finding.met != Met::Yes)
            .ok_or_else(|| Problem::new(what.clone(), "The condition holds.", "Nothing to do."))?;
        if !condition.may_be_overridden() {
            let problem = finding.problem.clone();
            let next = problem.map_or_else(String::new, |problem| problem.next);
            return Err(Problem::new(
                what,
                format!("Without it the technician phase cannot work, whatever a person says: {}.", finding.says),
                next,
            ));
        }
        let (by, reason, of) = (by.to_owned(), reason.to_owned(), finding.says.clone());
        Ok(vec![Record::ConditionOverridden { device: id, condition, by, reason, of }])
    }

    /// What would be done at the service for a person.
    ///
    /// # Errors
    /// It is not registered by this bench, or there is nothing to change.
    pub fn plan_act(&self, id: DeviceId, wanted: Wanted) -> Result<Act, Problem> {
        let device = self.on_the_board(id)?;
        let what = format!("Nothing was changed for device #{}.", id.0);
        self.online_customer(device)?;
        let registration = self.dossier(id).and_then(|dossier| dossier.registration()).cloned().ok_or_else(|| {
            Problem::new(
                what.clone(),
                "The bench does not know its registration.",
                "Register it first; the id of the registration is read back then.",
            )
        })?;
        Ok(match wanted {
            Wanted::Unblock => Act::Unblock { device: id, registration },
            Wanted::Deregister => Act::Deregister { device: id, registration },
            Wanted::Amend => {
                let batch = self.batch_named(&device.batch);
                let seen = self.dossier(id).and_then(|dossier| dossier.seen.as_ref());
                let known = seen.and_then(|(_, seen)| seen.registrations.first());
                let own = |text: &str, theirs: Option<&String>| match text.trim() {
                    "" => theirs.cloned().unwrap_or_default(),
                    text => text.to_owned(),
                };
                let group_tag = batch.map_or("", |batch| expected_tag(batch, device)).to_owned();
                let user = own(&device.assigned_user, known.map(|known| &known.user));
                let name = known.map(|known| known.name.clone()).unwrap_or_default();
                Act::Amend(Amendment { device: id, registration, group_tag, user, name })
            }
        })
    }

    /// # Errors
    /// The plan is another one by now.
    pub fn decide_act(
        &self,
        act: Act,
        wanted: Wanted,
        attempt: AttemptId,
        by: Option<String>,
    ) -> Result<Vec<Record>, Problem> {
        let device = self.on_the_board(act.device())?;
        let customer = self.online_customer(device)?;
        if self.plan_act(act.device(), wanted)? != act {
            return Err(Problem::new(
                format!("Nothing was changed for device #{}.", act.device().0),
                "What would be done is another thing by now than what was agreed to.",
                "Look at it again, then repeat the command.",
            ));
        }
        Ok(vec![Record::ActBegun { attempt, customer, act, by }])
    }

    /// Registered and perhaps cleared, of all customers.
    fn every_registered(&self) -> impl Iterator<Item = DeviceId> {
        self.registrations.every_complete()
    }

    /// Whether any laptop waits for the network test, as far as stages tell.
    pub fn waits_for_network(&self) -> bool {
        let waits =
            |id: DeviceId| self.devices.get(&id).is_some_and(|device| matches!(device.stage, Stage::Registered { .. }));
        self.every_registered().any(waits)
    }

    /// Where its registration is, for the board; `None`: nothing is under way.
    pub(super) fn was_refused(&self, device: DeviceId) -> bool {
        matches!(self.dossier(device).map(|dossier| &dossier.progress), Some(Progress::Failed { .. }))
    }

    pub(super) fn registration_words(&self, device: &Device) -> Option<String> {
        match device.stage.below_holds() {
            Stage::Registered { .. } => self.gate(device.id)?.first().map(|finding| finding.says.clone()),
            Stage::Arrived { .. } | Stage::Captured { .. } => match &self.dossier(device.id)?.progress {
                Progress::Unasked | Progress::Complete { .. } => None,
                _ => self.gate(device.id)?.first().map(|finding| finding.says.clone()),
            },
            _ => None,
        }
    }
}

fn are(count: usize) -> String {
    if count == 1 { "1 laptop is".to_owned() } else { format!("{count} laptops are") }
}
