//! What a screen shows of a transfer.

use std::time::Duration;

use crate::clock::Moment;

use super::Shape;

const MARK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of the file.
    pub size: u64,
    /// Bytes in a block, as agreed.
    pub block: u16,
    /// Blocks for one acknowledgement, as agreed.
    pub window: u16,
    pub started: Moment,
    /// When the client last acknowledged something new.
    pub progress: Moment,
    /// Bytes of the file that the client has.
    pub confirmed: u64,
    /// Bytes of the file that were sent, repeated ones included.
    pub sent: u64,
    /// Blocks that were sent again.
    pub resent: u64,
    /// When how much was confirmed: the last mark and the one before it.
    marks: [(Moment, u64); 2],
}

impl Stats {
    pub(super) fn new(shape: Shape, window: u16, now: Moment) -> Self {
        Self {
            size: shape.size,
            block: shape.block,
            window,
            started: now,
            progress: now,
            confirmed: 0,
            sent: 0,
            resent: 0,
            marks: [(now, 0); 2],
        }
    }

    pub(super) fn confirm(&mut self, bytes: u64, now: Moment) {
        self.confirmed = bytes;
        self.progress = now;
        let [last, _] = self.marks;
        if now.since(last.0) >= MARK_EVERY {
            self.marks = [(now, bytes), last];
        }
    }

    /// Bytes per second over the last second or two; sinks while nothing arrives.
    pub fn rate(&self, now: Moment) -> u64 {
        let [_, (at, had)] = self.marks;
        let millis = u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX).max(1);
        self.confirmed.saturating_sub(had).saturating_mul(1000) / millis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let at = Moment::from_millis;
        let mut stats = Stats::new(Shape { size: 10_000_000, block: 512 }, 1, at(0));
        for second in 1..=10 {
            stats.confirm(second * 1_000, at(second * 1_000));
        }
        assert_eq!(stats.rate(at(10_000)), 1_000);
        stats.confirm(10_000 + 500_000, at(11_000));
        assert_eq!(stats.rate(at(11_000)), 500_000);
        assert_eq!(stats.rate(at(20_000)), 50_000, "a stalled transfer shows it");
    }
}
