//! `whiteglove tenant` and `whiteglove profile`: a plan is shown before anything is changed.
#![allow(clippy::print_stderr, reason = "the command line asks")]

use std::{io::IsTerminal, path::Path};

use whiteglove_core::{
    cloud::{
        lifecycle::{EditionKey, Keep},
        profile::{Profile, Settings, Target},
    },
    control::{Command, Update},
    problem::Problem,
    registration::lint::{Finding, Severity},
    tenant::{Ask, Shown, Told, Wish},
};
use zeroize::Zeroizing;

use super::{columns, print, print_json};
use crate::{
    appliance::stopped,
    cli::{Consent, ProfileAction, TenantAction, WhoseTenant},
    config::Config,
    session,
};

/// # Errors
/// What the linter calls an error, or the bench's own answer.
pub async fn tenant(config: &Config, action: TenantAction) -> Result<(), Problem> {
    match action {
        TenantAction::Lint { whose, batch, json } => lint(config, whose, batch, json).await,
        TenantAction::Wipe { serial, keep_user_data, consent } => {
            let keep = if keep_user_data { Keep::UserData } else { Keep::Nothing };
            change(config, Wish::Wipe { serial, keep }, consent).await
        }
        TenantAction::Offboard { serial, consent } => change(config, Wish::Offboard { serial }, consent).await,
        TenantAction::Edition { policy, to, key, group, consent } => {
            let key = edition_key(&key)?;
            change(config, Wish::LiftEdition { policy, edition: to.edition(), key, group }, consent).await
        }
    }
}

/// # Errors
/// The bench's own answer, or that nobody agreed.
pub async fn profile(config: &Config, action: ProfileAction) -> Result<(), Problem> {
    match action {
        ProfileAction::List { whose, json } => match ask(config, whose, Ask::Profiles).await? {
            Update::Tenant(told) => match *told {
                Told::Profiles(profiles) if json => print_json(&profiles),
                Told::Profiles(profiles) => list(&profiles),
                _ => Err(stopped()),
            },
            _ => Err(stopped()),
        },
        ProfileAction::Create { file, consent } => {
            change(config, Wish::MakeProfile(Box::new(settings(&file)?)), consent).await
        }
        ProfileAction::Assign { profile, group, all_devices: _, consent } => {
            change(config, Wish::AssignProfile { profile, group }, consent).await
        }
        ProfileAction::Delete { profile, consent } => change(config, Wish::DeleteProfile { profile }, consent).await,
    }
}

async fn ask(config: &Config, whose: WhoseTenant, ask: Ask) -> Result<Update, Problem> {
    let command = Command::Tenant { customer: whose.customer, ask: Box::new(ask) };
    session::ask(config, command, |_| ()).await
}

async fn lint(config: &Config, whose: WhoseTenant, batch: Option<String>, json: bool) -> Result<(), Problem> {
    let Update::Tenant(told) = ask(config, whose, Ask::Lint { batch }).await? else { return Err(stopped()) };
    let Told::Findings(found) = *told else { return Err(stopped()) };
    if json {
        print_json(&found)?;
    } else if found.is_empty() {
        print("Nothing was found that would make the batch fail.")?;
    } else {
        print(&found.iter().map(Finding::to_string).collect::<Vec<_>>().join("\n"))?;
    }
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error).count();
    match errors {
        0 => Ok(()),
        errors => Err(Problem::new(
            "The tenant is not ready for the batch.",
            format!("{errors} of what was found would make it fail."),
            "Settle what is called ERROR above with the customer, then look again.",
        )),
    }
}

fn list(profiles: &[Profile]) -> Result<(), Problem> {
    if profiles.is_empty() {
        return print("The tenant has no deployment profile. whiteglove profile create FILE makes one.");
    }
    let head = ["profile", "scenario", "join", "language", "name", "assigned to"].map(str::to_owned);
    let lines = profiles.iter().map(|profile| {
        [
            profile.name.clone(),
            profile.scenario().to_owned(),
            if profile.hybrid { "hybrid" } else { "Entra" }.to_owned(),
            if profile.locale.is_empty() { "user selects".to_owned() } else { profile.locale.clone() },
            profile.name_template.clone(),
            profile.targets.as_deref().map_or_else(|| "not told".to_owned(), targets),
        ]
    });
    print(&columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))
}

fn targets(targets: &[Target]) -> String {
    let words = targets.iter().map(|target| match target {
        Target::AllDevices => "all devices".to_owned(),
        Target::AllUsers => "all users".to_owned(),
        Target::Group(id) => format!("group {id}"),
        Target::Excluded(id) => format!("not group {id}"),
        Target::Other(kind) => kind.clone(),
    });
    let words: Vec<_> = words.collect();
    if words.is_empty() { "nobody".to_owned() } else { words.join(", ") }
}

/// Shows the plan, asks, and has it carried out.
async fn change(config: &Config, wish: Wish, consent: Consent) -> Result<(), Problem> {
    let Consent { whose: WhoseTenant { customer }, yes_plan } = consent;
    let agreed = match yes_plan {
        Some(digest) => digest,
        None => {
            let only_show = Ask::Change { wish: wish.clone(), agreed: None, by: None };
            let shown = ask(config, WhoseTenant { customer: customer.clone() }, only_show).await?;
            let Update::Tenant(told) = shown else { return Err(stopped()) };
            let Told::Plan(plan) = *told else { return Err(stopped()) };
            agree(&plan)?;
            plan.digest
        }
    };
    let change = Ask::Change { wish, agreed: Some(agreed), by: None };
    match ask(config, WhoseTenant { customer }, change).await? {
        Update::Done(words) => print(&words),
        _ => Err(stopped()),
    }
}

/// What loses something is agreed to by its digest, so that nobody says yes out of habit.
fn agree(plan: &Shown) -> Result<(), Problem> {
    let Shown { words, digest, loses } = plan;
    let refused = |why: &str| {
        let next = format!("To carry it out: the same command with --yes-plan {digest}");
        Err(Problem::new("Nothing was changed.", why, next))
    };
    eprintln!("{words}\nplan {digest}");
    if !std::io::stdin().is_terminal() {
        return refused("Nobody is here to agree to the plan.");
    }
    let wanted = if *loses { digest.as_str() } else { "yes" };
    eprint!("Type {} to carry it out: ", if *loses { "the plan's digest" } else { "yes" });
    let mut typed = String::new();
    match std::io::stdin().read_line(&mut typed) {
        Ok(_) if typed.trim().eq_ignore_ascii_case(wanted) => Ok(()),
        Ok(_) => refused("It was not agreed to."),
        Err(error) => refused(&format!("The system says: {error}.")),
    }
}

/// A page, not a database.
const LONGEST_FILE: u64 = 1 << 16;

fn text(file: &Path) -> Result<Zeroizing<String>, Problem> {
    let bad =
        |why: String| Problem::new("Nothing was changed.", format!("{}: {why}.", file.display()), "Check the file.");
    let size = std::fs::metadata(file).map_err(|error| bad(error.to_string()))?.len();
    if size > LONGEST_FILE {
        return Err(bad("it is far too large for this".to_owned()));
    }
    std::fs::read_to_string(file).map(Zeroizing::new).map_err(|error| bad(error.to_string()))
}

fn settings(file: &Path) -> Result<Settings, Problem> {
    let settings: Settings = toml::from_str(&text(file)?).map_err(|error| {
        let why = format!("{}: {}", file.display(), error.to_string().trim_end());
        Problem::new("The profile was not made.", why, "Correct the file; README.md shows one.")
    })?;
    settings.checked()
}

fn edition_key(file: &Path) -> Result<EditionKey, Problem> {
    let text = text(file)?;
    EditionKey::try_from(text.trim().to_owned()).map_err(|error| {
        let why = format!("{}: {error}.", file.display());
        Problem::new(
            "Nothing was changed.",
            why,
            "Put the key alone into the file, like AAAAA-BBBBB-CCCCC-DDDDD-EEEEE.",
        )
    })
}
