//! How long to wait for one client, learnt from its answers.

use std::time::Duration;

/// Before anything was measured, milliseconds.
const FIRST: u64 = 300;
const RESEND: std::ops::RangeInclusive<u64> = 200..=500;
const RESEND_MAX: u64 = 4_000;
/// Firmware polls its network card every 10 ms when it is busy: less than two of those is no silence.
const NUDGE: std::ops::RangeInclusive<u64> = 20..=200;

/// Milliseconds are all that a `Moment` holds, so a wired client measures 0 or 1; the floors do the work there.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    /// Follows a slower answer at once and a faster one slowly: firmware is unsteady, and waiting is cheaper than
    /// sending what is already there.
    round_trip: Option<u64>,
    /// Nudges in a row that were answered, perhaps, by an answer already on its way.
    doubt: u32,
}

impl Pace {
    /// From sending a flight to its acknowledgement. Only for what was sent once (Karn): otherwise nobody knows which
    /// of the two was answered.
    pub(super) fn measured(&mut self, took: Duration) {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).min(RESEND_MAX);
        self.round_trip = Some(self.round_trip.map_or(took, |known| took.max((7 * known + took) / 8)));
        self.doubt = 0;
    }

    /// A nudged flight arrived. If the line became slower all of them are nudged and none can be measured: wait longer.
    pub(super) fn nudged(&mut self) {
        self.doubt = (self.doubt + 1).min(4);
    }

    fn round_trip(self) -> u64 {
        self.round_trip.unwrap_or(0)
    }

    /// When to ask a client that went silent whether something is missing; `None` as long as nothing was measured.
    pub(super) fn nudge_after(self) -> Option<Duration> {
        let known = self.round_trip?;
        Some(millis(((4 * known).max(*NUDGE.start()) << self.doubt).min(*NUDGE.end())))
    }

    /// When to send everything again, after that many times without an answer.
    pub(super) fn resend_after(self, tries: u8) -> Duration {
        let first = self.round_trip.map_or(FIRST, |known| (3 * known).clamp(*RESEND.start(), *RESEND.end()));
        millis((first << tries.min(6)).min(RESEND_MAX))
    }

    /// A repeated acknowledgement sooner than this after sending is about what was sent before.
    pub(super) fn too_soon(self) -> Duration {
        millis(self.round_trip() / 2)
    }

    /// After a resend, repeated acknowledgements are its echo for so long: a round trip, and as much again for a client
    /// that answers each block it already has.
    pub(super) fn echo(self) -> Duration {
        millis(2 * self.round_trip() + 4)
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_follow_the_client_within_bounds() {
        let mut pace = Pace::default();
        assert_eq!((pace.nudge_after(), pace.resend_after(0)), (None, millis(300)));
        pace.measured(millis(0));
        assert_eq!((pace.nudge_after(), pace.resend_after(0)), (Some(millis(20)), millis(200)));
        pace.measured(millis(80));
        assert_eq!((pace.nudge_after(), pace.resend_after(0)), (Some(millis(200)), millis(240)));
        pace.measured(millis(0));
        assert_eq!(pace.resend_after(0), millis(210), "a faster answer is believed slowly");
        pace.measured(millis(100_000));
        let waits: Vec<_> = (0..6).map(|tries| pace.resend_after(tries).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 4_000, 4_000]);
    }

    #[test]
    fn nudges_that_may_have_been_needless_come_later() {
        let mut pace = Pace::default();
        pace.measured(millis(1));
        let mut waits = Vec::new();
        for _ in 0..5 {
            waits.extend(pace.nudge_after().map(|wait| wait.as_millis()));
            pace.nudged();
        }
        assert_eq!(waits, [20, 40, 80, 160, 200]);
        pace.measured(millis(1));
        assert_eq!(pace.nudge_after(), Some(millis(20)));
    }
}
