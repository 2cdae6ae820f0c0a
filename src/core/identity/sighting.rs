//! When two sightings are one machine, and when they cannot both be true.

use serde::{Deserialize, Serialize};

use super::{Identity, Serial};

/// What two identities say about each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// One machine, by this at best.
    Same(Tie),
    Different,
    /// They share what no two machines may share, and differ where one machine cannot.
    Conflict(Clash),
}

/// What ties two sightings together, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tie {
    Nic,
    ProductKey,
    Serial,
    Uuid,
    Ek,
}

/// What two machines claim at once. A person resolves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clash {
    /// Two boards with one serial number, both on the bench these hours.
    SerialOnOtherBoard,
    /// A serial number the bench knows from earlier or from a file, with another TPM or UUID now.
    BoardChanged,
    /// Serial number and UUID are known, the TPM's key is another one.
    EkChanged,
    /// Serial number and TPM are known, the UUID is another one.
    UuidChanged,
    UuidOnOtherBoard,
    EkWithOtherUuid,
}

impl Identity {
    pub fn compare(&self, other: &Self) -> Sighting {
        let serial = agree(self.good_serial(), other.good_serial(), |one, other| Serial::is_same_as(one, other));
        let uuid = agree(self.good_uuid(), other.good_uuid(), |one, other| one == other);
        let ek = agree(self.ek, other.ek, |one, other| one == other);
        match (ek, uuid, serial) {
            (Some(true), Some(false), Some(true)) => Sighting::Conflict(Clash::UuidChanged),
            (Some(true), Some(false), _) => Sighting::Conflict(Clash::EkWithOtherUuid),
            // One TPM is one board, whatever the strings say; strings are edited in service.
            (Some(true), ..) => Sighting::Same(Tie::Ek),
            (Some(false), Some(true), Some(true)) => Sighting::Conflict(Clash::EkChanged),
            (Some(false), _, Some(true)) => Sighting::Conflict(Clash::SerialOnOtherBoard),
            (Some(false), Some(true), _) => Sighting::Conflict(Clash::UuidOnOtherBoard),
            (Some(false), ..) => Sighting::Different,
            (None, Some(true), Some(false)) => Sighting::Conflict(Clash::UuidOnOtherBoard),
            (None, Some(true), _) => Sighting::Same(Tie::Uuid),
            (None, Some(false), Some(true)) => Sighting::Conflict(Clash::SerialOnOtherBoard),
            (None, Some(false), _) => Sighting::Different,
            (None, None, Some(true)) => Sighting::Same(Tie::Serial),
            (None, None, Some(false)) => Sighting::Different,
            (None, None, None) => self.compare_the_rest(other),
        }
    }

    /// For two of which at least one has neither serial, UUID nor TPM key.
    fn compare_the_rest(&self, other: &Self) -> Sighting {
        // What a label alone can say; boards of one lot never share a Windows key.
        match agree(self.product_key_id.as_ref(), other.product_key_id.as_ref(), |one, other| one == other) {
            Some(true) => Sighting::Same(Tie::ProductKey),
            Some(false) => Sighting::Different,
            // No number left to go by. A shared factory address of a built-in NIC decides.
            None if self.macs.iter().any(|mac| mac.is_from_the_factory() && other.macs.contains(mac)) => {
                Sighting::Same(Tie::Nic)
            }
            None => Sighting::Different,
        }
    }
}

fn agree<T>(one: Option<T>, other: Option<T>, same: impl Fn(&T, &T) -> bool) -> Option<bool> {
    Some(same(&one?, &other?))
}
