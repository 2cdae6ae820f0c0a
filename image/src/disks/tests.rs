use std::{fs, os::unix::fs::symlink};

use tempfile::TempDir;
use whiteglove_core::disk::Policy;

use super::*;

/// A machine made of files, in the shape of sysfs and procfs.
struct Fake {
    root: TempDir,
    mounts: String,
    swaps: String,
}

const PCI: &str = "devices/pci0000:00/0000:00:14.0";

impl Fake {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        fs::create_dir_all(root.path().join("sys/block")).unwrap();
        Self { root, mounts: String::new(), swaps: "Filename\tType\tSize\tUsed\tPriority\n".into() }
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root.path().join("sys").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    /// A disk at a place in the device tree; `/sys/block` links to it.
    fn disk(&self, at: &str, name: &str, number: &str, sectors: u64, removable: bool) -> String {
        let block = format!("{at}/block/{name}");
        self.put(&format!("{block}/dev"), number);
        self.put(&format!("{block}/size"), &sectors.to_string());
        self.put(&format!("{block}/removable"), if removable { "1" } else { "0" });
        self.put(&format!("{block}/ro"), "0");
        self.put(&format!("{block}/queue/logical_block_size"), "512");
        symlink(format!("../{block}"), self.root.path().join("sys/block").join(name)).unwrap();
        block
    }

    fn stick(&self, port: u32, name: &str, number: &str, serial: &str) -> String {
        let usb = format!("{PCI}/usb2/2-{port}");
        self.put(&format!("{usb}/idVendor"), "0781");
        self.put(&format!("{usb}/manufacturer"), "SanDisk");
        self.put(&format!("{usb}/product"), "Ultra");
        self.put(&format!("{usb}/serial"), serial);
        let block = self.disk(&format!("{usb}/2-{port}:1.0/host6/target6:0:0/6:0:0:0"), name, number, 30_000_000, true);
        self.put(&format!("{block}/device/model"), "Ultra           ");
        self.put(&format!("{block}/device/vendor"), "SanDisk ");
        self.put(&format!("{block}/diskseq"), &format!("1{port}"));
        block
    }

    fn sata(&self, name: &str, number: &str) -> String {
        let block = self.disk(&format!("{PCI}/ata1/host0/target0:0:0/0:0:0:0"), name, number, 500_000_000, false);
        self.put(&format!("{block}/device/model"), "Samsung SSD 870");
        block
    }

    fn part(&self, block: &str, name: &str, number: &str) -> String {
        let part = format!("{block}/{name}");
        self.put(&format!("{part}/partition"), "1");
        self.put(&format!("{part}/dev"), number);
        part
    }

    /// A mapped device above `below`.
    fn mapper(&self, below: &str, name: &str, number: &str, label: &str) -> String {
        let block = format!("devices/virtual/block/{name}");
        self.put(&format!("{block}/dev"), number);
        self.put(&format!("{block}/size"), "1000");
        self.put(&format!("{block}/dm/name"), label);
        let link = self.root.path().join("sys/block").join(name);
        if !link.exists() {
            symlink(format!("../{block}"), link).unwrap();
        }
        let holders = self.root.path().join("sys").join(below).join("holders");
        fs::create_dir_all(&holders).unwrap();
        symlink(self.root.path().join("sys").join(&block), holders.join(name)).unwrap();
        block
    }

    fn mount(&mut self, number: &str, source: &str, at: &str) {
        self.mounts += &format!("36 35 {number} / {at} rw,noatime shared:1 - ext4 {source} rw\n");
    }

    fn machine(&self) -> Machine {
        let root = self.root.path();
        fs::create_dir_all(root.join("proc/self")).unwrap();
        fs::write(root.join("proc/self/mountinfo"), &self.mounts).unwrap();
        fs::write(root.join("proc/swaps"), &self.swaps).unwrap();
        Machine { sys: root.join("sys"), proc: root.join("proc"), dev: "/dev".into() }
    }

    /// Every disk's name with why it is refused.
    fn verdicts(&self) -> Vec<(String, Option<Refusal>)> {
        let disks = self.machine().disks().unwrap();
        disks.iter().map(|d| (d.path.to_string_lossy().into_owned(), d.refusal(Policy::default()))).collect()
    }
}

#[test]
fn a_free_stick_is_described_whole() {
    let fake = Fake::new();
    fake.stick(1, "sdb", "8:16", "4C530001");
    let disks = fake.machine().disks().unwrap();
    let [disk] = &disks[..] else { panic!("{disks:?}") };
    assert_eq!(disk.to_string(), "Ultra  15.3 GB  /dev/sdb  serial 4C530001");
    assert_eq!((disk.vendor.as_str(), disk.bus, disk.number, disk.diskseq), ("SanDisk", Bus::Usb, (8, 16), Some(11)));
    assert_eq!(disk.refusal(Policy::default()), None);
}

#[test]
fn the_system_is_never_offered() {
    let mut fake = Fake::new();
    // Root on a USB stick, as a live system has it.
    let live = fake.stick(1, "sdb", "8:16", "1");
    fake.part(&live, "sdb1", "8:17");
    fake.mount("8:17", "/dev/sdb1", "/");
    // Root on LVM on LUKS on a partition of a removable USB disk.
    let deep = fake.stick(2, "sdc", "8:32", "2");
    let part = fake.part(&deep, "sdc3", "8:35");
    let luks = fake.mapper(&part, "dm-0", "253:0", "luks-1234");
    fake.mapper(&luks, "dm-1", "253:1", "vg-home");
    fake.mount("253:1", "/dev/mapper/vg-home", "/home");
    // Swap on a stick's partition; root on btrfs, which shows an invented device number.
    let swap = fake.stick(3, "sdd", "8:48", "3");
    fake.part(&swap, "sdd1", "8:49");
    fake.swaps += "/dev/sdd1\tpartition\t999\t0\t-2\n";
    let btrfs = fake.stick(4, "sde", "8:64", "4");
    fake.part(&btrfs, "sde2", "8:66");
    fake.mount("0:27", "/dev/sde2", "/");
    // Swap on RAID over a whole stick.
    let raid = fake.stick(5, "sdf", "8:80", "5");
    fake.mapper(&raid, "md127", "9:127", "");
    fake.swaps += "/dev/md127\tpartition\t999\t0\t-2\n";
    for (path, refusal) in fake.verdicts() {
        assert_eq!(refusal, Some(Refusal::System), "{path}");
    }
    assert_eq!(fake.verdicts().len(), 5);
}

#[test]
fn what_is_in_use_is_refused_with_where() {
    let mut fake = Fake::new();
    let stick = fake.stick(1, "sdb", "8:16", "1");
    fake.part(&stick, "sdb1", "8:17");
    fake.mount("8:17", "/dev/sdb1", "/media/te\\040st");
    let held = fake.stick(2, "sdc", "8:32", "2");
    let part = fake.part(&held, "sdc1", "8:33");
    fake.mapper(&part, "dm-4", "253:4", "vault");
    assert_eq!(
        fake.verdicts(),
        [
            ("/dev/sdb".into(), Some(Refusal::Mounted { at: vec!["/media/te st".into()] })),
            ("/dev/sdc".into(), Some(Refusal::InUse { by: vec!["dm-4 (vault)".into()] })),
        ]
    );
}

#[test]
fn only_removable_usb_disks_are_offered() {
    let fake = Fake::new();
    fake.sata("sda", "8:0");
    fake.disk(&format!("{PCI}/nvme/nvme0"), "nvme0n1", "259:0", 900_000_000, false);
    fake.disk(&format!("{PCI}/mmc_host/mmc0/mmc0:0001"), "mmcblk0", "179:0", 60_000_000, false);
    fake.disk(&format!("{PCI}/mmc_host/mmc0/mmc0:0001"), "mmcblk0boot0", "179:8", 8192, false);
    fake.disk("devices/pci0000:00/virtio2", "vda", "254:0", 60_000_000, false);
    // An NVMe drive in a USB case: on USB, but it does not call itself removable.
    fake.disk(&format!("{PCI}/usb2/2-7/2-7:1.0/host9/target9:0:0/9:0:0:0"), "sdx", "65:112", 900_000_000, false);
    // A card reader without a card; its second slot is write-protected.
    fake.disk(&format!("{PCI}/usb2/2-8/2-8:1.0/host8/target8:0:0/8:0:0:0"), "sdy", "65:128", 0, true);
    let locked = fake.disk(&format!("{PCI}/usb2/2-8/2-8:1.0/host8/target8:0:0/8:0:0:1"), "sdz", "65:144", 9999, true);
    fake.put(&format!("{locked}/ro"), "1");
    // What is no disk at all.
    for (name, number) in [("zram0", "252:0"), ("ram0", "1:0"), ("loop0", "7:0"), ("sr0", "11:0")] {
        fake.disk("devices/virtual", name, number, if name == "loop0" { 0 } else { 1000 }, true);
    }
    fake.disk("devices/virtual", "loop1", "7:1", 200_000, false);
    assert_eq!(
        fake.verdicts(),
        [
            ("/dev/loop1".into(), Some(Refusal::NotUsb { bus: Bus::Loop })),
            ("/dev/mmcblk0".into(), Some(Refusal::NotUsb { bus: Bus::Mmc })),
            ("/dev/nvme0n1".into(), Some(Refusal::NotUsb { bus: Bus::Nvme })),
            ("/dev/sda".into(), Some(Refusal::NotUsb { bus: Bus::Sata })),
            ("/dev/sdx".into(), Some(Refusal::NotRemovable)),
            ("/dev/sdy".into(), Some(Refusal::NoMedium)),
            ("/dev/sdz".into(), Some(Refusal::ReadOnly)),
            ("/dev/vda".into(), Some(Refusal::NotUsb { bus: Bus::Virtio })),
        ]
    );
}

#[test]
fn two_sticks_with_one_serial_stay_two() {
    let fake = Fake::new();
    fake.stick(1, "sdb", "8:16", "0000");
    fake.stick(2, "sdc", "8:32", "0000");
    let machine = fake.machine();
    let first = machine.disk(Path::new("/dev/sdb")).unwrap();
    let second = machine.disk(Path::new("/dev/sdc")).unwrap();
    let permit = ErasePermit::confirm(first, "Ultra", 0, Policy::default()).unwrap();
    assert!(permit.still_holds(&second).is_err());
    assert!(machine.disk(Path::new("/dev/sdb1")).is_err());
}

#[test]
fn both_halves_of_a_port_have_one_name() {
    let fake = Fake::new();
    fake.stick(3, "sdb", "8:16", "1");
    let usb = format!("{PCI}/usb2/2-3");
    fake.put(&format!("{usb}/speed"), "480");
    fake.put(&format!("{usb}/version"), " 2.10");
    let machine = fake.machine();
    let stick = machine.disk(Path::new("/dev/sdb")).unwrap();
    let place = machine.place(&stick);
    assert_eq!((place.port.as_str(), place.speed, place.version), ("2-3", Some(480), Some(210)));
    assert!(place.warning().is_some());
    // The port's other half is on bus 1, and has another number there.
    let other = fake.root.path().join("sys").join(PCI).join("usb1/1-0:1.0/usb1-port7");
    fs::create_dir_all(&other).unwrap();
    let port = fake.root.path().join("sys").join(&usb).join("port");
    fs::create_dir_all(&port).unwrap();
    symlink(&other, port.join("peer")).unwrap();
    assert_eq!(machine.place(&stick).port, "1-7");
    fake.sata("sda", "8:0");
    let internal = machine.disk(Path::new("/dev/sda")).unwrap();
    assert_eq!(machine.place(&internal).port, "sda");
}

#[test]
fn what_lies_in_the_way_of_a_name_is_harmless() {
    let fake = Fake::new();
    let block = fake.stick(1, "sdb", "8:16", "\u{202e}x\u{1b}[2J");
    fake.put(&format!("{block}/device/model"), "  \u{7}Evil\u{202e}kcitS ");
    // A disk that vanishes half-way has no size any more; a loop of holders has no end.
    let gone = fake.disk("devices/virtual/x", "sdq", "65:1", 1, true);
    fs::remove_file(fake.root.path().join("sys").join(gone).join("size")).unwrap();
    let ring = fake.stick(2, "sdc", "8:32", "2");
    let above = fake.mapper(&ring, "dm-0", "253:0", "a");
    let top = fake.mapper(&above, "dm-1", "253:1", "b");
    fake.mapper(&top, "dm-0", "253:0", "a");
    let disks = fake.machine().disks().unwrap();
    assert_eq!(disks.len(), 2);
    assert_eq!((disks[0].model.as_str(), disks[0].serial.as_str()), ("EvilkcitS", "x[2J"));
    assert_eq!(disks[1].holders.len(), 2);
}

#[test]
fn this_machine_can_be_listed_and_its_own_disk_is_refused() {
    let Ok(disks) = Machine::default().disks() else {
        eprintln!("SKIPPED: no sysfs here");
        return;
    };
    for disk in disks.iter().filter(|d| d.mounted.iter().any(|at| at == "/")) {
        assert_eq!(disk.refusal(Policy { allow_loop: true }), Some(Refusal::System));
    }
}
