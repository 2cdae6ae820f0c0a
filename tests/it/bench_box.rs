//! The bench box as far as it can be seen without starting it: what is on its stick, and the units of its system.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

use crate::support::{Bench, Control, partition, tool};

/// What scripts/box makes, in miniature: right names and digests; nothing here boots.
fn make_parts(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let names = [
        "shimx64.efi",
        "mmx64.efi",
        "grubx64.efi",
        "vmlinuz",
        "initrd.img",
        "debian.squashfs",
        "bench.squashfs",
        "packages",
    ];
    let files = names.map(|name| {
        let bytes = format!("{name} of the tests\n").repeat(5_000).into_bytes();
        fs::write(folder.join(name), &bytes).unwrap();
        serde_json::json!({"name": name, "size": bytes.len(), "sha256": hex::encode(Sha256::digest(&bytes))})
    });
    fs::write(
        folder.join("box.json"),
        serde_json::json!({"format": 1, "debian_of": 1_760_000_000, "files": files}).to_string(),
    )
    .unwrap();
}

fn bench_with_parts() -> Bench {
    let bench = Bench::without_boot_environment();
    make_parts(&bench.state().join("box"));
    bench
}

fn build(bench: &Bench, name: &str, more: &[&str]) -> PathBuf {
    let image = bench.folder.path().join(name);
    let arguments = [&["media", "build", "--kind", "box", "--out", image.to_str().unwrap()], more].concat();
    bench.says(&arguments);
    image
}

#[test]
fn a_box_stick_is_right_by_every_tool_and_has_room_to_keep_something() {
    let bench = bench_with_parts();
    let image = build(&bench, "box.img", &[]);
    let path = image.to_str().unwrap();
    let (clean, report) = tool("sgdisk", &["-v", "-p", path]);
    assert!(clean && report.contains("No problems found"), "{report}");
    let kinds: Vec<_> = report
        .lines()
        .filter_map(|line| line.split_whitespace().rev().take(2).collect::<Vec<_>>().try_into().ok())
        .collect();
    for named in [["WGBOOT", "0700"], ["WGDATA", "0700"], ["WGSTATE", "8300"]] {
        assert!(kinds.contains(&named), "{report}");
    }
    assert!(bench.says(&["media", "verify", path]).contains("everything it boots from matches its digest"));
    let checked = bench.says(&["media", "check", "--full", path]);
    assert!(checked.contains("is what the bench made") && checked.contains("bench box"), "{checked}");

    assert!(bench.says(&["media", "check", "--full", path]).contains("bench box"));

    let (_, listing) = tool("mdir", &["-b", "-/", "-i", &format!("{path}@@1M"), "::"]);
    for file in [
        "EFI/BOOT/BOOTX64.EFI",
        "EFI/BOOT/grubx64.efi",
        "EFI/debian/grub.cfg",
        "box/vmlinuz",
        "box/initrd.img",
        "box/debian.squashfs",
        "box/bench.squashfs",
        "box/box.json",
    ] {
        assert!(listing.to_lowercase().contains(&file.to_lowercase()), "{listing}");
    }
    let data = format!("{path}@@{}", partition(&image, 2).start);
    let (read, settings) = tool("mtype", &["-i", &data, "::/box.toml"]);
    assert!(read && settings.contains("\r\n#hostname = \"bench-oslo\"\r\n"), "{settings}");

    // The kernel is told the serial number that the volume really has.
    let (_, configuration) = tool("mtype", &["-i", &format!("{path}@@1M"), "::/EFI/debian/grub.cfg"]);
    let boot = bench.folder.path().join("boot.img");
    let (copied, report) = tool(
        "dd",
        &[&format!("if={path}"), &format!("of={}", boot.display()), "bs=1M", "skip=1", "count=4", "status=none"],
    );
    assert!(copied, "{report}");
    let (_, serial) = tool("blkid", &["-p", "-s", "UUID", "-o", "value", boot.to_str().unwrap()]);
    assert!(configuration.contains(&format!(" whiteglove.boot={} ", serial.trim())), "{serial}: {configuration}");

    // As the box asks it at its first start: nothing there yet.
    let kept = partition(&image, 3);
    assert_eq!(kept.end - kept.start, 16 << 20);
    let (zeros, report) = tool("cmp", &["-i", &format!("{}:0", kept.start), "-n", "1048576", path, "/dev/zero"]);
    assert!(zeros, "{report}");
}

#[test]
fn the_same_parts_and_number_give_the_same_stick() {
    let bench = bench_with_parts();
    let number = "00112233445566778899aabbccddeeff";
    let (first, again) = (build(&bench, "a.img", &["--media", number]), build(&bench, "b.img", &["--media", number]));
    let (same, difference) = tool("cmp", &[first.to_str().unwrap(), again.to_str().unwrap()]);
    assert!(same, "{difference}");
}

#[test]
fn without_parts_the_script_that_makes_them_is_named() {
    let bench = Bench::without_boot_environment();
    let image = bench.folder.path().join("box.img");
    let problem = bench.complains(&["media", "build", "--kind", "box", "--out", image.to_str().unwrap()]);
    assert!(problem.contains("run scripts/box") || problem.contains("Run scripts/box"), "{problem}");
    assert!(!image.exists());
    make_parts(&bench.state().join("box"));
    fs::write(bench.state().join("box/bench.squashfs"), "changed").unwrap();
    let problem = bench.complains(&["media", "build", "--kind", "box", "--out", image.to_str().unwrap()]);
    assert!(problem.contains("bench.squashfs") && !image.exists(), "{problem}");
}

#[test]
fn a_board_plans_and_builds_a_box_too_and_says_what_is_missing() {
    let mut bench = Bench::without_boot_environment();
    bench.start();
    bench.url();
    let mut board = Control::connect(&bench.state()).unwrap();
    let recipe = |form: &str| serde_json::json!({"kind": "bench-box", "form": form, "add": null, "again": null});
    let plan = |board: &mut Control, form: &str| {
        board.send(&serde_json::json!({"plan-media": {"recipe": recipe(form)}}));
        board.until("planned")
    };
    let missing = plan(&mut board, "gpt");
    assert!(missing["Err"]["next"].as_str().unwrap().contains("scripts/box"), "{missing}");
    make_parts(&bench.state().join("box"));
    let planned = plan(&mut board, "gpt");
    assert_eq!(planned["Ok"]["volumes"][0]["label"], "WGBOOT", "{planned}");
    assert!(plan(&mut board, "iso")["Err"]["what"].as_str().unwrap().contains("not made as iso"));
    let build = serde_json::json!({"build-media": {"out": "box.img", "recipe": recipe("gpt")}});
    board.send(&build);
    let done = board.until("done");
    assert!(done.as_str().unwrap().contains("4 GB or more: w on the board"), "{done}");
    assert!(bench.state().join("media/box.img").exists());
    // What starts from it is a bench of its own: this one knows no such medium.
    assert!(bench.says(&["media", "list"]).contains("has made no media yet"));
    bench.stop();
}

fn box_d() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/box.d")
}

/// The box's own part of its root, with something under the names that the units start.
fn root_of_the_box(folder: &Path) {
    let (copied, report) = tool("cp", &["-a", &format!("{}/root/.", box_d().display()), folder.to_str().unwrap()]);
    assert!(copied, "{report}");
    fs::create_dir_all(folder.join("usr/bin")).unwrap();
    for program in ["whiteglove", "grep", "setupcon"] {
        let path = folder.join("usr/bin").join(program);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let units = folder.join("usr/lib/systemd/system");
    for entry in fs::read_dir("/lib/systemd/system").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "target") && !units.join(name).exists() {
            fs::copy(&path, units.join(name)).unwrap();
        }
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units_of_the_box() {
    let root = tempfile::tempdir().unwrap();
    root_of_the_box(root.path());
    let at = format!("--root={}", root.path().display());
    let ours =
        ["data", "settings", "keyboard", "board@tty1", "board@ttyS0"].map(|name| format!("whiteglove-{name}.service"));
    let mut arguments = vec!["verify", "--man=no", &at, "whiteglove.service"];
    arguments.extend(ours.iter().map(String::as_str));
    let (_, words) = tool("systemd-analyze", &arguments);
    assert_eq!(words, "");
    // Its exit code says nothing, so it must be seen to speak.
    let service = root.path().join("usr/lib/systemd/system/whiteglove.service");
    let text = fs::read_to_string(&service).unwrap();
    fs::write(&service, text.replace("ProtectClock=", "ProtectClok=")).unwrap();
    assert!(tool("systemd-analyze", &arguments).1.contains("ProtectClok"));
}

#[test]
fn every_unit_that_is_wanted_is_there_and_so_is_every_program() {
    let units = box_d().join("root/usr/lib/systemd/system");
    let wanted =
        ["local-fs.target.wants", "multi-user.target.wants"].map(|folder| fs::read_dir(units.join(folder)).unwrap());
    let mut count = 0;
    for entry in wanted.into_iter().flatten() {
        let target = fs::read_link(entry.unwrap().path()).unwrap();
        assert!(units.join("multi-user.target.wants").join(&target).exists(), "{}", target.display());
        count += 1;
    }
    assert_eq!(count, 6);
    for program in ["lib/whiteglove/data", "lib/whiteglove/settings", "lib/whiteglove/board", "local/sbin/whiteglove"] {
        let path = box_d().join("root/usr").join(program);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111, "{program}");
        let said = Command::new("sh").arg("-n").arg(&path).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }
}

/// Whatever the bench is talked into, it can do little more than a person at its board. systemd's own count of what a
/// service may do goes from 0 to 10; one that runs as root with no line about it has 9.6.
#[test]
fn the_service_may_do_little_more_than_it_needs() {
    let root = tempfile::tempdir().unwrap();
    root_of_the_box(root.path());
    let at = format!("--root={}", root.path().display());
    let judge = || tool("systemd-analyze", &["security", "--offline=1", "--threshold=25", &at, "whiteglove.service"]);
    let (good, words) = judge();
    assert!(good, "{words}");
    let service = root.path().join("usr/lib/systemd/system/whiteglove.service");
    let text = fs::read_to_string(&service).unwrap();
    fs::write(&service, text.replace("User=whiteglove\n", "").replace("NoNewPrivileges=yes\n", "")).unwrap();
    assert!(!judge().0, "a service that runs as root passes");
}
