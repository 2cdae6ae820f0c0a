//! Press keys, read the screen.

mod board;
mod detail;
mod hash;
mod help;
mod media;
mod robust;
mod scanner;
