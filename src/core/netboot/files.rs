//! Which file of the catalogue each kind of machine gets for a program.

use super::Program;
use crate::dhcp::{
    netboot::{Architecture, Protocol},
    reply::{BootPath, Files},
};

/// The signed chain works with Secure Boot on and off, so every x64 client gets it. BIOS machines and their
/// old cards get iPXE, which then asks for itself and is given a script.
const ALL: &[(Program, Architecture, Protocol, &str)] = &[
    (Program::QuickScan, Architecture::X64, Protocol::Pxe, "shimx64.efi"),
    (Program::QuickScan, Architecture::X64, Protocol::Http, "shimx64.efi"),
    (Program::QuickScan, Architecture::X64, Protocol::Ipxe, "boot.ipxe"),
    (Program::QuickScan, Architecture::Bios, Protocol::Pxe, "undionly.kpxe"),
    (Program::QuickScan, Architecture::Bios, Protocol::Ipxe, "boot.ipxe"),
    (Program::WinPe, Architecture::X64, Protocol::Ipxe, "winpe.ipxe"),
    (Program::WinPe, Architecture::Bios, Protocol::Pxe, "undionly.kpxe"),
    (Program::WinPe, Architecture::Bios, Protocol::Ipxe, "winpe.ipxe"),
    // Nobody signs it for Secure Boot: firmware that has it on says Access Denied.
    (Program::MemoryTest, Architecture::X64, Protocol::Pxe, "memtest.efi"),
    (Program::MemoryTest, Architecture::X64, Protocol::Http, "memtest.efi"),
    (Program::MemoryTest, Architecture::X64, Protocol::Ipxe, "memtest.ipxe"),
    (Program::MemoryTest, Architecture::Bios, Protocol::Pxe, "undionly.kpxe"),
    (Program::MemoryTest, Architecture::Bios, Protocol::Ipxe, "memtest.ipxe"),
];

/// iPXE for machines whose card has none: it asks again, and is told the program's script.
const CHAIN: &str = "undionly.kpxe";

/// What of it is there, by the names in the catalogue.
pub fn files(program: Program, is_there: impl Fn(&str) -> bool) -> Files {
    let of_program = ALL.iter().filter(|(of, ..)| *of == program);
    // A chain that leads nowhere is worse than nothing.
    let script = ALL.iter().find(|(of, _, protocol, _)| *of == program && *protocol == Protocol::Ipxe);
    let leads_on = script.is_some_and(|(.., name)| is_there(name));
    let there = of_program.filter(|(.., name)| is_there(name) && (*name != CHAIN || leads_on));
    there.fold(Files::default(), |files, (_, architecture, protocol, name)| match name.parse::<BootPath>() {
        Ok(path) => files.with(*architecture, *protocol, path),
        Err(_) => files,
    })
}

/// What a laptop is told that is to go on to its own disk: a file that is not there.
///
/// Silence would do, and takes a minute: EDK2 asks for 4, 8, 16 and 32 seconds until it believes that nobody answers.
/// Told "not found" it goes on to its next boot entry at once, as every firmware does, and shows this name as it does.
pub const OWN_DISK: &str = "go-on-to-own-disk";

/// Whether a file's name or URL is that.
pub(super) fn is_own_disk(file: &str) -> bool {
    file.rsplit('/').next() == Some(OWN_DISK)
}

/// [`OWN_DISK`] for every machine and every way to ask.
pub fn own_disk() -> Files {
    use Architecture::{Arm64, Bios, Ia32, X64};
    let kinds = [Bios, Ia32, X64, Arm64].into_iter().flat_map(|architecture| {
        [Protocol::Pxe, Protocol::Http, Protocol::Ipxe].map(|protocol| (architecture, protocol))
    });
    let Ok(path) = OWN_DISK.parse::<BootPath>() else { return Files::default() };
    kinds.fold(Files::default(), |files, (architecture, protocol)| files.with(architecture, protocol, path.clone()))
}

/// Whether a file is the first that a machine loads for a program: with it delivered, the program was booted.
pub fn first_file(program: Program, name: &str) -> bool {
    let names = ALL.iter().filter(|(of, ..)| *of == program).map(|(.., name)| *name);
    // What iPXE is chained for shows in its script only.
    names.filter(|name| *name != CHAIN).any(|first| first == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_that_an_answer_can_carry() {
        for (.., name) in ALL {
            assert!(name.parse::<BootPath>().is_ok(), "{name}");
        }
        assert!(!own_disk().is_empty());
    }

    #[test]
    fn what_is_not_there_is_not_offered() {
        assert_eq!(files(Program::WinPe, |_| false), Files::default());
        assert_eq!(files(Program::WinPe, |name| name == CHAIN), Files::default());
        assert_ne!(files(Program::QuickScan, |name| name == "shimx64.efi"), Files::default());
        assert!(first_file(Program::MemoryTest, "memtest.efi"));
        assert!(!first_file(Program::MemoryTest, "undionly.kpxe") && !first_file(Program::QuickScan, "grubx64.efi"));
    }
}
