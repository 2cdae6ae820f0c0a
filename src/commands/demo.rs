//! `whiteglove demo`: a bench with simulated laptops.

use std::time::Duration;

use tokio::sync::oneshot;
use whiteglove_core::{media_card::MediaCard, problem::Problem};

use super::{devices, print};
use crate::{
    appliance::{Input, new_media_id, stopped},
    cli::DemoArgs,
    config::Config,
    demo,
    endpoint::Reports,
    session::{self, Extent, Running},
    state,
};

/// A bench of its own, below the real one's folder, on loopback only.
fn demo_config(config: &Config, args: &DemoArgs) -> Config {
    let place = match args.load {
        Some(_) => format!("load-{}", std::process::id()),
        None => "demo".to_owned(),
    };
    Config {
        // Simulated laptops are never registered; nobody outside is asked.
        network_test: crate::nettest::Plan { hosts: vec![], time_server: String::new() },
        operator: None,
        bench: "demo".to_owned(),
        batch: "simulated".to_owned(),
        customer: None,
        identity: config.identity,
        boot: config.boot,
        // A rehearsal never speaks to a real network.
        netboot: vec![],
        simulated: true,
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        advertise: vec![],
        mdns: false,
        clouds: crate::config::Clouds::default(),
        state: config.state.join(place),
    }
}

/// # Errors
/// The demo bench cannot start.
pub async fn demo(real: &Config, args: DemoArgs) -> Result<(), Problem> {
    let config = demo_config(real, &args);
    // Every demonstration begins with an empty bench; nothing in here was ever real.
    let fresh = state::lock(&config.state)?.is_some();
    if fresh {
        for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
            drop(std::fs::remove_file(config.state.join(name)));
        }
        for name in ["media", "sticks"] {
            drop(std::fs::remove_dir_all(config.state.join(name)));
        }
        // Images of the demonstration are built from what the real ones are built from; without it the bench says
        // what to do.
        let (lent, here) = (real.boot_environment(), config.boot_environment());
        if lent.exists() && !here.exists() {
            drop(std::os::unix::fs::symlink(lent, here));
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
            simulate(card, &args, None, running.stop_token()).await;
            running.finish().await?;
            devices(&config, false).await
        }
        None => {
            let reports = Reports::new(running.appliance.inbox.clone());
            let laptops = tokio::spawn(simulate(card, &args, Some(reports), running.stop_token()));
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
    reports: Option<Reports>,
    stop: tokio_util::sync::CancellationToken,
) -> impl Future<Output = ()> + Send + use<> {
    let (laptops, seed, over) = (args.laptops, args.seed, Duration::from_secs(args.over));
    let work = tokio::task::spawn_blocking(move || demo::run(&card, laptops, seed, over, reports.as_ref(), &stop));
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
