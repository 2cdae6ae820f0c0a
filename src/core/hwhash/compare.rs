//! Two hashes field by field: the acceptance test of a hash made on Linux.

use serde::{Deserialize, Serialize};

use super::{Critical, HardwareHash, Record, critical::ek_pub_hash, field, words};
use crate::identity::{Identity, Mac};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field's name, with its number where there are several of a kind.
    pub name: String,
    /// `None`: it is only in the other one.
    pub left: Option<String>,
    pub right: Option<String>,
    pub critical: Option<Critical>,
    /// Equal values are listed too, so that the two stand side by side.
    pub same: bool,
}

/// What a comparison says about the hash on the left (made on Linux) by the one on the right (Windows or WinPE).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every critical field is the same. Wireless adapters that only the right one lists do not count:
    /// WinPE often lists none either.
    Accepted,
    Differs(Vec<Critical>),
    /// Serial, UUID or TPM key say that these are two machines: no test at all.
    OtherMachine,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    pub verdict: Verdict,
    /// In the order of the left hash, then what only the right one has.
    pub fields: Vec<Difference>,
    /// What is worth knowing although it does not count, in sentences.
    pub remarks: Vec<String>,
}

/// Whether the hash on the left would do for the machine that the one on the right was taken of.
///
/// Tool, system and time never count: they change with every capture.
pub fn compare(left: &HardwareHash, right: &HardwareHash) -> Comparison {
    let differing: Vec<_> = Critical::ALL.into_iter().filter(|critical| !agree(*critical, left, right)).collect();
    let mut remarks = vec![];
    let verdict = match two_machines(&left.identity(), &right.identity(), &mut remarks) {
        true => Verdict::OtherMachine,
        false if differing.is_empty() => Verdict::Accepted,
        false => Verdict::Differs(differing),
    };
    let (left_records, right_records) = (left.records(), right.records());
    let pairs = pairs(&left_records, &right_records);
    if verdict != Verdict::OtherMachine {
        pairs.iter().for_each(|pair| remark_on(*pair, &mut remarks));
        untested(left, right, &mut remarks);
    }
    Comparison { verdict, fields: rows(&pairs), remarks }
}

/// More of what names a machine contradicts than agrees. One TPM is one machine, whatever the strings say.
fn two_machines(left: &Identity, right: &Identity, remarks: &mut Vec<String>) -> bool {
    let said = [
        ("the serial number", same(left.good_serial(), right.good_serial())),
        ("the UUID", same(left.good_uuid(), right.good_uuid())),
        ("the TPM's key", same(left.ek, right.ek)),
    ];
    let names = |wanted: bool| {
        let matching = said.iter().filter(|(_, same)| *same == Some(wanted)).map(|(name, _)| *name);
        matching.collect::<Vec<_>>()
    };
    let (agreeing, contradicting) = (names(true), names(false));
    let ek_agrees = said[2].1 == Some(true);
    if contradicting.len() > agreeing.len() && !ek_agrees {
        return true;
    }
    match (agreeing.is_empty(), contradicting.is_empty()) {
        (false, false) => remarks.push(format!(
            "Of one machine by {}, but not by {}: make sure that both were taken of the same unit, with the same board",
            agreeing.join(" and "),
            contradicting.join(" and "),
        )),
        (true, true) => remarks.push(
            "No serial number, UUID or TPM key stands in both: that they are of one machine is only assumed".to_owned(),
        ),
        _ => {}
    }
    false
}

fn same<T: PartialEq>(left: Option<T>, right: Option<T>) -> Option<bool> {
    Some(left? == right?)
}

fn agree(critical: Critical, left: &HardwareHash, right: &HardwareHash) -> bool {
    match critical {
        Critical::EkPubHash => ek_pub_hash(left) == ek_pub_hash(right),
        Critical::MacAddress => adapters_agree(left, right),
        // To the byte, blanks included. In which order several disks stand is nobody's promise.
        _ => {
            let values = |hash: &HardwareHash| {
                let of_kind = hash.raw_records().filter(|(kind, _)| *kind == critical.kind());
                let mut values: Vec<_> = of_kind.map(|(_, value)| value.to_vec()).collect();
                values.sort();
                values
            };
            values(left) == values(right)
        }
    }
}

fn adapters_agree(left: &HardwareHash, right: &HardwareHash) -> bool {
    let adapters = |hash: &HardwareHash| -> Vec<(u32, Mac)> { hash.records().iter().filter_map(adapter).collect() };
    let (left, right) = (adapters(left), adapters(right));
    let has = |list: &[(u32, Mac)], mac: Mac| list.iter().any(|(_, other)| *other == mac);
    // None at all is not the same as fewer.
    left.is_empty() == right.is_empty()
        && left.iter().all(|(_, mac)| has(&right, *mac))
        && right.iter().all(|(medium, mac)| is_wireless(*medium) || has(&left, *mac))
}

fn adapter(record: &Record) -> Option<(u32, Mac)> {
    match record {
        Record::Network { medium, mac, .. } => Some((*medium, *mac)),
        _ => None,
    }
}

/// NDIS_PHYSICAL_MEDIUM: wireless LAN of old and new, mobile broadband, Bluetooth.
fn is_wireless(medium: u32) -> bool {
    matches!(medium, 1 | 8 | 9 | 10)
}

/// The same thing in either hash.
type Pair<'a> = (Option<&'a Record>, Option<&'a Record>);

/// Adapters belong together by their address, everything else by equal bytes, then by its place among its kind.
fn pairs<'a>(left: &'a [Record], right: &'a [Record]) -> Vec<Pair<'a>> {
    let mut free: Vec<Option<&Record>> = right.iter().map(Some).collect();
    let mut take = |wanted: &dyn Fn(&Record) -> bool| free.iter_mut().find(|slot| slot.is_some_and(wanted))?.take();
    let mut pairs: Vec<Pair<'a>> = vec![];
    for record in left {
        let twin = match adapter(record) {
            Some((_, mac)) => take(&|other| adapter(other).is_some_and(|(_, theirs)| theirs == mac)),
            None => take(&|other| other == record),
        };
        pairs.push((Some(record), twin));
    }
    for (record, twin) in &mut pairs {
        if let (Some(record), None) = (&record, &twin)
            && adapter(record).is_none()
        {
            *twin = take(&|other| other.kind() == record.kind() && adapter(other).is_none());
        }
    }
    pairs.extend(free.into_iter().flatten().map(|record| (None, Some(record))));
    pairs
}

fn kind_of(pair: Pair<'_>) -> u16 {
    pair.0.or(pair.1).map_or(0, Record::kind)
}

fn rows(pairs: &[Pair<'_>]) -> Vec<Difference> {
    let mut rows = vec![];
    for (n, pair) in pairs.iter().enumerate() {
        let kind = kind_of(*pair);
        let of_kind = |pairs: &[Pair<'_>]| pairs.iter().filter(|other| kind_of(**other) == kind).count();
        let number = (of_kind(pairs) > 1).then(|| of_kind(&pairs[..=n]));
        let [left, mut right] = [pair.0, pair.1].map(|record| record.map(field::of).unwrap_or_default());
        let both = left.into_iter().map(|(name, value)| {
            let twin = right.iter().position(|(other, _)| *other == name).map(|at| right.remove(at).1);
            (name, Some(value), twin)
        });
        let both: Vec<_> = both.collect();
        for (name, left, right) in
            both.into_iter().chain(right.into_iter().map(|(name, value)| (name, None, Some(value))))
        {
            rows.push(Difference {
                critical: critical(kind, &name),
                name: field::numbered(&name, number),
                same: left == right,
                left,
                right,
            });
        }
    }
    rows
}

fn critical(kind: u16, name: &str) -> Option<Critical> {
    match kind {
        25 => Some(Critical::EkPubHash),
        // Status and flag are no part of the identifier.
        11 => (name != "OfflineDeviceIdStatus").then_some(Critical::EkPubHash),
        _ => Critical::ALL.into_iter().find(|critical| critical.kind() == kind),
    }
}

fn remark_on(pair: Pair<'_>, remarks: &mut Vec<String>) {
    match pair {
        (Some(Record::Network { mac, medium, bus }), Some(Record::Network { medium: theirs, bus: their_bus, .. }))
            if (medium, bus) != (theirs, their_bus) =>
        {
            remarks.push(format!(
                "The adapter {mac} stands in both, but as {} on {bus} here and {} on {their_bus} there: only its address counts",
                words::medium(*medium),
                words::medium(*theirs),
            ));
        }
        (None, Some(Record::Network { medium, mac, .. })) if is_wireless(*medium) => remarks.push(format!(
            "Only the second one lists the {} adapter {mac}: it does not count, WinPE often lists none either",
            words::medium(*medium),
        )),
        (Some(Record::Text { kind: 7, text, .. }), Some(Record::Text { text: theirs, .. }))
            if text != theirs && text.split_whitespace().eq(theirs.split_whitespace()) =>
        {
            remarks.push(
                "The disk's serial numbers differ only in blanks. It is a difference all the same: registration compares bytes"
                    .to_owned(),
            );
        }
        _ => {}
    }
}

/// What equals because it is in neither was not tested.
fn untested(left: &HardwareHash, right: &HardwareHash, remarks: &mut Vec<String>) {
    let missing = right.missing();
    let in_neither: Vec<_> = left.missing().into_iter().filter(|critical| missing.contains(critical)).collect();
    if !in_neither.is_empty() {
        let names: Vec<_> = in_neither.iter().map(|critical| critical.name()).collect();
        remarks.push(format!("Not tested, for neither has it: {}", names.join(", ")));
    }
    if in_neither.contains(&Critical::EkPubHash) {
        remarks.push(
            "Without a TPM key the offline identifier comes from a seed that Windows makes: a hash made elsewhere cannot \
             contain it"
                .to_owned(),
        );
    }
}
