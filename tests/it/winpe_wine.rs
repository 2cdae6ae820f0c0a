//! Our script for Windows PE in a cmd.exe that we did not write, with the real curl and a real bench behind it. What
//! else it starts is made up: see `support/windows_program.rs`.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use tempfile::TempDir;
use whiteglove_core::{
    media_card::{MediaCard, MediaId},
    windows::pe,
};

use crate::support::{Bench, windows_program::program};

const REPORT: &str = include_str!("../fixtures/import/OA3.xml");
const SYSTEM: &str = "x/Windows/System32";
const PROMPT: &[u8] = b"press Enter:";

/// A laptop that has started Windows PE: its drives are folders, `x` is the image in memory.
struct WinPe {
    folder: TempDir,
}

impl WinPe {
    fn new() -> Self {
        let pe = Self { folder: TempDir::new().unwrap() };
        for (path, bytes) in pe::injected() {
            pe.put(&format!("x/{path}"), bytes);
        }
        for name in ["wpeinit", "wpeutil", "drvload", "rundll32"] {
            pe.tool(&format!("{SYSTEM}/{name}.exe"), "echo %ASKED%>>X:\\log.txt");
        }
        pe.tool("x/whiteglove/oa3tool.exe", "echo %ASKED%>>X:\\log.txt\ncopy X:\\report.xml OA3.xml >nul");
        pe.put(&format!("x/{}", pe::PCPKSP), "a library");
        pe.put("x/report.xml", REPORT);
        // Wine does not wait for programs of Linux, so the test itself runs curl and says when it has.
        pe.tool(
            &format!("x/{}", pe::CURL),
            "set ASKED>X:\\asked.part\nren X:\\asked.part asked.txt\n:wait\nif exist X:\\answered goto done\n\
             ping -n 2 127.0.0.1 >nul\ngoto wait\n:done\ndel X:\\answered\ntype X:\\status.txt",
        );
        pe.wine(&["wineboot", "-i"]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        pe.drive('x', "x");
        pe
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), bytes).unwrap();
    }

    /// A program that does what these lines of batch say.
    fn tool(&self, path: &str, lines: &str) {
        self.put(path, program());
        let text = format!("@echo off\n{lines}\nexit /b 0\n").replace('\n', "\r\n");
        self.put(&format!("{path}.cmd"), text);
    }

    fn drive(&self, letter: char, folder: &str) {
        fs::create_dir_all(self.at(folder)).unwrap();
        let place = self.at(&format!("prefix/dosdevices/{letter}:"));
        drop(fs::remove_file(&place));
        symlink(self.at(folder), place).unwrap();
    }

    fn pull(&self, letter: char) {
        fs::remove_file(self.at(&format!("prefix/dosdevices/{letter}:"))).unwrap();
    }

    /// Both volumes of a stick, each under its letter.
    fn plug_in(&self, card: &MediaCard, boot: char, data: char) {
        for (letter, folder) in [(boot, format!("boot-{boot}")), (data, format!("data-{data}"))] {
            self.put(&format!("{folder}/stick.id"), format!("{}\r\n", card.media));
            self.drive(letter, &folder);
        }
        self.put(&format!("boot-{boot}/{}", pe::CARD), pe::card(card));
        fs::create_dir_all(self.at(&format!("data-{data}/{}", pe::CAPTURES))).unwrap();
    }

    fn captures(&self, data: char) -> Vec<String> {
        let entries = fs::read_dir(self.at(&format!("data-{data}/{}", pe::CAPTURES))).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn wine(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("wine");
        command.args(arguments).env("WINEPREFIX", self.at("prefix")).env("WINEDEBUG", "-all");
        command
    }

    /// What the screen says up to the last answer, which should be `c`. `from` is the drive it started from, as
    /// Windows PE knows it.
    fn runs(&self, from: Option<char>, answers: &[&str]) -> String {
        let key = "HKLM\\System\\CurrentControlSet\\Control /v PEBootRamdiskSourceDrive";
        let registry = match from {
            Some(letter) => format!("reg add {key} /d {letter}:\\ /f"),
            None => format!("reg delete {key} /f"),
        };
        let lines = [
            "@echo off",
            "set SystemRoot=X:\\Windows",
            "set PATH=X:\\Windows\\System32;%PATH%",
            &format!("{registry} >nul 2>nul"),
            "call X:\\whiteglove\\start.cmd",
        ];
        self.put("x/wrap.cmd", lines.join("\r\n"));
        drop(fs::remove_file(self.at("x/log.txt")));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.curls(&over));
            let (said, asked) = self.types(answers);
            over.store(true, Ordering::SeqCst);
            assert_eq!(asked, answers.len(), "{said}");
            said
        })
    }

    /// What the screen says, and how often it asked.
    fn types(&self, answers: &[&str]) -> (String, usize) {
        let mut command = self.wine(&["cmd", "/c", "X:\\wrap.cmd"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (mut said, mut asked, mut buffer) = (Vec::new(), 0, [0; 4096]);
        loop {
            let read = screen.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            said.extend(&buffer[..read]);
            // One at a time, and each at once: Wine takes everything that lies there as one line.
            if said.windows(PROMPT.len()).filter(|window| *window == PROMPT).count() > asked {
                let line = format!("{}\r\n", answers.get(asked).unwrap_or(&"c"));
                keyboard.write_all(line.as_bytes()).unwrap();
                asked += 1;
            }
        }
        child.wait().unwrap();
        (String::from_utf8_lossy(&said).replace('\r', ""), asked)
    }

    /// Runs curl as often as the script asks for it.
    fn curls(&self, over: &AtomicBool) {
        while !over.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(50));
            let Ok(line) = fs::read_to_string(self.at("x/asked.txt")) else { continue };
            fs::remove_file(self.at("x/asked.txt")).unwrap();
            let words = words(line.lines().next().unwrap());
            assert!(words[0].ends_with("curl.exe"), "{words:?}");
            let output = Command::new("curl").args(&words[1..]).current_dir(self.at("x/whiteglove")).output().unwrap();
            self.put("x/status.txt", output.stdout);
            self.put("x/answered", "");
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.at("x/log.txt")).unwrap()
    }
}

/// Of `ASKED="X:\..." --silent ...`, as a program of Windows takes its command line apart.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.trim_start_matches("ASKED=").trim_end().chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

/// A medium of the bench, at the address where it listens now.
fn medium(bench: &Bench) -> MediaCard {
    let (_, card) = bench.build_stick();
    MediaCard { endpoints: vec![bench.url()], ..card }
}

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

/// A row of the large letters that no other word has.
const OK: &str = "\n    #   #  ###\n";
const NOT_OK: &str = "    #   #   ###   #####     ###   #   #\n";

#[test]
#[ignore = "needs Wine (apt-get install --no-install-recommends wine64 wine): cargo nextest run --test it --run-ignored only wine"]
fn in_wines_cmd_a_laptop_is_captured_kept_and_sent() {
    let bench = Bench::started();
    let card = medium(&bench);
    let pe = WinPe::new();
    pe.plug_in(&card, 'd', 'e');
    // Another medium's stick, and a disk that pretends to have this number.
    pe.plug_in(&MediaCard { media: MediaId([7; 16]), ..card.clone() }, 'f', 'g');
    pe.put("boot-d/drivers/net/a b/x.inf", "a driver");
    pe.put("boot-d/drivers/y.inf", "a driver");
    pe.tool(&format!("{SYSTEM}/drvload.exe"), "echo %ASKED%>>X:\\log.txt\nif exist X:\\once exit /b 5\necho>X:\\once");

    let said = pe.runs(Some('D'), &["x\"", "a", "c"]);
    assert_eq!((count(&said, OK), count(&said, NOT_OK)), (2, 0), "{said}");
    assert!(said.contains("  bench     test\n  batch     spring\n"), "{said}");
    assert!(said.contains("  drivers   1 loaded, 1 not"), "{said}");
    assert!(
        said.contains("\n  #1: SN-EXAMPLE-1, Example Inc. Example Book 14\n  batch spring: captured, new on"),
        "{said}"
    );
    assert!(said.contains("known already"), "{said}");
    // What is typed is not in it, nor the line end behind it.
    assert!(said.replace("Enter: ", "Enter:\n").lines().all(|line| line.len() < 80), "{said}");
    let kept = pe.captures('e');
    assert!(kept.len() == 2 && kept.iter().all(|name| name.starts_with("SN-EXAMPLE-1-")), "{kept:?}");
    assert!(said.contains(&format!("  saved as  E:\\captures\\{}\n", kept[0])), "{said}");
    assert_eq!(fs::read_to_string(pe.at(&format!("data-e/captures/{}", kept[0]))).unwrap(), REPORT);
    assert!(pe.captures('g').is_empty());
    let log = pe.log();
    let report = "\"X:\\whiteglove\\oa3tool.exe\" /Report /ConfigFile=.\\OA3.cfg /NoKeyCheck";
    assert_eq!(
        (count(&log, report), count(&log, "drvload \"D:\\drivers\\"), count(&log, "wpeinit")),
        (2, 2, 1),
        "{log}"
    );
    assert!(log.contains("rundll32 \"X:\\Windows\\System32\\PCPKsp.dll\",DllInstall"), "{log}");
    let said = bench.says(&["import", pe.at("data-e/captures").to_str().unwrap()]);
    assert!(said.contains(": 2 here already"), "{said}");
    assert_eq!(bench.devices().len(), 1);

    // Its stick is not among them: nothing is written to the others.
    pe.pull('d');
    pe.pull('e');
    pe.put(&format!("{SYSTEM}/{}", pe::NETWORK_CARD), pe::card(&MediaCard { data_volume: None, ..card.clone() }));
    let said = pe.runs(None, &["c"]);
    assert!(count(&said, OK) == 1 && said.contains("known already") && !said.contains("saved as"), "{said}");
    bench.says(&["media", "revoke", &card.media.to_string()]);
    let said = pe.runs(None, &["c"]);
    assert!(count(&said, NOT_OK) == 1 && said.contains("  This stick was reported lost"), "{said}");
    assert!(said.contains("It is nowhere but in the memory of this laptop."), "{said}");
}

#[test]
#[ignore = "needs Wine (apt-get install --no-install-recommends wine64 wine): cargo nextest run --test it --run-ignored only wine"]
fn in_wines_cmd_nothing_is_ok_that_is_in_memory_alone() {
    let bench = Bench::started();
    let card = MediaCard { endpoints: vec!["http://127.0.0.1:9".into(), "http://[::1]:9".into()], ..medium(&bench) };
    let pe = WinPe::new();
    pe.plug_in(&card, 'd', 'e');
    let said = pe.runs(Some('D'), &["c"]);
    assert!(count(&said, OK) == 1 && said.contains("It is on the stick; the bench does not have it yet."), "{said}");
    assert_eq!((count(&said, "Sending it to http://127.0.0.1:9 ..."), pe.captures('e').len()), (4, 1), "{said}");
    let said = bench.says(&["import", pe.at("data-e/captures").to_str().unwrap()]);
    assert!(said.contains(": 1 new"), "{said}");

    // A hash without the TPM's key does for nothing that this bench is for.
    fs::remove_file(pe.at(&format!("x/{}", pe::PCPKSP))).unwrap();
    fs::remove_file(pe.at(&format!("x/{}", pe::CURL))).unwrap();
    let said = pe.runs(Some('D'), &["c"]);
    assert!(count(&said, NOT_OK) == 1 && said.contains("PCPKsp.dll is not in this Windows PE"), "{said}");
    assert_eq!(pe.captures('e').len(), 2);

    // A stick that takes nothing.
    fs::rename(pe.at("data-e/captures"), pe.at("data-e/earlier")).unwrap();
    symlink("/proc/sys", pe.at("data-e/captures")).unwrap();
    let said = pe.runs(Some('D'), &["c"]);
    assert!(count(&said, NOT_OK) == 1 && said.contains("nowhere but in the memory of this laptop"), "{said}");
    assert!(said.contains("curl.exe is not in this Windows PE.") && said.contains("The stick takes no file"), "{said}");

    pe.tool("x/whiteglove/oa3tool.exe", "echo Error: 0xc0000142\necho for & goto\nexit /b 3");
    let said = pe.runs(Some('D'), &["c"]);
    assert!(said.contains("oa3tool ended with the number 3, and said:\n          Error: 0xc0000142"), "{said}");
    assert!(count(&said, NOT_OK) == 1 && said.contains("No hardware hash was made."), "{said}");
    fs::remove_file(pe.at("x/whiteglove/oa3tool.exe")).unwrap();
    let said = pe.runs(Some('D'), &["c"]);
    assert!(said.contains("oa3tool.exe is not in this Windows PE."), "{said}");
}

#[test]
#[ignore = "needs Wine (apt-get install --no-install-recommends wine64 wine): cargo nextest run --test it --run-ignored only wine"]
fn in_wines_cmd_a_card_is_read_and_never_run() {
    let bench = Bench::started();
    let card = medium(&bench);
    let nasty = MediaCard { bench: "a & echo x>X:\\run & rem \"".into(), batch: "%PATH%)".into(), ..card.clone() };
    let pe = WinPe::new();
    pe.plug_in(&nasty, 'd', 'e');
    let said = pe.runs(None, &["c"]);
    assert!(count(&said, OK) == 1 && said.contains("  bench     a _ echo x_X:_run _ rem _\n"), "{said}");

    // Where nothing says which drive it started from.
    pe.plug_in(&MediaCard { media: MediaId([7; 16]), ..card.clone() }, 'f', 'g');
    let said = pe.runs(None, &["c"]);
    assert!(said.contains("There are several whiteglove media here.") && said.contains("D:\\ and F:"), "{said}");
    assert_eq!(count(&said, NOT_OK), 1, "{said}");
    assert_eq!(count(&pe.runs(Some('D'), &["c"]), OK), 1);
    pe.pull('f');
    pe.pull('g');

    let good = String::from_utf8(pe::card(&card)).unwrap();
    for line in ["set WG_BENCH=x & echo x>X:\\run", "set WG_BENCH=%PATH%", "set WG_BENCH=a\"b"] {
        pe.put(&format!("boot-d/{}", pe::CARD), format!("{good}{line}\r\n"));
        let said = pe.runs(None, &["c"]);
        assert!(said.contains("The file whiteglove\\card.cmd on D: is not as whiteglove writes it."), "{line}: {said}");
    }
    // Harmless letters, and still no command.
    pe.put(&format!("boot-d/{}", pe::CARD), format!("{good}copy X:/wrap.cmd X:/run\r\nset PATH=C:/\r\n"));
    assert_eq!(count(&pe.runs(None, &["c"]), OK), 1);
    pe.put("data-e/stick.id", "\" & echo x>X:\\run & \"\r\n");
    let said = pe.runs(None, &["c"]);
    assert!(count(&said, OK) == 1 && !said.contains("saved as"), "{said}");
    assert!(!pe.at("x/run").exists());
    assert!(Path::new(&pe.at("x/wrap.cmd")).exists());
}
