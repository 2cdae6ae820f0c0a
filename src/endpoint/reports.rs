//! What servers tell the owner of the bench. They never wait for it: a flood on the wire must stop neither
//! a server nor a laptop that hands in its capture, so what does not fit is dropped and counted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc;
use whiteglove_core::{
    clock::Moment,
    netboot::{PortView, RivalView, Seen, Sighting, TransferView, Who},
};

use crate::{
    appliance::{Input, Wire},
    clock::now,
};

#[derive(Debug, Clone)]
pub(crate) struct Reports {
    inbox: mpsc::Sender<Input>,
    dropped: Arc<AtomicU64>,
}

impl Reports {
    pub(crate) fn new(inbox: mpsc::Sender<Input>) -> Self {
        Self { inbox, dropped: Arc::default() }
    }

    /// Something was seen now, on this interface.
    pub(crate) fn saw(&self, port: &str, who: Who, seen: Seen) {
        self.saw_at(now(), port, who, seen);
    }

    pub(crate) fn saw_at(&self, at: Moment, port: &str, who: Who, seen: Seen) {
        self.send(Wire::Seen(Sighting { at, port: port.to_owned(), who, seen }));
    }

    /// All ports as they are now, in the order of the system. Whether that was taken: else it is to be said again.
    pub(crate) fn ports(&self, ports: Vec<PortView>) -> bool {
        self.send(Wire::Ports(ports))
    }

    /// All other servers on this port. Whether that was taken.
    pub(crate) fn rivals(&self, port: &str, rivals: Vec<RivalView>) -> bool {
        self.send(Wire::Rivals { port: port.to_owned(), rivals })
    }

    /// All transfers of one server; `server` names it among the others.
    pub(crate) fn transfers(&self, server: &str, transfers: Vec<TransferView>) {
        self.send(Wire::Transfers { server: server.to_owned(), transfers });
    }

    fn send(&self, wire: Wire) -> bool {
        let taken = self.inbox.try_send(Input::Wire(wire)).is_ok();
        if !taken {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            if dropped.is_power_of_two() {
                tracing::warn!(dropped, "more is seen on the wire than can be shown");
            }
        }
        taken
    }
}
