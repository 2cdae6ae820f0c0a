//! `whiteglove customer` and `whiteglove batch`: files in, lists out.

use serde::Serialize;
use whiteglove_core::{batch::Batch, control::Command, customer::Customer, problem::Problem};

use super::{ask, columns, print, print_json, read_journal};
use crate::{
    cli::{BatchAction, CustomerAction},
    config::Config,
    settings::read,
};

/// # Errors
/// The file is not right, or the bench's own answer.
pub async fn customer(config: &Config, action: CustomerAction) -> Result<(), Problem> {
    match action {
        CustomerAction::Set { file, reason } => {
            for customer in read::<Customer>(&file, "customer")? {
                let customer = Box::new(customer);
                ask(config, Command::SetCustomer { customer, reason: reason.clone() }).await?;
            }
            Ok(())
        }
        CustomerAction::List { json } => {
            let bench = read_journal(config).await?.bench;
            let mut rows = bench.customers();
            rows.retain(|row| ours(config, Some(&row.customer.name)));
            if json {
                return print_json(&rows);
            }
            let head = ["customer", "tenant", "cloud", "lane", "group tags", "batches", "laptops"].map(str::to_owned);
            let lines = rows.iter().map(|row| {
                let customer = &row.customer;
                [
                    customer.name.clone(),
                    customer.tenant.as_ref().map(ToString::to_string).unwrap_or_default(),
                    customer.cloud.words().to_owned(),
                    customer.lane.words().to_owned(),
                    if customer.group_tags.is_empty() { "any".to_owned() } else { customer.group_tags.join(" ") },
                    row.batches.join(" "),
                    row.devices.to_string(),
                ]
            });
            match rows.is_empty() {
                true => print("No customer is set. whiteglove customer set FILE takes one; README.md shows the file."),
                false => print(&columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>())),
            }
        }
        CustomerAction::Show { name } => {
            let bench = read_journal(config).await?.bench;
            match bench.customer(&name).filter(|customer| ours(config, Some(&customer.name))) {
                Some(customer) => print_file(customer),
                None => Err(unknown("customer", &name)),
            }
        }
    }
}

/// # Errors
/// The file is not right, or the bench's own answer.
pub async fn batch(config: &Config, action: BatchAction) -> Result<(), Problem> {
    match action {
        BatchAction::Set { file, reason } => {
            for batch in read::<Batch>(&file, "batch")? {
                ask(config, Command::SetBatch { batch: Box::new(batch), reason: reason.clone() }).await?;
            }
            Ok(())
        }
        BatchAction::Open { name } => ask(config, Command::OpenBatch { name }).await,
        BatchAction::List { all, json } => {
            let bench = read_journal(config).await?.bench;
            let mut rows = bench.batches();
            rows.retain(|row| ours(config, row.customer.as_deref()) && (all || bench.same_customer(&row.batch.name)));
            if json {
                return print_json(&rows);
            }
            let head = ["", "batch", "customer", "order", "group tag", "identity", "laptops", "expected"];
            let lines = rows.iter().map(|row| {
                [
                    if row.open { "*" } else { "" }.to_owned(),
                    row.batch.name.clone(),
                    row.customer.clone().unwrap_or_default(),
                    row.batch.purchase_order.clone().unwrap_or_default(),
                    row.batch.group_tag.clone().unwrap_or_default(),
                    row.batch.identity.words().to_owned(),
                    row.devices.to_string(),
                    row.expected.to_string(),
                ]
            });
            print(&columns(&std::iter::once(head.map(str::to_owned)).chain(lines).collect::<Vec<_>>()))
        }
        BatchAction::Show { name } => {
            let bench = read_journal(config).await?.bench;
            match bench.batch_named(name.trim()).filter(|batch| ours(config, bench.customer_of(&batch.name))) {
                Some(batch) => print_file(batch),
                None => Err(unknown("batch", &name)),
            }
        }
    }
}

/// A box that is locked to one customer shows nothing of others.
fn ours(config: &Config, customer: Option<&str>) -> bool {
    match (&config.customer, customer) {
        (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
        _ => true,
    }
}

fn unknown(what: &str, name: &str) -> Problem {
    Problem::new(
        format!("There is no {what} '{}'.", name.trim()),
        "None was set under that name on this bench.",
        format!("`whiteglove {what} list` shows what there is."),
    )
}

fn print_file(value: &impl Serialize) -> Result<(), Problem> {
    let text = toml::to_string_pretty(value)
        .map_err(|error| Problem::new("This cannot be written as TOML.", error.to_string(), "Report this."))?;
    print(text.trim_end())
}
