//! What the laptop can be registered by, each with where it came from, and what is known of its
//! registration.

use whiteglove_core::{
    batch::{IdentityPolicy, ModelTrust},
    clock::{Moment, short_age},
    control::Sheet,
    device::{Device, Probe, WindowsHash},
    hwhash::{HardwareHash, Verdict},
};

use super::Page;
use crate::theme::Tone;

impl Page {
    pub(super) fn lanes(&mut self, sheet: &Sheet, now: Moment) {
        let device = &sheet.device;
        self.heading("What it is registered by");
        self.fact("The batch wants", sheet.policy.words());
        self.linux_hash(sheet);
        self.windows_hash(sheet, now);
        self.numbers(device);
        self.fact("Group tag", &device.group_tag);
        self.fact("User", &device.assigned_user);
        match device.probe {
            Some((at, probe)) => {
                let tone = match probe {
                    Probe::Free => Tone::Good,
                    Probe::Ours => Tone::Warn,
                    Probe::OtherTenant => Tone::Alarm,
                };
                self.say("Registration", &format!("{} ({} ago)", probe.words(), short_age(now.since(at))), tone);
            }
            None => self.say("Registration", "nobody has said yet (g)", Tone::Dim),
        }
    }

    fn linux_hash(&mut self, sheet: &Sheet) {
        let device = &sheet.device;
        let wanted = sheet.policy == IdentityPolicy::LinuxHash;
        let Some(made) = device.linux_hash() else {
            let tone = if wanted && device.capture.is_some() { Tone::Warn } else { Tone::Dim };
            return self.say("Linux hash", "none", tone);
        };
        let tone = match (&sheet.trust, wanted) {
            (ModelTrust::Accepted { .. }, _) => Tone::Good,
            (_, false) => Tone::Dim,
            (ModelTrust::Untested, true) => Tone::Warn,
            (ModelTrust::Differs { .. }, true) => Tone::Alarm,
        };
        self.say("Linux hash", &sheet.trust.words(), tone);
        self.lacks(&made.hash);
    }

    fn windows_hash(&mut self, sheet: &Sheet, now: Moment) {
        let wanted = sheet.policy == IdentityPolicy::WindowsHash;
        let Some(WindowsHash { hash, lane, source, at }) = &sheet.device.windows_hash else {
            let tone = if wanted { Tone::Warn } else { Tone::Dim };
            return self.say("Windows hash", "none", tone);
        };
        let made = hash.made_at().map_or_else(String::new, |made| format!(" {} ago", short_age(now.since(made))));
        let words = format!(
            "made by {}{made}; {}: {}, line {}, {} ago",
            hash.origin().words(),
            lane.words(),
            source.name,
            source.line,
            short_age(now.since(*at))
        );
        self.fact("Windows hash", words);
        self.lacks(hash);
        match sheet.comparison.as_ref().map(|comparison| &comparison.verdict) {
            None => {}
            Some(Verdict::Accepted) => self.say("Both", "agree in every critical field (f)", Tone::Good),
            Some(Verdict::Differs(fields)) => {
                let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
                self.missing("Both", &format!("differ in {} (f)", names.join(", ")));
            }
            Some(Verdict::OtherMachine) => self.say("Both", "are of two different machines (f)", Tone::Alarm),
        }
    }

    fn lacks(&mut self, hash: &HardwareHash) {
        let names: Vec<_> = hash.missing().into_iter().map(|field| field.name()).collect();
        if !names.is_empty() {
            self.missing("", &format!("lacks {}", names.join(", ")));
        }
    }

    fn numbers(&mut self, device: &Device) {
        match (&device.identity.product_key_id, &device.product_key_id) {
            (Some(own), _) => self.fact("Product key id", format!("{own}, the machine says")),
            (None, Some(told)) => self.fact("Product key id", format!("{told}, from a file or its box")),
            (None, None) => self.say("Product key id", "none", Tone::Dim),
        }
        let name = device.model_name();
        match &device.identity.serial {
            Some(serial) if !serial.is_junk() && !name.manufacturer.trim().is_empty() => {
                self.fact("Tuple", format!("{} / {} / {serial}", name.manufacturer.trim(), name.product.trim()));
            }
            _ => self.say("Tuple", "incomplete: maker, model and serial number are all needed", Tone::Dim),
        }
        if let Some(id) = &device.ztd_id {
            self.fact("Setup code id", id.as_str());
        }
        if let Some(link) = &device.device_link {
            let id = link.link_id.as_deref().unwrap_or("without an id");
            let created = link.created.as_deref().map_or_else(String::new, |created| format!(", made {created}"));
            self.fact("Device link", format!("{id}{created}, {} characters", link.data.len()));
        }
    }
}
