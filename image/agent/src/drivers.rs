//! Loads the drivers the machine needs: what every device calls itself (`modalias`) against what
//! every module says it drives, again and again as devices appear behind devices.
//!
//! Nothing else loads modules here; the kernel's own `/sbin/modprobe` does not exist.

mod index;
mod uevent;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{io::Errno, system};
use whiteglove_core::capture::{Finding, Part};

use crate::read::Root;
pub use index::Index;
use uevent::Uevents;

/// Without uevents, how often devices are looked for.
const POLL: Duration = Duration::from_millis(500);

/// What other threads see of the loading.
#[derive(Debug, Clone)]
pub struct Watch {
    start: Instant,
    /// Milliseconds after `start` at which the last new device was seen.
    last_change: Arc<AtomicU64>,
    /// When all devices that were there at the start have had their chance; zero before.
    first_pass: Arc<AtomicU64>,
}

impl Watch {
    fn new() -> Self {
        Self { start: Instant::now(), last_change: Arc::default(), first_pass: Arc::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn changed(&self) {
        self.last_change.store(self.now(), Ordering::Relaxed);
    }

    fn first_pass_done(&self) {
        // Only the first time counts.
        let _ = self.first_pass.compare_exchange(0, self.now().max(1), Ordering::Release, Ordering::Relaxed);
    }

    /// How long the devices that were there at the start took; `None` while that is under way.
    pub fn first_pass(&self) -> Option<Duration> {
        match self.first_pass.load(Ordering::Acquire) {
            0 => None,
            millis => Some(Duration::from_millis(millis)),
        }
    }

    /// For how long no new device has appeared; `None` while the first pass is under way.
    pub fn quiet_for(&self) -> Option<Duration> {
        let last = Duration::from_millis(self.last_change.load(Ordering::Relaxed));
        self.first_pass().map(|_| self.start.elapsed().saturating_sub(last))
    }
}

/// Starts loading in a thread that goes on for ever. `tell` hears of what could not be loaded.
pub fn start(root: &Root, tell: impl Fn(Finding) + Send + 'static) -> Watch {
    let watch = Watch::new();
    let (root, mine) = (root.clone(), watch.clone());
    thread::spawn(move || {
        // Before looking at what is there, so that nothing appears in between unseen.
        let uevents = Uevents::open();
        let mut loader = match Loader::open(&root) {
            Ok(loader) => loader,
            Err(error) => {
                let what = format!("no index of drivers in the boot environment: {error}");
                tell(Finding { part: Part::Drivers, what });
                mine.first_pass_done();
                return;
            }
        };
        // Controllers first, since what is behind them takes seconds to appear; file systems when
        // the network is already asking for its address.
        loader.preload(|file| !is_a_file_system(file));
        loader.pass();
        loader.preload(is_a_file_system);
        loop {
            // Loading one makes others appear: a USB controller, then what is plugged into it.
            while loader.pass() {
                mine.changed();
                loader.failures.drain(..).for_each(&tell);
            }
            loader.failures.drain(..).for_each(&tell);
            mine.first_pass_done();
            match &uevents {
                Ok(uevents) if uevents.wait() => mine.changed(),
                Ok(_) => {}
                Err(_) => thread::sleep(POLL),
            }
        }
    });
    watch
}

struct Loader<'a> {
    root: &'a Root,
    /// `lib/modules/RELEASE`
    base: String,
    index: Index,
    seen: BTreeSet<String>,
    loaded: BTreeSet<String>,
    failures: Vec<Finding>,
}

impl<'a> Loader<'a> {
    fn open(root: &'a Root) -> io::Result<Self> {
        let release = system::uname().release().to_string_lossy().into_owned();
        let base = format!("lib/modules/{release}");
        let text = |name: &str| fs::read_to_string(root.path(&format!("{base}/{name}")));
        // Only the first two are needed to load anything.
        let index = Index::parse(
            &text("modules.alias")?,
            &text("modules.dep")?,
            &text("modules.softdep").unwrap_or_default(),
            &text("modules.preload").unwrap_or_default(),
        );
        Ok(Self { root, base, index, seen: BTreeSet::new(), loaded: BTreeSet::new(), failures: Vec::new() })
    }

    fn preload(&mut self, wanted: impl Fn(&str) -> bool) {
        for path in self.index.preload().iter().filter(|path| wanted(path)) {
            self.load(path);
        }
    }

    /// Looks at every device; `true` if one was new.
    fn pass(&mut self) -> bool {
        let mut found = BTreeSet::new();
        modaliases(&self.root.path("sys/devices"), &mut found);
        let new: Vec<String> = found.difference(&self.seen).cloned().collect();
        let mut modules: Vec<Vec<String>> = new.iter().map(|modalias| self.index.modules_for(modalias)).collect();
        // A network card needs seconds to agree with the switch: that time is used for the others.
        modules.sort_by_key(|files| !files.last().is_some_and(|file| file.starts_with("kernel/drivers/net/")));
        for path in modules.iter().flatten() {
            self.load(path);
        }
        self.seen.extend(new.iter().cloned());
        !new.is_empty()
    }

    /// Loads one file, once. The index lists what must be there before.
    fn load(&mut self, path: &str) {
        if !self.loaded.insert(path.to_owned()) {
            return;
        }
        let file = self.root.path(&format!("{}/{path}", self.base));
        let result = File::open(&file).and_then(|file| Ok(system::finit_module(file, c"", 0)?));
        match result {
            Ok(()) => {}
            Err(error) => match Errno::from_io_error(&error) {
                // In the kernel already; or the module looked and its hardware is not there.
                Some(Errno::EXIST | Errno::NODEV | Errno::NXIO) => {}
                _ => {
                    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    let why = match Errno::from_io_error(&error) {
                        Some(Errno::KEYREJECTED) => "the kernel does not accept its signature".to_owned(),
                        _ => error.to_string(),
                    };
                    self.failures
                        .push(Finding { part: Part::Drivers, what: format!("driver {name} did not load: {why}") });
                }
            },
        }
    }
}

fn is_a_file_system(file: &str) -> bool {
    file.starts_with("kernel/fs/")
}

/// Every device's own description. Links are not followed: the tree below `/sys/devices` is whole.
fn modaliases(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => modaliases(&entry.path(), found),
            Ok(kind) if kind.is_file() && entry.file_name() == "modalias" => {
                let text = fs::read_to_string(entry.path()).unwrap_or_default();
                let text = text.trim();
                if !text.is_empty() {
                    found.insert(text.to_owned());
                }
            }
            _ => {}
        }
    }
}
