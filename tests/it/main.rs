//! The product from outside: the real binary, real HTTP, real files, a real terminal.
#![allow(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod agent_api;
mod answer;
mod architecture;
mod batches;
mod bench_box;
mod bench_mode;
mod boot_http;
mod command_line;
mod contract;
mod dhcp;
mod disk_full;
mod explain;
mod export;
mod fake_cloud;
mod fake_entra;
mod forbidden;
mod forms;
mod handover;
mod identities;
mod media;
mod netboot;
mod netboot_commands;
mod preflight;
mod pty;
mod pty_batches;
mod pty_sticks;
mod registration;
mod registration_kill;
mod restart;
mod secrets_scan;
mod sign_in;
mod sign_in_cloud;
mod sticks;
mod support;
mod tenant;
mod tftp;
mod windows_disc;
mod windows_media;
mod windows_scripts;
mod winpe_post;
mod winpe_wine;
