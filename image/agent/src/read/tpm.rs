//! Moves the TPM's bytes; what they mean is core's business.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::{fs::FileTypeExt, net::UnixStream},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use whiteglove_core::{
    capture::{Finding, Part, SmbiosTables, Timing, Tpm, TpmPresence},
    smbios::Smbios,
    tpm,
};

use super::{Notes, Root, millis};

/// With the kernel's resource manager, so that a key made for reading is gone when we are.
const DEVICE: &str = "dev/tpmrm0";
/// Firmware TPMs take up to half a minute to make an RSA key.
const PATIENCE: Duration = Duration::from_secs(120);
/// No answer is larger (part 2, 10.12: TPM2_MAX_RESPONSE_SIZE).
const LARGEST_ANSWER: usize = 4096;

pub(super) fn is_there(root: &Root) -> bool {
    root.exists(DEVICE)
}

/// What the kernel and the firmware say of a TPM that was not read.
pub(super) fn without_answer(root: &Root, smbios: Option<&SmbiosTables>) -> TpmPresence {
    // TPM 1.2 has a device too, but no resource manager.
    if root.text("sys/class/tpm/tpm0/tpm_version_major") == "1" {
        return TpmPresence::Version12;
    }
    if is_there(root) || root.exists("sys/class/tpm/tpm0") {
        return TpmPresence::Silent;
    }
    let table = |name: &str| root.exists(&format!("sys/firmware/acpi/tables/{name}"));
    // TPM2 belongs to version 2.0, TCPA to 1.2 (TCG ACPI specification); some firmware ships both.
    match smbios.and_then(|smbios| Smbios::parse(&smbios.table.0).tpm()) {
        _ if table("TPM2") => TpmPresence::Hidden,
        Some(device) if device.major >= 2 => TpmPresence::Hidden,
        Some(_) => TpmPresence::Version12,
        None if table("TCPA") => TpmPresence::Version12,
        None => TpmPresence::None,
    }
}

/// A reading under way in its own thread: a TPM that hangs must not hold up the rest.
#[derive(Debug)]
pub(super) struct Answer(Receiver<(Option<Tpm>, Vec<Finding>, u32)>);

pub(super) fn start(root: &Root, smbios: Option<&SmbiosTables>) -> Answer {
    let (sender, receiver) = mpsc::channel();
    let (root, smbios) = (root.clone(), smbios.cloned());
    thread::spawn(move || {
        let start = Instant::now();
        let (tpm, findings) = match open(&root, smbios.as_ref()) {
            Ok(mut device) => tpm::read(|command| exchange(&mut device, command)),
            Err(what) => (None, vec![Finding { part: Part::Tpm, what }]),
        };
        // Nobody listens any more if we took too long.
        let _ = sender.send((tpm, findings, millis(start)));
    });
    Answer(receiver)
}

impl Answer {
    pub(super) fn wait(self, notes: &mut Notes) -> Option<Tpm> {
        match self.0.recv_timeout(PATIENCE) {
            Ok((tpm, findings, millis)) => {
                notes.findings.extend(findings);
                notes.timings.push(Timing { part: Part::Tpm, millis });
                tpm
            }
            Err(_) => {
                notes.find(Part::Tpm, format!("the TPM did not answer within {} seconds", PATIENCE.as_secs()));
                None
            }
        }
    }
}

trait Device: Read + Write {}
impl<T: Read + Write> Device for T {}

fn open(root: &Root, smbios: Option<&SmbiosTables>) -> Result<Box<dyn Device>, String> {
    let path = root.path(DEVICE);
    let kind = match fs::metadata(&path) {
        Ok(metadata) => metadata.file_type(),
        Err(_) => {
            let why = match without_answer(root, smbios) {
                TpmPresence::Version12 => "the TPM is version 1.2; pre-provisioning needs 2.0",
                TpmPresence::Hidden => "the firmware describes a TPM and does not show it: it is switched off there",
                TpmPresence::Silent => "the TPM has no resource manager",
                _ => "no TPM: the firmware shows none, or it is switched off",
            };
            return Err(why.to_owned());
        }
    };
    let opened = if kind.is_char_device() {
        File::options().read(true).write(true).open(&path).map(|file| Box::new(file) as Box<dyn Device>)
    } else if kind.is_socket() {
        // An emulated TPM, in tests.
        UnixStream::connect(&path).map(|stream| Box::new(stream) as Box<dyn Device>)
    } else {
        return Err(format!("{DEVICE} is not a device"));
    };
    opened.map_err(|error| format!("the TPM cannot be opened: {error}"))
}

/// One write, one read: the driver keeps commands and answers whole.
fn exchange(device: &mut Box<dyn Device>, command: &[u8]) -> io::Result<Vec<u8>> {
    device.write_all(command)?;
    let mut answer = vec![0; LARGEST_ANSWER];
    let length = device.read(&mut answer)?;
    answer.truncate(length);
    Ok(answer)
}
