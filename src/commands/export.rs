//! `whiteglove export`: files for those who register.
#![allow(clippy::print_stderr, reason = "the command line asks")]

use std::io::IsTerminal;

use whiteglove_core::{
    control::Command,
    lane::{self, Ask, Lane},
    problem::Problem,
};

use super::{absolute, ask};
use crate::{cli::ExportArgs, config::Config};

/// # Errors
/// The bench's own answer, or that nobody agreed to what it does to the tenant.
pub async fn export(config: &Config, args: ExportArgs) -> Result<(), Problem> {
    let ExportArgs { lane, out, batch, group_tag, all, tenant_wide } = args;
    let lane = lane.lane();
    let tenant_wide = match lane {
        Lane::Corporate => tenant_wide || agreed()?,
        Lane::Intune | Lane::Partner | Lane::Association => false,
    };
    let out = absolute(&out)?;
    ask(config, Command::Export { ask: Ask { lane, batch, group_tag, all, tenant_wide }, out }).await
}

pub(super) fn agreed() -> Result<bool, Problem> {
    let why = lane::tenant_wide();
    if !std::io::stdin().is_terminal() {
        return Err(why);
    }
    eprint!("{}\n{}\nDoes the customer want that? Type yes: ", why.what, why.why);
    let mut typed = String::new();
    match std::io::stdin().read_line(&mut typed) {
        Ok(_) if typed.trim().eq_ignore_ascii_case("yes") => Ok(true),
        Ok(_) => Err(Problem::new("Nothing was exported.", "It was not agreed to.", why.next)),
        Err(error) => Err(Problem::new("Nothing was exported.", format!("The system says: {error}."), why.next)),
    }
}
