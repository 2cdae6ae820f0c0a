//! Sticks as QEMU makes them: a file behind a USB device, and between the two what real ones do wrong.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::{Value, json};

/// What a stick does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Fails every write, or read, of this byte.
    FailsWrites(u64),
    FailsReads(u64),
    /// Says yes to every write and keeps nothing.
    KeepsNothing,
    /// Moves no more than a throttle lets through, which it may share with others.
    Throttled(&'static str),
    /// Works; QEMU writes down every command that changes it.
    Logged,
}

/// How a stick says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As nearly all do: one command at a time.
    Plain,
    /// A disk in a case: on USB, and not removable.
    Fixed,
    Locked,
}

pub(crate) struct Stick {
    /// Its serial number, and QEMU's name for it.
    pub(crate) name: &'static str,
    pub(crate) file: PathBuf,
    pub(crate) size: u64,
    pub(crate) fault: Fault,
    pub(crate) kind: Kind,
}

impl Stick {
    /// One that was used: something boots from it, and there is old data wherever tables will be.
    pub(crate) fn new(folder: &Path, name: &'static str, size: u64) -> Self {
        let path = folder.join(format!("{name}.img"));
        let file = File::create(&path).unwrap();
        file.set_len(size).unwrap();
        let used = vec![0x41; 2 << 20];
        for place in [0, 8 << 20, 512 << 20, size - used.len() as u64] {
            file.write_all_at(&used, place).unwrap();
        }
        file.write_all_at(&[0x55, 0xaa], 510).unwrap();
        Self { name, file: path, size, fault: Fault::None, kind: Kind::Plain }
    }

    pub(crate) fn that(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    pub(crate) fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Where [`Fault::Logged`] is written down.
    pub(crate) fn log(&self) -> PathBuf {
        self.file.with_extension("log")
    }

    /// QEMU's block device, from the outside in.
    pub(crate) fn node(&self) -> Value {
        let read_only = self.kind == Kind::Locked;
        let file = json!({"driver": "file", "filename": self.file, "read-only": read_only});
        let fails = |operation: &str, at: u64| {
            let error = json!({"event": "none", "iotype": operation, "errno": 5, "sector": at / 512, "once": false});
            json!({"driver": "blkdebug", "image": file, "inject-error": [error]})
        };
        let mut node = match self.fault {
            Fault::None => json!({"driver": "raw", "file": file}),
            Fault::FailsWrites(at) => fails("write", at),
            Fault::FailsReads(at) => fails("read", at),
            Fault::KeepsNothing => json!({"driver": "null-co", "size": self.size, "read-zeroes": true}),
            Fault::Throttled(throttle) => json!({"driver": "throttle", "throttle-group": throttle, "file": file}),
            Fault::Logged => {
                fs::write(self.log(), []).unwrap();
                let log = json!({"driver": "file", "filename": self.log()});
                json!({"driver": "blklogwrites", "file": file, "log": log})
            }
        };
        node["node-name"] = self.name.into();
        node["read-only"] = read_only.into();
        node
    }

    /// Nothing boots from it: no MBR, no partition table.
    pub(crate) fn is_blank(&self) -> bool {
        self.start().iter().all(|byte| *byte == 0)
    }

    /// It has a partition table, ours or anybody's.
    pub(crate) fn boots(&self) -> bool {
        self.start()[512..].starts_with(b"EFI PART")
    }

    fn start(&self) -> [u8; 4096] {
        let mut start = [0; 4096];
        File::open(&self.file).unwrap().read_exact(&mut start).unwrap();
        start
    }

    /// The same later on: nothing was written to it.
    pub(crate) fn last_written(&self) -> SystemTime {
        fs::metadata(&self.file).unwrap().modified().unwrap()
    }
}
