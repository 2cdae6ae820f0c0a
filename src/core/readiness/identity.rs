//! Whether the laptop can be registered as the batch wants it, and whether it may be.

use super::{
    Around, Found, Severity,
    Severity::{Note, Stop, Warning},
};
use crate::{
    batch::{IdentityPolicy, ModelTrust},
    capture::Part,
    device::{Device, Probe},
    hwhash::{Critical, HardwareHash},
    order::Match,
};

/// Label, machine and order name the same laptop, and it belongs here.
pub(super) fn belongs(device: &Device, matching: &Match, found: &mut Found) {
    let Some(problem) = matching.problem() else { return };
    let numbers = [
        device.identity.serial.as_ref().map(|serial| format!("serial {serial}")),
        device.any_product_key_id().map(|key| format!("product key id {key}")),
    ];
    let evidence: Vec<String> = numbers.into_iter().flatten().collect();
    found.say(Stop, Part::Order, evidence.join(", "), problem.what, problem.why, problem.next);
}

/// What the service said.
pub(super) fn registration(device: &Device, found: &mut Found) {
    let evidence = |probe: Probe| format!("reported by a person: {}", probe.words());
    match device.probe {
        Some((_, probe @ Probe::OtherTenant)) => found.say(
            Stop,
            Part::Registration,
            evidence(probe),
            "Locked by another company (808)",
            "It is registered in somebody else's tenant. Registering it here is refused until that company or its reseller lets go.",
            "Put it aside. Ask the seller to deregister it, or open a case with Intune support with the proof of purchase.",
        ),
        Some((_, probe @ Probe::Ours)) => found.say(
            Note,
            Part::Registration,
            evidence(probe),
            "Registered already in the customer's own tenant (806)",
            "It needs no new registration, unless its board was replaced since.",
            "Check its profile and group tag. After a board change, delete the old registration first.",
        ),
        Some((_, Probe::Free)) | None => {}
    }
}

/// The numbers by which it is told from the next one.
pub(super) fn names(device: &Device, policy: IdentityPolicy, found: &mut Found) {
    let identity = &device.identity;
    if identity.good_serial().is_none() {
        // By its product key id it can be registered without a serial number.
        let by_key = policy == IdentityPolicy::Tuple && device.any_product_key_id().is_some();
        found.say(
            if by_key { Warning } else { Stop },
            Part::Smbios,
            identity
                .serial
                .as_ref()
                .map_or("no serial number".to_owned(), |serial| format!("serial number \"{serial}\"")),
            "No usable serial number",
            "Registration needs the maker's serial number; the firmware holds none.",
            "Have the maker's service tool set it, then boot again.",
        );
    }
    if identity.good_uuid().is_none() {
        found.say(
            Warning,
            Part::Smbios,
            identity.uuid.map_or("no system UUID".to_owned(), |uuid| uuid.to_string()),
            "No usable system UUID",
            "The firmware holds none, or one that many machines share.",
            "Check that registration accepted this device before shipping it.",
        );
    }
}

/// What the batch registers by is there, and good.
pub(super) fn policy(device: &Device, around: &Around<'_>, found: &mut Found) {
    match around.policy {
        IdentityPolicy::LinuxHash => match (device.linux_hash(), &device.windows_hash) {
            (Some(made), _) => {
                trust(device, around.trust, found);
                critical(device, &made.hash, "hash made on Linux", found);
            }
            // Windows' own is better than ours; it only came by another way.
            (None, Some(imported)) => critical(device, &imported.hash, imported.hash.origin().words(), found),
            (None, None) => no_hash(device, found),
        },
        IdentityPolicy::WindowsHash => match &device.windows_hash {
            Some(imported) => critical(device, &imported.hash, imported.hash.origin().words(), found),
            None => found.say(
                Stop,
                Part::Hash,
                "no hash imported for it",
                "Windows hash required for this batch",
                "The batch relies only on hashes that Windows or WinPE made; none was imported for this laptop.",
                "Make one in Windows setup (Ctrl+Shift+D, export logs) or in WinPE with oa3tool, and import its file on this bench.",
            ),
        },
        IdentityPolicy::Tuple => tuple(device, found),
    }
    other_board(device, around.policy, found);
}

fn trust(device: &Device, trust: &ModelTrust, found: &mut Found) {
    let model = device.model_name().to_string();
    match trust {
        ModelTrust::Accepted { .. } => {}
        ModelTrust::Untested => found.say(
            Warning,
            Part::Hash,
            model,
            "Experimental hash: this model was not compared with Windows yet",
            "No laptop of this model has been compared with a hash that Windows made.",
            "Capture one of them with Windows or WinPE and import its hash: if both agree, all of the model are accepted.",
        ),
        ModelTrust::Differs { fields } => {
            let names = list(fields);
            found.say(
                Stop,
                Part::Hash,
                format!("{model}: {names}"),
                "Hash made on Linux differs from Windows' for this model",
                format!("On a laptop of this model Windows' own hash has other values in {names}."),
                "Import Windows hashes for this model, or open the batch with another identity policy.",
            );
        }
    }
}

fn no_hash(device: &Device, found: &mut Found) {
    let said = device.capture.iter().flat_map(|capture| &capture.findings).filter(|finding| finding.part == Part::Hash);
    let said: Vec<&str> = said.map(|finding| finding.what.as_str()).collect();
    found.say(
        Stop,
        Part::Hash,
        if said.is_empty() { "the capture has none".to_owned() } else { said.join("; ") },
        "No hardware hash",
        "The batch registers by the hash made on the laptop, and this capture brought none.",
        "Boot it again from a stick made by this version, or import a hash that Windows or WinPE made.",
    );
}

/// Fields without which Windows' own validator calls a hash bad.
fn critical(device: &Device, hash: &HardwareHash, made_by: &str, found: &mut Found) {
    // Said already, in better words: a laptop without a TPM or without a Windows key cannot have them in its
    // hash, and what is known by a hash alone was checked by what that lacks.
    let alone = device.capture.is_none();
    let no_tpm = device.capture.as_ref().is_some_and(|capture| capture.tpm.is_none());
    let no_ek = device.capture.as_ref().is_some_and(|capture| capture.identity().ek.is_none());
    let no_key = device.any_product_key_id().is_none();
    let said = |field: &Critical| match field {
        Critical::TpmVersion => alone || no_tpm,
        Critical::EkPubHash => alone || no_ek,
        Critical::ProductKeyId => no_key,
        Critical::SmbiosSystemSerialNumber => device.identity.good_serial().is_none(),
        Critical::SmbiosUuid => device.identity.good_uuid().is_none(),
        _ => false,
    };
    let missing: Vec<Critical> = hash.missing().into_iter().filter(|field| !said(field)).collect();
    let fatal = |field: &Critical| {
        matches!(
            field,
            Critical::TpmVersion
                | Critical::EkPubHash
                | Critical::SmbiosSystemSerialNumber
                | Critical::SmbiosSystemManufacturer
        )
    };
    let (stops, warnings): (Vec<_>, Vec<_>) = missing.into_iter().partition(fatal);
    let mut say = |severity: Severity, fields: &[Critical], why: &str, next: &str| {
        if !fields.is_empty() {
            let names = list(fields);
            found.say(severity, Part::Hash, made_by, format!("The hash lacks {names}"), why, next);
        }
    };
    say(
        Stop,
        &stops,
        "Registration refuses a hash without maker and serial number; without the TPM's key it is accepted, and the technician \
         phase fails.",
        "Capture it again with the TPM on: with our agent, or in WinPE with PCPKsp.dll beside oa3tool.",
    );
    say(
        Warning,
        &warnings,
        "Windows' own validator calls these fields critical; registration may take the hash all the same.",
        "Check that registration accepted this device before shipping it.",
    );
}

/// Maker, model and serial number, or the product key id.
fn tuple(device: &Device, found: &mut Found) {
    if device.any_product_key_id().is_some() {
        return;
    }
    let model = device.model_name();
    let parts = [
        (model.manufacturer.trim().is_empty(), "maker"),
        (model.product.trim().is_empty(), "model"),
        (device.identity.good_serial().is_none(), "serial number"),
    ];
    let missing: Vec<&str> = parts.iter().filter(|(missing, _)| *missing).map(|(_, name)| *name).collect();
    if !missing.is_empty() {
        found.say(
            Stop,
            Part::Smbios,
            format!("{model}, no product key id"),
            format!("Cannot be registered by name: no {}", missing.join(", no ")),
            "The batch registers by maker, model and serial number, or by the product key id. All three, or that one, must be there.",
            "Scan the product key id from the box, or have the maker's service tool set what is missing.",
        );
    }
}

/// The imported hash is older than the board, or somebody else's.
fn other_board(device: &Device, policy: IdentityPolicy, found: &mut Found) {
    let (Some(capture), Some(imported)) = (&device.capture, &device.windows_hash) else { return };
    let (own, theirs) = (capture.identity().ek, imported.hash.identity().ek);
    let (Some(own), Some(theirs)) = (own, theirs) else { return };
    if own != theirs {
        let short = |digest: String| digest.chars().take(12).collect::<String>();
        found.say(
            if policy == IdentityPolicy::WindowsHash { Stop } else { Warning },
            Part::Hash,
            format!("TPM key {} in the laptop, {} in the hash", short(own.to_string()), short(theirs.to_string())),
            "The imported hash is of another board",
            format!(
                "{}, line {}, has another TPM key than the laptop has now.",
                imported.source.name, imported.source.line
            ),
            "Capture it again with Windows or WinPE, and import that. Never register the old one.",
        );
    }
}

fn list(fields: &[Critical]) -> String {
    fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(", ")
}
