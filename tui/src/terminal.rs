//! Owns the terminal while the board is up: takes it over, moves keys and updates into the model,
//! draws when something changed, and gives the terminal back whatever happens.

use std::{
    io::{self, BufWriter, Stdout, Write},
    panic::{self, PanicHookInfo},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use crossterm::{
    cursor::Show,
    event::{self, DisableBracketedPaste, EnableBracketedPaste, Event},
    execute,
    terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{Terminal, backend::CrosstermBackend};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Update},
    problem::Problem,
};

use crate::{
    model::Model,
    msg::{Exit, Msg},
    theme::Theme,
    update, view,
};

/// News is drawn at most this often; keys are drawn at once.
const FRAME: Duration = Duration::from_millis(33);
/// How soon the key reader notices that the board has ended.
const READER: Duration = Duration::from_secs(1);

/// Shows the board until the person quits or the bench goes away.
///
/// `inbox` brings updates, `outbox` takes commands and must not block. The terminal is restored on
/// every way out, a panic included.
///
/// # Errors
/// The terminal cannot be taken over, read or written.
pub fn run(inbox: Receiver<Msg>, outbox: impl Fn(Command) + Send, clock: fn() -> Moment) -> io::Result<Exit> {
    let screen = Screen::enter()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())))?;
    let (sender, messages) = mpsc::channel();
    let over = Arc::new(AtomicBool::new(false));
    let keys = sender.clone();
    let ended = Arc::clone(&over);
    thread::Builder::new().name("board-keys".into()).spawn(move || read_keys(&keys, &ended))?;
    thread::Builder::new().name("board-inbox".into()).spawn(move || forward(&inbox, &sender))?;
    let size = terminal.size()?;
    let mut model = Model::new(Theme::from_env(), (size.width, size.height));
    let exit = attend(&mut terminal, &mut model, &messages, &outbox, clock);
    over.store(true, Ordering::Relaxed);
    drop(terminal);
    drop(screen);
    exit
}

fn attend(
    terminal: &mut Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    model: &mut Model,
    messages: &Receiver<Msg>,
    outbox: &impl Fn(Command),
    clock: fn() -> Moment,
) -> io::Result<Exit> {
    let mut dirty = true;
    let mut urgent = true;
    let mut drawn: Option<Instant> = None;
    loop {
        let due = drawn.map_or(Duration::ZERO, |drawn| FRAME.saturating_sub(drawn.elapsed()));
        if dirty && (urgent || due.is_zero()) {
            let now = clock();
            terminal.draw(|frame| view::view(model, frame, now))?;
            let rings = std::mem::take(&mut model.bell);
            if rings > 0 {
                terminal.backend_mut().write_all(&b"\x07".repeat(usize::from(rings)))?;
                io::Write::flush(terminal.backend_mut())?;
            }
            drawn = Some(Instant::now());
            (dirty, urgent) = (false, false);
        }
        let wait = match dirty {
            true => Some(due),
            // Never less than a millisecond: time that stands still must not become a busy loop.
            false => view::wake(model, clock()).map(|at| at.since(clock()).max(Duration::from_millis(1))),
        };
        let Some(first) = receive(messages, wait) else {
            return Err(io::Error::other("the board's own threads ended"));
        };
        let mut next = Some(first);
        while let Some(msg) = next {
            urgent |= matches!(msg, Msg::Key(_) | Msg::Paste(_) | Msg::Resize { .. } | Msg::Tick);
            dirty = true;
            let msg = match msg {
                Msg::Resize { width, height } => {
                    terminal.autoresize()?;
                    Msg::Resize { width, height }
                }
                msg => msg,
            };
            let (msg, after) = newest(msg, messages);
            for command in update::update(model, msg, clock()) {
                outbox(command);
            }
            if let Some(exit) = model.exit.take() {
                return Ok(exit);
            }
            next = after.or_else(|| messages.try_recv().ok());
        }
    }
}

/// The next message; a tick when the time is up; `None` when nobody can send any more.
fn receive(messages: &Receiver<Msg>, wait: Option<Duration>) -> Option<Msg> {
    match wait {
        None => messages.recv().ok(),
        Some(wait) => match messages.recv_timeout(wait) {
            Ok(msg) => Some(msg),
            Err(RecvTimeoutError::Timeout) => Some(Msg::Tick),
            Err(RecvTimeoutError::Disconnected) => None,
        },
    }
}

/// Of snapshots in a row only the last one matters. Also gives the message that ended the row.
fn newest(msg: Msg, messages: &Receiver<Msg>) -> (Msg, Option<Msg>) {
    let mut newest = msg;
    while let Msg::Update(Update::Snapshot(_)) = newest {
        match messages.try_recv() {
            Ok(later @ Msg::Update(Update::Snapshot(_))) => newest = later,
            Ok(other) => return (newest, Some(other)),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    (newest, None)
}

fn forward(inbox: &Receiver<Msg>, sender: &Sender<Msg>) {
    while let Ok(msg) = inbox.recv() {
        if sender.send(msg).is_err() {
            return;
        }
    }
    let gone = Problem::new(
        "The bench has gone away.",
        "The part of whiteglove that keeps the devices has ended.",
        "Start whiteglove again. Everything that was captured is kept.",
    );
    // Nobody listens if the board has ended first.
    let _ = sender.send(Msg::Closed(gone));
}

fn read_keys(sender: &Sender<Msg>, over: &AtomicBool) {
    let lost = |error: io::Error| {
        Msg::Closed(Problem::new(
            "The keyboard cannot be read any more.",
            error.to_string(),
            "Start whiteglove again, or run it without a board: whiteglove serve.",
        ))
    };
    while !over.load(Ordering::Relaxed) {
        let msg = match event::poll(READER).and_then(|ready| if ready { event::read().map(Some) } else { Ok(None) }) {
            Ok(Some(Event::Key(key))) => Msg::Key(key),
            Ok(Some(Event::Paste(text))) => Msg::Paste(text),
            Ok(Some(Event::Resize(width, height))) => Msg::Resize { width, height },
            Ok(_) => continue,
            Err(error) => lost(error),
        };
        let last = matches!(msg, Msg::Closed(_));
        if sender.send(msg).is_err() || last {
            return;
        }
    }
}

/// Set while the terminal is ours. There is one terminal, so there is one of this.
static TAKEN: AtomicBool = AtomicBool::new(false);
static OWNER: Mutex<Option<ThreadId>> = Mutex::new(None);
/// Panics of other threads, printed when the terminal is free again: on the board they would be
/// overdrawn at once, and restoring the terminal under a living board would wreck the screen.
static REPORTS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

/// Holding one means that the terminal is in raw mode on the alternate screen.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let previous = panic::take_hook();
            panic::set_hook(Box::new(move |info| on_panic(info, &previous)));
        });
        terminal::enable_raw_mode()?;
        *OWNER.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
        TAKEN.store(true, Ordering::SeqCst);
        let screen = Self;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
        for report in REPORTS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Nothing is left to tell if even this cannot be written.
            let _ = writeln!(io::stderr(), "{report}");
        }
    }
}

/// Gives the terminal back, once. Each step is tried even if the one before failed.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = terminal::disable_raw_mode();
    }
}

fn on_panic(info: &PanicHookInfo<'_>, previous: &dyn Fn(&PanicHookInfo<'_>)) {
    let ours = *OWNER.lock().unwrap_or_else(PoisonError::into_inner) == Some(thread::current().id());
    if !TAKEN.load(Ordering::SeqCst) {
        return previous(info);
    }
    if ours || cfg!(panic = "abort") {
        restore();
        return previous(info);
    }
    REPORTS.lock().unwrap_or_else(PoisonError::into_inner).push(info.to_string());
}
