//! Sticks: built, checked by tools we did not write, written, lost, returned.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
    process::Command,
};

use serde_json::{Value, json};
use whiteglove_core::envelope::EXTENSION;

use crate::support::{
    Bench, Control,
    laptop::{capture, hand_in, sealed_capture},
    partition, tool, until,
};

/// A stick's data volume as a folder of sealed captures.
fn folder_with(bench: &Bench, files: &[(String, Vec<u8>)]) -> String {
    let folder = bench.folder.path().join("returned/captures");
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    folder.parent().unwrap().to_str().unwrap().to_owned()
}

/// What is the same however a capture came.
fn essence(devices: &[Value]) -> Vec<Value> {
    let mut devices = devices.to_vec();
    for device in &mut devices {
        for (key, unlike) in [("arrived", 0), ("last", 0)] {
            device[key] = unlike.into();
        }
        device["history"] = Value::Null;
        device["signal"] = Value::Null;
        device["stage"]["captured"]["since"] = 0.into();
    }
    devices
}

#[test]
fn an_image_is_right_by_every_tool_and_twice_the_same_but_for_its_card() {
    let bench = Bench::started();
    let (image, card) = bench.build_stick();
    assert_eq!((card.batch.as_str(), card.bench.as_str()), ("spring", "test"));
    assert_eq!(card.endpoints, [bench.url()]);
    let path = image.to_str().unwrap();
    let (clean, report) = tool("sgdisk", &["-v", path]);
    assert!(clean && report.contains("No problems found"), "{report}");
    assert!(bench.says(&["media", "verify", path]).contains("everything it boots from matches its digest"));
    let (_, listing) = tool("mdir", &["-b", "-/", "-i", &format!("{path}@@1M"), "::"]);
    for file in ["EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/grubx64.efi", "EFI/debian/grub.cfg", "boot/initrd.zst", "README.TXT"]
    {
        assert!(listing.to_lowercase().contains(&file.to_lowercase()), "{listing}");
    }
    let listed = bench.says(&["media", "list"]);
    assert!(listed.contains(&card.media.to_string()) && listed.contains("good"), "{listed}");
}

#[test]
fn a_stick_built_while_no_bench_runs_knows_where_it_will_be() {
    let mut bench = Bench::new();
    bench.config = bench.config.replace("127.0.0.1:0", "127.0.0.1:8799");
    assert_eq!(bench.build_stick().1.endpoints, ["http://127.0.0.1:8799"]);
    bench.config += "advertise = ['http://192.168.7.1:8780']\n";
    assert_eq!(bench.build_stick().1.endpoints, ["http://192.168.7.1:8780"]);
}

#[test]
fn a_medium_built_anew_has_the_same_bytes() {
    let bench = Bench::started();
    let (first, card) = bench.build_stick();
    let again = bench.folder.path().join("again.img");
    let out = again.to_str().unwrap();
    bench.says(&["media", "build", "--out", out, "--media", &card.media.to_string()]);
    let (same, difference) = tool("cmp", &[first.to_str().unwrap(), out]);
    assert!(same, "{difference}");
    bench.says(&["media", "revoke", &card.media.to_string()]);
    let complaint = bench.complains(&["media", "build", "--out", out, "--media", &card.media.to_string()]);
    assert!(complaint.contains("reported lost"), "{complaint}");
}

/// A loop device of the test's own; gone with it.
struct Loop(String);

impl Loop {
    fn over(file: &Path) -> Option<Self> {
        let output = Command::new("losetup").args(["--find", "--show"]).arg(file).output().ok()?;
        output.status.success().then(|| Self(String::from_utf8(output.stdout).unwrap().trim().to_owned()))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        tool("losetup", &["-d", &self.0]);
    }
}

#[test]
fn a_stick_is_written_only_under_its_name_and_is_right_by_every_tool() {
    let bench = Bench::new();
    let (image, _) = bench.build_stick();
    let medium = bench.folder.path().join("medium");
    // A larger stick that was used before.
    let file = fs::File::create(&medium).unwrap();
    file.set_len(1 << 30).unwrap();
    for place in [0, 4_096, 1 << 20, (1 << 30) - 40_000] {
        std::os::unix::fs::FileExt::write_all_at(&file, &[0x41; 40_000], place).unwrap();
    }
    let Some(device) = Loop::over(&medium) else {
        eprintln!("SKIPPED: a loop device needs root");
        return;
    };
    let image = image.to_str().unwrap();
    let write = |name: &str, rehearse: &str| {
        let mut command = bench.command();
        command.env("WHITEGLOVE_REHEARSE_ON_LOOP", rehearse);
        let output = command.args(["media", "write", image, "--to", &device.0, "--name", name]).output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let name = device.0.trim_start_matches("/dev/");
    assert!(write(name, "0").1.contains("It is not on USB (loop device)"));
    assert!(write("some other stick", "1").1.contains("Its name is"));
    let mut start = [0; 40_000];
    std::os::unix::fs::FileExt::read_exact_at(&fs::File::open(&device.0).unwrap(), &mut start, 0).unwrap();
    assert!(start.iter().all(|byte| *byte == 0x41), "written without consent");
    let (written, words) = write(name, "1");
    assert!(written, "{words}");
    let (_, table) = tool("sgdisk", &["-v", &device.0]);
    assert!(table.contains("No problems found"), "{table}");
    assert!(bench.says(&["media", "verify", &device.0]).contains("everything it boots from matches its digest"));
    let (_, listing) = tool("mdir", &["-b", "-i", &format!("{}@@1M", device.0), "::boot"]);
    assert!(listing.contains("media.cpio"), "{listing}");
}

#[test]
fn a_lost_stick_reveals_nothing() {
    let bench = Bench::started();
    let (image, card) = bench.build_stick();
    let machine = capture("SERIAL-OF-A-LAPTOP", 1, Some(1));
    let (envelope, _) = sealed_capture(&card, &machine);
    let key = fs::read_to_string(bench.state().join("box.key")).unwrap();
    // Empty space holds nothing; without it there is little to search.
    let image = fs::read(&image).unwrap();
    let used = image.chunks(4_096).filter(|block| block.iter().any(|byte| *byte != 0));
    let stick = [used.flatten().copied().collect(), envelope.bytes().to_vec()].concat();
    for secret in [key.trim().as_bytes(), &hex::decode(key.trim()).unwrap(), b"SERIAL-OF-A-LAPTOP"] {
        assert!(!stick.windows(secret.len()).any(|window| window == secret));
    }
}

#[test]
fn a_returned_stick_gives_the_same_devices_as_the_network_does() {
    let online = Bench::started();
    let (_, card) = online.build_stick();
    let machines = [capture("PF3K9Q", 1, Some(1)), capture("PF3K9R", 2, Some(2)), capture("PF3K9S", 3, None)];
    for machine in &machines {
        hand_in(&online.url(), &card, machine);
    }
    let offline = Bench::started();
    let (_, its_card) = offline.build_stick();
    let files: Vec<_> = machines
        .iter()
        .map(|machine| {
            let (envelope, _) = sealed_capture(&its_card, machine);
            (format!("{}.{EXTENSION}", machine.id), envelope.bytes().to_vec())
        })
        .collect();
    let folder = folder_with(&offline, &files);
    assert!(offline.says(&["import", &folder]).contains(": 3 new."));
    assert!(offline.says(&["import", &folder]).contains(": 3 here already."));
    let forget_media = |mut devices: Vec<Value>| {
        devices.iter_mut().for_each(|device| device["media"] = Value::Null);
        devices
    };
    let (here, there) = (forget_media(essence(&offline.devices())), forget_media(essence(&online.devices())));
    // The order of import is the order of names on the stick.
    let sorted = |mut devices: Vec<Value>| {
        devices.iter_mut().for_each(|device| device["id"] = 0.into());
        devices.sort_by_key(|device| device["identity"]["serial"].to_string());
        devices
    };
    assert_eq!(sorted(here), sorted(there));
    assert!(offline.devices().iter().all(|device| device["signal"] == "stick"));
}

#[test]
fn an_import_says_for_every_file_what_became_of_it() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let other = Bench::started();
    let (_, foreign_card) = other.build_stick();
    let (good, _) = sealed_capture(&card, &capture("PF3K9Q", 1, Some(1)));
    let (foreign, _) = sealed_capture(&foreign_card, &capture("PF3K9R", 2, Some(2)));
    let folder = folder_with(
        &bench,
        &[
            ("good.wgc".into(), good.bytes().to_vec()),
            ("foreign.wgc".into(), foreign.bytes().to_vec()),
            ("cut.wgc".into(), good.bytes()[..100].to_vec()),
            ("empty.wgc".into(), vec![]),
            ("photo.wgc".into(), vec![0x89; 5_000]),
        ],
    );
    let complaint = bench.complains(&["import", &folder]);
    assert!(complaint.contains(": 1 new, 1 of other benches, 3 damaged."), "{complaint}");
    for part in
        ["foreign.wgc: REFUSED: It is sealed for another bench", "cut.wgc", "empty.wgc", "photo.wgc", "Keep the stick"]
    {
        assert!(complaint.contains(part), "{part}: {complaint}");
    }
    assert_eq!(bench.devices().len(), 1);
    // What is held is here already all the same.
    let (clone, _) = sealed_capture(&card, &capture("PF3K9Q", 9, Some(9)));
    let held = folder_with(&bench, &[("clone.wgc".into(), clone.bytes().to_vec())]);
    assert!(bench.complains(&["import", &held]).contains(": 1 here already, 1 held, 1 of other benches, 3 damaged."));
    assert!(bench.complains(&["import", &held]).contains(": 2 here already, 1 of other benches, 3 damaged."));
    assert!(bench.complains(&["import", "/nowhere"]).contains("/nowhere"));
}

#[test]
fn captures_come_off_the_data_volume_of_an_image() {
    let bench = Bench::started();
    let (image, card) = bench.build_stick();
    let machine = capture("PF3K9Q", 1, Some(1));
    let (envelope, _) = sealed_capture(&card, &machine);
    let file = bench.folder.path().join(format!("{}.{EXTENSION}", machine.id));
    fs::write(&file, envelope.bytes()).unwrap();
    // mtools stands for the laptop's kernel: the volume is written by somebody else.
    let volume = format!("{}@@{}", image.display(), partition(&image, 2).start);
    let (copied, report) = tool("mcopy", &["-i", &volume, file.to_str().unwrap(), "::/captures/"]);
    assert!(copied, "{report}");
    assert!(bench.says(&["import", image.to_str().unwrap()]).contains(": 1 new."));
    assert_eq!(bench.devices()[0]["identity"]["serial"], "PF3K9Q");
}

/// A stick that came back: a real block device, opened past the cache, with what a laptop, Windows and a stranger left on it.
#[test]
fn a_returned_stick_is_emptied_of_what_the_bench_has_and_of_nothing_else() {
    let mut bench = Bench::started();
    let (image, card) = bench.build_stick();
    let other = Bench::started();
    let (_, foreign_card) = other.build_stick();
    let volume = format!("{}@@{}", image.display(), partition(&image, 2).start);
    let (good, _) = sealed_capture(&card, &capture("PF3K9Q", 1, Some(1)));
    let (second, _) = sealed_capture(&card, &capture("PF3K9R", 2, Some(2)));
    let (foreign, _) = sealed_capture(&foreign_card, &capture("PF3K9S", 3, Some(3)));
    for (name, bytes) in [
        ("0123456789abcdef0123456789abcdef.wgc", good.bytes()),
        ("1123456789abcdef0123456789abcdef.wgc", second.bytes()),
        ("2123456789abcdef0123456789abcdef.wgc", foreign.bytes()),
        ("3123456789abcdef0123456789abcdef.wgc", &second.bytes()[..200]),
        ("photo.jpg", &[0x89; 5_000]),
    ] {
        let file = bench.folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let (copied, report) = tool("mcopy", &["-i", &volume, file.to_str().unwrap(), "::/captures/"]);
        assert!(copied, "{report}");
    }
    // What l left, as Windows would.
    let logs = bench.folder.path().join("logs");
    let run = logs.join("PF3K9Q-20261125-101112");
    fs::create_dir_all(run.join("intune")).unwrap();
    fs::write(run.join("summary.txt"), "whiteglove logs of PF3K9Q\r\nbegun 20261125-101112\r\n").unwrap();
    fs::write(run.join("intune/a log.log"), [0x6c; 70_000]).unwrap();
    let (copied, report) = tool("mcopy", &["-s", "-i", &volume, logs.to_str().unwrap(), "::/"]);
    assert!(copied, "{report}");
    let Some(device) = Loop::over(&image) else {
        eprintln!("SKIPPED: a loop device needs root");
        return;
    };
    let name = device.0.trim_start_matches("/dev/");
    let before = fs::read(&image).unwrap();
    // Without consent, or by a bench that may not: nothing is read or written.
    let complaint = bench.complains(&["import", &device.0, "--erase", "--name", "some other"]);
    assert!(complaint.contains("Its name is") || complaint.contains("It is not on USB"), "{complaint}");
    assert!(bench.complains(&["import", "/tmp", "--erase", "--name", "x"]).contains("is not a disk of this machine"));
    assert!(bench.devices().is_empty() && fs::read(&image).unwrap() == before);
    bench.stop();

    let run = || {
        let mut command = bench.command();
        command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1");
        let output = command.args(["import", &device.0, "--erase", "--name", name]).output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (_, words) = run();
    assert!(words.contains(": 2 new, 1 sets of logs, 1 of other benches, 1 damaged."), "{words}");
    assert!(words.contains("Erased from the stick: 4 files"), "{words}");
    let left = "Left on it: 2123456789abcdef0123456789abcdef.wgc, 3123456789abcdef0123456789abcdef.wgc.";
    assert!(words.contains(left), "{words}");
    let (_, listing) = tool("mdir", &["-b", "-i", &volume, "::/captures"]);
    assert_eq!(listing.lines().filter(|line| line.contains("wgc") || line.contains("photo")).count(), 3, "{listing}");
    let kept = bench.state().join("logs/PF3K9Q-20261125-101112");
    assert_eq!(fs::read(kept.join("intune/a_log.log")).unwrap(), [0x6c; 70_000]);
    assert!(kept.join("summary.txt").exists() && bench.says(&["journal", "verify"]).contains("is whole"));
    let (_, logs) = tool("mdir", &["-b", "-i", &volume, "::/logs"]);
    assert!(!logs.contains("PF3K9Q"), "{logs}");
    // Another program finds nothing to complain about, and nothing else of the stick was changed.
    let data = bench.folder.path().join("data");
    let bytes = fs::read(&image).unwrap();
    let start = usize::try_from(partition(&image, 2).start).unwrap();
    fs::write(&data, &bytes[start..]).unwrap();
    let (clean, report) = tool("fsck.vfat", &["-n", data.to_str().unwrap()]);
    assert!(clean, "{report}");
    assert!(bytes[..start] == before[..start]);
    // A file begins on a sector.
    let holds =
        |bytes: &[u8]| bytes[start..].chunks(512).any(|sector| sector.get(100..132) == Some(&good.bytes()[100..132]));
    assert!(holds(&before) && !holds(&bytes));
    // Once more: all is known, and nothing is left to do.
    let (_, words) = run();
    assert!(
        words.contains(": 1 of other benches, 1 damaged.") && words.contains("Erased from the stick: nothing."),
        "{words}"
    );
    assert!(fs::read(&image).unwrap() == bytes);
    assert_eq!(bench.devices().len(), 2);
}

#[test]
fn what_must_not_be_erased_is_not() {
    let bench = Bench::started();
    let (image, _) = bench.build_stick();
    let image = image.to_str().unwrap();
    let complaint = bench.complains(&["media", "write", image, "--to", "/dev/nothing", "--name", "x"]);
    assert!(complaint.contains("/dev/nothing is not a disk of this machine"), "{complaint}");
    let disks = bench.says(&["media", "disks"]);
    for disk in disks.lines().filter(|line| line.contains("NOT:")) {
        let device = disk.split_whitespace().find(|word| word.starts_with("/dev/")).unwrap();
        // Even with the right name typed.
        let name = disk.split("  ").next().unwrap();
        let complaint = bench.complains(&["media", "write", image, "--to", device, "--name", name]);
        assert!(complaint.contains("will not be erased"), "{complaint}");
    }
}

#[test]
fn an_image_damaged_after_it_was_built_is_refused() {
    let bench = Bench::started();
    let (image, _) = bench.build_stick();
    let mut file = fs::OpenOptions::new().write(true).open(&image).unwrap();
    file.seek(SeekFrom::Start((1 << 20) + 100_000)).unwrap();
    file.write_all(b"worm").unwrap();
    drop(file);
    let complaint = bench.complains(&["media", "verify", image.to_str().unwrap()]);
    assert!(complaint.contains("next:"), "{complaint}");
}

#[test]
fn a_damaged_boot_environment_builds_no_stick() {
    let bench = Bench::started();
    let kernel = bench.state().join("bootenv/vmlinuz");
    let mut bytes = fs::read(&kernel).unwrap();
    bytes[7] ^= 1;
    fs::write(&kernel, bytes).unwrap();
    let out = bench.folder.path().join("x.img");
    let complaint = bench.complains(&["media", "build", "--out", out.to_str().unwrap()]);
    assert!(complaint.contains("SHA-256") && complaint.contains("scripts/bootenv"), "{complaint}");
    assert!(!Path::new(&out).exists());
}

#[test]
fn content_of_a_persons_own_goes_along() {
    let bench = Bench::started();
    let folder = bench.folder.path().join("extra");
    fs::create_dir_all(folder.join("Drivers/Lenovo")).unwrap();
    fs::write(folder.join("Drivers/Lenovo/e1d.inf"), "driver").unwrap();
    let image = bench.folder.path().join("x.img");
    let (out, add) = (image.to_str().unwrap(), folder.to_str().unwrap());
    bench.says(&["media", "build", "--out", out, "--add", add]);
    let (_, text) = tool("mcopy", &["-n", "-i", &format!("{out}@@1M"), "::/Drivers/Lenovo/e1d.inf", "-"]);
    assert_eq!(text, "driver");
    fs::create_dir_all(folder.join("boot")).unwrap();
    fs::write(folder.join("boot/vmlinuz"), "mine").unwrap();
    let complaint = bench.complains(&["media", "build", "--out", out, "--add", add]);
    assert!(complaint.contains("part of what the medium boots by"), "{complaint}");
}

#[test]
fn what_is_added_is_read_for_a_build_alone_which_shows_it_and_can_be_cancelled() {
    let bench = Bench::started();
    let more = bench.folder.path().join("more");
    fs::create_dir_all(&more).unwrap();
    // 30 GB, which nobody reads in the time of this test; and then more than an image holds.
    for number in 0..7 {
        fs::File::create(more.join(format!("image-{number}.wim"))).unwrap().set_len(0xffff_ffff).unwrap();
    }
    let plan = bench.says(&["media", "plan", "--add", more.to_str().unwrap()]);
    assert!(plan.contains("image-6.wim"), "{plan}");
    let out = bench.folder.path().join("stick.img");
    let mut control = Control::connect(&bench.state()).unwrap();
    control.send(&json!({"build-media": {"out": out, "recipe": {"form": "gpt", "add": more, "again": null}}}));
    until("a file to be read", || {
        let progress = bench.snapshot()?["job"]["progress"].clone();
        (progress["task"] == "reading the files" && progress["done"].as_u64() > Some(0)).then_some(())
    });
    control.send(&json!("cancel-job"));
    let why = until("the end", || bench.snapshot()?["job"]["outcome"]["Err"]["why"].as_str().map(str::to_owned));
    assert_eq!(why, "Cancelled.");
    assert!(!out.exists());
    fs::File::create(more.join("one more.wim")).unwrap().set_len(0xffff_ffff).unwrap();
    let complaint = bench.complains(&["media", "build", "--out", "x.img", "--add", more.to_str().unwrap()]);
    assert!(complaint.contains("one image holds at most") && !complaint.contains("reading the files"), "{complaint}");
}

#[test]
fn the_board_asks_whether_an_image_is_what_was_made() {
    let bench = Bench::started();
    let (image, _) = bench.build_stick();
    let mut control = Control::connect(&bench.state()).unwrap();
    control.send(&json!({"check-media": {"what": image, "fully": false}}));
    let said = control.until("done");
    assert!(said.as_str().unwrap().contains("the manifest is signed by the bench"), "{said}");
    let other = bench.folder.path().join("other");
    fs::write(&other, "shimx64.efi of the texts\n".repeat(5_000)).unwrap();
    let at = format!("{}@@1M", image.display());
    assert!(tool("mcopy", &["-o", "-i", &at, other.to_str().unwrap(), "::EFI/BOOT/BOOTX64.EFI"]).0);
    control.send(&json!({"check-media": {"what": image, "fully": false}}));
    let problem = control.until("problem");
    assert!(problem["why"].as_str().unwrap().contains("EFI/BOOT/BOOTX64.EFI is not the file"), "{problem}");
}
