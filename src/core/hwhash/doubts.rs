//! What is odd about one hash, although it is whole.

use super::{
    HardwareHash, Origin, Record,
    critical::{BY_TPM_KEY, YEAR_2000, made_at, modulus_digest, values},
    field::{ends_with_nul, is_text, name, timestamp},
};

/// The order in which Windows writes records; those of one rank may stand in any order.
const ORDER: [&[u16]; 32] = [
    &[1],
    &[2],
    &[34],
    &[5],
    &[3],
    &[4],
    &[6, 7],
    &[8],
    &[9],
    &[27],
    &[10],
    &[13],
    &[25],
    &[11],
    &[12],
    &[14],
    &[15],
    &[16],
    &[17],
    &[18],
    &[19],
    &[23],
    &[20],
    &[21],
    &[22],
    &[24],
    &[26],
    &[28],
    &[29],
    &[30],
    &[35, 36],
    &[37],
];
/// Disks, adapters, displays and graphics: there may be several.
const SEVERAL: [u16; 8] = [6, 7, 8, 9, 27, 29, 30, 35];
/// Windows 10 came in July 2015, and nothing before it made such a hash.
const YEAR_2015: u64 = 1_420_070_400;

pub(super) fn doubts(hash: &HardwareHash) -> Vec<String> {
    let records = hash.records();
    let mut doubts = vec![];
    frame(hash, &records, &mut doubts);
    records.iter().for_each(|record| layout(record, &mut doubts));
    clock(hash, &mut doubts);
    endorsement_key(hash, &records, &mut doubts);
    texts(hash, &mut doubts);
    doubts
}

fn frame(hash: &HardwareHash, records: &[Record], doubts: &mut Vec<String>) {
    if hash.size() != super::container::USUAL_SIZE {
        doubts.push(format!("It is {} bytes long instead of the usual 3000", hash.size()));
    }
    let kinds: Vec<u16> = records.iter().map(Record::kind).collect();
    let mut doubled: Vec<u16> = kinds.iter().copied().filter(|kind| !SEVERAL.contains(kind)).collect();
    doubled.sort_unstable();
    for group in doubled.chunk_by(|one, other| one == other).filter(|group| group.len() > 1) {
        doubts.push(format!("There are {} records of {} where there should be one", group.len(), name(group[0])));
    }
    if !kinds.contains(&1) {
        doubts.push("Nothing says when and by what it was made: Windows always does".to_owned());
    }
    let ranks = kinds.iter().filter_map(|kind| ORDER.iter().position(|rank| rank.contains(kind)));
    if !ranks.is_sorted() {
        doubts.push("Its records are not in the order in which Windows writes them".to_owned());
    }
}

fn layout(record: &Record, doubts: &mut Vec<String>) {
    match record {
        Record::Other { kind, .. } if !ORDER.iter().any(|rank| rank.contains(kind)) => {
            doubts.push(format!("It has a record of type {kind}, which no known tool writes"));
        }
        // Of these the meaning is not known, or only partly.
        Record::Other { kind: 35 | 37, .. } => {}
        Record::Other { kind, .. } => doubts.push(format!("{} (record {kind}) is not laid out as usual", name(*kind))),
        Record::Text { kind, nul: false, .. } if ends_with_nul(*kind) && *kind != 4 => {
            doubts.push(format!("{} does not end with a NUL, as Windows writes it", name(*kind)));
        }
        Record::Text { kind, nul: true, .. } if is_text(*kind) && !ends_with_nul(*kind) => {
            doubts.push(format!("{} ends with a NUL, which Windows does not write there", name(*kind)));
        }
        _ => {}
    }
}

fn clock(hash: &HardwareHash, doubts: &mut Vec<String>) {
    let Some(made_at) = made_at(hash) else { return };
    let seconds = made_at.millis() / 1000;
    if seconds < YEAR_2015 {
        let when = timestamp((seconds - YEAR_2000).cast_signed());
        doubts.push(format!("It says that it was made at {when}, before there was Windows 10: the clock was wrong"));
    }
    if hash.origin() == Origin::Unknown {
        doubts.push("It names neither Windows nor WinPE as the system that made it".to_owned());
    }
}

fn endorsement_key(hash: &HardwareHash, records: &[Record], doubts: &mut Vec<String>) {
    let modulus = records.iter().find_map(|record| match record {
        Record::EkPub { modulus } => Some(&modulus.0),
        _ => None,
    });
    // A product of two odd primes, of 2048 bits.
    if let Some([first, .., last]) = modulus.map(Vec::as_slice)
        && (first & 0x80 == 0 || last & 1 == 0)
    {
        doubts.push("The TPM's key is no RSA key of 2048 bits".to_owned());
    }
    for record in records {
        let Record::OfflineDeviceId { status, method, id, .. } = record else { continue };
        if *status != 0 {
            doubts.push(format!("The offline identifier says that it failed, with status {status:#x}"));
        }
        match (*method == BY_TPM_KEY, modulus_digest(hash)) {
            (true, Some(digest)) if digest != *id => {
                doubts
                    .push("The offline identifier is not the digest of the TPM's key: they are of two TPMs".to_owned());
            }
            (true, None) => doubts.push("The offline identifier is of a TPM's key, but the key is missing".to_owned()),
            (false, Some(_)) => {
                doubts.push("There is a TPM's key, but the offline identifier is not made of it".to_owned());
            }
            _ => {}
        }
    }
}

fn texts(hash: &HardwareHash, doubts: &mut Vec<String>) {
    let disks: Vec<_> = values(hash, 7).collect();
    if !disks.is_empty() && values(hash, 28).any(|of_system| !disks.contains(&of_system)) {
        doubts.push("The system disk's serial number differs between its two records, 7 and 28".to_owned());
    }
    if values(hash, 24).next().is_some() && hash.product_key_id().is_none() {
        doubts.push("Its product key id is not 13 digits".to_owned());
    }
    let identity = hash.identity();
    if let Some(serial) = identity.serial.as_ref().filter(|serial| serial.is_junk()) {
        doubts.push(format!("Its serial number is '{serial}', which many machines have"));
    }
    if let Some(uuid) = identity.uuid.filter(|uuid| uuid.is_junk()) {
        doubts.push(format!("Its UUID is {uuid}, which many machines have"));
    }
}
