//! What may have been meant: a digit too few, two of them swapped, a letter wrong.

use super::{
    Card, Hresult, Key,
    typed::{keys, squeezed, tokens},
};

/// More suggestions than this are none.
const MOST: usize = 3;
/// No code and no name is longer.
const LONGEST: usize = 64;

/// The nearest keys, if there are few and they are near.
pub(super) fn to(text: &str) -> Vec<(Key, &'static Card)> {
    let typed = squeezed(text);
    if typed.is_empty() || typed.chars().count() > LONGEST {
        return vec![];
    }
    let one = tokens(text).count() == 1;
    let hex = typed.strip_prefix("0x").or_else(|| typed.strip_prefix("ox")).unwrap_or(&typed);
    let distance = |key: Key| match key {
        // Of a code with all its digits one may be wrong; a neighbour of a real one is another real one.
        Key::Windows(code) if one && (7..=9).contains(&hex.len()) => {
            let far = apart(hex, &Hresult(code).to_string()[2..].to_ascii_lowercase());
            (far <= if hex.len() == 8 { 1 } else { 2 }).then_some(far)
        }
        Key::Import(number) | Key::Event(number) | Key::Http(number) if one && typed.len() >= 2 => {
            Some(apart(&typed, &number.to_string())).filter(|far| *far <= 1)
        }
        Key::Name(name) => Some(apart(&typed, &squeezed(name))).filter(|far| *far <= name.len() / 5),
        _ => None,
    };
    let near: Vec<_> = keys().filter_map(|(key, card)| Some((distance(key)?, key, card))).collect();
    let Some(best) = near.iter().map(|(far, ..)| *far).min() else { return vec![] };
    let nearest: Vec<_> = near.into_iter().filter(|(far, ..)| *far == best).map(|(_, key, card)| (key, card)).collect();
    if nearest.len() > MOST { vec![] } else { nearest }
}

/// How many signs have to be changed, put in, taken out or swapped with the next to get from one to the other
/// (optimal string alignment).
fn apart(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut cost = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                cost = cost.min(before_last[j - 1] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_one_step() {
        for (one, other, steps) in
            [("806", "860", 1), ("806", "806", 0), ("", "806", 3), ("80180014", "8018014", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!((apart(one, other), apart(other, one)), (steps, steps), "{one} {other}");
        }
    }
}
