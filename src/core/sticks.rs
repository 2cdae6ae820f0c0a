//! Many sticks at once: which may be erased, where they sit, how they do.
//!
//! Owns the decisions of bench mode. A person arms the bench once, for a window of sizes and for ports;
//! from then on every stick that is plugged in is judged here, and only [`crate::disk::Armed`] makes the
//! permit to erase it. Moving bytes is `whiteglove-image`'s, looking at the machine the appliance's.

pub mod brought;
pub mod event;
pub mod health;
pub mod made;
pub mod place;
pub mod probe;
pub mod remains;
pub mod run;
pub mod size;
pub mod view;

pub use size::gigabytes;
