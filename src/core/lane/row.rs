//! One laptop as one line: by which identity, or why not.

use super::{
    Lane,
    text::{cell, identifier},
};
use crate::{
    batch::{IdentityPolicy, ModelName, ModelTrust},
    device::{Device, DeviceId},
    entry::Refusal,
    hwhash::{Critical, HardwareHash},
    identity::{Identity, Serial},
    msdm::ProductKeyId,
};

/// A line, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub device: DeviceId,
    /// What it is told from others by on paper.
    pub called: String,
    pub line: Line,
    /// What is worth knowing of it.
    pub remarks: Vec<String>,
}

/// Every text in it may stand between two commas.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    Intune {
        serial: String,
        hash: HardwareHash,
        group_tag: String,
        user: String,
    },
    Partner {
        identity: Registered,
        group_tag: String,
    },
    Identifier {
        manufacturer: String,
        model: String,
        serial: String,
    },
    /// `data` as the laptop exported it, unchanged.
    Association {
        serial: String,
        manufacturer: String,
        model: String,
        data: String,
    },
}

/// One of the sets that Partner Center documents; what is in none of them is left empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Registered {
    Hash { serial: String, product_key_id: Option<ProductKeyId>, hash: HardwareHash },
    ProductKeyId(ProductKeyId),
    Tuple { serial: String, manufacturer: String, model: String },
}

/// No published limit; tools guard this many.
const LONG_TAG: usize = 64;

/// The line of a laptop that nothing else stands against.
pub(crate) fn row(
    lane: Lane,
    device: &Device,
    policy: IdentityPolicy,
    trust: &ModelTrust,
    group_tag: Option<&str>,
) -> Result<Row, Refusal> {
    let mut remarks = vec![];
    let line = match lane {
        Lane::Corporate => identifiers(device, &mut remarks)?,
        Lane::Association => association(device)?,
        Lane::Partner => {
            let identity = match policy {
                IdentityPolicy::Tuple => by_name(device, &mut remarks)?,
                _ => by_hash(device, policy, trust, &mut remarks)?,
            };
            Line::Partner { identity, group_tag: tag(device, group_tag, &mut remarks)? }
        }
        Lane::Intune => {
            let Registered::Hash { serial, hash, .. } = by_hash(device, policy, trust, &mut remarks)? else {
                return Err(no_hash(device, policy));
            };
            let group_tag = tag(device, group_tag, &mut remarks)?;
            Line::Intune { serial, hash, group_tag, user: cell("assigned user", &device.assigned_user)? }
        }
    };
    let called = device.any_serial().map(ToString::to_string);
    let called = called.or_else(|| device.any_product_key_id().map(ToString::to_string)).unwrap_or_default();
    Ok(Row { device: device.id, called, line, remarks })
}

fn tag(device: &Device, asked: Option<&str>, remarks: &mut Vec<String>) -> Result<String, Refusal> {
    let own = device.group_tag.as_str();
    if let Some(asked) = asked.filter(|asked| !own.is_empty() && *asked != own) {
        remarks.push(format!("group tag {asked} as asked for, not its own, {own}"));
    }
    let tag = cell("group tag", asked.unwrap_or(own))?;
    if tag.len() > LONG_TAG {
        remarks.push(format!("its group tag is longer than {LONG_TAG} characters: check that it arrived whole"));
    }
    Ok(tag)
}

/// By the hash that the batch relies on.
fn by_hash(
    device: &Device,
    policy: IdentityPolicy,
    trust: &ModelTrust,
    remarks: &mut Vec<String>,
) -> Result<Registered, Refusal> {
    let windows = device.windows_hash.as_ref().map(|known| &known.hash);
    let hash = match (policy, device.linux_hash(), trust) {
        (IdentityPolicy::LinuxHash, Some(_), ModelTrust::Differs { fields }) => windows.ok_or_else(|| {
            let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
            Refusal {
                why: format!("The hash made on Linux differs from Windows' for this model, in {}.", names.join(", ")),
                next: "Import a hash that Windows or WinPE made of it.".to_owned(),
            }
        })?,
        (IdentityPolicy::LinuxHash, Some(made), trust) => {
            if *trust == ModelTrust::Untested {
                remarks.push("experimental hash: its model was not compared with Windows yet".to_owned());
            }
            &made.hash
        }
        _ => windows.ok_or_else(|| no_hash(device, policy))?,
    };
    let known = hash.identity();
    check_whole(hash)?;
    check_same(device, &known)?;
    let serial = known.good_serial().or_else(|| device.any_serial()).ok_or_else(no_serial)?;
    // Only what the hash says itself, so that a line never contradicts itself.
    let product_key_id = hash.product_key_id();
    Ok(Registered::Hash { serial: cell("serial number", serial.as_str())?, product_key_id, hash: hash.clone() })
}

fn no_hash(device: &Device, policy: IdentityPolicy) -> Refusal {
    let (why, next) = match policy {
        IdentityPolicy::WindowsHash if device.linux_hash().is_some() => (
            "There is only the hash made on Linux, and the batch relies on Windows' own.",
            "Import a hash that Windows or WinPE made of it.",
        ),
        _ => (
            "It has no hardware hash.",
            "Boot it from a whiteglove stick, or import a hash that Windows or WinPE made of it.",
        ),
    };
    Refusal { why: why.to_owned(), next: next.to_owned() }
}

fn no_serial() -> Refusal {
    Refusal {
        why: "It has no usable serial number.".to_owned(),
        next: "Have the maker's service tool set it, then capture it again.".to_owned(),
    }
}

/// Registration takes a hash without TPM data, and then the technician phase fails for ever.
fn check_whole(hash: &HardwareHash) -> Result<(), Refusal> {
    let fatal = |field: &Critical| {
        matches!(
            field,
            Critical::TpmVersion
                | Critical::EkPubHash
                | Critical::SmbiosSystemSerialNumber
                | Critical::SmbiosSystemManufacturer
        )
    };
    let missing: Vec<_> = hash.missing().into_iter().filter(fatal).map(Critical::name).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Refusal {
            why: format!("Its hash lacks {}.", missing.join(", ")),
            next: "Turn the TPM on in the firmware setup and capture it again.".to_owned(),
        }),
    }
}

/// A hash of the board that was thrown away must never be registered.
fn check_same(device: &Device, hash: &Identity) -> Result<(), Refusal> {
    let own = &device.identity;
    let other = |what: &str, own: String, theirs: String| Refusal {
        why: format!("Its hash is of another board: {what} {theirs} there, {own} in the laptop."),
        next: "Capture it again with Windows or WinPE, and import that.".to_owned(),
    };
    if let (Some(own), Some(theirs)) = (own.ek, hash.ek)
        && own != theirs
    {
        let short = |digest: String| digest.chars().take(12).collect();
        return Err(other("TPM key", short(own.to_string()), short(theirs.to_string())));
    }
    if let (Some(own), Some(theirs)) = (own.good_uuid(), hash.good_uuid())
        && own != theirs
    {
        return Err(other("UUID", own.to_string(), theirs.to_string()));
    }
    if let (Some(own), Some(theirs)) = (own.good_serial(), hash.good_serial())
        && !own.is_same_as(theirs)
    {
        return Err(other("serial number", own.to_string(), theirs.to_string()));
    }
    Ok(())
}

/// Maker, model and serial number, if they are all there and how we know.
fn tuple(device: &Device) -> Result<(ModelName, &Serial), Refusal> {
    let model = device.model_name();
    let serial = device.any_serial();
    let missing = [
        (model.manufacturer.trim().is_empty(), "maker"),
        (model.product.trim().is_empty(), "model"),
        (serial.is_none(), "serial number"),
    ];
    match serial {
        Some(serial) if missing.iter().all(|(missing, _)| !missing) => Ok((model, serial)),
        _ => {
            let missing: Vec<_> = missing.iter().filter(|(missing, _)| *missing).map(|(_, what)| *what).collect();
            Err(Refusal {
                why: format!("Nothing tells its {}.", missing.join(", ")),
                next: "Boot it from a whiteglove stick once; or scan the product key id from its box.".to_owned(),
            })
        }
    }
}

/// The strings have to be those of the firmware, which a list may call otherwise.
fn hearsay(device: &Device, remarks: &mut Vec<String>) {
    if device.heard().is_none() && device.windows_hash.is_none() {
        remarks.push("maker and model are a list's words, not read from the laptop".to_owned());
    }
}

/// What the laptop itself says, else the number on its box, else what a list says.
fn by_name(device: &Device, remarks: &mut Vec<String>) -> Result<Registered, Refusal> {
    let spoken = device.heard().is_some() || device.windows_hash.is_some();
    let (model, serial) = match (tuple(device), device.any_product_key_id()) {
        (Ok(tuple), None) => tuple,
        (Ok(tuple), Some(_)) if spoken => tuple,
        (_, Some(key)) => return Ok(Registered::ProductKeyId(key.clone())),
        (Err(refusal), None) => return Err(refusal),
    };
    hearsay(device, remarks);
    Ok(Registered::Tuple {
        serial: cell("serial number", serial.as_str())?,
        manufacturer: cell("maker", &model.manufacturer)?,
        model: cell("model", &model.product)?,
    })
}

fn association(device: &Device) -> Result<Line, Refusal> {
    let link = device.device_link.as_ref().ok_or_else(|| Refusal {
        why: "It has no device association data.".to_owned(),
        next: "In Windows setup press Windows ×5, export the device information, then import that file.".to_owned(),
    })?;
    let (model, serial) = tuple(device)?;
    Ok(Line::Association {
        serial: cell("serial number", serial.as_str())?,
        manufacturer: cell("maker", &model.manufacturer)?,
        model: cell("model", &model.product)?,
        data: cell("association data", &link.data)?,
    })
}

fn identifiers(device: &Device, remarks: &mut Vec<String>) -> Result<Line, Refusal> {
    let (model, serial) = tuple(device)?;
    hearsay(device, remarks);
    let texts =
        [("maker", model.manufacturer.as_str()), ("model", model.product.as_str()), ("serial number", serial.as_str())];
    let mut cells = texts.into_iter().map(|(what, text)| {
        let written = identifier(what, text)?;
        if written != text.trim() {
            remarks.push(format!("{what} {} written as {written}", text.trim()));
        }
        match written.is_empty() {
            true => Err(Refusal { why: format!("Nothing is left of its {what}."), next: "Correct it.".to_owned() }),
            false => Ok(written),
        }
    });
    let mut next = || cells.next().unwrap_or_else(|| Ok(String::new()));
    Ok(Line::Identifier { manufacturer: next()?, model: next()?, serial: next()? })
}
