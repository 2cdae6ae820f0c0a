//! What a folder holds, by digest. The end-to-end tests have this file too.

use std::{collections::BTreeMap, fs, path::Path};

use sha2::{Digest, Sha256};

/// SHA-256 of every file below a folder, by its path in there, with `/`.
pub(crate) fn digests(folder: &Path) -> BTreeMap<String, [u8; 32]> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, Sha256::digest(fs::read(&path).unwrap()).into());
            }
        }
    }
    found
}
