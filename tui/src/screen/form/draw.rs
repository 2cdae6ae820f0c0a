//! A form's picture.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::clock::Moment;

use super::{Field, Form, Step, Value};
use crate::{
    model::Model,
    theme::Tone,
    view::Chrome,
    widget::{page::Page, scroll, text},
};

/// Room for the label.
const LABEL: usize = 17;

pub(crate) fn draw(model: &Model, form: &Form, area: Rect, buf: &mut Buffer, now: Moment) {
    let chrome = Chrome { title: form.subject.title(), right: String::new(), next: next(form) };
    let body = chrome.draw(model, form.keys(), area, buf, now);
    let mut page = Page::new(usize::from(body.width), model.theme);
    match &form.step {
        Step::Fill => fill(form, &mut page),
        Step::Review { changes, .. } => review(form, changes, &mut page),
        Step::Sent { .. } => page.words("The bench is asked ..."),
    }
    if let Some(complaint) = &form.complaint {
        page.blank();
        page.warning(&complaint.words);
    }
    if let Some(problem) = &form.refused {
        page.blank();
        page.lines.extend(text::labelled(
            " NOT TAKEN ",
            11,
            &problem.what,
            page.width,
            (model.theme.style(Tone::Alarm), model.theme.style(Tone::Strong)),
        ));
        page.words(&problem.why);
    }
    scroll::paint(&page.lines, 0, body, buf, model.theme);
}

fn fill(form: &Form, page: &mut Page) {
    for (n, field) in form.fields.iter().enumerate() {
        let line = line(field, n == form.at, page);
        page.lines.push(line);
    }
    page.choice("Save (F10)", form.at == form.fields.len(), Tone::Strong);
    // What is wrong takes the room of the hint.
    if form.complaint.is_none() && form.refused.is_none() {
        page.blank();
        if let Some(field) = form.fields.get(form.at) {
            page.words(field.what.hint());
        }
    }
}

fn line(field: &Field, marked: bool, page: &Page) -> Line<'static> {
    let theme = page.theme;
    let marker = if marked { theme.glyphs().marker } else { " " };
    let label = text::fit(field.what.label(), LABEL, theme);
    let room = page.width.saturating_sub(LABEL + 6);
    let tone = if marked { Tone::Key } else { Tone::Dim };
    let mut spans = vec![Span::styled(format!("{marker} {label}"), theme.style(tone))];
    let strong = theme.style(Tone::Strong);
    match &field.value {
        Value::Text(input) => {
            spans.push(Span::raw("  "));
            spans.push(Span::styled(text::tail(&input.text, room).to_owned(), strong));
            if marked {
                spans.push(Span::styled(theme.glyphs().caret, theme.style(Tone::Key)));
            }
        }
        Value::Choice { words, at } => {
            let word = text::cut(words.get(*at).map_or("", String::as_str), room, theme);
            let [before, after] = if marked { ["< ", " >"] } else { ["  ", ""] };
            spans.push(Span::styled(before, theme.style(Tone::Key)));
            spans.push(Span::styled(word, strong));
            spans.push(Span::styled(after, theme.style(Tone::Key)));
        }
    }
    Line::from(spans)
}

fn review(form: &Form, changes: &[String], page: &mut Page) {
    page.heading("What changes");
    for change in changes {
        let style = page.theme.style(Tone::Strong);
        let wrapped = text::wrap(change, page.width.saturating_sub(4));
        page.lines.extend(wrapped.into_iter().map(|line| Line::from(Span::styled(format!("  {line}"), style))));
    }
    page.blank();
    match form.subject.devices() {
        0 => page.words("No laptop of this customer is known to be in it. A reason may be given all the same."),
        1 => page.warning("1 laptop is in it. The change concerns that one as well: say why."),
        n => page.warning(&format!("{n} laptops are in it. The change concerns them as well: say why.")),
    }
    page.blank();
    page.field("  Why:", &form.reason);
    page.lines.push(Line::styled("", Style::new()));
}

fn next(form: &Form) -> String {
    if let Some(problem) = &form.refused {
        return problem.next.clone();
    }
    match &form.step {
        Step::Fill if form.complaint.is_some() => "Correct it. Nothing that was typed is lost.".to_owned(),
        Step::Fill if form.at == form.fields.len() => "Enter: save. Up: back to the fields.".to_owned(),
        Step::Fill => match form.fields.get(form.at).map(|field| &field.value) {
            Some(Value::Choice { .. }) => "Left, Right: another value. Enter: next field. F10: save.".to_owned(),
            _ => "Type it. Enter: next field. F10: save.".to_owned(),
        },
        Step::Review { .. } => "Enter: change it like this. Esc: back to the fields.".to_owned(),
        Step::Sent { .. } => "Wait a moment.".to_owned(),
    }
}
