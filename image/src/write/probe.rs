//! Whether a stick has the room it claims, found out in seconds and before an hour of writing to it.

use std::{
    io::{Read, Seek, Write},
    time::{SystemTime, UNIX_EPOCH},
};

use sha2::{Digest, Sha256};
use whiteglove_core::sticks::probe::{self, Found};

use super::{Cause, job::Job};
use crate::aligned::ALIGN;

/// Says where it is, and cannot be what an earlier probe left there.
fn marker(salt: u128, place: u64) -> [u8; ALIGN] {
    let digest = Sha256::new().chain_update(salt.to_le_bytes()).chain_update(place.to_le_bytes()).finalize();
    let mut block = [0; ALIGN];
    for (slot, byte) in block.iter_mut().zip(digest.iter().cycle()) {
        *slot = *byte;
    }
    block
}

impl<D: Read + Write + Seek> Job<'_, D> {
    /// Markers all over the stick, written one by one, then all read: a stick with less room than it claims loses
    /// some of them or puts one over another.
    pub(super) fn probe(&mut self) -> Result<(), Cause> {
        let claims = self.capacity();
        let places = probe::places(claims);
        let salt = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        for place in &places {
            self.put(*place, &marker(salt, *place))?;
        }
        self.settle()?;
        let mut found = Vec::new();
        let mut buffer = self.buffer();
        for place in &places {
            let block = buffer.of(ALIGN as u64);
            self.read(*place, block)?;
            found.push(match *block == marker(salt, *place)[..] {
                true => Found::Own,
                false => Found::Other,
            });
            self.step("probing", 0)?;
        }
        match probe::keeps(&places, &found) {
            Some(keeps) => Err(Cause::Fake { claims, keeps }),
            None => Ok(()),
        }
    }
}
