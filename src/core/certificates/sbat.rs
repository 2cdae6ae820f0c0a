//! SBAT (shim's `SBAT.md`): components and their generations, by which shim refuses what is too old without
//! naming every file. A program carries its own list; the firmware keeps the floor.

use serde::{Deserialize, Serialize};

use crate::disk;

/// One line: `grub,3,Free Software Foundation,...` in a program, `grub,3` in the floor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    pub name: String,
    pub generation: u32,
}

/// Lines in what was seen: seven. Shim itself sets no limit.
const MOST: usize = 64;
/// Bytes in what was seen: some hundred.
const LONGEST: usize = 16 << 10;

/// Reads a program's `.sbat` section, or the floor in the variable `SbatLevelRT`. Lines that say nothing are passed over.
pub fn read(bytes: &[u8]) -> Vec<Component> {
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    // Sections are filled up with zeros.
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = std::str::from_utf8(line).ok()?.trim().trim_start_matches('\u{feff}');
        let (name, rest) = line.split_once(',')?;
        let generation = rest.split(',').next()?.trim().parse().ok()?;
        let name = disk::clean(name);
        (!name.is_empty()).then_some(Component { name, generation })
    });
    lines.take(MOST).collect()
}

/// The date that a floor names itself by, `2025051000`; its first line is `sbat,1,2025051000`.
pub fn level(bytes: &[u8]) -> Option<String> {
    let first = bytes.split(|byte| matches!(byte, b'\n' | 0)).next()?;
    let date = std::str::from_utf8(first).ok()?.trim().split(',').nth(2)?;
    (date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit())).then(|| date.to_owned())
}

/// The components of `program` that lie under the floor, with what the floor asks for.
pub fn too_old<'a>(program: &'a [Component], floor: &'a [Component]) -> Vec<(&'a Component, u32)> {
    let wanted = |component: &Component| floor.iter().find(|line| line.name == component.name).map(|l| l.generation);
    let old = program.iter().filter_map(|component| {
        wanted(component).filter(|wanted| component.generation < *wanted).map(|wanted| (component, wanted))
    });
    old.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Debian's grubx64.efi 2.06-13+deb12u1, and the floor that shim 15.8 sets.
    const GRUB: &[u8] = b"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n\
        grub,4,Free Software Foundation,grub,2.06,https://www.gnu.org/software/grub/\n\
        grub.debian,4,Debian,grub2,2.06-13+deb12u1,https://tracker.debian.org/pkg/grub2\n\0\0\0";
    const FLOOR: &[u8] = b"sbat,1,2024010900\nshim,4\ngrub,3\ngrub.debian,4\n";

    #[test]
    fn a_program_and_a_floor_are_compared_by_component() {
        let (grub, floor) = (read(GRUB), read(FLOOR));
        assert_eq!(grub.len(), 3);
        assert_eq!(level(FLOOR).as_deref(), Some("2024010900"));
        assert_eq!(too_old(&grub, &floor), []);
        let newer = read(b"sbat,1,2025051000\ngrub,5\nshim,4\n");
        let old: Vec<_> = too_old(&grub, &newer).into_iter().map(|(old, wanted)| (&old.name[..], wanted)).collect();
        assert_eq!(old, [("grub", 5)]);
    }

    #[test]
    fn what_is_no_line_is_passed_over() {
        assert_eq!(read(b"grub,four\n,3\n\xff,1\nshim\n"), []);
        assert_eq!(level(b"sbat,1,today\n"), None);
        assert_eq!(level(b""), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = (read(&bytes), level(&bytes));
        }
    }
}
