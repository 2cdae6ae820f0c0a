//! Each subcommand: asks the bench, prints for people (stdout is the result, stderr is the talk).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the command line's own output")]

use std::{
    io::{IsTerminal, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use whiteglove_core::{
    api::Order,
    clock::short_age,
    control::{Command, Progress, Snapshot, Tone, Update},
    device::{DeviceId, Probe},
    disk::{Disk, Policy},
    media_card::{MediaCard, MediaId},
    order::LineState,
    problem::Problem,
};
use whiteglove_image::{
    boot::{self, BootEnv, BuildInputs},
    initramfs::Effort,
    verify,
};

use crate::{
    appliance::{Input, new_media_id, stopped},
    cli::{BootenvAction, DemoArgs, MediaAction, OrderAction, OrderWord, ProbeWord},
    clock::now,
    config::Config,
    demo,
    journal::{self, Verified},
    session::{self, Extent, Running},
    state,
};

/// # Errors
/// Another whiteglove has the folder, or the endpoint cannot come up.
pub async fn serve(config: &Config) -> Result<(), Problem> {
    let running = session::start(config, Extent::Headless).await?.ok_or_else(|| {
        Problem::new(
            "whiteglove runs already.",
            format!("Another process works in {}.", config.state.display()),
            "Run `whiteglove` to attach a board to it, or stop it first.",
        )
    })?;
    eprintln!("whiteglove serves from {}; stop it with Ctrl-C.", config.state.display());
    running.until_stopped().await
}

/// Reads the journal beside whoever writes it.
pub(crate) async fn read_journal(config: &Config) -> Result<Verified, Problem> {
    let path = journal::path_in(&config.state);
    if !path.exists() {
        return Err(Problem::new(
            format!("There is no journal in {}.", config.state.display()),
            "No bench has worked in this folder yet.",
            "Start whiteglove once, or name the right folder: whiteglove --state DIR.",
        ));
    }
    let key = state::box_secret(&config.state)?.public();
    journal::verify(&path, &key).await.map_err(|error| error.problem(&path))
}

/// # Errors
/// The journal cannot be read.
pub async fn devices(config: &Config, json: bool) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    if json {
        let devices: Vec<_> = bench.devices().collect();
        return print_json(&devices);
    }
    let head = ["no", "stage", "serial", "model", "verdict", "match", "signal", "age", "look at"].map(str::to_owned);
    let lines = bench.rows().map(|row| {
        let simulated = if row.simulated { "simulated " } else { "" };
        [
            row.device.0.to_string(),
            row.stage.word().to_owned(),
            row.serial.clone(),
            row.model.clone(),
            row.verdict.words().to_owned(),
            row.matching.word().to_owned(),
            row.signal.word().to_owned(),
            short_age(now().since(row.last)),
            format!("{simulated}{}", row.attention.as_deref().unwrap_or("")),
        ]
    });
    print(&columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))
}

/// Rows in columns as wide as their widest cell.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Problem::new("This cannot be written as JSON.", error.to_string(), "Report this."))?;
    print(&text)
}

/// A reader that has gone (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), Problem> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Problem::new("The output cannot be written.", error.to_string(), "Check where it goes."))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// The first entry that does not hold.
pub async fn verify_journal(config: &Config) -> Result<(), Problem> {
    let verified = read_journal(config).await?;
    let last = verified.last.map_or_else(|| "never".to_owned(), |at| format!("{} ago", short_age(now().since(at))));
    print(&format!(
        "The journal is whole: {} entries, the last written {last}, {} devices.\nhead {}",
        verified.entries,
        verified.bench.devices().count(),
        verified.head
    ))
}

/// # Errors
/// The bench's own answer.
pub async fn media(config: &Config, action: MediaAction) -> Result<(), Problem> {
    match action {
        MediaAction::Build { out, add, media } => {
            let (out, add) = (absolute(&out)?, add.as_deref().map(absolute).transpose()?);
            let media = media.as_deref().map(media_id).transpose()?;
            ask(config, Command::BuildMedia { out, add, media }).await
        }
        MediaAction::Write { image, to, name } => {
            let disk = find_disk(config, &to).await?;
            let typed = match name {
                Some(name) => name,
                None => ask_for_name(&disk)?,
            };
            ask(config, Command::WriteMedia { image: absolute(&image)?, disk, typed }).await
        }
        MediaAction::Disks => list_disks(config).await,
        MediaAction::List => {
            let bench = read_journal(config).await?.bench;
            let lines = bench.media().iter().map(|(id, media)| {
                let state = if media.revoked { "revoked" } else { "good" };
                let age = short_age(now().since(media.issued));
                [id.to_string(), state.to_owned(), format!("{age} ago"), format!("batch {}", media.batch)]
            });
            let lines: Vec<_> = lines.collect();
            match lines.is_empty() {
                true => print("This bench has made no media yet."),
                false => print(&columns(&lines)),
            }
        }
        MediaAction::Revoke { media } => ask(config, Command::RevokeMedia { media: media_id(&media)? }).await,
        MediaAction::Verify { image } => {
            let mut show = Meter::default();
            let mut watch = |progress: Progress| {
                show.show(&progress);
                ControlFlow::Continue(())
            };
            let map = verify::verify(&image, None, &mut watch).map_err(|error| error.problem())?;
            show.end();
            print(&format!(
                "{} is right: medium {}, everything it boots from matches its digest.",
                image.display(),
                map.media
            ))
        }
    }
}

fn media_id(text: &str) -> Result<MediaId, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            format!("'{text}' is no medium's number."),
            "It has 32 hex digits and stands in README.TXT on the stick.",
            "`whiteglove media list` shows all of them.",
        )
    })
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Problem> {
    std::path::absolute(path)
        .map_err(|error| Problem::new(format!("{} is no path.", path.display()), error.to_string(), "Check it."))
}

async fn disks(config: &Config) -> Result<Vec<Disk>, Problem> {
    match session::ask(config, Command::ListDisks, |_| ()).await? {
        Update::Disks(disks) => Ok(disks),
        _ => Err(stopped()),
    }
}

async fn list_disks(config: &Config) -> Result<(), Problem> {
    let disks = disks(config).await?;
    let lines = disks.iter().map(|disk| match disk.refusal(Policy::default()) {
        None => format!("{disk}  may be erased"),
        Some(refusal) => format!("{disk}  NOT: {refusal}"),
    });
    print(&lines.collect::<Vec<_>>().join("\n"))
}

async fn find_disk(config: &Config, device: &Path) -> Result<Disk, Problem> {
    let wanted = device.canonicalize().unwrap_or_else(|_| device.to_owned());
    disks(config).await?.into_iter().find(|disk| disk.path == wanted || disk.path == device).ok_or_else(|| {
        Problem::new(
            format!("{} is not a disk of this machine.", device.display()),
            "It is not plugged in, or it is a partition of a disk.",
            "`whiteglove media disks` lists the disks; name the whole one, like /dev/sdb.",
        )
    })
}

fn ask_for_name(disk: &Disk) -> Result<String, Problem> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            format!("{} was not erased.", disk.name()),
            "Erasing needs a person who types the stick's name, and nobody is at the keyboard.",
            format!("Add --name '{}' if this is really the one.", disk.name()),
        ));
    }
    eprint!("Everything on this stick will be erased:\n  {disk}\nType its name ({}): ", disk.name());
    let mut typed = String::new();
    match std::io::stdin().read_line(&mut typed) {
        Ok(_) => Ok(typed),
        Err(error) => Err(Problem::new("Nothing was erased.", format!("The system says: {error}."), "Try again.")),
    }
}

/// # Errors
/// The bench's own answer.
pub async fn import(config: &Config, from: &Path) -> Result<(), Problem> {
    ask(config, Command::Import { from: absolute(from)? }).await
}

/// # Errors
/// The bench's own answer.
pub async fn release(config: &Config, device: u64) -> Result<(), Problem> {
    ask(config, Command::Release { device: DeviceId(device) }).await
}

/// # Errors
/// The bench's own answer.
pub async fn tell(config: &Config, device: u64, order: OrderWord) -> Result<(), Problem> {
    let order = match order {
        OrderWord::PowerOff => Order::PowerOff,
        OrderWord::BootNext => Order::BootNext,
        OrderWord::SetClock => Order::SetClock,
        OrderWord::Stay => Order::Stay,
    };
    ask(config, Command::Order { device: DeviceId(device), order }).await
}

/// # Errors
/// The bench's own answer.
pub async fn same_laptop(config: &Config, device: u64) -> Result<(), Problem> {
    ask(config, Command::SameLaptop { device: DeviceId(device) }).await
}

/// # Errors
/// The bench's own answer.
pub async fn probe(config: &Config, device: u64, says: ProbeWord) -> Result<(), Problem> {
    let probe = match says {
        ProbeWord::Free => Probe::Free,
        ProbeWord::Ours => Probe::Ours,
        ProbeWord::OtherCompany => Probe::OtherTenant,
    };
    ask(config, Command::Probe { device: DeviceId(device), probe }).await
}

/// # Errors
/// The bench's own answer; a scan that says stop is one too, so that scripts hear it.
pub async fn scan(config: &Config, code: String, on: Option<u64>) -> Result<(), Problem> {
    match session::ask(config, Command::Scan { code, on: on.map(DeviceId) }, |_| ()).await? {
        Update::Scanned(answer) if answer.tone == Tone::Wrong => Err(Problem::new(
            format!("{}: {}", answer.title, answer.shown),
            answer.text,
            "Put the laptop aside until a person has looked at it.",
        )),
        Update::Scanned(answer) => print(&format!("{}: {}\n{}", answer.title, answer.shown, answer.text)),
        _ => Err(stopped()),
    }
}

/// # Errors
/// The bench's own answer.
pub async fn order(config: &Config, action: OrderAction) -> Result<(), Problem> {
    match action {
        OrderAction::Import { file, batch, customer } => {
            ask(config, Command::ImportOrder { from: absolute(&file)?, batch, customer }).await
        }
        OrderAction::List { json } => list_order(config, json).await,
    }
}

async fn list_order(config: &Config, json: bool) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    let Some(status) = bench.order_status() else {
        return print("The open batch has no order list. Import one: whiteglove order import FILE");
    };
    if json {
        return print_json(&status);
    }
    let head = ["serial", "product key id", "model", "state"].map(str::to_owned);
    let lines = status.lines.iter().map(|line| {
        let serial = line.expected.serial.as_ref().map_or_else(String::new, ToString::to_string);
        let key = line.expected.product_key_id.as_ref().map_or_else(String::new, ToString::to_string);
        let state = match line.state {
            LineState::Missing => "MISSING".to_owned(),
            LineState::Here { device } => format!("here, #{}", device.0),
        };
        [serial, key, line.expected.model.clone(), state]
    });
    let table = columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>());
    let of = status.customer.as_ref().map_or_else(String::new, |customer| format!(" for {customer}"));
    print(&format!("{table}\n{} of {} here{of}", status.here(), status.lines.len()))
}

pub(crate) async fn ask(config: &Config, command: Command) -> Result<(), Problem> {
    let mut meter = Meter::default();
    let show = |snapshot: &Snapshot| {
        if let Some(job) = snapshot.job.as_ref().filter(|job| job.outcome.is_none()) {
            meter.show(&job.progress);
        }
    };
    let answer = session::ask(config, command, show).await;
    meter.end();
    match answer? {
        Update::Done(words) => print(&words),
        _ => Ok(()),
    }
}

/// One line that tells how far a long task is; silent where nobody watches.
#[derive(Debug, Default)]
struct Meter {
    shown: bool,
    began: Option<(String, Instant)>,
}

impl Meter {
    fn show(&mut self, progress: &Progress) {
        if !std::io::stderr().is_terminal() || progress.total == 0 {
            return;
        }
        if self.began.as_ref().is_none_or(|(task, _)| *task != progress.task) {
            self.began = Some((progress.task.clone(), Instant::now()));
        }
        let percent = progress.done.saturating_mul(100) / progress.total;
        let seconds = self.began.as_ref().map_or(0, |(_, at)| at.elapsed().as_secs().max(1));
        let rate = progress.done / seconds.max(1) / 1_000_000;
        eprint!("\r\x1b[K{}: {percent}% of {} MB, {rate} MB/s", progress.task, progress.total / 1_000_000);
        self.shown = true;
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\x1b[K");
        }
    }
}

/// # Errors
/// Whatever the build finds wrong.
pub fn bootenv(config: &Config, action: BootenvAction) -> Result<(), Problem> {
    let environment = match action {
        BootenvAction::Build { root, agent, out, fast } => {
            let out = out.unwrap_or_else(|| config.boot_environment());
            if let Some(parent) = out.parent() {
                std::fs::create_dir_all(parent).map_err(|error| {
                    Problem::new(
                        format!("{} cannot be made.", parent.display()),
                        error.to_string(),
                        "Check its permissions.",
                    )
                })?;
            }
            let effort = if fast { Effort::Fast } else { Effort::Release };
            let inputs = BuildInputs { root: &root, agent: &agent, out: &out, effort };
            let mut meter = Meter::default();
            let mut watch = |progress: Progress| {
                meter.show(&progress);
                ControlFlow::Continue(())
            };
            let built = boot::build(&inputs, &mut watch).map_err(Problem::from)?;
            meter.end();
            built
        }
        BootenvAction::Check { out } => {
            BootEnv::open(&out.unwrap_or_else(|| config.boot_environment())).map_err(Problem::from)?
        }
    };
    let mut text = format!("{:<14} {:>12}  {:<18} {}\n", "file", "bytes", "sha256", "from");
    for file in environment.files() {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        text += &format!("{name:<14} {:>12}  {:<18} {}\n", file.size, hex::encode(&file.sha256[..8]), file.source);
    }
    let (size, budget) = (environment.initrd.size, environment.initrd_budget_bytes);
    text += &format!(
        "kernel {}, {} modules; initramfs {size} of {budget} bytes ({}% of its budget)",
        environment.kernel_release,
        environment.modules.len(),
        size * 100 / budget.max(1)
    );
    print(&text)
}

/// A bench of its own, below the real one's folder, on loopback only.
fn demo_config(config: &Config, args: &DemoArgs) -> Config {
    let place = match args.load {
        Some(_) => format!("load-{}", std::process::id()),
        None => "demo".to_owned(),
    };
    Config {
        bench: "demo".to_owned(),
        batch: "simulated".to_owned(),
        identity: config.identity,
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        advertise: vec![],
        mdns: false,
        state: config.state.join(place),
    }
}

/// # Errors
/// The demo bench cannot start.
pub async fn demo(config: &Config, args: DemoArgs) -> Result<(), Problem> {
    let config = demo_config(config, &args);
    // Every demonstration begins with an empty bench; nothing in here was ever real.
    let fresh = state::lock(&config.state)?.is_some();
    if fresh {
        for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
            drop(std::fs::remove_file(config.state.join(name)));
        }
    }
    let extent = if args.headless || args.load.is_some() { Extent::Headless } else { Extent::Board };
    let running = session::start(&config, extent).await?.ok_or_else(|| {
        Problem::new(
            "A demonstration runs already.",
            format!("Another process works in {}.", config.state.display()),
            "Close it first.",
        )
    })?;
    let card = issue_card(&running).await?;
    match args.load {
        Some(clients) => {
            let measured = load(card, &args, clients).await;
            running.finish().await?;
            drop(std::fs::remove_dir_all(&config.state));
            measured
        }
        None if args.headless => {
            simulate(card, &args, running.stop_token()).await;
            running.finish().await?;
            devices(&config, false).await
        }
        None => {
            let laptops = tokio::spawn(simulate(card, &args, running.stop_token()));
            let shown = crate::board::show_own(running).await;
            drop(laptops.await);
            shown
        }
    }
}

async fn issue_card(running: &Running) -> Result<MediaCard, Problem> {
    running.until_reachable().await?;
    let media = new_media_id()?;
    let (reply, card) = oneshot::channel();
    running.appliance.send(Input::IssueCard { media, reply }).await;
    card.await.unwrap_or_else(|_| Err(stopped()))
}

fn simulate(
    card: MediaCard,
    args: &DemoArgs,
    stop: tokio_util::sync::CancellationToken,
) -> impl Future<Output = ()> + Send + use<> {
    let (laptops, seed, over) = (args.laptops, args.seed, Duration::from_secs(args.over));
    let work = tokio::task::spawn_blocking(move || demo::run(&card, laptops, seed, over, &stop));
    async move { drop(work.await) }
}

async fn load(card: MediaCard, args: &DemoArgs, clients: usize) -> Result<(), Problem> {
    let (captures, seed) = (usize::try_from(args.laptops).unwrap_or(usize::MAX), args.seed);
    let work = tokio::task::spawn_blocking(move || demo::load::run(&card, captures, clients, seed));
    let measured = work.await.map_err(|_| stopped())?.map_err(|error| {
        Problem::new("The load run broke off.", format!("{error}."), "Look at the log above, then run it again.")
    })?;
    print(&format!(
        "{} captures of {} bytes, {} clients: {:.0} per second, median {:.2} ms, p99 {:.2} ms",
        measured.captures,
        measured.envelope_bytes,
        measured.clients,
        measured.per_second(),
        measured.percentile(500).as_secs_f64() * 1e3,
        measured.percentile(990).as_secs_f64() * 1e3,
    ))
}
