//! Load: how many captures a second the bench acknowledges durably, and how long the slowest wait.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use whiteglove_core::{
    api::{self, Outcome, Receipt, label},
    envelope::{Envelope, Kind, SessionKey},
    media_card::MediaCard,
};

use super::{Client, DemoError, laptop::Laptop, message_id};

/// What a run measured.
#[derive(Debug, Clone)]
pub struct Load {
    pub captures: usize,
    pub clients: usize,
    pub elapsed: Duration,
    /// From sending a capture to its receipt, sorted.
    pub latencies: Vec<Duration>,
    /// Of one sealed capture, bytes.
    pub envelope_bytes: usize,
}

impl Load {
    pub fn per_second(&self) -> f64 {
        f64::from(u32::try_from(self.captures).unwrap_or(u32::MAX)) / self.elapsed.as_secs_f64()
    }

    /// `per_thousand` of 990 is the 99th percentile.
    pub fn percentile(&self, per_thousand: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * per_thousand / 1_000).copied().unwrap_or_default()
    }
}

/// Seals `captures` beforehand, then sends them over `clients` kept-alive connections.
///
/// # Errors
/// The first capture that was not acknowledged as new.
pub fn run(card: &MediaCard, captures: usize, clients: usize, seed: u64) -> Result<Load, DemoError> {
    let sealer = Client::new(card)?;
    let sealed: Vec<(Envelope, SessionKey)> = (0..captures as u64)
        .map(|number| {
            let id = message_id()?;
            sealer.seal(Kind::Capture, id, &Laptop::flawless(seed, number).capture(id, crate::clock::now()))
        })
        .collect::<Result<_, _>>()?;
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let workers = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..clients).map(|_| scope.spawn(|| send_all(&Client::new(card)?, &sealed, &next))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(Err(DemoError::Rogue))).collect::<Vec<_>>()
    });
    let elapsed = started.elapsed();
    let mut latencies = Vec::with_capacity(captures);
    for worker in workers {
        latencies.extend(worker?);
    }
    latencies.sort();
    let envelope_bytes = sealed.first().map_or(0, |(envelope, _)| envelope.bytes().len());
    Ok(Load { captures, clients, elapsed, latencies, envelope_bytes })
}

fn send_all(
    client: &Client<'_>,
    sealed: &[(Envelope, SessionKey)],
    next: &AtomicUsize,
) -> Result<Vec<Duration>, DemoError> {
    let mut latencies = Vec::new();
    while let Some(one) = sealed.get(next.fetch_add(1, Ordering::Relaxed)) {
        let sent = Instant::now();
        let receipt: Receipt = client.post(api::CAPTURE, one, label::RECEIPT)?;
        latencies.push(sent.elapsed());
        if receipt.outcome != Outcome::Captured {
            return Err(DemoError::Rogue);
        }
    }
    Ok(latencies)
}
