//! The laptop of the tests: firmware with Microsoft's keys, a TPM with its maker's certificate, and
//! disks that hold something. Every value is made up here and looked for in the journal.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    support::{partition, segment::Tap, tool},
    tpm::Tpm,
    variables,
};

pub(crate) const SERIAL: &str = "PF-WG4711";
pub(crate) const UUID: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
pub(crate) const NVME: Disk = Disk { model: "QEMU NVMe Ctrl", serial: "S4EVNX0R123456" };
pub(crate) const SATA: Disk = Disk { model: "WG SATA SSD 64M", serial: "2149D4800042" };
pub(crate) const STICK_SERIAL: &str = "4C530001230987";
/// Microsoft's published generic key of Windows 10/11 Pro, which activates nothing.
pub(crate) const WINDOWS_KEY: &str = "VK7JG-NPHTM-C97JM-9MPGT-3V66T";

/// On the PCI bus; each adapter of a laptop has the next.
const NIC_SLOT: u8 = 8;

const UEFI: &str = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
/// Microsoft's keys are enrolled in it and Secure Boot is on.
const VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd";
const NO_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

pub(crate) struct Disk {
    pub(crate) model: &'static str,
    pub(crate) serial: &'static str,
}

/// An adapter: QEMU's name for it, and the address in it.
#[derive(Clone, Copy)]
pub(crate) struct Nic {
    pub(crate) device: &'static str,
    pub(crate) mac: &'static str,
}

pub(crate) const VIRTIO: Nic = Nic { device: "virtio-net-pci", mac: "8c:16:45:12:34:56" };
pub(crate) const E1000E: Nic = Nic { device: "e1000e", mac: "8c:16:45:12:34:57" };
/// It says 40 as its first byte whatever it is told.
pub(crate) const USB: Nic = Nic { device: "usb-net", mac: "40:16:45:12:34:58" };

/// What starts the laptop, and what it tries first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Firmware {
    /// Secure Boot on. From the network by PXE.
    Uefi,
    /// The same, and its owner chose HTTP Boot in its menu.
    UefiHttp,
    /// Secure Boot off.
    UefiOpen,
    /// The same, and its network card brings its own iPXE, of 2019.
    UefiIpxe,
    /// SeaBIOS, and a network card of the same make.
    Bios,
}

impl Firmware {
    pub(crate) fn secure_boot(self) -> bool {
        matches!(self, Self::Uefi | Self::UefiHttp)
    }
}

pub(crate) struct Laptop {
    pub(crate) firmware: Firmware,
    pub(crate) folder: PathBuf,
    pub(crate) tpm: Option<Tpm>,
    pub(crate) nics: Vec<Nic>,
    windows_key: bool,
    /// What its hardware clock shows when it is switched on: `utc`, or a time.
    pub(crate) clock: String,
    /// What its cable's TFTP server gives out; then it boots from there, and no stick is in.
    pub(crate) tftp: Option<PathBuf>,
    /// The same with a network around it: its first adapter is plugged in here, and it boots from there.
    pub(crate) cable: Option<Tap>,
    /// Ports of this host by which the machine's own are reached.
    pub(crate) forwards: Vec<(u16, u16)>,
}

impl Laptop {
    /// With everything in it. `volume` is the FAT serial of the stick's data volume: the laptop's own
    /// disk has a volume of the same serial, name and folder, the worst likeness there can be.
    pub(crate) fn new(folder: &Path, volume: u32) -> Self {
        let tpm = Some(Tpm::manufacture(&folder.join("tpm")));
        let laptop = Self {
            firmware: Firmware::Uefi,
            folder: folder.to_owned(),
            tpm,
            nics: vec![VIRTIO],
            windows_key: true,
            clock: "utc".to_owned(),
            tftp: None,
            cable: None,
            forwards: vec![],
        };
        laptop.assemble(volume);
        laptop
    }

    /// Without TPM and Windows key.
    pub(crate) fn bare(folder: &Path, volume: u32) -> Self {
        fs::create_dir_all(folder).unwrap();
        let laptop = Self {
            firmware: Firmware::Uefi,
            folder: folder.to_owned(),
            tpm: None,
            nics: vec![VIRTIO],
            windows_key: false,
            clock: "utc".to_owned(),
            tftp: None,
            cable: None,
            forwards: vec![],
        };
        laptop.assemble(volume);
        laptop
    }

    fn assemble(&self, volume: u32) {
        // The firmware writes to its variables, so every laptop has its own.
        fs::copy(VARIABLES, self.path("variables.fd")).expect("OVMF with Microsoft's keys (package ovmf)");
        fs::write(self.path("msdm.bin"), msdm()).unwrap();
        make_nvme(&self.path("nvme.img"), volume);
        let mut sata = File::create(self.path("sata.img")).unwrap();
        sata.write_all(&b"what the last user left ".repeat(50_000)).unwrap();
        sata.set_len(64 << 20).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Its firmware tries HTTP Boot over its first adapter, the next time only.
    pub(crate) fn choose_http_boot(&mut self) {
        self.firmware = Firmware::UefiHttp;
        let path = self.path("variables.fd");
        let mut flash = fs::read(&path).unwrap();
        let mac = self.nics[0].mac.split(':').map(|byte| u8::from_str_radix(byte, 16).unwrap());
        variables::boot_next(&mut flash, &variables::http_boot(NIC_SLOT, &mac.collect::<Vec<_>>()));
        fs::write(&path, flash).unwrap();
    }

    /// No keys, so no Secure Boot.
    pub(crate) fn forget_keys(&mut self, firmware: Firmware) {
        self.firmware = firmware;
        fs::copy(NO_VARIABLES, self.path("variables.fd")).expect("OVMF without keys (package ovmf)");
    }

    /// Everything on the laptop's own disks.
    pub(crate) fn content_of_disks(&self) -> Vec<[u8; 32]> {
        ["nvme.img", "sata.img"].map(|name| Sha256::digest(fs::read(self.path(name)).unwrap()).into()).into()
    }

    /// QEMU's arguments for the machine as such, without its TPM and its connections to us.
    pub(crate) fn arguments(&self, stick: &Path) -> Vec<String> {
        let at = |name: &str| self.path(name).display().to_string();
        let mut words: Vec<String> = vec![];
        let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
        // Never KVM: a machine that offers it cannot always boot with it, and firmware in system
        // management mode is what makes Secure Boot here the real one.
        add("-accel", "tcg".into());
        // Without graphics SeaBIOS shows its screen on the serial port as well.
        add("-machine", if self.firmware == Firmware::Bios { "q35,graphics=off" } else { "q35,smm=on" }.into());
        add("-cpu", "max".into());
        add("-m", "1024".into());
        if self.firmware != Firmware::Bios {
            add("-global", "driver=cfi.pflash01,property=secure,value=on".into());
            add("-drive", format!("if=pflash,format=raw,unit=0,readonly=on,file={UEFI}"));
            add("-drive", format!("if=pflash,format=raw,unit=1,file={}", at("variables.fd")));
        }
        add("-vga", "std".into());
        add("-rtc", format!("base={}", self.clock));

        add("-uuid", UUID.into());
        add("-smbios", "type=0,vendor=LENOVO,version=N3QET47W (1.47 ),date=03/14/2025,release=1.47,uefi=on".into());
        add(
            "-smbios",
            format!(
                "type=1,manufacturer=LENOVO,product=21CBCTO1WW,version=ThinkPad X1 Carbon Gen 10,serial={SERIAL},\
                 sku=LENOVO_MT_21CB_BU_Think_FM_ThinkPad X1 Carbon Gen 10,family=ThinkPad X1 Carbon Gen 10"
            ),
        );
        add("-smbios", "type=2,manufacturer=LENOVO,product=21CBCTO1WW,version=SDK0T76530,serial=L1HF2BB00PF".into());
        add("-smbios", format!("type=3,manufacturer=LENOVO,version=None,serial={SERIAL},asset=No Asset Information"));
        if self.windows_key {
            add("-acpitable", format!("file={}", at("msdm.bin")));
        }

        add("-drive", format!("if=none,id=nvme,format=raw,file={}", at("nvme.img")));
        add("-device", format!("nvme,drive=nvme,bootindex=1,serial={}", NVME.serial));
        add("-drive", format!("if=none,id=sata,format=raw,file={}", at("sata.img")));
        add("-device", format!("ide-hd,bus=ide.0,drive=sata,serial={},model={}", SATA.serial, SATA.model));
        add("-device", "qemu-xhci,id=usb".into());
        if self.tftp.is_none() && self.cable.is_none() {
            // As a technician does it: the stick is chosen in the boot menu. Virtual media are a CD drive on USB.
            let (drive, device) = match stick.extension().is_some_and(|extension| extension == "iso") {
                true => (",media=cdrom,readonly=on", ""),
                false => ("", ",removable=on"),
            };
            add("-drive", format!("if=none,id=stick,format=raw,file={}{drive}", stick.display()));
            add("-device", format!("usb-storage,bus=usb.0,drive=stick{device},bootindex=0,serial={STICK_SERIAL}"));
        }

        for (number, Nic { device, mac }) in (0..).zip(&self.nics) {
            let plugged = self.cable.as_ref().filter(|_| number == 0);
            let (cable, first) = match (plugged, &self.tftp) {
                (Some(Tap { interface, .. }), _) => {
                    (format!("tap,id=cable{number},ifname={interface},script=no,downscript=no"), ",bootindex=0")
                }
                // QEMU's own TFTP server: neither firmware, nor loader, nor server is ours.
                (None, Some(folder)) => {
                    let tftp = format!("tftp={},bootfile=shimx64.efi", folder.display());
                    (format!("user,id=cable{number},{tftp}"), ",bootindex=0")
                }
                (None, None) => {
                    let forward = |&(here, there): &(u16, u16)| format!(",hostfwd=tcp:127.0.0.1:{here}-:{there}");
                    (format!("user,id=cable{number}{}", self.forwards.iter().map(forward).collect::<String>()), "")
                }
            };
            add("-netdev", cable);
            // QEMU's own boot ROMs have nothing to do with the laptop's, where it has a choice.
            let place = match *device {
                "usb-net" => "bus=usb.0".to_owned(),
                _ if matches!(self.firmware, Firmware::UefiIpxe | Firmware::Bios) => {
                    format!("addr={:#x}", NIC_SLOT + number)
                }
                _ => format!("romfile=,addr={:#x}", NIC_SLOT + number),
            };
            add("-device", format!("{device},id=nic{number},netdev=cable{number},mac={mac},{place}{first}"));
        }
        words
    }
}

/// ACPI header, five words, the key: 85 bytes whose sum is zero.
fn msdm() -> Vec<u8> {
    let mut table = b"MSDM\x55\x00\x00\x00\x03\x00LENOVOTP-N3Q  \x01\x00\x00\x00PTEC\x02\x00\x00\x00".to_vec();
    for word in [1_u32, 0, 1, 0, 29] {
        table.extend(word.to_le_bytes());
    }
    table.extend(WINDOWS_KEY.as_bytes());
    let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    table[9] = sum.wrapping_neg();
    table
}

/// A system partition that looks like the stick's data volume, and a Windows volume.
fn make_nvme(image: &Path, volume: u32) {
    let path = image.to_str().unwrap();
    File::create(image).unwrap().set_len(128 << 20).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let (done, report) = tool(program, arguments);
        assert!(done, "{report}");
    };
    run("sgdisk", &["-n", "1:2048:+64M", "-t", "1:ef00", "-n", "2:0:0", "-t", "2:0700", path]);
    let (system, windows) = (partition(image, 1), partition(image, 2));
    let (serial, sectors) = (format!("{volume:08x}"), (system.start / 512).to_string());
    let kib = ((system.end - system.start) / 1024).to_string();
    run("mkfs.vfat", &["-F", "32", "-s", "1", "-n", "WGDATA", "-i", &serial, "--offset", &sectors, path, &kib]);
    let at = format!("{path}@@{}", system.start);
    run("mmd", &["-i", &at, "::captures"]);
    let mut file = File::options().read(true).write(true).open(image).unwrap();
    file.seek(SeekFrom::Start(windows.start)).unwrap();
    file.write_all(&b"\xeb\x52\x90NTFS    everything a person has ".repeat(5_000)).unwrap();
    // The likeness is real: what the agent would look at says so.
    let mut sector = [0; 512];
    file.seek(SeekFrom::Start(system.start)).unwrap();
    file.read_exact(&mut sector).unwrap();
    assert_eq!((&sector[67..71], &sector[82..90]), (&volume.to_le_bytes()[..], &b"FAT32   "[..]));
}
