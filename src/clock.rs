//! The appliance's clock: the only place that asks the system what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use whiteglove_core::clock::Moment;

pub(crate) fn now() -> Moment {
    // A clock before 1970 is a dead battery; the board then shows ages, which still work.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
