use getrandom::{SysRng, rand_core::UnwrapErr};

use super::*;
use crate::{
    clock::Moment,
    customer::Cloud,
    device::DeviceId,
    lane::{Chosen, Line, Row},
};

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn customer() -> RecipientSecret {
    RecipientSecret::from_entropy([7; 32])
}

fn bench() -> Signer {
    Signer::from_seed(&[3; 32])
}

fn sealed() -> Vec<u8> {
    seal(b"the lists", &customer().public(), &bench(), &mut rng()).unwrap()
}

#[test]
fn the_customer_reads_what_the_bench_sealed_as_often_as_they_like() {
    let bytes = sealed();
    for _ in 0..2 {
        assert_eq!(open(&bytes, &customer(), &bench().public()).unwrap(), b"the lists");
    }
    assert!(!bytes.windows(9).any(|part| part == b"the lists"));
}

#[test]
fn every_changed_byte_is_found() {
    let bytes = sealed();
    for at in 0..bytes.len() {
        for change in [1, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            assert!(open(&damaged, &customer(), &bench().public()).is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_cut_one_says_how_much_is_missing_and_a_longer_one_is_refused() {
    let bytes = sealed();
    for length in 0..bytes.len() {
        let error = open(&bytes[..length], &customer(), &bench().public()).unwrap_err();
        match length {
            0..4 => assert_eq!(error, SealError::Foreign, "{length}"),
            _ => assert!(matches!(error, SealError::Cut(there, _) if there == length as u64), "{length}: {error}"),
        }
    }
    let longer = [bytes.as_slice(), b"x"].concat();
    assert_eq!(open(&longer, &customer(), &bench().public()).unwrap_err(), SealError::Forged);
}

#[test]
fn another_bench_another_customer_and_other_files_are_told_apart() {
    let (bytes, other) = (sealed(), RecipientSecret::from_entropy([8; 32]));
    let stranger = Signer::from_seed(&[4; 32]);
    let said = |bytes: &[u8], secret: &RecipientSecret, key| open(bytes, secret, &key).unwrap_err();
    assert_eq!(said(&bytes, &customer(), stranger.public()), SealError::OtherBench(bench().public()));
    assert_eq!(said(&bytes, &other, bench().public()), SealError::OtherRecipient(customer().public()));
    assert_eq!(said(&[b'x'; 300], &customer(), bench().public()), SealError::Foreign);
    assert!(matches!(said(&vec![0; MAX_SEALED + 1], &customer(), bench().public()), SealError::Oversized(_)));
}

#[test]
fn who_puts_an_own_signature_on_it_has_nothing() {
    let stranger = Signer::from_seed(&[4; 32]);
    let mut bytes = sealed();
    bytes[44..76].copy_from_slice(&stranger.public().0);
    bytes.truncate(bytes.len() - SIGNATURE);
    let signature = stranger.sign(Purpose::HandOver, &bytes);
    bytes.extend(signature.0);
    // Signed in order by somebody the customer may even trust, and still not theirs to hand over.
    assert_eq!(open(&bytes, &customer(), &stranger.public()).unwrap_err(), SealError::Forged);
}

#[test]
fn nothing_is_sealed_for_a_key_that_everybody_could_open() {
    for weak in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let to = Recipient::new(weak);
        assert_eq!(seal(b"x", &to, &bench(), &mut rng()).unwrap_err(), SealError::WeakKey(to));
    }
}

#[test]
fn keys_are_written_and_read_and_a_wrong_character_is_found() {
    let (secret, public) = (customer(), customer().public());
    assert_eq!(public.to_string().parse(), Ok(public));
    assert_eq!(format!(" {}\n", public.to_string().to_uppercase()).parse(), Ok(public));
    assert_eq!(RecipientSecret::parse(&secret.to_text()).unwrap().public(), public);
    let flipped = |at: usize| {
        let mut text = public.to_string().into_bytes();
        text[at] = if text[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(text).unwrap().parse::<Recipient>()
    };
    assert!((5..69).all(|at| flipped(at) == Err(NotAKey::Check)));
    assert_eq!(secret.to_text().parse::<Recipient>(), Err(NotAKey::Private));
    assert_eq!(bench().public().to_string().parse::<Recipient>(), Err(NotAKey::Form));
    assert!(RecipientSecret::parse(&public.to_string()).is_err());
    assert_eq!(format!("{secret:?}"), "RecipientSecret(..)");
}

/// `tests/fixtures/handover/make.py`: signed and sealed by PyPI's cryptography and pyhpke.
#[test]
fn a_hand_over_of_another_implementation_opens() {
    let fixture = include_str!("../../../tests/fixtures/handover/sealed.hex");
    let bytes = hex::decode(fixture.trim()).unwrap();
    assert_eq!(open(&bytes, &customer(), &bench().public()).unwrap(), b"who these are");
}

fn chosen() -> Chosen {
    let row = |n: u64, serial: &str, remarks: &[&str]| Row {
        device: DeviceId(n),
        called: serial.to_owned(),
        line: Line::Identifier { manufacturer: "LENOVO".into(), model: "21CB".into(), serial: serial.into() },
        remarks: remarks.iter().map(ToString::to_string).collect(),
    };
    Chosen {
        lane: Lane::Corporate,
        batch: "spring".into(),
        group_tag: None,
        rows: vec![row(1, "PF000001", &[]), row(2, "PF000002", &["maker and model are a list's words"])],
        left_out: vec![],
        earlier: 0,
    }
}

fn about() -> About {
    About {
        bench: "bench-1".into(),
        tool: "0.1.0".into(),
        made: Moment::from_millis(1_795_348_800_000),
        customer: Some("ACME".into()),
        tenant: Some("00000000-0000-4000-8000-00000000aa07".to_owned().try_into().unwrap()),
        cloud: Cloud::Global,
    }
}

#[test]
fn the_bundle_holds_the_lists_byte_for_byte_and_says_what_they_are() {
    let files = chosen().files();
    let bundle = Bundle::of(&chosen(), &files, about());
    let again = Bundle::parse(&bundle.to_bytes().unwrap()).unwrap();
    assert_eq!(again, bundle);
    assert_eq!(
        (again.parts[0].bytes.0.as_slice(), again.parts[0].name.as_str()),
        (&files[0].bytes[..], "corporate-spring-001.csv")
    );
    insta::assert_snapshot!(again.summary());
}

#[test]
fn lists_that_are_no_text_arrive_as_they_were() {
    let mut files = chosen().files();
    (files[0].name, files[0].bytes) = ("association-spring-001.devicelink.csv".into(), b"\xff\xfeS\0".to_vec());
    let again = Bundle::parse(&Bundle::of(&chosen(), &files, about()).to_bytes().unwrap()).unwrap();
    assert_eq!(again.parts[0].bytes.0, files[0].bytes);
}

#[test]
fn a_bundle_that_would_write_elsewhere_or_is_of_tomorrow_is_refused() {
    let bundle = Bundle::of(&chosen(), &chosen().files(), about());
    for name in ["../x.csv", "..csv", "a..csv", ".hidden.csv", "/etc/x.csv", "a/b.csv", ".csv", "x.exe", "a\\b.csv", ""]
    {
        let mut bad = bundle.clone();
        bad.parts[0].name = name.to_owned();
        let said = Bundle::parse(&bad.to_bytes().unwrap());
        assert_eq!(said, Err(BundleError::Name(name.to_owned())));
    }
    let newer = Bundle { format: 2, ..bundle }.to_bytes().unwrap();
    assert_eq!(Bundle::parse(&newer), Err(BundleError::Newer(2)));
    assert_eq!(Bundle::parse(b"{\"format\":9,\"all\":\"new\"}"), Err(BundleError::Newer(9)));
    assert!(matches!(Bundle::parse(b"PK"), Err(BundleError::Malformed(_))));
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = open(&bytes, &customer(), &bench().public());
        let _ = open(&[b"WGH1".as_slice(), &bytes].concat(), &customer(), &bench().public());
        let _ = Bundle::parse(&bytes);
    }
}
