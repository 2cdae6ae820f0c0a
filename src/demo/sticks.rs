//! A hub with sticks that do not exist: a person who is not there puts one in, takes it out when it is done, and puts
//! the next one in. The writer's own code works on them; each is a file without a name, as slow as a stick.
//!
//! What they do wrong is what real ones do wrong: one is write-protected, one keeps less than it claims, one is pulled
//! out, one has another size, one hangs.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use whiteglove_core::{
    disk::{Bus, Disk, ErasePermit, Refusal},
    sticks::place::Place,
};
use whiteglove_image::disks::OpenError;

const PORTS: usize = 6;
/// The person needs that long to take a stick out and to put the next one in, and puts the first ones in one by one.
const TAKES_OUT: Duration = Duration::from_secs(5);
const PUTS_IN: Duration = Duration::from_secs(3);
const ONE_BY_ONE: Duration = Duration::from_secs(2);
/// A stick that nobody writes is taken out after that long. The first port's stays, for whoever looks around.
const WAITS: Duration = Duration::from_secs(45);
/// One that hangs is taken out when the bench has given it up.
const PULLS_OUT: Duration = Duration::from_secs(150);
const CLAIMS: u64 = 16_008_609_792;
/// What the counterfeit one has.
const KEEPS: u64 = 2 << 30;
/// Bytes a second.
const WRITES: u64 = 9_000_000;
const READS: u64 = 30_000_000;

/// The hub, its ports, and the sticks in them.
#[derive(Debug)]
pub(crate) struct Hub {
    folder: PathBuf,
    ports: Mutex<Ports>,
}

#[derive(Debug)]
struct Ports {
    sticks: [Slot; PORTS],
    /// Counts sticks, as the kernel does.
    count: u64,
}

#[derive(Debug)]
enum Slot {
    /// Until somebody puts a stick in.
    Empty {
        until: Option<Instant>,
    },
    Stick {
        number: u64,
        file: Arc<File>,
        since: Instant,
        hand: Hand,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Off,
    Working,
    Done,
}

/// What is wrong with a stick, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Slow,
    Locked,
    Counterfeit,
    /// Pulled out in the middle.
    Pulled,
    /// Of another size.
    Large,
    /// Gives no answer any more, until it is pulled out.
    Hangs,
}

impl Fault {
    fn of(number: u64) -> Self {
        match number % 16 {
            3 => Self::Slow,
            4 => Self::Locked,
            6 => Self::Counterfeit,
            9 => Self::Pulled,
            11 => Self::Large,
            13 => Self::Hangs,
            _ => Self::None,
        }
    }
}

impl Hub {
    /// Keeps what is written to its sticks in files below `folder`, which vanish with the process.
    pub(crate) fn new(folder: &Path) -> Self {
        Self::going_on(folder, 0)
    }

    /// As [`Self::new`], `count` sticks later.
    pub(crate) fn going_on(folder: &Path, count: u64) -> Self {
        let sticks = std::array::from_fn(|_| Slot::Empty { until: None });
        Self { folder: folder.to_owned(), ports: Mutex::new(Ports { sticks, count }) }
    }

    fn holds(&self, stick: u64) -> bool {
        self.ports().sticks.iter().any(|slot| matches!(slot, Slot::Stick { number, .. } if *number == stick))
    }

    fn ports(&self) -> MutexGuard<'_, Ports> {
        // Whoever panicked held nothing but a stick that does not exist.
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is plugged in now; on the way the person who is not there does what is due.
    pub(crate) fn disks(&self) -> Vec<Disk> {
        let now = Instant::now();
        let mut ports = self.ports();
        let Ports { sticks, count } = &mut *ports;
        for (port, slot) in sticks.iter_mut().enumerate() {
            match slot {
                Slot::Empty { until: until @ None } => {
                    *until = Some(now + ONE_BY_ONE * u32::try_from(port).unwrap_or(0));
                }
                Slot::Empty { until: Some(until) } if now >= *until => match self.blank() {
                    Ok(file) => {
                        *count += 1;
                        *slot = Slot::Stick { number: *count, file, since: now, hand: Hand::Off };
                    }
                    Err(error) => tracing::warn!(%error, "no file for a simulated stick"),
                },
                Slot::Stick { number, since, hand, .. } => {
                    let stays = match hand {
                        Hand::Working => match Fault::of(*number) {
                            Fault::Pulled => now.duration_since(*since) > WAITS,
                            Fault::Hangs => now.duration_since(*since) > PULLS_OUT,
                            _ => false,
                        },
                        Hand::Done => now.duration_since(*since) > TAKES_OUT,
                        Hand::Off => port > 0 && now.duration_since(*since) > WAITS,
                    };
                    if stays {
                        *slot = Slot::Empty { until: Some(now + PUTS_IN) };
                    }
                }
                Slot::Empty { .. } => {}
            }
        }
        let stick = |(port, slot): (usize, &Slot)| match slot {
            Slot::Empty { .. } => None,
            Slot::Stick { number, .. } => Some(describe(port, *number)),
        };
        sticks.iter().enumerate().filter_map(stick).collect()
    }

    pub(crate) fn place(&self, disk: &Disk) -> Place {
        let port = disk.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Place { port, speed: Some(5000), version: Some(310) }
    }

    pub(crate) fn open(self: &Arc<Self>, permit: &ErasePermit) -> Result<Plugged, OpenError> {
        let mut ports = self.ports();
        let found = ports.sticks.iter_mut().enumerate().find_map(|(port, slot)| match slot {
            Slot::Stick { number, file, hand, since } if describe(port, *number) == *permit.disk() => {
                (*hand, *since) = (Hand::Working, Instant::now());
                Some((*number, Arc::clone(file)))
            }
            _ => None,
        });
        let (number, file) =
            found.ok_or_else(|| OpenError::Refused(Refusal::Changed { what: "the stick in the port".into() }))?;
        let fault = Fault::of(number);
        Ok(Plugged { hub: Arc::clone(self), number, file, fault, at: 0, moved: 0, size: permit.disk().size_bytes })
    }

    pub(crate) fn look(&self, disk: &Disk) -> io::Result<File> {
        let ports = self.ports();
        let found = ports.sticks.iter().enumerate().find_map(|(port, slot)| match slot {
            Slot::Stick { number, file, .. } if describe(port, *number) == *disk => Some(file),
            _ => None,
        });
        // Only read at places: nobody else is moved by it.
        found.ok_or_else(|| io::Error::from_raw_os_error(19))?.try_clone()
    }

    /// The stick was closed: the person looks at the screen and takes it out.
    fn done(&self, stick: u64) {
        for slot in &mut self.ports().sticks {
            if let Slot::Stick { number, hand, since, .. } = slot
                && *number == stick
            {
                (*hand, *since) = (Hand::Done, Instant::now());
            }
        }
    }

    fn blank(&self) -> io::Result<Arc<File>> {
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join("simulated-stick");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        fs::remove_file(&path)?;
        file.set_len(CLAIMS)?;
        Ok(Arc::new(file))
    }
}

fn describe(port: usize, number: u64) -> Disk {
    let fault = Fault::of(number);
    Disk {
        path: format!("/sim/hub-{}", port + 1).into(),
        number: (0, 0),
        size_bytes: if fault == Fault::Large { 1_000_204_886_016 } else { CLAIMS },
        sector_size: 512,
        vendor: String::new(),
        model: "SIMULATED stick".to_owned(),
        serial: format!("SIM{number:07}"),
        bus: Bus::Usb,
        removable: fault != Fault::Large,
        read_only: fault == Fault::Locked,
        diskseq: Some(number),
        mounted: vec![],
        holders: vec![],
        is_system: false,
    }
}

/// An open stick that does not exist.
#[derive(Debug)]
pub(crate) struct Plugged {
    hub: Arc<Hub>,
    number: u64,
    file: Arc<File>,
    fault: Fault,
    at: u64,
    /// Bytes that were written to it.
    moved: u64,
    size: u64,
}

impl Plugged {
    /// Where the stick has it, and how much of it in one go.
    fn place(&self, length: usize) -> (u64, usize) {
        let room = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let at = if self.fault == Fault::Counterfeit { self.at % KEEPS } else { self.at };
        (at, length.min(room))
    }

    fn wait(&self, bytes: usize, rate: u64) {
        let rate = if self.fault == Fault::Slow { rate / 4 } else { rate };
        thread::sleep(Duration::from_micros(u64::try_from(bytes).unwrap_or(0) * 1_000_000 / rate));
    }

    fn is_there(&self) -> io::Result<()> {
        // ENODEV, as the kernel says it.
        let gone = || Err(io::Error::from_raw_os_error(19));
        match self.fault {
            Fault::Pulled if self.moved > 12_000_000 => gone(),
            Fault::Hangs if self.moved > 2_000_000 => {
                while self.hub.holds(self.number) {
                    thread::sleep(Duration::from_millis(200));
                }
                gone()
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        self.hub.done(self.number);
    }
}

impl Read for Plugged {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.is_there()?;
        let (at, length) = self.place(out.len());
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, &mut out[..length], at)?;
        self.wait(read, READS);
        self.at += u64::try_from(read).unwrap_or(0);
        Ok(read)
    }
}

impl Write for Plugged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_there()?;
        let (at, length) = self.place(bytes.len());
        let written = std::os::unix::fs::FileExt::write_at(&*self.file, &bytes[..length], at)?;
        self.wait(written, WRITES);
        self.at += u64::try_from(written).unwrap_or(0);
        self.moved += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.is_there()
    }
}

impl Seek for Plugged {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (base, offset) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::End(offset) => (self.size, offset),
            SeekFrom::Current(offset) => (self.at, offset),
        };
        let beyond = || io::Error::from(io::ErrorKind::InvalidInput);
        self.at = base.checked_add_signed(offset).ok_or_else(beyond)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use whiteglove_core::disk::Policy;

    use super::*;

    #[test]
    fn a_simulated_stick_says_so_and_is_gone_when_another_takes_its_port() {
        let folder = tempfile::tempdir().unwrap();
        let hub = Arc::new(Hub::new(folder.path()));
        assert!(hub.disks().is_empty(), "nobody has put one in yet");
        let disks = hub.disks();
        let [stick] = &disks[..] else { panic!("{disks:?}") };
        assert!(stick.name().starts_with("SIMULATED") && !stick.path.starts_with("/dev"), "{stick}");
        assert_eq!(hub.place(stick).port, "hub-1");
        let permit = |disk: &Disk| ErasePermit::confirm(disk.clone(), &disk.name(), 0, Policy::default()).unwrap();
        let mut open = hub.open(&permit(stick)).unwrap();
        assert_eq!(open.seek(SeekFrom::End(0)).unwrap(), CLAIMS);
        open.seek(SeekFrom::Start(4096)).unwrap();
        assert_eq!(open.write(b"kept").unwrap(), 4);
        open.seek(SeekFrom::Start(4096)).unwrap();
        let mut read = [0; 4];
        open.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"kept");
        let other = Disk { diskseq: Some(99), ..stick.clone() };
        assert!(hub.open(&permit(&other)).is_err() && hub.look(&other).is_err());
        std::os::unix::fs::FileExt::read_exact_at(&hub.look(stick).unwrap(), &mut read, 4096).unwrap();
        assert_eq!(&read, b"kept");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left of it");
    }

    #[test]
    fn the_faults_are_those_of_real_sticks() {
        let refused = |number| describe(1, number).refusal(Policy::default());
        assert_eq!(refused(1), None);
        assert_eq!(refused(4), Some(Refusal::ReadOnly));
        assert_eq!(refused(11), Some(Refusal::NotRemovable));
        let folder = tempfile::tempdir().unwrap();
        let hub = Arc::new(Hub::new(folder.path()));
        let file = hub.blank().unwrap();
        let open = |fault| Plugged {
            hub: Arc::clone(&hub),
            number: 0,
            file: Arc::clone(&file),
            fault,
            at: KEEPS + 4096,
            moved: 0,
            size: CLAIMS,
        };
        open(Fault::Counterfeit).write_all(b"over").unwrap();
        let mut over = [0; 4];
        std::os::unix::fs::FileExt::read_exact_at(&*file, &mut over, 4096).unwrap();
        assert_eq!(&over, b"over");
        let mut pulled = open(Fault::Pulled);
        assert!(pulled.flush().is_ok());
        pulled.moved = 12_000_001;
        assert_eq!(pulled.flush().unwrap_err().raw_os_error(), Some(19));
    }
}
