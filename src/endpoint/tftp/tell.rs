//! What becomes of transfers, as the board and a laptop's story show it.

use std::{net::Ipv4Addr, time::Duration};

use whiteglove_core::{
    clock::Moment,
    netboot::{Carrier, Seen, TransferView, Who},
    tftp::{Ended, ErrorCode, Stats},
};

use super::super::{missed::Missed, neighbours, reports::Reports};

const VIEWS_EVERY: Duration = Duration::from_millis(250);
/// A screen shows some dozens.
pub(super) const MOST_VIEWS: usize = 256;

pub(super) struct Teller {
    reports: Reports,
    interface: String,
    server: String,
    next_views: Moment,
    /// Whether the board still shows some.
    showing: bool,
    missed: Missed,
}

impl Teller {
    pub(super) fn new(reports: Reports, interface: &str, address: Ipv4Addr) -> Self {
        Self {
            reports,
            interface: interface.to_owned(),
            server: format!("tftp {interface} {address}"),
            next_views: Moment::default(),
            showing: false,
            missed: Missed::default(),
        }
    }

    pub(super) fn who(&self, client: Ipv4Addr) -> Who {
        neighbours::who_is_at(&self.interface, client)
    }

    pub(super) fn fetching(&self, who: Who, name: &str, size: u64) {
        self.saw(who, Seen::Fetching { name: name.to_owned(), size, by: Carrier::Tftp });
    }

    /// `why`: what we know better than the transfer.
    pub(super) fn ended(&self, who: Who, name: &str, ended: &Ended, why: Option<&str>, stats: &Stats, now: Moment) {
        let (name, size, by) = (name.to_owned(), stats.size, Carrier::Tftp);
        let broken =
            |how: &str| Seen::Broken { name: name.clone(), had: stats.confirmed, size, how: how.to_owned(), by };
        let seen = match ended {
            Ended::Delivered | Ended::Unconfirmed => {
                let millis = u64::try_from(now.since(stats.started).as_millis()).unwrap_or(u64::MAX);
                Seen::Fetched { name, size, millis, by }
            }
            Ended::Probe => Seen::Probed { name, size },
            Ended::Aborted { .. } | Ended::Silent | Ended::NoAnswer | Ended::Gone if why.is_some() => {
                broken(why.unwrap_or_default())
            }
            Ended::Aborted { code, text } => broken(&said(*code, text)),
            Ended::Silent => broken("it fell silent"),
            Ended::NoAnswer => broken("it never took our answer"),
            Ended::Gone => broken("it had closed its port"),
            // It asked twice before it began; nothing happened.
            Ended::Superseded if stats.confirmed == 0 => return,
            Ended::Superseded => broken("it began anew"),
        };
        self.saw(who, seen);
    }

    pub(super) fn not_there(&mut self, client: Ipv4Addr, name: &str, now: Moment) {
        if self.missed.is_news(client, name, now) {
            self.saw(self.who(client), Seen::NotThere { name: name.to_owned(), by: Carrier::Tftp });
        }
    }

    /// When the board wants to see them again; `None` while there is nothing to show.
    pub(super) fn views_due(&self, running: bool) -> Option<Moment> {
        (running || self.showing).then_some(self.next_views)
    }

    pub(super) fn views(&mut self, views: Vec<TransferView>, now: Moment) {
        self.next_views = now.after(VIEWS_EVERY);
        if self.showing || !views.is_empty() {
            self.showing = !views.is_empty();
            self.reports.transfers(&self.server, views);
        }
    }

    fn saw(&self, who: Who, seen: Seen) {
        self.reports.saw(&self.interface, who, seen);
    }
}

fn said(code: ErrorCode, text: &str) -> String {
    match text.is_empty() {
        true => format!("it stopped with error {}", code.number()),
        false => format!("it stopped with error {} ({text})", code.number()),
    }
}
