//! A bench to look at without hardware: simulated laptops that talk to the real endpoint over HTTP,
//! sealed as real ones are. Everything they say is marked as simulated and kept in a journal of its own.

mod laptop;
pub mod load;
mod network;
pub(crate) mod sticks;

use std::{thread, time::Duration};

use rand_core::UnwrapErr;
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    api::{self, Receipt, Welcome, label},
    envelope::{Envelope, Kind, MessageId, SessionKey},
    media_card::MediaCard,
    problem::Problem,
};

use laptop::{Fate, Laptop};

use crate::endpoint::Reports;

/// A laptop's own retry is slower; a demonstration should not be.
const RETRY: Duration = Duration::from_millis(500);
const TRIES: u32 = 10;

/// Switches `count` laptops on, spread over `spread`, and returns when all have had their say. With `reports` they
/// boot from a network that is not there.
pub(crate) fn run(
    card: &MediaCard,
    count: u64,
    seed: u64,
    spread: Duration,
    reports: Option<&Reports>,
    stop: &CancellationToken,
) {
    if let Some(reports) = reports {
        network::begin(reports, crate::clock::now());
    }
    thread::scope(|scope| {
        if let Some(reports) = reports {
            scope.spawn(move || network::get_stuck(reports, seed, stop));
        }
        for number in 0..count {
            let laptop = Laptop::new(seed, number);
            scope.spawn(move || {
                let share = laptop.dice("start") % 1_000;
                pause(spread.mul_f64(f64::from(u32::try_from(share).unwrap_or(0)) / 1_000.0), stop);
                if let Some(reports) = reports {
                    network::boot(reports, &laptop, stop);
                }
                if let Err(error) = visit(card, &laptop, stop) {
                    tracing::info!(number, %error, "a simulated laptop gave up");
                }
            });
        }
    });
}

/// Sleeps in slices, so that leaving the board does not wait for the last laptop.
fn pause(time: Duration, stop: &CancellationToken) {
    let slice = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() && !stop.is_cancelled() {
        let now = left.min(slice);
        thread::sleep(now);
        left -= now;
    }
}

fn visit(card: &MediaCard, laptop: &Laptop, stop: &CancellationToken) -> Result<(), DemoError> {
    let client = Client::new(card)?;
    let hello = client.seal(Kind::Hello, message_id()?, &laptop.hello())?;
    client.until_answered::<Welcome>(api::HELLO, &hello, label::WELCOME, stop)?;
    if laptop.fate == Fate::GoesAway {
        return Ok(());
    }
    // Reading a TPM takes a real laptop one to three seconds.
    pause(Duration::from_millis(500 + laptop.dice("reading") % 2_000), stop);
    let id = message_id()?;
    let capture = client.seal(Kind::Capture, id, &laptop.capture(id, crate::clock::now()))?;
    client.until_answered::<Receipt>(api::CAPTURE, &capture, label::RECEIPT, stop)?;
    if laptop.fate == Fate::Stutters {
        client.until_answered::<Receipt>(api::CAPTURE, &capture, label::RECEIPT, stop)?;
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
    #[error("the card cannot be used: {0}")]
    Seal(#[from] whiteglove_core::envelope::EnvelopeError),
    #[error("cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the endpoint did not answer: {0}")]
    Http(#[from] ureq::Error),
    #[error("the bench refused: {0}")]
    Refused(Box<Problem>),
    #[error("the answer is not sealed by the bench")]
    Rogue,
    #[error("the card names no endpoint")]
    Nowhere,
}

fn message_id() -> Result<MessageId, DemoError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(MessageId(id))
}

/// One laptop's connection: believes only what is sealed, like the agent.
struct Client<'a> {
    card: &'a MediaCard,
    base: &'a str,
    http: ureq::Agent,
}

impl<'a> Client<'a> {
    fn new(card: &'a MediaCard) -> Result<Self, DemoError> {
        let base = card.endpoints.first().ok_or(DemoError::Nowhere)?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build();
        Ok(Self { card, base, http: config.new_agent() })
    }

    fn seal(&self, kind: Kind, id: MessageId, content: &impl Serialize) -> Result<(Envelope, SessionKey), DemoError> {
        let content = serde_json::to_vec(content)?;
        Ok(Envelope::seal(self.card, kind, id, &content, &mut UnwrapErr(getrandom::SysRng))?)
    }

    fn post<T: DeserializeOwned>(
        &self,
        route: &str,
        (envelope, session): &(Envelope, SessionKey),
        label: &str,
    ) -> Result<T, DemoError> {
        let mut response = self.http.post(format!("{}{route}", self.base)).send(envelope.bytes())?;
        let status = response.status();
        let seal = response.headers().get(api::SEAL_HEADER).and_then(|seal| seal.to_str().ok()).map(str::to_owned);
        let body = response.body_mut().read_to_vec()?;
        if !status.is_success() {
            return Err(DemoError::Refused(Box::new(serde_json::from_slice(&body)?)));
        }
        match seal {
            Some(seal) if session.is_sealed(label, &body, &seal) => Ok(serde_json::from_slice(&body)?),
            _ => Err(DemoError::Rogue),
        }
    }

    fn until_answered<T: DeserializeOwned>(
        &self,
        route: &str,
        sealed: &(Envelope, SessionKey),
        label: &str,
        stop: &CancellationToken,
    ) -> Result<T, DemoError> {
        let mut tries = 0;
        loop {
            match self.post(route, sealed, label) {
                Err(DemoError::Http(error)) if tries < TRIES && !stop.is_cancelled() => {
                    tracing::debug!(%error, "trying again");
                    tries += 1;
                    pause(RETRY, stop);
                }
                other => return other,
            }
        }
    }
}
