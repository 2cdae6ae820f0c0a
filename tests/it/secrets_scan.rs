//! Secrets of a whole run, looked for wherever they must not be: logs, journal, state folder, media, what front ends
//! see, what a crash leaves.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use memchr::memmem;
use tempfile::TempDir;

use crate::support::{Bench, until};

/// What must not be found, and what it is.
struct Marks(Vec<(&'static str, Vec<Vec<u8>>)>);

impl Marks {
    fn new() -> Self {
        Self(Vec::new())
    }

    /// In every form in which it could be written down without anybody meaning it.
    fn add(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= 12, "{what} is too short to look for");
        let bytes = secret.as_bytes();
        let mut forms = vec![bytes.to_vec(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()];
        forms.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
        // As numbers of a list, which is how serde writes bytes.
        let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
        forms.extend([numbers.join(","), numbers.join(", ")].map(String::into_bytes));
        // Inside something longer that was encoded, at each of three places; its own ends depend on what stands there.
        for before in 0..3 {
            let shifted = [&[0; 2][..before], bytes].concat();
            let text = STANDARD_NO_PAD.encode(&shifted);
            let inner = &text[if before == 0 { 0 } else { before + 1 }..text.len() - 2];
            forms.extend([inner.to_owned(), inner.replace('+', "-").replace('/', "_")].map(String::into_bytes));
        }
        self.0.push((what, forms));
    }

    fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let is_in = |forms: &Vec<Vec<u8>>| forms.iter().any(|form| memmem::find(bytes, form).is_some());
        self.0.iter().filter(|(_, forms)| is_in(forms)).map(|(what, _)| *what).collect()
    }

    /// Files below a folder and what is in them.
    fn found_below(&self, folder: &Path) -> Vec<(PathBuf, Vec<&'static str>)> {
        let files = files_below(folder).into_iter();
        let found = files.map(|path| {
            let found = self.found_in(&fs::read(&path).unwrap());
            (path, found)
        });
        found.filter(|(_, found)| !found.is_empty()).collect()
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files.extend(files_below(&path));
        } else if kind.is_file() {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_scanner_finds_every_form() {
    let secret = "mark-of-a-secret-0001";
    let mut marks = Marks::new();
    marks.add("secret", secret);
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("innocent", b"mark-of-a-secret-0002 and nothing else");
    assert!(marks.found_below(folder.path()).is_empty());
    let around = |bytes: &[u8]| [b"x", bytes, b"y"].concat();
    let forms = [
        around(secret.as_bytes()),
        around(hex::encode(secret).as_bytes()),
        around(STANDARD_NO_PAD.encode(secret).as_bytes()),
        STANDARD_NO_PAD.encode(format!("a{secret}b")).into_bytes(),
        STANDARD_NO_PAD.encode(format!("ab{secret}")).into_bytes(),
        around(&secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        serde_json::to_vec(secret.as_bytes()).unwrap(),
        format!("{:?}", secret.as_bytes()).into_bytes(),
    ];
    for (n, form) in forms.iter().enumerate() {
        write("guilty", form);
        let found = marks.found_below(folder.path());
        assert_eq!(found, [(folder.path().join("guilty"), vec!["secret"])], "form {n}");
    }
}

/// Runs a command where a core could be written, and ends it as a crash does; the files that it left.
fn crashed(command: &Command, then: impl FnOnce(u32)) -> usize {
    let folder = TempDir::new().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    let mut child = shell.current_dir(folder.path()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
    then(child.id());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.signal(), Some(6), "{status}");
    fs::read_dir(folder.path()).unwrap().count()
}

#[test]
fn a_crash_leaves_no_core() {
    let bench = Bench::without_boot_environment();
    let mut command = bench.command();
    command.arg("serve");
    let left = crashed(&command, |process| {
        bench.url();
        let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
    });
    assert_eq!(left, 0);
    // Where cores are written at all, another program leaves one under the same conditions.
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if !pattern.starts_with(['|', '/']) {
        let mut sleep = Command::new("sleep");
        sleep.arg("60");
        let started = |process| {
            let name = format!("/proc/{process}/comm");
            until("the program", || (fs::read_to_string(&name).unwrap() == "sleep\n").then_some(()));
        };
        assert_eq!(crashed(&sleep, started), 1);
    }
}
