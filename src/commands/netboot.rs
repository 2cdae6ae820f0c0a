//! `whiteglove netboot`: the network as the bench sees it, and what people decide about it.

use whiteglove_core::{
    clock::{Moment, short_age},
    control::{Command, Snapshot},
    device::DeviceId,
    netboot::{Choice, ClientView, Event, Mode, NetworkView, PortState, PortView, Program, StoryView, Wire},
    problem::Problem,
};

use super::{absolute, ask, columns, print, print_json};
use crate::{
    cli::{BootWord, ModeWord, NetbootAction},
    clock::now,
    config::Config,
    session,
};

/// # Errors
/// The bench's own answer, or that none runs.
pub async fn netboot(config: &Config, action: NetbootAction) -> Result<(), Problem> {
    match action {
        NetbootAction::Export { dir } => ask(config, Command::ExportNetboot { out: absolute(&dir)? }).await,
        NetbootAction::Status { json } => status(config, json).await,
        NetbootAction::Why { device, json } => why(config, DeviceId(device), json).await,
        NetbootAction::Boot { what, devices } => {
            let devices = devices.into_iter().map(DeviceId).collect();
            ask(config, Command::ChooseBoot { devices, choice: choice(what) }).await
        }
        NetbootAction::Mode { interface, mode } => {
            ask(config, Command::SetNetwork { interface, mode: mode_of(mode) }).await
        }
    }
}

fn choice(word: BootWord) -> Choice {
    match word {
        BootWord::Automatic => Choice::Automatic,
        BootWord::QuickScan => Choice::Boot(Program::QuickScan),
        BootWord::WinPe => Choice::Boot(Program::WinPe),
        BootWord::MemoryTest => Choice::Boot(Program::MemoryTest),
        BootWord::LocalDisk => Choice::LocalDisk,
        BootWord::Ignore => Choice::Ignore,
    }
}

fn mode_of(word: ModeWord) -> Mode {
    match word {
        ModeWord::Off => Mode::Off,
        ModeWord::Proxy => Mode::Proxy,
        ModeWord::Own => Mode::Own,
    }
}

async fn status(config: &Config, json: bool) -> Result<(), Problem> {
    let (snapshot, _) = session::look(config, None).await?;
    match json {
        true => print_json(&*snapshot.network),
        false => print(&status_text(&snapshot)),
    }
}

fn status_text(Snapshot { network, at, .. }: &Snapshot) -> String {
    let NetworkView { ports, rivals, clients, transfers } = &**network;
    let mut parts = vec![match ports.is_empty() {
        true => "No network interface was found.".to_owned(),
        false => ports_table(ports),
    }];
    parts.extend(ports.iter().filter_map(|port| port.state.problem()).map(ToString::to_string));
    if !rivals.is_empty() {
        let head = ["other server", "port", "gives addresses", "names", "seen"].map(str::to_owned);
        let rows = rivals.iter().map(|rival| {
            let gives = if rival.gives_addresses { "yes" } else { "no" };
            let file = rival.file.clone().unwrap_or_default();
            [rival.server.to_string(), rival.port.clone(), gives.to_owned(), file, ago(rival.last, *at)]
        });
        parts.push(table(head, rows));
    }
    if !transfers.is_empty() {
        let head = ["loading", "to", "device", "done", "MB/s"].map(str::to_owned);
        let rows = transfers.iter().map(|transfer| {
            let device = transfer.device.map_or_else(String::new, |device| format!("#{}", device.0));
            let rate = format!("{}.{}", transfer.rate / 1_000_000, transfer.rate % 1_000_000 / 100_000);
            let done = format!("{}% {}", transfer.percent(), transfer.by.word());
            [transfer.name.clone(), transfer.address.to_string(), device, done, rate]
        });
        parts.push(table(head, rows));
    }
    if !clients.is_empty() {
        let head = ["who", "port", "kind", "reached", "last answer", "heard", "how it stands"].map(str::to_owned);
        parts.push(table(head, clients.iter().map(|client| client_row(client, *at))));
    }
    parts.join("\n\n")
}

pub(super) fn ports_table(ports: &[PortView]) -> String {
    let head = ["port", "mode", "state", "link", "address", "pool", "leases", "asked", "answered"].map(str::to_owned);
    table(head, ports.iter().map(port_row))
}

fn port_row(port: &PortView) -> [String; 9] {
    let state = match &port.state {
        PortState::Off => "off".to_owned(),
        PortState::Looking => "looking for other servers".to_owned(),
        PortState::Serving => "serves".to_owned(),
        PortState::Beside(server) => format!("gives no addresses: {server} does"),
        PortState::Waiting(_) => "WAITS".to_owned(),
        PortState::Failed(_) => "FAILED".to_owned(),
    };
    let mode = match port.configured {
        Some(configured) => format!("{} (configured: {})", port.mode.word(), configured.word()),
        None => port.mode.word().to_owned(),
    };
    [
        port.interface.clone(),
        mode,
        state,
        port.link.map_or("?", |link| if link { "up" } else { "DOWN" }).to_owned(),
        port.address.map_or_else(String::new, |(address, prefix)| format!("{address}/{prefix}")),
        port.pool.map_or_else(String::new, |(first, last)| format!("{first}-{last}")),
        port.leases.to_string(),
        port.asked.to_string(),
        port.answered.to_string(),
    ]
}

fn client_row(client: &ClientView, at: Moment) -> [String; 7] {
    let mac = client.mac.map_or_else(String::new, |mac| mac.to_string());
    let kind = match (client.architecture, client.protocol) {
        (Some(architecture), Some(protocol)) => format!("{architecture} {protocol:?}"),
        _ => String::new(),
    };
    [
        client.device.map_or(mac, |device| format!("#{}", device.0)),
        client.port.clone(),
        kind,
        client.reached.map_or("", |stage| stage.word()).to_owned(),
        client.answer.clone(),
        ago(client.last, at),
        client.headline.clone(),
    ]
}

async fn why(config: &Config, device: DeviceId, json: bool) -> Result<(), Problem> {
    let (_, sheet) = session::look(config, Some(device)).await?;
    let Some(story) = sheet.and_then(|sheet| sheet.network.clone()) else {
        return Err(crate::appliance::stopped());
    };
    match json {
        true => print_json(&story),
        false => print(&story_text(device, &story)),
    }
}

fn story_text(device: DeviceId, story: &StoryView) -> String {
    let mut text = format!("Device #{}: {}", device.0, story.diagnosis.headline);
    if let Some(problem) = &story.diagnosis.problem {
        text.push_str(&format!("\n{problem}"));
    }
    text.push_str(&format!("\n\nAsked next, it is told: {} ({}).", story.decision.words(), story.reason.words()));
    if let Some(wire) = &story.wire {
        let (older, newer): (Vec<_>, Vec<_>) = wire.events.iter().partition(|event| event.at < wire.began);
        for (title, events) in [("Earlier", older), ("This try", newer)] {
            if !events.is_empty() {
                text.push_str(&format!("\n\n{title}, on {}:\n{}", wire.port, timeline(wire, &events)));
            }
        }
    }
    text
}

fn timeline(wire: &Wire, events: &[&Event]) -> String {
    let line = |event: &&Event| {
        let (sign, apart) = match event.at >= wire.began {
            true => ('+', event.at.since(wire.began)),
            false => ('-', wire.began.since(event.at)),
        };
        let times = if event.times > 1 { format!(" ({} times)", event.times) } else { String::new() };
        format!("{sign}{:>7.2}s  {}{times}", apart.as_secs_f64(), event.seen.words())
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn table<const N: usize>(head: [String; N], rows: impl Iterator<Item = [String; N]>) -> String {
    columns(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

fn ago(then: Moment, at: Moment) -> String {
    short_age(at.max(now()).since(then))
}
