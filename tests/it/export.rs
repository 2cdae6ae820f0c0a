//! Files for those who register, through the real binary: alone, and through a bench that runs.

use std::{fs, path::PathBuf};

use sha2::{Digest, Sha256};
use whiteglove_core::{
    clock::Moment,
    hwhash::{self, HardwareHash},
    media_card::MediaCard,
    tpm,
};

use crate::support::{
    Bench,
    laptop::{capture, hand_in},
};

/// Hands in a laptop with everything that registration needs; the hash that its list has to carry.
pub(crate) fn arrives(bench: &Bench, card: &MediaCard, serial: &str, n: u8) -> HardwareHash {
    let mut capture = capture(serial, n, Some(n));
    capture.tpm.as_mut().unwrap().keys[0].public.0 = tpm::rsa_public(&[n; 256]);
    let made = hwhash::make(&capture, Moment::from_millis(1_795_348_800_000)).unwrap();
    let hash = made.hash.clone();
    capture.hash = Some(made);
    hand_in(&bench.url(), card, &capture);
    hash
}

struct Folder(PathBuf);

impl Folder {
    fn of(bench: &Bench, name: &str) -> Self {
        Self(bench.folder.path().join(name))
    }

    fn arg(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

#[test]
fn captured_laptops_get_out_once_and_the_bench_remembers() {
    let mut bench = Bench::started();
    let (_, card) = bench.build_stick();
    let (one, two) = (arrives(&bench, &card, "PF000001", 1), arrives(&bench, &card, "PF000002", 2));
    // It came without a hash.
    hand_in(&bench.url(), &card, &capture("PF000003", 3, Some(3)));
    let out = Folder::of(&bench, "out/for-intune");
    let answer = bench.says(&["export", "intune", "--out", out.arg(), "--group-tag", "STANDARD"]);
    assert!(answer.starts_with("Exported for Intune: 2 laptops of batch 'spring'"), "{answer}");
    assert!(answer.contains("LEFT OUT: 1 laptop\n  #3 PF000003: It has no hardware hash."), "{answer}");
    assert!(answer.contains("first owns the laptop"), "{answer}");
    assert_eq!(out.names(), ["intune-spring-001.csv"]);
    let list = out.text("intune-spring-001.csv");
    let line = |serial: &str, hash: &HardwareHash| format!("{serial},,{},STANDARD\r\n", hash.to_base64());
    let head = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\r\n";
    assert_eq!(list, format!("{head}{}{}", line("PF000001", &one), line("PF000002", &two)));
    let report = answer.split("Laptop by laptop: ").nth(1).unwrap().lines().next().unwrap();
    let report = fs::read_to_string(report).unwrap();
    assert!(report.contains(&hex::encode(Sha256::digest(list))) && report.contains("#3 PF000003"), "{report}");

    // The same again, without the bench that ran; then one more laptop.
    bench.stop();
    let again = bench.complains(&["export", "intune", "--out", out.arg()]);
    assert!(again.contains("2 went out before") && again.contains("#3 PF000003"), "{again}");
    bench.start();
    arrives(&bench, &card, "PF000004", 4);
    bench.says(&["export", "intune", "--out", out.arg()]);
    assert_eq!(out.names(), ["intune-spring-001.csv", "intune-spring-002.csv"]);
    assert!(out.text("intune-spring-002.csv").lines().nth(1).unwrap().starts_with("PF000004,,"));
    let history = bench.devices()[0]["history"].to_string();
    assert!(history.contains("exported for Intune, in intune-spring-001.csv"), "{history}");
    assert!(bench.says(&["journal", "verify"]).contains("is whole"));
    let all = bench.says(&["export", "intune", "--out", out.arg(), "--all"]);
    assert!(all.contains("intune-spring-003.csv  3 laptops"), "{all}");
    // What we write, we read; it is our own hash, and that is what the bench says to it.
    let back = bench.complains(&["import", out.0.join("intune-spring-003.csv").to_str().unwrap()]);
    assert_eq!(back.matches("our own agent made").count(), 3, "{back}");
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_behind() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    arrives(&bench, &card, "PF000001", 1);
    let out = Folder::of(&bench, "out");
    fs::create_dir(&out.0).unwrap();
    fs::write(out.0.join("intune-spring-001.csv"), "somebody's").unwrap();
    let complaint = bench.complains(&["export", "intune", "--out", out.arg()]);
    assert!(complaint.contains("There is another file"), "{complaint}");
    assert_eq!((out.names().len(), out.text("intune-spring-001.csv").as_str()), (1, "somebody's"));
    // A file where a folder is wanted.
    let complaint = bench.complains(&["export", "intune", "--out", &format!("{}/intune-spring-001.csv", out.arg())]);
    assert!(complaint.contains("cannot be written"), "{complaint}");
    // It did not go out, so it still can.
    fs::remove_file(out.0.join("intune-spring-001.csv")).unwrap();
    bench.says(&["export", "intune", "--out", out.arg()]);
    assert_eq!(out.names(), ["intune-spring-001.csv"]);
}

#[test]
fn corporate_identifiers_are_asked_about() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    arrives(&bench, &card, "PF.000001", 1);
    let out = Folder::of(&bench, "out");
    let complaint = bench.complains(&["export", "corporate", "--out", out.arg()]);
    assert!(complaint.contains("counts as personal") && complaint.contains("--tenant-wide"), "{complaint}");
    assert!(out.names().is_empty());
    bench.says(&["export", "corporate", "--out", out.arg(), "--tenant-wide"]);
    assert_eq!(out.text("corporate-spring-001.csv"), "LENOVO,21CB,PF000001\r\n");
    let partner = bench.says(&["export", "partner", "--out", out.arg(), "--group-tag", "SALES"]);
    assert!(partner.contains("name the batch SALES"), "{partner}");
    assert!(out.text("partner-spring-001.csv").ends_with(",,\r\n"));
    assert!(bench.complains(&["export", "intune", "--out", out.arg(), "--batch", "none"]).contains("spring"));
}

#[test]
fn simulated_laptops_never_get_out() {
    let mut bench = Bench::new();
    bench.start();
    let (_, card) = bench.build_stick();
    let mut simulated = capture("SIM00001", 1, Some(1));
    simulated.simulated = true;
    hand_in(&bench.url(), &card, &simulated);
    let out = Folder::of(&bench, "out");
    for lane in ["intune", "partner"] {
        let complaint = bench.complains(&["export", lane, "--out", out.arg()]);
        assert!(complaint.contains("It is simulated."), "{complaint}");
    }
    assert!(out.names().is_empty());
}
