use getrandom::{SysRng, rand_core::UnwrapErr};

use super::*;

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn bench() -> BoxSecret {
    BoxSecret::from_entropy([7; 32])
}

fn card(bench: &BoxSecret, media: u8) -> MediaCard {
    let media = MediaId([media; 16]);
    MediaCard {
        media,
        box_key: bench.public(),
        token: bench.token(media),
        endpoints: vec![],
        batch: "b".into(),
        bench: "bench".into(),
        data_volume: None,
    }
}

const MESSAGE: MessageId = MessageId([9; 16]);

fn sealed() -> (Vec<u8>, SessionKey) {
    let (envelope, key) = Envelope::seal(&card(&bench(), 1), Kind::Capture, MESSAGE, b"who I am", &mut rng()).unwrap();
    (envelope.bytes().to_vec(), key)
}

#[test]
fn the_bench_reads_what_the_agent_sealed_and_both_hold_one_session_key() {
    let (bytes, agents_key) = sealed();
    let envelope = Envelope::parse(&bytes).unwrap();
    assert_eq!((envelope.kind(), envelope.media(), envelope.message()), (Kind::Capture, MediaId([1; 16]), MESSAGE));
    let (content, benchs_key) = envelope.open(&bench()).unwrap();
    assert_eq!(content, b"who I am");
    let seal = benchs_key.seal("ack", b"{}");
    assert!(agents_key.is_sealed("ack", b"{}", &seal));
    assert!(!agents_key.is_sealed("order", b"{}", &seal));
    assert!(!agents_key.is_sealed("ack", b"{ }", &seal));
    assert!(!agents_key.is_sealed("ack", b"{}", "not hex"));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (bytes, _) = sealed();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let opened = Envelope::parse(&damaged).and_then(|envelope| envelope.open(&bench()));
        assert!(opened.is_err(), "bit {bit}");
    }
}

#[test]
fn every_truncation_is_noticed() {
    let (bytes, _) = sealed();
    for length in 0..bytes.len() {
        let opened = Envelope::parse(&bytes[..length]).and_then(|envelope| envelope.open(&bench()));
        assert!(matches!(opened, Err(EnvelopeError::Truncated(_) | EnvelopeError::Forged)), "{length} bytes");
    }
}

#[test]
fn only_a_holder_of_the_token_makes_an_envelope() {
    // The forger knows everything public: the box key and the medium's id.
    let mut forged = card(&bench(), 1);
    forged.token = MediaToken::new([0; 32]);
    let (envelope, _) = Envelope::seal(&forged, Kind::Capture, MESSAGE, b"x", &mut rng()).unwrap();
    assert_eq!(envelope.open(&bench()).unwrap_err(), EnvelopeError::Forged);
    // The token of one medium is no token of another.
    let mut borrowed = card(&bench(), 1);
    borrowed.media = MediaId([2; 16]);
    let (envelope, _) = Envelope::seal(&borrowed, Kind::Capture, MESSAGE, b"x", &mut rng()).unwrap();
    assert_eq!(envelope.open(&bench()).unwrap_err(), EnvelopeError::Forged);
}

#[test]
fn another_bench_is_told_apart_from_damage() {
    let (bytes, _) = sealed();
    let other = BoxSecret::from_entropy([8; 32]);
    assert_eq!(Envelope::parse(&bytes).unwrap().open(&other).unwrap_err(), EnvelopeError::OtherBench);
}

#[test]
fn what_is_no_envelope() {
    assert_eq!(Envelope::parse(b"Device Serial Number,").unwrap_err(), EnvelopeError::Foreign);
    assert_eq!(Envelope::parse(b"").unwrap_err(), EnvelopeError::Truncated(0));
    let huge = vec![0; MAX_ENVELOPE + 1];
    assert_eq!(Envelope::parse(&huge).unwrap_err(), EnvelopeError::Oversized(MAX_ENVELOPE + 1));
    let too_much = vec![0; MAX_ENVELOPE];
    let sealed = Envelope::seal(&card(&bench(), 1), Kind::Capture, MESSAGE, &too_much, &mut rng());
    assert!(matches!(sealed, Err(EnvelopeError::Oversized(_))));
}

#[test]
fn secrets_are_silent_in_debug() {
    let (_, session) = sealed();
    let shown = format!("{:?} {:?} {session:?}", bench(), card(&bench(), 1));
    assert!(!shown.contains(&hex::encode([7; 32])));
    assert!(!shown.contains(&hex::encode(bench().token(MediaId([1; 16])).bytes())));
    assert!(!shown.contains(&hex::encode(session.0)));
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = Envelope::parse(&bytes).and_then(|envelope| envelope.open(&bench()));
        let mut with_magic = b"WGE1\x02".to_vec();
        with_magic.extend(bytes);
        let _ = Envelope::parse(&with_magic).and_then(|envelope| envelope.open(&bench()));
    }
}

/// `tests/fixtures/envelope/make.py`: sealed by PyPI's pyhpke.
#[test]
fn an_envelope_of_another_implementation_opens_and_its_session_key_is_ours() {
    let fixture = include_str!("../../../tests/fixtures/envelope/capture.hex");
    let (envelope, seal) = fixture.trim().split_once('\n').unwrap();
    let envelope = Envelope::parse(&hex::decode(envelope).unwrap()).unwrap();
    let (content, session) = envelope.open(&bench()).unwrap();
    assert_eq!(content, b"who I am");
    assert!(session.is_sealed("receipt", b"{}", seal));
}
