//! What to say where there is no hash, or nothing to compare it with.

use whiteglove_core::{capture::Part, control::Sheet, problem::Problem};

/// Our agent made none.
pub(super) fn linux(sheet: &Sheet) -> Problem {
    let Some(capture) = sheet.device.capture.as_deref() else {
        return Problem::new(
            "This laptop has no hash made on Linux",
            "Our agent has not read it yet.",
            "Boot it from a whiteglove stick or over the network: the agent makes the hash and sends it.",
        );
    };
    let finding = capture.findings.iter().find(|finding| finding.part == Part::Hash);
    Problem::new(
        "This laptop has no hash made on Linux",
        finding.map_or(
            "The agent that read it sent none: its stick is an old one, or it could not make one.",
            |finding| &finding.what,
        ),
        "Boot it again from a new stick. If that brings none either, make the hash with Windows or WinPE: \
         whiteglove import FILE",
    )
}

/// Nobody imported one.
pub(super) fn windows() -> Problem {
    Problem::new(
        "There is no hash of this laptop that Windows made",
        "Nobody imported one: neither OA3.xml of WinPE's oa3tool, nor a CSV of Get-WindowsAutopilotInfo or of Windows \
         setup.",
        "Capture this very unit with Windows or WinPE, then: whiteglove import FILE",
    )
}

/// The acceptance test needs both.
pub(super) fn comparison(sheet: &Sheet) -> Problem {
    let (linux, windows) = (sheet.device.linux_hash(), sheet.device.windows_hash.as_ref());
    match (linux, windows) {
        (None, None) => Problem::new(
            "There is nothing to compare: this laptop has no hash yet",
            linux_reason(sheet),
            "Boot it from a whiteglove stick, then capture the same unit with Windows or WinPE: whiteglove import FILE",
        ),
        (None, Some(_)) => Problem::new(
            "Only Windows made a hash of this laptop: there is nothing to compare it with",
            linux_reason(sheet),
            self::linux(sheet).next,
        ),
        (Some(_), _) => Problem::new(
            "Whether Windows would make the same hash is not known",
            "To know it, the hash made on Linux is laid beside one that Windows or WinPE made of the same unit.",
            "Capture this very unit with Windows or WinPE, then: whiteglove import FILE. One unit of each model is \
             enough; the result counts for its model.",
        ),
    }
}

fn linux_reason(sheet: &Sheet) -> String {
    linux(sheet).why
}
