//! The long tasks: building an image, writing a stick, and what [`super::import`] does. One at a time, each on a thread
//! that may block, each told to stop by a flag it looks at between chunks.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use whiteglove_core::{
    control::{Image, Job, Progress, Update},
    disk::{Disk, ErasePermit, Policy},
    media::{Kind, Recipe, Windows, summary::Summary},
    media_card::{MediaCard, MediaId},
    preflight::Program,
    problem::Problem,
    record::Record,
};
use whiteglove_image::{
    check::How,
    media::{Watch, build_file},
    write::Returned,
};

use super::{Input, Owner, Then, netboot};
use crate::{
    check,
    clock::now,
    config::Config,
    evidence::Sealing,
    media::{Digests, Places, Planned},
    preflight,
    sticks::{self, Device, Done, Hardware, Issuer, Log, One},
};

const TELL_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct RunningJob {
    cancel: Arc<AtomicBool>,
}

/// What work on a thread of its own has in its hand: a way to the owner, and whoever watches.
pub(super) struct Handle<'a> {
    pub(super) inbox: mpsc::Sender<Input>,
    watch: Watch<'a>,
    stopped: bool,
}

impl<'a> Handle<'a> {
    pub(super) fn new(inbox: mpsc::Sender<Input>, watch: Watch<'a>) -> Self {
        Self { inbox, watch, stopped: false }
    }

    pub(super) fn watch(&mut self, progress: Progress) -> ControlFlow<()> {
        let answer = (self.watch)(progress);
        self.stopped |= answer.is_break();
        answer
    }

    /// Somebody wanted it to stop, and it was told.
    pub(super) fn is_cancelled(&self) -> bool {
        self.stopped
    }

    /// What a medium starts by goes into the journal before the job is over.
    pub(super) fn built(&self, media: MediaId, programs: Vec<Program>) {
        // An appliance that is gone writes nothing more; the medium is as good without.
        drop(self.inbox.blocking_send(Input::MediaBuilt { media, programs }));
    }

    /// What was made goes into the journal before the job is over; what there is to say of the stick itself is said.
    fn made(&self, done: Done, words: &str) -> String {
        let number = match done.made {
            Some(made) => {
                let number = format!(" It is stick {}.", made.stick);
                // Its own record stands on the stick; an appliance that is gone writes nothing more.
                drop(self.inbox.blocking_send(Input::StickMade(Box::new(made))));
                number
            }
            None => String::new(),
        };
        let advice = done.advice.map_or_else(String::new, |advice| format!(" But {advice}."));
        let note = done.note.map_or_else(String::new, |note| format!(" {note}"));
        let collected = match done.collected {
            nothing if nothing.is_nothing() => String::new(),
            brought => format!(" What it brought back is on the bench: {brought}."),
        };
        format!("{words}{collected}{number}{advice}{note}")
    }
}

impl Owner {
    /// Starts a job, unless one is running.
    pub(super) fn start(
        &mut self,
        from: u64,
        title: String,
        work: impl FnOnce(&mut Handle<'_>) -> Result<String, Problem> + Send + 'static,
    ) {
        if self.running.is_some() {
            let title = self.job.as_ref().map_or("", |job| &job.title);
            let busy = Problem::new(
                "The bench is busy.",
                format!("It is still at this: {title}."),
                "Wait until it is done, or cancel it.",
            );
            return self.tell(from, Err(busy));
        }
        let cancel = Arc::new(AtomicBool::new(false));
        let progress = Progress { task: "starting".to_owned(), done: 0, total: 0 };
        self.job = Some(Job { title, started: now(), progress, outcome: None });
        self.running = Some(RunningJob { cancel: Arc::clone(&cancel) });
        self.dirty = true;
        let inbox = self.inbox.clone();
        tokio::task::spawn_blocking(move || {
            let (screens, mut told) = (inbox.clone(), None::<Instant>);
            let mut watch = |progress: Progress| {
                let due = told.is_none_or(|told| told.elapsed() >= TELL_EVERY) || progress.done == progress.total;
                if due {
                    told = Some(Instant::now());
                    // Progress may be dropped, never wait: the stick must not stand still for a screen.
                    let _ = screens.try_send(Input::Progress(progress));
                }
                match cancel.load(Ordering::Relaxed) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            };
            let outcome = work(&mut Handle::new(inbox.clone(), &mut watch));
            drop(inbox.blocking_send(Input::JobDone { from, outcome }));
        });
    }

    pub(super) fn finish_job(&mut self, from: u64, outcome: Result<String, Problem>) {
        self.running = None;
        self.images = list_images(&self.config.media_folder());
        self.dirty = true;
        if let Some(job) = &mut self.job {
            job.outcome = Some(outcome.clone());
        }
        self.tell(from, outcome);
    }

    pub(super) fn cancel_job(&mut self, from: u64) {
        if !self.cancel_running_job() {
            self.tell(from, Ok("Nothing is running.".to_owned()));
        }
    }

    /// Whether there was one. It stops at its next chunk.
    pub(super) fn cancel_running_job(&self) -> bool {
        self.running.as_ref().inspect(|job| job.cancel.store(true, Ordering::Relaxed)).is_some()
    }

    pub(super) fn list_disks(&self, from: u64) {
        let (inbox, hardware) = (self.inbox.clone(), self.sticks.hardware.clone());
        tokio::task::spawn_blocking(move || {
            let update = match hardware.disks() {
                Ok(disks) => Update::Disks(disks),
                Err(error) => Update::Problem(Problem::new(
                    "The disks of this machine cannot be listed.",
                    format!("The system says: {error}."),
                    "Check that /sys is mounted.",
                )),
            };
            drop(inbox.blocking_send(Input::Reply { to: from, update }));
        });
    }

    /// The plan of a medium that is never made: its number is nobody's.
    pub(super) fn plan_media(&mut self, from: u64, recipe: Recipe) {
        if recipe.kind == Kind::BenchBox {
            return self.plan_box(from, recipe);
        }
        let windows = recipe.kind.windows().map(|windows| windows.iso.clone());
        let (places, recipe) = (Places::of(&self.config), self.settled(recipe));
        let card = self.card(MediaId([0; 16]));
        let (state, inbox) = (self.config.state.clone(), self.inbox.clone());
        let plan = move |watch: Watch<'_>| {
            let sealing = Sealing { signer: crate::state::signer(&state)?, issued: now() };
            let Planned { plan, notes } = crate::media::plan(&places, &card, &recipe, &sealing, Digests::Left, watch)?;
            Ok(Summary { notes, warnings: crate::media::warnings(&recipe)?, ..Summary::from(&plan) })
        };
        let tell =
            move |planned| drop(inbox.blocking_send(Input::Reply { to: from, update: Update::Planned(planned) }));
        let Some(windows) = windows else {
            tokio::task::spawn_blocking(move || tell(plan(&mut |_| ControlFlow::Continue(()))));
            return;
        };
        // Minutes, if that Windows is new to the bench: with progress, and to be cancelled.
        self.start(from, format!("preparing {}", windows.display()), move |handle| {
            let planned = plan(&mut |progress| handle.watch(progress));
            let outcome = planned.as_ref().map(|_| "Windows is prepared.".to_owned()).map_err(Problem::clone);
            tell(planned);
            outcome
        });
    }

    /// The medium is in the journal before its image exists: an image nobody knows would be a stick
    /// whose captures are refused.
    pub(super) fn build_media(&mut self, from: u64, out: PathBuf, recipe: Recipe) -> (Vec<Record>, Option<Then>) {
        if recipe.kind == Kind::BenchBox {
            self.build_box(from, out, recipe);
            return (vec![], None);
        }
        let decided = match recipe.again {
            Some(media) => self.bench.decide_rebuild(media).map(|()| (media, vec![])),
            None => new_media_id().map(|media| {
                let record = Record::MediaIssued { media, batch: self.batch(), network: false };
                (media, vec![record])
            }),
        };
        match decided {
            Ok((media, records)) => {
                let then: Then = Box::new(move |owner, written| match written {
                    Ok(()) => owner.start_build(from, media, &out, recipe),
                    Err(problem) => owner.tell(from, Err(problem)),
                });
                (records, Some(then))
            }
            Err(problem) => {
                self.tell(from, Err(problem));
                (vec![], None)
            }
        }
    }

    /// As [`Self::build_media`]: what boots from the export is known before the export exists.
    pub(super) fn export_netboot(&mut self, from: u64, out: PathBuf) -> (Vec<Record>, Option<Then>) {
        match new_media_id() {
            Ok(media) => {
                let then: Then = Box::new(move |owner, written| match written {
                    Ok(()) => {
                        // There is no stick to save to.
                        let card = MediaCard { data_volume: None, ..owner.card(media) };
                        let environment = owner.config.boot_environment();
                        let (fleet, title) = (owner.bench.fleet(), format!("exporting to {}", out.display()));
                        owner.start(from, title, move |handle| {
                            netboot::export(&environment, &card, &out, &fleet, handle)
                        });
                    }
                    Err(problem) => owner.tell(from, Err(problem)),
                });
                (vec![Record::MediaIssued { media, batch: self.batch(), network: false }], Some(then))
            }
            Err(problem) => {
                self.tell(from, Err(problem));
                (vec![], None)
            }
        }
    }

    /// As [`Self::export_netboot`]; what this bench itself gives out needs no medium of its own.
    pub(super) fn export_winpe(
        &mut self,
        from: u64,
        out: Option<PathBuf>,
        windows: Windows,
    ) -> (Vec<Record>, Option<Then>) {
        let medium = match out.as_ref().map(|_| new_media_id()).transpose() {
            Ok(medium) => medium,
            Err(problem) => {
                self.tell(from, Err(problem));
                return (vec![], None);
            }
        };
        let recipe = self.settled(Recipe { kind: Kind::WinPe(windows), ..Recipe::default() });
        let then: Then = Box::new(move |owner, written| {
            let Some(windows) = recipe.kind.windows().cloned() else { return };
            if let Err(problem) = written {
                return owner.tell(from, Err(problem));
            }
            let card = MediaCard { data_volume: None, ..owner.card(medium.unwrap_or(MediaId([0; 16]))) };
            let (places, own) = (Places::of(&owner.config), owner.config.payloads_folder().join("winpe"));
            let title = format!("Windows PE for the network from {}", windows.iso.display());
            owner.start(from, title, move |handle| {
                netboot::export_winpe(&places, &card, &windows, &own, out.as_deref(), handle)
            });
        });
        let records = medium.map(|media| Record::MediaIssued { media, batch: self.batch(), network: false });
        (records.into_iter().collect(), Some(then))
    }

    /// With what the open batch decides where the recipe does not.
    fn settled(&self, mut recipe: Recipe) -> Recipe {
        let of_batch = self.bench.open_batch().map(|batch| batch.loader);
        if let (Some(windows), Some(loader)) = (recipe.kind.windows_mut(), of_batch) {
            windows.loader.get_or_insert(loader);
        }
        recipe
    }

    fn start_build(&mut self, from: u64, media: MediaId, out: &Path, recipe: Recipe) {
        let (config, out) = (self.config.clone(), out.to_owned());
        let (places, recipe) = (Places::of(&self.config), self.settled(recipe));
        let card = self.card(media);
        let state = self.config.state.clone();
        let issued = self.bench.media().get(&media).map_or_else(now, |known| known.issued);
        let fleet = self.bench.fleet();
        let title = format!("building {}", config.media_folder().join(&out).display());
        self.start(from, title, move |handle| {
            let sealing = Sealing { signer: crate::state::signer(&state)?, issued };
            let watch: Watch<'_> = &mut |progress| handle.watch(progress);
            let Planned { plan, notes } = crate::media::plan(&places, &card, &recipe, &sealing, Digests::Made, watch)?;
            let programs = preflight::programs(&plan)?;
            let out = in_media_folder(&config, &out)?;
            build_file(&plan, &out, &mut |progress| handle.watch(progress)).map_err(|error| error.problem())?;
            sealing.image(&out)?;
            // Not read back here: what is read now comes from memory and proves nothing. Every extent's digest
            // is in the image, and writing it to a stick checks them before the first byte and after the last.
            let none = match card.endpoints.is_empty() {
                true => " It names no endpoint address: laptops will ask the network for the bench.",
                false => "",
            };
            let warnings = match crate::media::warnings(&recipe)?.len() {
                0 => String::new(),
                1 => "\nOne thing in what was added may go wrong: whiteglove answer lint FOLDER.".to_owned(),
                count => format!("\n{count} things in what was added may go wrong: whiteglove answer lint FOLDER."),
            };
            let said = preflight::words(&programs, &fleet).map_or_else(String::new, |said| format!(" {said}"));
            handle.built(media, programs);
            let notes: String = notes.iter().map(|note| format!(" {note}")).collect();
            let (place, size) = (out.display(), plan.size / 1_000_000);
            Ok(format!("{place} is ready: {size} MB.{none}{notes}{said}\n{}{warnings}", recipe.form.next()))
        });
    }

    pub(super) fn update_media(&mut self, from: u64, image: PathBuf, named: Named, fully: bool) {
        let image = self.config.media_folder().join(image);
        let title = format!("updating {} from {}", named.disk.path.display(), image.display());
        if let Err(problem) = self.refuse_while_armed() {
            return self.tell(from, Err(problem));
        }
        let hardware = self.sticks.hardware.clone();
        let config = self.config.clone();
        self.start(from, title, move |handle| {
            let name = named.disk.name();
            let one = named.prepare(&config, &hardware, &image)?;
            let open = |permit: &ErasePermit| hardware.open(permit);
            let done = one.update(fully, open, &mut Device::settle, &mut |progress| handle.watch(progress))?;
            let (fully, changed) = done.updated.map_or((false, 0), |updated| (updated.fully, updated.changed));
            let compared = match fully {
                true => "everything it boots from was compared",
                false => "its file systems and some files were compared",
            };
            let words = match (changed, &done.made) {
                (0, None) => format!("{name} was up to date: {compared}."),
                (0, Some(_)) => format!("{name} was up to date, {compared}; its record was signed anew."),
                (bytes, _) => {
                    format!("{name} is up to date: {} MB written and read back, {compared}.", bytes.div_ceil(1_000_000))
                }
            };
            let stale = match done.updated.map_or(0, |updated| updated.stale) {
                0 => "",
                _ => {
                    " README and scripts for Windows on its data volume stay an earlier medium's: for new ones empty it (r) and \
                     write it whole (w)."
                }
            };
            Ok(handle.made(done, &format!("{words}{stale}")))
        });
    }

    /// `what`: a disk, or an image in the media folder.
    pub(super) fn check_media(&mut self, from: u64, what: PathBuf, fully: bool) {
        let what = self.config.media_folder().join(what);
        let config = self.config.clone();
        let how = if fully { How::Full } else { How::Quick };
        self.start(from, format!("checking {}", what.display()), move |handle| {
            let report = check::check(&config, &what, how, None, &mut |progress| handle.watch(progress))?;
            Ok(check::words(&what, &report))
        });
    }

    /// `discard`: what the stick brings back is given up; else it is taken in before it is erased.
    pub(super) fn write_media(&mut self, from: u64, image: PathBuf, named: Named, discard: bool) {
        let image = self.config.media_folder().join(image);
        let title = format!("writing {} to {}", image.display(), named.disk.path.display());
        if let Err(problem) = self.refuse_while_armed() {
            return self.tell(from, Err(problem));
        }
        let hardware = self.sticks.hardware.clone();
        let config = self.config.clone();
        let returned = if discard { Returned::GivenUp } else { self.collector().before_writing() };
        self.start(from, title, move |handle| {
            let name = named.disk.name();
            let one = One { returned, ..named.prepare(&config, &hardware, &image)? };
            let open = |permit: &ErasePermit| hardware.open(permit);
            let done = one.write(open, &mut Device::settle, &mut |progress| handle.watch(progress))?;
            let words = format!("{name} is ready: written and read back. Take it out and boot a laptop from it.");
            Ok(handle.made(done, &words))
        });
    }
}

/// Where a medium is built, with the folder it lies in if that is the bench's own.
pub(super) fn in_media_folder(config: &Config, out: &Path) -> Result<PathBuf, Problem> {
    let folder = config.media_folder();
    let out = folder.join(out);
    if out.starts_with(&folder) {
        std::fs::create_dir_all(&folder).map_err(|error| {
            Problem::new(
                format!("The media folder {} cannot be made.", folder.display()),
                format!("The system says: {error}."),
                "Check the permissions of the state folder.",
            )
        })?;
    }
    Ok(out)
}

/// A stick that a person named, and who they are if they said so.
pub(super) struct Named {
    pub(super) disk: Disk,
    pub(super) typed: String,
    pub(super) operator: Option<String>,
}

impl Named {
    /// Whatever can be refused before the stick is opened.
    fn prepare(self, config: &Config, hardware: &Hardware, image: &Path) -> Result<One, Problem> {
        let image = sticks::open(image)?;
        let Self { disk, typed, operator } = self;
        let permit = ErasePermit::confirm(disk.clone(), &typed, image.size(), erase_policy())
            .map_err(|refusal| refusal.problem(&disk))?;
        let port = hardware.place(&disk).port;
        let issuer = Issuer::new(config, operator.as_deref())?;
        let note = issuer.vouches_for(&image)?;
        let log = Log::in_folder(config.state.join("sticks"));
        Ok(One { image, disk, port, permit, issuer, note, log, returned: Returned::Refuse })
    }
}

pub(crate) fn new_media_id() -> Result<MediaId, Problem> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| {
        Problem::new(
            "No medium was made.",
            format!("The system gives no randomness: {error}."),
            "Restart this machine.",
        )
    })?;
    Ok(MediaId(id))
}

/// Loop devices stand in for sticks where there is no hardware; only who starts the appliance can say so.
pub(crate) fn erase_policy() -> Policy {
    Policy { allow_loop: std::env::var_os("WHITEGLOVE_REHEARSE_ON_LOOP").is_some_and(|value| value == "1") }
}

/// The images in the media folder, newest first.
pub(super) fn list_images(folder: &Path) -> Vec<Image> {
    let images = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok().filter(|name| name.ends_with(".img"))?;
        let about = entry.metadata().ok()?;
        let made = about.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        let made = whiteglove_core::clock::Moment::default().after(made);
        Some(Image { name, bytes: about.len(), made })
    });
    let mut images: Vec<Image> = images.collect();
    images.sort_by_key(|image| std::cmp::Reverse(image.made));
    images
}
