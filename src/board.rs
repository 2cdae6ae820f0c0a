//! Brings the board and the bench together: the terminal on a thread of its own, updates in, commands
//! out. The board is the same whether the bench runs in this process or in another.
#![allow(clippy::print_stderr, reason = "what is said before there is a board")]

use std::{io::IsTerminal, pin::pin, sync::mpsc, thread, time::Duration};

use tokio::sync::mpsc as inbox;
use whiteglove_core::{control::Command, problem::Problem};
use whiteglove_tui::{Exit, Msg};

use crate::{
    appliance::{FrontEnd, stopped},
    attach::Link,
    clock::now,
    config::Config,
    session::{self, Extent, Running},
};

/// The board of this state folder: with an appliance of its own, or attached to the one that runs.
///
/// # Errors
/// What ended the bench, if the person did not.
pub async fn open(config: &Config) -> Result<(), Problem> {
    match session::start(config, Extent::Board).await? {
        Some(running) => show_own(running).await,
        None => show(session::attach_to(config).await?).await,
    }
}

/// How often it is looked for a bench that does not serve yet.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The board of the bench that serves from this folder, once there is one. Never a bench of its own: on a box the
/// screen must not take the service's place while that starts.
///
/// # Errors
/// The bench went away, or there is no terminal to show it on.
pub async fn attach(config: &Config) -> Result<(), Problem> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Problem::new(
            "The board cannot be shown.",
            "This is no terminal.",
            "Run it in a terminal of at least 80x24.",
        ));
    }
    let mut signal = pin!(session::signalled());
    let mut waiting = false;
    loop {
        if let Ok(link) = session::attach_to(config).await {
            return show(link).await;
        }
        if !std::mem::replace(&mut waiting, true) {
            eprintln!("Waiting for the bench that serves from {} ...", config.state.display());
        }
        tokio::select! {
            () = &mut signal => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Shows the board of an appliance in this process; leaving the board ends it.
///
/// # Errors
/// As [`open`].
pub async fn show_own(running: Running) -> Result<(), Problem> {
    let link = Link::Here(FrontEnd::attach(&running.appliance).await);
    let shown = show(link).await;
    running.finish().await.and(shown)
}

async fn show(mut link: Link) -> Result<(), Problem> {
    let (to_board, from_bench) = mpsc::channel::<Msg>();
    let (commands, mut asked) = inbox::unbounded_channel::<Command>();
    let board = thread::spawn(move || {
        let send = move |command| drop(commands.send(command));
        whiteglove_tui::run(from_bench, send, now)
    });
    let mut told_to_end = false;
    let mut signal = pin!(session::signalled());
    loop {
        tokio::select! {
            // Without this the terminal would stay as the board left it.
            () = &mut signal => {
                told_to_end = true;
                drop(to_board.send(Msg::Closed(stopped())));
                break;
            }
            command = asked.recv() => match command {
                Some(command) => link.send(command).await,
                // The board let go of its end: it has closed.
                None => break,
            },
            update = link.next() => match update {
                Some(update) => drop(to_board.send(Msg::Update(update))),
                None => {
                    drop(to_board.send(Msg::Closed(stopped())));
                    break;
                }
            },
        }
    }
    drop(to_board);
    let ended = tokio::task::spawn_blocking(move || board.join()).await;
    match ended {
        Ok(Ok(Ok(Exit::Quit))) => Ok(()),
        _ if told_to_end => Ok(()),
        Ok(Ok(Ok(Exit::Closed(problem)))) => Err(problem),
        Ok(Ok(Err(error))) => Err(Problem::new(
            "The board cannot be shown.",
            format!("The terminal says: {error}."),
            "Run it in a terminal of at least 80x24, or without the board: whiteglove serve.",
        )),
        Ok(Err(_)) | Err(_) => Err(Problem::new(
            "The board stopped by a defect of its own.",
            "The terminal was put back as it was; the message is above.",
            "Start it again; nothing that was acknowledged is lost. Please report this.",
        )),
    }
}
