//! From an image and a person's words to a bench that is armed. The command and the board go the same way.

use std::{path::Path, sync::Arc, time::Duration};

use whiteglove_core::{
    control::Progress,
    disk::{Armed, Disk, Refusal, Terms},
    problem::Problem,
    sticks::{run::Patience, size::Window},
};
use whiteglove_image::write::{Returned, source::Image};

use super::{Bench, Hardware, Issuer, Log, Note, bench::unlisted, ports};
use crate::{
    appliance::erase_policy,
    clock::now,
    state::{self, StateLock},
};

/// A shift and the one before it. A calendar day would need to know where on earth the bench stands.
pub(crate) const LATELY: Duration = Duration::from_secs(12 * 3600);

/// What a person wants the bench to do.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) sizes: Window,
    /// Empty: every port.
    pub(crate) ports: Vec<String>,
    pub(crate) most: Option<usize>,
    /// Also sticks that are plugged in already.
    pub(crate) plugged_in: bool,
}

/// Alone in its folder, with an image that was checked: to be armed.
#[derive(Debug)]
pub(crate) struct Prepared {
    alone: StateLock,
    image: Arc<Image>,
    hardware: Hardware,
    log: Log,
    known: Vec<String>,
}

impl Prepared {
    /// # Errors
    /// Another bench mode runs, or the image is not right.
    pub(crate) fn new(
        hardware: Hardware,
        state: &Path,
        image: &Path,
        watch: &mut dyn FnMut(Progress) -> std::ops::ControlFlow<()>,
    ) -> Result<Self, Problem> {
        let folder = state.join("sticks");
        let Some(alone) = state::lock(&folder)? else {
            return Err(Problem::new(
                "Another bench mode is running.",
                format!("Another process writes sticks and remembers them in {}.", folder.display()),
                "Use that one, or end it first.",
            ));
        };
        let image = Image::open(image).map_err(|error| error.problem())?;
        image.check(watch).map_err(|error| error.problem())?;
        let known = ports::read(state);
        Ok(Self { alone, image: Arc::new(image), hardware, log: Log::in_folder(folder), known })
    }

    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    /// Sticks that were made before: with this image, and lately with any.
    pub(crate) fn made(&self) -> (usize, usize) {
        self.log.made(self.image.media(), now(), LATELY)
    }

    /// What is consented to, and the disks that are there already and are meant too.
    ///
    /// # Errors
    /// The machine's disks cannot be listed.
    pub(crate) fn terms(&self, wanted: Wanted) -> Result<(Terms, Vec<Disk>), Problem> {
        let there = self.hardware.disks().map_err(|error| unlisted(&error))?;
        let (also, before): (Vec<Disk>, Vec<Disk>) =
            there.into_iter().partition(|disk| wanted.plugged_in && disk.refusal(erase_policy()).is_none());
        let Wanted { sizes, ports, most, .. } = wanted;
        Ok((Terms { sizes, ports, most: most.unwrap_or(usize::MAX), image: self.image.size(), before }, also))
    }

    /// # Errors
    /// Other words were typed than those that arm it, or the image was changed since it was built.
    pub(crate) fn arm(
        self,
        terms: Terms,
        typed: &str,
        issuer: Issuer,
        returned: Returned,
        note: Note,
    ) -> Result<Bench, Problem> {
        issuer.vouches_for(&self.image)?;
        let armed = Armed::confirm(terms, typed, erase_policy()).map_err(|refusal| not_armed(&refusal))?;
        let Self { alone, image, hardware, log, known } = self;
        let patience = Patience::default();
        Ok(Bench { hardware, image, armed, patience, known, log, alone, issuer, returned, note })
    }
}

fn not_armed(refusal: &Refusal) -> Problem {
    let why = match refusal {
        Refusal::WrongName { name, typed } => format!("The words are {name:?}, not {typed:?}."),
        other => other.to_string(),
    };
    Problem::new("The bench is not armed; nothing was erased.", why, "Type the words exactly as they are shown.")
}
