//! As much of a hardware hash as the directory reads: who the machine is. Written from the layout, and no code of ours,
//! so that a hash which only we can read is found out.

use super::text::base64;

/// Who a machine is. Empty: not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) serial: String,
    pub(crate) manufacturer: String,
    pub(crate) model: String,
    pub(crate) uuid: Vec<u8>,
    pub(crate) product_key: String,
}

impl Machine {
    /// `None`: these bytes are no hash.
    pub(crate) fn of_hash(text: &str) -> Option<Self> {
        let bytes = base64(text)?;
        let bytes = bytes.as_slice();
        let (b"OA", after) = bytes.split_at_checked(2)? else { return None };
        let length = usize::from(u16::from_le_bytes(after.get(..2)?.try_into().unwrap()));
        let mut rest = bytes.get(4..length)?;
        let mut machine = Self::default();
        while let Some((head, _)) = rest.split_first_chunk::<4>() {
            let (kind, size) = (u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]));
            let content = rest.get(4..usize::from(size))?;
            let text = || String::from_utf8_lossy(content).trim_end_matches('\0').to_owned();
            match kind {
                12 => machine.uuid = content.to_vec(),
                14 => machine.serial = text(),
                16 => machine.manufacturer = text(),
                17 => machine.model = text(),
                _ => (),
            }
            rest = rest.get(usize::from(size)..)?;
        }
        Some(machine)
    }

    /// Enough to be registered.
    pub(crate) fn is_whole(&self) -> bool {
        let named = !self.serial.is_empty() && !self.manufacturer.is_empty();
        named && (!self.uuid.is_empty() || !self.model.is_empty()) || !self.product_key.is_empty()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let both = |one: &str, two: &str| one.is_empty() || two.is_empty() || one.eq_ignore_ascii_case(two);
        if self.serial.is_empty() || other.serial.is_empty() {
            return !self.product_key.is_empty() && self.product_key == other.product_key;
        }
        let hardware = self.uuid.is_empty() || other.uuid.is_empty() || self.uuid == other.uuid;
        self.serial.eq_ignore_ascii_case(&other.serial)
            && both(&self.manufacturer, &other.manufacturer)
            && both(&self.model, &other.model)
            && hardware
    }
}
