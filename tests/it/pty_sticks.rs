//! Sticks on a real terminal, in the demonstration: planned, built, written, many at once, and given up at every step.

use std::{fs, path::PathBuf};

use crate::{
    pty::Terminal,
    support::{Bench, until},
};

struct Demo {
    bench: Bench,
    board: Terminal,
}

const NAME: &str = "SIMULATED stick";

impl Demo {
    /// On the screen of sticks.
    fn new() -> Self {
        let bench = Bench::new();
        let mut command = bench.command();
        command.args(["demo", "--laptops", "1"]);
        let mut board = Terminal::running(&command);
        board.shows("SIMULATED");
        board.press("m");
        board.shows("Images in");
        Self { bench, board }
    }

    fn state(&self) -> PathBuf {
        self.bench.state().join("demo")
    }

    fn press(&mut self, keys: &str, shows: &str) {
        self.board.press(keys);
        self.board.shows(shows);
    }

    fn build(&mut self) {
        self.press("b", "what starts from it?");
        self.press("\r", "as what?");
        self.press("\r", "File name:");
        self.press("\r", "WGBOOT");
        self.press("\r", "Enter: write it to a stick");
    }

    /// The list of disks, once there is a stick in it.
    fn until_plugged_in(&mut self) {
        until("a stick", || {
            self.board.press("d");
            // Until the list is the new one, there is nothing in it to choose.
            std::thread::sleep(std::time::Duration::from_millis(500));
            self.board.contents().contains("yes (USB)").then_some(())
        });
    }
}

#[test]
fn an_image_is_planned_built_and_written_and_can_be_given_up_at_every_step() {
    let mut demo = Demo::new();
    let image = demo.state().join("media/simulated.img");
    demo.press("b", "what starts from it?");
    demo.press("\x1b", "Images in");
    demo.press("b", "what starts from it?");
    // Without scripts/box there is nothing to make a box of, and that is on its plan.
    demo.press("jjj\r", "File name: bench-box.img");
    demo.press("\r", "NOT LIKE THIS");
    demo.board.shows("scripts/box");
    demo.press("\x1b", "File name:");
    demo.press("\x1b", "what starts from it?");
    demo.press("kkk\r", "as what?");
    demo.press("\r", "File name:");
    demo.press("\r", "WGBOOT");
    demo.press("\x1b", "File name:");
    demo.press("\x1b", "as what?");
    assert!(!image.exists(), "nothing is made before the plan is agreed to");
    demo.press("\r", "File name:");
    demo.press("\r", "WGBOOT");
    demo.press("\r", "Enter: write it to a stick");
    assert!(image.exists());
    demo.press("\r", "Which stick is erased and written?");
    demo.until_plugged_in();
    demo.press("\r", "type its name");
    demo.press("SIMULATED", "> SIMULATED");
    demo.press("\x1b", "Which stick is erased and written?");
    assert!(!demo.state().join("sticks/health.jsonl").exists(), "no stick was touched");
    demo.press("\r", "type its name");
    demo.press(NAME, &format!("> {NAME}"));
    demo.press("\r", "running");
    demo.press("c", "Stop this job?");
    demo.press("y", "its old content is gone");
    demo.press("\r", "Plug a USB stick in");
    demo.press("w", "Which stick is erased and written?");
    demo.until_plugged_in();
    demo.press("\r", "type its name");
    demo.press(NAME, &format!("> {NAME}"));
    demo.press("\r", "is ready: written and read back");
    demo.press("\x1b", "Laptops report to");
    // What went wrong before stands above what is done, for as long as it is news.
    if demo.board.contents().contains("ERROR") {
        demo.board.press("x");
    }
    demo.board.shows("DONE");
    demo.board.quit();
}

#[test]
fn many_sticks_are_written_while_nobody_looks_and_each_has_its_state_at_the_end() {
    let mut demo = Demo::new();
    demo.press("m", "Not taught yet");
    demo.press("t", "Which port is position 1?");
    demo.board.shows("2   port hub-");
    demo.press("\r", "2 is port hub-");
    assert!(fs::read_to_string(demo.state().join("sticks/positions.json")).unwrap().starts_with("[\"hub-"));
    demo.press("\x1b", "Images in");
    demo.build();
    demo.press("m", "Many sticks at once");
    let arm = |demo: &mut Demo| {
        demo.press("a", "Sizes:");
        demo.press("\r", "Sticks at which ports?");
        demo.press("\r", "are plugged in already");
        demo.press("j\r", "which are erased too");
        demo.press("erase 14G", "> erase 14G");
        demo.press("\r", "The bench is not armed.");
        demo.press("..70G\r", "14G..70G sticks only");
    };
    arm(&mut demo);
    demo.board.shows("READY  label it 1");
    // The board looks elsewhere; the bench goes on.
    demo.press("\x1b", "Images in");
    demo.press("w", "Bench mode takes every stick");
    demo.press("\x1b", "Bench mode: ");
    demo.press("m", "Images in");
    demo.press("m", "READY");
    demo.press("d", "arm the bench again");
    arm(&mut demo);
    demo.board.shows("writing");
    demo.press("s", "half written");
    demo.press("y", "arm the bench again");
    demo.board.shows("its old content is gone");
    let log = fs::read_to_string(demo.state().join("sticks/health.jsonl")).unwrap();
    assert!(log.contains("\"ready\"") && log.contains("\"otherwise\""), "{log}");
    demo.press("\x1b", "Images in");
    demo.press("\x1b", "DONE");
    demo.board.quit();
}
