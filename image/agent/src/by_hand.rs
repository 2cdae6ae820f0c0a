//! Started by a person the agent is an ordinary program that only reads, or reads and sends.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, mpsc},
    thread,
};

use whiteglove_core::{capture::Hello, media_card::MediaCard, problem::Problem};

use crate::{
    courier::{Content, Courier, Letter, Pace, Report},
    life,
    log::Log,
    net,
    read::{self, Root, Surroundings},
};

const USAGE: &str = "\
whiteglove-agent is the first program of the boot environment. By hand:

  whiteglove-agent --dry-run [--root DIR]
      read this machine (or the tree below DIR) and print the capture; sends nothing
  whiteglove-agent --send --card FILE [--root DIR]
      read, send to the endpoints that the medium's card names, print what the bench says
";

#[derive(Debug, Default)]
struct Arguments {
    dry_run: bool,
    send: bool,
    card: Option<PathBuf>,
    root: Option<PathBuf>,
}

impl Arguments {
    /// `None` if they make no sense.
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--dry-run" => arguments.dry_run = true,
                "--send" => arguments.send = true,
                "--card" => arguments.card = Some(words.next()?.into()),
                "--root" => arguments.root = Some(words.next()?.into()),
                _ => return None,
            }
        }
        (arguments.dry_run != arguments.send && arguments.send == arguments.card.is_some()).then_some(arguments)
    }
}

/// # Errors
/// Something a person has to know: no card, a refusal, no output.
pub fn run(words: impl Iterator<Item = String>) -> Result<ExitCode, Problem> {
    let Some(arguments) = Arguments::parse(words) else {
        let _ = io::stderr().write_all(USAGE.as_bytes());
        return Ok(ExitCode::from(2));
    };
    let root = Root::new(arguments.root.unwrap_or_else(|| "/".into()));
    let surroundings = || Surroundings {
        permanent_macs: if root.is_the_real_one() { net::permanent_macs() } else { Default::default() },
        ..Surroundings::default()
    };
    let capture = read::capture(&root, life::new_id()?, surroundings);
    let Some(card) = arguments.card else {
        let json = serde_json::to_string_pretty(&capture).map_err(|error| cannot("print the capture", &error))?;
        return writeln!(io::stdout(), "{json}").map(|()| ExitCode::SUCCESS).map_err(|error| cannot("print", &error));
    };
    let card = std::fs::read(&card).map_err(|error| cannot("read the card", &error))?;
    let card: MediaCard = serde_json::from_slice(&card).map_err(|error| cannot("read the card", &error))?;
    let hello = Hello { agent: capture.agent.clone(), identity: capture.identity(), simulated: capture.simulated };
    let content = |id, json: serde_json::Result<Vec<u8>>| {
        json.map(|json| Arc::new(Content { id, json })).map_err(|error| cannot("write JSON", &error))
    };
    let (letters, inbox) = mpsc::channel();
    let (tell, reports) = mpsc::channel();
    let said = letters.send(Letter::Hello(content(life::new_id()?, serde_json::to_vec(&hello))?)).is_ok()
        && letters.send(Letter::Capture(content(capture.id, serde_json::to_vec(&capture))?)).is_ok();
    let courier = Courier { card, pace: Pace::default(), ask_network: |_| Vec::new() };
    thread::spawn(move || courier.run(&inbox, |report| drop(tell.send(report))));
    let log = Log::to_stderr();
    for report in reports.iter().take_while(|_| said) {
        match report {
            Report::Delivered(receipt) => {
                let json = serde_json::to_string_pretty(&receipt).map_err(|error| cannot("print", &error))?;
                return writeln!(io::stdout(), "{json}")
                    .map(|()| ExitCode::SUCCESS)
                    .map_err(|error| cannot("print", &error));
            }
            Report::Refused(problem) => return Err(problem),
            Report::Found { url } => log.line(&format!("bench found at {url}")),
            Report::NotFound { asked, .. } => log.line(&format!("no bench answers; asked {}", asked.join(" "))),
            Report::Lost(why) => log.line(&format!("bench lost: {why}")),
            // Orders are for a laptop that the agent runs alone.
            Report::Order(_) | Report::SetClock(_) => {}
        }
    }
    Ok(ExitCode::FAILURE)
}

fn cannot(what: &str, error: &dyn std::error::Error) -> Problem {
    Problem::new(
        format!("Cannot {what}."),
        error.to_string(),
        "Run whiteglove-agent without arguments to see how it is used.",
    )
}
