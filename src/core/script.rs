//! What a technician types in Windows setup: `a` who is this laptop, `w` how far is it, `l` keep its logs.
//!
//! Three letters in the root of the stick's volumes, one PowerShell script behind each in `whiteglove/` on the
//! data volume. Everything is ASCII with CR LF: cmd.exe loses labels in files with bare LF, and reads anything
//! else than ASCII by whatever code page the laptop was sold with. The texts are files beside this one; what they
//! write, [`crate::import`] reads.
//!
//! They never talk to the endpoint. It takes sealed envelopes only, sealing needs X25519, and Windows PowerShell
//! 5.1 has none; a second door without a seal would be there for everybody on the bench's network. So a hash goes
//! by stick, readable, and the script says so.

use crate::media_card::MediaId;

/// One letter, its script, and what it is for.
const STARTERS: [(&str, &str, &str); 3] = [
    ("a.cmd", "capture", "who is this laptop"),
    ("w.cmd", "watch", "how far is the technician phase"),
    ("l.cmd", "logs", "keep the logs"),
];

const SCRIPTS: [(&str, &str); 4] = [
    ("capture", include_str!("script/capture.ps1")),
    ("common", include_str!("script/common.ps1")),
    ("logs", include_str!("script/logs.ps1")),
    ("watch", include_str!("script/watch.ps1")),
];

/// Says which stick this is; both volumes have it, so that one finds the other among several sticks.
const NUMBER: &str = "stick.id";

/// What [`crate::import`] takes for the capture script's evidence.
pub const EVIDENCE: &str = ".evidence.json";

/// Path and bytes of each file for the root of a volume: the letters, and the stick's number.
///
/// On the boot volume too: Windows gives its letter first, so that is the one people try.
pub fn starters(media: MediaId) -> Vec<(String, Vec<u8>)> {
    let letters = STARTERS.iter().map(|(name, script, title)| {
        let text = include_str!("script/start.cmd").replace("@SCRIPT@", script).replace("@TITLE@", title);
        ((*name).to_owned(), crlf(&text))
    });
    letters.chain([(NUMBER.to_owned(), crlf(&format!("{media}\n")))]).collect()
}

/// Path and bytes of each file for the data volume: the letters, and what they start.
pub fn data_files(media: MediaId) -> Vec<(String, Vec<u8>)> {
    let scripts = SCRIPTS.iter().map(|(name, text)| (format!("whiteglove/{name}.ps1"), crlf(text)));
    starters(media).into_iter().chain(scripts).collect()
}

/// However the source was checked out.
pub(crate) fn crlf(text: &str) -> Vec<u8> {
    text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

#[cfg(test)]
pub(crate) mod batch;
#[cfg(test)]
mod tests;
