//! Processors that Windows 11 does not support.
//!
//! Rules: Microsoft's HardwareReadiness.ps1 (2021, MIT licence), which asks for family, model and stepping.
//! Other makers than Intel and AMD are not judged.

use super::{Found, Severity::Warning};
use crate::capture::{Cpu, Part};

pub(super) fn check(cpu: &Cpu, found: &mut Found) {
    // An agent that could not read it gives zeros.
    if cpu.family == 0 || is_supported(cpu) {
        return;
    }
    let (family, model, stepping) = (cpu.family, cpu.model_number, cpu.stepping);
    found.say(
        Warning,
        Part::Cpu,
        format!("{} (family {family}, model {model}, stepping {stepping})", cpu.model.trim()),
        "The processor is too old for Windows 11",
        "Windows 11 supports Intel from the 8th generation and AMD from Zen+. Its setup refuses older ones, and Windows 10 \
         gets no free updates any more.",
        "Use it with Windows 10 and a support plan, or leave it out of the batch.",
    );
}

fn is_supported(cpu: &Cpu) -> bool {
    match (cpu.vendor.as_str(), cpu.family, cpu.model_number) {
        // Skylake server and everything newer than Skylake.
        ("GenuineIntel", 6, 85) => true,
        ("GenuineIntel", 6, ..=95) => false,
        // Kaby Lake of the 7th generation and Amber Lake of the 8th share model and stepping; Microsoft tells
        // them by a platform number that Linux does not show, we by the name. The i7-7820HQ is Microsoft's exception.
        ("GenuineIntel", 6, 142 | 158) if cpu.stepping == 9 => {
            cpu.model.contains("-8") || cpu.model.contains("i7-7820HQ")
        }
        ("GenuineIntel", ..6, _) | ("AuthenticAMD", ..23, _) | ("AuthenticAMD", 23, 1 | 17) => false,
        _ => true,
    }
}
