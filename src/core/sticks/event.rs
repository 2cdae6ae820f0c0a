//! What bench mode tells: one line for a person, one JSON object for a program.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{brought::Brought, gigabytes, remains::Remains, size::Window};
use crate::{disk::Disk, media_card::MediaId, problem::Problem};

/// Something that happened at a position of the bench. Positions count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first of all: what is done to every stick from now on.
    Armed {
        /// File name of the image, and the medium in it.
        image: String,
        media: MediaId,
        /// Bytes that each stick gets.
        content: u64,
        sizes: Window,
        /// What was typed for it.
        phrase: String,
        /// The ports it is armed for; empty: every port.
        ports: Vec<String>,
        /// At most this many sticks.
        most: Option<usize>,
        /// Those that were plugged in before and are meant too.
        also: Vec<Disk>,
        /// What sticks bring back is taken in before they are erased; else such a stick is left alone.
        imports: bool,
    },
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
    /// What it brought back is on the bench now; it is written next.
    Collected {
        position: usize,
        brought: Brought,
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
    /// It was not made. What it is now says `remains`.
    Failed {
        position: usize,
        stick: Disk,
        remains: Remains,
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
            Self::Armed { content, sizes, imports, .. } => {
                let content = gigabytes(*content);
                write!(f, "Armed for {sizes}. {content} a stick, then all of it is read back. Ctrl-C ends it.")?;
                match imports {
                    true => write!(f, "\nWhat sticks bring back is taken in first."),
                    false => write!(f, "\nA stick that brings captures back is left alone."),
                }
            }
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
            Self::Collected { position, brought } => write!(f, "{position:>3}  taken in  {brought}"),
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
            Self::Failed { position, stick, remains, problem } => {
                let (state, then) = remains.words();
                write!(f, "{position:>3}  {state}: remove {position}, {then}  ({})", stick.name())?;
                write!(f, "\n     what      {}\n     why       {}", problem.what, problem.why)?;
                write!(f, "\n     next      {}", problem.next)
            }
            Self::Removed { position } => write!(f, "{position:>3}  free"),
            Self::Finished { ready, failed } => write!(f, "Done: {ready} ready, {failed} not made."),
        }
    }
}
