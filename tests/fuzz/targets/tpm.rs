//! A TPM that answers anything: each answer is a length and that many bytes of the input.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whiteglove_core::tpm;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let (found, _) = tpm::read(|_| {
        let (length, tail) = rest.split_first_chunk::<2>().ok_or("silence")?;
        let (answer, tail) = tail.split_at_checked(usize::from(u16::from_le_bytes(*length))).unwrap_or((tail, &[]));
        rest = tail;
        Ok::<_, &str>(answer.to_vec())
    });
    if let Some(tpm) = found {
        let _ = tpm.ek_digest();
    }
});
