//! `whiteglove/manifest.json` on a medium: every file with its digest, who made the medium, when, for what; and its
//! signature beside it.
//!
//! The same on an image, an ISO and every stick of it: what belongs to one stick stands in
//! [`super::stick::Record`]. Nothing in it comes from a clock, so the same inputs give the same bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::sign::{PublicKey, Purpose, Signature, Signer};
use crate::{certificates::Authority, clock::Moment, hex_id::hex_id, media_card::MediaId};

/// The folder on the boot volume.
pub const FOLDER: &str = "whiteglove";
pub const PATH: &str = "whiteglove/manifest.json";
pub const SIGNATURE_PATH: &str = "whiteglove/manifest.sig";
/// A hundred thousand files come to about 20 MB; nobody puts so many on a stick.
pub const MAX_BYTES: usize = 16 << 20;
/// Two hex texts and a word.
pub const MAX_SIGNATURE_BYTES: usize = 1024;

const FORMAT: u32 = 1;

hex_id!(
    /// SHA-256 of a file's bytes.
    FileDigest, 32
);

/// Which volume a file lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    Boot,
    Data,
}

/// A file of a medium.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listed {
    pub on: On,
    /// Relative to its volume, with `/`.
    pub path: String,
    pub size: u64,
    pub sha256: FileDigest,
}

/// A program that firmware starts, and the certificates its signatures lead to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Loader {
    pub path: String,
    /// Those that firmware looks at; none for a program that nobody signed.
    pub signed_by: Vec<Authority>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Version of whiteglove.
    pub tool: String,
    pub media: MediaId,
    pub bench: String,
    pub batch: String,
    /// When the bench entered the medium into its journal: also what a medium built again states.
    pub issued: Moment,
    pub loaders: Vec<Loader>,
    /// In the order of volume and path; the manifest itself and its signature are not among them.
    pub files: Vec<Listed>,
}

/// What a manifest says besides its lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub tool: String,
    pub media: MediaId,
    pub bench: String,
    pub batch: String,
    pub issued: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("the manifest was made by a newer whiteglove (format {0}; this one knows {FORMAT})")]
    Format(u32),
    #[error("the manifest is damaged: {0}")]
    Damaged(&'static str),
    #[error("the signature beside the manifest is damaged")]
    Seal,
    #[error("the manifest is signed by another bench (key {0})")]
    OtherBench(PublicKey),
    #[error("the manifest is not what the bench signed")]
    Forged,
}

impl Manifest {
    /// Whatever the order of the lists.
    pub fn new(about: About, mut loaders: Vec<Loader>, mut files: Vec<Listed>) -> Self {
        loaders.sort();
        files.sort();
        let About { tool, media, bench, batch, issued } = about;
        Self { format: FORMAT, tool, media, bench, batch, issued, loaders, files }
    }

    /// The two files of the boot volume: the manifest and its signature.
    ///
    /// # Errors
    /// It does not fit; [`Self::open`] would not take it back.
    pub fn seal(&self, signer: &Signer) -> Result<(Vec<u8>, Vec<u8>), ManifestError> {
        // Lines, as a person may read it too.
        let mut text = serde_json::to_vec_pretty(self).map_err(|_| ManifestError::Damaged("its JSON"))?;
        text.push(b'\n');
        if text.len() > MAX_BYTES {
            return Err(ManifestError::Damaged("its length"));
        }
        self.check()?;
        let seal = Seal { key: signer.public(), signature: signer.sign(Purpose::Manifest, &text) };
        Ok((text, seal.to_string().into_bytes()))
    }

    /// Reads the two files of a medium that anybody may have made. Nothing of the manifest is looked at before its
    /// signature is that of `key`.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn open(text: &[u8], seal: &[u8], key: &PublicKey) -> Result<Self, ManifestError> {
        if text.len() > MAX_BYTES {
            return Err(ManifestError::Damaged("its length"));
        }
        let seal = Seal::parse(seal).ok_or(ManifestError::Seal)?;
        if seal.key != *key {
            return Err(ManifestError::OtherBench(seal.key));
        }
        if !key.signed(Purpose::Manifest, text, &seal.signature) {
            return Err(ManifestError::Forged);
        }
        Self::parse(text)
    }

    /// Without its signature: for [`Self::open`], and for those who have checked it.
    ///
    /// # Errors
    /// It is not a manifest of a format that is known.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        /// Other formats may have other fields; this one they have in common.
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        let damaged = |_| ManifestError::Damaged("its JSON");
        let Versioned { format } = serde_json::from_slice(text).map_err(damaged)?;
        if format != FORMAT {
            return Err(ManifestError::Format(format));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(damaged)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// A name twice would be two truths about one file; so would a file that states its own digest.
    fn check(&self) -> Result<(), ManifestError> {
        let mut names: Vec<(On, String)> = self.files.iter().map(|file| (file.on, folded(&file.path))).collect();
        names.sort();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ManifestError::Damaged("it lists a file twice"));
        }
        let own = |path: &str| path == PATH || path == SIGNATURE_PATH;
        if names.iter().any(|(on, name)| *on == On::Boot && own(name)) {
            return Err(ManifestError::Damaged("it lists itself"));
        }
        Ok(())
    }
}

/// A path as FAT compares it: the case of letters means nothing.
pub fn folded(path: &str) -> String {
    path.trim_matches('/').to_lowercase()
}

/// `whiteglove/manifest.sig`: one line, `ed25519 KEY SIGNATURE`.
struct Seal {
    key: PublicKey,
    signature: Signature,
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ed25519 {} {}", self.key, self.signature)
    }
}

impl Seal {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes.get(..MAX_SIGNATURE_BYTES).unwrap_or(bytes)).ok()?;
        let mut words = text.split_whitespace();
        let ("ed25519", Some(key), Some(signature), None) = (words.next()?, words.next(), words.next(), words.next())
        else {
            return None;
        };
        Some(Self { key: key.parse().ok()?, signature: signature.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signer() -> Signer {
        Signer::from_seed(&[5; 32])
    }

    fn listed(on: On, path: &str, byte: u8) -> Listed {
        Listed { on, path: path.into(), size: u64::from(byte), sha256: FileDigest([byte; 32]) }
    }

    fn manifest() -> Manifest {
        let about = About {
            tool: "0.1.0".into(),
            media: MediaId([0x5a; 16]),
            bench: "Halle 3".into(),
            batch: "autumn".into(),
            issued: Moment::from_millis(1_764_000_000_000),
        };
        let loader = Loader {
            path: "EFI/BOOT/BOOTX64.EFI".into(),
            signed_by: vec![Authority::ThirdParty2011, Authority::Other("Contoso".into())],
        };
        let files = vec![
            listed(On::Data, "README.TXT", 1),
            listed(On::Boot, "README.TXT", 2),
            listed(On::Boot, "EFI/BOOT/BOOTX64.EFI", 3),
        ];
        Manifest::new(about, vec![loader], files)
    }

    #[test]
    fn it_reads_back_and_says_so_in_lines() {
        let (text, seal) = manifest().seal(&signer()).unwrap();
        assert_eq!(Manifest::open(&text, &seal, &signer().public()), Ok(manifest()));
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }

    #[test]
    fn every_changed_bit_of_either_file_is_refused() {
        let key = signer().public();
        let (text, seal) = manifest().seal(&signer()).unwrap();
        for at in 0..text.len() {
            let mut bad = text.clone();
            bad[at] ^= 1;
            assert_eq!(Manifest::open(&bad, &seal, &key), Err(ManifestError::Forged), "{at}");
        }
        for at in 0..seal.len() - 1 {
            let mut bad = seal.clone();
            bad[at] ^= 1;
            assert!(Manifest::open(&text, &bad, &key).is_err(), "{at}");
        }
    }

    #[test]
    fn another_bench_is_named_by_its_key() {
        let other = Signer::from_seed(&[6; 32]);
        let (text, seal) = manifest().seal(&other).unwrap();
        let refused = Manifest::open(&text, &seal, &signer().public());
        assert_eq!(refused, Err(ManifestError::OtherBench(other.public())));
    }

    #[test]
    fn two_truths_about_one_file_are_none() {
        let twice = [listed(On::Boot, "a/b", 1), listed(On::Boot, "A/B", 2)];
        let own = [listed(On::Boot, "Whiteglove/manifest.json", 1)];
        for files in [&twice[..], &own] {
            let bad = Manifest { files: files.to_vec(), ..manifest() };
            assert!(matches!(bad.seal(&signer()), Err(ManifestError::Damaged(_))));
            assert!(matches!(Manifest::parse(&serde_json::to_vec(&bad).unwrap()), Err(ManifestError::Damaged(_))));
        }
    }

    #[test]
    fn a_newer_format_is_told_apart_from_damage() {
        assert_eq!(Manifest::parse(br#"{"format":2,"what":[]}"#), Err(ManifestError::Format(2)));
        assert_eq!(Manifest::parse(b"{}"), Err(ManifestError::Damaged("its JSON")));
    }

    proptest! {
        #[test]
        fn anybodys_bytes_are_no_panic(text in proptest::collection::vec(any::<u8>(), 0..400), seal in ".{0,300}") {
            prop_assert!(Manifest::open(&text, seal.as_bytes(), &signer().public()).is_err());
            let _ = Manifest::parse(&text);
        }

        #[test]
        fn the_order_of_its_lists_does_not_matter(mut paths in proptest::collection::hash_set("[a-z/]{1,12}", 1..20)) {
            let files = |paths: &mut dyn Iterator<Item = String>| paths.map(|path| listed(On::Boot, &path, 1)).collect();
            let about = || About { tool: String::new(), media: MediaId([0; 16]), bench: String::new(), batch: String::new(), issued: Moment::default() };
            let one = Manifest::new(about(), vec![], files(&mut paths.clone().into_iter()));
            let mut sorted: Vec<String> = paths.drain().collect();
            sorted.sort();
            prop_assert_eq!(one, Manifest::new(about(), vec![], files(&mut sorted.into_iter().rev())));
        }
    }
}
