//! The hash made on Linux beside the one Windows made: the acceptance test of the laptop's model.

use ratatui::text::Line;
use whiteglove_core::{
    control::Sheet,
    device::WindowsHash,
    hwhash::{Comparison, Difference, HardwareHash, Verdict},
    problem::Problem,
};

use super::{
    Paper,
    columns::{self, Cell},
    none,
};
use crate::{
    theme::{Theme, Tone},
    widget::text,
};

const MARK: usize = 2;
const NAME: usize = 24;

pub(super) fn lines(sheet: &Sheet, only_differences: bool, paper: Paper) -> Vec<Line<'static>> {
    let (Some(comparison), Some(windows)) = (&sheet.comparison, &sheet.device.windows_hash) else {
        return text::problem(&none::comparison(sheet), ("NO TEST", Tone::Warn), paper.width, paper.theme);
    };
    let mut page = Page { lines: vec![], paper };
    page.verdict(sheet, comparison, windows);
    let (critical, other): (Vec<_>, Vec<_>) = comparison.fields.iter().partition(|field| field.critical.is_some());
    page.section("Critical fields", &critical, only_differences);
    page.section("Other fields, which do not count", &other, only_differences);
    page.lines
}

struct Page {
    lines: Vec<Line<'static>>,
    paper: Paper,
}

/// A word or two, and what to make of it.
fn verdict(sheet: &Sheet, comparison: &Comparison, windows: &WindowsHash) -> ((&'static str, Tone), Problem) {
    let from = format!("{}, line {}", windows.source.name, windows.source.line);
    let model = sheet.device.model_name();
    match &comparison.verdict {
        Verdict::Accepted => (
            ("ACCEPTED", Tone::Good),
            Problem::new(
                "The hash made on Linux says the same of this laptop as Windows' own",
                format!("Every critical field is the same. Compared with {from}"),
                format!("Nothing to do: this unit counts for its model, {model}"),
            ),
        ),
        Verdict::Differs(fields) => {
            let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
            (
                ("DIFFERS", Tone::Alarm),
                Problem::new(
                    format!("The hash made on Linux differs from Windows' own in {}", names.join(", ")),
                    format!("A laptop registered with it may not be recognised at first start. Compared with {from}"),
                    format!(
                        "Register {model} with hashes that Windows or WinPE made: identity = \"windows-hash\" in the \
                         configuration"
                    ),
                ),
            )
        }
        Verdict::OtherMachine => (
            ("OTHER MACHINE", Tone::Alarm),
            Problem::new(
                "These two hashes are of two machines: this is no test",
                format!(
                    "This laptop's own hash says {}; the one from {from}, says {}",
                    serial(sheet.device.linux_hash().map(|made| &made.hash)),
                    serial(Some(&windows.hash)),
                ),
                "Compare the label under the laptop with both. Then capture this very unit with Windows or WinPE: \
                 whiteglove import FILE",
            ),
        ),
    }
}

fn serial(hash: Option<&HardwareHash>) -> String {
    let serial = hash.and_then(|hash| hash.identity().serial);
    serial.map_or_else(|| "no serial number".to_owned(), |serial| format!("serial number {serial}"))
}

impl Page {
    fn verdict(&mut self, sheet: &Sheet, comparison: &Comparison, windows: &WindowsHash) {
        let (theme, width) = (self.paper.theme, self.paper.width);
        let (head, problem) = verdict(sheet, comparison, windows);
        self.lines.extend(text::problem(&problem, head, width, theme));
        let dim = theme.style(Tone::Dim);
        let labelled =
            |label: &str, words: &str| text::labelled(label, 8, words, width, (dim, theme.style(Tone::Plain)));
        self.lines.extend(labelled("  model", &sheet.trust.words()));
        for remark in &comparison.remarks {
            self.lines.extend(labelled("   note", remark));
        }
    }

    fn section(&mut self, title: &str, fields: &[&Difference], only_differences: bool) {
        let theme = self.paper.theme;
        let differing = fields.iter().filter(|field| !field.same).count();
        let count = match differing {
            0 => format!("{title}: none of {} differs", fields.len()),
            1 => format!("{title}: 1 of {} differs", fields.len()),
            n => format!("{title}: {n} of {} differ", fields.len()),
        };
        self.lines.push(Line::default());
        self.lines.push(text::heading(&count, self.paper.width, theme));
        let mut shown: Vec<_> = fields.iter().filter(|field| !only_differences || !field.same).collect();
        if shown.is_empty() {
            return;
        }
        // What differs is what the page is opened for.
        shown.sort_by_key(|field| field.same);
        let room = self.paper.width.saturating_sub(MARK + NAME + 4);
        let (left, right) = (room / 2, room - room / 2);
        let (head, dim) = (theme.style(Tone::Key), theme.style(Tone::Dim));
        let heads = [
            Cell::new("", MARK, dim),
            Cell::new(&format!("({} is a blank)", columns::blank(theme)), NAME, dim),
            Cell::new("made on Linux", left, head),
            Cell::new("made by Windows", right, head),
        ];
        self.lines.extend(columns::row(&heads, theme));
        for field in shown {
            let (mark, tone) = match (field.same, field.critical) {
                (true, _) => ("=", Tone::Dim),
                (false, Some(_)) => (differs(theme), Tone::Alarm),
                (false, None) => (differs(theme), Tone::Warn),
            };
            let value = match (field.same, field.critical) {
                (true, _) => Tone::Plain,
                (false, Some(_)) => Tone::Strong,
                (false, None) => Tone::Warn,
            };
            let cells = [
                Cell::new(mark, MARK, theme.style(tone)),
                Cell::new(&field.name, NAME, theme.style(if field.same { Tone::Plain } else { Tone::Strong })),
                Cell::value(field.left.as_deref(), left, theme.style(value), theme),
                Cell::value(field.right.as_deref(), right, theme.style(value), theme),
            ];
            self.lines.extend(columns::row(&cells, theme));
        }
    }
}

fn differs(theme: Theme) -> &'static str {
    if theme.ascii { "!=" } else { "≠" }
}
