//! A stick in memory that does what real ones do wrong.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use whiteglove_core::disk::{Bus, Disk, ErasePermit, Policy};

/// What a stick does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Is pulled before the operation of this number; half of a write that is under way arrives.
    GoneAt(usize),
    /// Fails the operations from this number on, so many times, then works on.
    Fails {
        at: usize,
        times: usize,
    },
    /// Takes no write from this operation on: worn out, it has become read-only.
    ReadOnlyFrom(usize),
    /// Takes 1,000 bytes at a time at most.
    Short,
    /// Says yes to the first write over this byte and keeps nothing.
    Forgets(u64),
    /// Keeps one bit wrong, once or every time, at this byte.
    Flips {
        at: u64,
        always: bool,
    },
    /// Has this many bytes and writes the rest over them.
    Wraps(u64),
    /// Has this many bytes and drops the rest.
    Drops(u64),
    /// Takes this long for every operation.
    Slow(Duration),
    /// Never comes back from the operation of this number.
    HangsAt(usize),
}

#[derive(Debug)]
pub(crate) struct Stick {
    pub(crate) bytes: Vec<u8>,
    pub(crate) operations: usize,
    pub(crate) fault: Fault,
    once: bool,
    /// What changed it since somebody wanted to know, in order.
    pub(crate) log: Option<Vec<Logged>>,
}

/// A command that changes a stick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Logged {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    /// All before it is on the medium.
    Flush,
}

impl Stick {
    pub(crate) fn boots(&self) -> bool {
        self.bytes[..4096].iter().any(|byte| *byte != 0)
    }
}

/// Plugged in or in a drawer: its bytes stay.
#[derive(Debug, Clone)]
pub(crate) struct Fake(Arc<Mutex<Stick>>);

impl Fake {
    pub(crate) fn new(size: u64, fault: Fault) -> Self {
        let mut bytes = vec![0x41; usize::try_from(size).unwrap()];
        // It booted something before.
        bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
        Self::holding(bytes, fault)
    }

    pub(crate) fn holding(bytes: Vec<u8>, fault: Fault) -> Self {
        Self(Arc::new(Mutex::new(Stick { bytes, operations: 0, fault, once: false, log: None })))
    }

    pub(crate) fn borrow(&self) -> MutexGuard<'_, Stick> {
        self.0.lock().unwrap()
    }

    pub(crate) fn plug(&self) -> Plugged {
        Plugged { stick: self.clone(), at: 0 }
    }

    /// Its cache is emptied onto the medium.
    pub(crate) fn settle(&self) {
        if let Some(log) = &mut self.borrow().log {
            log.push(Logged::Flush);
        }
    }

    pub(crate) fn permit(&self) -> ErasePermit {
        permit(self.borrow().bytes.len() as u64)
    }
}

#[derive(Debug)]
pub(crate) struct Plugged {
    stick: Fake,
    at: u64,
}

impl Plugged {
    /// Counts the operation and does what the stick does wrong before anything moves.
    fn operation(&mut self, length: usize) -> io::Result<(Range<usize>, bool)> {
        let mut stick = self.stick.borrow();
        stick.operations += 1;
        let (number, fault, size) = (stick.operations, stick.fault, stick.bytes.len() as u64);
        drop(stick);
        let mut torn = false;
        match fault {
            Fault::GoneAt(last) if number == last + 1 => torn = true,
            Fault::GoneAt(last) if number > last => return Err(io::Error::from_raw_os_error(19)),
            Fault::Fails { at, times } if (at..at + times).contains(&number) => {
                return Err(io::Error::from_raw_os_error(5));
            }
            Fault::Slow(wait) => std::thread::sleep(wait),
            Fault::HangsAt(last) => {
                while number >= last && self.stick.borrow().fault == fault {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            _ => {}
        }
        let (at, end) = match fault {
            Fault::Wraps(real) => (self.at % real, real),
            _ => (self.at, size),
        };
        let at = usize::try_from(at).unwrap();
        Ok((at..(at + length).min(usize::try_from(end).unwrap()).max(at), torn))
    }
}

impl Read for Plugged {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (range, torn) = self.operation(out.len())?;
        if torn {
            return Err(io::Error::from_raw_os_error(5));
        }
        out[..range.len()].copy_from_slice(&self.stick.borrow().bytes[range.clone()]);
        self.at += range.len() as u64;
        Ok(range.len())
    }
}

impl Write for Plugged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let short = self.stick.borrow().fault == Fault::Short;
        let (range, torn) = self.operation(if short { bytes.len().min(1000) } else { bytes.len() })?;
        let mut stick = self.stick.borrow();
        if matches!(stick.fault, Fault::ReadOnlyFrom(first) if stick.operations > first) {
            return Err(io::Error::from_raw_os_error(30));
        }
        let covers = |at: u64| (self.at..self.at + range.len() as u64).contains(&at);
        let kept = match stick.fault {
            Fault::Forgets(at) if covers(at) && !stick.once => {
                stick.once = true;
                0
            }
            Fault::Drops(real) => usize::try_from(real.saturating_sub(self.at)).unwrap().min(range.len()),
            _ if torn => range.len() / 2,
            _ => range.len(),
        };
        stick.bytes[range.start..range.start + kept].copy_from_slice(&bytes[..kept]);
        if let Some(log) = &mut stick.log {
            log.push(Logged::Write { at: range.start, bytes: bytes[..kept].to_vec() });
        }
        if let Fault::Flips { at, always } = stick.fault
            && covers(at)
            && (always || !stick.once)
        {
            stick.bytes[usize::try_from(at).unwrap()] ^= 4;
            stick.once = true;
        }
        drop(stick);
        if torn {
            return Err(io::Error::from_raw_os_error(5));
        }
        self.at += range.len() as u64;
        Ok(range.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Plugged {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => (self.stick.borrow().bytes.len() as u64).checked_add_signed(by).unwrap(),
            SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
        };
        Ok(self.at)
    }
}

pub(crate) fn disk(size_bytes: u64) -> Disk {
    Disk {
        path: "/dev/sdz".into(),
        number: (65, 144),
        size_bytes,
        sector_size: 512,
        vendor: "Test".into(),
        model: "Fake Stick".into(),
        serial: "1".into(),
        bus: Bus::Usb,
        removable: true,
        read_only: false,
        diskseq: Some(1),
        mounted: vec![],
        holders: vec![],
        is_system: false,
    }
}

pub(crate) fn permit(size: u64) -> ErasePermit {
    ErasePermit::confirm(disk(size), "fake stick", 0, Policy::default()).unwrap()
}
