//! One hash field by field: what it lacks first, then what stands in it and where each value comes from.

use ratatui::text::{Line, Span};
use whiteglove_core::{
    batch::ModelTrust,
    clock::short_age,
    control::Sheet,
    device::WindowsHash,
    hwhash::{Critical, Field, FieldSource, HardwareHash, MadeHash, Origin},
};

use super::{
    Paper, Side,
    columns::{self, Cell},
    none,
};
use crate::{theme::Tone, widget::text};

/// Room for the mark of a critical field.
const MARK: usize = 1;
/// The longest names Windows' tools have are of 24 letters.
const NAME: usize = 24;
const LABEL: usize = 11;
/// The record of the TPM's endorsement key.
const EK_PUB: u16 = 25;

pub(super) fn lines(sheet: &Sheet, side: Side, paper: Paper) -> Vec<Line<'static>> {
    let device = &sheet.device;
    let mut page = Page { lines: vec![], paper };
    let nothing = |problem| text::problem(&problem, ("NO HASH", Tone::Warn), paper.width, paper.theme);
    match (side, device.linux_hash(), &device.windows_hash) {
        (Side::Linux, Some(made), _) => {
            page.trust(sheet);
            page.missing(&made.hash, &made.sources);
            page.doubts(&made.hash);
            page.linux(made);
        }
        (Side::Windows, _, Some(known)) => {
            page.origin(known);
            page.missing(&known.hash, &[]);
            page.doubts(&known.hash);
            page.fields(&known.hash, &[]);
            page.digest(&known.hash);
        }
        (Side::Linux, None, _) => return nothing(none::linux(sheet)),
        (Side::Windows, _, None) => return nothing(none::windows()),
    }
    page.lines
}

struct Page {
    lines: Vec<Line<'static>>,
    paper: Paper,
}

/// What the acceptance test of its model says, as a mark in front of a line.
fn mark(trust: &ModelTrust) -> (&'static str, Tone) {
    match trust {
        ModelTrust::Untested | ModelTrust::Differs { .. } => (" EXPERIMENTAL ", Tone::Alarm),
        ModelTrust::Accepted { .. } => (" ACCEPTED ", Tone::Good),
    }
}

impl Page {
    fn banner(&mut self, mark: &str, tone: Tone, words: &str) {
        let (theme, width) = (self.paper.theme, self.paper.width);
        let styles = (theme.style(tone), theme.style(Tone::Strong));
        // The blank behind the mark must not be reversed like it.
        let words = text::wrap(words, width.saturating_sub(text::width(mark) + 1));
        for (n, words) in words.into_iter().enumerate() {
            let mark = match n {
                0 => Span::styled(mark.to_owned(), styles.0),
                _ => Span::raw(" ".repeat(text::width(mark))),
            };
            self.lines.push(Line::from(vec![mark, Span::raw(" "), Span::styled(words, styles.1)]));
        }
    }

    fn say(&mut self, label: &str, words: &str) {
        if words.is_empty() {
            return;
        }
        let theme = self.paper.theme;
        let styles = (theme.style(Tone::Dim), theme.style(Tone::Plain));
        self.lines.extend(text::labelled(&format!("  {label}"), LABEL, words, self.paper.width, styles));
    }

    fn heading(&mut self, title: &str) {
        self.lines.push(Line::default());
        self.lines.push(text::heading(title, self.paper.width, self.paper.theme));
    }

    fn trust(&mut self, sheet: &Sheet) {
        let (mark, tone) = mark(&sheet.trust);
        let words = sheet.trust.words();
        // The mark says the first word already.
        let words = words.split_once(": ").map_or(words.as_str(), |(_, rest)| rest);
        self.banner(mark, tone, &format!("made on Linux; {words}"));
        self.say("model", &sheet.device.model_name().to_string());
        self.say("batch", &format!("relies on: {}", sheet.policy.words()));
    }

    fn origin(&mut self, known: &WindowsHash) {
        let age = |at| short_age(self.paper.now.since(at));
        let words = format!("made by {}, imported {} ago", known.hash.origin().words(), age(known.at));
        let made = known.hash.made_at().map(|at| format!("{} ago, by the clock of that machine", age(at)));
        self.banner(" IMPORTED ", Tone::Good, &words);
        self.say("lane", known.lane.words());
        self.say("from", &format!("{}, line {}", known.source.name, known.source.line));
        self.say("made", &made.unwrap_or_default());
    }

    /// What Windows' own validator would call bad, with the reason if whoever made the hash gave one.
    fn missing(&mut self, hash: &HardwareHash, sources: &[FieldSource]) {
        let missing = hash.missing();
        if missing.is_empty() {
            return;
        }
        let theme = self.paper.theme;
        let (plain, strong) = (theme.style(Tone::Plain), theme.style(Tone::Strong));
        let many = match missing.len() {
            1 => "1 critical field: Windows' own check calls this hash bad.".to_owned(),
            n => format!("{n} critical fields: Windows' own check calls this hash bad."),
        };
        self.banner(" MISSING ", Tone::Alarm, &many);
        let room = self.paper.width.saturating_sub(NAME + 4);
        for field in missing {
            let (why, next) = remedy(field, hash.origin());
            let given: Vec<_> = sources.iter().filter(|source| is_why(source, field)).map(reason).collect();
            let why = if given.is_empty() { why.to_owned() } else { given.join("; ") };
            let words = Cell::new(&why, room, plain).and(next, strong);
            let cells = [Cell::new("", 1, plain), Cell::new(field.name(), NAME, strong), words];
            self.lines.extend(columns::row(&cells, theme));
        }
    }

    /// What contradicts itself in it although it is whole.
    fn doubts(&mut self, hash: &HardwareHash) {
        for doubt in hash.doubts() {
            self.banner(" DOUBT ", Tone::Warn, &doubt);
        }
    }

    fn linux(&mut self, made: &MadeHash) {
        self.fields(&made.hash, &made.sources);
        let left_out: Vec<_> = made.sources.iter().filter(|source| !source.included).collect();
        if !left_out.is_empty() {
            self.heading("Left out of it");
        }
        for source in left_out {
            let theme = self.paper.theme;
            let room = self.paper.width.saturating_sub(MARK + NAME + 3);
            let cells = [
                Cell::new("", MARK, theme.style(Tone::Plain)),
                Cell::new(&source.name, NAME, theme.style(Tone::Dim)),
                Cell::new(reason(source), room, theme.style(Tone::Plain)).and(&source.risk, theme.style(Tone::Warn)),
            ];
            self.lines.extend(columns::row(&cells, theme));
        }
        self.digest(&made.hash);
    }

    fn fields(&mut self, hash: &HardwareHash, sources: &[FieldSource]) {
        let theme = self.paper.theme;
        let (plain, dim) = (theme.style(Tone::Plain), theme.style(Tone::Dim));
        let room = self.paper.width.saturating_sub(MARK + NAME + 3);
        let (value, from) = match sources.is_empty() {
            true => (room, 0),
            false => (room * 11 / 20, room.saturating_sub(room * 11 / 20 + 1)),
        };
        self.heading(if sources.is_empty() { "Fields" } else { "Fields, and where they come from" });
        let legend = format!("* critical: Windows' own check insists on it   {} a blank", columns::blank(theme));
        self.lines.push(Line::from(Span::styled(legend, dim)));
        let fields = hash.fields();
        let sources: Vec<_> = fields.iter().map(|field| source_of(field, sources)).collect();
        // What is the same for a whole record is said once.
        let words = |n: usize| sources.get(n).copied().flatten().map(|own| (own.kind, &own.source, &own.risk));
        for (n, field) in fields.iter().enumerate() {
            let (mark, tone) = match critical(&field.name) {
                Some(_) => ("*", Tone::Strong),
                None => ("", Tone::Plain),
            };
            let mut cells = vec![
                Cell::new(mark, MARK, theme.style(Tone::Key)),
                Cell::new(&field.name, NAME, theme.style(tone)),
                Cell::value(Some(&field.value), value, plain, theme),
            ];
            let source = words(n);
            if let Some((_, source, _)) = source.filter(|_| n == 0 || words(n - 1) != source) {
                cells.push(Cell::new(source, from, dim));
            }
            self.lines.extend(columns::row(&cells, theme));
            let risk = source.filter(|_| words(n + 1) != source).map_or("", |(_, _, risk)| risk);
            if !risk.is_empty() {
                let risk = Cell::new(&format!("risk {risk}"), room, theme.style(Tone::Warn));
                let cells = [Cell::new("", MARK, dim), Cell::new("", NAME, dim), risk];
                self.lines.extend(columns::row(&cells, theme));
            }
        }
    }

    fn digest(&mut self, hash: &HardwareHash) {
        self.heading("Digest");
        self.say("SHA-256", &hash.digest().to_string());
    }
}

/// Most sources are of whole records. `MacAddress 2` stands in the second of its kind.
fn source_of<'a>(field: &Field, sources: &'a [FieldSource]) -> Option<&'a FieldSource> {
    let mut of_record = sources.iter().filter(|source| source.included && source.kind == field.kind);
    let named = of_record.clone().find(|source| source.name == field.name);
    let number = field.name.rsplit(' ').next().and_then(|number| number.parse::<usize>().ok());
    named.or_else(|| of_record.nth(number.map_or(0, |number| number.saturating_sub(1))))
}

/// Names are Windows' own on both sides, save for a number where there are several of a kind.
fn critical(name: &str) -> Option<Critical> {
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || " #".contains(c));
    Critical::ALL.into_iter().find(|critical| critical.name().eq_ignore_ascii_case(name))
}

/// Whether this is why the field is missing. `EkPubHash` is made of the key in record 25.
fn is_why(source: &FieldSource, field: Critical) -> bool {
    let of_key = field == Critical::EkPubHash && source.kind == EK_PUB;
    !source.included && (of_key || critical(&source.name) == Some(field))
}

/// The page says already that it was left out.
fn reason(source: &FieldSource) -> &str {
    source.source.strip_prefix("left out: ").unwrap_or(&source.source)
}

/// Why it is missing, most of the time, and what to do about it.
fn remedy(field: Critical, origin: Origin) -> (&'static str, &'static str) {
    match (field, origin) {
        (Critical::DiskSerialNumber, _) => {
            ("no internal disk was seen", "If it has one: turn RAID or VMD off in the firmware setup.")
        }
        (Critical::TpmVersion | Critical::EkPubHash, Origin::WinPe) => {
            ("WinPE could not ask the TPM", "Add PCPKsp.dll to WinPE; see that the TPM is on.")
        }
        (Critical::TpmVersion | Critical::EkPubHash, Origin::FullOs | Origin::Unknown) => {
            ("the TPM did not answer", "See that it is on in the firmware setup.")
        }
        (Critical::MacAddress, _) => {
            ("no network adapter of its own was seen", "See that it is on in the firmware setup.")
        }
        (Critical::ProductKeyId, _) => {
            ("no Windows key in the firmware", "Nothing: normal for a laptop sold without Windows.")
        }
        (
            Critical::SmbiosSystemFamily
            | Critical::SmbiosSystemManufacturer
            | Critical::SmbiosSystemProductName
            | Critical::SmbiosSystemSerialNumber
            | Critical::SmbiosUuid,
            _,
        ) => ("the firmware does not say it", "Have the maker's service tool set it."),
    }
}
