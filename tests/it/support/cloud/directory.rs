//! The one directory of Autopilot machines behind Intune and Partner Center: a machine has at most one registration,
//! in one tenant. What happens later is worked out when somebody asks; nothing runs by itself.

use std::collections::BTreeMap;

use super::{
    hash::Machine,
    text::{guid, spread},
    world::Pace,
};

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) registrations: Vec<Registration>,
    pub(crate) imports: Vec<Import>,
    /// What is to become of a serial number's import, against what would become of it.
    pub(crate) fates: BTreeMap<String, Fate>,
    /// How often each was registered since the beginning: by tenant and serial number.
    pub(crate) registered: BTreeMap<(String, String), u32>,
    /// How often each was sent in since the beginning, whatever became of it.
    pub(crate) received: BTreeMap<(String, String), u32>,
}

#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Refused(i64, &'static str),
    /// Never comes to an end.
    Stuck,
}

#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) machine: Machine,
    pub(crate) product_key: String,
    pub(crate) group_tag: String,
    pub(crate) user: String,
    pub(crate) user_called: String,
    pub(crate) display_name: String,
    pub(crate) purchase_order: String,
    pub(crate) since: u64,
    /// Since when it has its group tag.
    pub(crate) tagged: u64,
    pub(crate) enrollment: String,
    pub(crate) userless: String,
    pub(crate) managed_device: Option<String>,
    /// Deleted, and gone from then on.
    pub(crate) gone: Option<u64>,
}

/// One line that was sent in.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) id: String,
    /// As whoever sent it called it: `importId`, or the tracking id of a batch job.
    pub(crate) called: String,
    pub(crate) tenant: String,
    pub(crate) machine: Machine,
    pub(crate) product_key: String,
    pub(crate) group_tag: String,
    pub(crate) user: String,
    pub(crate) purchase_order: String,
    pub(crate) at: u64,
    pub(crate) due: u64,
    pub(crate) outcome: Option<Result<String, (i64, String)>>,
    /// Taken off the list by whoever sent it in.
    pub(crate) removed: bool,
}

impl Registration {
    pub(crate) fn is(&self, serial: &str) -> bool {
        self.machine.serial == serial
    }

    /// When its profile is there, if there is one for it.
    pub(crate) fn profile_at(&self, pace: &Pace) -> u64 {
        self.tagged + spread(&pace.profile, &format!("profile {}", self.machine.serial))
    }
}

impl Directory {
    pub(crate) fn import_lasts(pace: &Pace, serial: &str) -> u64 {
        spread(&pace.import, &format!("import {serial}"))
    }

    pub(crate) fn receive(&mut self, import: Import) {
        *self.received.entry((import.tenant.clone(), import.machine.serial.clone())).or_default() += 1;
        self.imports.push(import);
    }

    /// Carries everything that is due by now.
    pub(crate) fn advance(&mut self, now: u64) {
        self.registrations.retain(|one| one.gone.is_none_or(|gone| gone > now));
        let mut due: Vec<_> = (0..self.imports.len())
            .filter(|n| self.imports[*n].outcome.is_none() && self.imports[*n].due <= now)
            .collect();
        due.sort_by_key(|n| self.imports[*n].due);
        for n in due {
            let outcome = self.decide(n);
            if let Ok(id) = &outcome {
                let import = &self.imports[n];
                let registration = Registration {
                    id: id.clone(),
                    tenant: import.tenant.clone(),
                    machine: import.machine.clone(),
                    product_key: import.product_key.clone(),
                    group_tag: import.group_tag.clone(),
                    user: import.user.clone(),
                    user_called: String::new(),
                    display_name: String::new(),
                    purchase_order: import.purchase_order.clone(),
                    since: import.due,
                    tagged: import.due,
                    enrollment: "notContacted".to_owned(),
                    userless: "allowed".to_owned(),
                    managed_device: None,
                    gone: None,
                };
                let key = (registration.tenant.clone(), registration.machine.serial.clone());
                *self.registered.entry(key).or_default() += 1;
                self.registrations.push(registration);
            }
            if !matches!(self.fates.get(&self.imports[n].machine.serial), Some(Fate::Stuck)) {
                self.imports[n].outcome = Some(outcome);
            }
        }
    }

    fn decide(&self, n: usize) -> Result<String, (i64, String)> {
        let import = &self.imports[n];
        let refused = |code, name: &str| Err((code, name.to_owned()));
        match self.fates.get(&import.machine.serial) {
            Some(Fate::Refused(code, name)) => return refused(*code, name),
            Some(Fate::Stuck) => return refused(0, ""),
            None => (),
        }
        if !import.machine.is_whole() {
            return refused(802, "InvalidZtdHardwareHash");
        }
        // Sent twice with one call: the second one.
        let sibling = |other: &Import| other.called == import.called && other.machine == import.machine;
        if self.imports[..n].iter().any(sibling) {
            return refused(814, "ZtdDeviceDuplicated");
        }
        match self.registrations.iter().find(|one| one.machine.is_same(&import.machine)) {
            Some(one) if one.tenant == import.tenant => refused(806, "ZtdDeviceAlreadyAssigned"),
            Some(_) => refused(808, "ZtdDeviceAssignedToOtherTenant"),
            None => Ok(guid(&format!("registration {} {}", import.id, import.tenant))),
        }
    }

    /// Laptops of a tenant that are registered more or less than once, or were sent in more than once.
    pub(crate) fn not_exactly_once<'a>(&self, tenant: &str, serials: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let count = |of: &BTreeMap<(String, String), u32>, serial: &str| {
            of.get(&(tenant.to_owned(), serial.to_owned())).copied().unwrap_or_default()
        };
        let counts =
            serials.into_iter().map(|serial| (serial, count(&self.registered, serial), count(&self.received, serial)));
        let wrong = counts.filter(|(_, registered, received)| (*registered, *received) != (1, 1));
        wrong
            .map(|(serial, registered, received)| format!("{serial}: sent {received}, registered {registered}"))
            .collect()
    }
}
