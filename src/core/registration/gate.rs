//! Safe to boot: whether the technician may press Windows ×5, condition by condition, each with where it is known from
//! and since when.

use serde::{Deserialize, Serialize};

use super::{Association, Dossier, Progress, Registration, Seen, network::Tested};
use crate::{
    batch::{Batch, ModelName},
    capture::FirmwareVariable,
    clock::Moment,
    customer::Customer,
    device::{Device, Stage},
    entry::Refusal,
    explain,
    identity::Serial,
    lane::Lane,
    problem::Problem,
};

/// In the order in which they come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    Imported,
    SameMachine,
    GroupTag,
    Profile,
    PreProvisioning,
    Association,
    Network,
}

impl Condition {
    pub const ALL: [Self; 7] = [
        Self::Imported,
        Self::SameMachine,
        Self::GroupTag,
        Self::Profile,
        Self::PreProvisioning,
        Self::Association,
        Self::Network,
    ];

    pub fn words(self) -> &'static str {
        match self {
            Self::Imported => "import complete",
            Self::SameMachine => "registered as this machine",
            Self::GroupTag => "group tag",
            Self::Profile => "profile assigned",
            Self::PreProvisioning => "pre-provisioning allowed",
            Self::Association => "no device association",
            Self::Network => "network test",
        }
    }

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::SameMachine => "same-machine",
            Self::GroupTag => "group-tag",
            Self::Profile => "profile",
            Self::PreProvisioning => "pre-provisioning",
            Self::Association => "association",
            Self::Network => "network",
        }
    }

    /// Without these two there is nothing to start: whatever a person says, Windows would not go on.
    pub fn may_be_overridden(self) -> bool {
        !matches!(self, Self::Imported | Self::SameMachine)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    Yes,
    No,
    /// Nothing tells.
    Unknown,
}

/// A person took the responsibility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub condition: Condition,
    pub at: Moment,
    /// Who.
    pub by: String,
    pub reason: String,
    /// What the finding said then: if it says something else, the override is over.
    pub of: String,
}

/// What is known of one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub condition: Condition,
    pub met: Met,
    /// In a few words: `profile 'Kiosk' (assignedInSync)`.
    pub says: String,
    /// If it is not met: why, and what to do.
    pub problem: Option<Problem>,
    /// Who says so.
    pub source: String,
    /// When they did.
    pub at: Option<Moment>,
    pub overridden: Option<Override>,
}

impl Finding {
    pub fn holds(&self) -> bool {
        self.met == Met::Yes || self.overridden.is_some()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub findings: Vec<Finding>,
}

impl Gate {
    pub fn is_open(&self) -> bool {
        self.findings.iter().all(Finding::holds)
    }

    /// What stands in the way first.
    pub fn first(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| !finding.holds())
    }

    /// It was read back again then, and said the same.
    pub fn read_again(&mut self, at: Moment) {
        for finding in self.findings.iter_mut().filter(|finding| finding.source == READ_BACK) {
            finding.at = finding.at.map(|known| known.max(at));
        }
    }

    pub fn finding(&self, condition: Condition) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.condition == condition)
    }
}

/// What the gate looks at.
#[derive(Debug)]
pub struct Facts<'a> {
    pub device: &'a Device,
    /// As its firmware writes them.
    pub model: &'a ModelName,
    pub batch: &'a Batch,
    pub customer: &'a Customer,
    pub dossier: &'a Dossier,
    pub network: Option<&'a Tested>,
    /// What keeps it from going anywhere, whatever the service says: a hold, another customer's order, another company.
    pub against: Option<Refusal>,
}

pub fn gate(facts: &Facts<'_>) -> Gate {
    let findings = Condition::ALL.map(|condition| {
        let mut finding = match condition {
            Condition::Imported => imported(facts),
            Condition::SameMachine => same_machine(facts),
            Condition::GroupTag => group_tag(facts),
            Condition::Profile => profile(facts),
            Condition::PreProvisioning => pre_provisioning(facts),
            Condition::Association => association(facts),
            Condition::Network => network(facts),
        };
        let by = |each: &&Override| each.condition == condition && each.of == finding.says;
        finding.overridden = facts.dossier.overrides.iter().rev().find(by).filter(|_| finding.met != Met::Yes).cloned();
        finding
    });
    Gate { findings: findings.into() }
}

/// A finding in the making.
struct Draft<'a> {
    condition: Condition,
    source: &'a str,
    at: Option<Moment>,
}

impl Draft<'_> {
    fn yes(self, says: impl Into<String>) -> Finding {
        self.finding(Met::Yes, says.into(), None)
    }

    fn no(self, says: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Finding {
        self.against(Met::No, says.into(), why.into(), next.into())
    }

    fn unknown(self, says: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Finding {
        self.against(Met::Unknown, says.into(), why.into(), next.into())
    }

    fn against(self, met: Met, says: String, why: String, next: String) -> Finding {
        let problem = Problem::new(format!("Not safe to boot: {says}"), why, next);
        self.finding(met, says, Some(problem))
    }

    fn finding(self, met: Met, says: String, problem: Option<Problem>) -> Finding {
        let Self { condition, source, at } = self;
        Finding { condition, met, says, problem, source: source.to_owned(), at, overridden: None }
    }
}

const JOURNAL: &str = "journal";
const READ_BACK: &str = "Graph, read back";
/// Partner Center tells neither profile nor tag.
const BY_GRAPH: &str = "Partner Center cannot tell: give the bench a right to read in the customer's Graph (whiteglove secret set), \
                        or look in Intune yourself.";
const WAIT: &str = "Wait: the bench asks again by itself.";

fn imported(facts: &Facts<'_>) -> Finding {
    let draft = |source, at| Draft { condition: Condition::Imported, source, at };
    if let Stage::Held { reason, since, .. } = &facts.device.stage {
        let problem = reason.problem();
        return draft("bench", Some(*since)).no(format!("held: {}", reason.brief()), problem.what, problem.next);
    }
    if let Some(Refusal { why, next }) = &facts.against {
        return draft("bench", None).no(why.trim_end_matches('.'), why.as_str(), next.as_str());
    }
    match &facts.dossier.progress {
        Progress::Unasked => draft(JOURNAL, None).no(
            "not registered",
            "Nobody asked for its registration.",
            "Register it: i on its page, r on the board, or: whiteglove register NUMBER.",
        ),
        Progress::Waiting { since } => draft(JOURNAL, Some(*since)).no(
            "waiting to be sent",
            "It was asked for, and is not with the service yet.",
            "Look at the registration screen: it says what the bench waits for.",
        ),
        Progress::Sending { since, .. } => draft(JOURNAL, Some(*since)).no(
            "being sent",
            "It went out, and no answer is in the journal yet.",
            "Wait: the bench looks whether it arrived, and never sends it twice.",
        ),
        Progress::Working { since, word, .. } => draft("service", Some(*since)).no(
            format!("importing ({word})"),
            "The service takes one to two minutes for each, sometimes many.",
            WAIT,
        ),
        Progress::Failed { since, code, name } => {
            let answer = match explain::explain(name) {
                explain::Answer::Card { card, .. } => Some(card),
                _ => explain::by_code(&code.to_string()).map(|(_, card)| card),
            };
            let says = format!("import refused: {name} ({code})");
            match answer {
                Some(card) => draft("service", Some(*since)).no(says, card.means, card.now),
                None => draft("service", Some(*since)).no(
                    says,
                    "The service refused it, and gives no other reason.",
                    "Capture it again and register it once more; if it comes again, call the customer's administrator.",
                ),
            }
        }
        Progress::Complete { since, already, .. } => {
            let says = if *already { "was registered before" } else { "complete" };
            draft("service", Some(*since)).yes(says)
        }
    }
}

/// What was read back, or the finding that says that nothing was.
fn read<'a>(facts: &Facts<'a>, condition: Condition) -> Result<(Moment, &'a Seen, &'a Registration), Box<Finding>> {
    let draft = |at| Draft { condition, source: READ_BACK, at };
    if !facts.customer.lane.is_autopilot() {
        let says = format!("not read for laptops known by {}", facts.customer.lane.words());
        let why = "Only registrations for Autopilot are read back.";
        return Err(Box::new(draft(None).unknown(says, why, "Nothing to do: there is no technician phase for it.")));
    }
    let Some((at, seen)) = &facts.dossier.seen else {
        let why = "The registration was not read back yet.";
        let next = match facts.customer.lane {
            Lane::Partner => BY_GRAPH,
            _ => WAIT,
        };
        return Err(Box::new(draft(None).unknown("not read yet", why, next)));
    };
    match seen.registrations.as_slice() {
        [only] => Ok((*at, seen, only)),
        [] => Err(Box::new(draft(Some(*at)).no(
            "the tenant does not have it",
            "The service says that the import is complete, and the tenant has no such device.",
            "Wait ten minutes. If it stays so, another tenant holds it: treat it as 808 (whiteglove explain 808).",
        ))),
        many => Err(Box::new(draft(Some(*at)).no(
            format!("{} registrations under its number", many.len()),
            "Two laptops have one serial number, or it was registered twice.",
            "Have the customer's administrator delete the one that is not this laptop's.",
        ))),
    }
}

fn same_machine(facts: &Facts<'_>) -> Finding {
    let (at, _, registration) = match read(facts, Condition::SameMachine) {
        Ok(read) => read,
        Err(finding) => return *finding,
    };
    let draft = Draft { condition: Condition::SameMachine, source: READ_BACK, at: Some(at) };
    let device = facts.device;
    let serial = device.any_serial();
    let theirs = Serial::try_from(registration.serial.clone()).ok();
    if serial.is_some_and(|own| !theirs.is_some_and(|theirs| own.is_same_as(&theirs))) {
        return draft.no(
            format!("registered with serial number {}", registration.serial),
            format!("The laptop's own is {}.", serial.map(ToString::to_string).unwrap_or_default()),
            "Do not start it. Capture it again, compare its label, and have the wrong registration deleted.",
        );
    }
    let model = facts.model;
    let differs = |theirs: &str, own: &str| {
        let (theirs, own) = (theirs.trim(), own.trim());
        !theirs.is_empty() && !own.is_empty() && !theirs.eq_ignore_ascii_case(own)
    };
    if differs(&registration.manufacturer, &model.manufacturer) || differs(&registration.model, &model.product) {
        return draft.no(
            format!("registered as {} {}", registration.manufacturer.trim(), registration.model.trim()),
            format!("The laptop calls itself {model}."),
            "Do not start it. Two makers may use one serial number: have an administrator look at both.",
        );
    }
    match serial {
        Some(serial) => draft.yes(format!("serial {serial}, {}", registration.model.trim())),
        None => draft.unknown(
            "no serial number to compare",
            "The laptop has no serial number of its own.",
            "Scan its label, or have the maker's service set the number.",
        ),
    }
}

fn group_tag(facts: &Facts<'_>) -> Finding {
    let (at, _, registration) = match read(facts, Condition::GroupTag) {
        Ok(read) => read,
        Err(finding) => return *finding,
    };
    let draft = Draft { condition: Condition::GroupTag, source: READ_BACK, at: Some(at) };
    let expected = expected_tag(facts.batch, facts.device);
    let (own, expected) = (registration.group_tag.trim(), expected.trim());
    let shown = |tag: &str| if tag.is_empty() { "none".to_owned() } else { tag.to_owned() };
    match own == expected {
        true => draft.yes(shown(own)),
        false => draft.no(
            format!("group tag is {}, not {}", shown(own), shown(expected)),
            "The tag chooses the group, and with it the profile and the apps.",
            "Set it: whiteglove registration amend NUMBER. Then wait until the profile is assigned anew.",
        ),
    }
}

/// The batch's, else what came with the laptop.
pub fn expected_tag<'a>(batch: &'a Batch, device: &'a Device) -> &'a str {
    batch.group_tag.as_deref().unwrap_or(&device.group_tag)
}

fn profile(facts: &Facts<'_>) -> Finding {
    let (at, _, registration) = match read(facts, Condition::Profile) {
        Ok(read) => read,
        Err(finding) => return *finding,
    };
    let draft = Draft { condition: Condition::Profile, source: READ_BACK, at: Some(at) };
    let Some(assigned) = &registration.assigned else {
        let why = "The service did not say whether a profile is assigned.";
        return draft.unknown(
            "not told",
            why,
            "Check that the bench may read what Graph's beta tells (ServiceConfig.Read.All).",
        );
    };
    if !assigned.is_assigned() {
        return draft.no(
            format!("profile: {}", assigned.word),
            match assigned.detail.as_str() {
                "" | "none" => {
                    "Groups are filled by a rule that runs now and then; it takes minutes, sometimes an hour."
                        .to_owned()
                }
                detail => format!("The service says: {detail}."),
            },
            "Wait. A laptop that is started without a profile keeps an empty one until it is restarted.",
        );
    }
    let name = registration.profile.as_ref().map(|profile| profile.name.trim()).unwrap_or_default();
    match facts.batch.profile.as_deref().map(str::trim) {
        None => draft.yes(format!("'{name}' ({})", assigned.word)),
        Some(expected) if expected.eq_ignore_ascii_case(name) => draft.yes(format!("'{name}' ({})", assigned.word)),
        Some(expected) if name.is_empty() => draft.unknown(
            format!("a profile is assigned; whether it is '{expected}' is not told"),
            "The service names no profile.",
            WAIT,
        ),
        Some(expected) => draft.no(
            format!("profile is '{name}', not '{expected}'"),
            "The batch expects another one: the laptop is in another group, or in two.",
            "Check its group tag; else the groups and their profiles are the customer's administrator's to mend.",
        ),
    }
}

fn pre_provisioning(facts: &Facts<'_>) -> Finding {
    let settings = Draft { condition: Condition::PreProvisioning, source: "customer, as set", at: None };
    if !facts.customer.lane.is_autopilot() {
        return settings.no(
            format!("not for laptops known by {}", facts.customer.lane.words()),
            "Device preparation has no technician phase.",
            "Ship it without; or register the customer's laptops for Autopilot.",
        );
    }
    if !facts.customer.cloud.has_pre_provisioning() {
        return settings.no(
            format!("not offered in {}", facts.customer.cloud.words()),
            "Microsoft offers pre-provisioning in some of its clouds only.",
            "Ship it without the technician phase.",
        );
    }
    let (at, _, registration) = match read(facts, Condition::PreProvisioning) {
        Ok(read) => read,
        Err(finding) => return *finding,
    };
    let draft = Draft { condition: Condition::PreProvisioning, source: READ_BACK, at: Some(at) };
    if let Some(problem) = super::blocked(registration) {
        return draft.no("provisioned already, and not let to be again", problem.why, problem.next);
    }
    match registration.profile.as_ref().map(|profile| (profile, profile.pre_provisioning)) {
        Some((profile, Some(true))) => draft.yes(format!("allowed by '{}'", profile.name.trim())),
        Some((profile, Some(false))) => draft.no(
            format!("profile '{}' does not allow it", profile.name.trim()),
            "Windows ×5 would show nothing, or fail.",
            "The customer's administrator turns on 'Allow pre-provisioned deployment' in that profile.",
        ),
        _ => draft.unknown(
            "the profile is not told",
            "No profile is assigned yet, or the service does not show it.",
            WAIT,
        ),
    }
}

/// An associated laptop runs device preparation, whatever it is registered for (Microsoft, device association).
fn association(facts: &Facts<'_>) -> Finding {
    let draft = |source, at| Draft { condition: Condition::Association, source, at };
    let (says, why, next) = (
        "it is associated for device preparation",
        "An associated laptop runs device preparation, and the technician phase does not exist there.",
        "The customer's administrator removes the association; then it is cleared in the laptop's firmware setup.",
    );
    let seen = facts.dossier.seen.as_ref();
    if let Some((at, Seen { association: Some(Association::Present { state, .. }), .. })) = seen {
        return draft(READ_BACK, Some(*at)).no(format!("{says} ({state})"), why, next);
    }
    let capture = facts.device.capture.as_deref();
    if capture.is_some_and(|capture| capture.device_link.iter().any(FirmwareVariable::is_association)) {
        return draft("firmware of the laptop", facts.device.heard()).no(says, why, next);
    }
    match (seen, capture) {
        (Some((at, Seen { association: Some(Association::Absent), .. })), _) => {
            draft(READ_BACK, Some(*at)).yes("none in the tenant")
        }
        (_, Some(_)) => draft("firmware of the laptop", facts.device.heard()).yes("no marker in its firmware"),
        _ => draft(READ_BACK, None).unknown(
            "not known",
            "The service was not asked or does not tell, and the laptop's firmware was not read.",
            "Boot it from a whiteglove stick once: that reads the firmware.",
        ),
    }
}

fn network(facts: &Facts<'_>) -> Finding {
    let draft = |at| Draft { condition: Condition::Network, source: "bench, its own test", at };
    match facts.network {
        None => draft(None).unknown(
            "not tested yet",
            "The bench tests the network by itself when a laptop is registered.",
            "Wait, or test now: whiteglove registration test-network.",
        ),
        Some((at, test)) => match test.problem() {
            None => draft(Some(*at)).yes(test.words()),
            Some(problem) => draft(Some(*at)).no(problem.what, problem.why, problem.next),
        },
    }
}
