//! `whiteglove media bench`: armed once, then every stick that is plugged in is written.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};
use whiteglove_core::{
    control::Command,
    disk::{Disk, Terms},
    problem::Problem,
    sticks::{event::Event, made::Made},
};
use whiteglove_image::write::Returned;

use super::super::{Meter, print};
use crate::{
    cli::BenchArgs,
    config::Config,
    session::{self, signalled},
    sticks::{Bench, Hardware, Issuer, Note, Prepared, Wanted, Wish, bench as work},
};

/// How often a log gets a line on the progress of a stick; a terminal is kept up to date.
const LOG_EVERY: Duration = Duration::from_secs(15);

/// How long the journal may take for what is still to be written into it.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// # Errors
/// The bench was not armed, or sticks failed.
pub(super) async fn bench(config: &Config, args: BenchArgs) -> Result<(), Problem> {
    let mut meter = Meter::default();
    let prepared = Prepared::new(Hardware::default(), &config.state, &args.image, &mut |progress| {
        meter.show(&progress);
        ControlFlow::Continue(())
    });
    meter.end();
    let prepared = prepared?;
    let BenchArgs { size: sizes, ports, max: most, plugged_in, .. } = args;
    let (terms, also) = prepared.terms(Wanted { sizes, ports: ports.clone(), most, plugged_in })?;
    let typed = match args.confirm {
        Some(words) => words,
        None => ask(&terms, &also)?,
    };
    let image = args.image.file_name().unwrap_or(args.image.as_os_str()).to_string_lossy().into_owned();
    let armed = Event::Armed {
        image,
        media: prepared.image().media(),
        content: prepared.image().content(),
        sizes,
        phrase: terms.words(),
        ports,
        most,
        also,
        // Whoever runs this holds no journal: the board's bench mode does.
        imports: false,
    };
    let issuer = Issuer::new(config, args.operator.as_deref())?;
    let said = issuer.vouches_for(prepared.image())?;
    let (made, finished) = mpsc::unbounded_channel();
    let note = Note(Box::new(move |stick| drop(made.send(stick))));
    let bench = prepared.arm(terms, &typed, issuer, Returned::Refuse, note)?;
    match args.json {
        // Nothing of an event cannot be written as JSON.
        true => print(&serde_json::to_string(&armed).unwrap_or_default())?,
        false => {
            print(&armed.to_string())?;
            said.map_or(Ok(()), print)?;
        }
    }
    let journal = tokio::spawn(keep(config.clone(), finished));
    let ran = run(bench, args.json).await;
    // It ends with the bench, as nobody is left to tell of a stick; unless a person left while a stick hung.
    drop(tokio::time::timeout(LAST_WORDS, journal).await);
    let (failed, interrupted) = ran?;
    match (failed, interrupted) {
        (0, _) => Ok(()),
        (failed, true) => Err(Problem::new(
            "It was ended before all sticks were done.",
            format!("{failed} of them were not finished; what each is now was told above."),
            "Arm the bench again: they go on where they were.",
        )),
        (failed, false) => Err(Problem::new(
            format!("{failed} sticks were not made."),
            "Each was told above, with what it is now.",
            "Do with each what was told.",
        )),
    }
}

/// Takes what was made to the journal, one after the other. A journal that is busy or full stops no stick: its own
/// record stands on it.
async fn keep(config: Config, mut finished: mpsc::UnboundedReceiver<Made>) {
    while let Some(made) = finished.recv().await {
        let stick = made.stick;
        if let Err(problem) = session::ask(&config, Command::NoteStick { made: Box::new(made) }, |_| ()).await {
            tracing::warn!(%stick, what = problem.what, why = problem.why, "a stick is not in the journal");
        }
    }
}

fn ask(terms: &Terms, also: &[Disk]) -> Result<String, Problem> {
    let words = terms.words();
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            "The bench is not armed; nothing was erased.",
            "Erasing needs a person who types what is to be erased, and nobody is at the keyboard.",
            format!("Add --confirm '{words}' if this is really meant."),
        ));
    }
    let ports = match terms.ports.as_slice() {
        [] => "at any port".to_owned(),
        ports => format!("at {}", ports.join(", ")),
    };
    eprintln!(
        "From now on every USB stick of {} that is plugged in {ports} is ERASED without a question.",
        terms.sizes
    );
    match also {
        [] => eprintln!("What is plugged in already is left alone."),
        also => also.iter().for_each(|disk| eprintln!("Also, as it is plugged in already:  {disk}")),
    }
    eprint!("Type '{words}' to arm the bench: ");
    let mut typed = String::new();
    match std::io::stdin().read_line(&mut typed) {
        Ok(_) => Ok(typed),
        Err(error) => Err(Problem::new("Nothing was erased.", format!("The system says: {error}."), "Try again.")),
    }
}

/// How many failed, and whether a person ended it.
async fn run(bench: Bench, json: bool) -> Result<(usize, bool), Problem> {
    let wish = Arc::new(Wish::default());
    let (done, mut ended) = oneshot::channel();
    let asked = Arc::clone(&wish);
    // A thread of its own, not one of the runtime's: a stick that hangs must not keep the program from ending.
    let spawned = std::thread::Builder::new().name("sticks".into()).spawn(move || {
        let mut show = Show { json, ..Show::default() };
        let worked = work(bench, &asked, &mut |event| show.event(event));
        let _ = done.send(worked.map(|()| show.failed));
    });
    if let Err(error) = spawned {
        return Err(Problem::new("The bench cannot start.", format!("The system says: {error}."), "Try again."));
    }
    let mut interrupted = false;
    loop {
        tokio::select! {
            ended = &mut ended => {
                let ended = ended.map_err(|_| Problem::new(
                    "The bench stopped by a defect of its own.",
                    "Its thread ended without a word. Sticks that were not READY do not boot.",
                    "Start it again. Please report this.",
                ))?;
                return ended.map(|failed| (failed, interrupted));
            }
            () = signalled() => {
                if std::mem::replace(&mut interrupted, true) {
                    return Err(Problem::new(
                        "It was left while sticks were being written.",
                        "It was told twice to end.",
                        "Sticks that were not READY do not boot: write them again.",
                    ));
                }
                wish.stop();
                eprintln!("Ending: each stick stops at its next chunk. Ctrl-C again leaves at once.");
            }
        }
    }
}

/// Lines as they come, and on a terminal a last one that is kept up to date.
#[derive(Debug, Default)]
struct Show {
    json: bool,
    failed: usize,
    /// What each position is at.
    now: BTreeMap<usize, String>,
    logged: BTreeMap<usize, Instant>,
}

impl Show {
    fn event(&mut self, event: &Event) {
        if let Event::Finished { failed, .. } = event {
            self.failed = *failed;
        }
        if self.json {
            // Nothing of an event cannot be written as JSON.
            return self.line(&serde_json::to_string(event).unwrap_or_default());
        }
        let terminal = std::io::stderr().is_terminal();
        match event {
            Event::Progress { position, task, done, total, rate, .. } if terminal => {
                let percent = done.saturating_mul(100) / (*total).max(1);
                let rate = rate.map_or(String::new(), |rate| format!(" {} MB/s", rate / 1_000_000));
                self.now.insert(*position, format!("[{position}] {task} {percent}%{rate}"));
            }
            Event::Progress { position, .. } => {
                if self.logged.get(position).is_some_and(|logged| logged.elapsed() < LOG_EVERY) {
                    return;
                }
                self.logged.insert(*position, Instant::now());
                self.line(&event.to_string());
            }
            Event::Ready { position, .. } | Event::Failed { position, .. } | Event::Removed { position } => {
                self.now.remove(position);
                self.logged.remove(position);
                self.line(&event.to_string());
            }
            _ => self.line(&event.to_string()),
        }
        if terminal {
            let all: Vec<&str> = self.now.values().map(String::as_str).collect();
            let width = rustix::termios::tcgetwinsize(std::io::stderr()).map_or(80, |size| usize::from(size.ws_col));
            let line: String = all.join("  ").chars().take(width.saturating_sub(1)).collect();
            eprint!("\r\x1b[K{line}");
        }
    }

    fn line(&self, text: &str) {
        if !self.now.is_empty() || std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
        // Whoever read it has gone; the sticks are still to be finished.
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}
