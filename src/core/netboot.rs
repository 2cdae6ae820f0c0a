//! Booting laptops from the bench's network: what each of them is to boot, what was seen of it on the
//! way, and why it did not arrive.
//!
//! Servers ask [`BootTable`] what a client is to boot, and report what they see as a [`Sighting`]. Nothing
//! here is journalled but the choice: what was seen on the wire is gone with the process, like the wire.

mod choice;
mod diagnosis;
mod files;
mod port;
mod sighting;
mod stories;
mod story;
mod words;

pub use choice::{BootTable, Choice, Decision, Program, Reason, decide};
pub use diagnosis::{Around, Diagnosis, Finding, Standing};
pub use files::{OWN_DISK, files, first_file, own_disk};
pub use port::{Mode, NetworkView, PortState, PortView, RivalView, TransferView};
pub use sighting::{Carrier, Seen, Sighting, Who, Withheld};
pub use stories::{ClientView, Stories};
pub use story::{Event, Stage, Story, StoryView, Wire};
