//! Windows PE on our media: what is put into a customer's `boot.wim`, and the card that says whose medium it is.
//!
//! The image is the same for all media of a bench. What differs lies beside it on the boot volume, or comes over the
//! network under [`NETWORK_CARD`]: a few lines of `set NAME=value`. Our script reads them and never runs them, so
//! neither a bench's name nor a card that somebody left on a laptop's disk can make it do anything.
//!
//! Windows PE has no X25519 and nothing to make a digest with, so it cannot seal what it sends as our agent does. A
//! medium's [`Pass`] goes along in its place: readable on the medium and on the wire, and good for nothing but to
//! hand in captures while the medium is not revoked.
//!
//! Sources: Microsoft's references of winpeshl.ini and wpeutil; `whiteglove/OA3.cfg` and `input.xml` are what oa3tool
//! of the ADK wants for a report (the key is checked by nobody with `/NoKeyCheck`).

mod answer;
mod pass;

pub use answer::{Answer, Verdict};
pub use pass::Pass;

use crate::{media_card::MediaCard, script::crlf};

/// Holds what is ours inside the image; the tools of the customer's ADK too.
pub const FOLDER: &str = "whiteglove";
/// Where the customer's own tools go inside the image.
pub const OA3TOOL: &str = "whiteglove/oa3tool.exe";
/// Lets oa3tool read the TPM; without it the hash does not do for pre-provisioning.
pub const PCPKSP: &str = "Windows/System32/PCPKsp.dll";
/// Sends the hash to the bench.
pub const CURL: &str = "Windows/System32/curl.exe";
/// The card, on the boot volume.
pub const CARD: &str = "whiteglove/card.cmd";
/// The card as wimboot puts it into `Windows/System32`.
pub const NETWORK_CARD: &str = "card.cmd";
/// Folder of the boot volume: every `.inf` in it, however deep, is loaded.
pub const DRIVERS: &str = "drivers";
/// Folder of the data volume that takes captures; see also [`crate::script::data_files`].
pub const CAPTURES: &str = "captures";

/// Other characters of a name become underscores, on the screen of the laptop only.
const LONGEST_NAME: usize = 40;
/// Addresses of one bench; each is asked for seconds.
const MOST_ENDPOINTS: usize = 8;

/// Path inside the image and bytes of each file of ours. Replaces what is there under these names.
pub fn injected() -> Vec<(&'static str, Vec<u8>)> {
    [
        ("Windows/System32/winpeshl.ini", include_str!("pe/winpeshl.ini")),
        ("whiteglove/start.cmd", include_str!("pe/start.cmd")),
        ("whiteglove/OA3.cfg", include_str!("pe/OA3.cfg")),
        ("whiteglove/input.xml", include_str!("pe/input.xml")),
    ]
    .map(|(path, text)| (path, crlf(text)))
    .into()
}

/// The bytes of [`CARD`] and of [`NETWORK_CARD`].
pub fn card(card: &MediaCard) -> Vec<u8> {
    let endpoints: Vec<_> = card.endpoints.iter().filter_map(|url| endpoint(url)).take(MOST_ENDPOINTS).collect();
    let lines = [
        ("WG_MEDIA", card.media.to_string()),
        ("WG_PASS", Pass::of(&card.token).to_string()),
        ("WG_BENCH", name(&card.bench)),
        ("WG_BATCH", name(&card.batch)),
        ("WG_ENDPOINTS", endpoints.join(" ")),
        ("WG_SAVE", if card.data_volume.is_some() { "yes" } else { "no" }.to_owned()),
    ];
    // A name without a value would be unset by `set`, which is what it means.
    crlf(&lines.map(|(name, value)| format!("set {name}={value}\n")).concat())
}

/// What start.cmd takes for harmless, besides letters and digits.
fn is_harmless(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".:/_=[]- ".contains(character)
}

/// A person's words, for the screen.
fn name(words: &str) -> String {
    let characters = words.trim().chars().take(LONGEST_NAME);
    let kept: String = characters.map(|c| if is_harmless(c) && c != '=' { c } else { '_' }).collect();
    kept.trim().to_owned()
}

/// An address that start.cmd can use as it is; one that it cannot is left out.
fn endpoint(url: &str) -> Option<&str> {
    let url = url.trim_end_matches('/');
    let host = url.strip_prefix("http://")?;
    let sound = |c| is_harmless(c) && !"=/ ".contains(c);
    (!host.is_empty() && host.len() <= 80 && host.chars().all(sound)).then_some(url)
}

#[cfg(test)]
mod tests;
