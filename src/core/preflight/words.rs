//! Verdicts for people: what is wrong, and what to do about it.

use std::fmt;

use super::{Doubt, Medium, Reason, Verdict};
use crate::{
    capture::{Keys, Variable},
    certificates::{self, Authority, sbat, signature_list},
};

/// What makers call it in their firmware setup, and where they have it.
pub const THIRD_PARTY_SETTING: &str = "\"Allow Microsoft 3rd Party UEFI CA\" (Lenovo, Dell: Security, Secure Boot; Surface: Secure Boot, Microsoft & 3rd-party CA)";

impl fmt::Display for Reason {
    /// In a few words, as they follow "it refuses this: ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |signed: &[Authority]| certificates::listed(signed, "and");
        match self {
            Self::ThirdPartyOff => f.write_str("the third-party CA is off"),
            Self::OnlyOlder { signed } => write!(f, "it knows 2011 only, and this is signed by {}", by(signed)),
            Self::OnlyNewer { signed } => write!(f, "it knows 2023 only, and this is signed by {}", by(signed)),
            Self::NotTrusted { signed } => write!(f, "it does not trust {}", by(signed)),
            Self::Revoked { authority, .. } => write!(f, "{authority} is revoked (dbx)"),
            Self::Dangerous { path } => write!(f, "{path} is on its list of dangerous programs (dbx)"),
            Self::Unsigned => f.write_str("nobody signed it"),
            Self::Changed => f.write_str("it was changed after it was signed"),
            Self::TooOld { path, component, has, floor } => {
                write!(f, "{path} is too old: {component} {has}, the floor is {floor} (SBAT)")
            }
            Self::UnderFloor { has, floor } => {
                write!(f, "the boot manager is too old: version {has}, the floor is {floor} (SVN)")
            }
        }
    }
}

impl Reason {
    /// What to do; a sentence.
    pub fn next(&self) -> String {
        match self {
            Self::ThirdPartyOff => format!("In the firmware setup turn on {THIRD_PARTY_SETTING}."),
            Self::OnlyOlder { .. } => "Update its firmware: makers add the certificates of 2023 with it. Or take a medium \
                 that is signed by 2011 as well."
                .to_owned(),
            Self::OnlyNewer { .. } => {
                "Take a medium signed by 2023: for ours run scripts/bootenv --refresh and build it again; for Windows take a \
                 newer ISO."
                    .to_owned()
            }
            Self::NotTrusted { .. } => {
                "Restore the factory keys in the firmware setup (Secure Boot, key management), if its owner has no keys of \
                 their own."
                    .to_owned()
            }
            Self::Revoked { .. } => "It was taken out of trust for good. Take a medium whose loaders no revoked authority signed: \
                 newer boot files or a newer ISO."
                .to_owned(),
            Self::Dangerous { .. } | Self::TooOld { .. } => {
                "Fetch newer boot files and build the medium again: scripts/bootenv --refresh, then media build.".to_owned()
            }
            Self::Unsigned | Self::Changed => {
                "Build the medium again with loaders as their maker signed them; with Secure Boot on no laptop starts these."
                    .to_owned()
            }
            Self::UnderFloor { .. } => "Build the medium from a newer ISO of Windows.".to_owned(),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCaptured => f.write_str("not captured yet"),
            Self::OlderAgent => f.write_str("captured by an agent that did not read its certificates"),
            Self::Bios => f.write_str("booted in BIOS mode"),
            Self::SetupMode => f.write_str("its Secure Boot has no keys (setup mode)"),
            Self::Off { then } => match then.first() {
                None => f.write_str("Secure Boot is off"),
                Some(reason) => write!(f, "Secure Boot is off; once it is on: {reason}"),
            },
            Self::NamedByDigest => f.write_str("its lists name certificates by digest only"),
            Self::Unread { variable } => write!(f, "its {variable} could not be read"),
            Self::NoVersion { floor } => {
                write!(f, "the boot manager has no security version, the firmware's floor is {floor}")
            }
        }
    }
}

impl Doubt {
    /// What to do; a sentence.
    pub fn next(&self) -> String {
        match self {
            Self::NotCaptured => "Try the medium on one of them before the others.".to_owned(),
            Self::OlderAgent => "Boot one of them from a new medium: today's agent reads them.".to_owned(),
            Self::Bios => "Switch its firmware to UEFI only and Secure Boot on, and capture it again.".to_owned(),
            Self::SetupMode => {
                "Restore the factory keys in the firmware setup, turn Secure Boot on, and capture it again.".to_owned()
            }
            Self::Off { then } => match then.first() {
                None => "Turn Secure Boot on and capture it again.".to_owned(),
                Some(reason) => format!("Before Secure Boot is turned on: {}", reason.next()),
            },
            Self::NamedByDigest | Self::Unread { .. } | Self::NoVersion { .. } => {
                "Try the medium on one of them before the others.".to_owned()
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepts => f.write_str("accepts it"),
            Self::Refuses(reasons) => {
                f.write_str("refuses it")?;
                reasons.first().map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::Unknown(doubt) => write!(f, "not known: {doubt}"),
        }
    }
}

impl Medium {
    /// `EFI/BOOT/BOOTX64.EFI, signed by third-party 2011 and third-party 2023; shim 4, grub 5`.
    pub fn words(&self) -> String {
        let first = &self.first;
        let by = certificates::listed(&first.signers.for_firmware(), "and");
        let named = |name: &str| self.programs().flat_map(|p| &p.signers.sbat).find(|line| line.name == name).cloned();
        let mut ages: Vec<String> = ["shim", "grub"]
            .into_iter()
            .filter_map(named)
            .map(|component| format!("{} {}", component.name, component.generation))
            .collect();
        ages.extend(first.signers.svn.map(|svn| format!("security version {svn}")));
        let ages = if ages.is_empty() { String::new() } else { format!("; {}", ages.join(", ")) };
        format!("{}, signed by {by}{ages}", first.path)
    }
}

/// What a firmware's variables come to, as name and value, for a screen.
pub fn trusted(keys: &Keys) -> Vec<(&'static str, String)> {
    let (db, dbx, kek) = (&keys.db, &keys.dbx, &keys.kek);
    let unread = |variable: &Variable| match variable {
        Variable::Unread(why) => Some(format!("could not be read: {why}")),
        _ => None,
    };
    let list = |variable: &Variable| signature_list::read(variable.value().unwrap_or_default());
    let names = |lists: &signature_list::SignatureLists| match &lists.authorities[..] {
        [] => "nobody".to_owned(),
        all => in_short(all),
    };
    let mut lines = vec![("Trusts (db)", unread(db).unwrap_or_else(|| names(&list(db))))];
    let revoked = list(dbx);
    let mut refuses = vec![match revoked.digests {
        0 => String::new(),
        1 => "1 program".to_owned(),
        many => format!("{many} programs"),
    }];
    refuses.extend(revoked.authorities.iter().map(ToString::to_string));
    refuses.push(match revoked.certificate_digests {
        0 => String::new(),
        1 => "1 certificate named by digest".to_owned(),
        many => format!("{many} certificates named by digest"),
    });
    refuses.retain(|part| !part.is_empty());
    let refuses = if refuses.is_empty() { "nothing".to_owned() } else { refuses.join(", ") };
    lines.push(("Refuses (dbx)", unread(dbx).unwrap_or(refuses)));
    let mut floors: Vec<String> =
        revoked.boot_manager_svn.iter().map(|svn| format!("Windows' boot manager {svn}")).collect();
    floors.extend(keys.sbat.value().and_then(sbat::level).map(|level| format!("Linux loaders {level}")));
    if !floors.is_empty() {
        lines.push(("Floors", floors.join(", ")));
    }
    lines.push(("Keys by (KEK)", unread(kek).unwrap_or_else(|| names(&list(kek)))));
    lines
}

/// `Windows 2011/2023, third-party 2011`: generations of one authority together, as a screen has 80 columns.
fn in_short(authorities: &[Authority]) -> String {
    let mut named: Vec<(String, Vec<&str>)> = Vec::new();
    for authority in authorities {
        let words = match authority {
            // Who may change the lists; Microsoft's are the only ones that most laptops have besides their maker's.
            Authority::Other(name) if name == "Microsoft Corporation KEK CA 2011" => "Microsoft 2011",
            Authority::Other(name) if name == "Microsoft Corporation KEK 2K CA 2023" => "Microsoft 2023",
            other => other.words(),
        };
        let (name, year) = match words.rsplit_once(' ') {
            Some((name, year @ ("2011" | "2023"))) => (name, Some(year)),
            _ => (words, None),
        };
        match named.iter_mut().find(|(known, years)| known == name && !years.is_empty()) {
            Some((_, years)) => years.extend(year),
            None => named.push((name.to_owned(), year.into_iter().collect())),
        }
    }
    let one = |(name, years): (String, Vec<&str>)| format!("{name} {}", years.join("/")).trim_end().to_owned();
    named.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::blob::Blob;

    fn value(bytes: &[u8]) -> Variable {
        Variable::Value(Arc::new(Blob(bytes.to_vec())))
    }

    fn lines(keys: &Keys) -> Vec<String> {
        trusted(keys).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn a_firmware_in_a_few_lines() {
        let mut keys = Keys {
            db: value(include_bytes!("../../../tests/fixtures/firmware/made-db-both.esl")),
            dbx: value(include_bytes!("../../../tests/fixtures/firmware/made-dbx-2011-revoked.esl")),
            kek: value(include_bytes!("../../../tests/fixtures/firmware/ovmf-KEK.esl")),
            sbat: value(b"sbat,1,2024010900\nshim,4\n"),
        };
        assert_eq!(
            lines(&keys),
            [
                "Trusts (db): Windows 2011/2023, third-party 2011/2023",
                "Refuses (dbx): 431 programs, Windows 2011, third-party 2011",
                "Floors: Windows' boot manager 7.0, Linux loaders 2024010900",
                "Keys by (KEK): Debian UEFI Secure Boot (PK/KEK key), Microsoft 2011",
            ]
        );
        keys.dbx = value(include_bytes!("../../../tests/fixtures/firmware/made-dbx-by-digest.esl"));
        keys.sbat = Variable::Absent;
        keys.kek = Variable::Unread("I/O error".into());
        assert_eq!(
            lines(&keys)[1..],
            ["Refuses (dbx): 1 certificate named by digest", "Keys by (KEK): could not be read: I/O error"]
        );
        assert_eq!(lines(&Keys::default())[..2], ["Trusts (db): nobody", "Refuses (dbx): nothing"]);
    }
}
