//! What the journal holds: everything that ever happened on this bench, in order, never changed.
//!
//! Records are facts, not intentions: folding them again gives the same bench. A kind that was once
//! written stays readable for ever; a new field comes with a default.

use serde::{Deserialize, Serialize};

use crate::{
    api::Order,
    batch::{Batch, IdentityPolicy},
    capture::Capture,
    customer::Customer,
    device::{DeviceId, HoldReason, Probe, Signal},
    entry::{Entry, Source},
    envelope::MessageId,
    handover::HandedOver,
    identity::{Identity, Serial},
    lane::Lane,
    logs::Run,
    media_card::MediaId,
    msdm::ProductKeyId,
    netboot::{self, Choice, Mode},
    order::Expected,
    preflight::Program,
    problem::Problem,
    registration::{Act, AttemptId, Condition, Gate, ImportId, ImportState, NetworkTest, Seen},
    sticks::made::Made,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The batch that captures belong to from here on.
    BatchOpened {
        batch: String,
        #[serde(default)]
        policy: IdentityPolicy,
        /// What its laptops boot from the network.
        #[serde(default)]
        boot: netboot::Program,
        /// By a person at the bench, not by the configuration.
        #[serde(default)]
        asked: bool,
    },
    /// A customer as it is from here on. `reason`: why it was changed with laptops in its batches.
    CustomerSet {
        customer: Box<Customer>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A batch as it is from here on.
    BatchSet {
        batch: Box<Batch>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A boot medium was made; captures sealed with its token are accepted.
    MediaIssued {
        media: MediaId,
        batch: String,
        /// For laptops that boot from the network.
        #[serde(default)]
        network: bool,
    },
    /// The bytes of a medium were made: what a laptop is asked to start from it. Again, if it was built again.
    MediaBuilt {
        media: MediaId,
        programs: Vec<Program>,
    },
    /// A stick was written or brought up to date, and read back.
    StickWritten {
        made: Box<Made>,
    },
    /// Logs of a laptop are on the bench's disk; `device`: whose they are, if that was known.
    LogsKept {
        device: Option<DeviceId>,
        run: Run,
    },
    /// The medium was lost or retired: nothing sealed with its token is accepted from here on.
    MediaRevoked {
        media: MediaId,
    },
    /// A machine nobody knew says hello. It gets the next number.
    DeviceArrived {
        identity: Identity,
        media: MediaId,
        message: MessageId,
        simulated: bool,
    },
    /// A known machine was switched on again.
    DeviceReturned {
        device: DeviceId,
        message: MessageId,
    },
    /// A capture, whole. `device` is `None` for a machine nobody knew; it gets
    /// the next number.
    CaptureTaken {
        device: Option<DeviceId>,
        media: MediaId,
        signal: Signal,
        /// SHA-256 of the envelope it came in, hex: ties the record to the file on the stick.
        envelope: String,
        capture: Box<Capture>,
    },
    DeviceHeld {
        device: DeviceId,
        reason: HoldReason,
    },
    DeviceReleased {
        device: DeviceId,
    },
    OrderGiven {
        device: DeviceId,
        order: Order,
    },
    /// One machine from an imported file or a scanned code. `device` is `None` for one nobody knew.
    EntryTaken {
        device: Option<DeviceId>,
        signal: Signal,
        source: Source,
        entry: Box<Entry>,
    },
    /// A label was scanned for a device. `on_purpose`: a person said that it is this laptop's label,
    /// the bench did not only find the laptop by it.
    LabelScanned {
        device: DeviceId,
        serial: Option<Serial>,
        #[serde(default)]
        product_key_id: Option<ProductKeyId>,
        on_purpose: bool,
    },
    /// Lines of an order list; they add to what the batch expects already.
    OrderListed {
        batch: String,
        customer: Option<String>,
        source: String,
        lines: Vec<Expected>,
    },
    /// A person said that `old` and `device` are one laptop whose board was replaced.
    BoardReplaced {
        old: DeviceId,
        device: DeviceId,
    },
    /// What was known by its papers alone (a label, a line of a list) turned out to be this machine.
    DeviceJoined {
        device: DeviceId,
        into: DeviceId,
    },
    /// The firmware of a machine nobody knew asked the network for something to boot. It gets the next number.
    DeviceSeen {
        identity: Identity,
        #[serde(default)]
        simulated: bool,
    },
    /// A person chose what a machine is to boot from the network.
    BootChosen {
        device: DeviceId,
        choice: Choice,
    },
    /// It has loaded what was chosen for it, which was for once.
    BootTaken {
        device: DeviceId,
    },
    /// A person chose how the bench lives on a network.
    NetworkModeChosen {
        interface: String,
        mode: Mode,
    },
    /// A person reported what the registration service says.
    ProbeSaid {
        device: DeviceId,
        probe: Probe,
    },
    /// These are to be registered; a person said so, or the batch does.
    RegistrationAsked {
        devices: Vec<DeviceId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// These are not to be sent after all.
    RegistrationDropped {
        devices: Vec<DeviceId>,
    },
    /// The intent: these are about to be sent, and may be with the service from here on.
    SendingBegun {
        attempt: AttemptId,
        customer: String,
        lane: Lane,
        #[serde(default)]
        group_tag: String,
        devices: Vec<DeviceId>,
    },
    /// The outcome. Of what is in neither list it is still not known.
    SendingEnded {
        attempt: AttemptId,
        taken: Vec<(DeviceId, ImportId)>,
        refused: Vec<(DeviceId, ImportState)>,
    },
    /// Surely nothing of it is with the service: it is to be sent again.
    SendingUndone {
        attempt: AttemptId,
        why: String,
    },
    /// What the service says of imports.
    ImportsSaid {
        said: Vec<(DeviceId, ImportState)>,
    },
    /// What was read back, where it is another than before or long ago.
    RegistrationsSeen {
        seen: Vec<(DeviceId, Seen)>,
    },
    /// Every condition holds: safe to boot. With what each rested on.
    DeviceCleared {
        device: DeviceId,
        gate: Gate,
    },
    /// Not safe to boot any more.
    DeviceUncleared {
        device: DeviceId,
        why: String,
    },
    /// A person takes the responsibility for a condition that does not hold.
    ConditionOverridden {
        device: DeviceId,
        condition: Condition,
        by: String,
        reason: String,
        /// What the finding says that it is about.
        of: String,
    },
    /// The intent to change something at the service that a person asked for.
    ActBegun {
        attempt: AttemptId,
        customer: String,
        act: Act,
        by: Option<String>,
    },
    /// What came of it; `problem`: why it was not done.
    ActEnded {
        attempt: AttemptId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
    NetworkTested {
        test: NetworkTest,
    },
    /// The intent to change something in a customer's tenant, by the plan that a person agreed to. What has no end in
    /// the journal is not taken up again: the plan is made anew of what the tenant says then.
    TenantChangeBegun {
        customer: String,
        plan: String,
        digest: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Steps of it that are done, and why not all of them are.
    TenantChangeEnded {
        customer: String,
        digest: String,
        done: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
    /// A file with these devices, for this lane, was written and is in a person's hands.
    Exported {
        lane: Lane,
        batch: String,
        /// Its name, without the folder.
        file: String,
        /// Hex.
        sha256: String,
        /// What a person asked for, for all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_tag: Option<String>,
        /// In the order of its lines.
        devices: Vec<DeviceId>,
        /// It left the bench sealed, in this bundle.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handed_over: Option<HandedOver>,
    },
}

impl Record {
    /// The name under which the journal files it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BatchOpened { .. } => "batch-opened",
            Self::CustomerSet { .. } => "customer-set",
            Self::BatchSet { .. } => "batch-set",
            Self::MediaIssued { .. } => "media-issued",
            Self::MediaBuilt { .. } => "media-built",
            Self::MediaRevoked { .. } => "media-revoked",
            Self::StickWritten { .. } => "stick-written",
            Self::LogsKept { .. } => "logs-kept",
            Self::DeviceArrived { .. } => "device-arrived",
            Self::DeviceReturned { .. } => "device-returned",
            Self::CaptureTaken { .. } => "capture-taken",
            Self::DeviceHeld { .. } => "device-held",
            Self::DeviceReleased { .. } => "device-released",
            Self::OrderGiven { .. } => "order-given",
            Self::EntryTaken { .. } => "entry-taken",
            Self::LabelScanned { .. } => "label-scanned",
            Self::OrderListed { .. } => "order-listed",
            Self::BoardReplaced { .. } => "board-replaced",
            Self::DeviceJoined { .. } => "device-joined",
            Self::DeviceSeen { .. } => "device-seen",
            Self::BootChosen { .. } => "boot-chosen",
            Self::BootTaken { .. } => "boot-taken",
            Self::NetworkModeChosen { .. } => "network-mode-chosen",
            Self::ProbeSaid { .. } => "probe-said",
            Self::RegistrationAsked { .. } => "registration-asked",
            Self::RegistrationDropped { .. } => "registration-dropped",
            Self::SendingBegun { .. } => "sending-begun",
            Self::SendingEnded { .. } => "sending-ended",
            Self::SendingUndone { .. } => "sending-undone",
            Self::ImportsSaid { .. } => "imports-said",
            Self::RegistrationsSeen { .. } => "registrations-seen",
            Self::DeviceCleared { .. } => "device-cleared",
            Self::DeviceUncleared { .. } => "device-uncleared",
            Self::ConditionOverridden { .. } => "condition-overridden",
            Self::ActBegun { .. } => "act-begun",
            Self::ActEnded { .. } => "act-ended",
            Self::NetworkTested { .. } => "network-tested",
            Self::TenantChangeBegun { .. } => "tenant-change-begun",
            Self::TenantChangeEnded { .. } => "tenant-change-ended",
            Self::Exported { .. } => "exported",
        }
    }
}
