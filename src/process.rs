//! Programs of others that this one starts. Nothing else starts any.
//!
//! Each is a variant of [`Tool`], found before it is needed. They run with an environment of our own, without a
//! shell, and are stopped when the person cancels.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Read, Write},
    ops::ControlFlow,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use whiteglove_core::problem::Problem;

/// How often a person's wish to cancel is looked at while a program says nothing.
const LOOK: Duration = Duration::from_millis(100);
/// What is kept of what a program says of its trouble.
const LAST_WORDS: usize = 2000;
/// What is kept of what it answers.
const LONGEST_ANSWER: usize = 8 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Reads and changes WIM files (<https://wimlib.net>, GPL, so a program and no part of this one).
    Wimlib,
}

impl Tool {
    fn program(self) -> &'static str {
        match self {
            Self::Wimlib => "wimlib-imagex",
        }
    }

    /// As Debian and Ubuntu call it.
    fn package(self) -> &'static str {
        match self {
            Self::Wimlib => "wimtools",
        }
    }

    /// Where it is.
    ///
    /// # Errors
    /// It is not installed.
    pub(crate) fn find(self) -> Result<PathBuf, ProcessError> {
        let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
        let places = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
        let found = places.map(|folder| folder.join(self.program())).find(|program| program.is_file());
        found.ok_or(ProcessError::Missing(self))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    #[error("{} is not installed", .0.program())]
    Missing(Tool),
    #[error("{} could not be run: {error}", .tool.program())]
    Run { tool: Tool, error: io::Error },
    #[error("{} stopped with {status}: {said}", .tool.program())]
    Failed { tool: Tool, status: ExitStatus, said: String },
    #[error("cancelled")]
    Cancelled,
}

impl ProcessError {
    /// For the person who asked for what needed the program.
    pub(crate) fn problem(&self, what: impl Into<String>) -> Problem {
        let next = match self {
            Self::Missing(tool) => format!("Install it (sudo apt install {}), and try again.", tool.package()),
            Self::Run { .. } => "Check that it may be run, and try again.".to_owned(),
            Self::Failed { .. } => "See what it says; if the file is a download, download it again.".to_owned(),
            Self::Cancelled => "Try again when you want it.".to_owned(),
        };
        Problem::new(what, format!("{self}."), next)
    }
}

/// Runs it to its end and gives what it answered.
///
/// `watch` is told each piece of its answer, up to a line's end or a return to a line's beginning, and now and then an
/// empty one; `Break` stops the program.
///
/// # Errors
/// It is not there, did not run, or said that it failed.
pub(crate) fn run<A: AsRef<OsStr>>(
    tool: Tool,
    arguments: &[A],
    input: &str,
    watch: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Result<String, ProcessError> {
    let program = tool.find()?;
    let failed = |error| ProcessError::Run { tool, error };
    let mut command = Command::new(program);
    // As the other programs of these tools are looked for by name.
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.args(arguments).env_clear().env("PATH", path).env("LC_ALL", "C.UTF-8");
    match tool {
        // Windows compares names so; wimlib on other systems does not by itself.
        Tool::Wimlib => command.env("WIMLIB_IMAGEX_IGNORE_CASE", "1"),
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().map_err(failed)?);
    let (stdin, stdout, stderr) = (running.0.stdin.take(), running.0.stdout.take(), running.0.stderr.take());
    thread::scope(|scope| {
        scope.spawn(move || {
            // One that did not want its input says so by its status.
            let _ = stdin.map(|mut stdin| stdin.write_all(input.as_bytes()));
        });
        let trouble = scope.spawn(move || stderr.map(last_words).unwrap_or_default());
        let (pieces, said) = mpsc::sync_channel(64);
        scope.spawn(move || stdout.map(|stdout| in_pieces(stdout, &pieces)));
        let mut answer = String::new();
        loop {
            let piece = match said.recv_timeout(LOOK) {
                Ok(piece) => piece,
                Err(RecvTimeoutError::Timeout) => String::new(),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if watch(piece.trim()).is_break() {
                drop(running);
                return Err(ProcessError::Cancelled);
            }
            if answer.len() + piece.len() <= LONGEST_ANSWER {
                answer += &piece;
            }
        }
        let status = running.0.wait().map_err(failed)?;
        let said = trouble.join().unwrap_or_default();
        match status.success() {
            true => Ok(answer),
            false => Err(ProcessError::Failed { tool, status, said }),
        }
    })
}

/// A program that does not outlive the wish for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Of one that ended by itself both say so, which is no news.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn in_pieces(mut from: impl Read, to: &mpsc::SyncSender<String>) {
    let (mut held, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        for byte in &buffer[..length] {
            held.push(*byte);
            if matches!(byte, b'\n' | b'\r') || held.len() >= 64 << 10 {
                if to.send(String::from_utf8_lossy(&held).into_owned()).is_err() {
                    return;
                }
                held.clear();
            }
        }
    }
    let _ = to.send(String::from_utf8_lossy(&held).into_owned());
}

fn last_words(mut from: impl Read) -> String {
    let (mut held, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        held.extend_from_slice(&buffer[..length]);
        let surplus = held.len().saturating_sub(LAST_WORDS);
        held.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&held);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    // wimlib marks its errors; the usage hints behind them help nobody.
    let errors: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("[ERROR]")).map(str::trim).collect();
    let told = if errors.is_empty() { lines } else { errors };
    told.join(" ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn on(_: &str) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn its_answer_comes_back_and_its_trouble_is_told() {
        let version = run(Tool::Wimlib, &["--version"], "", &mut on).unwrap();
        assert!(version.contains("wimlib"), "{version}");
        let error = run(Tool::Wimlib, &["info", "/nowhere/x.wim"], "", &mut on).unwrap_err();
        let problem = error.problem("The image was not read.");
        assert!(problem.why.contains("/nowhere/x.wim"), "{}", problem.why);
        assert!(!problem.why.contains("[ERROR]"), "{}", problem.why);
    }

    #[test]
    fn one_that_is_not_wanted_any_more_is_stopped_though_it_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        // It waits for a writer that never comes.
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let started = Instant::now();
        let mut looks = 0;
        let stopped = run(Tool::Wimlib, &[OsStr::new("info"), pipe.as_os_str()], "", &mut |_| {
            looks += 1;
            if looks < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert!(matches!(stopped, Err(ProcessError::Cancelled)), "{stopped:?}");
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn pieces_end_where_a_line_does_or_begins_again() {
        let (sender, receiver) = mpsc::sync_channel(10);
        in_pieces(&b"1%\r2%\rdone\nrest"[..], &sender);
        drop(sender);
        assert_eq!(receiver.into_iter().collect::<Vec<_>>(), ["1%\r", "2%\r", "done\n", "rest"]);
    }
}
