//! Opening envelopes at the edge, whichever way they came, and saying what is wrong with one.

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use whiteglove_core::{
    capture::Capture,
    envelope::{BoxSecret, Envelope, EnvelopeError, SessionKey},
    problem::Problem,
};

/// # Errors
/// The envelope is not for us, not genuine, or its content is not a `T`.
pub(crate) fn open<T: DeserializeOwned>(envelope: &Envelope, secret: &BoxSecret) -> Result<(T, SessionKey), Problem> {
    let (content, session) = envelope.open(secret).map_err(problem)?;
    let content = serde_json::from_slice(&content).map_err(|error| {
        Problem::new(
            "A capture cannot be understood.",
            format!("It is genuine, but its content does not parse: {error}. Its medium was made by another version."),
            "Build a new stick with this version of whiteglove and boot the laptop again.",
        )
    })?;
    Ok((content, session))
}

/// The id inside must be the id outside, or one capture could be filed under many names.
///
/// # Errors
/// They differ.
pub(crate) fn check_capture(capture: &Capture, envelope: &Envelope) -> Result<(), Problem> {
    if capture.id == envelope.message() {
        return Ok(());
    }
    Err(Problem::new(
        "A capture was refused.",
        "It carries another number than its envelope.",
        "Boot the laptop again from a stick of this bench.",
    ))
}

pub(crate) fn digest(envelope: &Envelope) -> String {
    hex::encode(Sha256::digest(envelope.bytes()))
}

pub(crate) fn not_a_capture() -> Problem {
    Problem::new(
        "A file was refused.",
        "It is a sealed message, but not a capture.",
        "Import the captures folder only.",
    )
}

pub(crate) fn problem(error: EnvelopeError) -> Problem {
    let next = match error {
        EnvelopeError::Truncated(_) => {
            "Boot the laptop again from a whiteglove stick; the stick was pulled out or is worn."
        }
        EnvelopeError::Oversized(_) | EnvelopeError::Foreign => {
            "Check what sent it; laptops booted from this bench's media do not."
        }
        EnvelopeError::OtherBench => {
            "Import it on the bench that made the stick, or boot the laptop from a stick of this one."
        }
        EnvelopeError::Forged => {
            "Boot the laptop again from a stick of this bench. If it happens again, somebody else is on the laptop network."
        }
    };
    Problem::new("A sealed capture was refused.", format!("{}.", upper(&error.to_string())), next)
}

fn upper(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
