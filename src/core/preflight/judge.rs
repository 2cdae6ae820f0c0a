//! One medium against the variables of one firmware.

use super::{Doubt, Medium, Program, Reason, Verdict};
use crate::{
    capture::{Firmware, Keys, Variable},
    certificates::{
        Authority,
        authenticode::Signature,
        sbat,
        signature_list::{self, SignatureLists},
    },
};

/// `None` for a laptop that was never captured.
pub fn judge(medium: &Medium, firmware: Option<&Firmware>) -> Verdict {
    let Some(firmware) = firmware else { return Verdict::Unknown(Doubt::NotCaptured) };
    if !firmware.uefi {
        return Verdict::Unknown(Doubt::Bios);
    }
    let Some(keys) = &firmware.keys else { return Verdict::Unknown(Doubt::OlderAgent) };
    if firmware.setup_mode == Some(true) {
        return Verdict::Unknown(Doubt::SetupMode);
    }
    let mut found =
        Found { db: List::of("db", &keys.db), dbx: List::of("dbx", &keys.dbx), against: vec![], doubt: None };
    found.firmware(&medium.first);
    found.shim(medium, keys);
    found.boot_manager(&medium.first);
    let Found { mut against, doubt, .. } = found;
    against.sort_by_key(weight);
    match (firmware.secure_boot, against.is_empty(), doubt) {
        (Some(true), false, _) => Verdict::Refuses(against),
        (Some(true), true, Some(doubt)) => Verdict::Unknown(doubt),
        (Some(true), true, None) => Verdict::Accepts,
        (Some(false) | None, ..) => Verdict::Unknown(Doubt::Off { then: against }),
    }
}

/// What can be put right at the laptop comes before what takes another medium.
fn weight(reason: &Reason) -> u8 {
    match reason {
        Reason::Unsigned | Reason::Changed => 0,
        Reason::Dangerous { .. } | Reason::Revoked { .. } => 1,
        Reason::ThirdPartyOff => 2,
        Reason::OnlyOlder { .. } | Reason::OnlyNewer { .. } | Reason::NotTrusted { .. } => 3,
        Reason::TooOld { .. } | Reason::UnderFloor { .. } => 4,
    }
}

/// A list of the firmware, with the bytes it was read from.
struct List<'a> {
    name: &'static str,
    value: &'a [u8],
    read: SignatureLists,
    /// It is there, and its bytes are not.
    unread: bool,
}

impl<'a> List<'a> {
    fn of(name: &'static str, variable: &'a Variable) -> Self {
        let value = variable.value().unwrap_or_default();
        Self { name, value, read: signature_list::read(value), unread: matches!(variable, Variable::Unread(_)) }
    }

    /// Whether it says whose this signature is: by the authority, or by the signer's own certificate.
    fn has(&self, signature: &Signature) -> Option<&Authority> {
        let signer = Authority::called(&signature.signer);
        self.read.authorities.iter().find(|known| **known == signature.by || **known == signer)
    }

    fn names(&self, program: &Program) -> bool {
        program.signers.digest.is_some_and(|digest| signature_list::names(self.value, &digest))
    }

    /// What keeps one from saying that somebody is not on it.
    fn doubt(&self) -> Option<Doubt> {
        match (self.unread || self.read.damaged, self.read.certificate_digests) {
            (true, _) => Some(Doubt::Unread { variable: self.name.to_owned() }),
            (false, 1..) => Some(Doubt::NamedByDigest),
            (false, 0) => None,
        }
    }
}

struct Found<'a> {
    db: List<'a>,
    dbx: List<'a>,
    against: Vec<Reason>,
    /// The first one; it counts where nothing speaks against the medium.
    doubt: Option<Doubt>,
}

impl Found<'_> {
    fn doubt(&mut self, doubt: Option<Doubt>) {
        self.doubt = self.doubt.take().or(doubt);
    }

    /// Who signed it, as far as firmware looks.
    fn firmware(&mut self, first: &Program) {
        self.revoked(first);
        let signatures = || first.signers.signatures.iter().filter(|signature| !signature.nested);
        if self.db.names(first) {
            return;
        }
        if signatures().next().is_none() {
            return self.against.push(Reason::Unsigned);
        }
        let mut good = signatures().filter(|signature| signature.fits != Some(false)).peekable();
        if good.peek().is_none() {
            return self.against.push(Reason::Changed);
        }
        if good.any(|signature| self.db.has(signature).is_some()) {
            return;
        }
        match self.db.doubt() {
            Some(doubt) => self.doubt(Some(doubt)),
            None => self.against.push(not_trusted(first.signers.for_firmware(), &self.db.read.authorities)),
        }
    }

    /// The list of what is dangerous, which firmware and shim both ask.
    fn revoked(&mut self, program: &Program) {
        if self.dbx.names(program) {
            self.against.push(Reason::Dangerous { path: program.path.clone() });
        }
        let signatures = program.signers.signatures.iter().filter(|signature| !signature.nested);
        let mut revoked: Vec<_> = signatures.filter_map(|signature| self.dbx.has(signature)).cloned().collect();
        revoked.sort();
        revoked.dedup();
        let path = &program.path;
        self.against.extend(revoked.into_iter().map(|authority| Reason::Revoked { authority, path: path.clone() }));
        let doubt = self.dbx.doubt();
        self.doubt(doubt);
    }

    /// Shim asks of itself what it asks of the program it loads. Whom it trusts is in it, and signed with it.
    fn shim(&mut self, medium: &Medium, keys: &Keys) {
        if !medium.first.is_shim() {
            return;
        }
        medium.then.iter().for_each(|program| self.revoked(program));
        // Firmware that never started a shim has no floor; the shim on the medium brings its own.
        let floor = keys.sbat.value().map(sbat::read).unwrap_or_default();
        for program in medium.programs() {
            let old = sbat::too_old(&program.signers.sbat, &floor);
            self.against.extend(old.into_iter().map(|(component, floor)| Reason::TooOld {
                path: program.path.clone(),
                component: component.name.clone(),
                has: component.generation,
                floor,
            }));
        }
        if matches!(keys.sbat, Variable::Unread(_)) {
            self.doubt(Some(Doubt::Unread { variable: "SbatLevelRT".to_owned() }));
        }
    }

    /// Only what Microsoft signed as Windows counts security versions.
    fn boot_manager(&mut self, first: &Program) {
        let windows = |by: &Authority| matches!(by, Authority::Windows2011 | Authority::Windows2023);
        let Some(floor) = self.dbx.read.boot_manager_svn else { return };
        match first.signers.svn {
            _ if !first.signers.for_firmware().iter().any(windows) => {}
            Some(has) if has < floor => self.against.push(Reason::UnderFloor { has, floor }),
            Some(_) => {}
            None => self.doubt(Some(Doubt::NoVersion { floor })),
        }
    }
}

/// In what way the firmware does not know whoever signed a loader.
fn not_trusted(signed: Vec<Authority>, trusted: &[Authority]) -> Reason {
    use Authority::{ThirdParty2011, ThirdParty2023, Windows2011, Windows2023};
    let has = |any: [&Authority; 2]| trusted.iter().any(|known| any.contains(&known));
    let all = |any: [&Authority; 2]| signed.iter().all(|by| any.contains(&by));
    let third_party = [&ThirdParty2011, &ThirdParty2023];
    let windows = [&Windows2011, &Windows2023];
    // What signed it, and the same authority's other generation.
    let only = |by: &Authority, other: &Authority| signed == [by.clone()] && trusted.contains(other);
    if all(third_party) && !has(third_party) && has(windows) {
        Reason::ThirdPartyOff
    } else if only(&ThirdParty2023, &ThirdParty2011) || only(&Windows2023, &Windows2011) {
        Reason::OnlyOlder { signed }
    } else if only(&ThirdParty2011, &ThirdParty2023) || only(&Windows2011, &Windows2023) {
        Reason::OnlyNewer { signed }
    } else {
        Reason::NotTrusted { signed }
    }
}

#[cfg(test)]
mod tests;
