//! Lists that leave the bench sealed, through the real binary: made at a bench, opened at a customer who has none.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{
    export::arrives,
    support::{
        Bench,
        cloud::{site::Site, world::Pace},
    },
};

/// A machine on which no bench ever worked.
struct Customer(TempDir);

impl Customer {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Whether it went well, and what it said.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_whiteglove"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("RUST_LOG")
            .output()
            .unwrap();
        let said = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    fn says(&self, arguments: &[&str]) -> String {
        let (good, said) = self.run(arguments);
        assert!(good, "{arguments:?}: {said}");
        said
    }

    fn complains(&self, arguments: &[&str]) -> String {
        let (good, said) = self.run(arguments);
        assert!(!good, "{arguments:?}: {said}");
        said
    }

    fn opens<'a>(file: &'a Path, bench: &'a str) -> [&'a str; 9] {
        ["handover", "open", file.to_str().unwrap(), "--key", "our.key", "--bench", bench, "--out", "lists"]
    }
}

fn bench_of(laptops: u8) -> Bench {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    for n in 1..=laptops {
        arrives(&bench, &card, &format!("PF00000{n}"), n);
    }
    bench
}

#[test]
fn at_the_customer_what_was_opened_is_registered_from_there() {
    let (bench, customer) = (bench_of(2), Customer::new());
    let public = customer.says(&["handover", "key", "--out", "our.key"]);
    let sealed = bench.folder.path().join("spring.wgh");
    let make = ["handover", "make", "--to", public.trim(), "--out", sealed.to_str().unwrap(), "--group-tag", "SALES"];
    bench.says(&make);
    customer.says(&Customer::opens(&sealed, bench.says(&["media", "key"]).trim()));

    // Their own bench, signed in at their own tenant.
    let site = Site::new(Pace::QUICK, &[("Contoso", "SALES")]);
    site.give_secret("Contoso");
    site.bench.says(&["batch", "open", "Contoso"]);
    site.bench.says(&["import", customer.at("lists/intune-spring-001.csv").to_str().unwrap()]);
    site.register();
    site.cleared(2, Duration::from_secs(60));
    site.exactly_once("Contoso", &["PF000001".to_owned(), "PF000002".to_owned()]);
}

#[test]
fn a_batch_is_handed_over_and_opened_where_there_is_no_bench() {
    let (mut bench, customer) = (bench_of(2), Customer::new());
    let public = customer.says(&["handover", "key", "--out", "our.key"]);
    assert_eq!(fs::metadata(customer.at("our.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(customer.at("our.key.pub")).unwrap(), public);
    assert!(customer.complains(&["handover", "key", "--out", "our.key"]).contains("is there already"));

    let sealed = bench.folder.path().join("spring.wgh");
    let make = ["handover", "make", "--to", public.trim(), "--out", sealed.to_str().unwrap(), "--group-tag", "SALES"];
    let said = bench.says(&make);
    assert!(said.starts_with("Handed over for Intune: 2 laptops of batch 'spring'"), "{said}");
    let key = bench.says(&["media", "key"]);
    assert!(said.contains(key.trim()), "{said}");
    let bytes = fs::read(&sealed).unwrap();
    assert!(!bytes.windows(8).any(|part| part == b"PF000001"), "it is sealed");

    let opened = customer.says(&Customer::opens(&sealed, key.trim()));
    assert!(
        opened.starts_with("Opened: 2 laptops of batch 'spring' for Intune") && opened.contains("genuine"),
        "{opened}"
    );
    let list = fs::read(customer.at("lists/intune-spring-001.csv")).unwrap();
    assert!(list.starts_with(b"Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\r\nPF000001,,"));
    let summary = fs::read_to_string(customer.at("lists/summary.txt")).unwrap();
    assert!(summary.contains(&hex::encode(Sha256::digest(&list))) && summary.contains("\n  PF000002"), "{summary}");
    // Twice is the same.
    customer.says(&Customer::opens(&sealed, key.trim()));
    assert!(!customer.at(".local").exists(), "it makes no state folder");

    // The bench remembers: by which list, in which file, for whom.
    let history = bench.devices()[0]["history"].to_string();
    let brief = public.trim().rsplit('-').next().unwrap();
    assert!(history.contains("handed over for Intune, in intune-spring-001.csv"), "{history}");
    assert!(history.contains(&format!("of spring.wgh, for key {brief}")), "{history}");
    bench.stop();
    let second = bench.folder.path().join("second.wgh");
    let make = ["handover", "make", "--to", public.trim(), "--out", second.to_str().unwrap()];
    assert!(bench.says(&make).contains("went out before"));
    assert!(bench.says(&["journal", "verify"]).contains("is whole"));
    assert!(!second.exists());
}

#[test]
fn what_is_wrong_with_a_sealed_file_is_said_and_nothing_of_it_is_written() {
    let (bench, customer, other) = (bench_of(1), Customer::new(), Customer::new());
    customer.says(&["handover", "key", "--out", "our.key"]);
    other.says(&["handover", "key", "--out", "our.key"]);
    let sealed = bench.folder.path().join("spring.wgh");
    let public = customer.at("our.key.pub");
    bench.says(&["handover", "make", "--to", public.to_str().unwrap(), "--out", sealed.to_str().unwrap()]);
    let key = bench.says(&["media", "key"]).trim().to_owned();

    let said = other.complains(&Customer::opens(&sealed, &key));
    assert!(said.contains("sealed for another key") && said.contains("the private key that belongs to it"), "{said}");
    let said = customer.complains(&Customer::opens(&sealed, &"11".repeat(32)));
    assert!(said.contains("signed by another bench") && said.contains(&key), "{said}");
    let bytes = fs::read(&sealed).unwrap();
    let bad = customer.at("bad.wgh");
    fs::write(&bad, &bytes[..bytes.len() - 1]).unwrap();
    let said = customer.complains(&Customer::opens(&bad, &key));
    assert!(said.contains(&format!("it was cut: {} bytes are there of {}", bytes.len() - 1, bytes.len())), "{said}");
    let mut damaged = bytes;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&bad, damaged).unwrap();
    assert!(customer.complains(&Customer::opens(&bad, &key)).contains("damaged or changed on the way"));
    fs::write(&bad, "Device Serial Number,").unwrap();
    assert!(customer.complains(&Customer::opens(&bad, &key)).contains("does not begin like a hand-over"));
    let public =
        ["handover", "open", sealed.to_str().unwrap(), "--key", "our.key.pub", "--bench", &key, "--out", "lists"];
    assert!(customer.complains(&public).contains("not FILE.pub"));
    assert!(!customer.at("lists").exists());

    // A file that somebody keeps there stays.
    fs::create_dir(customer.at("lists")).unwrap();
    fs::write(customer.at("lists/intune-spring-001.csv"), "somebody's").unwrap();
    assert!(customer.complains(&Customer::opens(&sealed, &key)).contains("There is another file"));
    assert_eq!(fs::read(customer.at("lists/intune-spring-001.csv")).unwrap(), b"somebody's");
}

#[test]
fn a_mistyped_key_and_a_private_one_are_refused_at_the_bench() {
    let (bench, customer) = (bench_of(1), Customer::new());
    let public = customer.says(&["handover", "key", "--out", "our.key"]).trim().to_owned();
    let out = bench.folder.path().join("x.wgh");
    let make = |to: &str| bench.complains(&["handover", "make", "--to", to, "--out", out.to_str().unwrap()]);
    let last = if public.ends_with('0') { '1' } else { '0' };
    let mistyped = format!("{}{last}", &public[..public.len() - 1]);
    assert!(make(&mistyped).contains("check digits do not fit"));
    assert!(
        make(customer.at("our.key").to_str().unwrap()).contains("private key, which has to stay with the customer")
    );
    assert!(
        bench
            .complains(&["handover", "make", "--out", out.to_str().unwrap()])
            .contains("there is no key to seal it for")
    );
    assert!(!out.exists());
}
