//! Disks that nobody may erase, and every way there is to ask for it: none is written to, and each says why.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Bench, Control, tool};

/// A size that nothing else on this machine has: what other tests plug in meanwhile is not ours to erase.
const SIZE: u64 = 1_238_761_472;
/// Outside the window below: the two tests run beside each other.
const OTHER_SIZE: u64 = 1_239_810_048;
const WINDOW: [&str; 4] = ["--size", "1238M..1239M", "--confirm", "erase 1238M..1239M"];

/// A loop device with something about it.
struct Forbidden {
    why: &'static str,
    /// Of the answer to collecting from it, where that is another.
    instead: &'static str,
    file: PathBuf,
    device: String,
    /// What takes it out of use again.
    undo: Option<(&'static str, String)>,
    before: Vec<u8>,
}

/// Why swap must not be erased.
const SWAP: &str = "this computer runs from it";

impl Forbidden {
    /// `None`: this needs root.
    fn new(bench: &Bench, size: u64, options: &[&str], why: &'static str, prepare: &dyn Fn(&Path)) -> Option<Self> {
        let number = fs::read_dir(bench.folder.path()).unwrap().count();
        let file = bench.folder.path().join(format!("disk-{number}"));
        File::create(&file).unwrap().set_len(size).unwrap();
        prepare(&file);
        let output = Command::new("losetup").args(["--find", "--show"]).args(options).arg(&file).output().ok()?;
        if !output.status.success() {
            eprintln!("SKIPPED: a loop device needs root");
            return None;
        }
        let device = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Some(Self { why, instead: why, file, device, undo: None, before: vec![] })
    }

    fn used_by(mut self, start: (&str, &[&str]), stop: (&'static str, String)) -> Option<Self> {
        let (done, report) = tool(start.0, &[start.1, &[&self.device[..]]].concat());
        if !done {
            eprintln!("SKIPPED: {} of a loop device: {report}", start.0);
            return None;
        }
        self.undo = Some(stop);
        Some(self)
    }

    /// Nothing but that keeps anybody from collecting from it.
    fn that_is_no_medium(mut self) -> Self {
        self.instead = "no medium of whiteglove";
        self
    }

    fn name(&self) -> &str {
        self.device.trim_start_matches("/dev/")
    }

    /// Where whatever erases it would write first and last.
    fn content(&self) -> Vec<u8> {
        let file = File::open(&self.file).unwrap();
        let size = file.metadata().unwrap().len();
        if self.why == SWAP {
            // Behind its first page the kernel writes, when this machine is short of memory.
            let mut page = vec![0; 4096];
            file.read_exact_at(&mut page, 0).unwrap();
            return page;
        }
        let mut bytes = vec![0; 4 << 20];
        let (start, end) = bytes.split_at_mut(2 << 20);
        file.read_exact_at(start, 0).unwrap();
        file.read_exact_at(end, size - (2 << 20)).unwrap();
        bytes
    }
}

impl Drop for Forbidden {
    fn drop(&mut self) {
        if let Some((program, what)) = &self.undo {
            tool(program, &[what]);
        }
        tool("losetup", &["-d", &self.device]);
    }
}

fn signed(at: u64, bytes: &'static [u8]) -> impl Fn(&Path) {
    move |file| OpenOptions::new().write(true).open(file).unwrap().write_all_at(bytes, at).unwrap()
}

fn formatted(program: &'static str, options: &'static [&'static str]) -> impl Fn(&Path) {
    move |file| {
        let (done, report) = tool(program, &[options, &[file.to_str().unwrap()]].concat());
        assert!(done, "{report}");
    }
}

/// As many of them as there are to be had here.
fn forbidden(bench: &Bench, image_size: u64) -> Vec<Forbidden> {
    let label: &'static [u8; 32] = b"LABELONE................LVM2 001";
    let at = bench.folder.path().join("mounted").display().to_string();
    fs::create_dir(&at).unwrap();
    let ext4 = formatted("mkfs.ext4", &["-q", "-F", "-O", "^has_journal"]);
    let mounted = Forbidden::new(bench, SIZE, &[], "it is mounted at", &ext4);
    // Read-only, so that nobody but us could write to it.
    let mounted = mounted.and_then(|disk| {
        let device = disk.device.clone();
        disk.used_by(("sh", &["-c", &format!("mount -t ext4 -o ro {device} {at}")]), ("umount", at.clone()))
    });
    let swap = Forbidden::new(bench, SIZE, &[], SWAP, &formatted("mkswap", &[]));
    let swap = swap.and_then(|disk| {
        let device = disk.device.clone();
        disk.used_by(("swapon", &["--priority", "0"]), ("swapoff", device))
    });
    let member = |why, at, bytes| {
        let disk = Forbidden::new(bench, SIZE, &[], why, &signed(at, bytes))?;
        Some(disk.that_is_no_medium())
    };
    let small = Forbidden::new(bench, image_size - 512, &[], "512 bytes too small", &|_| {});
    let all = [
        mounted,
        swap,
        member("an encrypted volume (LUKS)", 0, b"LUKS\xba\xbe\0\x02"),
        member("a volume group (LVM)", 512, label),
        member("a RAID (md)", 4096, &[0xfc, 0x4e, 0x2b, 0xa9]),
        Forbidden::new(bench, SIZE, &["--read-only"], "it is write-protected", &|_| {}),
        Forbidden::new(bench, SIZE / 4096 * 4096, &["--sector-size", "4096"], "sectors of 4096 bytes", &|_| {}),
        small.map(Forbidden::that_is_no_medium),
    ];
    let mut all: Vec<Forbidden> = all.into_iter().flatten().collect();
    all.iter_mut().for_each(|disk| disk.before = disk.content());
    all
}

/// A disk as the bench lists it.
fn listed(control: &mut Control, is: impl Fn(&Value) -> bool) -> Option<Value> {
    control.send(&json!("list-disks"));
    control.until("disks").as_array().unwrap().iter().find(|disk| is(disk)).cloned()
}

/// What a front end could claim of it.
fn harmless(disk: &Value) -> Value {
    let mut disk = disk.clone();
    for (what, claim) in [
        ("is_system", json!(false)),
        ("mounted", json!([])),
        ("holders", json!([])),
        ("removable", json!(true)),
        ("read_only", json!(false)),
        ("sector_size", json!(512)),
    ] {
        assert!(!disk[what].is_null(), "{disk}");
        disk[what] = claim;
    }
    disk
}

#[test]
fn no_way_of_asking_erases_what_must_not_be_erased() {
    let mut bench = Bench::new();
    let (image, _) = bench.build_stick();
    let disks = forbidden(&bench, fs::metadata(&image).unwrap().len());
    let mut command = bench.command();
    command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1");
    bench.spawn(command);
    bench.url();
    let mut control = Control::connect(&bench.state()).unwrap();
    let image = image.to_str().unwrap();
    for disk in &disks {
        let (device, name) = (&disk.device[..], disk.name());
        for (route, why) in [
            (&["media", "write", image, "--to", device, "--name", name][..], disk.why),
            (&["media", "update", image, "--to", device, "--name", name], disk.why),
            (&["import", device, "--erase", "--name", name], disk.instead),
        ] {
            let complaint = bench.complains(route);
            assert!(complaint.to_lowercase().contains(&why.to_lowercase()), "{route:?}: {complaint}");
        }
        let real = listed(&mut control, |listed| listed["path"] == device).unwrap_or_else(|| panic!("{device}"));
        let claimed = harmless(&real);
        for (command, why) in [
            (json!({"write-media": {"image": image, "disk": claimed, "typed": name}}), disk.why),
            (json!({"update-media": {"image": image, "disk": claimed, "typed": name, "fully": true}}), disk.why),
            (json!({"collect": {"disk": claimed, "typed": name}}), disk.instead),
        ] {
            control.send(&command);
            let problem = control.until("problem");
            let text = problem.to_string();
            assert!(text.to_lowercase().contains(&why.to_lowercase()), "{command}: {text}");
        }
        assert!(disk.content() == disk.before, "{} was written to", disk.why);
    }
    let kinds = disks.len();

    // What this machine runs from, which no rehearsal makes a stick.
    if let Some(system) = listed(&mut control, |disk| disk["is_system"] == true && disk["bus"] != "loop") {
        let device = system["path"].as_str().unwrap();
        let name = system["model"].as_str().filter(|model| !model.is_empty());
        let name = name.unwrap_or(device.trim_start_matches("/dev/"));
        for route in [
            &["media", "write", image, "--to", device, "--name", name][..],
            &["media", "update", image, "--to", device, "--name", name],
            &["import", device, "--erase", "--name", name],
        ] {
            assert!(bench.complains(route).contains("This computer runs from it"), "{route:?}");
        }
        let mut claimed = harmless(&system);
        claimed["bus"] = "usb".into();
        control.send(&json!({"write-media": {"image": image, "disk": claimed, "typed": name}}));
        let problem = control.until("problem").to_string();
        assert!(problem.contains("is not what it was"), "{problem}");
    } else {
        eprintln!("SKIPPED: this machine does not know what it runs from");
    }
    bench.stop();

    // Bench mode, armed for all that is plugged in.
    let mut command = bench.command();
    command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", "bench", image, "--json", "--plugged-in"]);
    let mut armed = command.args(WINDOW).stdout(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(4));
    rustix::process::kill_process(rustix::process::Pid::from_child(&armed), rustix::process::Signal::INT).unwrap();
    let mut told = String::new();
    std::io::Read::read_to_string(&mut armed.stdout.take().unwrap(), &mut told).unwrap();
    armed.wait().unwrap();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for disk in &disks {
        let of_it = told.iter().filter(|event| event["stick"]["path"] == disk.device);
        let ends: Vec<&Value> = of_it.filter(|event| event["event"] != "begun").collect();
        // What shows only once it is opened is told of, and what is of another size; this machine's own disks are not.
        let why = match disk.why {
            why if why.starts_with("a ") || why.starts_with("an ") => Some(("failed", why)),
            "512 bytes too small" => Some(("declined", "armed for 1238M..1239M")),
            _ => None,
        };
        assert_eq!(ends.len(), usize::from(why.is_some()), "{} in {told:?}", disk.why);
        let right = |end: &&Value| {
            why.is_some_and(|(event, why)| end["event"] == event && end["problem"].to_string().contains(why))
        };
        assert!(ends.iter().all(right), "{ends:?}");
        assert!(disk.content() == disk.before, "{} was written to", disk.why);
    }
    let finished = told.last().unwrap();
    assert_eq!((&finished["event"], &finished["ready"]), (&"finished".into(), &0.into()), "{told:?}");
    assert!(kinds == 0 || kinds == 8, "{kinds} kinds of disk could be had here");
}

/// The board shows a stick; before its name is typed another has taken its place, and the name.
#[test]
fn what_was_chosen_on_a_board_is_what_is_erased_or_nothing_is() {
    let mut bench = Bench::new();
    let (image, _) = bench.build_stick();
    let mut command = bench.command();
    command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1");
    bench.spawn(command);
    bench.url();
    let mut control = Control::connect(&bench.state()).unwrap();
    let plug = |name: &str, device: &str| {
        let path = bench.folder.path().join(name);
        File::create(&path).unwrap().set_len(OTHER_SIZE).unwrap();
        Command::new("losetup").arg(device).arg(&path).output().is_ok_and(|output| output.status.success())
    };
    // A name of its own, that no other test is given in between.
    let device = format!("/dev/loop{}", 7700 + std::process::id() % 8);
    if !plug("chosen", &device) {
        eprintln!("SKIPPED: a loop device needs root");
        return;
    }
    let shown = listed(&mut control, |disk| disk["path"] == device[..]).unwrap();
    tool("losetup", &["-d", &device]);
    assert!(plug("another", &device));
    let name = device.trim_start_matches("/dev/");
    for command in [
        json!({"write-media": {"image": image, "disk": shown, "typed": name}}),
        json!({"update-media": {"image": image, "disk": shown, "typed": name, "fully": false}}),
        json!({"collect": {"disk": shown, "typed": name}}),
    ] {
        control.send(&command);
        let problem = control.until("problem").to_string();
        assert!(problem.contains("the order of arrival is not what it was"), "{command}: {problem}");
    }
    tool("losetup", &["-d", &device]);
    let another = File::open(bench.folder.path().join("another")).unwrap();
    let mut start = [0; 4096];
    another.read_exact_at(&mut start, 0).unwrap();
    assert!(start.iter().all(|byte| *byte == 0) && another.metadata().unwrap().len() == OTHER_SIZE);
    bench.stop();
}
