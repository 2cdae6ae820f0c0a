//! Press keys, read the screen.

mod board;
mod detail;
mod help;
mod media;
mod robust;
mod scanner;
