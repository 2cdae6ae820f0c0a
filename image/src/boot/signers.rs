//! Who signed an EFI program: every entry of its certificate table and the signatures nested in them, with
//! the generation of certificates that decides which laptops start it.
//!
//! The file may be anybody's. Nothing here says that a signature is genuine, only whose it says it is; a digest that does
//! not fit is told, because firmware would refuse the file for it.

use whiteglove_core::certificates::{
    Svn,
    authenticode::{self, ProgramDigest, Signers},
    sbat,
};

use super::pe::{Pe, PeError};

/// The resource in which Windows' boot managers keep their security version (four bytes).
const SVN: &str = "BOOTMGRSECURITYVERSIONNUMBER";

/// Reads the signers of a whole program. One without a signature has none; that is no error here.
pub fn read(file: &[u8]) -> Result<Signers, PeError> {
    let pe = Pe::parse(file)?;
    let mut signers = Signers {
        signatures: pe.certificates()?.into_iter().flat_map(authenticode::signatures).collect(),
        sbat: pe.section(".sbat").map(sbat::read).unwrap_or_default(),
        svn: pe
            .resources()
            .and_then(|resources| resources.raw(SVN))
            .and_then(|value| Some(Svn::from_u32(u32::from_le_bytes(*value.first_chunk()?)))),
        digest: pe.digest().ok().map(ProgramDigest),
    };
    if let Some(ProgramDigest(digest)) = signers.digest {
        for signature in &mut signers.signatures {
            signature.fits = signature.digest.map(|signed| signed == digest);
        }
    }
    Ok(signers)
}

#[cfg(test)]
mod tests;
