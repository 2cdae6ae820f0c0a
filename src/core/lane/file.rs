//! Lines into files: header, line ends, limits, names.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{
    Chosen, Lane, Row,
    row::{Line, Registered},
};
use crate::device::DeviceId;

/// Case and all: the portals compare it. The last two may be missing, from the right.
const INTUNE: [&str; 5] = ["Device Serial Number", "Windows Product ID", "Hardware Hash", "Group Tag", "Assigned User"];
/// Another spelling goes around, and is refused.
const PARTNER: &str = "Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model";

/// As Windows' own export has it.
const ASSOCIATION: &str = "SerialNumber,Manufacturer,Model,Data";

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
    /// In the order of its lines.
    pub devices: Vec<DeviceId>,
    /// Partner Center has no column for it: the batch there has to be called so.
    pub batch_name: Option<String>,
}

impl File {
    /// SHA-256, hex.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.bytes))
    }
}

pub(super) fn split(chosen: &Chosen) -> Vec<File> {
    let lane = chosen.lane;
    let columns = intune_columns(&chosen.rows);
    let header = match lane {
        Lane::Intune => INTUNE[..columns].join(",") + "\r\n",
        Lane::Partner => format!("{PARTNER}\r\n"),
        Lane::Corporate => String::new(),
        Lane::Association => format!("{ASSOCIATION}\r\n"),
    };
    // One group tag, one file, where the file is what carries it.
    let mut groups: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &chosen.rows {
        let tag = match &row.line {
            Line::Partner { group_tag, .. } => group_tag.as_str(),
            _ => "",
        };
        groups.entry(tag).or_default().push(row);
    }
    let mut files: Vec<File> = vec![];
    for (tag, rows) in groups {
        let mut open = false;
        for row in rows {
            let line = row.line.text(columns);
            let full = |file: &File| {
                file.devices.len() == lane.most_rows() || file.bytes.len() + line.len() > lane.most_bytes()
            };
            if !open || files.last().is_none_or(full) {
                let number = chosen.earlier + files.len() as u64 + 1;
                files.push(File {
                    name: format!("{}-{}-{number:03}.{}", lane.word(), in_a_name(&chosen.batch), ending(lane)),
                    bytes: header.clone().into_bytes(),
                    devices: vec![],
                    batch_name: (!tag.is_empty()).then(|| tag.to_owned()),
                });
                open = true;
            }
            if let Some(file) = files.last_mut() {
                file.bytes.extend_from_slice(line.as_bytes());
                file.devices.push(row.device);
            }
        }
    }
    if lane == Lane::Association {
        files.iter_mut().for_each(|file| file.bytes = utf16(&file.bytes));
    }
    files
}

fn ending(lane: Lane) -> &'static str {
    if lane == Lane::Association { "devicelink.csv" } else { "csv" }
}

/// ASCII as Windows' export writes it: UTF-16, little end first, with its mark.
fn utf16(ascii: &[u8]) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(ascii.iter().flat_map(|byte| [*byte, 0])).collect()
}

/// As few columns as carry something: importing tags or users takes rights that not everyone has.
fn intune_columns(rows: &[Row]) -> usize {
    let needed = |row: &Row| match &row.line {
        Line::Intune { user, .. } if !user.is_empty() => 5,
        Line::Intune { group_tag, .. } if !group_tag.is_empty() => 4,
        _ => 3,
    };
    rows.iter().map(needed).max().unwrap_or(3)
}

impl Line {
    /// With its line end.
    fn text(&self, columns: usize) -> String {
        let cells = match self {
            // The product id may be empty for who owns the laptop; all known tools leave it so.
            Self::Intune { serial, hash, group_tag, user } => {
                let mut cells = vec![serial.clone(), String::new(), hash.to_base64(), group_tag.clone(), user.clone()];
                cells.truncate(columns);
                cells
            }
            Self::Partner { identity, .. } => identity.cells().to_vec(),
            Self::Identifier { manufacturer, model, serial } => {
                vec![manufacturer.clone(), model.clone(), serial.clone()]
            }
            Self::Association { serial, manufacturer, model, data } => {
                vec![serial.clone(), manufacturer.clone(), model.clone(), data.clone()]
            }
        };
        cells.join(",") + "\r\n"
    }
}

impl Registered {
    fn cells(&self) -> [String; 5] {
        let none = String::new;
        match self {
            Self::Hash { serial, product_key_id, hash } => {
                let key = product_key_id.as_ref().map_or_else(none, ToString::to_string);
                [serial.clone(), key, hash.to_base64(), none(), none()]
            }
            Self::ProductKeyId(key) => [none(), key.to_string(), none(), none(), none()],
            Self::Tuple { serial, manufacturer, model } => {
                [serial.clone(), none(), none(), manufacturer.clone(), model.clone()]
            }
        }
    }
}

/// Letters, digits and hyphens: the stick may be read by anything.
fn in_a_name(batch: &str) -> String {
    let name: String = batch.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    match name.trim_matches('-') {
        "" => "batch".to_owned(),
        name => name.to_owned(),
    }
}
