use super::*;

fn serial(text: &str) -> Option<Serial> {
    Some(Serial::try_from(text.to_owned()).unwrap())
}

fn machine(serial_text: &str, uuid: &str, ek: Option<u8>) -> Identity {
    Identity {
        serial: serial(serial_text),
        uuid: Some(uuid.parse().unwrap()),
        ek: ek.map(|byte| EkDigest([byte; 32])),
        ..Identity::default()
    }
}

const UUID_A: &str = "4c4c4544-0042-3510-8050-b4c04f564433";
const UUID_B: &str = "4c4c4544-0042-3510-8050-b4c04f564434";
const ZEROS: &str = "00000000-0000-0000-0000-000000000000";
const FFS: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

#[test]
fn a_uuid_is_mixed_endian_in_text_and_raw_in_the_table() {
    // A Dell service tag stands readable in the raw bytes: "DELL" then "B" "5" "P" ... (SMBIOS 3.x, 7.2.1).
    let uuid: SystemUuid = UUID_A.parse().unwrap();
    assert_eq!(&uuid.0[..4], b"DELL");
    assert_eq!(uuid.to_string(), UUID_A);
}

#[test]
fn junk_never_identifies() {
    for junk in [
        "To be filled by O.E.M.",
        "To Be Filled By OEM",
        "Default string",
        "Default_string",
        "0",
        "00000000",
        "xxxxxxx",
        "System Serial Number",
        "Chassis Serial Number",
        "Serial Number xxxxxx",
        "SystemSerialNumb",
        "None",
        "(null string)",
        "N/A",
        "-",
        "0123456789",
        "12345678901234567",
        "SN-12345",
        "MB-1234567890",
    ] {
        assert!(serial(junk).unwrap().is_junk(), "{junk}");
    }
    for good in ["PF3K9Q2R", "5CG1234XYZ", "123-456-789", "1234", "SN1A2B3C", "NA12345", "0000012", "R90XYZ12"] {
        assert!(!serial(good).unwrap().is_junk(), "{good}");
    }
    for junk in [
        ZEROS,
        FFS,
        "03000200-0400-0500-0006-000700080009",
        "6AB5B300-538D-1014-9FB5-B0684D007B53",
        "01010101-0101-0101-0101-010101010101",
        // A Dell whose service tag was never set.
        "4c4c4544-0020-2010-8020-a0c04f202020",
    ] {
        assert!(junk.parse::<SystemUuid>().unwrap().is_junk(), "{junk}");
    }
    assert!(machine("Default string", FFS, None).is_anonymous());
}

#[test]
fn two_sightings_of_one_machine() {
    let first = machine("PF3K9Q", UUID_A, Some(1));
    assert_eq!(first.compare(&first), Sighting::Same(Tie::Ek));
    // A hello has no EK yet.
    assert_eq!(first.compare(&machine("PF3K9Q", UUID_A, None)), Sighting::Same(Tie::Uuid));
    assert_eq!(first.compare(&machine("pf3k9q", ZEROS, None)), Sighting::Same(Tie::Serial));
    // Service wrote a new serial into the same board.
    assert_eq!(first.compare(&machine("PF3K9Z", UUID_A, Some(1))), Sighting::Same(Tie::Ek));
}

#[test]
fn junk_shared_by_two_machines_is_no_conflict() {
    let one = machine("To be filled by O.E.M.", ZEROS, Some(1));
    let two = machine("To be filled by O.E.M.", ZEROS, Some(2));
    assert_eq!(one.compare(&two), Sighting::Different);
}

#[test]
fn what_no_two_machines_may_share() {
    let known = machine("PF3K9Q", UUID_A, Some(1));
    let clash = |other: Identity| known.compare(&other);
    assert_eq!(clash(machine("PF3K9Q", UUID_B, Some(2))), Sighting::Conflict(Clash::SerialOnOtherBoard));
    assert_eq!(clash(machine("PF3K9Q", UUID_B, None)), Sighting::Conflict(Clash::SerialOnOtherBoard));
    assert_eq!(clash(machine("OTHER1", UUID_A, Some(2))), Sighting::Conflict(Clash::UuidOnOtherBoard));
    assert_eq!(clash(machine("OTHER1", UUID_A, None)), Sighting::Conflict(Clash::UuidOnOtherBoard));
    assert_eq!(clash(machine("PF3K9Q", UUID_B, Some(1))), Sighting::Conflict(Clash::UuidChanged));
    assert_eq!(clash(machine("OTHER1", UUID_B, Some(1))), Sighting::Conflict(Clash::EkWithOtherUuid));
    assert_eq!(clash(machine("PF3K9Q", UUID_A, Some(2))), Sighting::Conflict(Clash::EkChanged));
    assert_eq!(clash(machine("Pf3k9q", ZEROS, Some(2))), Sighting::Conflict(Clash::SerialOnOtherBoard));
    assert_eq!(clash(machine("OTHER1", UUID_B, Some(2))), Sighting::Different);
}

#[test]
fn nameless_machines_are_told_apart_by_their_own_nic() {
    let nameless = |mac: &str| Identity { macs: vec![mac.parse().unwrap()], ..Identity::default() };
    let one = nameless("00:11:22:33:44:55");
    assert_eq!(one.compare(&one), Sighting::Same(Tie::Nic));
    assert_eq!(one.compare(&nameless("00:11:22:33:44:56")), Sighting::Different);
    // An address made up by software is shared by every dongle of that driver.
    assert_eq!(nameless("02:00:00:00:00:01").compare(&nameless("02:00:00:00:00:01")), Sighting::Different);
}

#[test]
fn a_serial_that_cannot_be_printed_is_refused() {
    for bad in ["", "   ", "PF\u{1b}[2J", &"A".repeat(65)] {
        assert!(Serial::try_from(bad.to_owned()).is_err(), "{bad:?}");
    }
}

#[test]
fn what_is_read_anew_counts_and_what_is_not_read_stays() {
    let known = machine("PF3K9Q", UUID_A, Some(1));
    let blind = machine("Default string", ZEROS, None);
    assert_eq!(known.clone().renewed(blind.clone()), known);
    assert_eq!(blind.renewed(known.clone()), known);
    let renamed = machine("PF3K9Z", UUID_A, Some(1));
    assert_eq!(known.renewed(renamed.clone()), renamed);
}

#[test]
fn windows_keys_only_speak_where_nothing_better_does() {
    let key = |tail: u32| Some(ProductKeyId::try_from(format!("33110000{tail:05}")).unwrap());
    let boxed = |tail| Identity { product_key_id: key(tail), ..Identity::default() };
    assert_eq!(boxed(1).compare(&boxed(1)), Sighting::Same(Tie::ProductKey));
    assert_eq!(boxed(1).compare(&boxed(2)), Sighting::Different);
    let with_key = |serial, tail| Identity { product_key_id: key(tail), ..machine(serial, ZEROS, None) };
    assert_eq!(with_key("PF3K9Q", 1).compare(&boxed(1)), Sighting::Same(Tie::ProductKey));
    assert_eq!(with_key("PF3K9Q", 1).compare(&with_key("PF3K9R", 1)), Sighting::Different);
    // The board was replaced and came with another key, or the list is wrong: the serial number decides.
    assert_eq!(with_key("PF3K9Q", 1).compare(&with_key("PF3K9Q", 2)), Sighting::Same(Tie::Serial));
}
