//! Secrets on their way in: typed without echo, or from a file. Never as an argument, which other users can read.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::Path,
};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use whiteglove_core::{problem::Problem, secret::Secret};
use zeroize::Zeroizing;

use crate::cli::PassphraseArgs;

/// A certificate with its chain and key has some thousand bytes.
const LONGEST: usize = 256 << 10;

pub(super) fn passphrase(args: &PassphraseArgs, prompt: &str) -> Result<Secret, Problem> {
    args.passphrase_from.as_deref().map_or_else(|| typed(prompt), line)
}

/// Typed twice, as nobody sees it.
pub(super) fn new_passphrase(args: &PassphraseArgs) -> Result<Secret, Problem> {
    if let Some(file) = &args.passphrase_from {
        return line(file);
    }
    let first = typed("New passphrase: ")?;
    if first == typed("The same again: ")? {
        return Ok(first);
    }
    Err(Problem::new("The passphrase was not set.", "The two are not the same.", "Try again."))
}

/// The only line of a file.
pub(super) fn line(path: &Path) -> Result<Secret, Problem> {
    let all = all(path)?;
    let mut lines = all.expose().lines();
    match (lines.next(), lines.all(|line| line.trim().is_empty())) {
        (Some(line), true) if !line.trim().is_empty() => Ok(Secret::new(line.to_owned())),
        _ => Err(Problem::new(
            "Nothing was set.",
            format!("{} is to have one line, the secret, and has none or more.", path.display()),
            "Put the value and nothing else into the file.",
        )),
    }
}

/// `-` is standard input.
pub(super) fn all(path: &Path) -> Result<Secret, Problem> {
    let unreadable = |why: String| {
        Problem::new("Nothing was set.", format!("{} cannot be read: {why}.", path.display()), "Check the path.")
    };
    let source: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(|error| unreadable(error.to_string()))?),
    };
    // At once large enough: a text that grows leaves copies of itself behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    source.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() > LONGEST {
        return Err(unreadable("it is far too long".to_owned()));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable("it is no text".to_owned()))?;
    Ok(Secret::new(text.trim_start_matches('\u{feff}').to_owned()))
}

/// The terminal as it was, whatever happens in between.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new() -> io::Result<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        // Ctrl-C comes as a sign, so that the echo is on again when we end.
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
        let _ = self.terminal.write_all(b"\n");
    }
}

fn typed(prompt: &str) -> Result<Secret, Problem> {
    let what = "No passphrase was given.";
    if !io::stdin().is_terminal() {
        return Err(Problem::new(
            what,
            "There is no terminal to type it at.",
            "Give it by --passphrase-from FILE (or --new-from FILE for a new one).",
        ));
    }
    let broken = |error: io::Error| Problem::new(what, format!("The terminal says: {error}."), "Try again.");
    let mut quiet = Quiet::new().map_err(broken)?;
    quiet.terminal.write_all(prompt.as_bytes()).map_err(broken)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(1_024));
    let mut byte = Zeroizing::new([0; 1]);
    loop {
        let read = quiet.terminal.read(&mut *byte).map_err(broken)?;
        match (read, byte[0]) {
            // Ctrl-C, Ctrl-D, end of the terminal.
            (0, _) | (_, 3 | 4) => return Err(Problem::new(what, "It was given up.", "Try again when you know it.")),
            (_, b'\r' | b'\n') => break,
            (_, 8 | 127) => {
                // A whole character, not its last byte.
                while bytes.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            // Ctrl-U.
            (_, 21) => bytes.clear(),
            (_, other) if bytes.len() < 1_000 => bytes.push(other),
            _ => {}
        }
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Problem::new(what, "What was typed is no text.", "Check the keyboard's layout and try again."))?;
    Ok(Secret::new(text.to_owned()))
}
