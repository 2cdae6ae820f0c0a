//! Who signed the boot chain that every stick carries, read by us and by the tool of those who sign.

use std::{fs, process::Command};

use whiteglove_core::certificates::Authority;
use whiteglove_image::boot::signers;

use crate::environment;

#[test]
fn the_boot_chain_is_signed_as_sbverify_reads_it() {
    let Some(environment) = environment() else { return };
    for name in ["shimx64.efi", "mmx64.efi", "grubx64.efi", "grubnetx64.efi", "vmlinuz"] {
        let path = environment.join(name);
        let read = signers::read(&fs::read(&path).unwrap()).unwrap();
        let listed = Command::new("sbverify").arg("--list").arg(&path).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        // The line behind each heading; certificates have lines that begin otherwise.
        let issuers = listed.split("image signature issuers:\n").skip(1).filter_map(|rest| rest.lines().next());
        let issuers: Vec<_> = issuers.filter_map(|line| line.split_once("CN=")).map(|(_, name)| name).collect();
        let ours: Vec<_> = read.signatures.iter().map(|one| one.by.name()).collect();
        assert_eq!(ours, issuers, "{name}: {listed}");
        assert!(read.signatures.iter().all(|one| one.fits == Some(true)), "{name}: {read:?}");
        let third_party = [Authority::ThirdParty2011, Authority::ThirdParty2023];
        match name {
            // What a laptop's firmware is asked about. Both generations, while Microsoft gives both.
            "shimx64.efi" => assert!(read.for_firmware().iter().any(|by| third_party.contains(by)), "{read:?}"),
            _ => assert_eq!(read.for_firmware(), [Authority::Debian], "{name}"),
        }
    }
}
