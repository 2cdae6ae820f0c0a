//! All that a front end may ask of the bench and see of it.
//!
//! Commands go in, updates come out. Both are plain data: the board in the same process gets them
//! over a channel, an attached one over a local socket, and neither can do what is not listed here.

use std::{path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    api::Order,
    clock::Moment,
    device::{Device, DeviceId, Signal},
    disk::Disk,
    media_card::MediaId,
    problem::Problem,
    readiness::Severity,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Show one device whole, now and whenever it changes; `None` ends that.
    Watch(Option<DeviceId>),
    /// Tell the laptop what to do next.
    Order { device: DeviceId, order: Order },
    /// A person looked at a held device and lets it go on.
    Release { device: DeviceId },
    /// List the disks of this machine anew.
    ListDisks,
    /// Build a stick image for the open batch. `out` is relative to the bench's media folder; `add` is a
    /// folder whose content goes on the boot volume too; `media` builds a medium anew that was made before.
    BuildMedia { out: PathBuf, add: Option<PathBuf>, media: Option<MediaId> },
    /// A medium was lost or is retired: accept nothing sealed with it any more.
    RevokeMedia { media: MediaId },
    /// Write an image to a disk. `typed` is what the person typed to name it.
    WriteMedia { image: PathBuf, disk: Disk, typed: String },
    /// Stop the running job.
    CancelJob,
    /// Import the sealed captures of a returned stick: a folder, an image or a device.
    Import { from: PathBuf },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    Snapshot(Arc<Snapshot>),
    /// The watched device, whole.
    Watched(Option<Arc<Device>>),
    Disks(Vec<Disk>),
    Problem(Problem),
    /// Something a person asked for is done.
    Done(String),
}

/// The bench at one moment, light enough to publish on every change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub at: Moment,
    pub bench: String,
    pub batch: String,
    /// Any device here is simulated: the screen says so all the time.
    pub simulated: bool,
    /// Base URLs laptops reach us by. Empty while the endpoint is down; then `endpoint_problem` says why.
    pub endpoints: Vec<String>,
    pub endpoint_problem: Option<Problem>,
    /// Oldest arrival first: a row never jumps.
    pub rows: Arc<Vec<Row>>,
    pub job: Option<Job>,
    /// Images in the media folder, newest first.
    pub images: Vec<Image>,
    pub media_folder: PathBuf,
    /// The last things that went wrong or were refused, newest first.
    pub problems: Vec<(Moment, Problem)>,
}

/// One line of the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub device: DeviceId,
    pub stage: StageName,
    pub serial: String,
    pub model: String,
    pub signal: Signal,
    pub last: Moment,
    pub arrived: Moment,
    pub simulated: bool,
    /// The worst of what is missing for pre-provisioning.
    pub worst: Option<Severity>,
    /// In a few words, what a person has to look at.
    pub attention: Option<String>,
}

/// A stage without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    Arrived,
    Captured,
    Held,
}

impl StageName {
    pub fn word(self) -> &'static str {
        match self {
            Self::Arrived => "ARRIVED",
            Self::Captured => "CAPTURED",
            Self::Held => "HELD",
        }
    }
}

/// How far a long task is. Rate and time left are computed where it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done now: `writing`, `reading back`.
    pub task: String,
    /// Bytes.
    pub done: u64,
    /// Bytes.
    pub total: u64,
}

/// The one long task the bench does for a person at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub title: String,
    pub started: Moment,
    pub progress: Progress,
    /// `None` while it runs.
    pub outcome: Option<Result<String, Problem>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub name: String,
    pub bytes: u64,
    pub made: Moment,
}
