//! What label, machine and order say, side by side.

use ratatui::text::{Line, Span};
use whiteglove_core::{
    control::Sheet,
    identity::Serial,
    order::{Expected, Match},
    scan,
    smbios::Smbios,
};

use super::{Around, Page};
use crate::{model::is_wrong, theme::Tone, widget::text};

/// Room for the name of a row.
const NAME: usize = 14;

/// One thing that the three may say.
#[derive(Default)]
struct Said {
    label: Option<String>,
    machine: Option<String>,
    order: Option<String>,
    /// `None`: fewer than two say it.
    agree: Option<bool>,
}

impl Said {
    fn new(
        label: Option<String>,
        machine: Option<String>,
        order: Option<String>,
        same: fn(&str, &str) -> bool,
    ) -> Self {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (label, machine, order) = (filled(label), filled(machine), filled(order));
        let pair = |one: &Option<String>, other: &Option<String>| Some(same(one.as_deref()?, other.as_deref()?));
        let pairs = [pair(&label, &machine), pair(&order, &machine), pair(&label, &order)];
        let known: Vec<_> = pairs.into_iter().flatten().collect();
        let agree = (!known.is_empty()).then(|| known.iter().all(|same| *same));
        Self { label, machine, order, agree }
    }
}

/// A label's serial may carry a maker's prefix; the machine's never does.
fn same_serial(one: &str, other: &str) -> bool {
    let serial = |text: &str| Serial::try_from(text.to_owned()).ok();
    match (serial(one), serial(other)) {
        (Some(one), Some(other)) => scan::means(&one, &other),
        _ => false,
    }
}

fn same_text(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// An order names a model as its buyer did, in more or fewer words than the firmware.
fn same_model(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one.contains(other.trim()) || other.contains(one.trim())
}

impl Page {
    pub(super) fn matching(&mut self, sheet: &Sheet, around: &Around<'_>) {
        self.heading("Label, machine, order");
        let device = &sheet.device;
        let label = device.label.as_ref();
        // What only a label or a list says of it is not the machine's own word.
        let read = device.capture.is_some() || device.windows_hash.is_some();
        let text = |serial: &Serial| serial.to_string();
        let of_order = |of: fn(&Expected) -> &String| around.expected.map(|expected| of(expected).clone());
        let serial = Said::new(
            label.and_then(|label| label.serial.as_ref()).map(text),
            device.identity.serial.as_ref().filter(|_| read).map(text),
            around.expected.and_then(|expected| expected.serial.as_ref()).map(text),
            same_serial,
        );
        let key = Said::new(
            label.and_then(|label| label.product_key_id.as_ref()).map(ToString::to_string),
            device.identity.product_key_id.as_ref().filter(|_| read).map(ToString::to_string),
            around.expected.and_then(|expected| expected.product_key_id.as_ref()).map(ToString::to_string),
            same_text,
        );
        let tables = device.capture.as_deref().and_then(|capture| capture.smbios.as_ref());
        let tag = tables
            .and_then(|tables| Smbios::parse(&tables.table.0).chassis().map(|chassis| chassis.asset_tag.to_string()));
        let model =
            Said::new(None, Some(device.identity.model.clone()), of_order(|expected| &expected.model), same_model);
        let asset = Said::new(None, tag, of_order(|expected| &expected.asset_tag), same_text);

        let room = self.width.saturating_sub(NAME) / 3;
        let missing = |what: &str| what.to_owned();
        let order_missing = if around.listed { "not on it" } else { "no list" };
        let head = ["LABEL", "MACHINE", "ORDER"].map(|title| text::fit(title, room, self.theme)).concat();
        let dim = self.theme.style(Tone::Dim);
        self.lines.push(Line::from(Span::styled(format!("{}{head}", " ".repeat(NAME)), dim)));
        let said = |said: Said, none: [&str; 3]| {
            [said.label, said.machine, said.order]
                .into_iter()
                .zip(none)
                .map(|(said, none)| said.unwrap_or_else(|| missing(none)))
                .collect::<Vec<_>>()
        };
        let scanned = if label.is_some() { "-" } else { "not scanned" };
        let ordered = if around.expected.is_some() { "-" } else { order_missing };
        let mut row = |name: &str, agree: Option<bool>, values: Vec<String>| {
            let glyphs = self.theme.glyphs();
            let (sign, tone) = match agree {
                Some(true) => (glyphs.ready, Tone::Strong),
                Some(false) => (glyphs.not_ready, Tone::Warn),
                None => (" ", Tone::Plain),
            };
            let values: String = values
                .iter()
                .map(|value| format!("{} ", text::fit(value, room.saturating_sub(1), self.theme)))
                .collect();
            self.lines.push(Line::from(vec![
                Span::styled(format!("{sign} {name:<width$}", width = NAME - 2), dim),
                Span::styled(values, self.theme.style(tone)),
            ]));
        };
        row("Serial", serial.agree, said(serial, [scanned, if read { "none" } else { "not read" }, ordered]));
        // Only worth a row if somebody beside the machine says it.
        if key.label.is_some() || key.order.is_some() {
            row("Key id", key.agree, said(key, ["-", "-", "-"]));
        }
        if model.order.is_some() {
            // Buyers and firmware name models in their own words: other words prove nothing.
            row("Model", model.agree.filter(|same| *same), said(model, ["", "-", "-"]));
        }
        if asset.order.is_some() {
            row("Asset tag", asset.agree.filter(|same| *same), said(asset, ["", "-", "-"]));
        }
        self.outcome(&sheet.matching, read);
    }

    /// What the three come to, in one sentence.
    fn outcome(&mut self, matching: &Match, read: bool) {
        let glyphs = self.theme.glyphs();
        let (glyph, tone, words) = match matching {
            Match::Expected if !read => {
                (glyphs.unknown, Tone::Plain, "On the order. The laptop itself has not been read yet.".to_owned())
            }
            Match::Unchecked => {
                (glyphs.unknown, Tone::Plain, "Nothing to compare with yet. c: scan its label.".to_owned())
            }
            Match::LabelAgrees => (glyphs.ready, Tone::Good, "LABEL OK: label and machine agree.".to_owned()),
            Match::Expected => (glyphs.unknown, Tone::Plain, "On the order. c: compare its label too.".to_owned()),
            Match::Matched => (glyphs.ready, Tone::Good, "MATCH: label, machine and order agree.".to_owned()),
            wrong => {
                let what = wrong.problem().map_or_else(|| wrong.word().to_owned(), |problem| problem.what);
                let tone = if is_wrong(wrong) { Tone::Alarm } else { Tone::Plain };
                (glyphs.not_ready, tone, format!("{}.", what.trim_end_matches('.')))
            }
        };
        let style = self.theme.style(tone);
        let words = text::cut(&words, self.width.saturating_sub(4), self.theme);
        self.lines.push(Line::from(Span::styled(format!("{glyph} {words} "), style)));
    }
}
