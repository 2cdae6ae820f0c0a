//! Which machines a file named already.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// The most machines of one file: bounds the memory to some tens of megabytes.
const MOST: usize = 1 << 20;

/// Remembers eight bytes of digest and the line for each name, not the name.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<u64, u64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    First,
    /// Which of the names, and the line that had it first.
    Again {
        name: usize,
        line: u64,
    },
    TooMany,
}

impl Seen {
    /// Remembers the names of a line, unless one of them was there before. Case does not count.
    pub(crate) fn see(&mut self, names: &[String], line: u64) -> Sight {
        let keys: Vec<u64> = names.iter().map(|name| key(name)).collect();
        let mut known = keys.iter().enumerate().filter_map(|(name, key)| Some((name, *self.0.get(key)?)));
        if let Some((name, line)) = known.next() {
            return Sight::Again { name, line };
        }
        if self.0.len() >= MOST {
            return Sight::TooMany;
        }
        self.0.extend(keys.into_iter().map(|key| (key, line)));
        Sight::First
    }
}

fn key(name: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(name.to_uppercase()).into();
    digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
