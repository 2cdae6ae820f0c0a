//! Who makes sticks at this bench: its signing key and the person at it.

use std::sync::Arc;

use whiteglove_core::{
    media::{
        sign::Signer,
        stick::{StickId, operator},
    },
    media_card::MediaId,
    problem::Problem,
    sticks::{
        health::{Ended, Entry, Name},
        made::Made,
    },
};
use whiteglove_image::{
    seal::Vouched,
    write::{Cause, Issue, Seen, Stretch, WriteError, source::Image},
};

use crate::{clock::now, config::Config, state};

/// Less was written than tells a rate.
const TELLS_A_RATE: u64 = 16 << 20;
const NOT_OURS: &str = "Its image is not signed by this bench, so `media check` will not know it here.";
pub(crate) const TOOL: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    signer: Arc<Signer>,
    pub(crate) operator: String,
}

impl Issuer {
    /// `named`: the person said who they are.
    ///
    /// # Errors
    /// The signing key cannot be read or made.
    pub(crate) fn new(config: &Config, named: Option<&str>) -> Result<Self, Problem> {
        let signer = Arc::new(state::signer(&config.state)?);
        let name = named.map(str::to_owned).or_else(|| config.operator.clone()).unwrap_or_else(login_name);
        Ok(Self { signer, operator: operator(&name) })
    }

    /// Whether an image is as this bench built it; what there is to say if another did, or nobody who tells.
    ///
    /// # Errors
    /// It was changed since it was built: no stick is made from it.
    pub(crate) fn vouches_for(&self, image: &Image) -> Result<Option<&'static str>, Problem> {
        match image.vouched(&self.signer.public()).map_err(|error| error.problem())? {
            Vouched::Ours => Ok(None),
            Vouched::NotOurs => Ok(Some(NOT_OURS)),
        }
    }

    /// What makes a stick one of its own. `number`: it was begun before, and stays the same stick.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub(crate) fn issue(&self, number: Option<StickId>, usb: Name) -> Result<Issue, Problem> {
        let stick = match number {
            Some(number) => number,
            None => new_stick_id()?,
        };
        Ok(Issue {
            stick,
            written: now(),
            operator: self.operator.clone(),
            tool: TOOL.to_owned(),
            usb,
            signer: Arc::clone(&self.signer),
        })
    }

    /// For the journal, once the stick is finished.
    pub(crate) fn made(&self, of: &Stick<'_>, media: MediaId, seen: Seen, updated: bool) -> Option<Made> {
        let (stick, map) = of.number?;
        Some(Made {
            stick,
            media,
            map,
            operator: self.operator.clone(),
            tool: TOOL.to_owned(),
            usb: of.usb.clone(),
            port: of.port.to_owned(),
            updated,
            bytes: seen.written.bytes,
            write_rate: rate(seen.written),
            read_rate: rate(seen.read),
            retries: seen.retries,
        })
    }
}

/// A stick that was finished.
pub(crate) struct Stick<'a> {
    pub(crate) usb: &'a Name,
    pub(crate) port: &'a str,
    pub(crate) number: Option<(StickId, whiteglove_core::media::map::ExtentDigest)>,
}

fn rate(stretch: Stretch) -> Option<u64> {
    stretch.rate().filter(|_| stretch.bytes >= TELLS_A_RATE)
}

/// A line for the log of health.
pub(crate) fn entry(usb: &Name, port: &str, media: MediaId, ended: Ended, seen: Seen) -> Entry {
    Entry {
        at: now(),
        stick: usb.clone(),
        port: port.to_owned(),
        media,
        ended,
        bytes: seen.written.bytes,
        write_rate: rate(seen.written),
        read_rate: rate(seen.read),
        retries: seen.retries,
    }
}

/// What a failure says of the stick.
pub(crate) fn ended(error: &WriteError) -> Ended {
    match &error.cause {
        Cause::Device { .. } | Cause::Differs { .. } => Ended::Failed { why: error.to_string() },
        Cause::Fake { keeps, .. } => Ended::Fake { keeps: *keeps },
        _ => Ended::Otherwise,
    }
}

fn new_stick_id() -> Result<StickId, Problem> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| {
        Problem::new(
            "No stick was written.",
            format!("The system gives no randomness: {error}."),
            "Restart this machine.",
        )
    })?;
    Ok(StickId(id))
}

/// The person who is logged in, also behind sudo; a service has a user of its own.
fn login_name() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let named = ["SUDO_USER", "LOGNAME", "USER"].into_iter().find_map(set);
    let number = rustix::process::getuid().as_raw().to_string();
    named
        .or_else(|| account(&std::fs::read_to_string("/etc/passwd").ok()?, &number))
        .unwrap_or(format!("user {number}"))
}

/// The name of an account by its number. Source: passwd(5).
fn account(passwd: &str, number: &str) -> Option<String> {
    let line = passwd.lines().find(|line| line.split(':').nth(2) == Some(number))?;
    line.split(':').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nbench:x:1000:1000:Bench 3,,,:/home/bench:/bin/sh\n";
        assert_eq!(account(passwd, "1000").as_deref(), Some("bench"));
        assert_eq!(account(passwd, "100"), None);
    }

    #[test]
    fn who_said_their_name_is_taken_at_their_word_but_for_what_harms_a_screen() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(None, Some(folder.path().to_owned())).unwrap();
        let set = Config { operator: Some("Halle 3".into()), ..config.clone() };
        assert_eq!(Issuer::new(&set, None).unwrap().operator, "Halle 3");
        assert_eq!(Issuer::new(&set, Some("Jana\u{1b}[2J")).unwrap().operator, "Jana[2J");
        assert!(!Issuer::new(&config, None).unwrap().operator.is_empty());
    }
}
