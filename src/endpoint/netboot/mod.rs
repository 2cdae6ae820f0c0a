//! DHCP on the networks of this machine: beside another server (proxyDHCP), or as the bench's own.
//!
//! Only what somebody turned on is served; every other interface is silent. Each served interface has sockets, a
//! task and a TFTP server of its own, and what fails on one disturbs no other. What fails is tried again by itself:
//! adapters are plugged in and pulled out on a bench.

mod addresses;
mod heard;
mod inspect;
mod interfaces;
mod look;
mod menu;
mod own;
mod port;
mod probe;
mod problems;
mod sockets;

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant},
};

use rand_core::TryRng;
use tokio::{
    sync::{OnceCell, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use whiteglove_core::{
    dhcp::reply::{Manner, Server},
    identity::Mac,
    netboot::{BootTable, Mode, PortState, PortView},
    problem::Problem,
};

pub(super) use self::inspect::inspect;
use self::{
    heard::Heard,
    interfaces::Interface,
    look::Look,
    menu::Menu,
    own::Own,
    port::{Counters, Port, Status},
    sockets::Sockets,
};
use super::{catalogue::Catalogue, reports::Reports, tftp};
use crate::{
    appliance::Appliance,
    config::{Config, NetbootPort},
    journal::{self, Ledger},
};

/// A cable is plugged in, and the board says so at the next glance.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A port that another program has, or that lacks a privilege.
const TRY_AGAIN: Duration = Duration::from_secs(5);
const TFTP: u16 = 69;

pub(super) async fn serve(
    appliance: Appliance,
    config: Config,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    http_port: u16,
    stop: CancellationToken,
) {
    let (ours, _) = watch::channel(Arc::default());
    let mut supervisor = Supervisor {
        reports: Reports::new(appliance.inbox.clone()),
        boots: appliance.boots.clone(),
        catalogue,
        http_port,
        config,
        ledger: OnceCell::new(),
        ours,
        ports: BTreeMap::new(),
        told: Vec::new(),
    };
    let mut plan = appliance.netboot.clone();
    loop {
        let known = Arc::clone(&plan.borrow_and_update());
        supervisor.reconcile(&known.ports).await;
        let changed = tokio::select! {
            () = stop.cancelled() => false,
            changed = plan.changed() => changed.is_ok(),
            () = supervisor.news() => true,
            () = tokio::time::sleep(LOOK_EVERY) => true,
        };
        if !changed {
            break;
        }
    }
    for (_, port) in std::mem::take(&mut supervisor.ports) {
        port.end().await;
    }
}

struct Supervisor {
    config: Config,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    boots: watch::Receiver<Arc<BootTable>>,
    http_port: u16,
    reports: Reports,
    /// Opened for the first network of our own.
    ledger: OnceCell<Ledger>,
    ours: watch::Sender<Arc<Vec<Ipv4Addr>>>,
    ports: BTreeMap<String, Active>,
    told: Vec<PortView>,
}

/// What a port is made of; another one when any of it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Made {
    of: NetbootPort,
    index: u32,
    mac: Mac,
    address: (Ipv4Addr, u8),
}

enum Active {
    Running(Box<Running>),
    Failed(Box<Failed>),
}

struct Failed {
    made: Made,
    problem: Problem,
    since: Instant,
}

struct Running {
    made: Made,
    stop: CancellationToken,
    task: JoinHandle<()>,
    status: watch::Receiver<Status>,
    /// Whether a cable is in.
    link: watch::Sender<bool>,
    tftp: tftp::Tftp,
}

impl Active {
    fn made(&self) -> &Made {
        match self {
            Self::Running(running) => &running.made,
            Self::Failed(failed) => &failed.made,
        }
    }

    /// Returns when its sockets are closed, so that the next can have them.
    async fn end(self) {
        if let Self::Running(running) = self {
            let Running { stop, task, tftp, .. } = *running;
            stop.cancel();
            let _ = task.await;
            // It waits for its thread.
            let _ = tokio::task::spawn_blocking(move || drop(tftp)).await;
        }
    }
}

impl Supervisor {
    /// Returns when a port that runs has something to say.
    async fn news(&mut self) {
        let waits = self.ports.values_mut().filter_map(|port| match port {
            Active::Running(running) => Some(Box::pin(async { running.status.changed().await.is_ok() })),
            Active::Failed(_) => None,
        });
        let waits: Vec<_> = waits.collect();
        if waits.is_empty() {
            return std::future::pending().await;
        }
        let (is_alive, ..) = futures_util::future::select_all(waits).await;
        // One that ended by a defect of its own is looked at with the others, once a second.
        if !is_alive {
            std::future::pending::<()>().await;
        }
    }

    async fn reconcile(&mut self, plan: &[(NetbootPort, Option<Mode>)]) {
        let all = match interfaces::list() {
            Ok(all) => all,
            Err(error) => {
                tracing::warn!(problem = %problems::no_list(&error), "interfaces");
                return;
            }
        };
        let addresses = all.iter().flat_map(|interface| &interface.addresses).map(|(address, _)| *address);
        let addresses = Arc::new(addresses.collect::<Vec<_>>());
        if **self.ours.borrow() != *addresses {
            self.ours.send_replace(addresses);
        }
        let wanted: BTreeMap<String, Made> =
            plan.iter().filter_map(|(port, _)| Some((port.interface.clone(), made(port, &all).ok()?))).collect();
        let gone = |name: &String, port: &Active| match wanted.get(name) {
            None => true,
            Some(made) => made != port.made() || port.is_to_be_made_again(),
        };
        let names = self.ports.iter().filter(|(name, port)| gone(name, port)).map(|(name, _)| name.clone());
        for name in names.collect::<Vec<_>>() {
            if let Some(port) = self.ports.remove(&name) {
                port.end().await;
            }
        }
        for (name, made) in wanted {
            let link = all.iter().any(|interface| interface.name == name && interface.link != Some(false));
            match self.ports.get(&name) {
                Some(Active::Running(running)) => {
                    running.link.send_if_modified(|known| std::mem::replace(known, link) != link);
                }
                Some(Active::Failed(_)) => {}
                None => {
                    let active = self.start(made, link).await;
                    self.ports.insert(name, active);
                }
            }
        }
        self.publish(plan, &all);
    }

    async fn start(&self, made: Made, link: bool) -> Active {
        let (link, link_seen) = watch::channel(link);
        match self.open(&made, link_seen).await {
            Ok((port, status, tftp)) => {
                let Made { of, address: (address, prefix), .. } = &made;
                tracing::info!(interface = of.interface, %address, prefix, mode = of.mode.word(), "serves network boot");
                let stop = CancellationToken::new();
                let task = tokio::spawn(port.run(stop.clone()));
                Active::Running(Box::new(Running { made, stop, task, status, link, tftp }))
            }
            Err(problem) => {
                tracing::warn!(%problem, "network boot");
                Active::Failed(Box::new(Failed { made, problem, since: Instant::now() }))
            }
        }
    }

    async fn open(
        &self,
        made: &Made,
        link: watch::Receiver<bool>,
    ) -> Result<(Port, watch::Receiver<Status>, tftp::Tftp), Problem> {
        let Made { of, index, mac, address: (address, prefix) } = made;
        let interface = &of.interface;
        let server = Server { address: *address, http_port: self.http_port };
        let own = match of.mode {
            Mode::Own => {
                let (pool, ends) = addresses::pool(&of.addresses, server, *prefix)
                    .map_err(|bad| problems::bad_pool(interface, bad, made.address))?;
                let ledger = self.ledger.get_or_try_init(|| self.open_ledger()).await?.clone();
                Some(Own::open(interface, pool, ends, of.delay, ledger).await?)
            }
            Mode::Off | Mode::Proxy => None,
        };
        let sockets =
            Sockets::open(interface, *index, *address).map_err(|failed| problems::not_bound(interface, &failed))?;
        let tftp = tftp::start(interface, *address, TFTP, self.catalogue.clone(), self.reports.clone())
            .map_err(|error| problems::no_tftp(interface, error))?;
        let now = Instant::now();
        let transaction = getrandom::SysRng.try_next_u32().unwrap_or(1);
        let state = if own.is_some() { PortState::Looking } else { PortState::Serving };
        let pool = own.as_ref().map(|own| own.ends);
        let (status, seen) = watch::channel(Status { state, pool, leases: 0, asked: 0, answered: 0 });
        let port = Port {
            interface: interface.clone(),
            server,
            manner: Manner { skip_boot_server: of.skip_boot_server, delay: of.delay },
            sockets,
            menu: Menu::new(self.catalogue.clone(), self.boots.clone()),
            heard: Heard::new(now),
            look: Look::new(*mac, of.mode, transaction, now),
            own,
            reports: self.reports.clone(),
            ours: self.ours.subscribe(),
            link,
            status,
            counters: Counters::default(),
        };
        Ok((port, seen, tftp))
    }

    async fn open_ledger(&self) -> Result<Ledger, Problem> {
        Ledger::open(&journal::path_in(&self.config.state)).await
    }

    fn publish(&mut self, plan: &[(NetbootPort, Option<Mode>)], all: &[Interface]) {
        let views = views(plan, all, |name| self.ports.get(name).map(Active::status));
        if views != self.told && self.reports.ports(views.clone()) {
            self.told = views;
        }
    }
}

impl Active {
    /// After a while, or at once if it ended by a defect of its own.
    fn is_to_be_made_again(&self) -> bool {
        match self {
            Self::Running(running) => running.task.is_finished(),
            Self::Failed(failed) => failed.since.elapsed() >= TRY_AGAIN,
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::Running(running) => running.status.borrow().clone(),
            Self::Failed(failed) => Status::of(PortState::Failed(failed.problem.clone())),
        }
    }
}

/// What a port would be made of, if it can be made now.
fn made(port: &NetbootPort, all: &[Interface]) -> Result<Made, PortState> {
    let name = port.interface.as_str();
    let waiting = |problem| Err(PortState::Waiting(problem));
    if port.mode == Mode::Off {
        return Err(PortState::Off);
    }
    let Some(interface) = all.iter().find(|interface| interface.name == name) else {
        return waiting(problems::no_such(name, all));
    };
    if !interface.up {
        return waiting(problems::switched_off(name));
    }
    let Some(address) = interface.addresses.first() else {
        return waiting(match interface.link {
            // A DHCP client gives it one when the cable is in.
            Some(false) if port.mode == Mode::Proxy => problems::no_cable(name),
            _ => problems::no_address(name, port.mode, all),
        });
    };
    Ok(Made { of: port.clone(), index: interface.index, mac: interface.mac, address: *address })
}

/// All ports in the order of the system; behind them those that are named and not there.
fn views(
    plan: &[(NetbootPort, Option<Mode>)],
    all: &[Interface],
    status: impl Fn(&str) -> Option<Status>,
) -> Vec<PortView> {
    let planned = |name: &str| plan.iter().find(|(port, _)| port.interface == name);
    let there = all.iter().filter(|interface| !interface.is_virtual() || planned(&interface.name).is_some());
    let there = there.map(|interface| (interface.name.as_str(), Some(interface)));
    let missing = plan.iter().map(|(port, _)| port).filter(|port| port.mode != Mode::Off);
    let missing = missing.filter(|port| all.iter().all(|interface| interface.name != port.interface));
    let all_of_them = there.chain(missing.map(|port| (port.interface.as_str(), None)));
    let view = |(name, interface): (&str, Option<&Interface>)| {
        let silent = (NetbootPort::silent(name), None);
        let (port, configured) = planned(name).unwrap_or(&silent);
        let status = match made(port, all) {
            Err(state) => Status::of(state),
            Ok(_) => status(name).unwrap_or_else(|| Status::of(PortState::Looking)),
        };
        // Sockets stay open without a cable, and transfers go on when it is back in; a person is told all the same.
        let state = match status.state {
            PortState::Failed(problem) => PortState::Failed(problem),
            PortState::Off => PortState::Off,
            _ if interface.is_some_and(|interface| interface.link == Some(false)) => {
                PortState::Waiting(problems::no_cable(name))
            }
            state => state,
        };
        PortView {
            interface: name.to_owned(),
            mode: port.mode,
            configured: *configured,
            state,
            link: interface.and_then(|interface| interface.link),
            address: interface.and_then(|interface| interface.addresses.first().copied()),
            pool: status.pool,
            leases: status.leases,
            asked: status.asked,
            answered: status.answered,
        }
    };
    all_of_them.map(view).collect()
}
