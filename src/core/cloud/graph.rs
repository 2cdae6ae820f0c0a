//! Microsoft Graph as far as registration needs it: requests as data, answers as meaning.
//!
//! What registers is asked in `v1.0`; what tracks progress exists in `beta` only (profile status, `userless...`, sync,
//! events). So answers are read tolerantly: a word that is not known is kept as it came, a field that is missing is
//! empty, one that has another form than a text is taken as its text. But a document that is half there, or a list with
//! an entry that has no id, is an error that says where: "not in the list" must never be the meaning of "not readable",
//! or a laptop would be registered twice.
//!
//! Sources: Microsoft's Graph reference and metadata of August 2026; what known tools send (`Get-WindowsAutopilotInfo`,
//! the Autopilot Companion); for device association community tools only.

mod association;
mod batch;
mod error;
mod event;
mod imported;
pub(crate) mod json;
mod managed;
pub(crate) mod page;
pub(crate) mod path;
mod registration;
mod settings;
pub(crate) mod time;

pub use association::{AssociatedDevice, associated_devices, associations};
pub use batch::{MOST_PARTS, answers, batch, is_batch};
pub use error::{Said, said};
pub use event::{Event, events, events_of};
pub use imported::{
    Import, Imported, MOST_ROWS, delete_imported, get_imported, import, imported, imported_list, list_imported,
};
pub use json::Unreadable;
pub use managed::{ManagedDevice, managed_devices, managed_devices_with};
pub use page::Page;
pub use path::follow;
pub use registration::{
    assign_user, delete, get, registration, registrations, same_serial, search, unassign_user, unblock, update,
};
pub use settings::{Settings, get_settings, is_sync, settings, sync};

#[cfg(test)]
mod tests;
