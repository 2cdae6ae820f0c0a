//! What servers see of laptops on the wire, joined with what the journal knows of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::watch;
use whiteglove_core::{
    bench::Bench,
    clock::Moment,
    control::Sheet,
    device::DeviceId,
    identity::Identity,
    media_card::MediaCard,
    netboot::{
        Around, BootTable, Mode, NetworkView, PortView, Program, RivalView, Seen, Sighting, Standing, Stories, Story,
        TransferView, Who, first_file,
    },
    problem::Problem,
    record::Record,
};

use super::{Owner, Then};
use crate::{
    config::{Config, NetbootPort},
    endpoint,
};

/// A server that gave an address within this time still does.
const LATELY: Duration = Duration::from_secs(600);

/// What a server reports.
#[derive(Debug, Clone)]
pub enum Wire {
    Seen(Sighting),
    Ports(Vec<PortView>),
    Rivals { port: String, rivals: Vec<RivalView> },
    Transfers { server: String, transfers: Vec<TransferView> },
}

/// How the servers are to serve.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetbootPlan {
    /// Interfaces that somebody said something about; every other is silent.
    pub ports: Vec<(NetbootPort, Option<Mode>)>,
    /// What laptops of the open batch get as `boot/media.cpio`; none while nothing serves.
    pub card: Option<MediaCard>,
}

/// The owner's side of the wire.
pub(super) struct Network {
    stories: Stories,
    ports: Vec<PortView>,
    rivals: BTreeMap<String, Vec<RivalView>>,
    transfers: BTreeMap<String, Vec<TransferView>>,
    view: Arc<NetworkView>,
    pub(super) plan: watch::Sender<Arc<NetbootPlan>>,
    pub(super) boots: watch::Sender<Arc<BootTable>>,
}

impl Network {
    pub(super) fn new(plan: watch::Sender<Arc<NetbootPlan>>, boots: watch::Sender<Arc<BootTable>>) -> Self {
        Self {
            stories: Stories::default(),
            ports: Vec::new(),
            rivals: BTreeMap::new(),
            transfers: BTreeMap::new(),
            view: Arc::default(),
            plan,
            boots,
        }
    }

    fn around(&self, endpoint_up: bool, http_port: u16, now: Moment) -> Around<'_> {
        let lately = |rival: &RivalView| rival.gives_addresses && now.since(rival.last) <= LATELY;
        let addresses_elsewhere = self.rivals.values().flatten().any(lately);
        Around { ports: &self.ports, addresses_elsewhere, endpoint_up, http_port, now }
    }
}

impl NetbootPlan {
    /// Every interface somebody said something about, as it is to serve, and what the configuration says
    /// if the board says otherwise.
    pub(crate) fn ports(config: &Config, bench: &Bench) -> Vec<(NetbootPort, Option<Mode>)> {
        let mut names: Vec<_> = config.netboot.iter().map(|port| port.interface.as_str()).collect();
        let on_the_board = bench.network_modes().map(|(name, _)| name);
        names.extend(on_the_board.filter(|name| config.netboot.iter().all(|port| port.interface != *name)));
        let port = |name: &str| {
            let mut port = config.netboot_port(name);
            let configured = port.mode;
            port.mode = bench.network_mode(name).unwrap_or(configured);
            let differs = port.mode != configured;
            (port, differs.then_some(configured))
        };
        names.into_iter().map(port).collect()
    }
}

impl Owner {
    pub(super) fn hear(&mut self, wire: Wire, at: Moment) -> Vec<Record> {
        self.dirty = true;
        match wire {
            Wire::Seen(sighting) => self.saw(sighting, at),
            Wire::Ports(ports) => {
                self.network.ports = ports;
                vec![]
            }
            Wire::Rivals { port, rivals } => {
                self.network.rivals.insert(port, rivals);
                vec![]
            }
            Wire::Transfers { server, transfers } => {
                self.network.transfers.insert(server, transfers);
                vec![]
            }
        }
    }

    fn saw(&mut self, sighting: Sighting, at: Moment) -> Vec<Record> {
        let who = sighting.who;
        let (asked, loaded) = match &sighting.seen {
            Seen::Asked { .. } => (true, None),
            Seen::Fetched { name, .. } => (false, Some(name.clone())),
            _ => (false, None),
        };
        let newcomer = self.network.stories.observe(sighting);
        if let Some(name) = loaded {
            let device = who
                .address
                .and_then(|address| self.network.stories.at(address))
                .and_then(|story| self.device_of(story));
            let programs = Program::ALL.into_iter().filter(|program| first_file(*program, &name));
            return device
                .map(|device| programs.flat_map(|program| self.bench.decide_boot_taken(device, program)).collect())
                .unwrap_or_default();
        }
        match who.mac {
            Some(mac) if asked && newcomer => self.bench.decide_seen(who.uuid, mac, self.config.simulated, at),
            _ => vec![],
        }
    }

    /// The laptop's own word, or its agent's, belongs to its story too.
    pub(super) fn saw_agent(&mut self, identity: &Identity, seen: Seen, at: Moment) {
        let story = |mac| Who { uuid: identity.good_uuid(), mac, address: None };
        let who = story(identity.macs.first().copied());
        self.network.stories.observe(Sighting { at, port: String::new(), who, seen });
    }

    fn device_of(&self, story: &Story) -> Option<DeviceId> {
        self.bench.find_on_wire(story.uuid, story.macs.first().copied())
    }

    pub(super) fn sheet(&self, id: DeviceId, at: Moment) -> Option<Sheet> {
        let mut sheet = self.bench.sheet(id)?;
        let around = self.network.around(self.endpoint_problem.is_none(), self.config.listen.port(), at);
        sheet.network = Some(self.network.stories.view(&sheet.device, self.bench.program(), &around));
        if let Some((gate, read)) = sheet.gate.as_mut().zip(self.read_at(id)) {
            gate.read_again(read);
        }
        Some(sheet)
    }

    pub(super) fn network_view(&mut self, at: Moment) -> Arc<NetworkView> {
        let around = self.network.around(self.endpoint_problem.is_none(), self.config.listen.port(), at);
        let clients = self.network.stories.list(&around, |story| self.device_of(story));
        let device_at =
            |view: &TransferView| self.network.stories.at(view.address).and_then(|story| self.device_of(story));
        let transfers = self.network.transfers.values().flatten();
        let view = NetworkView {
            ports: self.network.ports.clone(),
            rivals: self.network.rivals.values().flatten().cloned().collect(),
            clients,
            transfers: transfers.map(|view| TransferView { device: device_at(view), ..view.clone() }).collect(),
        };
        if *self.network.view != view {
            self.network.view = Arc::new(view);
        }
        Arc::clone(&self.network.view)
    }

    /// Something on the network screen changes by time alone: a story that goes quiet becomes a finding.
    pub(super) fn is_network_alive(&self) -> bool {
        !self.network.transfers.values().all(Vec::is_empty)
            || self.network.view.clients.iter().any(|client| client.standing == Standing::UnderWay)
    }

    pub(super) fn choose_network(&mut self, from: u64, interface: &str, mode: Mode) -> (Vec<Record>, Option<Then>) {
        let known = self.network.ports.iter().any(|port| port.interface == interface)
            || self.config.netboot.iter().any(|port| port.interface == interface);
        if !known {
            let names: Vec<_> = self.network.ports.iter().map(|port| port.interface.as_str()).collect();
            let problem = Problem::new(
                format!("There is no network interface {interface} on this machine."),
                "The system does not list it.",
                format!("It has: {}.", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
            );
            self.tell(from, Err(problem));
            return (vec![], None);
        }
        let mut records = vec![Record::NetworkModeChosen { interface: interface.to_owned(), mode }];
        records.extend(self.needs_medium(mode));
        let done = match mode {
            Mode::Off => format!("{interface} is silent from now on."),
            Mode::Proxy => format!("{interface} names boot files beside the network's own DHCP server."),
            Mode::Own => format!("{interface} gives addresses and boot files, unless another server is found there."),
        };
        let then: Then = Box::new(move |owner, written| {
            owner.tell(from, written.map(|()| done));
            owner.warn_of_reach();
        });
        (records, Some(then))
    }

    /// Once a network is served.
    pub(super) fn warn_of_reach(&mut self) {
        let serves = self.netboot_ports().iter().any(|(port, _)| port.mode != Mode::Off);
        if let Some(problem) = endpoint::out_of_reach(self.config.listen).filter(|_| serves) {
            self.remember(problem);
        }
    }

    /// Laptops that boot from the network carry a medium's token like those with a stick.
    fn needs_medium(&self, mode: Mode) -> Option<Record> {
        if mode == Mode::Off || self.bench.network_medium().is_some() {
            return None;
        }
        network_medium(self.batch())
    }

    /// For a batch that is about to be opened.
    pub(super) fn network_medium_for(&self, batch: &str) -> Option<Record> {
        let on = self.netboot_ports().into_iter().any(|(port, _)| port.mode != Mode::Off);
        let has = self.bench.media().values().any(|media| media.network && !media.revoked && media.batch == batch);
        (on && !has).then(|| network_medium(batch.to_owned())).flatten()
    }

    /// At the start: the medium for what the configuration or the board turned on.
    pub(super) fn network_medium_record(&self) -> Option<Record> {
        let on = self.netboot_ports().into_iter().any(|(port, _)| port.mode != Mode::Off);
        on.then(|| self.needs_medium(Mode::Proxy)).flatten()
    }

    fn netboot_ports(&self) -> Vec<(NetbootPort, Option<Mode>)> {
        NetbootPlan::ports(&self.config, &self.bench)
    }

    pub(super) fn publish_plan(&self) {
        let plan = NetbootPlan {
            ports: self.netboot_ports(),
            // There is no stick to save to.
            card: self.bench.network_medium().map(|media| MediaCard { data_volume: None, ..self.card(media) }),
        };
        if **self.network.plan.borrow() != plan {
            self.network.plan.send_replace(Arc::new(plan));
        }
    }

    pub(super) fn publish_boots(&self) {
        let boots = BootTable::new(self.bench.devices(), self.bench.program());
        if **self.network.boots.borrow() != boots {
            self.network.boots.send_replace(Arc::new(boots));
        }
    }
}

fn network_medium(batch: String) -> Option<Record> {
    let media = super::new_media_id().ok()?;
    Some(Record::MediaIssued { media, batch, network: true })
}
