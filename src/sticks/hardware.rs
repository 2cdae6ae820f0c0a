//! The disks that the appliance works with: this machine's, or those of a rehearsal.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use whiteglove_core::{
    disk::{Disk, ErasePermit},
    sticks::place::Place,
};
use whiteglove_image::{
    disks::{Machine, OpenError},
    write::settle,
};

use crate::demo::sticks::{Hub, Plugged};

/// A closed set, so that no disk of the one can be opened by the other.
#[derive(Debug, Clone)]
pub(crate) enum Hardware {
    Machine(Machine),
    /// Nothing of it is a device of this machine.
    Simulated(Arc<Hub>),
}

impl Default for Hardware {
    fn default() -> Self {
        Self::Machine(Machine::default())
    }
}

impl Hardware {
    pub(crate) fn disks(&self) -> io::Result<Vec<Disk>> {
        match self {
            Self::Machine(machine) => machine.disks(),
            Self::Simulated(hub) => Ok(hub.disks()),
        }
    }

    pub(crate) fn place(&self, disk: &Disk) -> Place {
        match self {
            Self::Machine(machine) => machine.place(disk),
            Self::Simulated(hub) => hub.place(disk),
        }
    }

    /// To be read.
    pub(crate) fn look(&self, disk: &Disk) -> io::Result<File> {
        match self {
            Self::Machine(machine) => machine.look(disk),
            Self::Simulated(hub) => hub.look(disk),
        }
    }

    pub(crate) fn open(&self, permit: &ErasePermit) -> Result<Device, OpenError> {
        match self {
            Self::Machine(machine) => machine.open(permit).map(Device::Disk),
            Self::Simulated(hub) => hub.open(permit).map(Device::Simulated),
        }
    }
}

/// An open stick.
#[derive(Debug)]
pub(crate) enum Device {
    Disk(File),
    Simulated(Plugged),
}

impl Device {
    /// Onto the medium, and out of every cache of ours.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        match self {
            Self::Disk(file) => settle(file),
            Self::Simulated(stick) => stick.flush(),
        }
    }
}

impl Read for Device {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Disk(file) => file.read(out),
            Self::Simulated(stick) => stick.read(out),
        }
    }
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Disk(file) => file.write(bytes),
            Self::Simulated(stick) => stick.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.flush(),
            Self::Simulated(stick) => stick.flush(),
        }
    }
}

impl Seek for Device {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Disk(file) => file.seek(to),
            Self::Simulated(stick) => stick.seek(to),
        }
    }
}
