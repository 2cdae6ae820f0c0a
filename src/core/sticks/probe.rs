//! Where to look for room that a stick claims and does not have.
//!
//! Counterfeit sticks report a larger size than their memory has. They either lose what is written
//! beyond it, or put it over what lies at that place modulo their real size, which is a power of two
//! in all that f3 has seen. So the places: one, the same plus every power of two, and some spread evenly.

/// Direct I/O needs places on blocks.
const ALIGN: u64 = 4096;
/// Behind the first MiB: some sticks keep that apart.
const BASE: u64 = 1 << 20;
/// Smaller memories than 64 MiB have not been sold for years.
const SMALLEST: u32 = 26;
const SPREAD: u64 = 16;

/// In rising order, each once; the last is the last whole block.
pub fn places(size: u64) -> Vec<u64> {
    let Some(last) = size.checked_sub(ALIGN).map(|last| last / ALIGN * ALIGN).filter(|last| *last > BASE) else {
        return vec![];
    };
    let powers = (SMALLEST..u64::BITS).map(|power| (1 << power) + BASE).take_while(|place| *place < last);
    let spread = (1..SPREAD).map(|part| last / SPREAD * part / ALIGN * ALIGN).filter(|place| *place > BASE);
    let mut places: Vec<u64> = std::iter::once(BASE).chain(powers).chain(spread).chain([last]).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// What was found at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// What was written there.
    Own,
    Other,
}

/// About how many bytes it keeps, if that is less than it claims.
pub fn keeps(places: &[u64], found: &[Found]) -> Option<u64> {
    let mut wrong = places.iter().zip(found).filter(|(_, found)| **found == Found::Other).map(|(place, _)| *place);
    match wrong.next()? {
        // Something went over the first: the next wrong one, if any, lies just beyond what there is.
        BASE => Some(wrong.next().or(places.last().copied()).unwrap_or(BASE) - BASE),
        place => Some(place.saturating_sub(BASE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: u64 = 64_000_000_000;

    /// What a stick would show that puts `place` where `at` says, or nowhere.
    fn probed(at: impl Fn(u64) -> Option<u64>) -> Option<u64> {
        let places = places(CLAIMS);
        let mut holds = std::collections::BTreeMap::new();
        for place in &places {
            if let Some(at) = at(*place) {
                holds.insert(at, *place);
            }
        }
        let found = |place: &u64| match at(*place).and_then(|at| holds.get(&at)) {
            Some(held) if held == place => Found::Own,
            _ => Found::Other,
        };
        keeps(&places, &places.iter().map(found).collect::<Vec<_>>())
    }

    #[test]
    fn an_honest_stick_keeps_all() {
        assert_eq!(probed(Some), None);
        assert!(places(CLAIMS).iter().all(|place| place % ALIGN == 0 && place + ALIGN <= CLAIMS));
        assert_eq!(places(CLAIMS).last(), Some(&(CLAIMS - ALIGN)));
        assert!(places(CLAIMS).len() < 40, "each costs a cheap stick a tenth of a second");
    }

    #[test]
    fn a_stick_that_wraps_is_found_out_whatever_it_has() {
        for power in SMALLEST..36 {
            let real = 1_u64 << power;
            let about = probed(|place| Some(place % real)).unwrap();
            assert!(about <= 2 * real, "{about} of {real}");
        }
    }

    #[test]
    fn a_stick_that_forgets_is_found_out_whatever_it_has() {
        for real in [100_000_000, 8_000_000_000, 31_000_000_000, CLAIMS - 4096] {
            let about = probed(|place| (place < real).then_some(place)).unwrap();
            assert!(about >= real - BASE, "{about} of {real}");
        }
    }

    #[test]
    fn the_smallest_disks_have_no_places_or_good_ones() {
        for size in [0, 512, 4096, 1 << 20, (1 << 20) + 4096, (1 << 20) + 8192, 3 << 20, 70 << 20] {
            assert!(places(size).iter().all(|place| place + ALIGN <= size), "{size}");
        }
    }
}
