//! The agent's life from boot to power off: starts the threads that do things, and keeps the one
//! [`State`] that everything they say goes into.

use std::{
    fs, io,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use whiteglove_core::{
    api::Order,
    capture::{Capture, Finding, Hello, Rtc},
    envelope::{Kind, MessageId},
    media_card::MediaCard,
    problem::Problem,
};

use crate::{
    clock::{self, BenchTime},
    courier::{self, Content, Courier, Letter, Pace, Report},
    drivers::{self, Watch},
    init::{self, Screen},
    log::{Log, uptime},
    net,
    read::{self, Root, Surroundings},
    screen::{self, Clock},
    state::{self, Deed, Event, State, Stick},
    stick,
};

/// Devices that appear within this of each other belong together: a USB hub and what is behind it.
const QUIET: Duration = Duration::from_millis(400);
/// Disks start by themselves after their driver is loaded, slow ones in seconds. A laptop without
/// one waits this long for it.
const DISK_PATIENCE: Duration = Duration::from_secs(5);
/// A stick that booted us and is not there after this has been pulled out.
const STICK_PATIENCE: Duration = Duration::from_secs(12);
/// A capture that nobody took yet gets a fresh reading of the hardware clock this often, or the bench
/// would take the wait for a clock that is behind.
const CLOCK_AGES: Duration = Duration::from_secs(20);
/// The screen's clock and timers.
const TICK: Duration = Duration::from_secs(1);

/// From the kernel command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long no bench may answer before the capture goes to the stick. `wg.offline_after=SECONDS`
    pub offline_after: Duration,
}

impl Settings {
    pub fn parse(cmdline: &str) -> Self {
        let value = |name: &str| cmdline.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let seconds = value("wg.offline_after").and_then(|seconds| seconds.parse().ok()).unwrap_or(60);
        Self { offline_after: Duration::from_secs(seconds) }
    }
}

/// Reads the card that came with the boot medium.
///
/// # Errors
/// There is none, or it is damaged: nothing can be sealed, a person has to know.
pub fn card(root: &Root) -> Result<MediaCard, Problem> {
    let path = MediaCard::PATH.trim_start_matches('/');
    let bytes = match fs::read(root.path(path)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Problem::new(
                "This boot medium does not say which bench it belongs to.",
                "Its settings (media.json) are missing; it was copied together by hand, or building it was cut short.",
                "Build and write the stick again at the bench: whiteglove media build, then media write.",
            ));
        }
        Err(error) => return Err(damaged(&error.to_string())),
    };
    // serde's message may quote what it read, and that may be the token: only the place is told.
    serde_json::from_slice(&bytes)
        .map_err(|error| damaged(&format!("it cannot be read at line {}, column {}", error.line(), error.column())))
}

fn damaged(why: &str) -> Problem {
    Problem::new(
        "This boot medium's settings (media.json) are damaged.",
        format!("The file: {why}."),
        "Write the stick again at the bench; if it happens again, the stick is worn out.",
    )
}

/// A new message id.
///
/// # Errors
/// The kernel has no randomness: nothing can be sealed either.
pub fn new_id() -> Result<MessageId, Problem> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| {
        Problem::new(
            "This laptop gives no random numbers, so nothing can be sealed.",
            format!("The kernel says: {error}."),
            "Boot it again; if it happens again, its firmware needs service.",
        )
    })?;
    Ok(MessageId(id))
}

/// Runs until the machine is switched off.
pub fn run(root: Root, settings: Settings, log: Log) -> ! {
    let (sender, events) = mpsc::channel();
    let mut life = Life {
        settings,
        state: State::default(),
        screen: Screen::open(),
        events: sender.clone(),
        letters: None,
        read: None,
        capture: None,
        card: None,
        saving: false,
        pending: None,
        last_line: String::new(),
        log,
        root,
    };
    let (findings, hear_findings) = mpsc::channel();
    let watch = drivers::start(&life.root, move |finding| drop(findings.send(finding)));
    let tell = sender.clone();
    net::start(&life.root, move |nics| drop(tell.send(Event::Network(nics))));
    let tell = sender.clone();
    init::listen_to_keys(move |key| drop(tell.send(Event::Key(key))));
    match card(&life.root) {
        Ok(card) => life.start_courier(card),
        Err(problem) => drop(sender.send(Event::Stop(problem))),
    }
    life.start_reading(watch, hear_findings);
    life.go_on(&events)
}

struct Life {
    root: Root,
    settings: Settings,
    log: Log,
    state: State,
    screen: Screen,
    events: Sender<Event>,
    /// To the courier. None without a card.
    letters: Option<Sender<Letter>>,
    card: Option<Arc<MediaCard>>,
    /// What was read, and when its clock was.
    read: Option<(Box<Capture>, Instant)>,
    /// The same as it is sent.
    capture: Option<Arc<Content>>,
    saving: bool,
    /// An order that came while the stick was written.
    pending: Option<Order>,
    /// The last line about the search, which repeats for as long as nobody answers.
    last_line: String,
}

impl Life {
    fn start_courier(&mut self, card: MediaCard) {
        self.state.bench_name.clone_from(&card.bench);
        self.state.batch.clone_from(&card.batch);
        if card.data_volume.is_some() {
            self.state.stick = Stick::Ready;
        }
        self.card = Some(Arc::new(card.clone()));
        let (letters, inbox) = mpsc::channel();
        let tell = self.events.clone();
        let courier = Courier { card, pace: Pace::default(), ask_network: net::mdns::ask };
        thread::spawn(move || courier.run(&inbox, |report| drop(tell.send(Event::Courier(report)))));
        self.letters = Some(letters);
    }

    fn start_reading(&self, watch: Watch, findings: Receiver<Finding>) {
        let (root, tell, log) = (self.root.clone(), self.events.clone(), self.log.clone());
        let (letters, card) = (self.letters.clone(), self.card.clone());
        thread::spawn(move || {
            let (hello, capture) = match (new_id(), new_id()) {
                (Ok(hello), Ok(capture)) => (hello, capture),
                (Err(problem), _) | (_, Err(problem)) => return drop(tell.send(Event::Stop(problem))),
            };
            let start = Instant::now();
            let smbios = read::smbios(&root);
            let _ = tell.send(state::machine(smbios.as_ref()));
            if let Some(letters) = letters {
                let identity = smbios.map(|smbios| smbios.identity()).unwrap_or_default();
                let content = Hello { agent: env!("CARGO_PKG_VERSION").to_owned(), identity, simulated: false };
                if let Ok(json) = serde_json::to_vec(&content) {
                    let _ = letters.send(Letter::Hello(Arc::new(Content { id: hello, json })));
                }
            }
            let volume = card.and_then(|card| card.data_volume);
            let capture = read::capture(&root, capture, || {
                let boot_disk = devices_are_here(&root, &watch, volume);
                let first = watch.first_pass().unwrap_or_default();
                log.line(&format!("drivers: first look took {} ms", first.as_millis()));
                init::mount_firmware_variables();
                Surroundings {
                    boot_disk,
                    permanent_macs: net::permanent_macs(),
                    findings: findings.try_iter().collect(),
                }
            });
            let millis = u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX);
            let _ = tell.send(Event::Captured { capture: Box::new(capture), millis });
        });
    }

    fn go_on(mut self, events: &Receiver<Event>) -> ! {
        loop {
            self.draw();
            match events.recv_timeout(TICK) {
                Ok(event) => self.on(event),
                Err(RecvTimeoutError::Timeout) => {}
                // Cannot happen while we hold a sender; the first program must not end all the same.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
            }
            self.refresh_the_clock();
            if self.state.wants_the_stick(uptime(), self.settings.offline_after) && !self.saving {
                self.save();
            }
        }
    }

    fn on(&mut self, event: Event) {
        self.narrate(&event);
        match &event {
            Event::Captured { capture, .. } => self.hand_over(capture.clone()),
            Event::ClockSet(Ok(done)) => self.hand_over_anew(done.rtc),
            Event::Network(nics) => {
                let leases =
                    |nics: &[net::NicStatus]| nics.iter().filter_map(|nic| nic.lease.clone()).collect::<Vec<_>>();
                // A cable alone is no news to the courier.
                if leases(nics) != leases(&self.state.nics) {
                    self.send(Letter::Network(leases(nics)));
                }
            }
            Event::Saved(_) => self.saving = false,
            _ => {}
        }
        match self.state.on(event, uptime()) {
            Some(Deed::Obey(order)) => self.pending = Some(order),
            Some(Deed::SetClock(bench)) => self.set_clock(bench),
            None => {}
        }
        // Not in the middle of a write to the stick.
        if let Some(order) = self.pending.take_if(|_| !self.saving) {
            self.draw();
            if let Some(problem) = init::obey(order, &self.root, &self.log) {
                self.log.line(&problem.what);
                self.state.on(Event::OrderFailed(problem), uptime());
            }
        }
    }

    /// The serial port's side of the story.
    fn narrate(&mut self, event: &Event) {
        let line = match event {
            Event::Captured { capture, millis } => {
                for finding in &capture.findings {
                    self.log.line(&format!("finding: {}: {}", finding.part.name(), finding.what));
                }
                format!("capture read in {millis} ms")
            }
            Event::Network(nics) if nics.is_empty() => "network: no wired adapter yet".to_owned(),
            Event::Network(nics) => {
                let nic = |nic: &net::NicStatus| match (&nic.lease, nic.cable) {
                    (Some(lease), _) => format!("{} {}/{}", nic.name, lease.address, lease.prefix),
                    (None, true) => format!("{} asks for an address", nic.name),
                    (None, false) => format!("{} has no cable", nic.name),
                };
                format!("network: {}", nics.iter().map(nic).collect::<Vec<_>>().join(", "))
            }
            Event::Courier(Report::Found { url }) => format!("bench found at {url}"),
            Event::Courier(Report::NotFound { asked, .. }) => format!("no bench answers; asked {}", asked.join(" ")),
            Event::Courier(Report::Delivered(receipt)) => {
                let serial = receipt.serial.as_deref().or(self.state.serial.as_deref());
                format!("captured {}", serial.unwrap_or("without a serial"))
            }
            Event::Courier(Report::Refused(problem)) => format!("the bench refuses: {}", problem.what),
            Event::Courier(Report::Lost(why)) => format!("bench lost: {why}"),
            Event::Saved(Ok(())) => "saved to stick".to_owned(),
            Event::Saved(Err(problem)) => format!("not saved to stick: {}", problem.why),
            Event::Stop(problem) => format!("stopped: {} {}", problem.what, problem.why),
            Event::ClockSet(Ok(done)) => format!("order: set its clock. {}", done.words),
            Event::ClockSet(Err(problem)) => format!("the clock was not set: {}", problem.why),
            Event::Courier(Report::Order(_) | Report::SetClock(_))
            | Event::Machine { .. }
            | Event::OrderFailed(_)
            | Event::Key(_) => return,
        };
        if line != self.last_line {
            self.log.line(&line);
            self.last_line = line;
        }
    }

    fn hand_over(&mut self, capture: Box<Capture>) {
        match serde_json::to_vec(&capture) {
            Ok(json) => {
                let content = Arc::new(Content { id: capture.id, json });
                self.capture = Some(Arc::clone(&content));
                self.send(Letter::Capture(content));
            }
            Err(error) => self.log.line(&format!("the capture cannot be written as JSON: {error}")),
        }
        self.read = Some((capture, Instant::now()));
    }

    /// The same machine with its clock set is a new capture: the bench has the other one for good.
    fn hand_over_anew(&mut self, rtc: Rtc) {
        let Some((capture, _)) = &self.read else { return };
        match new_id() {
            Ok(id) => self.hand_over(Box::new(Capture { id, rtc: Some(rtc), ..Capture::clone(capture) })),
            Err(problem) => self.log.line(&problem.what),
        }
    }

    /// Under the same id: nobody has it yet.
    fn refresh_the_clock(&mut self) {
        let waits = self.state.receipt.is_none() && !self.saving;
        let Some((mut capture, _)) = self.read.take_if(|(_, at)| waits && at.elapsed() >= CLOCK_AGES) else { return };
        capture.rtc = read::rtc(&self.root).or(capture.rtc);
        self.hand_over(capture);
    }

    fn set_clock(&self, bench: BenchTime) {
        let (root, tell) = (self.root.clone(), self.events.clone());
        thread::spawn(move || drop(tell.send(Event::ClockSet(clock::set(&root, bench)))));
    }

    fn send(&self, letter: Letter) {
        if let Some(letters) = &self.letters {
            // The courier ends only with us.
            let _ = letters.send(letter);
        }
    }

    fn save(&mut self) {
        let (Some(card), Some(content)) = (self.card.clone(), self.capture.clone()) else { return };
        let Some(serial) = card.data_volume else { return };
        self.saving = true;
        self.state.stick = Stick::Saving;
        let (root, tell) = (self.root.clone(), self.events.clone());
        thread::spawn(move || {
            let saved = match courier::seal(&card, Kind::Capture, &content) {
                Ok((envelope, _)) => {
                    stick::save(&root, serial, content.id, envelope.bytes()).map_err(|error| error.problem())
                }
                Err(error) => Err(courier::cannot_seal(error)),
            };
            let _ = tell.send(Event::Saved(saved));
        });
    }

    fn draw(&mut self) {
        let (cols, rows) = self.screen.size();
        let clock = Clock { uptime: uptime(), offline_after: self.settings.offline_after };
        self.screen.draw(screen::render(&self.state, clock, cols, rows));
    }
}

/// Waits until the stick and the laptop's own disk are there and nothing new appears; the stick's disk.
fn devices_are_here(root: &Root, watch: &Watch, volume: Option<u32>) -> Option<String> {
    let start = Instant::now();
    loop {
        let found = volume.and_then(|serial| stick::find(root, serial)).map(|volume| volume.disk);
        let quiet = watch.quiet_for().is_some_and(|quiet| quiet >= QUIET);
        let waited = start.elapsed();
        let stick = volume.is_none() || found.is_some() || waited >= STICK_PATIENCE;
        let disk = read::has_an_internal_disk(root) || waited >= DISK_PATIENCE;
        if (quiet && stick && disk) || waited >= STICK_PATIENCE {
            return found;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_kernel_command_line() {
        let after = |cmdline| Settings::parse(cmdline).offline_after.as_secs();
        assert_eq!(after("quiet wg.offline_after=5 panic=30"), 5);
        assert_eq!(after("quiet wg.offline_after=soon"), 60);
        assert_eq!(after(""), 60);
    }

    #[test]
    fn a_missing_and_a_damaged_card() {
        let temp = tempfile::tempdir().unwrap();
        let root = Root::new(temp.path());
        assert!(card(&root).unwrap_err().what.contains("which bench"));
        fs::create_dir_all(temp.path().join("etc/whiteglove")).unwrap();
        let token = "ab".repeat(31);
        let json = format!(r#"{{"media":"00","token":"{token}""#);
        fs::write(temp.path().join("etc/whiteglove/media.json"), json).unwrap();
        let problem = card(&root).unwrap_err();
        assert!(problem.what.contains("damaged"));
        assert!(!problem.to_string().contains(&token), "{problem}");
    }
}
