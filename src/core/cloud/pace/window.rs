//! What the service may be counting right now.

use std::{collections::VecDeque, time::Duration};

use super::{Cost, Limits};
use crate::clock::Moment;

/// One answered request.
#[derive(Debug, Clone, Copy)]
struct Counted {
    /// When its answer came; it was counted before that.
    at: Moment,
    cost: Cost,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    /// Oldest first.
    counted: VecDeque<Counted>,
    under_way: Cost,
}

fn sum(one: Cost, other: Cost) -> Cost {
    Cost { reads: one.reads.saturating_add(other.reads), writes: one.writes.saturating_add(other.writes) }
}

fn without(one: Cost, other: Cost) -> Cost {
    Cost { reads: one.reads.saturating_sub(other.reads), writes: one.writes.saturating_sub(other.writes) }
}

impl Limits {
    fn hold(&self, cost: Cost) -> bool {
        cost.writes <= self.writes && cost.reads.saturating_add(cost.writes) <= self.any
    }
}

impl Window {
    pub(super) fn forget(&mut self, now: Moment, length: Duration) {
        while self.counted.front().is_some_and(|oldest| oldest.at.after(length) < now) {
            self.counted.pop_front();
        }
    }

    pub(super) fn take(&mut self, cost: Cost) {
        self.under_way = sum(self.under_way, cost);
    }

    pub(super) fn answered(&mut self, cost: Cost, now: Moment, reached: bool) {
        self.under_way = without(self.under_way, cost);
        if reached {
            self.counted.push_back(Counted { at: now, cost });
        }
    }

    /// `None`: there is room now. `Some(None)`: only after another answer came.
    pub(super) fn room_at(&self, cost: Cost, limits: Limits, now: Moment) -> Option<Option<Moment>> {
        let counted = || self.counted.iter().filter(|counted| counted.at.after(limits.window) >= now);
        let mut taken = counted().fold(self.under_way, |taken, counted| sum(taken, counted.cost));
        // What is larger than any window has to go alone, or it would never go.
        let alone = !limits.hold(cost);
        let fits = |taken: Cost| if alone { taken == Cost::default() } else { limits.hold(sum(taken, cost)) };
        if fits(taken) {
            return None;
        }
        for counted in counted() {
            taken = without(taken, counted.cost);
            if fits(taken) {
                // A millisecond more: its own last one still counts.
                let at = counted.at.after(limits.window).after(Duration::from_millis(1));
                return Some(Some(at.max(now.after(Duration::from_millis(1)))));
            }
        }
        Some(None)
    }
}
