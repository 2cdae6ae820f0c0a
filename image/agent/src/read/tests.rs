use std::os::unix::fs::symlink;

use whiteglove_core::{
    capture::{Bus, FirmwareVariable, Keys, NicKind, Variable},
    envelope::MAX_ENVELOPE,
    hwhash::Record,
    smbios::structure,
};

use super::*;

/// A made-up tree below a temporary directory.
#[derive(Debug)]
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> Root {
        Root::new(self.0.path())
    }

    fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn files(&self, below: &str, files: &[(&str, &str)]) -> &Self {
        for (name, content) in files {
            self.file(&format!("{below}/{name}"), format!("{content}\n"));
        }
        self
    }

    /// `target` is below the root too.
    fn link(&self, path: &str, target: &str) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::create_dir_all(self.0.path().join(target)).unwrap();
        symlink(self.0.path().join(target), path).unwrap();
        self
    }

    fn capture(&self) -> Capture {
        capture(&self.root(), MessageId([1; 16]), Surroundings::default)
    }
}

fn findings(capture: &Capture) -> Vec<(Part, &str)> {
    capture.findings.iter().map(|finding| (finding.part, finding.what.as_str())).collect()
}

#[test]
fn the_stick_is_known_by_the_number_beside_the_card() {
    let card = |text: &str| Tree::new().file("etc/whiteglove/stick.json", text).capture().stick;
    let number = StickId([0x3a; 16]);
    assert_eq!(card(&format!("{{\"stick\":\"{number}\"}}")), Some(number));
    // Of an image, a medium from before sticks had numbers, and one that was damaged.
    assert_eq!(card(&String::from_utf8(StickCard::blank()).unwrap()), None);
    assert_eq!(Tree::new().capture().stick, None);
    assert_eq!(card("{\"stick\":\"3a"), None);
}

#[test]
fn a_machine_that_shows_nothing_gives_findings_and_no_crash() {
    let capture = Tree::new().capture();
    let parts: Vec<Part> = capture.findings.iter().map(|finding| finding.part).collect();
    assert_eq!(
        parts,
        [
            Part::Smbios,
            Part::Msdm,
            Part::Cpu,
            Part::Memory,
            Part::Firmware,
            Part::Rtc,
            Part::Display,
            Part::Nic,
            Part::Disk,
            Part::Tpm,
            Part::Hash
        ]
    );
    // It can be sent all the same.
    let json = serde_json::to_vec(&capture).unwrap();
    assert_eq!(serde_json::from_slice::<Capture>(&json).unwrap(), capture);
}

#[test]
fn tables_are_kept_raw_and_the_key_is_not_kept() {
    let tree = Tree::new();
    let mut msdm = b"MSDM\x55\x00\x00\x00\x03\x00LENOVOTP-X1   ".to_vec();
    msdm.resize(56, 0);
    msdm.extend(b"W269N-WFGWX-YVC9B-4J6C9-T83GX");
    tree.file("sys/firmware/dmi/tables/DMI", b"\x7f\x04\x00\x00\x00\x00 untrimmed ")
        .file("sys/firmware/dmi/tables/smbios_entry_point", b"_SM3_")
        .file("sys/firmware/acpi/tables/MSDM", msdm)
        .file(&format!("sys/firmware/efi/efivars/SecureBoot-{GLOBAL}"), [6, 0, 0, 0, 1])
        .file(&format!("sys/firmware/efi/efivars/SetupMode-{GLOBAL}"), [6, 0, 0, 0, 0]);
    let capture = tree.capture();
    assert!(capture.smbios.as_ref().unwrap().table.0.ends_with(b" untrimmed "));
    assert_eq!(capture.firmware.secure_boot, Some(true));
    assert_eq!(capture.firmware.setup_mode, Some(false));
    assert_eq!(capture.msdm.as_ref().unwrap().product_key_id.as_str(), "3311000000001");
    assert!(!serde_json::to_string(&capture).unwrap().contains("W269N"));
}

/// Of `OVMF_VARS_4M.ms.fd`, and a floor as shim sets it.
const DB: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/ovmf-db.esl");
const DBX: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/ovmf-dbx.esl");
const KEK: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/ovmf-KEK.esl");
const FLOOR: &[u8] = b"sbat,1,2024010900\nshim,4\ngrub,3\n";

/// With the attributes of an authenticated variable before the value.
fn put_variable(tree: &Tree, name: &str, value: &[u8]) {
    tree.file(&format!("sys/firmware/efi/efivars/{name}"), [&[0x27, 0, 0, 0], value].concat());
}

#[test]
fn whom_the_firmware_trusts_is_kept_raw() {
    let tree = Tree::new();
    put_variable(&tree, "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f", DB);
    put_variable(&tree, "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f", DBX);
    put_variable(&tree, &format!("KEK-{GLOBAL}"), KEK);
    put_variable(&tree, "SbatLevelRT-605dab50-e046-4300-abb6-3dd810dd8b23", FLOOR);
    let capture = tree.capture();
    let keys = capture.firmware.keys.as_ref().unwrap();
    let read = [&keys.db, &keys.dbx, &keys.kek, &keys.sbat].map(|variable| variable.value().unwrap());
    assert!(read == [DB, DBX, KEK, FLOOR]);
    assert!(findings(&capture).iter().all(|(_, what)| !what.contains("db")));
    let json = serde_json::to_vec(&capture).unwrap();
    assert_eq!(serde_json::from_slice::<Capture>(&json).unwrap(), capture);
}

#[test]
fn variables_that_are_not_there_or_too_long_are_told_apart() {
    let tree = Tree::new();
    put_variable(&tree, "db-d719b2cb-3d3a-4596-a3bc-dad00e67656f", &vec![7; Keys::MOST_BYTES]);
    put_variable(&tree, "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f", &vec![7; Keys::MOST_BYTES + 1]);
    put_variable(&tree, &format!("KEK-{GLOBAL}"), &[]);
    let capture = tree.capture();
    let keys = capture.firmware.keys.as_ref().unwrap();
    assert_eq!(keys.db.value().map(<[u8]>::len), Some(Keys::MOST_BYTES));
    assert_eq!(keys.dbx, Variable::Unread("it is longer than 64 KiB".into()));
    assert_eq!((&keys.kek, &keys.sbat), (&Variable::Absent, &Variable::Absent));
    let why = "the UEFI variable dbx cannot be read: it is longer than 64 KiB";
    assert!(findings(&capture).contains(&(Part::Firmware, why)));
    assert_eq!(Tree::new().capture().firmware.keys, None, "BIOS");
}

/// As long as all of them may be, a capture still fits into an envelope.
#[test]
fn the_longest_variables_fit_into_an_envelope() {
    let tree = Tree::new();
    for name in ["db-d719b2cb-3d3a-4596-a3bc-dad00e67656f", "dbx-d719b2cb-3d3a-4596-a3bc-dad00e67656f"] {
        put_variable(&tree, name, &vec![7; Keys::MOST_BYTES]);
    }
    put_variable(&tree, &format!("KEK-{GLOBAL}"), &vec![7; Keys::MOST_BYTES]);
    put_variable(&tree, "SbatLevelRT-605dab50-e046-4300-abb6-3dd810dd8b23", &vec![7; Keys::MOST_BYTES]);
    // SMBIOS tables end at 64 KiB too (its entry point 2.1; 3.0 allows more, nobody has it).
    tree.file("sys/firmware/dmi/tables/DMI", vec![7; 64 << 10])
        .file("sys/firmware/dmi/tables/smbios_entry_point", "_SM3_");
    let length = serde_json::to_vec(&tree.capture()).unwrap().len();
    assert!(length > 300 << 10 && length < MAX_ENVELOPE / 2, "{length}");
}

/// The namespace of device association, as firmware writes it.
const LINK: &str = "b3de75da-819c-4fd5-9f01-c3d49e8cbbd7";

#[test]
fn marks_of_an_association_are_found_under_any_name() {
    let tree = Tree::new();
    let put = |file: &str, value: &[u8]| {
        tree.file(&format!("sys/firmware/efi/efivars/{file}"), [&[7, 0, 0, 0], value].concat());
    };
    let wide: Vec<u8> = "2026-08-01T10:00:00Z\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    put(&format!("DeviceLinkId-{LINK}"), b"7f3c-1\0");
    put(&format!("DeviceLinkUtc-{}", LINK.to_uppercase()), &wide);
    put(&format!("DeviceLinkBlob-{LINK}"), &[0x1f, 0x8b, 8, 0, 1, 2]);
    put(&format!("DeviceLinkJwt-{LINK}"), "e".repeat(81).as_bytes());
    put(&format!("Empty-{LINK}"), b"");
    put(&format!("DeviceLinkId-{GLOBAL}"), b"of another namespace");
    put("no-namespace", b"x");
    let variable = |name: &str, bytes, text: Option<&str>| FirmwareVariable {
        name: name.to_owned(),
        bytes,
        text: text.map(str::to_owned),
    };
    assert_eq!(
        tree.capture().device_link,
        [
            variable("DeviceLinkBlob", 6, None),
            variable("DeviceLinkId", 7, Some("7f3c-1")),
            variable("DeviceLinkJwt", 81, None),
            variable("DeviceLinkUtc", 42, Some("2026-08-01T10:00:00Z")),
            variable("Empty", 0, None),
        ]
    );
}

#[test]
fn a_blank_key_and_unreadable_variables_are_findings() {
    let tree = Tree::new();
    tree.file("sys/firmware/acpi/tables/MSDM", [b"MSDM".as_slice(), &[0; 81]].concat()).file("sys/firmware/efi/x", "");
    let capture = tree.capture();
    let found = findings(&capture);
    assert!(found.contains(&(Part::Msdm, "the MSDM table is no use: the table holds no product key of the 5x5 form")));
    assert!(found.contains(&(Part::Firmware, "the UEFI variable SecureBoot cannot be read")));
}

#[test]
fn a_cpu_with_threads() {
    let tree = Tree::new();
    let processor = |number: u32, core: u32| {
        format!(
            "processor\t: {number}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 186\n\
             model name\t: 13th Gen Intel(R) Core(TM) i7-1355U\nstepping\t: 3\nphysical id\t: 0\ncore id\t\t: {core}\n\n"
        )
    };
    tree.file("proc/cpuinfo", [processor(0, 0), processor(1, 0), processor(2, 4)].concat())
        .file("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1 kB\n");
    let capture = tree.capture();
    let cpu = &capture.cpu;
    assert_eq!((cpu.vendor.as_str(), cpu.model.as_str()), ("GenuineIntel", "13th Gen Intel(R) Core(TM) i7-1355U"));
    assert_eq!((cpu.sockets, cpu.cores, cpu.threads), (1, 2, 3));
    assert_eq!((cpu.family, cpu.model_number, cpu.stepping), (6, 186, 3));
    assert_eq!(capture.memory_bytes, 16_384_000_000);
}

#[test]
fn the_machines_battery_and_not_the_mouses() {
    let tree = Tree::new();
    tree.files(
        "sys/class/power_supply/BAT0",
        &[
            ("type", "Battery"),
            ("capacity", "83"),
            ("status", "Discharging"),
            ("energy_full", "45000000"),
            ("energy_full_design", "50000000"),
            ("cycle_count", "12"),
        ],
    )
    .files("sys/class/power_supply/BAT1", &[("type", "Battery"), ("present", "0")])
    .files("sys/class/power_supply/AC", &[("type", "Mains")])
    .files("sys/class/power_supply/hid-mouse", &[("type", "Battery"), ("scope", "Device"), ("capacity", "5")]);
    let [battery] = tree.capture().batteries.try_into().unwrap();
    assert_eq!((battery.percent, battery.health_percent, battery.cycles), (Some(83), Some(90), Some(12)));
}

#[test]
fn a_display_by_its_edid() {
    let tree = Tree::new();
    // 1920x1200, 302x189 mm: detailed timing as in VESA E-EDID 1.4.
    let mut edid = vec![0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
    edid.resize(54, 0);
    edid.extend([0x02, 0x3a, 0x80, 0xa0, 0x70, 0xb0, 0x30, 0x40, 0x30, 0x20, 0x36, 0x00, 0x2e, 0xbd, 0x10, 0, 0, 0x1a]);
    edid.resize(128, 0);
    tree.file("sys/class/drm/card0-eDP-1/edid", edid)
        .file("sys/class/drm/card0-DP-1/edid", "")
        .file("sys/class/drm/card0-HDMI-A-1/edid", [7; 128])
        .file("sys/class/drm/version", "");
    let capture = tree.capture();
    let [display] = capture.displays.as_slice() else { panic!("{:?}", capture.displays) };
    assert_eq!(display.connector, "eDP-1");
    assert_eq!((display.width_px, display.height_px, display.width_mm, display.height_mm), (1920, 1200, 302, 189));
    assert!(findings(&capture).contains(&(Part::Display, "the display at HDMI-A-1 has no usable EDID")));
}

#[test]
fn the_firmwares_framebuffer_tells_pixels_only() {
    let tree = Tree::new();
    tree.file("sys/class/graphics/fb0/virtual_size", "1920,1080\n")
        .file("sys/class/rtc/rtc0/since_epoch", "1800000000\n");
    let capture = tree.capture();
    assert_eq!((capture.displays[0].width_px, capture.displays[0].width_mm), (1920, 0));
    assert_eq!(capture.rtc.unwrap().read.millis(), 1_800_000_000_000);
}

#[test]
fn adapters_by_bus_and_kind() {
    let tree = Tree::new();
    let pci = "sys/devices/pci0000:00/0000:00:1f.6";
    tree.files(pci, &[("vendor", "0x8086"), ("device", "0x15fb"), ("class", "0x020000")])
        .link(&format!("{pci}/subsystem"), "sys/bus/pci")
        .link(&format!("{pci}/driver"), "sys/bus/pci/drivers/e1000e")
        .link("sys/class/net/enp0s31f6/device", pci)
        .files("sys/class/net/enp0s31f6", &[("address", "54:e1:ad:01:02:03"), ("type", "1"), ("carrier", "1")])
        .link(&format!("sys/bus/pci/devices/{}", "0000:00:1f.6"), pci);
    let usb = "sys/devices/pci0000:00/usb1/1-2";
    tree.files(usb, &[("idVendor", "0bda"), ("idProduct", "8153")])
        .link(&format!("{usb}/1-2:1.0/subsystem"), "sys/bus/usb")
        .link("sys/class/net/enx0/device", &format!("{usb}/1-2:1.0"))
        .files("sys/class/net/enx0", &[("address", "00:e0:4c:00:00:01"), ("type", "1")]);
    let wifi = "sys/devices/pci0000:00/0000:00:14.3";
    tree.files(wifi, &[("vendor", "0x8086"), ("device", "0x51f0"), ("class", "0x028000")])
        .link("sys/bus/pci/devices/0000:00:14.3", wifi)
        .files("sys/class/net/lo", &[("address", "00:00:00:00:00:00"), ("type", "772")]);
    let permanent = [("enp0s31f6".to_owned(), "54:e1:ad:ff:ff:ff".parse().unwrap())].into();
    let surroundings = || Surroundings { permanent_macs: permanent, ..Surroundings::default() };
    let capture = capture(&tree.root(), MessageId([0; 16]), surroundings);
    let [pci, usb] = capture.nics.as_slice() else { panic!("{:?}", capture.nics) };
    assert_eq!((pci.bus, pci.kind, pci.driver.as_str(), pci.carrier), (Bus::Pci, NicKind::Wired, "e1000e", true));
    assert_eq!((pci.hardware, pci.permanent_mac), (Some((0x8086, 0x15fb)), "54:e1:ad:ff:ff:ff".parse().ok()));
    assert_eq!((usb.bus, usb.hardware, usb.carrier), (Bus::Usb, Some((0x0bda, 0x8153)), false));
    let wifi = "wireless card 8086:51f0 at 0000:00:14.3 has no driver here, its address is not known";
    assert!(findings(&capture).contains(&(Part::Nic, wifi)));
}

#[test]
fn disks_of_every_bus() {
    let tree = Tree::new();
    let devices = "sys/devices/pci0000:00";
    let nvme = format!("{devices}/0000:01:00.0/nvme/nvme0");
    tree.files(&nvme, &[("model", "KXG8AZNV512G"), ("serial", "Y3A   "), ("firmware_rev", "AFXA4105")])
        .files(
            &format!("{nvme}/nvme0n1"),
            &[("size", "1000215216"), ("wwid", "eui.8ce38e05006f3c01"), ("eui", "8c e3 8e 05"), ("removable", "0")],
        )
        .link(&format!("{nvme}/nvme0n1/device"), &nvme)
        .link("sys/block/nvme0n1", &format!("{nvme}/nvme0n1"))
        .files(&format!("{nvme}/nvme0c0n1"), &[("size", "1000215216")])
        .link("sys/block/nvme0c0n1", &format!("{nvme}/nvme0c0n1"));
    let sata = format!("{devices}/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0");
    tree.files(
        &sata,
        &[
            ("model", "QEMU HARDDISK"),
            ("vendor", "ATA"),
            ("rev", "2.5+"),
            ("wwid", "t10.ATA     QEMU HARDDISK           QM00001"),
        ],
    )
    .files(&format!("{sata}/block/sda"), &[("size", "16777216")])
    .link(&format!("{sata}/block/sda/device"), &sata)
    .link("sys/block/sda", &format!("{sata}/block/sda"));
    let usb = format!("{devices}/0000:00:14.0/usb2/2-1");
    let scsi = format!("{usb}/2-1:1.0/host2/target2:0:0/2:0:0:0");
    tree.files(&usb, &[("idVendor", "0781"), ("idProduct", "5583"), ("serial", "4C5300")])
        .files(&scsi, &[("model", "Ultra Fit"), ("vendor", "SanDisk")])
        .files(&format!("{scsi}/block/sdb"), &[("size", "60062500"), ("removable", "1")])
        .link(&format!("{scsi}/block/sdb/device"), &scsi)
        .link("sys/block/sdb", &format!("{scsi}/block/sdb"))
        .files("sys/devices/virtual/block/loop0", &[("size", "8")])
        .link("sys/block/loop0", "sys/devices/virtual/block/loop0")
        .files("sys/devices/platform/mmcblk0/block/sdc", &[("size", "0")])
        .link("sys/block/sdc", "sys/devices/platform/mmcblk0/block/sdc")
        .files(
            "sys/bus/pci/devices/0000:00:0e.0",
            &[("class", "0x010400"), ("vendor", "0x8086"), ("device", "0x467f")],
        );
    let surroundings = || Surroundings { boot_disk: Some("sdb".to_owned()), ..Surroundings::default() };
    let capture = capture(&tree.root(), MessageId([0; 16]), surroundings);
    let shown: Vec<_> = capture
        .disks
        .iter()
        .map(|d| (d.name.as_str(), d.bus, d.model.as_str(), d.serial.as_str(), d.boot_medium))
        .collect();
    assert_eq!(
        shown,
        [
            ("nvme0n1", Bus::Nvme, "KXG8AZNV512G", "Y3A", false),
            ("sda", Bus::Sata, "QEMU HARDDISK", "QM00001", false),
            ("sdb", Bus::Usb, "SanDisk Ultra Fit", "4C5300", true),
        ]
    );
    assert_eq!(capture.disks[0].bytes, 512_110_190_592);
    assert_eq!((capture.disks[0].wwid.as_str(), capture.disks[1].firmware.as_str()), ("eui.8ce38e05006f3c01", "2.5+"));
    let raid = "storage controller 8086:467f at 0000:00:0e.0 has no driver here";
    assert!(findings(&capture).contains(&(Part::Disk, raid)));
}

#[test]
fn a_sata_drive_in_its_own_words() {
    let tree = Tree::new();
    let sata = "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0";
    let (model, serial) = (format!("{:<40}", "Example SSD 850 EVO 250GB"), format!("{:>20}", "S21PNSAG123456"));
    // First the serial number alone, as a vendor's designator, then both: what the kernel makes of IDENTIFY.
    let mut page = vec![0, 0x83, 0, 96, 2, 0, 0, 20];
    page.extend(serial.as_bytes());
    page.extend([2, 1, 0, 68]);
    page.extend(format!("ATA     {model}{serial}").as_bytes());
    // Cut after 16 characters, as SCSI has it.
    tree.files(sata, &[("model", "Example SSD 850"), ("vendor", "ATA")])
        .file(&format!("{sata}/vpd_pg80"), [&[0, 0x80, 0, 20], serial.as_bytes()].concat())
        .file(&format!("{sata}/vpd_pg83"), &page)
        .files(&format!("{sata}/block/sda"), &[("size", "500118192")])
        .link(&format!("{sata}/block/sda/device"), sata)
        .link("sys/block/sda", &format!("{sata}/block/sda"));
    let check = |what: &str| {
        let [disk] = tree.capture().disks.try_into().unwrap();
        assert_eq!(disk.serial_raw, "      S21PNSAG123456", "{what}");
        assert_eq!(
            (disk.model.as_str(), disk.serial.as_str()),
            ("Example SSD 850 EVO 250GB", "S21PNSAG123456"),
            "{what}"
        );
    };
    check("page 80h");
    tree.file(&format!("{sata}/vpd_pg80"), [0, 0x80, 0, 20]).files(sata, &[("serial", "S21PNSAG123456")]);
    check("page 83h");
    // Pages that end anywhere are as good as none.
    for end in 0..page.len() {
        tree.file(&format!("{sata}/vpd_pg83"), &page[..end]);
        let [disk] = tree.capture().disks.try_into().unwrap();
        assert!(disk.model.starts_with("Example SSD 850"), "cut at {end}");
    }
}

#[test]
fn a_tpm_that_is_there_hidden_or_nowhere() {
    let presence = |files: &[(&str, &[u8])]| {
        let tree = Tree::new();
        tree.file("sys/firmware/dmi/tables/smbios_entry_point", b"_SM3_");
        for (path, content) in files {
            tree.file(path, content);
        }
        let capture = tree.capture();
        assert!(capture.findings.iter().any(|finding| finding.part == Part::Tpm), "{files:?}");
        capture.tpm_presence
    };
    let table = |major: u8| structure(43, &[b'I', b'F', b'X', 0, major, 0], &[]);
    let (smbios, acpi) = ("sys/firmware/dmi/tables/DMI", "sys/firmware/acpi/tables");
    assert_eq!(presence(&[]), TpmPresence::None);
    assert_eq!(presence(&[(smbios, &table(2))]), TpmPresence::Hidden);
    assert_eq!(presence(&[(smbios, &table(1))]), TpmPresence::Version12);
    assert_eq!(presence(&[(&format!("{acpi}/TPM2"), b"TPM2")]), TpmPresence::Hidden);
    assert_eq!(presence(&[(&format!("{acpi}/TCPA"), b"TCPA")]), TpmPresence::Version12);
    // Firmware that can do both describes both.
    assert_eq!(presence(&[(&format!("{acpi}/TCPA"), b"TCPA"), (smbios, &table(2))]), TpmPresence::Hidden);
    assert_eq!(presence(&[("dev/tpmrm0", b"")]), TpmPresence::Silent);
    assert_eq!(presence(&[("sys/class/tpm/tpm0/tpm_version_major", b"2\n")]), TpmPresence::Silent);
    assert_eq!(presence(&[("sys/class/tpm/tpm0/tpm_version_major", b"1\n")]), TpmPresence::Version12);
}

#[test]
fn the_hash_is_made_of_what_was_read_by_the_clock_of_the_machine() {
    let tree = Tree::new();
    let mut system = vec![1, 2, 0, 3];
    system.extend([0x11; 16]);
    system.extend([6, 0, 0]);
    tree.file("sys/firmware/dmi/tables/DMI", structure(1, &system, &["QEMU", "Machine", " S 1 "]))
        .file("sys/firmware/dmi/tables/smbios_entry_point", b"_SM3_")
        .file("sys/class/rtc/rtc0/since_epoch", "1800000000\n");
    let capture = tree.capture();
    let hash = &capture.hash.as_ref().unwrap().hash;
    let serial = Record::Text { kind: 14, text: " S 1 ".to_owned(), nul: true };
    assert!(hash.records().contains(&serial));
    let [Record::Versions { seconds, .. }, ..] = hash.records()[..] else { panic!("{:?}", hash.records()) };
    assert_eq!(seconds, 1_800_000_000 - 946_684_800);
    assert!(capture.timings.iter().any(|timing| timing.part == Part::Hash));
    assert!(!capture.findings.iter().any(|finding| finding.part == Part::Hash));
}

#[test]
fn a_tpm_of_version_one_and_a_file_that_is_no_tpm() {
    let tree = Tree::new();
    tree.file("sys/class/tpm/tpm0/tpm_version_major", "1\n");
    let wanted = "the TPM is version 1.2; pre-provisioning needs 2.0";
    assert!(findings(&tree.capture()).contains(&(Part::Tpm, wanted)));
    tree.file("dev/tpmrm0", "");
    assert!(findings(&tree.capture()).contains(&(Part::Tpm, "dev/tpmrm0 is not a device")));
}

#[test]
fn devices_that_come_late_are_read_and_earlier_findings_kept() {
    let tree = Tree::new();
    let capture = capture(&tree.root(), MessageId([0; 16]), || {
        tree.file("sys/class/rtc/rtc0/since_epoch", "5");
        let finding = Finding { part: Part::Drivers, what: "driver x did not load".to_owned() };
        Surroundings { findings: vec![finding], ..Surroundings::default() }
    });
    assert!(capture.rtc.is_some());
    assert!(findings(&capture).contains(&(Part::Drivers, "driver x did not load")));
    assert!(capture.timings.iter().any(|timing| timing.part == Part::Tpm));
}
