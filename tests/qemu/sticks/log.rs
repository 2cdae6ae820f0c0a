//! What QEMU wrote down of a stick: every write and flush in the order in which the stick had them.
//! The format is the kernel's, Documentation/admin-guide/device-mapper/log-writes.rst.

use std::{fs, path::Path};

const SECTOR: usize = 512;
const MAGIC: u64 = 0x006a_7366_7773_6872;
const FLUSH: u64 = 1;
const DISCARD: u64 = 4;

#[derive(Debug)]
pub(crate) enum Command {
    /// Bytes from an offset on.
    Write { offset: u64, bytes: Vec<u8> },
    /// All before it is on the medium.
    Flush,
}

pub(crate) fn read(log: &Path) -> Vec<Command> {
    let bytes = fs::read(log).unwrap();
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!((word(0), word(8)), (MAGIC, 1), "not a log of writes");
    let mut at = SECTOR;
    let mut commands = Vec::new();
    for _ in 0..word(16) {
        let (sector, sectors, flags) = (word(at), usize::try_from(word(at + 8)).unwrap(), word(at + 16));
        at += SECTOR;
        if flags & FLUSH != 0 {
            commands.push(Command::Flush);
        }
        assert_eq!(flags & DISCARD, 0, "the writer never discards");
        if sectors > 0 {
            let bytes = bytes[at..at + sectors * SECTOR].to_vec();
            commands.push(Command::Write { offset: sector * SECTOR as u64, bytes });
            at += sectors * SECTOR;
        }
    }
    commands
}

/// Wherever the power had failed, the stick would not have booted before all of it was on the medium: its first
/// 4 KiB are zero from the first command on, and what makes it boot is the last write, behind a flush.
pub(crate) fn assert_never_half_bootable(commands: &[Command]) {
    let writes_start = |command: &Command| matches!(command, Command::Write { offset, .. } if *offset < 4096);
    let blanks = |command: &Command| match command {
        Command::Write { bytes, .. } => bytes.iter().take(4096).all(|byte| *byte == 0),
        Command::Flush => false,
    };
    let is_write = |command: &&Command| matches!(command, Command::Write { .. });
    let first = commands.iter().find(is_write).expect("something was written");
    assert!(writes_start(first) && blanks(first), "the first thing to go is what boots");
    let last = commands.iter().rposition(|command| is_write(&command)).unwrap();
    assert!(writes_start(&commands[last]) && !blanks(&commands[last]), "the last thing to come is what boots");
    assert!(matches!(commands[last - 1], Command::Flush), "all else is on the medium by then");
    assert!(matches!(commands[last + 1..], [Command::Flush, ..]), "and it is not left to chance");
    assert!(commands[..last].iter().filter(|command| writes_start(command)).all(blanks));
}
