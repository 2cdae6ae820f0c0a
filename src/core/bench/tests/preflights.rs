//! What laptops would say to the medium of their batch.

use std::sync::Arc;

use super::*;
use crate::{
    blob::Blob,
    capture::{Keys, Variable},
    certificates::{
        Authority,
        authenticode::{Signature, Signers},
    },
    preflight::{self, Program, Reason, judge},
};

const BOTH: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-db-both.esl");
const WINDOWS_ONLY: &[u8] = include_bytes!("../../../../tests/fixtures/firmware/made-db-windows-only.esl");

fn built(media: MediaId, by: Authority) -> Record {
    let signature = Signature { by, signer: String::new(), nested: false, digest: None, fits: Some(true) };
    let signers = Signers { signatures: vec![signature], ..Signers::default() };
    Record::MediaBuilt { media, programs: vec![Program { path: "EFI/BOOT/BOOTX64.EFI".into(), signers }] }
}

impl Shop {
    /// Captured over the network, say, with these in its firmware.
    fn boots_with(&mut self, laptop: &Laptop, db: &[u8]) -> Receipt {
        let message = self.next_message();
        let mut capture = laptop.capture(message);
        let db = Variable::Value(Arc::new(Blob(db.to_vec())));
        capture.firmware.keys = Some(Keys { db, ..Keys::default() });
        self.hands_in(capture)
    }

    fn attention(&self, device: u64) -> Option<&str> {
        self.bench.rows[&DeviceId(device)].attention.as_deref()
    }

    /// The check on the medium, if there is one.
    fn refusal(&self, device: u64) -> Option<String> {
        let sheet = self.bench.sheet(DeviceId(device)).unwrap();
        let checks = sheet.readiness.checks.into_iter();
        checks.map(|check| check.problem.what).find(|what| what.contains("refuses the batch's medium"))
    }
}

#[test]
fn a_laptop_that_would_refuse_the_batchs_stick_is_warned_of() {
    let mut shop = shop();
    shop.boots_with(&laptop("PF1", 1), BOTH);
    shop.boots_with(&laptop("PF2", 2), WINDOWS_ONLY);
    // What starts from the stick is not known: nothing is said.
    assert_eq!((shop.refusal(1), shop.refusal(2)), (None, None));
    shop.write(vec![built(SPRING, Authority::ThirdParty2011)]);
    let refusal = "It refuses the batch's medium: the third-party CA is off";
    assert_eq!((shop.refusal(1), shop.refusal(2).as_deref()), (None, Some(refusal)));
    // There is worse about it, a missing disk.
    assert_eq!(shop.attention(2), shop.attention(1));

    // A newer medium of the batch, built by Windows' own loader, is what counts from then on.
    let newer = MediaId([7; 16]);
    shop.write(vec![
        Record::MediaIssued { media: newer, batch: "spring".into(), network: false },
        built(newer, Authority::Windows2023),
    ]);
    assert_eq!(shop.bench.medium_at_work().map(|(id, _)| id), Some(newer));
    assert_eq!(shop.refusal(2), None);
    // Until it is lost.
    shop.write(vec![Record::MediaRevoked { media: newer }]);
    assert_eq!(shop.refusal(2).as_deref(), Some(refusal));
    // Another batch has another medium, or none.
    shop.open("autumn", IdentityPolicy::default());
    assert_eq!((shop.bench.medium_at_work(), shop.refusal(2)), (None, None));
}

#[test]
fn the_fleet_is_who_is_here_and_what_the_list_still_waits_for() {
    let mut shop = shop();
    shop.boots_with(&laptop("PF1", 1), WINDOWS_ONLY);
    let mut lines: Vec<_> = ["PF1", "PF2", "PF3"].map(|serial| line(Some(serial), None)).into();
    lines.iter_mut().for_each(|line| (line.manufacturer, line.model) = ("Lenovo".into(), "21CB".into()));
    shop.order("spring", None, lines);
    // Known from a dealer's file: it is the line it stands for, not one more.
    shop.import(tuple(Some("PF2"), None)).unwrap();
    shop.write(vec![built(SPRING, Authority::ThirdParty2011)]);
    let fleet = shop.bench.fleet();
    let (_, medium) = shop.bench.medium_at_work().unwrap();
    let report = preflight::fold(medium, &fleet);
    let [model] = &report.models[..] else { panic!("{report:?}") };
    assert_eq!(model.model, "LENOVO 21CB");
    assert_eq!((&model.refuses[..], model.ordered), (&[number(1)][..], 2));
    assert_eq!(model.reasons, [(Reason::ThirdPartyOff, 1)]);
}

#[test]
fn lists_that_laptops_have_in_common_are_in_memory_once() {
    let mut shop = shop();
    shop.boots_with(&laptop("PF1", 1), BOTH);
    shop.boots_with(&laptop("PF2", 2), BOTH);
    let db = |device| {
        let keys = shop.device(device).capture.as_ref().unwrap().firmware.keys.clone().unwrap();
        let Variable::Value(db) = keys.db else { panic!() };
        db
    };
    assert!(Arc::ptr_eq(&db(1), &db(2)));
}

/// A journal from before laptops' certificates were read.
#[test]
fn an_older_agents_capture_is_not_known() {
    let mut shop = shop();
    shop.write(vec![built(SPRING, Authority::ThirdParty2011)]);
    let capture = laptop("PF1", 1).capture(9);
    assert!(!serde_json::to_string(&capture).unwrap().contains("keys\":{\"db"));
    shop.hands_in(capture);
    let (_, medium) = shop.bench.medium_at_work().unwrap();
    let firmware = shop.device(1).capture.as_ref().map(|capture| &capture.firmware);
    assert_eq!(judge(medium, firmware), preflight::Verdict::Unknown(preflight::Doubt::OlderAgent));
    assert_eq!(shop.refusal(1), None);
}
