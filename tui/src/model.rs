//! Everything the screen shows, as plain data. `update` is the only function that changes it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use whiteglove_core::{
    clock::Moment,
    control::{Job, Row, Sheet, Snapshot, StageName, Tone},
    device::{DeviceId, Signal},
    disk::Disk,
    netboot::{ClientView, Mode, NetworkView, PortState, Standing},
    order::{Match, OrderStatus},
    problem::Problem,
    readiness::Verdict,
    sticks::brought::Brought,
};

use crate::{
    msg::Exit,
    scan::Burst,
    screen::{Screen, board::Board, media},
    theme::Theme,
    widget::meter::Meter,
};

/// An agent that said hello and nothing since: somebody has to look at that laptop's screen.
pub(crate) const SILENT: Duration = Duration::from_secs(5 * 60);
/// How long good news about a scan is shown. What somebody has to look at stays until a key or the next scan.
pub(crate) const FOUND_SHOWN: Duration = Duration::from_millis(2_500);
pub(crate) const SCANS_LISTED: usize = 5;
const TOLD_KEPT: usize = 50;

#[derive(Debug)]
pub struct Model {
    pub(crate) theme: Theme,
    pub(crate) size: (u16, u16),
    /// `None` until the bench has spoken.
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    pub(crate) counts: Counts,
    /// Where in the list of conversations each laptop's is.
    clients: HashMap<DeviceId, usize>,
    pub(crate) watched: Option<Arc<Sheet>>,
    /// `None` until they are listed.
    pub(crate) disks: Option<Vec<Disk>>,
    /// What sticks that are plugged in have brought back, as far as the bench has looked.
    pub(crate) looked: Vec<(Disk, Result<Brought, Problem>)>,
    pub(crate) screen: Screen,
    pub(crate) board: Board,
    pub(crate) burst: Burst,
    /// The code that was scanned last, while the bench has not answered.
    pub(crate) asked: Option<String>,
    /// Newest first.
    pub(crate) scans: Vec<Scan>,
    pub(crate) flash: Option<Flash>,
    /// Answers to what was asked from here, newest first.
    pub(crate) told: Vec<(Moment, Problem)>,
    /// Good news, shown until the next key.
    pub(crate) notice: Option<String>,
    /// Problems up to this moment have been seen.
    pub(crate) acknowledged: Option<Moment>,
    pub(crate) meter: Meter,
    /// The finished job whose result has been seen.
    pub(crate) dismissed: Option<Moment>,
    /// The image that was asked for last from here: once it is there, Enter goes on with it.
    pub(crate) built: Option<String>,
    /// How often to ring; cleared by whoever owns the terminal.
    pub(crate) bell: u8,
    pub(crate) exit: Option<Exit>,
}

/// What was scanned, and what the bench said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) shown: String,
    pub(crate) tone: Tone,
    pub(crate) title: String,
}

/// A message across the screen, for someone who stands two metres away.
#[derive(Debug, Clone)]
pub(crate) struct Flash {
    /// One or two words, in letters of several rows.
    pub(crate) title: String,
    /// What was scanned.
    pub(crate) shown: String,
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// `None`: until a key or the next scan.
    pub(crate) until: Option<Moment>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) registered: usize,
    /// Safe to boot.
    pub(crate) cleared: usize,
    /// Captured, nothing known against it, and nobody asked for its registration.
    pub(crate) unasked: usize,
    pub(crate) arrived: usize,
    pub(crate) captured: usize,
    pub(crate) held: usize,
    /// Not on the board any more: each lives on under another number.
    pub(crate) replaced: usize,
    /// Of all but those, the ones that wait for a person.
    pub(crate) needing: usize,
    /// Something is known of a label or an order: their column is worth its room.
    pub(crate) matched: bool,
    /// Letters of the longest serial number: its column is as wide as that, on every page.
    pub(crate) longest_serial: usize,
}

impl Counts {
    fn of(model: &Model, now: Moment) -> Self {
        let mut counts = Self::default();
        for row in model.rows() {
            match row.stage {
                StageName::Arrived => counts.arrived += 1,
                StageName::Captured => counts.captured += 1,
                StageName::Registered => counts.registered += 1,
                StageName::Cleared => counts.cleared += 1,
                StageName::Held => counts.held += 1,
                StageName::Replaced => {
                    counts.replaced += 1;
                    continue;
                }
            }
            let ready = row.stage == StageName::Captured && row.verdict != Verdict::NotReady;
            counts.unasked += usize::from(ready && row.registration.is_none());
            counts.needing += usize::from(model.needs_a_person(row, now));
            counts.matched |= row.matching != Match::Unchecked;
            counts.longest_serial = counts.longest_serial.max(row.serial.len());
        }
        counts
    }
}

pub(crate) fn is_silent(row: &Row, now: Moment) -> bool {
    // What is known from a label or a file only never said hello, so it is not silent.
    row.stage == StageName::Arrived && row.signal == Signal::Agent && now.since(row.last) >= SILENT
}

/// Label, machine and order contradict each other.
pub(crate) fn is_wrong(matching: &Match) -> bool {
    match matching {
        Match::Unchecked | Match::LabelAgrees | Match::Expected | Match::Matched => false,
        Match::NotExpected
        | Match::WrongMachine { .. }
        | Match::WrongCustomer { .. }
        | Match::OtherBatch { .. }
        | Match::Duplicate { .. } => true,
    }
}

impl Model {
    pub fn new(theme: Theme, (width, height): (u16, u16)) -> Self {
        Self {
            theme,
            size: (width, height),
            snapshot: None,
            counts: Counts::default(),
            clients: HashMap::new(),
            watched: None,
            disks: None,
            looked: vec![],
            screen: Screen::Board,
            board: Board::default(),
            burst: Burst::default(),
            asked: None,
            scans: vec![],
            flash: None,
            told: vec![],
            notice: None,
            acknowledged: None,
            meter: Meter::default(),
            dismissed: None,
            built: None,
            bell: 0,
            exit: None,
        }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        self.snapshot.as_deref().map(|snapshot| snapshot.rows.as_slice()).unwrap_or_default()
    }

    /// How many laptops there are. Replaced ones are none of their own.
    pub(crate) fn laptops(&self) -> usize {
        self.rows().len().saturating_sub(self.counts.replaced)
    }

    pub(crate) fn order(&self) -> Option<&OrderStatus> {
        self.snapshot.as_deref()?.order.as_deref()
    }

    pub(crate) fn endpoint_problem(&self) -> Option<&Problem> {
        self.snapshot.as_deref()?.endpoint_problem.as_ref()
    }

    pub(crate) fn count(&mut self, now: Moment) {
        self.counts = Counts::of(self, now);
    }

    pub(crate) fn needs_a_person(&self, row: &Row, now: Moment) -> bool {
        row.stage != StageName::Replaced
            && (row.stage == StageName::Held
                || row.verdict == Verdict::NotReady
                || row.refused
                || is_wrong(&row.matching)
                || is_silent(row, now)
                || self.stuck(row).is_some())
    }

    pub(crate) fn network(&self) -> Option<&NetworkView> {
        self.snapshot.as_deref().map(|snapshot| &*snapshot.network)
    }

    /// The bench is not silent on every network.
    pub(crate) fn uses_network(&self) -> bool {
        self.network().is_some_and(|network| network.ports.iter().any(|port| port.mode != Mode::Off))
    }

    /// The first port that cannot serve until somebody does something.
    pub(crate) fn failed_port(&self) -> Option<(&str, &Problem)> {
        self.network()?.ports.iter().find_map(|port| match &port.state {
            PortState::Failed(problem) => Some((port.interface.as_str(), problem)),
            _ => None,
        })
    }

    /// Finds each laptop's conversation in a new snapshot.
    pub(crate) fn find_clients(&mut self) {
        let clients = self.network().map(|network| network.clients.as_slice()).unwrap_or_default();
        // The last heard stands first, and counts if there are two.
        let found = clients.iter().enumerate().rev();
        self.clients = found.filter_map(|(place, client)| Some((client.device?, place))).collect();
    }

    pub(crate) fn client(&self, device: DeviceId) -> Option<&ClientView> {
        // Without a network this is asked ten thousand times for nothing.
        let place = if self.clients.is_empty() { None } else { self.clients.get(&device) };
        self.network()?.clients.get(*place?)
    }

    /// What keeps this laptop from booting from the network.
    pub(crate) fn stuck(&self, row: &Row) -> Option<&str> {
        let client = self.client(row.device).filter(|client| client.standing == Standing::Stuck)?;
        // It has spoken since: it found another way to boot.
        let spoke = matches!(row.signal, Signal::Agent | Signal::Stick) && row.last > client.last;
        (!spoke).then_some(client.headline.as_str())
    }

    pub(crate) fn tell(&mut self, problem: Problem, now: Moment) {
        self.told.insert(0, (now, problem));
        self.told.truncate(TOLD_KEPT);
        self.ring(1);
    }

    pub(crate) fn ring(&mut self, times: u8) {
        self.bell = self.bell.max(times);
    }

    /// All that went wrong, newest first. What the bench keeps and told us as well is one problem.
    pub(crate) fn problems(&self) -> Vec<&(Moment, Problem)> {
        let kept = self.snapshot.as_deref().map(|snapshot| snapshot.problems.as_slice()).unwrap_or_default();
        let own = self.told.iter().filter(|(_, told)| !kept.iter().any(|(_, problem)| problem == told));
        let mut all: Vec<_> = kept.iter().chain(own).collect();
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        all
    }

    /// The newest problem nobody has looked at yet.
    pub(crate) fn unseen_problem(&self) -> Option<&(Moment, Problem)> {
        let job = self.snapshot.as_deref().and_then(|snapshot| snapshot.job.as_ref());
        let of_job = job.and_then(|job| job.outcome.as_ref()?.as_ref().err());
        // How a job ended is said once, where the job is.
        let newest = self.problems().into_iter().find(|(_, problem)| Some(problem) != of_job)?;
        self.acknowledged.is_none_or(|seen| newest.0 > seen).then_some(newest)
    }

    /// Good news, unless the job's own result says it.
    pub(crate) fn news(&self) -> Option<&str> {
        let result = self.finished_job().and_then(|job| job.outcome.as_ref()?.as_ref().ok());
        self.notice.as_deref().filter(|notice| Some(*notice) != result.map(String::as_str))
    }

    pub(crate) fn acknowledge(&mut self, now: Moment) {
        let newest = self.problems().first().map_or(now, |(at, _)| *at);
        // The bench's clock and ours are one, but a board may be attached from another machine.
        self.acknowledged = Some(newest.max(now));
    }

    /// `None`: the bench has not looked yet.
    pub(crate) fn brought_by(&self, disk: &Disk) -> Option<&Result<Brought, Problem>> {
        self.looked.iter().find(|(known, _)| media::same(known, disk)).map(|(_, brought)| brought)
    }

    /// The job that runs, or ended with a result nobody has seen.
    pub(crate) fn job(&self) -> Option<&Job> {
        let job = self.snapshot.as_deref()?.job.as_ref()?;
        (job.outcome.is_none() || self.dismissed != Some(job.started)).then_some(job)
    }

    pub(crate) fn running_job(&self) -> Option<&Job> {
        self.job().filter(|job| job.outcome.is_none())
    }

    pub(crate) fn finished_job(&self) -> Option<&Job> {
        self.job().filter(|job| job.outcome.is_some())
    }
}
