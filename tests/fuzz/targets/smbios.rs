//! SMBIOS and MSDM tables as firmware might hand them over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::{msdm, smbios::Smbios};

fuzz_target!(|data: &[u8]| {
    let smbios = Smbios::parse(data);
    let _ = (smbios.bios(), smbios.system().map(|system| system.model_name()), smbios.board(), smbios.chassis());
    let _ = smbios.installed_memory();
    let _ = msdm::parse(data);
});
