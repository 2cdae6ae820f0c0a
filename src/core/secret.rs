//! Text that opens doors: passphrases, client secrets, tokens, private keys.
//!
//! It prints nothing, and its memory is overwritten when it is dropped. It is serialised for one purpose only, to
//! travel from a front end to the bench over the private control socket.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Secret(#[serde(serialize_with = "plain")] Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// To be handed to whoever needs it, never to be shown.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Takes as long whatever differs.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        ours.len() == theirs.len() && ours.iter().zip(theirs).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

fn plain<S: serde::Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_is_printed_not_even_its_length() {
        #[derive(Debug)]
        #[expect(dead_code, reason = "printed as a part of something")]
        struct Holder(Option<Secret>);
        let secret = Secret::new("correct horse".to_owned());
        assert_eq!(format!("{secret:?} {:?}", Holder(Some(secret.clone()))), "Secret Holder(Some(Secret))");
    }

    #[test]
    fn it_crosses_the_socket_and_compares() {
        let secret = Secret::new("a\"b".to_owned());
        let text = serde_json::to_string(&secret).unwrap();
        assert_eq!(text, r#""a\"b""#);
        assert_eq!(serde_json::from_str::<Secret>(&text).unwrap(), secret);
        assert_ne!(secret, Secret::new("a\"c".to_owned()));
        assert_ne!(secret, Secret::default());
    }
}
