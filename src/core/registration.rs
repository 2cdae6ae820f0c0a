//! From captured to "safe to boot": what is sent to the registration service, what it says of it, and whether a laptop
//! may be started.
//!
//! Nothing is queued: what a laptop wants is derived from the fold of the journal. Every sending is journalled as an
//! intent before, and as an outcome after; what has an intent and no outcome is looked for, never sent again.

mod seen;
mod work;

pub use seen::{Assigned, Association, ImportState, ProfileSeen, Registration, Seen};
pub use work::{Act, Amendment, AttemptId, ImportId, Reading, Report, Sending, Tenant, Waiting, Work};
