//! Which edition of Windows the key in the firmware is for.
//!
//! A product key id begins with its key's group, and Windows counts its groups by edition, in the order of the
//! edition's internal name: Core, CoreCountrySpecific, CoreN, CoreSingleLanguage, Education, ... So whatever lies
//! between a group of the first and one of the last Core edition is a Home edition as well. The tests compute
//! groups from Microsoft's published keys.

use super::{
    Found,
    Severity::{Note, Stop},
};
use crate::{capture::Part, device::Device, msdm::ProductKeyId};

/// From Core's group of keys in firmware (3258, seen beside the published 3261) to the last of CoreSingleLanguage
/// that Microsoft published, Windows 10 and 11.
const HOME: std::ops::RangeInclusive<u16> = 3258..=3277;

pub(super) fn check(device: &Device, found: &mut Found) {
    let Some(key) = device.any_product_key_id() else {
        if device.capture.as_ref().is_some_and(|capture| capture.msdm.is_none()) {
            found.say(
                Note,
                Part::Msdm,
                "no MSDM table",
                "No Windows key in the firmware",
                "The laptop was sold without Windows, or its board was replaced.",
                "Make sure that a volume or subscription licence covers it.",
            );
        }
        return;
    };
    if let Some(group) = group(key).filter(|group| HOME.contains(group)) {
        found.say(
            Stop,
            Part::Msdm,
            format!("product key id {key}, group {group}"),
            "Home edition: fails with 0x80180022",
            "The laptop came with Windows Home, which cannot be managed: its enrolment ends with 0x80180022.",
            "Install Windows Pro, Enterprise or Education under a licence of its own before the technician phase, or send it back \
             to be exchanged.",
        );
    }
}

fn group(key: &ProductKeyId) -> Option<u16> {
    key.as_str().get(..4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msdm::product_key_id;

    /// Microsoft's KMS client setup keys and the default keys of installation media, Windows 10 and 11.
    const HOME_KEYS: [&str; 8] = [
        "YTMG3-N6DKC-DKB77-7M9GH-8HVX7",
        "TX9XD-98N7V-6WMQ6-BX7FG-H8Q99",
        "4CPRK-NM3K3-X6XXQ-RXX86-WXCHW",
        "3KHY7-WNT83-DGQKR-F7HPR-844BM",
        "BT79Q-G7N6G-PGBYW-4YWX6-6F4BT",
        "7HNRX-D7KGG-3K4RQ-4WPJ4-YTDFH",
        "N2434-X9D7W-8PF6X-8DV9T-8TYMD",
        "PVMJN-6DFY6-9CCP6-7BKTT-D3WVR",
    ];
    const OTHER_KEYS: [&str; 12] = [
        "VK7JG-NPHTM-C97JM-9MPGT-3V66T",
        "W269N-WFGWX-YVC9B-4J6C9-T83GX",
        "2B87N-8KFHP-DKV6R-Y2C8J-PKCKT",
        "MH37W-N47XK-V7XM9-C7227-GCQG9",
        "YNMGQ-8RYV3-4PGQ3-C8XTP-7CFBY",
        "NW6C2-QMPVW-D7KKK-3GKT6-VCFB2",
        "84NGF-MHBT6-FXBX8-QWJK7-DRR8H",
        "XGVPP-NMH47-7TTHJ-W3FW7-8HV2C",
        "NPPR9-FWDCX-D2C8J-H872K-2YT43",
        "DXG7C-N36C4-C4HTG-X4T3X-2YV77",
        "8PTT6-RNW4C-6V7J2-C2D3X-MHBPB",
        "KY7PN-VR6RX-83W6Y-6DDYQ-T6R4W",
    ];

    fn group_of(key: &str) -> u16 {
        group(&product_key_id(key).unwrap()).unwrap()
    }

    #[test]
    fn every_published_home_key_is_in_the_range_and_no_other_is() {
        let home: Vec<u16> = HOME_KEYS.map(group_of).into();
        assert_eq!(home, [3261, 3263, 3270, 3272, 3276, 3277, 3266, 3267]);
        assert!(home.iter().all(|group| HOME.contains(group)));
        for key in OTHER_KEYS {
            assert!(!HOME.contains(&group_of(key)), "{key}");
        }
    }

    #[test]
    fn groups_follow_the_editions_names() {
        // Core, CoreCountrySpecific, CoreN, CoreSingleLanguage, Education, EducationN, Enterprise, Professional,
        // ProfessionalN.
        let keys = [
            HOME_KEYS[0],
            HOME_KEYS[6],
            HOME_KEYS[2],
            HOME_KEYS[4],
            OTHER_KEYS[4],
            OTHER_KEYS[6],
            OTHER_KEYS[7],
            OTHER_KEYS[0],
            OTHER_KEYS[2],
        ];
        assert!(keys.map(group_of).is_sorted());
    }
}
