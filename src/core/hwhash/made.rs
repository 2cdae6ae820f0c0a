//! The hash made on Linux, from what our agent read on the very machine it runs on.
//!
//! Experimental: the encoding is proven, that Windows would have written the same bytes is not,
//! until a Windows capture of the same model agreed ([`super::compare`]).
//!
//! What cannot be known here is left out and said, never guessed: a field that is missing can be
//! explained, one that is wrong names another machine.

mod disks;
mod tpm;

use serde::{Deserialize, Serialize};

use super::{HardwareHash, Record, critical::YEAR_2000, field};
use crate::{
    capture::{Bus, Capture, Nic, NicKind},
    clock::Moment,
    smbios::{Smbios, StringField},
};

/// Where one field came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSource {
    /// Record type; a record that was left out is listed too, with `included: false`.
    pub kind: u16,
    /// The field's name, as in [`super::Field`].
    pub name: String,
    pub included: bool,
    /// `SMBIOS type 1`, `TPM2_GetCapability`, or why it was left out.
    pub source: String,
    /// What may differ from Windows' own value; empty if nothing is known.
    pub risk: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeHash {
    pub hash: HardwareHash,
    pub sources: Vec<FieldSource>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotMake {
    #[error("the firmware gave no SMBIOS table")]
    NoSmbios,
    #[error(transparent)]
    TooLong(#[from] super::TooLong),
}

/// Builds which record 1 names: Windows 11 24H2 as it was published. A real capture names its own.
const BUILD: [u16; 4] = [10, 0, 26100, 1742];
/// That of the tools of build 26100.
const TOOL: u8 = 9;
/// A full Windows, since what is made here stands for what Windows sends from there.
const FULL_OS: u8 = 2;
/// PROCESSOR_ARCHITECTURE_AMD64, the only one the agent is built for.
const X64: u8 = 9;
/// What Windows writes for a string that has the number 0.
const INDEX_0: &[u8] = b"SMBIOS_STRING_INDEX_0";
/// CPUID's brand string, which is not cut.
const BRAND: usize = 48;
/// NdisPhysicalMedium802_3 and NdisPhysicalMediumNative802_11.
const WIRED: u32 = 14;
const WIRELESS: u32 = 9;

/// The hash of the machine that the capture was read on, as if made `at` this time.
///
/// # Errors
/// There is nothing to make it from, or it is too long.
pub fn make(capture: &Capture, at: Moment) -> Result<MadeHash, CannotMake> {
    let tables = capture.smbios.as_ref().ok_or(CannotMake::NoSmbios)?;
    let smbios = Smbios::parse(&tables.table.0);
    if smbios.system().is_none() {
        return Err(CannotMake::NoSmbios);
    }
    // In the order in which Windows writes them.
    let mut list = List::default();
    versions(&mut list, at);
    processor(&mut list, capture);
    memory(&mut list, &smbios);
    processor_names(&mut list, capture);
    disks::add(&mut list, capture);
    adapters(&mut list, capture);
    for kind in [9, 27] {
        list.leave_out(kind, "WinPE leaves it out too");
    }
    enclosure(&mut list, &smbios);
    tpm::add(&mut list, capture);
    strings(&mut list, &smbios);
    product_key(&mut list, capture);
    for (kind, why) in [
        (26, "only Windows' own tables tell it; WinPE leaves it out too"),
        (28, "WinPE leaves it out too"),
        (29, "the graphics memory is not read"),
        (30, "the graphics driver's name for it is known to Windows only"),
        (35, "its meaning is not known"),
        (36, "language and region of an installed Windows"),
        (37, "its formula is not known"),
    ] {
        list.leave_out(kind, why);
    }
    let hash = HardwareHash::encode(&list.records)?;
    Ok(MadeHash { hash, sources: list.sources })
}

/// Records and what they rest on, in the order in which they are written.
#[derive(Debug, Default)]
struct List {
    records: Vec<Record>,
    sources: Vec<FieldSource>,
}

impl List {
    fn put(&mut self, record: Record, source: impl Into<String>, risk: &str) {
        let (kind, source) = (record.kind(), source.into());
        let name = field::name(kind).into_owned();
        self.sources.push(FieldSource { kind, name, included: true, source, risk: risk.to_owned() });
        self.records.push(record);
    }

    /// With the NUL at its end, and byte for byte also where it is no UTF-8.
    fn put_text(&mut self, kind: u16, text: &[u8], source: impl Into<String>, risk: &str) {
        self.put(Record::decode(kind, &[text, &[0]].concat()), source, risk);
    }

    fn leave_out(&mut self, kind: u16, why: impl Into<String>) {
        let (source, risk) = (format!("left out: {}", why.into()), String::new());
        let name = field::name(kind).into_owned();
        self.sources.push(FieldSource { kind, name, included: false, source, risk });
    }
}

fn versions(list: &mut List, at: Moment) {
    let seconds = (at.millis() / 1000).saturating_sub(YEAR_2000);
    let record = Record::Versions {
        tool_build: BUILD,
        os_build: BUILD,
        seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        zone_quarters: 0,
        os_type: FULL_OS,
        architecture: X64,
        tool: TOOL,
    };
    let [major, minor, build, revision] = BUILD;
    list.put(
        record,
        format!("chosen: Windows 11 24H2 ({major}.{minor}.{build}.{revision}); the laptop's clock, taken as UTC"),
        "medium: names a Windows that never ran here; this record changes with every capture and is not used for \
         matching, says Microsoft",
    );
}

fn processor(list: &mut List, capture: &Capture) {
    let cpu = &capture.cpu;
    if cpu.threads == 0 {
        list.leave_out(2, "the kernel does not describe the processor");
    } else {
        let record = Record::Processor {
            architecture: X64.into(),
            packages: cpu.sockets,
            cores: cpu.cores,
            threads: cpu.threads,
            hyper_threading: u32::from(cpu.threads > cpu.cores),
        };
        list.put(record, "/proc/cpuinfo", "");
    }
    list.leave_out(34, "only hybrid processors have it, and which cores are fast is not read");
}

fn memory(list: &mut List, smbios: &Smbios<'_>) {
    let Some(arrays) = smbios.memory_arrays() else {
        return list.leave_out(5, "SMBIOS describes no memory sockets (type 16)");
    };
    let record = Record::Ram {
        total_gib: smbios.installed_memory().unwrap_or(0) >> 30,
        max_gib: arrays.max_bytes >> 30,
        slots: arrays.slots,
        arrays: arrays.count,
        ecc: arrays.ecc,
    };
    list.put(record, "SMBIOS types 16 and 17", "");
}

fn processor_names(list: &mut List, capture: &Capture) {
    let cpu = &capture.cpu;
    match cpu.vendor.is_empty() {
        true => list.leave_out(3, "the kernel does not say"),
        false => list.put_text(3, cpu.vendor.as_bytes(), "/proc/cpuinfo", ""),
    }
    if cpu.model.is_empty() || cpu.model.len() >= BRAND {
        return list.leave_out(4, "the kernel gives no name that CPUID could hold");
    }
    // The last of them is the string's own end.
    let mut name = cpu.model.clone().into_bytes();
    name.resize(BRAND - 1, 0);
    let risk = "low: the kernel removes blanks around the name and double ones in it, Windows does not";
    list.put_text(4, &name, "/proc/cpuinfo", risk);
}

fn adapters(list: &mut List, capture: &Capture) {
    let mut found = false;
    for nic in &capture.nics {
        match medium(nic) {
            Ok(medium) => {
                found = true;
                let (mac, from) = match nic.permanent_mac {
                    Some(mac) => (mac, "permanent address from its driver"),
                    None => (nic.mac, "present address, its driver tells no permanent one"),
                };
                list.put(
                    Record::Network { medium, mac, bus: "PCI".to_owned() },
                    format!("{} ({}), {from}", nic.name, nic.driver),
                    "medium: which adapters Windows lists, and in which order, depends on its drivers",
                );
            }
            Err(why) => list.leave_out(8, format!("{} {}: {why}", nic.name, nic.mac)),
        }
    }
    if !found {
        list.leave_out(8, "no built-in adapter that this boot environment has a driver for");
    }
    if !capture.nics.iter().any(|nic| nic.kind == NicKind::Wireless) {
        list.leave_out(8, "Wi-Fi: this boot environment carries no wireless drivers; WinPE lists it only with one");
    }
    list.leave_out(8, "Bluetooth: its address is not read; WinPE does not list it");
}

/// NDIS_PHYSICAL_MEDIUM of an adapter that Windows enumerates on the PCI bus, or why it is left out.
fn medium(nic: &Nic) -> Result<u32, &'static str> {
    match (nic.bus, nic.kind) {
        (Bus::Usb, _) => Err("on USB, a dock's or a stick's address and not the laptop's"),
        _ if nic.permanent_mac.unwrap_or(nic.mac).0 == [0; 6] => Err("it has no address"),
        // A virtual machine's adapter is a PCI device to Windows.
        (Bus::Pci | Bus::Virtio, NicKind::Wired) => Ok(WIRED),
        (Bus::Pci, NicKind::Wireless) => Ok(WIRELESS),
        (Bus::Pci | Bus::Virtio, _) => Err("neither wired nor wireless"),
        _ => Err("not on PCI; how Windows calls its bus is not known"),
    }
}

fn enclosure(list: &mut List, smbios: &Smbios<'_>) {
    let Some(chassis) = smbios.chassis() else {
        return list.leave_out(10, "SMBIOS describes no enclosure (type 3)");
    };
    // POWER_PLATFORM_ROLE.
    let role = match chassis.kind {
        8..=10 | 14 | 31 | 32 => 2,
        30 => 8,
        _ => 1,
    };
    list.put(
        Record::Enclosure { chassis: chassis.kind, role, optical: 0, digitizer: 0, touches: 0 },
        "SMBIOS type 3",
        "low: touch screens and optical drives are not read, so written as none",
    );
}

fn strings(list: &mut List, smbios: &Smbios<'_>) {
    match smbios.system().and_then(|system| system.uuid) {
        Some(uuid) => list.put(Record::SmbiosUuid { uuid }, "SMBIOS type 1, as it stands there", ""),
        None => list.leave_out(12, "SMBIOS type 1 is of a version before UUIDs"),
    }
    for (kind, structure, offset) in [
        (14, 1, 7),
        (15, 0, 4),
        (16, 1, 4),
        (17, 1, 5),
        (18, 1, 25),
        (19, 1, 26),
        (23, 1, 6),
        (20, 2, 4),
        (21, 2, 5),
        (22, 2, 6),
    ] {
        match smbios.string(structure, offset) {
            StringField::NoStructure => {
                list.leave_out(kind, format!("SMBIOS has no structure of type {structure}"));
            }
            StringField::NoString => {
                let source = format!("SMBIOS type {structure} names no string; Windows writes these words then");
                list.put_text(kind, INDEX_0, source, "");
            }
            StringField::Text(text) => {
                list.put_text(kind, text.0, format!("SMBIOS type {structure}, blanks kept"), "");
            }
        }
    }
}

fn product_key(list: &mut List, capture: &Capture) {
    match &capture.msdm {
        Some(msdm) => {
            let id = msdm.product_key_id.as_str().as_bytes();
            list.put_text(24, id, "ACPI table MSDM, calculated from the key in it", "");
        }
        None => list.leave_out(24, "no Windows key in the firmware (ACPI table MSDM)"),
    }
}

#[cfg(test)]
mod tests;
