//! Press keys, read the screen.

mod board;
mod detail;
mod hash;
mod help;
mod media;
mod order;
mod robust;
mod scanner;
