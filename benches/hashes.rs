//! Hardware hashes taken apart and checked, beside what cannot be avoided: base64 and SHA-256 of the same
//! bytes, by the same libraries. Prints hashes per second on one core: `ours floor ratio`, the median of
//! several turns.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a benchmark prints and may stop")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use whiteglove_core::hwhash::HardwareHash;

const TURN: Duration = Duration::from_millis(300);
const TURNS: usize = 9;

/// Rounds per second.
fn rate(mut round: impl FnMut()) -> f64 {
    let (start, mut rounds) = (Instant::now(), 0_u32);
    while start.elapsed() < TURN {
        for _ in 0..64 {
            round();
        }
        rounds += 64;
    }
    f64::from(rounds) / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let text = include_str!("../tests/fixtures/hwhash/synthetic_full.b64").trim();
    let bytes = BASE64_STANDARD.decode(text).expect("the fixture is base64");
    let length = usize::from(u16::from_le_bytes([bytes[2], bytes[3]]));
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        floor.push(rate(|| {
            let bytes = BASE64_STANDARD.decode(black_box(text)).expect("it was just now");
            // Only what the digest is over; the zeros behind need not be hashed.
            black_box(Sha256::digest(&bytes[..length]));
        }));
        ours.push(rate(|| {
            let (hash, _) = HardwareHash::parse(black_box(text)).expect("the fixture is whole");
            black_box((hash.records(), hash.missing()));
        }));
    }
    let (ours, floor) = (median(ours), median(floor));
    println!("{ours:.0} {floor:.0} {:.3}", ours / floor);
}
