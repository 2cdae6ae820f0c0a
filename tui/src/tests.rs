//! Press keys, read the screen.

mod batches;
mod bench;
mod board;
mod build;
mod choose;
mod compared;
mod detail;
mod hash;
mod help;
mod label;
mod lint;
mod lists;
mod media;
mod network;
mod order;
mod registration;
mod robust;
mod scanner;
mod why;
