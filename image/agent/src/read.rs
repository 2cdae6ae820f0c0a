//! Reads who this machine is, from files below a root that tests can replace.
//!
//! A part that is missing is a finding in words, never an error; nothing here writes anywhere.

mod disks;
mod nics;
mod parts;
mod tables;
mod tpm;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use whiteglove_core::{
    capture::{Capture, Finding, Part, Rtc, SmbiosTables, Timing, TpmPresence},
    clock::Moment,
    envelope::MessageId,
    hwhash,
    identity::Mac,
    media::stick::StickId,
    media_card::StickCard,
};

pub(crate) use self::{
    disks::{bus as disk_bus, has_an_internal_disk},
    nics::kind as nic_kind,
    tables::GLOBAL,
};

/// Where `/sys`, `/proc` and `/dev` are.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub fn is_the_real_one(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// `path` is relative: `sys/block`.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    pub fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path(path))
    }

    /// Blanks at the ends removed, as attributes end in a line feed. Empty if there is none.
    pub fn text(&self, path: &str) -> String {
        self.bytes(path).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).unwrap_or_default()
    }

    pub fn number(&self, path: &str) -> Option<u64> {
        self.text(path).parse().ok()
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Sorted; empty if there is no such directory.
    pub fn names(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The last name in a symbolic link: the driver, the subsystem.
    pub fn link_name(&self, path: &str) -> String {
        let target = fs::read_link(self.path(path)).unwrap_or_default();
        target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Where symbolic links lead, in text.
    pub fn real(&self, path: &str) -> String {
        fs::canonicalize(self.path(path)).map(|real| real.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Collects what reading has to say beside the values.
#[derive(Debug, Default)]
struct Notes {
    findings: Vec<Finding>,
    timings: Vec<Timing>,
}

impl Notes {
    fn find(&mut self, part: Part, what: impl Into<String>) {
        self.findings.push(Finding { part, what: what.into() });
    }

    fn timed<T>(&mut self, part: Part, read: impl FnOnce(&mut Self) -> T) -> T {
        let start = Instant::now();
        let value = read(self);
        self.timings.push(Timing { part, millis: millis(start) });
        value
    }
}

fn millis(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX)
}

/// What only the caller knows.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The disk the agent was booted from, `sda`.
    pub boot_disk: Option<String>,
    /// By interface name; the kernel tells them over netlink only.
    pub permanent_macs: BTreeMap<String, Mac>,
    /// What went wrong before, such as drivers that did not load.
    pub findings: Vec<Finding>,
}

/// Who the machine is, before anything else is known. Takes milliseconds.
pub fn smbios(root: &Root) -> Option<SmbiosTables> {
    tables::smbios(root, &mut Notes::default())
}

/// The number of the stick it was booted from. A medium without one is as good: only sticks that whiteglove wrote have it.
fn stick(root: &Root) -> Option<StickId> {
    let card = fs::read(root.path(StickCard::PATH.trim_start_matches('/'))).ok()?;
    serde_json::from_slice::<StickCard>(&card).ok()?.stick()
}

/// Everything. `devices_are_here` is called when only what needs drivers is left; it waits for them.
pub fn capture(root: &Root, id: MessageId, devices_are_here: impl FnOnce() -> Surroundings) -> Capture {
    let mut notes = Notes::default();
    let smbios = notes.timed(Part::Smbios, |notes| tables::smbios(root, notes));
    let msdm = notes.timed(Part::Msdm, |notes| tables::msdm(root, notes));
    let cpu = notes.timed(Part::Cpu, |notes| parts::cpu(root, notes));
    let memory_bytes = notes.timed(Part::Memory, |notes| parts::memory(root, notes));
    // The slowest part, and most TPMs need no driver: it runs beside the wait for the others.
    let early_tpm = tpm::is_there(root).then(|| tpm::start(root, smbios.as_ref()));

    let surroundings = notes.timed(Part::Drivers, |_| devices_are_here());
    notes.findings.extend(surroundings.findings);
    let tpm_answer = early_tpm.unwrap_or_else(|| tpm::start(root, smbios.as_ref()));
    // Through efivarfs, which is a driver too.
    let firmware = notes.timed(Part::Firmware, |notes| tables::firmware(root, notes));
    let device_link = notes.timed(Part::DeviceLink, |notes| tables::device_link(root, notes));
    let rtc = notes.timed(Part::Rtc, |notes| parts::rtc(root, notes));
    let batteries = notes.timed(Part::Battery, |_| parts::batteries(root));
    let displays = notes.timed(Part::Display, |notes| parts::displays(root, notes));
    let nics = notes.timed(Part::Nic, |notes| nics::nics(root, &surroundings.permanent_macs, notes));
    let boot_disk = surroundings.boot_disk.as_deref();
    let disks = notes.timed(Part::Disk, |notes| disks::disks(root, boot_disk, notes));
    let tpm = tpm_answer.wait(&mut notes);
    let tpm_presence = match tpm {
        Some(_) => TpmPresence::Answers,
        None => tpm::without_answer(root, smbios.as_ref()),
    };
    let mut capture = Capture {
        id,
        agent: env!("CARGO_PKG_VERSION").to_owned(),
        simulated: false,
        stick: stick(root),
        smbios,
        firmware,
        tpm_presence,
        tpm,
        msdm,
        nics,
        disks,
        cpu,
        memory_bytes,
        batteries,
        displays,
        rtc,
        device_link,
        hash: None,
        findings: vec![],
        timings: vec![],
    };
    notes.timed(Part::Hash, |notes| make_hash(&mut capture, notes));
    (capture.findings, capture.timings) = (notes.findings, notes.timings);
    capture
}

/// From what was read on this very machine, and from nothing else.
fn make_hash(capture: &mut Capture, notes: &mut Notes) {
    let at = capture.rtc.map_or_else(system_clock, |rtc| rtc.read);
    match hwhash::make(capture, at) {
        Ok(made) => capture.hash = Some(made),
        Err(error) => notes.find(Part::Hash, format!("no hardware hash can be made: {error}")),
    }
}

/// What the hardware clock shows.
pub(crate) fn rtc(root: &Root) -> Option<Rtc> {
    parts::rtc(root, &mut Notes::default())
}

fn system_clock() -> Moment {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment::from_millis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
