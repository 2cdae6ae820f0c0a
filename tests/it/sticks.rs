//! Many sticks at once and sticks brought up to date, on loop devices: the kernel's real block layer.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::support::{
    Bench,
    laptop::{capture, sealed_capture},
    partition, tool,
};

/// A file that was used before, as a stick that can be plugged in.
pub(crate) struct Stick {
    file: PathBuf,
    device: Option<String>,
}

impl Stick {
    pub(crate) fn new(bench: &Bench, name: &str, size: u64) -> Self {
        let path = bench.folder.path().join(name);
        let file = fs::File::create(&path).unwrap();
        file.set_len(size).unwrap();
        for place in [0, 4_096, 1 << 20, size - 40_960] {
            file.write_all_at(&[0x41; 40_000], place).unwrap();
        }
        Self { file: path, device: None }
    }

    /// `false`: this needs root.
    pub(crate) fn plug(&mut self) -> bool {
        let output = Command::new("losetup").args(["--find", "--show", "--direct-io=on"]).arg(&self.file).output();
        let output = output.ok().filter(|output| output.status.success());
        self.device = output.map(|output| String::from_utf8(output.stdout).unwrap().trim().to_owned());
        if self.device.is_none() {
            eprintln!("SKIPPED: a loop device needs root");
        }
        self.device.is_some()
    }

    pub(crate) fn device(&self) -> &str {
        self.device.as_deref().unwrap()
    }

    pub(crate) fn pull(&mut self) {
        if let Some(device) = self.device.take() {
            tool("losetup", &["-d", &device]);
        }
    }

    /// Lies in a drawer meanwhile, and has these files in its folder of captures when it comes back.
    pub(crate) fn comes_back_with(&mut self, bench: &Bench, files: &[(&str, &[u8])]) -> bool {
        self.pull();
        let at = format!("{}@@{}", self.file.display(), partition(&self.file, 2).start);
        for (name, bytes) in files {
            let file = bench.folder.path().join(name);
            fs::write(&file, bytes).unwrap();
            let (copied, report) = tool("mcopy", &["-i", &at, file.to_str().unwrap(), "::/captures/"]);
            assert!(copied, "{report}");
        }
        self.plug()
    }

    /// Names in its folder of captures.
    pub(crate) fn captures(&self) -> String {
        let at = format!("{}@@{}", self.file.display(), partition(&self.file, 2).start);
        tool("mdir", &["-b", "-i", &at, "::/captures"]).1
    }

    fn boots(&self) -> bool {
        let mut start = [0; 1024];
        fs::File::open(&self.file).unwrap().read_exact_at(&mut start, 0).unwrap();
        start[512..].starts_with(b"EFI PART")
    }

    pub(crate) fn assert_good(&self, bench: &Bench) {
        let (clean, report) = tool("sgdisk", &["-v", self.file.to_str().unwrap()]);
        assert!(clean && report.contains("No problems found"), "{report}");
        let (_, listing) = tool("mdir", &["-b", "-i", &format!("{}@@1M", self.file.display()), "::boot"]);
        assert!(listing.contains("media.cpio"), "{listing}");
        assert!(
            bench.says(&["media", "verify", self.device()]).contains("everything it boots from matches its digest")
        );
    }
}

impl Drop for Stick {
    fn drop(&mut self) {
        self.pull();
    }
}

/// `media bench --json`, ended with the test.
struct Armed {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    seen: Vec<Value>,
}

impl Armed {
    fn new(bench: &Bench, image: &Path, more: &[&str]) -> Self {
        let mut command = bench.command();
        command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", "bench", image.to_str().unwrap(), "--json"]);
        let mut child = command.args(more).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, seen: vec![] }
    }

    /// The next stick that is ready or not.
    fn ended(&mut self) -> Value {
        loop {
            let event = self.next("the end of a stick");
            if event["event"] == "ready" || event["event"] == "failed" {
                return event;
            }
        }
    }

    fn next(&mut self, what: &str) -> Value {
        let line = self.lines.next().unwrap_or_else(|| panic!("no {what} in {:?}", self.seen)).unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        self.seen.push(event.clone());
        event
    }

    /// The next event of a kind about a device.
    fn until(&mut self, kind: &str, device: &str) -> Value {
        loop {
            let event = self.next(kind);
            if event["event"] == kind && (device.is_empty() || event["stick"]["path"] == device) {
                return event;
            }
        }
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A size that nothing else on this machine has: what other tests plug in meanwhile is not ours to erase.
const SIZE: u64 = 1_234_567_168;
const WINDOW: [&str; 4] = ["--size", "1234M..1235M", "--confirm", "erase 1234M..1235M"];

#[test]
fn a_bench_writes_what_is_plugged_in_and_leaves_everything_else_alone() {
    let bench = Bench::new();
    let (image, _) = bench.build_stick();
    let mut before = Stick::new(&bench, "before", SIZE);
    if !before.plug() {
        return;
    }
    let mut armed = Armed::new(&bench, &image, &[&WINDOW[..], &["--max", "3"]].concat());
    let first = armed.next("what it is armed for");
    assert_eq!((&first["event"], &first["phrase"]), (&"armed".into(), &"erase 1234M..1235M".into()), "{first}");
    assert_eq!(
        (&first["most"], &first["imports"], &first["sizes"]["from"]),
        (&3.into(), &false.into(), &1_234_000_000_u64.into())
    );
    assert!(first["ports"].as_array().unwrap().is_empty() && first["also"].as_array().unwrap().is_empty(), "{first}");
    assert!(first["content"].as_u64().unwrap() > 0 && first["media"].as_str().unwrap().len() == 32, "{first}");
    let left = armed.until("declined", before.device());
    assert!(left["problem"]["next"].as_str().unwrap().contains("plug it in again"), "{left}");
    let mut sticks: Vec<Stick> = (0..2).map(|n| Stick::new(&bench, &format!("stick-{n}"), SIZE)).collect();
    let mut large = Stick::new(&bench, "large", 3 << 30);
    let mut locked = Stick::new(&bench, "luks", SIZE);
    let header = fs::OpenOptions::new().write(true).open(&locked.file).unwrap();
    header.write_all_at(b"LUKS\xba\xbe\0\x02", 0).unwrap();
    assert!(sticks.iter_mut().chain([&mut large, &mut locked]).all(Stick::plug));
    let declined = armed.until("declined", large.device());
    assert!(declined["problem"]["why"].as_str().unwrap().contains("armed for 1234M..1235M"), "{declined}");
    let ended = [armed.ended(), armed.ended(), armed.ended()];
    let refused = ended.iter().find(|event| event["event"] == "failed").unwrap();
    assert!(refused["stick"]["path"] == locked.device(), "{refused}");
    assert!(refused["problem"]["why"].as_str().unwrap().contains("LUKS"), "{refused}");
    assert!(refused["problem"]["what"].as_str().unwrap().contains("as it was"), "{refused}");
    assert_eq!(refused["remains"], "as-it-was");
    for stick in &sticks {
        stick.assert_good(&bench);
    }
    assert!(!before.boots() && !large.boots() && !locked.boots());
    // Taken out, put in again: written again, at the same position or another, and that was the third and last.
    let first = sticks[0].device().to_owned();
    sticks[0].pull();
    armed.until("removed", "");
    fs::remove_file(&sticks[0].file).unwrap();
    sticks[0] = Stick::new(&bench, "stick-0", SIZE);
    assert!(sticks[0].plug() && !sticks[0].boots());
    let ready = armed.until("ready", sticks[0].device());
    assert!(ready["write_rate"].as_u64().unwrap() > 0 && sticks[0].device() == first || sticks[0].boots(), "{ready}");
    let finished = armed.until("finished", "");
    assert_eq!((&finished["ready"], &finished["failed"]), (&3.into(), &1.into()));
    assert!(!armed.child.wait().unwrap().success(), "one was not made");
    let log = fs::read_to_string(bench.state().join("sticks/health.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 4, "{log}");
    // The journal has each that was made, under a number of its own.
    let listed: Vec<Value> = serde_json::from_str(&bench.says(&["media", "sticks", "--json"])).unwrap();
    let numbers: std::collections::BTreeSet<_> = listed.iter().filter_map(|line| line["stick"].as_str()).collect();
    assert_eq!(numbers.len(), 3, "{listed:?}");
}

#[test]
fn the_bench_is_armed_by_the_right_words_only_and_never_for_loop_devices_unless_rehearsed() {
    let bench = Bench::new();
    let (image, _) = bench.build_stick();
    let image = image.to_str().unwrap();
    let complaint = bench.complains(&["media", "bench", image, "--size", "900M..2G"]);
    assert!(complaint.contains("--confirm 'erase 900M..2G'"), "{complaint}");
    let complaint = bench.complains(&["media", "bench", image, "--size", "900M..2G", "--confirm", "erase 900M..3G"]);
    assert!(complaint.contains("not armed"), "{complaint}");
    let complaint = bench.complains(&["media", "bench", image, "--size", "2G..1G", "--confirm", "x"]);
    assert!(complaint.contains("2.0 GB"), "{complaint}");
    let mut stick = Stick::new(&bench, "stick", SIZE + 512);
    let mut command = bench.command();
    let mut child =
        command.args(["media", "bench", image, "--json"]).args(WINDOW).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let plugged = stick.plug();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!said.contains("\"begun\"") && said.contains("\"finished\""), "{said}");
    assert!(!plugged || said.contains("not on USB"), "{said}");
    assert!(!stick.boots());
}

#[test]
fn what_a_stick_brings_back_is_imported_or_it_is_not_written_over() {
    const SIZE: u64 = 1_235_666_432;
    let mut bench = Bench::started();
    let (image, card) = bench.build_stick();
    let other = Bench::started();
    let (_, foreign_card) = other.build_stick();
    bench.stop();
    let (good, _) = sealed_capture(&card, &capture("PF3K9Q", 1, Some(1)));
    let (foreign, _) = sealed_capture(&foreign_card, &capture("PF3K9S", 3, Some(3)));
    let mut stick = Stick::new(&bench, "returned", SIZE);
    if !stick.plug() {
        return;
    }
    let write = |stick: &Stick, more: &[&str]| {
        let name = stick.device().trim_start_matches("/dev/");
        let mut command = bench.command();
        command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", "write", image.to_str().unwrap(), "--to"]);
        let output = command.args([stick.device(), "--name", name]).args(more).output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    assert!(write(&stick, &[]).0);
    let brought: [(&str, &[u8]); 1] = [("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.wgc", good.bytes())];
    assert!(stick.comes_back_with(&bench, &brought));

    // Without a board nobody takes it in: it stays as it is, and the next step is said.
    let window = ["--size", "1235M..1236M", "--confirm", "erase 1235M..1236M", "--plugged-in", "--max", "1"];
    let mut armed = Armed::new(&bench, &image, &window);
    let refused = armed.until("failed", stick.device());
    assert_eq!(refused["remains"], "kept", "{refused}");
    assert!(refused["problem"]["why"].as_str().unwrap().contains("1 capture"), "{refused}");
    assert!(refused["problem"]["next"].as_str().unwrap().contains("whiteglove import"), "{refused}");
    drop(armed);
    assert!(stick.captures().contains("aaaaaaaa"), "{}", stick.captures());

    let (done, words) = write(&stick, &[]);
    assert!(done && words.contains("What it brought back is on the bench: 1 capture."), "{words}");
    assert_eq!(bench.devices()[0]["identity"]["serial"], "PF3K9Q");
    assert!(!stick.captures().contains("wgc"), "{}", stick.captures());
    stick.assert_good(&bench);

    // One of another bench: the rest is taken in, and that one stays.
    let brought: [(&str, &[u8]); 2] = [
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.wgc", good.bytes()),
        ("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.wgc", foreign.bytes()),
    ];
    assert!(stick.comes_back_with(&bench, &brought));
    let (done, words) = write(&stick, &[]);
    assert!(!done && words.contains("what the bench does not have is still on it"), "{words}");
    assert!(words.contains("sealed for another bench") && words.contains("Keep it"), "{words}");
    assert!(stick.boots() && stick.captures().contains("bbbbbbbb"), "{}", stick.captures());
    assert!(!stick.captures().contains("aaaaaaaa"), "what is known is off it: {}", stick.captures());
    assert!(write(&stick, &["--discard"]).0);
    assert!(!stick.captures().contains("wgc"), "{}", stick.captures());
}

#[test]
fn a_stick_is_brought_up_to_date_and_keeps_its_captures() {
    let bench = Bench::new();
    let (image, card) = bench.build_stick();
    let mut stick = Stick::new(&bench, "stick", 1 << 30);
    if !stick.plug() {
        return;
    }
    let act = |what: &str, image: &Path, more: &[&str]| {
        let name = stick.device().trim_start_matches("/dev/");
        let mut command = bench.command();
        command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", what, image.to_str().unwrap(), "--to"]);
        let output = command.args([stick.device(), "--name", name]).args(more).output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (updated, words) = act("update", &image, &[]);
    assert!(!updated && words.contains("holds no medium of whiteglove") && words.contains("as it was"), "{words}");
    assert!(act("write", &image, &[]).0);
    let data = partition(&stick.file, 2).start;
    let at = format!("{}@@{data}", stick.device());
    let note = bench.folder.path().join("note");
    fs::write(&note, "a capture").unwrap();
    assert!(tool("mcopy", &["-i", &at, note.to_str().unwrap(), "::captures/note"]).0);
    let (updated, words) = act("update", &image, &[]);
    assert!(updated && words.contains("was up to date") && !words.contains("earlier medium"), "{words}");
    // The next batch's medium: another number, another loader, one file more.
    let more = bench.folder.path().join("more");
    fs::create_dir_all(&more).unwrap();
    fs::write(more.join("driver.inf"), "driver").unwrap();
    let next = bench.folder.path().join("next.img");
    bench.says(&["media", "build", "--out", next.to_str().unwrap(), "--add", more.to_str().unwrap()]);
    let (updated, words) = act("update", &next, &[]);
    assert!(updated && words.contains("is up to date") && words.contains("written and read back"), "{words}");
    assert!(words.contains("scripts for Windows on its data volume stay an earlier medium's"), "{words}");
    stick.assert_good(&bench);
    let (_, text) = tool("mcopy", &["-n", "-i", &at, "::captures/note", "-"]);
    // mtools complains of the device's geometry behind it.
    assert!(text.starts_with("a capture"), "{text}");
    let (_, text) = tool("mcopy", &["-n", "-i", &format!("{}@@1M", stick.device()), "::driver.inf", "-"]);
    assert!(text.starts_with("driver"), "{text}");
    let (_, serial) = tool("minfo", &["-i", &at, "::"]);
    let next_card = crate::support::card_of(&next);
    assert_ne!(next_card.media, card.media);
    // Each stick's own, so that two in one laptop are told apart.
    let wanted = crate::support::card_of(Path::new(stick.device())).data_volume.expect("a stick has one");
    assert_ne!(Some(wanted), next_card.data_volume);
    assert!(serial.to_lowercase().contains(&format!("{wanted:08x}").to_lowercase()), "{serial} {wanted:?}");
    // What a person changed by hand is put right, as all is compared once anything differs.
    assert!(tool("mdel", &["-i", &format!("{}@@1M", stick.device()), "::driver.inf"]).0);
    let (updated, words) = act("update", &next, &[]);
    assert!(updated && words.contains("everything it boots from was compared"), "{words}");
    stick.assert_good(&bench);
    assert!(bench.says(&["media", "check", stick.device()]).contains("is what the bench made"));
    let (updated, words) = act("update", &next, &["--full"]);
    assert!(updated && words.contains("was up to date: everything"), "{words}");
}

#[test]
fn a_stick_proves_what_it_is_here_and_on_a_machine_that_has_but_the_key() {
    let bench = Bench::new();
    let (image, _) = bench.build_stick();
    let mut stick = Stick::new(&bench, "stick", 1 << 30);
    if !stick.plug() {
        return;
    }
    let device = stick.device().to_owned();
    let name = device.trim_start_matches("/dev/").to_owned();
    let write = |what: &str, more: &[&str]| {
        let mut command = bench.command();
        command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", what, image.to_str().unwrap(), "--to"]);
        let output = command.args([&device, "--name", &name]).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
    };
    let words = write("write", &["--operator", "Jana"]);
    let number = words.split("It is stick ").nth(1).expect(&words).split('.').next().unwrap().to_owned();
    assert!(!words.contains("not signed"), "{words}");
    let said = bench.says(&["media", "check", &device]);
    assert!(said.contains("is what the bench made") && said.contains(&number) && said.contains("by Jana"), "{said}");
    assert!(bench.says(&["media", "check", "--full", &device]).contains("byte for byte"));
    let listed: Value = serde_json::from_str(&bench.says(&["media", "sticks", "--json"])).unwrap();
    assert_eq!((&listed[0]["stick"], &listed[0]["operator"]), (&Value::from(number.clone()), &Value::from("Jana")));

    // Somewhere else, with nothing of the bench but its public key.
    let elsewhere = bench.folder.path().join("elsewhere");
    let key = bench.folder.path().join("bench.pub");
    fs::write(&key, bench.says(&["media", "key"])).unwrap();
    let other = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whiteglove"));
        let output = command.arg("--state").arg(&elsewhere).args(args).output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (known, words) = other(&["media", "check", &device]);
    assert!(!known && words.contains("no key") && words.contains("media key"), "{words}");
    assert!(other(&["media", "check", &device, "--key", key.to_str().unwrap()]).0);
    assert!(!elsewhere.exists(), "looking makes nothing");

    // It is brought up to date with nothing to do, and is the same stick still; a changed file is named.
    assert!(write("update", &[]).contains("was up to date"));
    let boot = format!("{device}@@1M");
    assert!(tool("mdel", &["-i", &boot, "::EFI/BOOT/grub.cfg"]).0);
    let output = bench.command().args(["media", "check", &device]).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && words.contains("WGBOOT: EFI/BOOT/grub.cfg is missing"), "{words}");
    assert!(words.contains("do not boot from it") && words.contains("media update --full"), "{words}");
    write("update", &["--full", "--operator", "Timo"]);
    let said = bench.says(&["media", "check", "--full", &device]);
    assert!(said.contains(&number) && said.contains("brought up to date") && said.contains("by Timo"), "{said}");

    // An image that was changed since it was built makes no stick.
    let file = fs::OpenOptions::new().write(true).open(&image).unwrap();
    file.write_all_at(b"x", (20 << 10) + 300).unwrap();
    let mut command = bench.command();
    command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", "write", image.to_str().unwrap(), "--to"]);
    let output = command.args([&device, "--name", &name]).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && words.contains("record is not what the bench signed"), "{words}");
    bench.says(&["media", "check", "--full", &device]);
}

/// A stick that changed on its own while this machine still remembers how it was.
#[test]
fn what_this_machine_remembers_of_a_stick_proves_nothing() {
    let bench = Bench::new();
    let (image, _) = bench.build_stick();
    let mut stick = Stick::new(&bench, "stick", 1 << 30);
    if !stick.plug() {
        return;
    }
    let device = stick.device().to_owned();
    let mut command = bench.command();
    command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", "write", image.to_str().unwrap(), "--to", &device]);
    assert!(command.args(["--name", device.trim_start_matches("/dev/")]).output().unwrap().status.success());
    let boot = partition(&stick.file, 1);
    let file = fs::OpenOptions::new().read(true).write(true).open(&stick.file).unwrap();
    let mut bytes = vec![0; 64 << 20];
    file.read_exact_at(&mut bytes, boot.start).unwrap();
    let kernel = b"vmlinuz of the tests";
    let at = boot.start + bytes.windows(kernel.len()).position(|window| window == kernel).unwrap() as u64;
    // As long as somebody has it open, the kernel keeps what was read.
    let open = fs::File::open(&device).unwrap();
    for (byte, command, complaint) in [
        (at, &["media", "check", "--full"][..], "boot/vmlinuz is not the file that was written"),
        (at + 1, &["media", "verify"], "are not the ones that were written"),
    ] {
        rustix::fs::fadvise(&open, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        open.read_exact_at(&mut bytes, boot.start).unwrap();
        let mut was = [0];
        file.read_exact_at(&mut was, byte).unwrap();
        file.write_all_at(b"!", byte).unwrap();
        file.sync_all().unwrap();
        let mut remembered = [0];
        open.read_exact_at(&mut remembered, byte).unwrap();
        assert_eq!(remembered, was, "the kernel does not know yet");
        let words = bench.complains(&[command, &[&device]].concat());
        assert!(words.contains(complaint), "{words}");
        file.write_all_at(&was, byte).unwrap();
    }
}

/// Fifty at a time, as many as a warehouse has ports for. Each has a thread and a few megabytes.
#[test]
fn fifty_sticks_at_once_take_no_more_memory_than_a_few() {
    const MANY: u64 = 50;
    // Sizes of this test's own.
    const SIZE: u64 = 1_240_006_656;
    let bench = Bench::new();
    let (image, _) = bench.build_stick();
    let mut before = Stick::new(&bench, "before", SIZE);
    if !before.plug() {
        return;
    }
    let window = ["--size", "1240M..1241M", "--confirm", "erase 1240M..1241M", "--max", "50"];
    let mut armed = Armed::new(&bench, &image, &window);
    armed.until("declined", before.device());
    let mut sticks: Vec<Stick> = (0..MANY).map(|n| Stick::new(&bench, &format!("stick-{n}"), SIZE)).collect();
    assert!(sticks.iter_mut().all(Stick::plug));
    let status = format!("/proc/{}/status", armed.child.id());
    let mut most = 0;
    let finished = loop {
        let event = armed.next("the end");
        // Gone with the process, so it is looked at while it runs.
        let status = fs::read_to_string(&status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        most = most.max(peak.trim().trim_end_matches(" kB").parse().unwrap_or(0));
        if event["event"] == "finished" {
            break event;
        }
    };
    assert_eq!((&finished["ready"], &finished["failed"]), (&MANY.into(), &0.into()), "{:?}", armed.seen);
    assert!((1 << 10..300 << 10).contains(&most), "{most} KiB");
    assert!(sticks.iter().all(Stick::boots));
    sticks[17].assert_good(&bench);
}
