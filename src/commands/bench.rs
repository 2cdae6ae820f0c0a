//! What a person tells the running bench, one command at a time.

use std::path::Path;

use whiteglove_core::{
    api::Order,
    control::{Command, Tone, Update},
    device::{DeviceId, Probe},
    order::LineState,
    problem::Problem,
};

use super::{absolute, ask, columns, print, print_json, read_journal};
use crate::{
    appliance::stopped,
    cli::{OrderAction, OrderWord, ProbeWord},
    config::Config,
    session,
};

/// # Errors
/// The bench's own answer.
pub async fn import(config: &Config, from: &Path) -> Result<(), Problem> {
    ask(config, Command::Import { from: absolute(from)? }).await
}

/// # Errors
/// The bench's own answer.
pub async fn release(config: &Config, device: u64) -> Result<(), Problem> {
    ask(config, Command::Release { device: DeviceId(device) }).await
}

/// # Errors
/// The bench's own answer.
pub async fn tell(config: &Config, device: u64, order: OrderWord) -> Result<(), Problem> {
    let order = match order {
        OrderWord::PowerOff => Order::PowerOff,
        OrderWord::BootNext => Order::BootNext,
        OrderWord::SetClock => Order::SetClock,
        OrderWord::Stay => Order::Stay,
    };
    ask(config, Command::Order { device: DeviceId(device), order }).await
}

/// # Errors
/// The bench's own answer.
pub async fn same_laptop(config: &Config, device: u64) -> Result<(), Problem> {
    ask(config, Command::SameLaptop { device: DeviceId(device) }).await
}

/// # Errors
/// The bench's own answer.
pub async fn probe(config: &Config, device: u64, says: ProbeWord) -> Result<(), Problem> {
    let probe = match says {
        ProbeWord::Free => Probe::Free,
        ProbeWord::Ours => Probe::Ours,
        ProbeWord::OtherCompany => Probe::OtherTenant,
    };
    ask(config, Command::Probe { device: DeviceId(device), probe }).await
}

/// # Errors
/// The bench's own answer; a scan that says stop is one too, so that scripts hear it.
pub async fn scan(config: &Config, code: String, on: Option<u64>) -> Result<(), Problem> {
    match session::ask(config, Command::Scan { code, on: on.map(DeviceId) }, |_| ()).await? {
        Update::Scanned(answer) if answer.tone == Tone::Wrong => Err(Problem::new(
            format!("{}: {}", answer.title, answer.shown),
            answer.text,
            "Put the laptop aside until a person has looked at it.",
        )),
        Update::Scanned(answer) => print(&format!("{}: {}\n{}", answer.title, answer.shown, answer.text)),
        _ => Err(stopped()),
    }
}

/// # Errors
/// The bench's own answer.
pub async fn order(config: &Config, action: OrderAction) -> Result<(), Problem> {
    match action {
        OrderAction::Import { file, batch, customer } => {
            ask(config, Command::ImportOrder { from: absolute(&file)?, batch, customer }).await
        }
        OrderAction::List { json } => list_order(config, json).await,
    }
}

async fn list_order(config: &Config, json: bool) -> Result<(), Problem> {
    let bench = read_journal(config).await?.bench;
    let Some(status) = bench.order_status() else {
        return print("The open batch has no order list. Import one: whiteglove order import FILE");
    };
    if json {
        return print_json(&status);
    }
    let head = ["serial", "product key id", "model", "state"].map(str::to_owned);
    let lines = status.lines.iter().map(|line| {
        let serial = line.expected.serial.as_ref().map_or_else(String::new, ToString::to_string);
        let key = line.expected.product_key_id.as_ref().map_or_else(String::new, ToString::to_string);
        let state = match line.state {
            LineState::Missing => "MISSING".to_owned(),
            LineState::Here { device } => format!("here, #{}", device.0),
        };
        [serial, key, line.expected.model.clone(), state]
    });
    let table = columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>());
    let of = status.customer.as_ref().map_or_else(String::new, |customer| format!(" for {customer}"));
    print(&format!("{table}\n{} of {} here{of}", status.here(), status.lines.len()))
}
