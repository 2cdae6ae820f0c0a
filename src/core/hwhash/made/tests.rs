use sha2::{Digest, Sha256};

use super::*;
use crate::{
    blob::Blob,
    capture::{Cpu, Disk, EkCertificate, EkSource, EndorsementKey, Msdm, SmbiosTables, TpmPresence},
    envelope::MessageId,
    msdm,
    smbios::structure,
    testing,
    tpm::{certificate::with_rsa_key, rsa_public},
};

const MAC: [u8; 6] = [0x8c, 0x16, 0x45, 1, 2, 3];
/// 2026-11-22T10:00:00Z
const AT: Moment = Moment::from_millis(1_795_341_600_000);

fn modulus() -> [u8; 256] {
    let mut modulus = [0x5a; 256];
    modulus[0] = 0xc1;
    modulus
}

fn smbios() -> SmbiosTables {
    let mut system = vec![1, 2, 3, 4];
    system.extend(testing::uuid(7));
    system.extend([6, 0, 5]);
    let mut array = vec![3, 3, 3];
    array.extend((64_u32 << 20).to_le_bytes());
    array.extend([0xfe, 0xff, 2, 0]);
    let module = |mib: u16| {
        let [low, high] = mib.to_le_bytes();
        structure(17, &[0, 0, 0, 0, 0, 0, 0, 0, low, high], &[])
    };
    let table = [
        structure(0, &[1, 2, 0, 0, 3], &["LENOVO", "N3QET45W", "05/20/2026"]),
        structure(1, &system, &["LENOVO", "21HDCTO1WW", "ThinkPad T14 ", " PF3K9Q7A", "ThinkPad T14 Gen 4"]),
        structure(2, &[1, 2, 0, 0], &["LENOVO", "21HDCTO1WW"]),
        structure(3, &[1, 0x8a, 0, 0, 0], &["LENOVO"]),
        structure(16, &array, &[]),
        module(8192),
        module(8192),
        structure(127, &[], &[]),
    ];
    SmbiosTables { entry_point: Blob::default(), table: Blob(table.concat()) }
}

fn disk(name: &str, bus: Bus) -> Disk {
    Disk {
        name: name.into(),
        bus,
        bytes: 512_110_190_592,
        model: "EXAMPLE NVME 512GB".into(),
        serial: "S1".into(),
        serial_raw: String::new(),
        firmware: "1".into(),
        wwid: String::new(),
        nguid: String::new(),
        eui: String::new(),
        rotational: false,
        removable: false,
        boot_medium: false,
    }
}

fn nic(name: &str, bus: Bus, kind: NicKind) -> Nic {
    let mac = crate::identity::Mac(MAC);
    Nic {
        name: name.into(),
        mac,
        permanent_mac: Some(mac),
        bus,
        kind,
        driver: "x".into(),
        hardware: None,
        carrier: true,
    }
}

fn laptop() -> Capture {
    let mut capture = testing::capture(MessageId([1; 16]), "unused", [0; 16], Some(1));
    capture.smbios = Some(smbios());
    let tpm = capture.tpm.as_mut().unwrap();
    tpm.keys = vec![EndorsementKey { source: EkSource::Persistent, public: Blob(rsa_public(&modulus())) }];
    tpm.certificates = vec![EkCertificate { nv_index: 0x01c0_0002, der: Blob(with_rsa_key(&modulus())) }];
    // Microsoft's published generic key of Windows Pro.
    let product_key_id = msdm::product_key_id("VK7JG-NPHTM-C97JM-9MPGT-3V66T").unwrap();
    capture.msdm = Some(Msdm { oem_id: "X".into(), product_key_id, key_tail: "3V66T".into() });
    capture.nics = vec![nic("enp0s31f6", Bus::Pci, NicKind::Wired)];
    capture.disks = vec![Disk { eui: "00 25 38 00 00 00 00 01".into(), ..disk("nvme0n1", Bus::Nvme) }];
    capture.cpu = Cpu {
        vendor: "GenuineIntel".into(),
        model: "Example CPU @ 2.40GHz".into(),
        sockets: 1,
        cores: 4,
        threads: 8,
        ..Cpu::default()
    };
    capture
}

fn made(capture: &Capture) -> MadeHash {
    make(capture, AT).unwrap()
}

fn kinds(made: &MadeHash) -> Vec<u16> {
    made.hash.records().iter().map(Record::kind).collect()
}

/// Values of all records of this kind.
fn values(made: &MadeHash, kind: u16) -> Vec<Vec<u8>> {
    let records = made.hash.records();
    records.iter().filter(|record| record.kind() == kind).map(|record| record.value().into_owned()).collect()
}

fn text(made: &MadeHash, kind: u16) -> String {
    values(made, kind).into_iter().map(|value| String::from_utf8(value).unwrap()).collect::<Vec<_>>().join(", ")
}

/// What the report says of the records of this kind.
fn report(made: &MadeHash, kind: u16) -> String {
    let of_kind = made.sources.iter().filter(|source| source.kind == kind);
    of_kind.map(|source| format!("{} {}", source.source, source.risk)).collect::<Vec<_>>().join("; ")
}

#[test]
fn records_stand_in_the_order_of_windows() {
    let made = made(&laptop());
    let order = [1, 2, 5, 3, 4, 6, 7, 8, 10, 13, 25, 11, 12, 14, 15, 16, 17, 18, 19, 23, 20, 21, 22, 24];
    assert_eq!(kinds(&made), order);
    assert_eq!(made.hash.to_base64().len(), 4000);
    // What was written reads back, and every record is accounted for in the same order.
    let (again, _) = HardwareHash::parse(&made.hash.to_base64()).unwrap();
    assert_eq!(again.digest(), made.hash.digest());
    let included: Vec<u16> = made.sources.iter().filter(|source| source.included).map(|source| source.kind).collect();
    assert_eq!(included, order);
    // Under the names by which the fields are shown.
    let names =
        |kind: u16| made.hash.fields().into_iter().filter(move |field| field.kind == kind).map(|field| field.name);
    for kind in [7, 8, 13, 14, 18, 24] {
        let mut listed = made.sources.iter().filter(|source| source.included && source.kind == kind);
        assert!(listed.any(|source| names(kind).any(|name| name == source.name)), "{kind}");
    }
    for left_out in [9, 26, 27, 28, 29, 30, 34, 35, 36, 37] {
        assert!(report(&made, left_out).starts_with("left out: "), "{left_out}");
    }
}

#[test]
fn no_string_is_trimmed_and_none_is_a_blank() {
    let made = made(&laptop());
    assert_eq!(text(&made, 14), " PF3K9Q7A\0");
    assert_eq!(text(&made, 16), "LENOVO\0");
    assert_eq!(text(&made, 23), "ThinkPad T14 \0");
    assert_eq!(text(&made, 19), "ThinkPad T14 Gen 4\0");
    assert_eq!(text(&made, 18), "SMBIOS_STRING_INDEX_0\0", "its number is 0");
    assert_eq!(text(&made, 22), "SMBIOS_STRING_INDEX_0\0");
    assert_eq!(values(&made, 12), [testing::uuid(7)]);
    assert_eq!(text(&made, 24), format!("{}\0", laptop().msdm.unwrap().product_key_id));
}

#[test]
fn a_string_in_the_letters_of_another_country_keeps_its_bytes() {
    let mut capture = laptop();
    let table = &mut capture.smbios.as_mut().unwrap().table.0;
    let at = table.windows(8).position(|window| window == b"PF3K9Q7A").unwrap();
    table[at] = 0xe9;
    assert_eq!(values(&made(&capture), 14), [b" \xe9F3K9Q7A\0"]);
}

#[test]
fn a_machine_without_a_board_structure_has_no_board_records() {
    let mut capture = laptop();
    let mut system = vec![1, 0, 0, 2];
    system.extend(testing::uuid(1));
    let table = structure(1, &system, &["QEMU", "S1"]);
    capture.smbios = Some(SmbiosTables { entry_point: Blob::default(), table: Blob(table) });
    let made = made(&capture);
    for kind in [5, 10, 15, 20, 21, 22] {
        assert!(!kinds(&made).contains(&kind), "{kind}");
        assert!(report(&made, kind).starts_with("left out: SMBIOS"), "{}", report(&made, kind));
    }
    assert_eq!(text(&made, 19), "SMBIOS_STRING_INDEX_0\0", "an old structure ends before the family");
}

#[test]
fn the_tpm_in_the_words_of_windows() {
    let mut capture = laptop();
    let tpm = capture.tpm.as_mut().unwrap();
    // What an emulated TPM says, and what Windows wrote of it.
    (tpm.family, tpm.vendor, tpm.revision) = ("2.0".into(), "IBM".into(), 164);
    tpm.firmware = (0x2019_1023, 0x0016_3636);
    let expected = "TPM-Version:2.0 -Level:0-Revision:1.64-VendorID:'IBM '-Firmware:538513443.1455670\0";
    let first = made(&capture);
    assert_eq!(text(&first, 13), expected);
    let tpm = capture.tpm.as_mut().unwrap();
    (tpm.vendor, tpm.revision, tpm.firmware) = ("INTC".into(), 103, (0, 7));
    assert!(text(&made(&capture), 13).contains("Revision:1.03-VendorID:'INTC'-Firmware:0.7"));
}

#[test]
fn the_key_is_its_modulus_and_the_id_the_digest_of_it() {
    let made = made(&laptop());
    assert_eq!(values(&made, 25), [modulus()]);
    let id = Sha256::digest(modulus());
    assert_eq!(values(&made, 11), [[&[0, 0, 0, 0, 1, 0, 32, 0, 0, 0][..], &id].concat()]);
    assert_eq!(laptop().identity().ek.map(|ek| ek.0.to_vec()), Some(id.to_vec()), "the bench knows it by the same");
    assert!(report(&made, 25).contains("0x81010001") && report(&made, 25).contains("certificate names the same key"));
}

#[test]
fn doubts_about_the_key_are_told() {
    let mut capture = laptop();
    let tpm = capture.tpm.as_mut().unwrap();
    tpm.keys[0].source = EkSource::Created;
    tpm.certificates.clear();
    assert!(report(&made(&capture), 25).contains("default template"));
    assert!(report(&made(&capture), 25).contains("medium: a template of the maker's own"));
    let other = Blob(with_rsa_key(&[0x77; 256]));
    capture.tpm.as_mut().unwrap().certificates = vec![EkCertificate { nv_index: 0x01c0_0002, der: other }];
    assert!(report(&made(&capture), 25).contains("ANOTHER key") && report(&made(&capture), 11).contains("high: "));
}

#[test]
fn without_an_rsa_key_there_is_no_id() {
    let mut capture = laptop();
    capture.tpm.as_mut().unwrap().keys[0].public = Blob(vec![0, 0x23, 1, 2]);
    let made = made(&capture);
    assert!(kinds(&made).contains(&13) && !kinds(&made).contains(&25) && !kinds(&made).contains(&11));
}

#[test]
fn without_a_tpm_nothing_is_guessed() {
    let mut capture = laptop();
    (capture.tpm, capture.tpm_presence) = (None, TpmPresence::Hidden);
    let made = made(&capture);
    for kind in [13, 25, 11] {
        assert!(!kinds(&made).contains(&kind));
        assert!(report(&made, kind).contains("switched off in the firmware"));
    }
}

#[test]
fn disks_in_the_words_of_their_drivers() {
    let serial = |disk: Disk| {
        let mut capture = laptop();
        capture.disks = vec![disk];
        text(&made(&capture), 7)
    };
    let nvme = || disk("nvme0n1", Bus::Nvme);
    let eui = Disk { eui: "8c e3 8e 05 00 6f 3c 01".into(), ..nvme() };
    assert_eq!(serial(eui), "8CE3_8E05_006F_3C01.|EXAMPLE NVME 512GB|");
    let nguid = Disk { nguid: "00000000-0000-0010-8ce3-8e05006f3c01".into(), eui: "0025380000000001".into(), ..nvme() };
    assert_eq!(serial(nguid), "0000_0000_0000_0010_8CE3_8E05_006F_3C01.|EXAMPLE NVME 512GB|");
    let zeros = "00000000-0000-0000-0000-000000000000";
    let wwid = Disk { nguid: zeros.into(), wwid: "eui.0025380000000001".into(), ..nvme() };
    assert_eq!(serial(wwid), "0025_3800_0000_0001.|EXAMPLE NVME 512GB|");
    let sata = Disk { serial_raw: "      S21PNSAG123456".into(), ..disk("sda", Bus::Sata) };
    assert_eq!(serial(sata), "      S21PNSAG123456|EXAMPLE NVME 512GB|");
}

#[test]
fn a_disk_whose_words_are_not_known_is_left_out() {
    let without_ids = Disk { wwid: "nvme.8086-31-32-00000001".into(), ..disk("nvme0n1", Bus::Nvme) };
    let stick = Disk { boot_medium: true, ..disk("sdb", Bus::Usb) };
    for disk in [
        without_ids,
        disk("sda", Bus::Sata),
        disk("mmcblk0", Bus::Mmc),
        disk("vda", Bus::Virtio),
        disk("sdb", Bus::Usb),
        Disk { removable: true, eui: "0025380000000001".into(), ..disk("nvme0n1", Bus::Nvme) },
        stick,
    ] {
        let mut capture = laptop();
        capture.disks = vec![disk];
        let made = made(&capture);
        assert!(!kinds(&made).contains(&7) && !kinds(&made).contains(&6), "{:?}", capture.disks);
        assert!(report(&made, 7).contains("left out: "));
        assert_eq!(report(&made, 7).contains("sdb"), !capture.disks[0].boot_medium && capture.disks[0].name == "sdb");
    }
}

#[test]
fn sizes_of_disk_and_memory() {
    let made = made(&laptop());
    let ram = Record::Ram { total_gib: 16, max_gib: 64, slots: 2, arrays: 1, ecc: 3 };
    assert_eq!(values(&made, 5), [ram.value().into_owned()]);
    let disk = Record::Disk { gigabytes: 512, bus: 17, seek_penalty: 0, trim: 1 };
    assert_eq!(values(&made, 6), [disk.value().into_owned()]);
}

#[test]
fn adapters_of_the_laptop_and_not_of_the_dock() {
    let mut capture = laptop();
    capture.nics = vec![
        nic("enp0s31f6", Bus::Pci, NicKind::Wired),
        nic("wlp0s20f3", Bus::Pci, NicKind::Wireless),
        nic("enx001122", Bus::Usb, NicKind::Wired),
        Nic { permanent_mac: None, ..nic("eth0", Bus::Virtio, NicKind::Wired) },
        nic("wwan0", Bus::Pci, NicKind::Other),
        nic("eth9", Bus::Other, NicKind::Wired),
    ];
    let made = made(&capture);
    let network = |medium| Record::Network { medium, mac: crate::identity::Mac(MAC), bus: "PCI".into() };
    let expected = [network(14), network(9), network(14)].map(|record| record.value().into_owned());
    assert_eq!(values(&made, 8), expected);
    let report = report(&made, 8);
    assert!(report.contains("left out: enx001122 8c:16:45:01:02:03: on USB"), "{report}");
    assert!(report.contains("eth0 (x), present address"), "{report}");
    assert!(report.contains("left out: wwan0") && report.contains("left out: eth9"), "{report}");
    assert!(report.contains("Bluetooth") && !report.contains("Wi-Fi"), "{report}");
}

#[test]
fn the_time_and_the_windows_it_names() {
    let made = made(&laptop());
    let [Record::Versions { seconds, zone_quarters, os_type, architecture, tool, os_build, .. }, ..] =
        made.hash.records()[..]
    else {
        panic!("{:?}", made.hash.records());
    };
    assert_eq!(u64::from(seconds), AT.millis() / 1000 - 946_684_800);
    assert_eq!((zone_quarters, os_type, architecture, tool, os_build), (0, 2, 9, 9, [10, 0, 26100, 1742]));
    assert!(report(&made, 1).contains("26100.1742"));
    // A clock that lost its battery stands before the year 2000.
    let early = make(&laptop(), Moment::from_millis(5)).unwrap();
    assert!(matches!(early.hash.records()[0], Record::Versions { seconds: 0, .. }));
}

#[test]
fn the_processor_by_its_brand_string() {
    let made = made(&laptop());
    let [brand] = values(&made, 4).try_into().unwrap();
    assert_eq!((brand.len(), brand.starts_with(b"Example CPU @ 2.40GHz\0\0")), (48, true));
    assert_eq!(text(&made, 3), "GenuineIntel\0");
    let processor = Record::Processor { architecture: 9, packages: 1, cores: 4, threads: 8, hyper_threading: 1 };
    assert_eq!(values(&made, 2), [processor.value().into_owned()]);
}

#[test]
fn without_smbios_there_is_no_hash() {
    let mut capture = laptop();
    capture.smbios.as_mut().unwrap().table = Blob(structure(0, &[0; 20], &[]));
    assert_eq!(make(&capture, AT), Err(CannotMake::NoSmbios));
    capture.smbios = None;
    assert_eq!(make(&capture, AT), Err(CannotMake::NoSmbios));
}

#[test]
fn a_table_of_endless_strings_is_too_long() {
    let mut capture = laptop();
    let long = "x".repeat(40_000);
    let table = structure(1, &[1, 2, 3, 4, 0, 0, 0, 0], &[&long, &long]);
    capture.smbios = Some(SmbiosTables { entry_point: Blob::default(), table: Blob(table) });
    assert!(matches!(make(&capture, AT), Err(CannotMake::TooLong(_))));
}
