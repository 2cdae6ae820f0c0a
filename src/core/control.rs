//! All that a front end may ask of the bench and see of it.
//!
//! Commands go in, updates come out. Both are plain data: the board in the same process gets them
//! over a channel, an attached one over a local socket, and neither can do what is not listed here.

use std::{path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    api::Order,
    batch::{Batch, BatchRow, IdentityPolicy, ModelTrust},
    clock::Moment,
    customer::{Customer, CustomerRow},
    device::{Device, DeviceId, Probe, Signal},
    disk::Disk,
    handover,
    hwhash::Comparison,
    lane,
    media::{Recipe, Windows, summary::Summary},
    media_card::MediaId,
    netboot::{Choice, Decision, Mode, NetworkView, Reason, StoryView},
    order::{Match, OrderStatus},
    problem::Problem,
    readiness::{Readiness, Severity, Verdict},
    registration::{Act, Condition, Dossier, Gate, RegistrationView, Wanted},
    sign_in::{self, SignIns},
    sticks::{brought::Brought, made::Made, size::Window, view::BenchMode},
    tenant,
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
    /// A held device is the laptop it clashes with, after its board was replaced.
    SameLaptop { device: DeviceId },
    /// A code from a scanner. `on`: it is the label of this device; else the bench looks who it is.
    Scan { code: String, on: Option<DeviceId> },
    /// A person reports what the registration service says of a device.
    Probe { device: DeviceId, probe: Probe },
    /// Import an order list for a batch (the open one if none is named).
    ImportOrder { from: PathBuf, batch: Option<String>, customer: Option<String> },
    /// What these devices are to boot from the network.
    ChooseBoot { devices: Vec<DeviceId>, choice: Choice },
    /// How the bench lives on a network.
    SetNetwork { interface: String, mode: Mode },
    /// A customer as it is to be. `reason`: why, if laptops are in its batches already.
    SetCustomer { customer: Box<Customer>, reason: Option<String> },
    /// A batch as it is to be; likewise.
    SetBatch { batch: Box<Batch>, reason: Option<String> },
    /// The same of all in a file, or of none; see [`Settings`]. `from` is on the bench's own computer.
    TakeSettings { of: Settings, from: PathBuf, reason: Option<String> },
    /// Captures belong to this batch from here on.
    OpenBatch { name: String },
    /// Register these; none named: all of the open batch that can be.
    Register { devices: Vec<DeviceId>, by: Option<String> },
    /// Do not register these after all; what is sent already stays sent.
    DropRegistration { devices: Vec<DeviceId> },
    /// A person takes the responsibility for a condition of the gate that does not hold.
    Override { device: DeviceId, condition: Condition, by: String, reason: String },
    /// Change a laptop's registration at the service, as it was shown: `act` is what a person agreed to.
    ChangeRegistration { act: Act, wanted: Wanted, by: Option<String> },
    /// Test now whether what laptops need can be reached.
    TestNetwork,
    /// List the disks of this machine anew.
    ListDisks,
    /// What a stick brought back that an erase would lose: answered with [`Update::Looked`]; it is only read.
    LookAt { disk: Disk },
    /// What a medium would be: answered with [`Update::Planned`]; nothing is made.
    PlanMedia { recipe: Recipe },
    /// Build a medium for the open batch. `out` is relative to the bench's media folder.
    BuildMedia { out: PathBuf, recipe: Recipe },
    /// Write a tree that any TFTP or HTTP server can give out, for laptops to boot from the network. A medium of its
    /// own, for the open batch.
    ExportNetboot { out: PathBuf },
    /// Write a customer's Windows PE for a TFTP or HTTP server to a new folder; `None`: for this bench's own.
    ExportWinPe { out: Option<PathBuf>, windows: Windows },
    /// A medium was lost or is retired: accept nothing sealed with it any more.
    RevokeMedia { media: MediaId },
    /// Write an image to a disk. `typed` is what the person typed to name it; `operator` who they are, if they said so.
    /// What a returned stick brings is taken in first, unless a person gave it up: `discard`.
    WriteMedia {
        image: PathBuf,
        disk: Disk,
        typed: String,
        #[serde(default)]
        discard: bool,
        #[serde(default)]
        operator: Option<String>,
    },
    /// Bring a disk that holds a medium to another image: only what differs is written, the data volume is kept.
    /// `fully`: believe nothing, compare everything.
    UpdateMedia {
        image: PathBuf,
        disk: Disk,
        typed: String,
        fully: bool,
        #[serde(default)]
        operator: Option<String>,
    },
    /// Is a stick or an image what this bench made? Writes nothing. `fully`: reads every byte.
    CheckMedia { what: PathBuf, fully: bool },
    /// Bench mode has made a stick: to be kept in the journal.
    NoteStick { made: Box<Made> },
    /// Write an image to every stick that is plugged in from now on.
    ArmBench(Arm),
    /// Begin no more sticks. `stop`: those being written are stopped too, and do not boot then.
    DisarmBench { stop: bool },
    /// Say which port is which position.
    TeachPositions(Teach),
    /// Write what registration takes of a batch's laptops into files in this folder.
    Export { ask: lane::Ask, out: PathBuf },
    /// The same into one file, sealed for the customer and signed by the bench.
    HandOver { ask: handover::Ask, out: PathBuf },
    /// Something of a customer's tenant (that of the open batch if none is named): answered with [`Update::Tenant`], or
    /// with [`Update::Done`] when something was changed.
    Tenant { customer: Option<String>, ask: Box<tenant::Ask> },
    /// Stop the running job.
    CancelJob,
    /// Import what a stick or folder brings: sealed captures (also of an image or device), and every
    /// file with Autopilot identities.
    Import { from: PathBuf },
    /// The same of a whole stick; what is on the bench then is erased from it. `typed` is what the person typed to name it.
    Collect { disk: Disk, typed: String },
    /// Who the bench is at the services of its customers. Nothing of it is journalled: it holds secrets.
    SignIn(sign_in::Ask),
}

/// What a TOML or CSV file of settings tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settings {
    Customers,
    Batches,
}

impl Settings {
    /// One of them: on screens, and as the table of a TOML file is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Customers => "customer",
            Self::Batches => "batch",
        }
    }
}

/// Consent for every stick that is plugged in from then on, within a window of sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Arm {
    /// Relative to the bench's media folder.
    pub image: PathBuf,
    pub sizes: Window,
    /// Empty: every port.
    pub ports: Vec<String>,
    pub most: Option<usize>,
    /// Also sticks that are plugged in already.
    pub plugged_in: bool,
    /// What the person typed.
    pub typed: String,
}

/// A lesson in which a person plugs a stick into the port of position 1, then of 2, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Teach {
    Begin,
    /// Remember what was shown.
    Keep,
    /// Forget it; positions stay as they were.
    Drop,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Update {
    Snapshot(Arc<Snapshot>),
    /// The watched device, whole.
    Watched(Option<Arc<Sheet>>),
    Scanned(Box<ScanAnswer>),
    Disks(Vec<Disk>),
    /// What a stick brought back, or why that is not known.
    Looked {
        disk: Box<Disk>,
        brought: Result<Brought, Problem>,
    },
    Tenant(Box<tenant::Told>),
    /// What would be built, or why it cannot be.
    Planned(Result<Summary, Problem>),
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
    /// Whose batch that is; `None`: nobody's.
    #[serde(default)]
    pub customer: Option<String>,
    /// The only customer that this bench works for, if the configuration locks it to one.
    #[serde(default)]
    pub locked_to: Option<String>,
    /// All that were set, as far as this bench works for them. Of another customer than the open batch's, nothing is
    /// told of laptops: their counts are 0.
    #[serde(default)]
    pub customers: Arc<Vec<CustomerRow>>,
    /// Likewise.
    #[serde(default)]
    pub batches: Arc<Vec<BatchRow>>,
    /// Any device here is simulated: the screen says so all the time.
    pub simulated: bool,
    /// Base URLs laptops reach us by. Empty while the endpoint is down; then `endpoint_problem` says why.
    pub endpoints: Vec<String>,
    pub endpoint_problem: Option<Problem>,
    /// Oldest arrival first: a row never jumps.
    pub rows: Arc<Vec<Row>>,
    pub policy: IdentityPolicy,
    /// `None` while the open batch has no order list.
    pub order: Option<Arc<OrderStatus>>,
    /// The networks on which the bench serves, and who is on them.
    #[serde(default)]
    pub network: Arc<NetworkView>,
    pub job: Option<Job>,
    /// Registration for the customer of the open batch; `None`: nothing is registered online.
    #[serde(default)]
    pub registration: Option<Arc<RegistrationView>>,
    /// Bench mode: many sticks at once.
    #[serde(default)]
    pub sticks: Arc<BenchMode>,
    /// Who the bench is at the services of its customers.
    #[serde(default)]
    pub sign_ins: Arc<SignIns>,
    /// Images in the media folder, newest first.
    pub images: Vec<Image>,
    pub media_folder: PathBuf,
    /// The last things that went wrong or were refused, newest first.
    pub problems: Vec<(Moment, Problem)>,
}

/// One device with what the bench makes of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sheet {
    pub device: Device,
    pub readiness: Readiness,
    pub matching: Match,
    pub trust: ModelTrust,
    pub policy: IdentityPolicy,
    /// Safe to boot, condition by condition; `None`: it is in no customer's batch.
    #[serde(default)]
    pub gate: Option<Gate>,
    #[serde(default)]
    pub dossier: Option<Dossier>,
    /// Hash made on Linux (left) beside the one Windows made (right), if both are there.
    pub comparison: Option<Comparison>,
    /// How it fares on the network; filled in by the appliance, as the journal does not know.
    pub network: Option<StoryView>,
}

/// What the bench says to a scanned code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanAnswer {
    /// What was understood: a serial number, a product key id.
    pub shown: String,
    /// The laptop it is, and how many others say the same of themselves.
    pub device: Option<DeviceId>,
    pub others: usize,
    pub tone: Tone,
    /// One or two words, large.
    pub title: String,
    /// One sentence: what it means and what to do.
    pub text: String,
}

/// How an answer sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    Good,
    /// Seen before; nothing changed.
    Again,
    /// Somebody has to look.
    Attention,
    /// Stop.
    Wrong,
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
    pub verdict: Verdict,
    pub matching: Match,
    /// In a few words, what a person has to look at.
    pub attention: Option<String>,
    /// The registration service refused it: a person has to look.
    #[serde(default)]
    pub refused: bool,
    /// What it boots from the network when it asks next, and why.
    pub boot: (Decision, Reason),
    /// Where its registration is, in a few words; `None`: nothing is under way, or it is cleared.
    #[serde(default)]
    pub registration: Option<String>,
}

/// A stage without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageName {
    Arrived,
    Captured,
    Registered,
    /// Safe to boot.
    Cleared,
    Held,
    Replaced,
}

impl StageName {
    pub fn word(self) -> &'static str {
        match self {
            Self::Arrived => "ARRIVED",
            Self::Captured => "CAPTURED",
            Self::Registered => "REGISTERED",
            Self::Cleared => "CLEARED",
            Self::Held => "HELD",
            Self::Replaced => "REPLACED",
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
