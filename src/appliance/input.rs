//! What anyone may send to the owner of the bench.

use tokio::sync::oneshot;
use whiteglove_core::{
    api::Receipt,
    bench::{Admission, Sealed},
    capture::{Capture, Hello},
    control::{Command, Progress, Update},
    device::DeviceId,
    entry::{Entry, Refusal, Source},
    logs::Run,
    media_card::{MediaCard, MediaId},
    order::Expected,
    preflight::Program,
    problem::Problem,
    record::Record,
    registration::{NetworkTest, Report, Work},
    sticks::made::Made,
    windows::pe::Answer,
};

use super::{Front, Halted, NextWork, SticksNews, WinPeRefusal, Wire};
use crate::settings::Found;

/// What anyone may send to the owner of the bench.
#[derive(Debug)]
pub enum Input {
    Hello {
        hello: Hello,
        sealed: Sealed,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
    Capture {
        capture: Box<Capture>,
        sealed: Sealed,
        reply: oneshot::Sender<Result<Receipt, Problem>>,
    },
    /// One machine from an imported file.
    Entry {
        entry: Box<Entry>,
        source: Source,
        reply: oneshot::Sender<Result<(DeviceId, Admission), NotTaken>>,
    },
    /// A laptop in Windows PE sent its report, with the pass of that medium.
    WinPe {
        media: MediaId,
        entry: Box<Entry>,
        reply: oneshot::Sender<Result<Answer, WinPeRefusal>>,
    },
    /// Lines of an order list.
    OrderList {
        batch: Option<String>,
        customer: Option<String>,
        source: String,
        lines: Vec<Expected>,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
    /// Files that are on their disk, as records.
    Exported {
        records: Vec<Record>,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
    /// Before and after something is changed in a customer's tenant.
    TenantChange {
        record: Box<Record>,
        reply: oneshot::Sender<Result<(), Problem>>,
    },
    /// Logs of a laptop that are on their disk; whose they are, and how many of them are new.
    LogsKept {
        run: Run,
        reply: oneshot::Sender<Result<(Option<DeviceId>, usize), Problem>>,
    },
    /// A medium is built, and starts by these.
    MediaBuilt {
        media: MediaId,
        programs: Vec<Program>,
    },
    /// A stick was written and read back.
    StickMade(Box<Made>),
    /// A new medium for the open batch, and its card.
    IssueCard {
        media: MediaId,
        reply: oneshot::Sender<Result<MediaCard, Problem>>,
    },
    Attach(Front),
    Detach(u64),
    Command {
        from: u64,
        command: Command,
    },
    /// Where the endpoint is reached, or why it is not.
    Endpoint(Result<Vec<String>, Problem>),
    /// What a server of the network saw.
    Wire(Wire),
    /// Somebody was refused at the edge; a person should know.
    Trouble(Problem),
    Progress(Progress),
    /// The registrar of a customer asks what to do. `ready`: else it could not do it, and until when.
    NextWork {
        customer: String,
        ready: Result<(), Halted>,
        /// It can read registrations back.
        reads: bool,
        reply: oneshot::Sender<NextWork>,
    },
    /// It reports what came of it.
    Report {
        customer: String,
        work: Box<Work>,
        report: Report,
        /// Whether it is written.
        reply: oneshot::Sender<bool>,
    },
    /// The network was tested.
    NetworkTested(NetworkTest),
    /// From the threads of bench mode.
    Sticks(SticksNews),
    /// What is shown of the sign-ins is old; and what to tell whoever asked for that.
    SignedIn(Option<(u64, Update)>),
    /// An answer that was fetched elsewhere, on its way to the front end that asked.
    Reply {
        to: u64,
        update: Update,
    },
    /// What a file of settings holds, for the front end that named it.
    Settings {
        from: u64,
        found: Result<Found, Problem>,
        reason: Option<String>,
    },
    JobDone {
        from: u64,
        outcome: Result<String, Problem>,
    },
    Stop,
}

/// Why an entry is not on the bench.
#[derive(Debug, Clone)]
pub enum NotTaken {
    Refused(Refusal),
    /// The journal did not take it: the rest will fare no better.
    Failed(Problem),
}
