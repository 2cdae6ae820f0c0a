//! Arguments in, exit code out.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use tracing_subscriber::EnvFilter;
use whiteglove::{
    board,
    cli::{Action, Cli, DemoArgs, JournalAction},
    commands,
    config::Config,
    hashes,
};
use whiteglove_core::problem::Problem;

#[tokio::main]
async fn main() -> ExitCode {
    // Journal, key, socket and log are the bench's own; images are made readable by who wants to share them.
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
    leave_no_core();
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nowhere left to complain if this fails.
            let _ = writeln!(std::io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Memory holds tokens and the keys of customers. A crash must not write it to a disk, nor may another program of the
/// same user read it or what it was started with.
fn leave_no_core() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Each alone prevents it; a kernel that knows neither is no reason not to start.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

async fn run(cli: Cli) -> Result<(), Problem> {
    let config = Config::load(cli.config.as_deref(), cli.state)?;
    let on_screen = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let board_shown = match &cli.command {
        None | Some(Action::Attach) => on_screen,
        Some(Action::Demo(DemoArgs { headless, load, .. })) => on_screen && !headless && load.is_none(),
        Some(_) => false,
    };
    start_log(&config, board_shown);
    match cli.command {
        None if on_screen => board::open(&config).await,
        None | Some(Action::Serve) => commands::serve(&config).await,
        Some(Action::Attach) => board::attach(&config).await,
        Some(Action::Devices { json }) => commands::devices(&config, json).await,
        Some(Action::Journal(JournalAction::Verify)) => commands::verify_journal(&config).await,
        Some(Action::Media(action)) => commands::media(&config, action).await,
        Some(Action::Import { from, erase: true, name }) => commands::collect(&config, &from, name).await,
        Some(Action::Import { from, .. }) => commands::import(&config, &from).await,
        Some(Action::Release { device }) => commands::release(&config, device).await,
        Some(Action::Tell { device, order }) => commands::tell(&config, device, order).await,
        Some(Action::Answer(action)) => commands::answer(&config, action).await,
        Some(Action::Customer(action)) => commands::customer(&config, action).await,
        Some(Action::Secret(action)) => commands::secret(&config, action).await,
        Some(Action::SignIn(args)) => commands::sign_in(&config, args).await,
        Some(Action::Batch(action)) => commands::batch(&config, action).await,
        Some(Action::Order(action)) => commands::order(&config, action).await,
        Some(Action::Scan { code, on }) => commands::scan(&config, code, on).await,
        Some(Action::Probe { device, says }) => commands::probe(&config, device, says).await,
        Some(Action::SameLaptop { device }) => commands::same_laptop(&config, device).await,
        Some(Action::Netboot(action)) => commands::netboot(&config, action).await,
        Some(Action::Handover(action)) => commands::handover(&config, action).await,
        Some(Action::Register { devices, by }) => commands::register(&config, devices, by).await,
        Some(Action::Registration(action)) => commands::registration(&config, action).await,
        Some(Action::Tenant(action)) => commands::tenant(&config, action).await,
        Some(Action::Profile(action)) => commands::profile(&config, action).await,
        Some(Action::Export(args)) => commands::export(&config, args).await,
        Some(Action::Explain { codes, all, json }) => commands::explain(&codes, all, json),
        Some(Action::Doctor) => commands::doctor(&config).await,
        Some(Action::Hash(action)) => hashes::run(&config, action).await,
        Some(Action::Demo(args)) => {
            let headless = args.headless || !on_screen;
            commands::demo(&config, DemoArgs { headless, ..args }).await
        }
        Some(Action::Bootenv(action)) => commands::bootenv(&config, action),
        Some(Action::Box(action)) => commands::bench_box(action),
    }
}

/// To stderr, or to a file while the board has the screen. `RUST_LOG` chooses how much.
fn start_log(config: &Config, board_shown: bool) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(if board_shown { "info" } else { "info,mdns_sd=error" }));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    if !board_shown {
        return log.with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr).init();
    }
    let path = config.state.join("whiteglove.log");
    let file = std::fs::create_dir_all(&config.state)
        .and_then(|()| std::fs::OpenOptions::new().create(true).append(true).open(path));
    if let Ok(file) = file {
        log.with_ansi(false).with_writer(std::sync::Mutex::new(file)).init();
    }
}
