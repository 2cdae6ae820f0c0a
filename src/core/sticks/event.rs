//! What bench mode tells: one line for a person, one JSON object for a program.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{disk::Disk, problem::Problem};

/// Something that happened at a position of the bench. Positions count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A stick is being written from now on.
    Begun {
        position: usize,
        port: String,
        stick: Disk,
        notes: Vec<String>,
    },
    /// A disk was plugged in and is left alone.
    Declined {
        position: usize,
        port: String,
        stick: Disk,
        problem: Problem,
    },
    Progress {
        position: usize,
        task: String,
        done: u64,
        total: u64,
        rate: Option<u64>,
        seconds_left: Option<u64>,
    },
    /// Nothing has come back from it for a while.
    Silent {
        position: usize,
        seconds: u64,
    },
    Ready {
        position: usize,
        stick: Disk,
        seconds: u64,
        write_rate: Option<u64>,
        read_rate: Option<u64>,
        retries: u32,
    },
    Failed {
        position: usize,
        stick: Disk,
        problem: Problem,
    },
    /// It was taken out: the position is free.
    Removed {
        position: usize,
    },
    Finished {
        ready: usize,
        failed: usize,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |rate: &Option<u64>| rate.map_or("?".to_owned(), |rate| (rate / 1_000_000).to_string());
        match self {
            Self::Begun { position, port, stick, notes } => {
                write!(f, "{position:>3}  begun     {stick}  port {port}")?;
                notes.iter().try_for_each(|note| write!(f, "\n     note      {note}"))
            }
            Self::Declined { position, port, problem, .. } => {
                write!(f, "{position:>3}  not this  port {port}: {} {} {}", problem.what, problem.why, problem.next)
            }
            Self::Progress { position, task, done, total, rate, seconds_left } => {
                let percent = done.saturating_mul(100) / (*total).max(1);
                write!(f, "{position:>3}  {percent:>3} %     {task}")?;
                if let (Some(_), Some(left)) = (rate, seconds_left) {
                    write!(f, ", {} MB/s, {}:{:02} left", mb(rate), left / 60, left % 60)?;
                }
                Ok(())
            }
            Self::Silent { position, seconds } => {
                write!(f, "{position:>3}  silent    nothing has come back from it for {seconds} s")
            }
            Self::Ready { position, stick, seconds, write_rate, read_rate, retries } => {
                write!(f, "{position:>3}  READY     remove {position}, insert the next  ({}", stick.name())?;
                write!(f, ", {}:{:02}, wrote {} MB/s", seconds / 60, seconds % 60, mb(write_rate))?;
                write!(f, ", read {} MB/s", mb(read_rate))?;
                if *retries > 0 {
                    write!(f, ", {retries} tried again")?;
                }
                write!(f, ")")
            }
            Self::Failed { position, stick, problem } => {
                write!(f, "{position:>3}  FAILED    remove {position}, put it aside  ({})", stick.name())?;
                write!(f, "\n     what      {}\n     why       {}", problem.what, problem.why)?;
                write!(f, "\n     next      {}", problem.next)
            }
            Self::Removed { position } => write!(f, "{position:>3}  free"),
            Self::Finished { ready, failed } => write!(f, "Done: {ready} ready, {failed} failed."),
        }
    }
}
