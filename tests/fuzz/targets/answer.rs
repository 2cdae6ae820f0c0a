//! Files that a customer puts on a stick, under each name that is looked into.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::{
    answer::lint::{self, Content, File},
    clock::Moment,
};

const NAMES: [&str; 6] = [
    "autounattend.xml",
    "wifi.xml",
    "AutopilotConfigurationFile.json",
    "go.ps1",
    "efi/boot/bootx64.efi",
    "sources/boot.wim",
];

fuzz_target!(|data: &[u8]| {
    let size = data.len() as u64;
    if let Some(place) = lint::wim_xml_place(data, size) {
        assert!(place.start <= place.end && place.end <= size);
    }
    let files = NAMES.map(|path| {
        let content = match path.ends_with(".wim") {
            true => Content::WimXml(data.to_vec()),
            false => Content::Whole(data.to_vec()),
        };
        File { path: path.to_owned(), size, content }
    });
    for finding in lint::check(&files, Moment::from_millis(1_795_564_800_000)) {
        assert!(!finding.evidence.contains(char::is_control), "{finding:?}");
        assert!(finding.evidence.chars().count() <= 400);
    }
});
