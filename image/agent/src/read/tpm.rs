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
    capture::{Finding, Part, Timing, Tpm},
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

/// A reading under way in its own thread: a TPM that hangs must not hold up the rest.
#[derive(Debug)]
pub(super) struct Answer(Receiver<(Option<Tpm>, Vec<Finding>, u32)>);

pub(super) fn start(root: &Root) -> Answer {
    let (sender, receiver) = mpsc::channel();
    let root = root.clone();
    thread::spawn(move || {
        let start = Instant::now();
        let (tpm, findings) = match open(&root) {
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

fn open(root: &Root) -> Result<Box<dyn Device>, String> {
    let path = root.path(DEVICE);
    let kind = match fs::metadata(&path) {
        Ok(metadata) => metadata.file_type(),
        Err(_) if root.text("sys/class/tpm/tpm0/tpm_version_major") == "1" => {
            return Err("the TPM is version 1.2; pre-provisioning needs 2.0".to_owned());
        }
        Err(_) if root.exists("sys/class/tpm/tpm0") => return Err("the TPM has no resource manager".to_owned()),
        Err(_) => return Err("no TPM: the firmware shows none, or it is switched off".to_owned()),
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
