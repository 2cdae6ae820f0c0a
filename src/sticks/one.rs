//! One stick that a person named: written or brought up to date, with everything bench mode does for it too. How it
//! did is remembered, a write that was broken off goes on where it was, and what was made goes into the journal.

use std::{
    io::{self, Read, Seek, Write},
    path::Path,
};

use whiteglove_core::{
    disk::{Disk, ErasePermit},
    problem::Problem,
    sticks::{
        brought::Brought,
        health::{Ended, Name},
        made::Made,
    },
};
use whiteglove_image::{
    disks::OpenError,
    media::Watch,
    write::{self, Manner, Returned, Seen, WriteError, source::Image, update},
};

use super::{
    Log,
    issuer::{Issuer, Stick, ended, entry},
};

/// A stick, and all there is to know before it is touched.
pub(crate) struct One {
    pub(crate) image: Image,
    pub(crate) disk: Disk,
    pub(crate) port: String,
    pub(crate) permit: ErasePermit,
    pub(crate) issuer: Issuer,
    /// What there is to say of the image.
    pub(crate) note: Option<&'static str>,
    pub(crate) log: Log,
    /// Of a whole write: an update leaves what it brings where it is.
    pub(crate) returned: Returned,
}

/// What was made, and what there is to say of the stick itself.
#[derive(Debug)]
pub(crate) struct Done {
    /// `None`: nothing had to be written.
    pub(crate) made: Option<Made>,
    pub(crate) updated: Option<update::Updated>,
    /// What it brought back, which was taken in before.
    pub(crate) collected: Brought,
    pub(crate) advice: Option<String>,
    pub(crate) note: Option<&'static str>,
}

/// # Errors
/// It is no image.
pub(crate) fn open(image: &Path) -> Result<Image, Problem> {
    Image::open(image).map_err(|error| {
        let problem = error.problem();
        match image.exists() {
            true => problem,
            false => {
                Problem { next: "Build it first (b on the media screen, or whiteglove media build).".into(), ..problem }
            }
        }
    })
}

impl One {
    /// Writes it whole.
    ///
    /// # Errors
    /// What kept it from being made, and what state it is in.
    pub(crate) fn write<D: Read + Write + Seek>(
        self,
        open: impl FnOnce(&ErasePermit) -> Result<D, OpenError>,
        settle: &mut dyn FnMut(&mut D) -> io::Result<()>,
        watch: Watch<'_>,
    ) -> Result<Done, Problem> {
        let Self { image, disk, port, permit, issuer, note, log, returned } = self;
        let usb = Name::of(&disk);
        let (media, fingerprint) = (image.media(), image.fingerprint());
        let begun = log.begun(&usb, fingerprint);
        let number = begun.as_ref().and_then(|begun| begun.number);
        let issue = issuer.issue(number, usb.clone())?;
        let stick = issue.stick;
        let resume = begun.map_or(0, |begun| begun.written);
        let manner = Manner { resume, issue: Some(issue), returned, ..Manner::default() };
        let mut marked = 0;
        let mut remembering = |progress: whiteglove_core::control::Progress| {
            if progress.task == "writing" {
                log.mark(&usb, fingerprint, stick, marked, progress.done);
                marked = progress.done;
            }
            watch(progress)
        };
        let written = write::write_in(manner, image, permit, open, settle, &mut remembering);
        let seen = remember(&log, &usb, &port, media, written.as_ref().map(|written| written.seen));
        let written = written.map_err(|error| error.problem())?;
        log.clear(&usb);
        let made = issuer.made(&Stick { usb: &usb, port: &port, number: written.stick }, media, seen, false);
        Ok(Done { made, updated: None, collected: written.collected, advice: log.health(&usb).advice(), note })
    }

    /// Writes what differs, and keeps its data volume.
    ///
    /// # Errors
    /// As of [`Self::write`].
    pub(crate) fn update<D: Read + Write + Seek>(
        self,
        fully: bool,
        open: impl FnOnce(&ErasePermit) -> Result<D, OpenError>,
        settle: &mut dyn FnMut(&mut D) -> io::Result<()>,
        watch: Watch<'_>,
    ) -> Result<Done, Problem> {
        let Self { image, disk, port, permit, issuer, note, log, returned: _ } = self;
        let usb = Name::of(&disk);
        let media = image.media();
        let issue = issuer.issue(None, usb.clone())?;
        let updated = update::update(image, permit, open, settle, Some(issue), fully, watch);
        let seen = remember(&log, &usb, &port, media, updated.as_ref().map(|updated| updated.seen));
        let updated = updated.map_err(|error| error.problem())?;
        let stick = Stick { usb: &usb, port: &port, number: updated.stick };
        let made = issuer.made(&stick, media, seen, true).filter(|made| made.bytes > 0);
        let collected = Brought::default();
        Ok(Done { made, updated: Some(updated), collected, advice: log.health(&usb).advice(), note })
    }
}

/// Puts down how it did. Of one that was refused or cancelled before anything moved there is nothing to say.
fn remember(
    log: &Log,
    usb: &Name,
    port: &str,
    media: whiteglove_core::media_card::MediaId,
    result: Result<Seen, &WriteError>,
) -> Seen {
    let (ended, seen) = match result {
        Ok(seen) => (Ended::Ready, seen),
        Err(error) => (ended(error), error.seen),
    };
    if matches!(ended, Ended::Fake { .. }) {
        log.clear(usb);
    }
    let moved = seen.written.bytes > 0 || seen.retries > 0;
    if moved || !matches!(ended, Ended::Ready | Ended::Otherwise) {
        log.add(&entry(usb, port, media, ended, seen));
    }
    seen
}

#[cfg(test)]
mod tests;
