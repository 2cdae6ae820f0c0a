//! UEFI `BootNext`: once, start the entry after the one we came from (UEFI 2.10, 3.1.2).

use std::{fs, io};

use crate::read::{GLOBAL, Root};

const EFIVARS: &str = "sys/firmware/efi/efivars";
/// LOAD_OPTION_ACTIVE
const ACTIVE: u32 = 1;
/// LOAD_OPTION_CATEGORY; zero is what boots, one an application. Firmware puts its own setup there, and
/// some (OVMF, seen in QEMU) list it in the boot order all the same.
const CATEGORY: u32 = 0x1f00;
/// Non-volatile, boot service and runtime access.
const ATTRIBUTES: [u8; 4] = [7, 0, 0, 0];

#[derive(Debug, thiserror::Error)]
pub enum BootNextError {
    #[error("the firmware's boot order cannot be read")]
    NoOrder,
    #[error("the firmware has no other boot entry")]
    NoOther,
    #[error("the firmware did not take it: {0}")]
    Write(#[from] io::Error),
}

/// Sets `BootNext` and returns the number of the entry.
///
/// # Errors
/// The firmware has no next entry, or does not take it; nothing is changed then.
pub fn set(root: &Root) -> Result<u16, BootNextError> {
    let order: Vec<u16> = value(root, "BootOrder")
        .ok_or(BootNextError::NoOrder)?
        .as_chunks::<2>()
        .0
        .iter()
        .map(|c| u16::from_le_bytes(*c))
        .collect();
    let current = value(root, "BootCurrent").and_then(|bytes| Some(u16::from_le_bytes(*bytes.first_chunk()?)));
    let is_active = |entry: u16| {
        let option = value(root, &format!("Boot{entry:04X}"));
        let attributes = option.and_then(|bytes| Some(u32::from_le_bytes(*bytes.first_chunk()?)));
        attributes.is_some_and(|attributes| attributes & (ACTIVE | CATEGORY) == ACTIVE)
    };
    let next = choose(current, &order, is_active).ok_or(BootNextError::NoOther)?;
    let mut bytes = ATTRIBUTES.to_vec();
    bytes.extend(next.to_le_bytes());
    // efivarfs takes a variable in one write, attributes first.
    fs::write(root.path(&format!("{EFIVARS}/BootNext-{GLOBAL}")), bytes)?;
    Ok(next)
}

/// A variable without its attributes.
fn value(root: &Root, name: &str) -> Option<Vec<u8>> {
    let bytes = root.bytes(&format!("{EFIVARS}/{name}-{GLOBAL}")).ok()?;
    Some(bytes.get(4..)?.to_vec())
}

/// The first active entry behind `current`, from the start again at the end. A boot menu may have
/// started an entry that is not in the order: then the order's first.
fn choose(current: Option<u16>, order: &[u16], is_active: impl Fn(u16) -> bool) -> Option<u16> {
    let start = order.iter().position(|entry| Some(*entry) == current).map_or(0, |at| at + 1);
    let (before, after) = order.split_at(start);
    after.iter().chain(before).copied().find(|entry| Some(*entry) != current && is_active(*entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_after_ours_that_can_boot() {
        let all = |_| true;
        assert_eq!(choose(Some(1), &[0, 1, 2], all), Some(2));
        assert_eq!(choose(Some(2), &[0, 1, 2], all), Some(0));
        assert_eq!(choose(Some(1), &[0, 1, 2], |entry| entry != 2), Some(0));
        assert_eq!(choose(Some(9), &[0, 1], all), Some(0), "started from the boot menu");
        assert_eq!(choose(None, &[4], all), Some(4));
        assert_eq!(choose(Some(4), &[4], all), None);
        assert_eq!(choose(Some(4), &[], all), None);
    }

    #[test]
    fn the_entry_boots_and_the_variable_is_attributes_and_a_number() {
        let temp = tempfile::tempdir().unwrap();
        let root = Root::new(temp.path());
        assert!(matches!(set(&root), Err(BootNextError::NoOrder)));
        fs::create_dir_all(temp.path().join(EFIVARS)).unwrap();
        let put = |name: &str, value: &[u8]| {
            fs::write(temp.path().join(format!("{EFIVARS}/{name}-{GLOBAL}")), [&[7, 0, 0, 0], value].concat()).unwrap();
        };
        put("BootOrder", &[3, 0, 5, 0, 0, 0]);
        put("BootCurrent", &[3, 0]);
        put("Boot0005", &[9, 1, 0, 0, 9, 9]); // the firmware's setup: active, hidden, an application
        assert!(matches!(set(&root), Err(BootNextError::NoOther)));
        put("Boot0000", &[1, 0, 0, 0, 9, 9]);
        assert_eq!(set(&root).unwrap(), 0);
        let written = root.bytes(&format!("{EFIVARS}/BootNext-{GLOBAL}")).unwrap();
        assert_eq!(written, [7, 0, 0, 0, 0, 0]);
    }
}
