//! Files for those who register: who is in them, who is not and why, and what is remembered.

use std::ops::ControlFlow;

use super::*;
use crate::{
    blob::Blob,
    device::Probe,
    import,
    lane::{Ask, Chosen, File, Lane as Out},
};

pub(super) fn ask(lane: Out) -> Ask {
    Ask { lane, batch: None, group_tag: None, all: false, tenant_wide: true }
}

/// With a TPM whose key has this modulus.
pub(super) fn whole(hash: &HardwareHash, modulus: Option<[u8; 256]>) -> HardwareHash {
    let mut records = hash.records();
    records.retain(|record| record.kind() != 11);
    if let Some(modulus) = modulus {
        let id = Sha256::digest(modulus).into();
        records.push(HashRecord::Text { kind: 13, text: "2.0".to_owned(), nul: false });
        records.push(HashRecord::EkPub { modulus: Blob(modulus.to_vec()) });
        records.push(HashRecord::OfflineDeviceId { status: 0, method: 1, flag: 0, id });
    }
    HardwareHash::encode(&records).unwrap()
}

impl Laptop {
    /// With everything that registration and attestation need.
    fn whole_hash(&self, seconds: u32) -> HardwareHash {
        whole(&self.hash(seconds), self.ek.map(|ek| [ek; 256]))
    }

    pub(super) fn whole_entry(&self) -> Entry {
        Entry { hash: Some(self.whole_hash(5)), ..Entry::new(Lane::IntuneCsv) }
    }

    pub(super) fn made_capture(&self, message: u64) -> Capture {
        let mut capture = self.capture(message);
        capture.hash = Some(MadeHash { hash: self.whole_hash(9), sources: vec![] });
        for key in capture.tpm.iter_mut().flat_map(|tpm| &mut tpm.keys) {
            key.public.0 = crate::tpm::rsa_public(&[self.ek.unwrap(); 256]);
        }
        capture
    }
}

impl Shop {
    pub(super) fn chosen(&self, ask: &Ask) -> Chosen {
        self.bench.decide_export(ask).unwrap()
    }

    pub(super) fn files(&self, lane: Out) -> Vec<File> {
        self.chosen(&ask(lane)).files()
    }

    /// Numbers of the devices that go out.
    pub(super) fn out(&self, ask: &Ask) -> Vec<u64> {
        self.chosen(ask).rows.iter().map(|row| row.device.0).collect()
    }

    /// Writes what the shell writes once the files are on their disk.
    fn export(&mut self, ask: &Ask) -> Vec<File> {
        let chosen = self.chosen(ask);
        let files = chosen.files();
        let records = files.iter().map(|file| Record::Exported {
            lane: chosen.lane,
            batch: chosen.batch.clone(),
            file: file.name.clone(),
            sha256: file.digest(),
            group_tag: chosen.group_tag.clone(),
            devices: file.devices.clone(),
            handed_over: None,
        });
        let records = self.bench.decide_exported(records.collect()).unwrap();
        self.write(records);
        files
    }

    /// Why a device stays here.
    pub(super) fn stays(&self, device: u64, ask: &Ask) -> String {
        let chosen = self.chosen(ask);
        assert!(!self.out(ask).contains(&device));
        chosen.left_out.iter().find(|left| left.device.0 == device).unwrap().words()
    }
}

pub(super) fn text(file: &File) -> &str {
    std::str::from_utf8(&file.bytes).unwrap()
}

/// As our own importer reads it; anything that it would have to repair or refuse fails.
pub(super) fn read_again(file: &File) -> Vec<Entry> {
    let mut entries = vec![];
    import::read(file.bytes.as_slice(), &mut |line| {
        assert_eq!(line.repairs, Vec::<String>::new());
        entries.push(*line.outcome.unwrap());
        ControlFlow::Continue(())
    })
    .unwrap();
    entries
}

#[test]
fn only_what_is_new_goes_out_again() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    shop.import(laptop("PF000002", 2).whole_entry()).unwrap();
    let intune = ask(Out::Intune);
    assert_eq!(shop.export(&intune)[0].name, "intune-spring-001.csv");
    let words = shop.history(1).last().unwrap().to_string();
    assert!(words.starts_with("exported for Intune, in intune-spring-001.csv ("), "{words}");
    assert_eq!(shop.bench.exports_of(number(1))[0].file, "intune-spring-001.csv");
    assert_eq!(shop.out(&intune), [0_u64; 0]);
    assert!(shop.chosen(&intune).nothing().unwrap().contains("2 laptops of batch 'spring' went out before"));
    assert!(shop.stays(2, &intune).ends_with("went out before, in intune-spring-001.csv"));
    shop.import(laptop("PF000003", 3).whole_entry()).unwrap();
    let files = shop.export(&intune);
    assert_eq!((files[0].name.as_str(), &files[0].devices), ("intune-spring-002.csv", &vec![number(3)]));
    // Another way is another question.
    assert_eq!(shop.out(&ask(Out::Partner)), [1, 2, 3]);
    let all = Ask { all: true, ..intune.clone() };
    assert_eq!(shop.export(&all)[0].name, "intune-spring-003.csv");
    // Two lists of one content would be one name for two things.
    assert_eq!(shop.out(&all), [1, 2, 3]);
}

#[test]
fn a_laptop_that_was_exported_by_its_papers_is_not_new_when_it_boots() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::Tuple);
    shop.import(tuple(Some("PF000001"), Some(key(1)))).unwrap();
    shop.export(&ask(Out::Partner));
    // The papers and the machine meet by the key once the machine is known by its serial number.
    shop.boots(&laptop("PF000001", 1).with_key(1));
    assert_eq!(shop.present(), [1]);
    assert_eq!(shop.out(&ask(Out::Partner)), [0_u64; 0]);
    // Known by two numbers first.
    shop.import(tuple(None, Some(key(2)))).unwrap();
    shop.export(&ask(Out::Partner));
    shop.boots(&laptop("PF000002", 2));
    shop.boots(&laptop("PF000002", 2).with_key(2));
    assert_eq!(shop.present(), [1, 3]);
    assert_eq!(shop.out(&ask(Out::Partner)), [0_u64; 0]);
    assert!(shop.stays(2, &ask(Out::Partner)).contains("It lives on as #3."));
}

#[test]
fn what_must_not_be_registered_stays_here_with_its_reason() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    // No hash; a hash without TPM; a simulated one.
    shop.boots(&laptop("PF000001", 1));
    assert!(shop.stays(1, &intune).contains("It has no hardware hash."));
    shop.import(laptop("PF000002", 2).without_tpm().whole_entry()).unwrap();
    assert!(shop.stays(2, &intune).contains("Its hash lacks TpmVersion, EkPubHash."));
    shop.hands_in(Capture { simulated: true, ..laptop("PF000003", 3).made_capture(70) });
    assert!(shop.stays(3, &intune).contains("It is simulated."));
    // Locked; registered already; both as a person says.
    for (n, probe) in [(4, Probe::OtherTenant), (5, Probe::Ours)] {
        shop.import(laptop(&format!("PF00000{n}"), n).whole_entry()).unwrap();
        let records = shop.bench.decide_probe(number(u64::from(n)), probe).unwrap();
        shop.write(records);
    }
    assert!(shop.stays(4, &intune).contains("(808)"));
    assert!(shop.stays(5, &intune).contains("(806)"));
    let all = Ask { all: true, ..intune.clone() };
    assert_eq!(shop.out(&all), [5]);
    assert!(shop.stays(4, &all).contains("(808)"));
    // Held, then replaced.
    shop.import(laptop("PF000006", 6).whole_entry()).unwrap();
    shop.later(48).hands_in(laptop("PF000006", 66).made_capture(71));
    assert!(shop.stays(7, &intune).contains("It is held: MOTHERBOARD CHANGED since #6."));
    assert_eq!(shop.out(&intune), [6]);
    shop.same_laptop(7).unwrap();
    assert!(shop.stays(6, &intune).contains("It lives on as #7."));
    assert_eq!(shop.out(&intune), [7]);
    // Everything is one or the other.
    let chosen = shop.chosen(&intune);
    assert_eq!(chosen.rows.len() + chosen.left_out.len(), shop.bench.devices().count());
}

#[test]
fn whose_laptop_it_is_counts_before_anything_else() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    shop.expects(&["PF000001"]);
    shop.order("autumn", Some("Globex"), vec![line(Some("PF000009"), None)]);
    for (serial, n) in [("PF000001", 1), ("PF000002", 2), ("PF000009", 9)] {
        shop.import(laptop(serial, n).whole_entry()).unwrap();
    }
    assert_eq!(shop.out(&intune), [1]);
    assert!(shop.stays(2, &intune).contains("This laptop is not on the order."));
    assert!(shop.stays(3, &intune).contains("WRONG CUSTOMER: belongs to Globex"));
    // The label of another laptop.
    shop.scan("PF000002", Some(1));
    assert!(shop.stays(1, &intune).contains("WRONG MACHINE"));
    assert!(shop.chosen(&intune).nothing().unwrap_err().why.contains("#3 PF000009"));
}

#[test]
fn the_batch_says_which_hash_counts() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    let hash = |shop: &Shop| read_again(&shop.files(Out::Intune)[0])[0].hash.clone().unwrap();
    shop.hands_in(laptop("PF000001", 1).made_capture(70));
    assert_eq!(hash(&shop), laptop("PF000001", 1).whole_hash(9));
    assert!(shop.chosen(&intune).rows[0].remarks[0].starts_with("experimental hash"));
    shop.open("spring", IdentityPolicy::WindowsHash);
    assert!(shop.stays(1, &intune).contains("There is only the hash made on Linux"));
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    assert_eq!(hash(&shop), laptop("PF000001", 1).whole_hash(5));
    // Both agree, so the model is accepted and ours counts again where the batch says so.
    shop.open("spring", IdentityPolicy::LinuxHash);
    assert_eq!(hash(&shop), laptop("PF000001", 1).whole_hash(9));
    assert!(!shop.chosen(&intune).rows[0].remarks.iter().any(|remark| remark.starts_with("experimental")));
}

#[test]
fn a_hash_that_windows_contradicts_never_goes_out() {
    let mut shop = shop();
    let intune = ask(Out::Intune);
    let mut bad = laptop("PF000001", 1).made_capture(70);
    let mut records = laptop("PF000001", 1).whole_hash(9).records();
    records.push(HashRecord::Text { kind: 7, text: "S1|M|V".to_owned(), nul: false });
    bad.hash = Some(MadeHash { hash: HardwareHash::encode(&records).unwrap(), sources: vec![] });
    shop.hands_in(bad);
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    // The one that was compared has Windows' own, another of the model has not.
    let sent = read_again(&shop.files(Out::Intune)[0]);
    assert_eq!(sent[0].hash, Some(laptop("PF000001", 1).whole_hash(5)));
    shop.hands_in(laptop("PF000002", 2).made_capture(71));
    assert!(shop.stays(2, &intune).contains("differs from Windows' for this model, in DiskSerialNumber"));
}

#[test]
fn a_hash_of_the_board_that_was_thrown_away_never_goes_out() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::WindowsHash);
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    // Same UUID and serial number, another TPM: held, and after the release still wrong.
    shop.later(48).boots(&Laptop { ek: Some(9), ..laptop("PF000001", 1) });
    let ids = shop.present();
    let held = *ids.last().unwrap();
    if shop.stage(held) == StageName::Held {
        assert!(shop.stays(held, &ask(Out::Intune)).contains("It is held"));
        shop.release(held).unwrap();
    }
    assert!(!shop.out(&ask(Out::Intune)).contains(&held));
}

#[test]
fn corporate_identifiers_need_a_word_of_consent() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    let asked = Ask { tenant_wide: false, ..ask(Out::Corporate) };
    let refused = shop.bench.decide_export(&asked).unwrap_err();
    assert!(refused.why.contains("counts as personal") && refused.next.contains("--tenant-wide"), "{refused}");
    assert_eq!(shop.out(&ask(Out::Corporate)), [1]);
    let tagged = Ask { group_tag: Some("A".into()), ..ask(Out::Corporate) };
    assert!(shop.bench.decide_export(&tagged).unwrap_err().why.contains("no group tag"));
}

#[test]
fn a_batch_is_exported_by_its_own_rules() {
    let mut shop = shop();
    shop.open("spring", IdentityPolicy::WindowsHash);
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    shop.open("autumn", IdentityPolicy::Tuple);
    shop.boots(&laptop("PF000002", 2));
    assert_eq!(shop.out(&ask(Out::Partner)), [2]);
    let spring = Ask { batch: Some("spring".to_owned()), ..ask(Out::Intune) };
    assert_eq!(shop.out(&spring), [1]);
    assert_eq!(shop.export(&spring)[0].name, "intune-spring-001.csv");
    let unknown = shop.bench.decide_export(&Ask { batch: Some("sprnig".to_owned()), ..spring }).unwrap_err();
    assert!(unknown.next.contains("autumn, spring"), "{unknown}");
}

#[test]
fn one_number_goes_out_once_in_a_file() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    shop.import(laptop("PF000001", 2).whole_entry()).unwrap();
    shop.release(2).unwrap();
    assert_eq!(shop.out(&ask(Out::Intune)), [1]);
    assert!(shop.stays(2, &ask(Out::Intune)).contains("#1 has the same number"));
}

#[test]
fn a_laptop_that_was_stopped_while_the_files_were_written_does_not_go_out() {
    let mut shop = shop();
    shop.import(laptop("PF000001", 1).whole_entry()).unwrap();
    let file = shop.files(Out::Intune).remove(0);
    let record = Record::Exported {
        lane: Out::Intune,
        batch: "spring".into(),
        file: file.name.clone(),
        sha256: file.digest(),
        group_tag: None,
        devices: file.devices,
        handed_over: None,
    };
    shop.scan("PF000002", Some(1));
    let refused = shop.bench.decide_exported(vec![record.clone()]).unwrap_err();
    assert!(refused.why.contains("WRONG MACHINE"), "{refused}");
    // What speaks of nobody is no record.
    let Record::Exported { lane, batch, file, sha256, group_tag, handed_over, .. } = record else { unreachable!() };
    let devices = vec![number(1), number(7)];
    let nobody = Record::Exported { lane, batch, file, sha256, group_tag, devices, handed_over };
    let before = shop.bench.clone();
    let next = shop.bench.next_number();
    assert_eq!(shop.bench.apply(next, at(0), nobody), Err(Unfit::NoSuchDevice(next, 7)));
    assert_eq!(shop.bench, before);
}
