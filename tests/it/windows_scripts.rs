//! The scripts for Windows: on the stick as another program reads it, what they write on the bench again, and
//! their starters in a cmd.exe that we did not write.

use std::{fs, os::unix::fs::symlink, process::Command};

use serde_json::json;
use whiteglove_core::{
    hwhash::{HardwareHash, Record},
    media_card::MediaId,
    script,
};

use crate::support::{Bench, partition, tool};

#[test]
fn a_stick_carries_the_letters_on_both_volumes_and_the_scripts_on_one() {
    let bench = Bench::started();
    let (image, card) = bench.build_stick();
    let read = |volume: &str, path: &str| {
        let output = Command::new("mcopy").args(["-n", "-i", volume, &format!("::/{path}"), "-"]).output().unwrap();
        output.status.success().then_some(output.stdout)
    };
    let boot = format!("{}@@1M", image.display());
    let data = format!("{}@@{}", image.display(), partition(&image, 2).start);
    for (path, bytes) in script::data_files(card.media) {
        assert_eq!(read(&data, &path).as_ref(), Some(&bytes), "{path}");
        assert_eq!(read(&boot, &path).is_some(), !path.contains('/'), "{path}");
    }
    assert!(String::from_utf8(read(&data, "README.TXT").unwrap()).unwrap().contains("D:\\a"));
}

/// What Windows would give for a laptop with this serial number.
fn hash(serial: &str) -> String {
    let text = |kind: u16, text: &str| Record::Text { kind, text: text.to_owned(), nul: true };
    let records = [text(14, serial), text(16, "LENOVO"), text(17, "21CB"), text(24, "3305000000007")];
    HardwareHash::encode(&records).unwrap().to_base64()
}

/// The two files of one run of `a`, as the script lays them out.
fn run_of_a(serial: &str) -> [(String, Vec<u8>); 2] {
    let hash = hash(serial);
    let csv = format!("Device Serial Number,Windows Product ID,Hardware Hash\r\n{serial},3305000000007,{hash}\r\n");
    let evidence = json!({
        "format": "whiteglove-windows-capture", "version": 1, "stick": "", "taken_utc": "2026-11-25T10:11:12Z",
        "serial": serial, "product_key_id": "3305000000007", "hardware_hash": hash, "manufacturer": "LENOVO",
        "model": "21CB", "secure_boot": false, "tenant_domain": "", "windows_edition": "Professional",
        "tpm": {"present": true, "enabled": true, "ready": true, "information": 0, "spec": "2.0, 0, 1.38",
            "manufacturer": "IFX", "manufacturer_version": "7.85"},
    });
    let stem = format!("{serial}-20261125-101112");
    let json = serde_json::to_string_pretty(&evidence).unwrap().replace('\n', "\r\n");
    [(format!("{stem}.csv"), csv.into_bytes()), (format!("{stem}{}", script::EVIDENCE), json.into_bytes())]
}

#[test]
fn what_a_wrote_comes_back_from_a_folder_and_from_an_image() {
    let bench = Bench::started();
    let (image, _) = bench.build_stick();
    let mounted = bench.folder.path().join("mounted");
    fs::create_dir_all(mounted.join("captures")).unwrap();
    let data = format!("{}@@{}", image.display(), partition(&image, 2).start);
    for (name, bytes) in run_of_a("PF000001") {
        fs::write(mounted.join("captures").join(&name), &bytes).unwrap();
    }
    for (name, bytes) in run_of_a("PF000002") {
        let file = bench.folder.path().join(&name);
        fs::write(&file, bytes).unwrap();
        let (copied, report) = tool("mcopy", &["-i", &data, file.to_str().unwrap(), "::/captures/"]);
        assert!(copied, "{report}");
    }
    // A stick that was pulled while a wrote.
    fs::write(mounted.join("captures/PF000003-20261125-101113.csv.part"), "Device Serial").unwrap();
    let said = bench.says(&["import", mounted.to_str().unwrap()]);
    assert!(said.contains(": 1 new, 1 here already."), "{said}");
    let report = fs::read_to_string(said.split("Line by line: ").nth(1).unwrap().trim()).unwrap();
    assert!(report.contains("Secure Boot is off"), "{report}");
    let said = bench.says(&["import", image.to_str().unwrap()]);
    assert!(said.contains(": 1 new, 1 here already."), "{said}");
    // The folder itself, as a person drags it over.
    let said = bench.says(&["import", mounted.join("captures").to_str().unwrap()]);
    assert!(said.contains(": 2 here already."), "{said}");
    let devices = bench.devices();
    let serials: Vec<_> = devices.iter().map(|device| device["identity"]["serial"].as_str().unwrap()).collect();
    assert_eq!(serials, ["PF000001", "PF000002"]);
    assert!(devices.iter().all(|device| device["product_key_id"] == "3305000000007"), "{devices:?}");
}

#[test]
#[ignore = "needs Wine (apt-get install --no-install-recommends wine64 wine): cargo nextest run --test it --run-ignored only wine"]
fn starters_run_in_wines_cmd() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let (mine, other) = (MediaId([0x5a; 16]), MediaId([0x77; 16]));
    fs::create_dir_all(at("data/whiteglove")).unwrap();
    fs::create_dir_all(at("other/whiteglove")).unwrap();
    fs::create_dir_all(at("boot")).unwrap();
    for (root, files) in
        [("data", script::data_files(mine)), ("boot", script::starters(mine)), ("other", script::data_files(other))]
    {
        for (path, bytes) in files {
            fs::write(at(root).join(path), bytes).unwrap();
        }
    }
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .env("WINEPREFIX", at("prefix"))
            .env("WINEDEBUG", "-all,fixme+powershell")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    run("wine", &["wineboot", "-i"]);
    for (letter, root) in [("d:", "boot"), ("e:", "other"), ("f:", "data"), ("g:", "other")] {
        let place = at("prefix/dosdevices").join(letter);
        drop(fs::remove_file(&place));
        symlink(at(root), place).unwrap();
    }
    // Wine's PowerShell does nothing, and says what it was asked to do.
    let asked = |said: &str, script: &str| {
        said.contains(&format!("L\"F:\\\\whiteglove\\\\{script}.ps1\"")) && said.contains("L\"Bypass\"")
    };
    for (typed, script) in [("F:\\a", "capture"), ("D:\\a", "capture"), ("D:\\w", "watch"), ("D:\\l", "logs")] {
        let (code, said) = run("wine", &["cmd", "/c", typed]);
        assert!(code == Some(0) && asked(&said, script), "{typed}: {said}");
    }
    fs::rename(at("data/whiteglove"), at("data/gone")).unwrap();
    let (code, said) = run("wine", &["cmd", "/c", "D:\\a"]);
    assert!(code == Some(1) && said.contains("The scripts of this stick were not found."), "{said}");
    fs::rename(at("data/gone"), at("data/whiteglove")).unwrap();
    fs::remove_file(at("prefix/drive_c/windows/system32/WindowsPowerShell/v1.0/powershell.exe")).unwrap();
    let (code, said) = run("wine", &["cmd", "/c", "F:\\a"]);
    assert!(code == Some(1) && said.contains("it is probably Windows PE"), "{said}");
}
