//! How long the board takes to take in a new snapshot and draw it, with few devices and with very many.
//! Prints a line for each: `devices median_us p99_us`.
#![allow(clippy::print_stdout, reason = "the output of a benchmark")]

use std::{hint::black_box, sync::Arc, time::Instant};

use whiteglove_core::control::Update;
use whiteglove_tui::{Msg, render_to_string, testing, update};

const FRAMES: usize = 300;

fn main() {
    for devices in [60, 10_000] {
        let snapshot = Arc::new(testing::many(devices));
        let mut model = testing::showing_at((*snapshot).clone(), (80, 24));
        let mut times: Vec<u128> = (0..FRAMES)
            .map(|_| {
                let began = Instant::now();
                update(&mut model, Msg::Update(Update::Snapshot(Arc::clone(&snapshot))), testing::NOON);
                black_box(render_to_string(&model, 80, 24, testing::NOON));
                began.elapsed().as_micros()
            })
            .collect();
        times.sort_unstable();
        println!("{devices} {} {}", times[FRAMES / 2], times[FRAMES * 99 / 100]);
    }
}
