//! Certificates of apps, made by openssl, which we did not write.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{entra::Certificate, text::to_base64_url};
use crate::support::tool;

/// What openssl makes of a key of its own.
pub(crate) fn certificate(folder: &Path, name: &str) -> (PathBuf, Certificate) {
    let path = |end: &str| folder.join(format!("{name}.{end}"));
    let (key, pem) = (path("key"), path("pem"));
    let openssl = |arguments: &str| {
        let (good, said) = tool("openssl", &arguments.split(' ').collect::<Vec<_>>());
        assert!(good, "{said}");
    };
    let (k, p) = (key.display(), pem.display());
    openssl(&format!("req -x509 -newkey rsa:2048 -nodes -keyout {k} -out {p} -days 30 -subj /CN={name}"));
    openssl(&format!("x509 -in {p} -outform DER -out {}", path("der").display()));
    openssl(&format!("rsa -in {k} -RSAPublicKey_out -outform DER -out {}", path("pub").display()));
    let thumbprint = to_base64_url(&Sha256::digest(fs::read(path("der")).unwrap()));
    (key, Certificate { thumbprint, public_key: fs::read(path("pub")).unwrap() })
}
