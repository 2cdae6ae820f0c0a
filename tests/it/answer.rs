//! Answer files: made, looked through, and kept off sticks where they do harm.

use std::{fs, process::Command};

use serde_json::Value;

use crate::support::{Bench, tool};

const UNATTEND: &str = "image = 'Windows 11 Pro'\ntime_zone = 'W. Europe Standard Time'\ncomputer_name = 'BER-1'\n\
                        accept_licence = true\n[setup]\nlanguage = 'de-DE'\nkeyboard = '0407:00000407'\n[disk]\nerase = 'everything-on-disk-0'\n";
const PROFILE: &str = "tenant_id = '6f9619ff-8b86-d011-b42d-00cf4fc964ff'\ntenant_domain = 'contoso.example'\nname = 'B\u{fc}ro'\n\
                       device_name = 'BER-%SERIAL%'\n";

/// Writes the settings, makes the file, gives its path.
fn made(bench: &Bench, kind: &str, settings: &str, name: &str) -> String {
    let (from, out) = (bench.folder.path().join("settings.toml"), bench.folder.path().join(name));
    fs::write(&from, settings).unwrap();
    let out = out.to_str().unwrap().to_owned();
    bench.says(&["answer", "make", kind, "--from", from.to_str().unwrap(), "--out", &out]);
    out
}

#[test]
fn what_is_made_is_read_by_parsers_we_did_not_write() {
    let bench = Bench::without_boot_environment();
    let mut files = vec![];
    let amp = "image = '<Windows> & \"Pro\" \u{e4}\u{4e2d}'\n";
    for (number, settings) in
        [UNATTEND, "", amp, "architecture = 'arm64'\n[windows]\nlanguage = 'en-US'\n"].iter().enumerate()
    {
        files.push(made(&bench, "autounattend", settings, &format!("{number}.xml")));
    }
    let json = made(&bench, "autopilot", PROFILE, "p.json");
    let python = "import sys, json, xml.etree.ElementTree as tree\n\
                  for name in sys.argv[2:]: assert tree.parse(name).getroot().tag == '{urn:schemas-microsoft-com:unattend}unattend', name\n\
                  values = [e.text for e in tree.parse(sys.argv[4]).iter() if e.tag.endswith('}Value')]\n\
                  assert values == ['<Windows> & \"Pro\" \\u00e4\\u4e2d'], values\n\
                  profile = json.loads(open(sys.argv[1], encoding='ascii').read())\n\
                  assert json.loads(profile['CloudAssignedAadServerData'])['ZeroTouchConfig']['ForcedEnrollment'] == 1\n\
                  assert profile['Comment_File'] == 'Profile B\\u00fcro', profile\n";
    let output = Command::new("python3").arg("-c").arg(python).arg(&json).args(&files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn making_says_what_a_file_cannot_do_and_refuses_what_windows_would() {
    let bench = Bench::without_boot_environment();
    let (from, out) = (bench.folder.path().join("s.toml"), bench.folder.path().join("a.json"));
    let arguments = |kind| ["answer", "make", kind, "--from", from.to_str().unwrap(), "--out", out.to_str().unwrap()];
    fs::write(&from, PROFILE).unwrap();
    assert!(bench.says(&arguments("autopilot")).contains("cannot do pre-provisioning"));
    fs::write(&from, "computer_name = 'BER-%SERIAL%'").unwrap();
    let complaint = bench.complains(&arguments("autounattend"));
    assert!(complaint.contains("next: Windows setup knows no macros"), "{complaint}");
    fs::write(&from, "[disk]\nerase = 'yes'").unwrap();
    assert!(bench.complains(&arguments("autounattend")).contains("everything-on-disk-0"));
    fs::write(&from, "pasword = 'x'").unwrap();
    assert!(bench.complains(&arguments("autounattend")).contains("unknown field `pasword`"));
    let left: Vec<_> = fs::read_dir(bench.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_str().unwrap().starts_with('.')), "{left:?}");
}

#[test]
fn lint_names_every_hazard_and_fails_on_errors_only() {
    let bench = Bench::without_boot_environment();
    let good = made(&bench, "autounattend", UNATTEND, "autounattend.xml");
    assert!(bench.says(&["answer", "lint", &good]).contains("0 errors, 0 warnings, 0 notes."));
    let folder = bench.folder.path().join("stick");
    fs::create_dir_all(folder.join("sources")).unwrap();
    let guarded = fs::read_to_string(&good).unwrap();
    let (start, end) = (guarded.find("<Disk wcm").unwrap(), guarded.find("</Disk>").unwrap() + 7);
    fs::write(folder.join("Autounattend.xml"), format!("{}{}", &guarded[..start], &guarded[end..])).unwrap();
    fs::write(folder.join("Join.ppkg"), "x").unwrap();
    // A WIM of 24H2 that describes itself behind its header.
    let xml = "\u{feff}<WIM><IMAGE><WINDOWS><VERSION><BUILD>26100</BUILD></VERSION></WINDOWS></IMAGE></WIM>";
    let xml: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = (xml.len() as u64).to_le_bytes();
    let header = [&b"MSWIM\0\0\0"[..], &[0; 64], &length, &208_u64.to_le_bytes(), &length, &[0; 112]].concat();
    fs::write(folder.join("sources/boot.wim"), [header, xml].concat()).unwrap();
    let folder = folder.to_str().unwrap();
    let output = bench.run(&["answer", "lint", folder, &good]);
    assert!(!output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for check in ["ppkg-in-root", "wipe-without-guard", "boot-stl-missing"] {
        assert!(text.contains(&format!("ERROR {check}: {folder}")), "{text}");
    }
    assert!(text.contains("3 errors"), "{text}");
    let json: Value = serde_json::from_slice(&bench.run(&["answer", "lint", "--json", folder]).stdout).unwrap();
    assert_eq!(json[0]["findings"][0]["severity"], "error");
    assert_eq!(json[0]["findings"][0]["check"], "wipe-without-guard");
}

#[test]
fn names_are_shown_before_laptops_have_them() {
    let bench = Bench::without_boot_environment();
    let shown = bench.says(&["answer", "names", "BER-%SERIAL%", "PF3K9Q", "PF3K9R"]);
    assert!(shown.contains("PF3K9R  BER-PF3K9R"), "{shown}");
    let complaint = bench.complains(&["answer", "names", "BER-%SERIAL%", "5CG1234567890", "5CG1234567899"]);
    assert!(complaint.contains("2 of 2 names are doubtful"), "{complaint}");
    assert!(bench.complains(&["answer", "names", "K1", "A1", "A2"]).contains("Every laptop gets the same name"));
    assert!(bench.complains(&["answer", "names", "%serial%", "A1"]).contains("in capitals"));
}

#[test]
fn no_stick_is_built_with_an_error_in_what_is_added() {
    let bench = Bench::started();
    let add = bench.folder.path().join("extra");
    fs::create_dir(&add).unwrap();
    fs::write(add.join("Join.ppkg"), "x").unwrap();
    fs::write(add.join("go.ps1"), "$AppSecret = 'abc~12345678'\r\n").unwrap();
    let image = bench.folder.path().join("x.img");
    let arguments = ["media", "build", "--out", image.to_str().unwrap(), "--add", add.to_str().unwrap()];
    let complaint = bench.complains(&arguments);
    assert!(complaint.contains("Join.ppkg cannot go on a stick: ppkg-in-root"), "{complaint}");
    assert!(
        complaint.contains("One more is in the way.") && complaint.contains("next: Move it into a folder"),
        "{complaint}"
    );
    assert!(!image.exists());
    fs::create_dir(add.join("ppkg")).unwrap();
    fs::rename(add.join("Join.ppkg"), add.join("ppkg/Join.ppkg")).unwrap();
    assert!(bench.complains(&arguments).contains("go.ps1 cannot go on a stick: secret-in-clear"));
    fs::remove_file(add.join("go.ps1")).unwrap();
    bench.says(&arguments);
    let (_, listing) = tool("mdir", &["-b", "-/", "-i", &format!("{}@@1M", image.display()), "::"]);
    assert!(listing.to_lowercase().contains("ppkg/join.ppkg"), "{listing}");
}

#[test]
fn what_may_go_wrong_with_what_is_added_stands_below_the_plan_and_forbids_nothing() {
    let bench = Bench::new();
    let add = bench.folder.path().join("extra");
    fs::create_dir(&add).unwrap();
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/answer/AutopilotConfigurationFile.json");
    fs::copy(profile, add.join("AutopilotConfigurationFile.json")).unwrap();
    let plan = bench.says(&["media", "plan", "--add", add.to_str().unwrap()]);
    let (table, warning) = plan.split_once("Look at this before it is built:").expect(&plan);
    assert!(table.contains("AutopilotConfigurationFile.json  <- "), "{table}");
    assert!(warning.contains("AutopilotConfigurationFile.json may go wrong: no-pre-provisioning"), "{warning}");
    assert!(warning.contains("next: "), "{warning}");
    let image = bench.folder.path().join("x.iso");
    let arguments =
        ["media", "build", "--form", "iso", "--out", image.to_str().unwrap(), "--add", add.to_str().unwrap()];
    let said = bench.says(&arguments);
    assert!(said.contains("remote console") && said.contains("One thing in what was added may go wrong"), "{said}");
    assert!(!bench.says(&["media", "plan"]).contains("before it is built"));
}
