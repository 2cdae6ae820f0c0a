//! The networks as a bench would find them, without one that runs: everything is bound and let go again, and
//! other servers are asked once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand_core::TryRng;
use whiteglove_core::{
    dhcp::reply::Server,
    netboot::{Mode, NetworkView, PortState, RivalView},
};

use super::{
    Made, Status, TFTP, addresses, interfaces,
    look::Look,
    made, port, problems,
    sockets::{self, Sockets},
    views,
};
use crate::{clock::now, config::NetbootPort};

/// Most servers answer at once; dnsmasq pings an address for three seconds before it offers it.
const PATIENCE: Duration = Duration::from_secs(4);

pub(in crate::endpoint) async fn inspect(plan: &[(NetbootPort, Option<Mode>)]) -> NetworkView {
    let Ok(all) = interfaces::list() else { return NetworkView::default() };
    let ours: Vec<_> = all.iter().flat_map(|interface| &interface.addresses).map(|(address, _)| *address).collect();
    let ours = Arc::new(ours);
    let made: Vec<_> = plan.iter().filter_map(|(port, _)| made(port, &all).ok()).collect();
    // All at once: each waits for answers.
    let found = futures_util::future::join_all(made.iter().map(|made| one(made, &ours))).await;
    let mut rivals = Vec::new();
    let mut states: Vec<(&str, Status)> = Vec::new();
    for (made, (status, seen)) in made.iter().zip(found) {
        states.push((&made.of.interface, status));
        rivals.extend(seen);
    }
    let status = |name: &str| states.iter().find(|(port, _)| *port == name).map(|(_, status)| status.clone());
    NetworkView { ports: views(plan, &all, status), rivals, ..NetworkView::default() }
}

async fn one(made: &Made, ours: &[std::net::Ipv4Addr]) -> (Status, Vec<RivalView>) {
    let Made { of, index, mac, address: (address, prefix) } = made;
    let interface = of.interface.as_str();
    let failed = |problem| (Status::of(PortState::Failed(problem)), Vec::new());
    let mut status = Status::of(PortState::Serving);
    if of.mode == Mode::Own {
        match addresses::pool(&of.addresses, Server { address: *address, http_port: 0 }, *prefix) {
            Ok((_, ends)) => status.pool = Some(ends),
            Err(bad) => return failed(problems::bad_pool(interface, bad, made.address)),
        }
    }
    let sockets = match Sockets::open(interface, *index, *address) {
        Ok(sockets) => sockets,
        Err(not_bound) => return failed(problems::not_bound(interface, &not_bound)),
    };
    if let Err(error) = sockets::can_bind(interface, *address, TFTP) {
        return failed(problems::no_tftp(interface, error));
    }
    let began = Instant::now();
    let transaction = getrandom::SysRng.try_next_u32().unwrap_or(1);
    let mut look = Look::new(*mac, of.mode, transaction, began);
    let mut buffer = vec![0; port::LONGEST];
    while began.elapsed() < PATIENCE {
        for question in look.questions(Instant::now()) {
            // Who cannot ask hears nobody, and a bench that runs would say the same.
            let _ = sockets.ask(&question);
        }
        let wake = tokio::time::Instant::from_std(look.due().min(began + PATIENCE));
        if tokio::time::timeout_at(wake, sockets.answers.readable()).await.is_ok() {
            while let Some((length, _)) = port::receive(&sockets.answers, &mut buffer) {
                look.hear(buffer.get(..length).unwrap_or_default(), ours, now());
            }
        }
    }
    if of.mode == Mode::Own
        && let Some(server) = look.gives_addresses(now())
    {
        status.state = PortState::Beside(server);
    }
    (status, look.views(interface))
}
