//! The board on a real terminal: what a person sees, and that the terminal comes back.

use std::{
    io::{Read, Write},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{
    Bench,
    laptop::{capture, hand_in},
    until,
};

pub(crate) struct Terminal {
    screen: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    // Closing it hangs up on the board.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    fn open(bench: &Bench) -> Self {
        Self::running(&bench.command())
    }

    /// The board of this command.
    pub(crate) fn running(command: &std::process::Command) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env("TERM", "xterm-256color");
        builder.env("LANG", "C.UTF-8");
        let child = pair.slave.spawn_command(builder).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let screen =
            Arc::new(Mutex::new(vt100::Parser::new(size.rows.try_into().unwrap(), size.cols.try_into().unwrap(), 0)));
        let written = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                written.lock().unwrap().process(&bytes[..length]);
            }
        });
        Self { screen, keys, child, _master: pair.master }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            // As a person: faster would be a barcode scanner.
            thread::sleep(Duration::from_millis(80));
            write!(self.keys, "{key}").unwrap();
            self.keys.flush().unwrap();
        }
    }

    /// What a terminal sends for one key, or for a paste, in one piece.
    pub(crate) fn type_key(&mut self, sequence: &str) {
        thread::sleep(Duration::from_millis(80));
        write!(self.keys, "{sequence}").unwrap();
        self.keys.flush().unwrap();
    }

    pub(crate) fn contents(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    pub(crate) fn shows(&self, text: &str) {
        until(&format!("{text:?} on the screen, which is\n{}", self.contents()), || {
            self.contents().contains(text).then_some(())
        });
    }

    pub(crate) fn quit(mut self) {
        self.press("q");
        thread::sleep(Duration::from_millis(300));
        if self.child.try_wait().unwrap().is_none() {
            self.press("y");
        }
        self.has_closed();
    }

    /// In order, and with the terminal as it was.
    fn has_closed(mut self) {
        let status = until("the board to close", || self.child.try_wait().unwrap());
        assert!(status.success());
        // What it wrote last may still be on its way.
        until("the screen that was there before", || {
            let screen = self.screen.lock().unwrap();
            (!screen.screen().alternate_screen() && !screen.screen().hide_cursor()).then_some(())
        });
    }
}

#[test]
fn a_laptop_appears_is_looked_at_and_the_terminal_comes_back() {
    let bench = Bench::new();
    let mut board = Terminal::open(&bench);
    board.shows("No laptops yet");
    let (_, card) = bench.build_stick();
    hand_in(&bench.url(), &card, &capture("PF3K9Q2R", 1, Some(1)));
    board.shows("PF3K9Q2R");
    board.shows("CAPTURED");
    board.press("\r");
    board.shows("No internal disk found");
    board.press("?");
    board.shows("Help");
    // Out of the help, then out of the laptop's page.
    board.press("\x1b\x1b");
    board.shows("Laptops report to");
    board.quit();
    assert_eq!(bench.devices().len(), 1);
}

#[test]
fn a_second_terminal_attaches_to_a_running_bench_and_leaves_it_running() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let board = Terminal::open(&bench);
    board.shows("No laptops yet");
    hand_in(&bench.url(), &card, &capture("PF3K9Q2R", 1, Some(1)));
    board.shows("PF3K9Q2R");
    board.quit();
    assert!(bench.snapshot().is_some());
}

#[test]
fn a_board_that_is_told_to_end_gives_the_terminal_back() {
    let bench = Bench::new();
    let board = Terminal::open(&bench);
    board.shows("No laptops yet");
    let process = i32::try_from(board.child.process_id().unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(process).unwrap(), rustix::process::Signal::TERM)
        .unwrap();
    board.has_closed();
}

#[test]
fn a_port_in_use_is_on_the_screen_and_the_bench_goes_on() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let mut bench = Bench::new();
    bench.config = bench.config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    let board = Terminal::open(&bench);
    board.shows(&format!("port {port}"));
    drop(holder);
    // Tried again by itself.
    board.shows(&format!("http://127.0.0.1:{port}"));
    board.quit();
}
