//! `whiteglove media`: builds, writes and looks after boot media.
#![allow(clippy::print_stderr, reason = "the command line asks")]

mod bench;
mod build;
mod check;
mod preflight;
mod windows;

use std::{io::IsTerminal, ops::ControlFlow, path::Path};

use whiteglove_core::{
    clock::short_age,
    control::{Command, Progress, Update},
    disk::{Disk, Policy},
    media_card::MediaId,
    problem::Problem,
};
use whiteglove_image::verify;

use super::{Meter, absolute, ask, columns, print, read_journal};
use crate::{appliance::stopped, cli::MediaAction, clock::now, config::Config, session};

/// # Errors
/// The bench's own answer.
pub async fn media(config: &Config, action: MediaAction) -> Result<(), Problem> {
    match action {
        MediaAction::Plan(what) => build::plan(config, what).await,
        MediaAction::Build { what, out, to_netboot, media } => {
            let again = media.as_deref().map(media_id).transpose()?;
            build::build(config, what, out, to_netboot, again).await
        }
        MediaAction::Write { image, to, name, discard, operator } => {
            let disk = find_disk(config, &to).await?;
            let typed = match name {
                Some(name) => name,
                None if discard => ask_for_name(&disk, "Everything on this stick will be erased, captures too")?,
                None => ask_for_name(&disk, "Everything on this stick will be erased")?,
            };
            ask(config, Command::WriteMedia { image: absolute(&image)?, disk, typed, discard, operator }).await
        }
        MediaAction::Update { image, to, name, full, operator } => {
            let disk = find_disk(config, &to).await?;
            let typed = match name {
                Some(name) => name,
                None => ask_for_name(&disk, "What this stick boots from will be replaced; captures stay")?,
            };
            let image = absolute(&image)?;
            ask(config, Command::UpdateMedia { image, disk, typed, fully: full, operator }).await
        }
        MediaAction::Bench(args) => bench::bench(config, args).await,
        MediaAction::Check { what, full, key, json } => check::check(config, &what, full, key.as_deref(), json),
        MediaAction::Key => check::key(config),
        MediaAction::Sticks { json } => check::sticks(config, json).await,
        MediaAction::Preflight { what, media, json } => {
            let media = media.as_deref().map(media_id).transpose()?;
            preflight::preflight(config, what.as_deref(), media, json).await
        }
        MediaAction::Windows { iso, json } => windows::windows(&iso, json),
        MediaAction::Disks => list_disks(config).await,
        MediaAction::List => {
            let bench = read_journal(config).await?.bench;
            let lines = bench.media().iter().map(|(id, media)| {
                let state = if media.revoked { "revoked" } else { "good" };
                let age = short_age(now().since(media.issued));
                [id.to_string(), state.to_owned(), format!("{age} ago"), format!("batch {}", media.batch)]
            });
            let lines: Vec<_> = lines.collect();
            match lines.is_empty() {
                true => print("This bench has made no media yet."),
                false => print(&columns(&lines)),
            }
        }
        MediaAction::Revoke { media } => ask(config, Command::RevokeMedia { media: media_id(&media)? }).await,
        MediaAction::Verify { image } => {
            let mut show = Meter::default();
            let mut watch = |progress: Progress| {
                show.show(&progress);
                ControlFlow::Continue(())
            };
            let map = verify::verify(&image, None, &mut watch).map_err(|error| error.problem())?;
            show.end();
            print(&format!(
                "{} is right: medium {}, everything it boots from matches its digest.",
                image.display(),
                map.media
            ))
        }
    }
}

/// `whiteglove import DEV --erase`.
///
/// # Errors
/// The bench's own answer.
pub async fn collect(config: &Config, device: &Path, name: Option<String>) -> Result<(), Problem> {
    let disk = find_disk(config, device).await?;
    let typed = match name {
        Some(name) => name,
        None => ask_for_name(&disk, "What the bench has of this stick then will be erased from it")?,
    };
    ask(config, Command::Collect { disk, typed }).await
}

fn media_id(text: &str) -> Result<MediaId, Problem> {
    text.parse().map_err(|_| {
        Problem::new(
            format!("'{text}' is no medium's number."),
            "It has 32 hex digits and stands in README.TXT on the stick.",
            "`whiteglove media list` shows all of them.",
        )
    })
}

async fn disks(config: &Config) -> Result<Vec<Disk>, Problem> {
    match session::ask(config, Command::ListDisks, |_| ()).await? {
        Update::Disks(disks) => Ok(disks),
        _ => Err(stopped()),
    }
}

async fn list_disks(config: &Config) -> Result<(), Problem> {
    let disks = disks(config).await?;
    let lines = disks.iter().map(|disk| match disk.refusal(Policy::default()) {
        None => format!("{disk}  may be erased"),
        Some(refusal) => format!("{disk}  NOT: {refusal}"),
    });
    print(&lines.collect::<Vec<_>>().join("\n"))
}

async fn find_disk(config: &Config, device: &Path) -> Result<Disk, Problem> {
    let wanted = device.canonicalize().unwrap_or_else(|_| device.to_owned());
    disks(config).await?.into_iter().find(|disk| disk.path == wanted || disk.path == device).ok_or_else(|| {
        Problem::new(
            format!("{} is not a disk of this machine.", device.display()),
            "It is not plugged in, or it is a partition of a disk.",
            "`whiteglove media disks` lists the disks; name the whole one, like /dev/sdb.",
        )
    })
}

fn ask_for_name(disk: &Disk, what: &str) -> Result<String, Problem> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            format!("{} was not erased.", disk.name()),
            "Erasing needs a person who types the stick's name, and nobody is at the keyboard.",
            format!("Add --name '{}' if this is really the one.", disk.name()),
        ));
    }
    eprint!("{what}:\n  {disk}\nType its name ({}): ", disk.name());
    let mut typed = String::new();
    match std::io::stdin().read_line(&mut typed) {
        Ok(_) => Ok(typed),
        Err(error) => Err(Problem::new("Nothing was erased.", format!("The system says: {error}."), "Try again.")),
    }
}
