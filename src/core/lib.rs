//! The pure part of whiteglove: meaning types, the device's lifecycle, envelopes, plans and protocol
//! decisions. No clock, socket, file, process or async; `clippy.toml` beside this file enforces it.

pub mod answer;
pub mod api;
pub mod batch;
pub mod bench;
pub mod bench_box;
pub mod blob;
pub mod capture;
pub mod certificates;
pub mod clock;
pub mod cloud;
pub mod control;
pub mod customer;
mod der;
pub mod device;
pub mod dhcp;
pub mod disk;
pub mod entry;
pub mod envelope;
pub mod explain;
mod hex_id;
pub mod hwhash;
pub mod identity;
pub mod import;
pub mod lane;
pub mod logs;
pub mod media;
pub mod media_card;
pub mod msdm;
pub mod netboot;
pub mod order;
pub mod preflight;
pub mod problem;
pub mod readiness;
pub mod record;
pub mod registration;
pub mod rtc;
pub mod scan;
pub mod script;
pub mod smbios;
pub mod sticks;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tftp;
pub mod tpm;
pub mod windows;
