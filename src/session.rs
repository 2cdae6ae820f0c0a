//! One run of the program: the appliance in this process, or a line to the one that already runs.

use std::{io::ErrorKind, sync::Arc};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    control::{Command, Sheet, Snapshot, Update},
    device::DeviceId,
    problem::Problem,
};

use crate::{
    appliance::{Appliance, FrontEnd, Input, stopped},
    attach::{self, Attached, Link},
    config::Config,
    endpoint, registrar,
    state::{self, StateLock},
};

/// Within which a bench that works shows itself.
const LOOK_TIME: std::time::Duration = std::time::Duration::from_secs(2);

/// How much of the appliance to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Endpoint and control socket; a taken port is reported and tried again.
    Board,
    /// Endpoint and control socket; a taken port is the end.
    Headless,
    /// Just the bench, for one command.
    Quiet,
}

/// An appliance in this process.
#[derive(Debug)]
pub struct Running {
    pub appliance: Appliance,
    stop: CancellationToken,
    /// `None` once it has ended.
    owner: Option<JoinHandle<Result<(), Problem>>>,
    servers: Vec<JoinHandle<Result<(), Problem>>>,
    _lock: StateLock,
}

/// `Ok(None)`: another whiteglove works in this state folder.
///
/// # Errors
/// Whatever keeps the appliance from starting.
pub async fn start(config: &Config, extent: Extent) -> Result<Option<Running>, Problem> {
    let Some(lock) = state::lock(&config.state)? else { return Ok(None) };
    let (appliance, owner) = Appliance::start(config).await?;
    let stop = CancellationToken::new();
    let mut servers = Vec::new();
    if extent != Extent::Quiet {
        let persist = extent == Extent::Board;
        servers.push(tokio::spawn(endpoint::serve(appliance.clone(), config.clone(), persist, stop.clone())));
        servers.push(tokio::spawn(registrar::run(appliance.clone(), stop.clone())));
        let (path, appliance, stop) = (config.control_socket(), appliance.clone(), stop.clone());
        servers.push(tokio::spawn(async move { attach::serve(&path, appliance, stop).await }));
    }
    Ok(Some(Running { appliance, stop, owner: Some(owner), servers, _lock: lock }))
}

impl Running {
    /// Returns when a signal, the disk or a server that failed ends the work.
    ///
    /// # Errors
    /// What ended it, if it was not a signal.
    pub async fn until_stopped(mut self) -> Result<(), Problem> {
        let Some(mut owner) = self.owner.take() else { return Ok(()) };
        let mut servers = futures_util::future::select_all(std::mem::take(&mut self.servers));
        let ended = tokio::select! {
            () = signalled() => Ok(()),
            ended = &mut owner => {
                self.servers = servers.into_inner();
                return flatten(ended).and(self.finish().await);
            }
            (ended, _, others) = &mut servers => {
                (self.servers, self.owner) = (others, Some(owner));
                return flatten(ended).and(self.finish().await);
            }
        };
        (self.servers, self.owner) = (servers.into_inner(), Some(owner));
        self.finish().await.and(ended)
    }

    /// Ends the servers, then the owner, so that what they accepted is written.
    ///
    /// # Errors
    /// The owner had ended, or ends now, because its disk failed.
    pub async fn finish(self) -> Result<(), Problem> {
        self.stop.cancel();
        for server in self.servers {
            // A laptop that waits for orders is answered at once; nobody else holds a server up for long.
            drop(tokio::time::timeout(std::time::Duration::from_secs(2), server).await);
        }
        self.appliance.send(Input::Stop).await;
        match self.owner {
            Some(owner) => flatten(owner.await),
            None => Ok(()),
        }
    }

    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// A snapshot in which the endpoint is up.
    ///
    /// # Errors
    /// The endpoint cannot come up.
    pub async fn until_reachable(&self) -> Result<Arc<Snapshot>, Problem> {
        let mut snapshots = self.appliance.snapshots.clone();
        let seen = snapshots.wait_for(|now| !now.endpoints.is_empty() || now.endpoint_problem.is_some()).await;
        let seen = Arc::clone(&*seen.map_err(|_| stopped())?);
        seen.endpoint_problem.clone().map_or(Ok(seen), Err)
    }
}

fn flatten(joined: Result<Result<(), Problem>, tokio::task::JoinError>) -> Result<(), Problem> {
    joined.unwrap_or_else(|error| {
        Err(Problem::new(
            "whiteglove stopped by a defect of its own.",
            format!("{error}."),
            "Start it again; nothing that was acknowledged is lost. Please report this.",
        ))
    })
}

/// Returns when the system or a person tells the process to end.
pub async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}

/// A line to the bench that runs in another process.
///
/// # Errors
/// It does not answer.
pub async fn attach_to(config: &Config) -> Result<Link, Problem> {
    Attached::connect(&config.control_socket()).await.map(Link::There).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                "It is busy with one command and does not take a second.".to_owned()
            }
            _ => format!("The system says: {error}."),
        };
        Problem::new(
            format!("Another whiteglove works in {} and does not answer.", config.state.display()),
            why,
            "Wait a moment and try again, or name another folder: whiteglove --state DIR.",
        )
    })
}

/// What the bench shows now, and one of its devices if it is asked for. Only a bench that serves has seen a network.
///
/// # Errors
/// None runs.
pub async fn look(config: &Config, device: Option<DeviceId>) -> Result<(Arc<Snapshot>, Option<Arc<Sheet>>), Problem> {
    let mut link = attach_to(config).await.map_err(|problem| match config.control_socket().exists() {
        true => problem,
        false => Problem::new(
            "No bench runs here.",
            format!("Nothing serves from {}.", config.state.display()),
            "Start `whiteglove` or `whiteglove serve`, or name another folder: whiteglove --state DIR.",
        ),
    })?;
    link.send(Command::Watch(device)).await;
    let (mut snapshot, mut sheet) = (None, None);
    let seen = async {
        while snapshot.is_none() || device.is_some() && sheet.is_none() {
            match link.next().await {
                None => return Err(stopped()),
                Some(Update::Snapshot(seen)) => snapshot = Some(seen),
                Some(Update::Watched(seen)) => sheet = seen,
                Some(_) => {}
            }
        }
        Ok(())
    };
    let in_time = tokio::time::timeout(LOOK_TIME, seen).await;
    match (in_time, snapshot, device) {
        (Ok(Err(problem)), ..) => Err(problem),
        (Ok(Ok(())), Some(snapshot), _) => Ok((snapshot, sheet)),
        // A device that is there is shown at once.
        (Err(_), Some(_), Some(device)) => Err(Problem::new(
            format!("There is no device #{} on this bench.", device.0),
            "Nothing with that number has arrived.",
            "`whiteglove devices` lists the ones that have.",
        )),
        _ => Err(Problem::new(
            "The bench does not answer.",
            "It said nothing for two seconds.",
            "Look at its board; if it stands still, stop it and start it again. Nothing that was acknowledged is lost.",
        )),
    }
}

/// Asks one thing of the bench, wherever it runs, and waits for its answer.
///
/// # Errors
/// The bench's own answer, or that there is none.
pub async fn ask(config: &Config, command: Command, watch: impl FnMut(&Snapshot)) -> Result<Update, Problem> {
    let mut bench = converse(config).await?;
    let answer = ask_over(&mut bench.link, command, watch).await;
    bench.finish().await?;
    answer
}

/// Several questions in a row.
#[derive(Debug)]
pub struct Conversation {
    link: Link,
    first: Option<Arc<Snapshot>>,
    /// `None`: it runs in another process.
    running: Option<Running>,
}

/// # Errors
/// The bench cannot be started, nor reached.
pub async fn converse(config: &Config) -> Result<Conversation, Problem> {
    Ok(match start(config, Extent::Quiet).await? {
        Some(running) => {
            let link = Link::Here(FrontEnd::attach(&running.appliance).await);
            Conversation { link, first: None, running: Some(running) }
        }
        None => Conversation { link: attach_to(config).await?, first: None, running: None },
    })
}

impl Conversation {
    /// It serves, and goes on after us.
    pub fn is_elsewhere(&self) -> bool {
        self.running.is_none()
    }

    /// # Errors
    /// The bench's own answer, or that there is none.
    pub async fn ask(&mut self, command: Command) -> Result<String, Problem> {
        match ask_over(&mut self.link, command, |_| ()).await? {
            Update::Done(words) => Ok(words),
            _ => Ok(String::new()),
        }
    }

    /// What it shows when one comes to it.
    ///
    /// # Errors
    /// It has stopped.
    pub async fn first(&mut self) -> Result<Arc<Snapshot>, Problem> {
        if let Some(first) = &self.first {
            return Ok(Arc::clone(first));
        }
        let first = self.until(|snapshot| Some(Arc::new(snapshot.clone()))).await?;
        self.first = Some(Arc::clone(&first));
        Ok(first)
    }

    /// Looks at what it shows until that is what was waited for.
    ///
    /// # Errors
    /// It has stopped.
    pub async fn until<T>(&mut self, mut found: impl FnMut(&Snapshot) -> Option<T>) -> Result<T, Problem> {
        loop {
            match self.link.next().await {
                None => return Err(stopped()),
                Some(Update::Snapshot(snapshot)) => {
                    if let Some(found) = found(&snapshot) {
                        return Ok(found);
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// # Errors
    /// It was in this process, and its disk failed.
    pub async fn finish(self) -> Result<(), Problem> {
        match self.running {
            Some(running) => running.finish().await,
            None => Ok(()),
        }
    }
}

async fn ask_over(link: &mut Link, command: Command, mut watch: impl FnMut(&Snapshot)) -> Result<Update, Problem> {
    link.send(command).await;
    loop {
        match link.next().await {
            None => return Err(stopped()),
            Some(Update::Snapshot(snapshot)) => watch(&snapshot),
            Some(Update::Watched(_) | Update::Looked { .. }) => {}
            Some(Update::Problem(problem)) => return Err(problem),
            Some(
                answer @ (Update::Done(_)
                | Update::Tenant(_)
                | Update::Disks(_)
                | Update::Planned(_)
                | Update::Scanned(_)),
            ) => {
                return Ok(answer);
            }
        }
    }
}
