//! The board with a canned bench behind it, to look at and to try keys on: no laptop, no stick, no
//! network. `cargo run -p whiteglove-tui --features testing --example board
//! [empty|few|compared|order|down|many|network|trouble] [svg]`

use std::{
    env,
    io::{self, Write},
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use whiteglove_core::{
    clock::Moment,
    control::{Command, Image, Job, Progress, Row, ScanAnswer, Sheet, Snapshot, StageName, Tone, Update},
    device::DeviceId,
    netboot::{Choice, Decision, Mode, PortState, Program, Reason},
    order::Match,
    problem::Problem,
};
use whiteglove_tui::{Exit, Model, Msg, Theme, render_to_svg, run, testing, update};

/// The canned benches' noon, and the time since the example started.
fn now() -> Moment {
    static START: OnceLock<Instant> = OnceLock::new();
    testing::NOON.after(START.get_or_init(Instant::now).elapsed())
}

fn canned(which: &str) -> Snapshot {
    let mut snapshot = match which {
        "empty" => testing::snapshot_with([]),
        "down" => Snapshot { endpoints: vec![], endpoint_problem: Some(testing::port_in_use()), ..testing::few() },
        "many" => testing::many(10_000),
        "order" => {
            let here: Vec<_> = (0..400).map(|line| (line, u64::try_from(line).unwrap_or_default() + 1)).collect();
            Snapshot { order: Some(Arc::new(testing::ordered(500, &here))), ..testing::many(400) }
        }
        "few" => testing::few(),
        "network" => testing::on_network(testing::network()),
        "trouble" => testing::on_network(testing::in_trouble()),
        _ => testing::compared(),
    };
    let rows = snapshot.rows.iter().cloned().map(|row| Row { simulated: true, ..row });
    snapshot.rows = Arc::new(rows.collect());
    snapshot.simulated = !snapshot.rows.is_empty();
    snapshot
}

fn main() -> io::Result<()> {
    let which = env::args().nth(1).unwrap_or_default();
    if env::args().nth(2).as_deref() == Some("svg") {
        let mut model = Model::new(Theme { colour: true, ascii: false }, (100, 28));
        update(&mut model, Msg::Update(Update::Snapshot(Arc::new(canned(&which)))), testing::NOON);
        return io::stdout().write_all(render_to_svg(&model, 100, 28, testing::NOON).as_bytes());
    }
    let (to_board, inbox) = mpsc::channel();
    let (outbox, commands) = mpsc::channel();
    thread::spawn(move || bench(&to_board, &commands, canned(&which)));
    match run(inbox, move |command| outbox.send(command).unwrap_or_default(), now)? {
        Exit::Quit => Ok(()),
        Exit::Closed(problem) => Err(io::Error::other(problem)),
    }
}

/// Answers commands as a bench would, and moves a job on.
fn bench(board: &mpsc::Sender<Msg>, commands: &mpsc::Receiver<Command>, mut snapshot: Snapshot) {
    let send = |update: Update| board.send(Msg::Update(update)).is_ok();
    let mut alive = send(Update::Snapshot(Arc::new(snapshot.clone())));
    while alive {
        let running = snapshot.job.as_ref().is_some_and(|job| job.outcome.is_none());
        let command = match running {
            true => commands.recv_timeout(Duration::from_millis(250)),
            false => commands.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
        };
        alive = match command {
            Ok(Command::Watch(device)) => {
                send(Update::Watched(device.and_then(|id| sheet(id, &snapshot)).map(Arc::new)))
            }
            Ok(Command::Scan { code, on }) => send(Update::Scanned(Box::new(answer(&code, on, &snapshot)))),
            Ok(Command::ImportOrder { .. }) => {
                snapshot.order = Some(Arc::new(testing::ordered(12, &[(0, 3)])));
                send(Update::Done("12 lines of the order are listed.".to_owned()))
            }
            Ok(Command::ListDisks) => send(Update::Disks(vec![testing::system_disk(), testing::stick()])),
            Ok(Command::BuildMedia { out, .. }) => {
                snapshot.job = Some(job(format!("Building {}", out.display())));
                true
            }
            Ok(Command::WriteMedia { image, disk, .. }) => {
                snapshot.job = Some(job(format!("Writing {} to {}", image.display(), disk.name())));
                true
            }
            Ok(Command::ChooseBoot { devices, choice }) => {
                choose(&mut snapshot, &devices, choice);
                send(Update::Done(format!("{} from now on: {}.", devices.len(), choice.words())))
            }
            Ok(Command::SetNetwork { interface, mode }) => {
                let mut network = (*snapshot.network).clone();
                for port in network.ports.iter_mut().filter(|port| port.interface == interface) {
                    (port.mode, port.state) =
                        (mode, if mode == Mode::Off { PortState::Off } else { PortState::Serving });
                }
                snapshot.network = Arc::new(network);
                send(Update::Done(format!("{interface}: {}.", mode.words())))
            }
            Ok(Command::CancelJob) => {
                let cancelled =
                    Problem::new("The job was stopped", "You asked for it.", "Start it again when you are ready.");
                if let Some(job) = &mut snapshot.job {
                    job.outcome = Some(Err(cancelled));
                }
                true
            }
            Ok(Command::Import { from }) => send(Update::Problem(Problem::new(
                format!("no captures in {}", from.display()),
                "There is no folder \"captures\" on it.",
                "Take the stick that was used in the laptops.",
            ))),
            Ok(other) => send(Update::Done(format!("Asked for {other:?}"))),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                advance(&mut snapshot);
                true
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => false,
        } && send(Update::Snapshot(Arc::new(snapshot.clone())));
    }
}

fn choose(snapshot: &mut Snapshot, devices: &[DeviceId], choice: Choice) {
    let decided = |row: &Row| match choice {
        Choice::Automatic if row.stage == StageName::Arrived => (Decision::Boot(Program::QuickScan), Reason::Batch),
        Choice::Automatic => (Decision::LocalDisk, Reason::Captured),
        Choice::Boot(program) => (Decision::Boot(program), Reason::Chosen),
        Choice::LocalDisk => (Decision::LocalDisk, Reason::Chosen),
        Choice::Ignore => (Decision::Ignore, Reason::Chosen),
    };
    let rows = snapshot.rows.iter().cloned().map(|row| match devices.contains(&row.device) {
        true => Row { boot: decided(&row), ..row },
        false => row,
    });
    snapshot.rows = Arc::new(rows.collect());
}

/// The canned page of the row with this number, made to fit its row.
fn sheet(id: DeviceId, snapshot: &Snapshot) -> Option<Sheet> {
    let row = snapshot.rows.iter().find(|row| row.device == id)?;
    let canned = match (id.0, &row.matching) {
        (2, _) => testing::replaced(),
        (3, Match::Matched) => testing::warned(),
        (1, Match::Matched) => testing::differing_hashes(),
        (5, Match::WrongMachine { .. }) => testing::wrong_machine(),
        (5, _) => testing::held(),
        (6, Match::WrongCustomer { .. }) => testing::wrong_customer(),
        (8, Match::Unchecked) => testing::no_tpm(),
        (10, Match::Expected) => testing::by_label(),
        (11, Match::Expected) => testing::changed_board(),
        (15, _) => testing::booted(),
        (16, _) => testing::rival(),
        (17, _) => testing::refused(),
        (3, _) => testing::unseen(),
        _ => return None,
    };
    let mut sheet = Sheet { matching: row.matching.clone(), ..canned };
    sheet.device.id = id;
    Some(sheet)
}

fn answer(code: &str, on: Option<DeviceId>, snapshot: &Snapshot) -> ScanAnswer {
    let code = code.to_uppercase();
    let found = snapshot.rows.iter().find(|row| row.serial == code);
    let named = |row: &Row| format!("#{} {} {}", row.device.0, row.model, row.stage.word());
    match (on, found) {
        (Some(on), Some(row)) if row.device == on => {
            testing::said(Tone::Good, "MATCH", &code, Some(on.0), "Label, laptop and order agree.")
        }
        (Some(on), _) => {
            let text = format!("The label says {code}, the laptop says something else. #{} is held.", on.0);
            testing::said(Tone::Wrong, "WRONG MACHINE", &code, Some(on.0), &text)
        }
        (None, Some(row)) => match &row.matching {
            Match::WrongCustomer { .. } | Match::WrongMachine { .. } => {
                testing::said(Tone::Wrong, row.matching.word(), &code, Some(row.device.0), &named(row))
            }
            Match::NotExpected | Match::OtherBatch { .. } | Match::Duplicate { .. } => {
                testing::said(Tone::Attention, "NOT ON THIS ORDER", &code, Some(row.device.0), &named(row))
            }
            _ => testing::said(Tone::Good, "FOUND", &code, Some(row.device.0), &named(row)),
        },
        (None, None) => {
            let text = "No laptop with this number has reported here. Boot it from a stick, then scan it again.";
            testing::said(Tone::Attention, "NOT HERE", &code, None, text)
        }
    }
}

fn job(title: String) -> Job {
    let progress = Progress { task: "writing".to_owned(), done: 0, total: 1_153_433_600 };
    Job { title, started: now(), progress, outcome: None }
}

fn advance(snapshot: &mut Snapshot) {
    let Some(job) = &mut snapshot.job else { return };
    job.progress.done = (job.progress.done + 16_000_000).min(job.progress.total);
    if job.progress.done < job.progress.total {
        return;
    }
    if job.title.starts_with("Writing") && job.progress.task == "writing" {
        job.progress = Progress { task: "reading back".to_owned(), done: 0, total: job.progress.total };
        return;
    }
    job.outcome = Some(Ok("Written and read back; every byte is right. Take it out and label it ACME-07.".to_owned()));
    if job.title.starts_with("Building") {
        job.outcome = Some(Ok("The image is built. w: write it to a stick.".to_owned()));
        let name = job.title.trim_start_matches("Building ").to_owned();
        snapshot.images.insert(0, Image { name, bytes: job.progress.total, made: now() });
    }
}
