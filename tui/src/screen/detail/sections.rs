//! Everything the bench knows of one laptop, as lines: first what to do, then how label, machine and
//! order agree, then what it is registered by, then the capture.

use ratatui::text::Line;
use whiteglove_core::{
    capture::{Capture, Part, SmbiosTables},
    clock::{Moment, short_age},
    control::Sheet,
    device::{Device, Signal},
    order::Expected,
    smbios::Smbios,
};

use crate::{
    screen::why,
    theme::{Theme, Tone},
    widget::text,
};

mod gate;
mod lanes;
mod matching;
mod parts;
mod verdict;

/// Room for the labels on the left.
const LABEL: usize = 18;
/// Attestation tolerates minutes at most; less than this is the way of the message.
const CLOCK_TOLERANCE_SECONDS: u64 = 60;

/// What stands around a laptop that its own sheet does not hold.
pub(super) struct Around<'a> {
    /// The line of the order it stands for.
    pub(super) expected: Option<&'a Expected>,
    /// The batch has an order list.
    pub(super) listed: bool,
}

pub(super) fn all(sheet: &Sheet, around: &Around<'_>, width: usize, theme: Theme, now: Moment) -> Vec<Line<'static>> {
    let mut page = Page { lines: vec![], width, theme };
    let device = &sheet.device;
    page.verdict(sheet);
    page.gate(sheet, now);
    page.technician(sheet, now);
    page.matching(sheet, around);
    page.checks(sheet);
    page.network_boot(sheet);
    page.lanes(sheet, now);
    page.identity(device);
    if let Some(capture) = device.capture.as_deref() {
        page.capture(capture, clock_of(device));
        page.findings(capture);
        page.timings(capture);
    }
    page.history(device, now);
    page.origin(device);
    page.lines
}

struct Page {
    lines: Vec<Line<'static>>,
    width: usize,
    theme: Theme,
}

impl Page {
    fn heading(&mut self, title: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(text::heading(title, self.width, self.theme));
    }

    fn say(&mut self, label: &str, value: &str, tone: Tone) {
        if value.trim().is_empty() {
            return;
        }
        let styles = (self.theme.style(Tone::Dim), self.theme.style(tone));
        self.lines.extend(text::labelled(&format!("  {label}"), LABEL, value, self.width, styles));
    }

    fn fact(&mut self, label: &str, value: impl AsRef<str>) {
        self.say(label, value.as_ref(), Tone::Plain);
    }

    fn missing(&mut self, label: &str, value: &str) {
        self.say(label, value, Tone::Warn);
    }

    /// What it boots from the network and how it fares there, while the bench knows.
    fn network_boot(&mut self, sheet: &Sheet) {
        let Some(story) = &sheet.network else { return };
        self.heading("Network boot");
        self.fact("Boots (n)", why::decision(story.decision, story.reason));
        if story.wire.is_none() {
            return self.say("Stands (w)", "not seen on the network since the bench was started", Tone::Dim);
        }
        let (glyph, word, tone) = why::standing(story.diagnosis.standing, self.theme);
        self.say("Stands (w)", &format!("{glyph} {}", why::said(word, &story.diagnosis.headline)), tone);
    }

    fn identity(&mut self, device: &Device) {
        self.heading("Identity");
        let identity = &device.identity;
        match &identity.serial {
            Some(serial) if serial.is_junk() => {
                self.missing("Serial number", &format!("\"{serial}\": the maker's filler, not a serial"));
            }
            Some(serial) => self.say("Serial number", serial.as_str(), Tone::Strong),
            None => self.missing("Serial number", "none"),
        }
        self.fact("Maker", &identity.manufacturer);
        self.fact("Model", &identity.model);
        let tables = device.capture.as_deref().and_then(|capture| capture.smbios.as_ref());
        if let Some(tables) = tables {
            self.product(tables);
        }
        match identity.uuid {
            Some(uuid) if uuid.is_junk() => {
                self.missing("System UUID", &format!("{uuid}: not unique, the maker's filler"));
            }
            Some(uuid) => self.fact("System UUID", uuid.to_string()),
            None => self.missing("System UUID", "none"),
        }
        match identity.ek {
            Some(ek) => self.fact("TPM key digest", ek.to_string()),
            None if device.capture.is_some() => self.missing("TPM key", "none"),
            None => {}
        }
        let macs: Vec<_> = identity.macs.iter().map(ToString::to_string).collect();
        self.fact("Own addresses", macs.join(", "));
    }

    fn product(&mut self, tables: &SmbiosTables) {
        let smbios = Smbios::parse(&tables.table.0);
        if let Some(system) = smbios.system() {
            self.fact("Product", system.product.to_string());
            self.fact("SKU", system.sku.to_string());
            self.fact("Family", system.family.to_string());
        }
        if let Some(chassis) = smbios.chassis() {
            self.fact("Case", chassis.kind_name());
            self.fact("Asset tag", chassis.asset_tag.to_string());
        }
        if let Some(board) = smbios.board() {
            self.fact("System board", format!("{} {} {}", board.manufacturer, board.product, board.serial));
        }
    }

    fn findings(&mut self, capture: &Capture) {
        if capture.findings.is_empty() {
            return;
        }
        self.heading("What could not be read");
        for finding in &capture.findings {
            self.missing(finding.part.name(), &finding.what);
        }
    }

    fn timings(&mut self, capture: &Capture) {
        if capture.timings.is_empty() {
            return;
        }
        self.heading("Where the time went");
        let total: u64 = capture.timings.iter().map(|timing| u64::from(timing.millis)).sum();
        let each = |part: Part, millis: u32| format!("{} {millis} ms", part.name());
        let parts: Vec<_> = capture.timings.iter().map(|timing| each(timing.part, timing.millis)).collect();
        self.fact("Reading", format!("{}.{} s in all", total / 1_000, total % 1_000 / 100));
        self.fact("By part", parts.join(", "));
    }

    fn history(&mut self, device: &Device, now: Moment) {
        self.heading("History, newest first");
        for (at, signal, words) in device.history.iter().rev() {
            let label = format!("{:>4} {}", short_age(now.since(*at)), signal.word());
            self.fact(&label, words);
        }
    }

    fn origin(&mut self, device: &Device) {
        self.heading("Capture");
        if device.simulated {
            self.missing("SIMULATED", "not a real laptop");
        }
        self.fact("Batch", &device.batch);
        if let Some(media) = device.media {
            self.fact("Boot medium", media.to_string());
        }
        match device.capture.as_deref() {
            Some(capture) => {
                self.fact("Capture", capture.id.to_string());
                self.fact("Agent", &capture.agent);
                self.fact("Captures kept", device.captures.to_string());
            }
            None => self.missing("Capture", "none yet"),
        }
    }
}

/// When the bench accepted the capture, if the agent sent it there and then. A stick's capture was
/// sealed at a moment we do not know.
fn clock_of(device: &Device) -> Option<Moment> {
    let (since, _) = device.stage.captured()?;
    let by = device.history.iter().rev().find(|(at, ..)| *at == since).map_or(device.signal, |(_, signal, _)| *signal);
    (by == Signal::Agent).then_some(since)
}
