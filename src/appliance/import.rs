//! Brings in what other tools and sticks hold: sealed captures, files with Autopilot identities, order
//! lists. Line by line, with a report that says what became of each.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use whiteglove_core::{
    api::{Outcome, Receipt},
    bench::{Admission, Sealed},
    capture::Capture,
    control::Progress,
    device::{DeviceId, Signal},
    entry::{Line, Refusal, Source},
    envelope::{BoxSecret, Envelope, EnvelopeError, Kind},
    import,
    order::{self, Expected},
    problem::Problem,
    script,
};
use whiteglove_image::captures::{self, CaptureError, Summary, erase::Digests};

use super::{Input, NotTaken, Owner, jobs::Handle, stopped};
use crate::{clock::now, sealed};

/// Entries on their way to the owner: enough to share the journal's syncs, few enough to leave it room for laptops.
const IN_FLIGHT: usize = 512;
/// Refusals repeated in the answer; the report has all.
const SHOWN: usize = 5;
/// An order of more lines than this is a mistake.
const LONGEST_ORDER: usize = 100_000;

impl Owner {
    pub(super) fn import(&mut self, from: u64, place: PathBuf) {
        let (secret, reports) = (self.secret.clone(), self.config.reports_folder());
        let title = format!("importing {}", place.display());
        self.start(from, title, move |handle| {
            let mut report = Report::create(&reports, &place)?;
            import(&place, &secret, handle, &mut report)?;
            report.end(&place, "")
        });
    }

    pub(super) fn import_order(&mut self, from: u64, place: PathBuf, batch: Option<String>, customer: Option<String>) {
        let reports = self.config.reports_folder();
        let title = format!("importing the order {}", place.display());
        self.start(from, title, move |handle| {
            let mut report = Report::create(&reports, &place)?;
            import_order(&place, batch, customer, handle, &mut report)?;
            report.end(&place, "")
        });
    }
}

/// What became of each line, kept in a file; counts and the first refusals for the answer.
pub(super) struct Report {
    path: PathBuf,
    file: BufWriter<File>,
    counts: BTreeMap<Count, usize>,
    refused: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Count {
    New,
    Added,
    Known,
    Held,
    Repaired,
    Logs,
    /// Sealed for another bench.
    Foreign,
    /// Cut off, empty, or not what its name says.
    Damaged,
    Refused,
}

impl Count {
    fn words(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Added => "added to what was known",
            Self::Known => "here already",
            Self::Held => "held",
            Self::Repaired => "repaired",
            Self::Logs => "sets of logs",
            Self::Foreign => "of other benches",
            Self::Damaged => "damaged",
            Self::Refused => "refused",
        }
    }

    /// It is not on the bench now.
    fn is_left(self) -> bool {
        matches!(self, Self::Foreign | Self::Damaged | Self::Refused)
    }
}

impl Report {
    pub(super) fn create(folder: &Path, place: &Path) -> Result<Self, Problem> {
        let name = name_of(place);
        let path = folder.join(format!("{}-{name}.txt", now().millis()));
        let file = fs::create_dir_all(folder).and_then(|()| File::create_new(&path)).map_err(|error| {
            Problem::new(
                "Nothing was imported.",
                format!("The report {} cannot be written: {error}.", path.display()),
                "Check the permissions and the free space of the state folder, then import again.",
            )
        })?;
        Ok(Self { path, file: BufWriter::new(file), counts: BTreeMap::new(), refused: Vec::new() })
    }

    pub(super) fn line(&mut self, count: Count, what: &str) {
        *self.counts.entry(count).or_default() += 1;
        if count.is_left() && self.refused.len() < SHOWN {
            self.refused.push(what.to_owned());
        }
        self.note(what);
    }

    pub(super) fn note(&mut self, what: &str) {
        // A report that cannot be written must not stop what can: the journal has every line that was taken.
        if let Err(error) = writeln!(self.file, "{what}") {
            tracing::warn!(%error, "the import report is not complete");
        }
    }

    fn count(&self, which: impl Fn(Count) -> bool) -> usize {
        self.counts.iter().filter(|(count, _)| which(**count)).map(|(_, n)| n).sum()
    }

    /// `after`: what was done beside, for a person to read.
    pub(super) fn end(mut self, place: &Path, after: &str) -> Result<String, Problem> {
        let counted: Vec<_> = self.counts.iter().map(|(count, n)| format!("{n} {}", count.words())).collect();
        let counted = if counted.is_empty() { "nothing in it".to_owned() } else { counted.join(", ") };
        let words = format!("Import of {}: {counted}.{after}", place.display());
        self.note(&words);
        drop(self.file.flush());
        match self.count(Count::is_left) {
            0 => Ok(format!("{words}\nLine by line: {}", self.path.display())),
            n => {
                let more = if n > SHOWN { format!("\n... and {} more.", n - SHOWN) } else { String::new() };
                Err(Problem::new(
                    words,
                    format!("{}{more}", self.refused.join("\n")),
                    format!(
                        "Line by line: {}\n\
                         Keep the stick or file until the refused ones are settled; what was not refused is on the bench.",
                        self.path.display()
                    ),
                ))
            }
        }
    }
}

fn name_of(place: &Path) -> String {
    let name = place.file_name().map_or_else(|| "import".to_owned(), |name| name.to_string_lossy().into_owned());
    name.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).take(80).collect()
}

fn cannot_read(place: &Path, error: &io::Error) -> Problem {
    Problem::new(
        format!("{} cannot be read.", place.display()),
        format!("The system says: {error}."),
        "Check that it is there and that you may read it, then import again.",
    )
}

/// Files that may carry identities; what else lies on a stick is nobody's business.
fn may_hold_identities(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["csv", "xml", "txt", "b64", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn import(place: &Path, secret: &BoxSecret, handle: &mut Handle<'_>, report: &mut Report) -> Result<(), Problem> {
    let about = fs::metadata(place).map_err(|error| cannot_read(place, &error))?;
    if about.is_file() && may_hold_identities(place) {
        return import_file(place, handle, report);
    }
    let files = if about.is_dir() { identity_files(place)? } else { Vec::new() };
    match import_captures(place, secret, handle, report) {
        Err(Lost::NoCaptures(_)) if !files.is_empty() => {}
        // No image of a stick, and a name that says nothing: perhaps a hash all the same.
        Err(Lost::NoCaptures(problem)) if about.is_file() => {
            return import_file(place, handle, report).map_err(|_| problem);
        }
        Err(Lost::NoCaptures(problem) | Lost::Failed(problem)) => return Err(problem),
        Ok(()) => {}
    }
    for file in files {
        report.note(&format!("{}:", file.display()));
        if let Err(problem) = import_file(&file, handle, report) {
            report.line(Count::Refused, &format!("{}: {} {}", name_of(&file), problem.what, problem.why));
        }
    }
    Ok(())
}

/// In the folder itself, in the order of their names. Order lists and texts lie about too, so only what
/// Windows' tools write.
fn identity_files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?.flatten();
    // Of the entry itself: a link could lead anywhere on this machine.
    let regular = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())).map(|entry| entry.path());
    let written_by_windows = |path: &PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let evidence = path.to_str().is_some_and(|name| name.to_ascii_lowercase().ends_with(script::EVIDENCE));
        extension.eq_ignore_ascii_case("csv") || extension.eq_ignore_ascii_case("xml") || evidence
    };
    let mut files: Vec<_> = regular.filter(written_by_windows).collect();
    files.sort();
    Ok(files)
}

/// Counts what has gone through, for a meter.
struct Counted<R> {
    inner: R,
    done: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.done.set(self.done.get() + n as u64);
        Ok(n)
    }
}

type EntryReply = oneshot::Receiver<Result<(DeviceId, Admission), NotTaken>>;

/// A line on its way through the owner. What was refused before it left waits in the same queue, so that
/// the report keeps the file's order.
struct Waiting {
    number: u64,
    repairs: Vec<String>,
    remarks: Vec<String>,
    what: String,
    sent: Result<EntryReply, Refusal>,
}

fn import_file(path: &Path, handle: &mut Handle<'_>, report: &mut Report) -> Result<(), Problem> {
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    let total = file.metadata().map_or(0, |about| about.len());
    import_lines(BufReader::with_capacity(1 << 16, file), total, &name_of(path), handle, report)
}

fn import_lines(
    source: impl Read,
    total: u64,
    name: &str,
    handle: &mut Handle<'_>,
    report: &mut Report,
) -> Result<(), Problem> {
    let done = std::rc::Rc::new(std::cell::Cell::new(0));
    let source = Counted { inner: source, done: std::rc::Rc::clone(&done) };
    let mut waiting: VecDeque<Waiting> = VecDeque::new();
    let mut failed = None;
    let read = import::read(source, &mut |line: Line| {
        let Line { number, repairs, remarks, outcome } = line;
        let sent = match outcome {
            Err(refusal) => Waiting { number, repairs, remarks, what: String::new(), sent: Err(refusal) },
            Ok(entry) => {
                let (reply, answer) = oneshot::channel();
                let what = entry.serial.as_ref().map_or_else(|| entry.lane.words().to_owned(), ToString::to_string);
                let source = Source { name: name.to_owned(), line: number };
                if handle.inbox.blocking_send(Input::Entry { entry, source, reply }).is_err() {
                    failed = Some(stopped());
                    return ControlFlow::Break(());
                }
                Waiting { number, repairs, remarks, what, sent: Ok(answer) }
            }
        };
        waiting.push_back(sent);
        if waiting.len() > IN_FLIGHT
            && let Some(oldest) = waiting.pop_front()
            && let Err(problem) = settle(oldest, report)
        {
            failed = Some(problem);
            return ControlFlow::Break(());
        }
        handle.watch(Progress { task: "importing".to_owned(), done: done.get(), total })
    });
    for line in waiting {
        match settle(line, report) {
            Err(problem) if failed.is_none() => failed = Some(problem),
            _ => {}
        }
    }
    failed.map_or(Ok(()), Err)?;
    read.map(drop)
}

/// Waits for the bench's word on one line and reports it.
fn settle(line: Waiting, report: &mut Report) -> Result<(), Problem> {
    let Waiting { number, repairs, remarks, what, sent } = line;
    let refused = |refusal: &Refusal| (Count::Refused, format!("REFUSED: {} {}", refusal.why, refusal.next));
    let (count, words) = match sent.map(oneshot::Receiver::blocking_recv) {
        Err(refusal) => refused(&refusal),
        Ok(Ok(Err(NotTaken::Refused(refusal)))) => refused(&refusal),
        Ok(Ok(Err(NotTaken::Failed(problem)))) => return Err(problem),
        Ok(Err(_)) => return Err(stopped()),
        Ok(Ok(Ok((device, admission)))) => match admission {
            Admission::New => (Count::New, format!("taken as #{}", device.0)),
            Admission::Added => (Count::Added, format!("added to #{}", device.0)),
            Admission::Known => (Count::Known, format!("known as #{}", device.0)),
            Admission::Held(reason) => (Count::Held, format!("taken as #{} and HELD: {}", device.0, reason.brief())),
        },
    };
    let notes: Vec<_> = repairs.iter().map(|repair| format!("repaired: {repair}")).chain(remarks).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    let blank = if what.is_empty() { "" } else { " " };
    report.line(count, &format!("line {number}:{blank}{what} {words}{notes}"));
    if !repairs.is_empty() && count != Count::Refused {
        *report.counts.entry(Count::Repaired).or_default() += 1;
    }
    Ok(())
}

enum Lost {
    /// It is no place for captures at all.
    NoCaptures(Problem),
    Failed(Problem),
}

type CaptureReply = oneshot::Receiver<Result<Receipt, Problem>>;

fn import_captures(place: &Path, secret: &BoxSecret, handle: &mut Handle<'_>, report: &mut Report) -> Result<(), Lost> {
    let mut files = Vec::new();
    let summary =
        captures::read(place, &mut |name, bytes| files.push((name.to_owned(), bytes))).map_err(
            |error| match &error {
                CaptureError::NoFolder { .. } | CaptureError::NoVolume { .. } => Lost::NoCaptures(error.problem()),
                CaptureError::Read { .. } => Lost::Failed(error.problem()),
            },
        )?;
    take_captures(files, &summary, secret, handle, report).map(drop).map_err(Lost::Failed)
}

/// The digests of those files that are wholly on the bench then, on its disk.
pub(super) fn take_captures(
    files: Vec<(String, Vec<u8>)>,
    summary: &Summary,
    secret: &BoxSecret,
    handle: &mut Handle<'_>,
    report: &mut Report,
) -> Result<Digests, Problem> {
    let mut taken = Digests::new();
    let (files, in_clear): (Vec<_>, Vec<_>) = files.into_iter().partition(|(name, _)| captures::is_sealed(name));
    let total = files.len() as u64;
    // All are on their way before the first answer is awaited, so they share the journal's syncs.
    let mut waiting = Vec::new();
    for (name, bytes) in files {
        let sent = send_capture(&bytes, secret, &handle.inbox);
        waiting.push((name, Sha256::digest(&bytes).into(), sent));
    }
    for (name, why) in &summary.skipped {
        report.line(Count::Damaged, &format!("{name}: REFUSED: {why}"));
    }
    for (done, (name, digest, sent)) in waiting.into_iter().enumerate() {
        let (count, words) = match sent {
            Ok(reply) => match reply.blocking_recv() {
                Ok(Ok(receipt)) if !receipt.stored => (Count::Known, format!("known as #{}", receipt.device)),
                Ok(Ok(receipt)) => match receipt.outcome {
                    Outcome::Held => (Count::Held, format!("taken as #{} and HELD", receipt.device)),
                    Outcome::CapturedAgain => (Count::Added, format!("added to #{}", receipt.device)),
                    Outcome::Captured | Outcome::AlreadyHere => (Count::New, format!("taken as #{}", receipt.device)),
                },
                Ok(Err(problem)) => (Count::Refused, format!("REFUSED: {} {}", problem.what, problem.why)),
                Err(_) => return Err(stopped()),
            },
            Err((count, problem)) => (count, format!("REFUSED: {}", problem.why)),
        };
        if !count.is_left() {
            taken.insert(digest);
        }
        report.line(count, &format!("{name}: {words}"));
        // Stopping here loses nothing: what was taken is taken, the rest is still on the stick.
        if handle.watch(Progress { task: "importing".to_owned(), done: done as u64 + 1, total }).is_break() {
            return Ok(taken);
        }
    }
    // What Windows itself said of the laptop, by our script on the stick.
    for (name, bytes) in in_clear {
        report.note(&format!("{name}:"));
        let (lines, left) = (report.count(|_| true), report.count(Count::is_left));
        if let Err(problem) = import_lines(&bytes[..], bytes.len() as u64, &name, handle, report) {
            report.line(Count::Refused, &format!("{name}: {} {}", problem.what, problem.why));
        }
        // Every line of it, and there was one.
        if report.count(|_| true) > lines && report.count(Count::is_left) == left && !handle.is_cancelled() {
            taken.insert(Sha256::digest(&bytes).into());
        }
    }
    Ok(taken)
}

/// Opens one file's envelope and hands the capture to the owner, by the same way as online ones.
fn send_capture(
    bytes: &[u8],
    secret: &BoxSecret,
    inbox: &mpsc::Sender<Input>,
) -> Result<CaptureReply, (Count, Problem)> {
    let refused = |problem| (Count::Refused, problem);
    let envelope = Envelope::parse(bytes).map_err(|error| (Count::Damaged, sealed::problem(error)))?;
    if envelope.kind() != Kind::Capture {
        return Err(refused(sealed::not_a_capture()));
    }
    if !envelope.is_for(secret) {
        return Err((Count::Foreign, sealed::problem(EnvelopeError::OtherBench)));
    }
    // Cut off, garbled or made up: its seal tells them apart from whole ones, not from each other.
    let (capture, _) = sealed::open::<Capture>(&envelope, secret).map_err(|problem| (Count::Damaged, problem))?;
    sealed::check_capture(&capture, &envelope).map_err(refused)?;
    let (reply, answer) = oneshot::channel();
    let sealed = Sealed {
        media: envelope.media(),
        message: envelope.message(),
        signal: Signal::Stick,
        envelope: sealed::digest(&envelope),
    };
    let input = Input::Capture { capture: Box::new(capture), sealed, reply };
    inbox.blocking_send(input).map_err(|_| refused(stopped()))?;
    Ok(answer)
}

fn import_order(
    place: &Path,
    batch: Option<String>,
    customer: Option<String>,
    handle: &mut Handle<'_>,
    report: &mut Report,
) -> Result<(), Problem> {
    let file = File::open(place).map_err(|error| cannot_read(place, &error))?;
    let mut lines: Vec<(u64, Vec<String>, Expected)> = Vec::new();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    let mut too_long = false;
    order::read(BufReader::new(file), &mut |line| match line.outcome {
        Err(refusal) => {
            let words = format!("line {}: REFUSED: {} {}", line.number, refusal.why, refusal.next);
            report.line(Count::Refused, &words);
        }
        Ok(listed) => {
            if let Some(named_here) = listed.customer {
                let wanted = customer.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(&named_here));
                if !wanted {
                    let words = format!("line {}: REFUSED: It is for {named_here}.", line.number);
                    return report.line(Count::Refused, &words);
                }
                *named.entry(named_here).or_default() += 1;
            }
            too_long |= lines.len() == LONGEST_ORDER;
            if !too_long {
                lines.push((line.number, line.repairs, listed.expected));
            }
        }
    })?;
    if too_long {
        return Err(Problem::new(
            "The order was not imported.",
            format!("It has more than {LONGEST_ORDER} lines."),
            "Split it by batch, and import each part for its batch: whiteglove order import FILE --batch NAME.",
        ));
    }
    if named.len() > 1 {
        let names: Vec<_> = named.keys().map(String::as_str).collect();
        return Err(Problem::new(
            "The order was not imported.",
            format!("It names {} customers, and a batch belongs to one: {}.", names.len(), names.join(", ")),
            "Import it once for each, with its batch: whiteglove order import FILE --batch NAME --customer NAME.",
        ));
    }
    let customer = customer.or_else(|| named.into_keys().next());
    for (number, repairs, expected) in &lines {
        let what = expected.serial.as_ref().map(ToString::to_string);
        let what = what.or_else(|| expected.product_key_id.as_ref().map(ToString::to_string)).unwrap_or_default();
        let notes = if repairs.is_empty() { String::new() } else { format!(" ({})", repairs.join("; ")) };
        report.line(Count::New, &format!("line {number}: {what} expected{notes}"));
    }
    if lines.is_empty() {
        return Ok(());
    }
    let lines = lines.into_iter().map(|(_, _, expected)| expected).collect();
    let (reply, answer) = oneshot::channel();
    let input = Input::OrderList { batch, customer, source: name_of(place), lines, reply };
    handle.inbox.blocking_send(input).map_err(|_| stopped())?;
    answer.blocking_recv().unwrap_or_else(|_| Err(stopped()))
}
