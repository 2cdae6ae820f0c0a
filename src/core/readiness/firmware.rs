//! How the machine boots, and what an earlier life left in its firmware.

use super::{
    Found,
    Severity::{Stop, Warning},
};
use crate::{
    capture::{Capture, FirmwareVariable, Part},
    preflight::{Doubt, Medium, Verdict, judge, trusted},
};

pub(super) fn checks(capture: &Capture, found: &mut Found) {
    let firmware = &capture.firmware;
    if !firmware.uefi {
        found.say(
            Stop,
            Part::Firmware,
            "no UEFI under this boot",
            "Booted in BIOS (CSM) mode",
            "Windows 11 and TPM attestation need UEFI.",
            "Switch the firmware to UEFI only, Secure Boot on, and boot again.",
        );
    } else if firmware.setup_mode == Some(true) {
        found.say(
            Warning,
            Part::Firmware,
            "SetupMode=1",
            "Secure Boot has no keys (setup mode)",
            "The firmware takes any keys from anybody, and Secure Boot is not in force. Most compliance policies then mark \
             the laptop as not compliant.",
            "Restore the factory keys in the firmware setup (Secure Boot, key management), then turn Secure Boot on.",
        );
    } else if firmware.secure_boot != Some(true) {
        let evidence = firmware.secure_boot.map_or("the firmware has no SecureBoot variable", |_| "SecureBoot=0");
        found.say(
            Warning,
            Part::Firmware,
            evidence,
            "Secure Boot is off",
            "Windows may be installed, but most compliance policies then mark the laptop as not compliant.",
            "Turn Secure Boot on in the firmware setup.",
        );
    }
    device_link(capture, found);
}

/// Whether it would start what its batch boots from. It was captured all the same: by an older medium, over the network,
/// or with Secure Boot off.
pub(super) fn medium(capture: &Capture, medium: Option<&Medium>, found: &mut Found) {
    let (Some(medium), Some(keys)) = (medium, &capture.firmware.keys) else { return };
    let verdict = judge(medium, Some(&capture.firmware));
    let Some(reason) = verdict.against().first() else { return };
    let evidence: Vec<String> =
        trusted(keys).into_iter().take(2).map(|(name, value)| format!("{name}: {value}")).collect();
    let what = match &verdict {
        Verdict::Unknown(Doubt::Off { .. }) => format!("With Secure Boot on it refuses the batch's medium: {reason}"),
        _ => format!("It refuses the batch's medium: {reason}"),
    };
    found.say(
        Warning,
        Part::Firmware,
        evidence.join("; "),
        what,
        format!("The newest medium of the batch starts by {}.", medium.words()),
        reason.next(),
    );
}

fn device_link(capture: &Capture, found: &mut Found) {
    if capture.device_link.is_empty() {
        return;
    }
    let names: Vec<&str> = capture.device_link.iter().map(|variable| variable.name.as_str()).collect();
    let evidence = names.join(", ");
    match capture.device_link.iter().any(FirmwareVariable::is_association) {
        true => found.say(
            Stop,
            Part::DeviceLink,
            evidence,
            "Associated with a tenant in its firmware (DeviceLink)",
            "Windows setup follows an association before it asks for an Autopilot registration, so this laptop takes the way of \
             device preparation, without a technician phase. It survives wiping and reinstalling.",
            "Find out whose it is, have the association removed there, and clear it at the laptop itself (firmware setup: restore \
             the factory settings and Secure Boot keys). Then boot again.",
        ),
        false => found.say(
            Warning,
            Part::DeviceLink,
            evidence,
            "Windows made an association id for it before (DeviceLink)",
            "Somebody opened the association menu of Windows setup. No tenant's token is stored that we know of; a stored one would \
             beat the Autopilot registration.",
            "Look at what Windows setup shows: if it names another company, put the laptop aside.",
        ),
    }
}
