//! How fast a job goes and when it ends, from the progress the bench reports.
//!
//! Sticks swallow megabytes at once and then stop for seconds. So the rate is taken over the last two
//! seconds and smoothed, and it starts anew with every task: reading back is not writing.

use std::{collections::VecDeque, time::Duration};

use whiteglove_core::{
    clock::Moment,
    control::{Job, Progress},
};

const WINDOW: Duration = Duration::from_secs(2);
/// A change of speed is believed to two thirds after this long.
const SMOOTHING: f64 = 3.0;
/// No news for this long is worth saying.
const STALLED: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    /// Which job and task the samples belong to.
    of: Option<(Moment, String)>,
    samples: VecDeque<(Moment, u64)>,
    rate: Option<f64>,
    moved: Moment,
}

impl Meter {
    pub(crate) fn feed(&mut self, job: Option<&Job>, now: Moment) {
        let Some(job) = job.filter(|job| job.outcome.is_none()) else {
            *self = Self::default();
            return;
        };
        let Progress { task, done, .. } = &job.progress;
        let same = self.of.as_ref().is_some_and(|(started, of)| *started == job.started && of == task);
        let backwards = self.samples.back().is_some_and(|(at, last)| done < last || now < *at);
        if !same || backwards {
            *self = Self { of: Some((job.started, task.clone())), moved: now, ..Self::default() };
        }
        let last = self.samples.back().copied();
        if last.is_some_and(|(_, last)| last == *done) && now.since(self.moved) < STALLED {
            // Between two reports of the writer: no news, not a halt.
            return;
        }
        if last.is_none_or(|(_, last)| last != *done) {
            self.moved = now;
        }
        self.samples.push_back((now, *done));
        // Keep one sample from before the window: it is where the window's first bytes started.
        while self.samples.get(1).is_some_and(|(at, _)| now.since(*at) >= WINDOW) {
            self.samples.pop_front();
        }
        let (Some((from, first)), Some((before, _))) = (self.samples.front().copied(), last) else { return };
        let span = now.since(from).as_secs_f64();
        if span < 0.1 {
            return;
        }
        let current = (done - first) as f64 / span;
        self.rate = Some(match self.rate {
            None => current,
            Some(rate) => {
                let weight = 1.0 - (-now.since(before).as_secs_f64() / SMOOTHING).exp();
                rate + (current - rate) * weight
            }
        });
    }

    /// Bytes a second; `None` until there is something to measure.
    pub(crate) fn rate(&self) -> Option<u64> {
        let rate = self.rate.filter(|rate| rate.is_finite() && *rate >= 1.0)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and `as` saturates")]
        let whole = rate as u64;
        Some(whole)
    }

    pub(crate) fn left(&self, progress: &Progress) -> Option<Duration> {
        let rate = self.rate()?;
        let left = progress.total.saturating_sub(progress.done);
        // Rounded up: "0s left" is a lie told to someone who waits.
        Some(Duration::from_secs(left.div_ceil(rate)))
    }

    /// For how long nothing moved, once that is long.
    pub(crate) fn stalled(&self, now: Moment) -> Option<Duration> {
        self.of.as_ref().map(|_| now.since(self.moved)).filter(|silent| *silent >= STALLED)
    }
}

/// 0 to 100, and 100 only when all is done.
pub(crate) fn percent(progress: &Progress) -> u64 {
    match progress.total {
        0 => 0,
        total => u64::try_from(u128::from(progress.done.min(total)) * 100 / u128::from(total)).unwrap_or(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn job(task: &str, done: u64) -> Job {
        Job {
            title: "Writing".into(),
            started: Moment::from_millis(1),
            progress: Progress { task: task.into(), done, total: 1_000 * MB },
            outcome: None,
        }
    }

    fn at(ms: u64) -> Moment {
        Moment::from_millis(1_000_000 + ms)
    }

    #[test]
    fn a_steady_writer_has_a_rate_and_an_end() {
        let mut meter = Meter::default();
        for tick in 0..20 {
            meter.feed(Some(&job("writing", tick * 5 * MB)), at(tick * 250));
        }
        let rate = meter.rate().unwrap();
        assert!((19_900_000..=20_100_000).contains(&rate), "{rate}");
        let left = meter.left(&job("writing", 500 * MB).progress).unwrap();
        assert!((25..=26).contains(&left.as_secs()), "{left:?}");
    }

    #[test]
    fn bursts_are_smoothed() {
        let mut meter = Meter::default();
        // 32 MB at once, then nothing for two seconds.
        for tick in 0..40_u64 {
            meter.feed(Some(&job("writing", tick / 8 * 32 * MB)), at(tick * 250));
        }
        let rate = meter.rate().unwrap();
        assert!((8_000_000..=24_000_000).contains(&rate), "{rate}");
    }

    #[test]
    fn reading_back_is_not_writing() {
        let mut meter = Meter::default();
        meter.feed(Some(&job("writing", 0)), at(0));
        meter.feed(Some(&job("writing", 10 * MB)), at(1_000));
        assert_eq!(meter.rate(), Some(10 * MB));
        meter.feed(Some(&job("reading back", 0)), at(1_250));
        assert_eq!(meter.rate(), None);
        meter.feed(None, at(2_000));
        assert_eq!(meter.stalled(at(99_000)), None);
    }

    #[test]
    fn a_halt_is_said_and_slows_the_rate() {
        let mut meter = Meter::default();
        meter.feed(Some(&job("writing", 0)), at(0));
        meter.feed(Some(&job("writing", 10 * MB)), at(1_000));
        for tick in 5..80 {
            meter.feed(Some(&job("writing", 10 * MB)), at(tick * 250));
        }
        assert!(meter.stalled(at(20_000)).is_some());
        assert!(meter.rate().unwrap_or(0) < MB);
    }

    #[test]
    fn no_division_by_nothing() {
        let nothing = Progress { task: String::new(), done: 5, total: 0 };
        assert_eq!(percent(&nothing), 0);
        assert_eq!(percent(&Progress { total: u64::MAX, done: u64::MAX, ..nothing }), 100);
        assert_eq!(Meter::default().left(&job("", 5).progress), None);
    }
}
