//! What hashes suffer on their way: cut, changed, wrapped, quoted.

use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;

use super::{FULL, full};
use crate::hwhash::{HardwareHash, HashError, Repair, text::repaired};

fn used() -> usize {
    let bytes = full().to_bytes();
    usize::from(u16::from_le_bytes([bytes[2], bytes[3]])) + 36
}

#[test]
fn one_changed_bit_anywhere_is_caught() {
    let bytes = full().to_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let error = HardwareHash::from_bytes(&changed).unwrap_err();
            match at {
                0 | 1 => assert_eq!(error, HashError::NotAHash),
                _ if at >= used() => assert_eq!(error, HashError::Tail),
                _ if at >= used() - 32 => assert_eq!(error, HashError::Digest),
                _ => {}
            }
        }
    }
}

#[test]
fn a_hash_cut_before_its_digest_ends_says_how_much_is_there() {
    let (bytes, want) = (full().to_bytes(), used());
    assert_eq!(HardwareHash::from_bytes(&[]), Err(HashError::Empty));
    for have in 4..want {
        assert_eq!(HardwareHash::from_bytes(&bytes[..have]), Err(HashError::Truncated { have, want }));
    }
    // Of the zeros behind it any number may be there.
    for have in [want, want + 1, 2999, 3000] {
        let hash = HardwareHash::from_bytes(&bytes[..have]).unwrap();
        assert_eq!((hash.to_bytes().len(), hash.digest()), (have, full().digest()));
    }
    assert_eq!(HardwareHash::from_bytes(b"PK\x03\x04 and so on"), Err(HashError::NotAHash));
    assert_eq!(HardwareHash::from_bytes(b"OA"), Err(HashError::Truncated { have: 2, want: 40 }));
}

#[test]
fn two_hashes_run_together_are_not_one() {
    let twice = [full().to_bytes(), full().to_bytes()].concat();
    assert_eq!(HardwareHash::from_bytes(&twice), Err(HashError::Tail));
    assert_eq!(HardwareHash::from_bytes(&vec![0; 1 << 20]), Err(HashError::TooLarge));
    assert_eq!(HardwareHash::parse(&"A".repeat(1 << 20)), Err(HashError::TooLarge));
}

/// The example of Microsoft's page on device hashes that cannot be converted: an `A` and two `=` are put back.
#[test]
fn microsofts_example_of_wrong_padding_is_put_right() {
    for text in ["Q29udG9zbwAAA", "Q29udG9zbwAAA=", "Q29udG9zbwAAA==", "Q29udG9zbwAAAA", "Q29udG9zbwAAAA="] {
        assert_eq!(repaired(text), Ok((b"Contoso\0\0\0".to_vec(), vec![Repair::Padding])), "{text}");
    }
    assert_eq!(repaired("Q29udG9zbwAAAA=="), Ok((b"Contoso\0\0\0".to_vec(), vec![])));
}

#[test]
fn loose_bits_in_the_last_character_are_ignored() {
    assert_eq!(repaired("Q29udG9zbwAAAD=="), Ok((b"Contoso\0\0\0".to_vec(), vec![Repair::TrailingBits])));
}

#[test]
fn every_damage_seen_gives_back_the_hash_and_is_named() {
    let clean = FULL.trim_end();
    let lines = |width: usize| {
        let lines: Vec<_> = clean.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n")
    };
    let url = clean.replace('+', "-").replace('/', "_");
    let cases = [
        (clean.to_owned(), vec![]),
        (format!("{clean}\r\n"), vec![]),
        (format!("{clean}=="), vec![Repair::Padding]),
        (format!("\u{feff}{clean}"), vec![Repair::Blanks]),
        (format!("  {clean}\t"), vec![Repair::Blanks]),
        (lines(76), vec![Repair::Blanks]),
        (format!("\"{clean}\""), vec![Repair::Quotes]),
        (format!("\u{201c}{clean}\u{201d}"), vec![Repair::Quotes]),
        (format!("'{}'\n", lines(64)), vec![Repair::Blanks, Repair::Quotes]),
        (url.clone(), vec![Repair::UrlAlphabet]),
        (format!(" \"{url}=\"\n\n"), vec![Repair::Blanks, Repair::Quotes, Repair::UrlAlphabet, Repair::Padding]),
    ];
    for (text, repairs) in cases {
        assert_eq!(HardwareHash::parse(&text), Ok((full(), repairs)), "{text:.20}");
    }
    assert!(url != clean, "the vector has characters of both alphabets");
}

#[test]
fn a_paste_that_lost_its_end_is_still_this_hash() {
    let clean = FULL.trim_end();
    for lost in 1..9 {
        let (hash, repairs) = HardwareHash::parse(&clean[..clean.len() - lost]).unwrap();
        assert_eq!(hash.digest(), full().digest());
        assert_eq!(repairs.contains(&Repair::Padding), !lost.is_multiple_of(4));
    }
}

/// The quick way past the zeros must not let through what the long way would not.
#[test]
fn zeros_behind_the_end_are_only_zeros() {
    let clean = FULL.trim_end();
    for (at, with) in [(3999, "B"), (3900, "="), (3936, "B"), (3935, "B"), (2000, "B")] {
        let mut text = clean.to_owned();
        text.replace_range(at..=at, with);
        assert!(HardwareHash::parse(&text).is_err(), "{with} at {at}");
    }
    let end = used().div_ceil(3) * 4;
    for length in (end..clean.len()).step_by(4) {
        let hash = HardwareHash::parse(&clean[..length]).unwrap().0;
        assert_eq!(hash.to_bytes(), full().to_bytes()[..length / 4 * 3]);
    }
    // Padding in the middle, and then zeros: two texts run together.
    let cut = BASE64_STANDARD.encode(&full().to_bytes()[..used() + usize::from(used().is_multiple_of(3))]);
    assert!(cut.ends_with('=') && HardwareHash::parse(&cut).is_ok());
    assert!(matches!(HardwareHash::parse(&(cut + &"A".repeat(64))), Err(HashError::NotBase64(_))));
}

#[test]
fn what_is_no_base64_says_where() {
    let error = HardwareHash::parse("T0E!").unwrap_err();
    assert_eq!(error.to_string(), "it is not base64: character 4 is '!'");
    assert_eq!(HardwareHash::parse(" \"\" "), Err(HashError::Empty));
    assert_eq!(HardwareHash::parse(""), Err(HashError::Empty));
    // One hash, an equals sign, and more.
    assert!(matches!(HardwareHash::parse("T0E=T0E="), Err(HashError::NotBase64(_))));
}

proptest! {
    #[test]
    fn blanks_anywhere_do_no_harm(places in proptest::collection::vec((0..4000_usize, "[ \t\r\n\u{a0}\u{200b}]"), 1..20)) {
        let mut text = FULL.trim_end().to_owned();
        for (at, blank) in places {
            // Only between characters: those put in before may be longer than a byte.
            let at = (at..).find(|at| text.is_char_boundary(*at)).unwrap();
            text.insert_str(at, &blank);
        }
        let (hash, _) = HardwareHash::parse(&text).unwrap();
        prop_assert_eq!(hash, full());
    }

    #[test]
    fn a_changed_character_never_passes_for_another_hash(at in 0..4000_usize, with in "[A-Za-z0-9+/]") {
        let mut text = FULL.trim_end().to_owned();
        text.replace_range(at..=at, &with);
        match HardwareHash::parse(&text) {
            Ok((hash, _)) => prop_assert_eq!(hash, full()),
            Err(error) => prop_assert!(!matches!(error, HashError::NotBase64(_)), "{}", error),
        }
    }
}
