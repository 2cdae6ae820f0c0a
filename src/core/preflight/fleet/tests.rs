use std::sync::Arc;

use super::*;
use crate::{
    blob::Blob,
    capture::{Firmware, Keys, Variable},
    certificates::{
        Authority,
        authenticode::{Signature, Signers},
    },
    envelope::MessageId,
    preflight::Program,
    testing,
};

const BOTH: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-db-both.esl");
const WINDOWS_ONLY: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-db-windows-only.esl");

fn medium() -> Medium {
    let by = Authority::ThirdParty2011;
    let signature = Signature { by, signer: String::new(), nested: false, digest: None, fits: Some(true) };
    let signers = Signers { signatures: vec![signature], ..Signers::default() };
    Medium::of(&[Program { path: "EFI/BOOT/BOOTX64.EFI".into(), signers }]).unwrap()
}

fn capture(db: &[u8], secure_boot: bool) -> Option<Arc<Capture>> {
    let mut capture = testing::capture(MessageId([1; 16]), "S", testing::uuid(1), None);
    let keys = Keys { db: Variable::Value(Arc::new(Blob(db.to_vec()))), ..Keys::default() };
    capture.firmware = Firmware { secure_boot: Some(secure_boot), keys: Some(keys), ..capture.firmware };
    Some(Arc::new(capture))
}

/// So many laptops of a model, each captured like this.
fn some(fleet: &mut Fleet, count: usize, model: &str, capture: &Option<Arc<Capture>>) {
    for _ in 0..count {
        let device = DeviceId(fleet.seen.len() as u64 + 1);
        fleet.seen.push(Seen { device, model: model.into(), simulated: false, capture: capture.clone() });
    }
}

fn lines(report: &Report) -> Vec<String> {
    report.models.iter().map(|model| format!("{}: {}", model.model, model.words())).collect()
}

#[test]
fn a_model_is_what_its_laptops_are_and_the_worst_comes_first() {
    let mut fleet = Fleet::default();
    some(&mut fleet, 12, "LENOVO ThinkPad T14 Gen 4 (21HDCTO1WW)", &capture(BOTH, true));
    some(&mut fleet, 47, "HP EliteBook 840 G8 Notebook PC", &capture(BOTH, true));
    some(&mut fleet, 3, "HP EliteBook 840 G8 Notebook PC", &capture(WINDOWS_ONLY, true));
    some(&mut fleet, 2, "Dell Inc. Latitude 5450", &capture(WINDOWS_ONLY, false));
    some(&mut fleet, 1, "Dell Inc. Latitude 5450", &None);
    fleet.ordered =
        ["EliteBook 840 G8", "elitebook 840 g8", "Surface Laptop 6", "", "EliteBook 840 G80"].map(str::to_owned).into();
    let report = fold(&medium(), &fleet);
    assert_eq!(
        lines(&report),
        [
            "HP EliteBook 840 G8 Notebook PC: 47 of 50 accept it; 3 will not: the third-party CA is off; 2 more ordered",
            "Dell Inc. Latitude 5450: 3 not known: Secure Boot is off; once it is on: the third-party CA \
             is off, among other reasons",
            "LENOVO ThinkPad T14 Gen 4 (21HDCTO1WW): all 12 accept it",
            "EliteBook 840 G80: never seen here; 1 ordered",
            "no model named: never seen here; 1 ordered",
            "Surface Laptop 6: never seen here; 1 ordered",
        ]
    );
    let [worst, doubtful, good, ..] = &report.models[..] else { panic!("{report:?}") };
    assert_eq!(worst.refuses, [60, 61, 62].map(DeviceId));
    assert!(worst.next()[0].contains("Allow Microsoft 3rd Party UEFI CA"), "{:?}", worst.next());
    assert_eq!(doubtful.next().len(), 2);
    assert_eq!(good.next(), [""; 0]);
    assert_eq!((report.seen(), report.accepts(), report.refuses(), report.unknown()), (65, 59, 3, 3));
    assert_eq!(
        report.words(),
        "3 of 65 laptops seen here will REFUSE it, of 3 it is not known (HP EliteBook 840 G8 Notebook PC: the third-party \
         CA is off); 3 that are ordered are of models never seen here"
    );
}

#[test]
fn a_few_laptops_are_told_in_words_that_fit() {
    let one = |count, capture: &_| {
        let mut fleet = Fleet::default();
        some(&mut fleet, count, "HP EliteBook", capture);
        fold(&medium(), &fleet).words()
    };
    assert_eq!(one(0, &None), "no laptop's firmware was read here yet");
    assert_eq!(one(1, &capture(BOTH, true)), "the one laptop seen here accepts it");
    assert_eq!(one(1, &None), "of the one laptop seen here it is not known (not captured yet)");
    assert_eq!(one(2, &None), "of all 2 laptops seen here it is not known (not captured yet)");
    assert_eq!(
        one(1, &capture(WINDOWS_ONLY, true)),
        "1 of 1 laptop seen here will REFUSE it (HP EliteBook: the third-party CA is off)"
    );
}

#[test]
fn an_order_means_a_model_that_it_names_and_not_one_of_two() {
    let mut fleet = Fleet::default();
    some(&mut fleet, 1, "HP EliteBook 840 G8", &capture(BOTH, true));
    some(&mut fleet, 1, "HP EliteBook 850 G8", &capture(BOTH, true));
    fleet.ordered = ["EliteBook 840 G8", "HP EliteBook", "hp elitebook 850 g8 i7/16GB"].map(str::to_owned).into();
    let report = fold(&medium(), &fleet);
    let ordered: Vec<_> = report.models.iter().map(|model| (&model.model[..], model.ordered)).collect();
    assert_eq!(ordered, [("HP EliteBook 840 G8", 1), ("HP EliteBook 850 G8", 1), ("HP EliteBook", 1)]);
}
