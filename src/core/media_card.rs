//! What a boot medium carries for the agent: who to seal for, and the token that proves the
//! capture came through this medium. Nothing else of value is ever on a stick.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{hex_id::hex_id, media::stick::StickId};

hex_id!(
    /// Names one boot medium (one stick image, one network-boot tree). Public.
    MediaId, 16
);
hex_id!(
    /// The bench's X25519 public key. Public.
    BoxKey, 32
);

impl BoxKey {
    /// The first eight bytes: enough to tell "sealed for another bench" from "damaged".
    pub fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[..8]);
        id
    }
}

/// 32 bytes of entropy shared by the bench and one medium: the HPKE pre-shared key (RFC 9180, 5.1.2).
///
/// Worth nothing without the bench: it lets its finder *send* a capture, never read one, and the
/// bench forgets it when the medium is revoked.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct MediaToken([u8; 32]);

impl MediaToken {
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MediaToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaToken(..)")
    }
}

impl Serialize for MediaToken {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for MediaToken {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// `/etc/whiteglove/media.json` in the boot environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaCard {
    pub media: MediaId,
    pub box_key: BoxKey,
    pub token: MediaToken,
    /// Base URLs by IP address, tried in order (`http://192.168.7.1:8780`). Empty: ask the network.
    pub endpoints: Vec<String>,
    /// The batch this medium was made for, as a person named it.
    pub batch: String,
    /// The bench's name, as shown on the laptop's screen.
    pub bench: String,
    /// FAT volume serial of the data volume that takes captures when no endpoint answers.
    pub data_volume: Option<u32>,
}

/// The field of a card that differs from stick to stick, and how wide the largest volume serial is.
const DATA_VOLUME: &str = "\"data_volume\":";
const SERIAL_WIDTH: usize = 10;

impl MediaCard {
    /// Where the boot environment keeps it.
    pub const PATH: &'static str = "/etc/whiteglove/media.json";

    /// As it goes on a medium: JSON in which the data volume's serial number has a fixed width, so that each stick's
    /// own can be put in its place.
    ///
    /// # Errors
    /// None that a card could cause.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_string(self)?;
        // The last one: a person's own words come before it, and quotes in them are escaped.
        if let (Some(serial), Some(at)) = (self.data_volume, text.rfind(DATA_VOLUME)) {
            let digits = at + DATA_VOLUME.len();
            let end = digits + serial.to_string().len();
            text.replace_range(digits..end, &format!("{serial:<SERIAL_WIDTH$}"));
        }
        Ok(text.into_bytes())
    }
}

/// `/etc/whiteglove/stick.json` in the boot environment: which stick of its medium this one is. Zero: it is not known,
/// as on an image that was copied by something else than whiteglove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StickCard {
    stick: Option<StickId>,
}

const STICK: &str = "{\"stick\":\"";

impl StickCard {
    pub const PATH: &'static str = "/etc/whiteglove/stick.json";

    /// As it goes on an image, with room for the number of each stick.
    pub fn blank() -> Vec<u8> {
        format!("{STICK}{}\"}}", StickId([0; 16])).into_bytes()
    }

    pub fn stick(&self) -> Option<StickId> {
        self.stick.filter(|stick| stick.0 != [0; 16])
    }
}

/// Where a boot volume has the archive of both cards.
pub const ARCHIVE: &str = "boot/media.cpio";

/// The same for a medium that starts something else than our agent: what differs from stick to stick, and nothing to
/// send captures by.
pub const STICK_FILE: &str = "whiteglove/stick.json";

/// Bytes of [`STICK_FILE`] on an image.
pub fn stick_file(data_volume: u32) -> Vec<u8> {
    let stick = String::from_utf8(StickCard::blank()).unwrap_or_default();
    format!("[{{{DATA_VOLUME}{data_volume:<SERIAL_WIDTH$}}},{stick}]\n").into_bytes()
}

/// Whether a file of the boot volume differs from stick to stick.
pub fn is_personal(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    [ARCHIVE, STICK_FILE].iter().any(|known| path.eq_ignore_ascii_case(known))
}

/// Puts a stick's number and its data volume's serial into the archive that holds both cards. `None`: it holds no such
/// cards, as it was made before sticks had numbers.
pub fn personalised(archive: &[u8], stick: StickId, data_volume: u32) -> Option<Vec<u8>> {
    let mut archive = archive.to_vec();
    let number = field(&archive, STICK, 32)?;
    let serial = field(&archive, DATA_VOLUME, SERIAL_WIDTH)?;
    let digits = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b' ');
    if archive[number.clone()].iter().any(|byte| *byte != b'0') || !digits(&archive[serial.clone()]) {
        return None;
    }
    archive[number].copy_from_slice(stick.to_string().as_bytes());
    archive[serial].copy_from_slice(format!("{data_volume:<SERIAL_WIDTH$}").as_bytes());
    Some(archive)
}

/// The archive as it was on the image, and what was put in for this stick.
pub fn as_on_image(archive: &[u8], data_volume: u32) -> Option<(Vec<u8>, StickId, u32)> {
    let mut archive = archive.to_vec();
    let number = field(&archive, STICK, 32)?;
    let serial = field(&archive, DATA_VOLUME, SERIAL_WIDTH)?;
    let text = |range: &std::ops::Range<usize>| std::str::from_utf8(&archive[range.clone()]).ok();
    let (stick, own) = (text(&number)?.parse().ok()?, text(&serial)?.trim_end().parse().ok()?);
    archive[number].copy_from_slice(StickId([0; 16]).to_string().as_bytes());
    archive[serial].copy_from_slice(format!("{data_volume:<SERIAL_WIDTH$}").as_bytes());
    Some((archive, stick, own))
}

/// The bytes behind the last such words.
fn field(bytes: &[u8], words: &str, width: usize) -> Option<std::ops::Range<usize>> {
    let at = memchr::memmem::rfind(bytes, words.as_bytes())? + words.len();
    (at + width <= bytes.len()).then_some(at..at + width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(data_volume: Option<u32>) -> MediaCard {
        MediaCard {
            media: MediaId([1; 16]),
            box_key: BoxKey([2; 32]),
            token: MediaToken::new([3; 32]),
            endpoints: vec!["http://192.168.7.1:8780".into()],
            batch: "autumn \"data_volume\":7".into(),
            bench: "{\"stick\":\"".into(),
            data_volume,
        }
    }

    #[test]
    fn the_serial_number_has_its_width_whatever_people_call_things() {
        for serial in [0, 9, u32::MAX] {
            let text = card(Some(serial)).to_json().unwrap();
            assert_eq!(text.len(), card(Some(u32::MAX)).to_json().unwrap().len());
            assert_eq!(serde_json::from_slice::<MediaCard>(&text).unwrap(), card(Some(serial)));
        }
        let text = card(None).to_json().unwrap();
        assert_eq!(serde_json::from_slice::<MediaCard>(&text).unwrap(), card(None));
    }

    #[test]
    fn a_medium_without_cards_has_room_for_the_same() {
        let blank = stick_file(7);
        let stick = StickId([0xcd; 16]);
        let own = personalised(&blank, stick, u32::MAX).unwrap();
        assert_eq!(as_on_image(&own, 7), Some((blank.clone(), stick, u32::MAX)));
        for file in [blank, own] {
            let json: serde_json::Value = serde_json::from_slice(&file).unwrap();
            assert!(json[0]["data_volume"].is_u64() && json[1]["stick"].is_string(), "{json}");
        }
        assert!(is_personal("/Whiteglove/stick.json") && is_personal(ARCHIVE) && !is_personal("stick.json"));
    }

    #[test]
    fn a_stick_gets_its_own_number_and_volume_in_the_same_room() {
        let (media, blank) = (card(Some(5)).to_json().unwrap(), StickCard::blank());
        assert_eq!(serde_json::from_slice::<StickCard>(&blank).unwrap().stick(), None);
        let archive = [&media[..], &blank].concat();
        let stick = StickId([0xab; 16]);
        let own = personalised(&archive, stick, 4_000_000_000).unwrap();
        assert_eq!(own.len(), archive.len());
        assert_eq!(as_on_image(&own, 5), Some((archive, stick, 4_000_000_000)));
        let (media, stick_card) = own.split_at(media.len());
        assert_eq!(serde_json::from_slice::<MediaCard>(media).unwrap(), card(Some(4_000_000_000)));
        assert_eq!(serde_json::from_slice::<StickCard>(stick_card).unwrap().stick(), Some(stick));
        // An image is personalised, a stick's copy of it is not once more.
        assert_eq!(personalised(&own, StickId([1; 16]), 1), None);
        assert_eq!(personalised(media, stick, 1), None, "made before sticks had numbers");
    }
}
