//! The bench on its networks: where it serves, who is stuck, what is being loaded, who else answers.

use std::{net::Ipv4Addr, time::Duration};

use crossterm::event::KeyCode;
use whiteglove_core::{
    clock::Moment,
    control::Command,
    device::DeviceId,
    identity::{Mac, SystemUuid},
    netboot::{ClientView, NetworkView, PortState, PortView, RivalView, Standing, TransferView},
};

use super::{Screen, choose, help, problems, why};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    view,
    widget::scroll::Move,
};

mod draw;
pub(crate) use draw::draw;

/// What the person looks at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    /// It stays chosen wherever news move it.
    chosen: Option<Key>,
    /// Where that is in the list.
    place: usize,
    top: usize,
}

/// Which of all the things on this screen.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Port(String),
    /// By the UUID if it says one: an address travels with its dongle.
    Machine(SystemUuid),
    Mac(Mac),
    /// A client that never said who it is.
    Somebody(Moment),
    Transfer(Ipv4Addr, String),
    Rival(String, Ipv4Addr),
}

/// One thing on this screen.
#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    Port(&'a PortView),
    Client(&'a ClientView),
    Transfer(&'a TransferView),
    Rival(&'a RivalView),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Ports,
    Stuck,
    Loading,
    Heard,
    Rivals,
}

impl Item<'_> {
    fn key(&self) -> Key {
        match self {
            Self::Port(port) => Key::Port(port.interface.clone()),
            Self::Client(client) => match (client.uuid, client.mac) {
                (Some(uuid), _) => Key::Machine(uuid),
                (None, Some(mac)) => Key::Mac(mac),
                (None, None) => Key::Somebody(client.last),
            },
            Self::Transfer(transfer) => Key::Transfer(transfer.address, transfer.name.clone()),
            Self::Rival(rival) => Key::Rival(rival.port.clone(), rival.server),
        }
    }

    fn section(&self) -> Section {
        match self {
            Self::Port(_) => Section::Ports,
            Self::Client(client) if client.standing == Standing::Stuck => Section::Stuck,
            Self::Client(_) => Section::Heard,
            Self::Transfer(_) => Section::Loading,
            Self::Rival(_) => Section::Rivals,
        }
    }

    fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Client(client) => client.device,
            Self::Transfer(transfer) => transfer.device,
            Self::Port(_) | Self::Rival(_) => None,
        }
    }
}

/// All of them in the order in which they matter: what is stuck stands before what goes well.
fn items(network: &NetworkView) -> Vec<Item<'_>> {
    let stuck = |wanted: bool| {
        let clients = network.clients.iter();
        clients.filter(move |client| (client.standing == Standing::Stuck) == wanted).map(Item::Client)
    };
    let ports = network.ports.iter().map(Item::Port);
    let transfers = network.transfers.iter().map(Item::Transfer);
    let rivals = network.rivals.iter().map(Item::Rival);
    ports.chain(stuck(true)).chain(transfers).chain(stuck(false)).chain(rivals).collect()
}

impl Network {
    fn choose(&mut self, items: &[Item<'_>], place: usize) {
        self.place = place.min(items.len().saturating_sub(1));
        self.chosen = items.get(self.place).map(Item::key);
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Move(Move),
    Why,
    Mode,
    Boot,
    Problems,
    Hide,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the board"),
    bind(
        &[KeyCode::Enter, KeyCode::Char('w')],
        Action::Why,
        "why",
        "Why the laptop of the marked line did not boot, step by step",
    ),
    bind(
        &[KeyCode::Char('m')],
        Action::Mode,
        "mode of a port",
        "How the bench lives on the marked port's network: off, proxy, or own DHCP",
    ),
    bind(&[KeyCode::Char('n')], Action::Boot, "what it boots", "Choose what the laptop of the marked line boots"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Move(Move::Down), "", "Next line"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Move(Move::Up), "", "Previous line"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Move(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Move(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Move(Move::Top), "", "The first line"),
    bind(&[KeyCode::End], Action::Move(Move::Bottom), "", "The last line"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

/// Where something has to be done: a port that failed, else a laptop that is stuck, else one that waits.
fn most_urgent(items: &[Item<'_>]) -> usize {
    let failed = |item: &Item<'_>| matches!(item, Item::Port(PortView { state: PortState::Failed(_), .. }));
    let waits = |item: &Item<'_>| matches!(item, Item::Port(PortView { state: PortState::Waiting(_), .. }));
    let stuck = |item: &Item<'_>| item.section() == Section::Stuck;
    let find = |wanted: &dyn Fn(&Item<'_>) -> bool| items.iter().position(wanted);
    find(&failed).or_else(|| find(&stuck)).or_else(|| find(&waits)).unwrap_or(0)
}

pub(crate) fn open(model: &mut Model) {
    model.screen = Screen::Network(Network::default());
    with(model, |network, items| network.choose(items, most_urgent(items)));
}

/// Changes what is chosen, with all there is at hand, and keeps it in sight.
fn with(model: &mut Model, change: impl FnOnce(&mut Network, &[Item<'_>])) {
    let snapshot = model.snapshot.clone();
    let empty = NetworkView::default();
    let view = snapshot.as_deref().map_or(&empty, |snapshot| &*snapshot.network);
    let items = items(view);
    let Some(mut network) = model.screen.network().map(std::mem::take) else { return };
    change(&mut network, &items);
    network.top = draw::top(model, &network, &items);
    if let Some(place) = model.screen.network() {
        *place = network;
    }
}

/// The bench published anew.
pub(crate) fn changed(model: &mut Model) {
    with(model, |network, items| {
        let followed = network.chosen.as_ref().and_then(|key| items.iter().position(|item| item.key() == *key));
        // Whoever came before the first snapshot has chosen nothing yet.
        let place = followed.unwrap_or(if network.chosen.is_some() { network.place } else { most_urgent(items) });
        network.choose(items, place);
    });
}

/// A scan named this laptop. Whether it is on this screen.
pub(crate) fn show(model: &mut Model, device: DeviceId) -> bool {
    let mut found = false;
    if let Screen::Network(_) = model.screen {
        with(model, |network, items| {
            let client = |item: &Item<'_>| matches!(item, Item::Client(client) if client.device == Some(device));
            if let Some(place) = items.iter().position(client) {
                network.choose(items, place);
                found = true;
            }
        });
    }
    found
}

fn chosen<'a>(model: &'a Model, network: &Network) -> Option<Item<'a>> {
    items(model.network()?).get(network.place).copied()
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let Screen::Network(network) = &model.screen else { return };
    let item = chosen(model, network);
    match action {
        Action::Move(direction) => {
            let page = view::body(model.size).1;
            with(model, |network, items| {
                network.choose(items, direction.apply(network.place, items.len(), page));
            });
        }
        Action::Why => match (item, item.and_then(|item| item.device())) {
            (_, Some(device)) => why::open(model, device, out),
            (Some(Item::Port(port)), _) => {
                let port = port.interface.clone();
                choose::open_mode(model, &port);
            }
            (Some(Item::Client(_) | Item::Transfer(_)), None) => {
                model.notice = Some("This machine is not on the board: it never said who it is.".to_owned());
            }
            (Some(Item::Rival(_)) | None, None) => {}
        },
        Action::Mode => match item {
            Some(Item::Port(port)) => {
                let port = port.interface.clone();
                choose::open_mode(model, &port);
            }
            _ => model.notice = Some("Mark a port first: they stand on top.".to_owned()),
        },
        Action::Boot => match item.and_then(|item| item.device()) {
            Some(device) => choose::open_boot(model, [device]),
            None => model.notice = Some("Mark a laptop first.".to_owned()),
        },
        Action::Problems => problems::open(model, now),
        Action::Hide => model.acknowledge(now),
        Action::Help => help::open(model),
        Action::Back => model.screen = Screen::Board,
    }
}

/// The youngest age on the screen.
pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    let network = model.network()?;
    let heard = network.clients.iter().map(|client| client.last);
    heard.chain(network.rivals.iter().map(|rival| rival.last)).map(|at| now.since(at)).min()
}
