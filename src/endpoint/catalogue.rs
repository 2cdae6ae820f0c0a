//! What laptops may load, by the names they ask for: one catalogue for TFTP and HTTP. A name from the network is
//! looked up here and never becomes a path.
//!
//! Content does not change while somebody loads it. Our own files were checked against their digests and lie in
//! memory, once for everybody. Of what a person brought, large files stay on disk, open; a transfer of one
//! that is written to meanwhile ends.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{body::Bytes, http::HeaderValue};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use whiteglove_core::{media_card::MediaCard, windows::pe};
use whiteglove_image::boot::{self, BootEnv, Served, WinPe};

use crate::{appliance::Appliance, config::Config};

/// What a person brought is held in memory up to this size: everything of a Windows PE but its image.
const HELD_MOST: u64 = 64 << 20;
/// People copy files into the folder and expect them to be there.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The only file that carries the batch.
const CARD: &str = "boot/media.cpio";

#[derive(Debug, Default)]
pub(crate) struct Catalogue(BTreeMap<String, Arc<Content>>);

/// A file as it will be until it is replaced by another.
#[derive(Debug)]
pub(crate) struct Content {
    source: Source,
    size: u64,
    tag: HeaderValue,
}

#[derive(Debug)]
pub(crate) enum Source {
    Held(Bytes),
    OnDisk(Brought),
}

/// A large file, open since it was found.
#[derive(Debug)]
pub(crate) struct Brought {
    file: File,
    seen: Stamp,
}

/// Tells one state of a file from any other that people's tools leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(about: &std::fs::Metadata) -> Self {
        Self {
            device: about.dev(),
            inode: about.ino(),
            size: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
        }
    }
}

impl Brought {
    /// Fills the buffer from there.
    ///
    /// # Errors
    /// The disk refuses, or the file is not what it was when it was opened.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)?;
        // Afterwards, so that nothing can change between the look and the read.
        match Stamp::of(&self.file.metadata()?) == self.seen {
            true => Ok(()),
            false => Err(io::Error::other("the file is being changed on the bench's disk")),
        }
    }
}

impl Content {
    fn held(bytes: Bytes) -> io::Result<Self> {
        let digest = Sha256::digest(&bytes);
        Self::checked(bytes, &digest)
    }

    fn checked(bytes: Bytes, digest: &[u8]) -> io::Result<Self> {
        Ok(Self { size: bytes.len() as u64, tag: tag(&hex::encode(digest))?, source: Source::Held(bytes) })
    }

    /// The digest of an image of gigabytes would take as long as several laptops need to load it, so its tag says
    /// which file it is and in which state. That is as strong: a state is served under one tag only.
    fn brought(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let seen = Stamp::of(&file.metadata()?);
        if seen.size <= HELD_MOST {
            return Self::held(std::fs::read(path)?.into());
        }
        let Stamp { inode, size, modified, changed, .. } = seen;
        let state = format!("{inode:x}-{size:x}-{:x}.{:x}-{:x}.{:x}", modified.0, modified.1, changed.0, changed.1);
        Ok(Self { size, tag: tag(&state)?, source: Source::OnDisk(Brought { file, seen }) })
    }

    /// Bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The entity tag, quoted: other content, other tag.
    pub(crate) fn tag(&self) -> &HeaderValue {
        &self.tag
    }

    #[cfg(test)]
    pub(crate) fn of(bytes: impl Into<Bytes>) -> Arc<Self> {
        Arc::new(Self::held(bytes.into()).unwrap())
    }

    #[cfg(test)]
    pub(crate) fn at(path: &Path) -> Arc<Self> {
        Arc::new(Self::brought(path).unwrap())
    }
}

fn tag(text: &str) -> io::Result<HeaderValue> {
    HeaderValue::from_str(&format!("\"{text}\"")).map_err(io::Error::other)
}

impl Catalogue {
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Content>> {
        self.0.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    #[cfg(test)]
    pub(crate) fn of(files: impl IntoIterator<Item = (&'static str, Arc<Content>)>) -> Arc<Self> {
        Arc::new(Self(files.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()))
    }

    /// Loads it, and loads it again whenever the medium or the files change, until told to stop.
    pub(crate) async fn keep(
        appliance: &Appliance,
        config: &Config,
        stop: CancellationToken,
    ) -> watch::Receiver<Arc<Self>> {
        let keeper = Keeper {
            environment: config.boot_environment(),
            winpe: config.payloads_folder().join("winpe"),
            made_of: None,
            complaints: Vec::new(),
            catalogue: Arc::default(),
        };
        let mut plan = appliance.netboot.clone();
        let card = plan.borrow_and_update().card.clone();
        let mut keeper = keeper.look(card).await;
        let first = keeper.as_ref().map(|keeper| Arc::clone(&keeper.catalogue)).unwrap_or_default();
        let (sender, receiver) = watch::channel(first);
        tokio::spawn(async move {
            while let Some(known) = keeper {
                let changed = tokio::select! {
                    () = stop.cancelled() => return,
                    changed = plan.changed() => changed,
                    () = tokio::time::sleep(LOOK_AGAIN) => Ok(()),
                };
                if changed.is_err() {
                    return;
                }
                let card = plan.borrow_and_update().card.clone();
                keeper = known.look(card).await;
                if let Some(keeper) = keeper.as_ref().filter(|new| !Arc::ptr_eq(&new.catalogue, &sender.borrow())) {
                    sender.send_replace(Arc::clone(&keeper.catalogue));
                }
            }
        });
        receiver
    }
}

type MadeOf = (Vec<(PathBuf, Stamp)>, Option<MediaCard>);

struct Keeper {
    environment: PathBuf,
    winpe: PathBuf,
    made_of: Option<MadeOf>,
    complaints: Vec<String>,
    catalogue: Arc<Catalogue>,
}

impl Keeper {
    /// `None`: the program is ending.
    async fn look(mut self, card: Option<MediaCard>) -> Option<Self> {
        let looked = tokio::task::spawn_blocking(move || {
            let mut files = Vec::new();
            list(&self.environment, 1, &mut files);
            list(&self.winpe, 4, &mut files);
            files.sort();
            let made_of = Some((files, card));
            if made_of != self.made_of {
                self.made_of = made_of;
                self.load();
            }
            self
        });
        looked.await.ok()
    }

    fn load(&mut self) {
        let mut complaints = Vec::new();
        let mut take = |found: Result<Vec<Served>, String>| {
            found.unwrap_or_else(|why| {
                complaints.push(why);
                Vec::new()
            })
        };
        let card = self.made_of.as_ref().and_then(|(_, card)| card.as_ref());
        let own = take(own(&self.environment, card));
        let winpe = WinPe::find(&self.winpe).map_err(|error| error.to_string());
        let brought = take(winpe.map(|winpe| winpe.map(|winpe| winpe.served(card.map(pe::card))).unwrap_or_default()));
        let mut files = BTreeMap::new();
        for Served { name, content } in own.into_iter().chain(brought) {
            match self.content(&name, &content) {
                Ok(content) => drop(files.insert(name, content)),
                Err(error) => complaints.push(format!("{name}: {error}")),
            }
        }
        for why in complaints.iter().filter(|why| !self.complaints.contains(why)) {
            tracing::warn!(why, "not everything can be given out to laptops");
        }
        self.complaints = complaints;
        self.catalogue = Arc::new(Catalogue(files));
    }

    fn content(&self, name: &str, content: &boot::Content) -> io::Result<Arc<Content>> {
        match content {
            boot::Content::File(file) => {
                let tag = tag(&hex::encode(file.sha256))?;
                let known = self.catalogue.find(name).filter(|known| known.tag == tag);
                if let Some(known) = known {
                    return Ok(Arc::clone(known));
                }
                let bytes = Bytes::from(std::fs::read(&file.path)?);
                let digest = Sha256::digest(&bytes);
                if digest.as_slice() != file.sha256 {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not match its digest"));
                }
                Content::checked(bytes, &digest).map(Arc::new)
            }
            boot::Content::Made(bytes) => Content::held(bytes.clone().into()).map(Arc::new),
            boot::Content::Brought { path, .. } => Content::brought(path).map(Arc::new),
        }
    }
}

fn own(environment: &Path, card: Option<&MediaCard>) -> Result<Vec<Served>, String> {
    let environment = BootEnv::open(environment).map_err(|error| error.to_string())?;
    let json = card.map(serde_json::to_vec).transpose().map_err(|error| error.to_string())?;
    let mut served = boot::served(&environment, json.as_deref().unwrap_or(b"{}")).map_err(|error| error.to_string())?;
    served.retain(|file| json.is_some() || file.name != CARD);
    Ok(served)
}

/// Every file in there, so many folders deep.
fn list(folder: &Path, depth: u32, found: &mut Vec<(PathBuf, Stamp)>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        match std::fs::metadata(&path) {
            Ok(about) if about.is_dir() && depth > 1 => list(&path, depth - 1, found),
            Ok(about) if about.is_file() => found.push((path, Stamp::of(&about))),
            _ => {}
        }
    }
}
