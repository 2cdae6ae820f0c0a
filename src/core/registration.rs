//! From captured to "safe to boot": what is sent to the registration service, what it says of it, and whether a laptop
//! may be started.
//!
//! Nothing is queued: what a laptop wants is derived from the fold of the journal. Every sending is journalled as an
//! intent before, and as an outcome after; what has an intent and no outcome is looked for, never sent again.

mod desk;
mod dossier;
mod due;
mod gate;
pub mod lint;
mod network;
mod seen;
mod technician;
mod view;
mod work;

pub use desk::{Desk, Next};
pub use dossier::{Dossier, Progress};
pub use gate::{Condition, Facts, Finding, Gate, Met, Override, expected_tag, gate};
pub use network::{HOSTS, Host, NetworkTest, TIME_SERVER, Tested};
pub use seen::{Assigned, Association, ImportState, ProfileSeen, Registration, Seen};
pub use technician::{Phase, Technician, blocked};
pub use view::{Counts, LineState, RegistrationView};
pub use work::{
    Act, Amendment, AttemptId, ImportId, Reading, Report, Sending, Settling, Tenant, Waiting, Wanted, Work,
};
