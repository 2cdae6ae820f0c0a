//! The picture: what the bench waits for first, then its sign-in, then the laptops that are not through.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::{Moment, short_age},
    control::{Row, Snapshot, StageName},
    registration::{LineState, RegistrationView},
    sign_in::{Expiry, SignInState, SignInView, VaultState},
};

use super::{KEYS, Registration, set_aside, sign_in, under_way, wants_a_person};
use crate::{
    model::Model,
    theme::Tone,
    view::{Chrome, READ_ERROR},
    widget::{big, page::Page, scroll, text},
};

/// Laptops in sight, at least.
pub(super) const LISTED: usize = 3;
const LABEL: usize = 16;

pub(super) const NOBODY: &str = "The open batch is nobody's: b, then give it a customer.";

/// Why nothing is registered from here.
pub(super) fn not_online(snapshot: Option<&Snapshot>) -> &'static str {
    match snapshot.and_then(|snapshot| snapshot.customer.as_ref()) {
        None => NOBODY,
        Some(_) => "This customer's laptops are not registered online. l: lists for the portal. b, c: change that.",
    }
}

pub(crate) fn draw(model: &Model, shown: &Registration, area: Rect, buf: &mut Buffer, now: Moment) {
    let right = model.snapshot.as_deref().and_then(|snapshot| snapshot.registration.as_deref());
    let right = right.map(|view| format!("{}   {} {} ", view.customer, view.lane.words(), view.way.words()));
    let title = "Registration".to_owned();
    let chrome = Chrome { title, right: right.unwrap_or_default(), next: next(model, now) };
    let body = chrome.draw(model, KEYS, area, buf, now);
    let mut page = Page::new(usize::from(body.width), model.theme);
    let Some(snapshot) = model.snapshot.as_deref() else { return };
    match snapshot.registration.as_deref() {
        None => {
            page.blank();
            page.words(not_online(Some(snapshot)));
        }
        Some(view) => {
            counts(&mut page, view, snapshot);
            line(&mut page, view, now);
        }
    }
    if let Some(view) = sign_in(snapshot) {
        who(&mut page, view, snapshot, now);
    } else if snapshot.registration.is_some() {
        page.fact("Sign-in", LABEL, "nobody is signed in, and nothing is kept to do so (i)");
    }
    let room = usize::from(body.height).saturating_sub(page.lines.len() + 2).max(LISTED);
    laptops(&mut page, snapshot, shown.place, room, now);
    scroll::paint(&page.lines, 0, body, buf, model.theme);
}

fn counts(page: &mut Page, view: &RegistrationView, snapshot: &Snapshot) {
    let counts = view.counts;
    let cleared = snapshot.rows.iter().filter(|row| row.stage == StageName::Cleared).count();
    let strong = page.theme.style(Tone::Strong);
    let alarm = page.theme.style(if counts.refused > 0 { Tone::Alarm } else { Tone::Dim });
    let dim = page.theme.style(Tone::Dim);
    let mut spans = vec![Span::raw(" ")];
    for (count, word, style) in [
        (counts.waiting, "waiting", strong),
        (counts.sending, "sending", strong),
        (counts.importing, "importing", strong),
        (counts.registered, "registered", strong),
        (cleared, "safe", page.theme.style(Tone::Good)),
        (counts.refused, "refused", alarm),
    ] {
        if count > 0 {
            spans.push(Span::styled(format!("{count} {word}"), style));
            spans.push(Span::raw("  "));
        }
    }
    if spans.len() == 1 {
        spans.push(Span::styled("Nothing was asked for yet.", dim));
    }
    page.lines.push(Line::from(spans));
}

/// What the line to the service does.
fn line(page: &mut Page, view: &RegistrationView, now: Moment) {
    match &view.state {
        LineState::Idle => page.fact("Now", LABEL, "nothing to do"),
        LineState::Later { at } => {
            page.fact("Now", LABEL, &format!("waits for the service; asks again {}", ahead(*at, now)));
        }
        LineState::Busy { with } => page.fact("Now", LABEL, with),
        LineState::Waiting { until, why } => {
            page.problem(why, ("WAITS", Tone::Warn));
            page.fact("Tries again", LABEL, &ahead(*until, now));
        }
        LineState::Stopped { why } => page.problem(why, ("STOPPED", Tone::Alarm)),
    }
}

fn ahead(at: Moment, now: Moment) -> String {
    match at.since(now) {
        left if left.is_zero() => "now".to_owned(),
        left => format!("in {}", text::duration(left)),
    }
}

/// Who the bench is at the service.
fn who(page: &mut Page, view: &SignInView, snapshot: &Snapshot, now: Moment) {
    let service = view.service.words();
    match &view.state {
        SignInState::Code { url, code, until } => {
            page.heading(&format!("Sign in to {service}"));
            page.prompt("On any phone or computer, open  ", url);
            page.prompt("as the customer's account, and enter this code:  ", code);
            if let Some(rows) = big::rows(code, page.width.saturating_sub(6), page.theme) {
                page.blank();
                let style = page.theme.style(Tone::Strong);
                page.lines.extend(rows.map(|row| Line::from(Span::styled(format!("     {row}"), style))));
                page.blank();
            }
            page.fact("Code ends", LABEL, &ahead(*until, now));
        }
        SignInState::Failed(problem) => page.problem(problem, ("NO SIGN-IN", Tone::Alarm)),
        SignInState::SignedIn { .. } => page.fact("Sign-in", LABEL, &format!("{service}: {}", view.state.words())),
        SignInState::NeedsPerson => {
            page.fact("Sign-in", LABEL, &format!("{service}: somebody has to sign in, once a shift (i)"));
        }
        SignInState::NeedsUnlock => page.fact("Sign-in", LABEL, &format!("{service}: locked (u)")),
        SignInState::NoCredential => page.fact("Sign-in", LABEL, &format!("{service}: nobody yet (i)")),
        SignInState::Ready => page.fact("Sign-in", LABEL, &format!("{service}: ready")),
    }
    if let Some(credential) = &view.credential {
        let expiry = credential.expiry(now);
        match expiry {
            Expiry::Unknown | Expiry::Fine => {}
            _ => page.warning(&format!("Its {} {}: have it renewed.", credential.kind.words(), expiry.words())),
        }
    }
    if !view.lacks.is_empty() {
        page.warning(&format!("It may not do everything; it lacks: {}.", view.lacks.join(", ")));
    }
    if snapshot.sign_ins.vault == VaultState::Locked && !matches!(view.state, SignInState::NeedsUnlock) {
        page.fact("Kept secrets", LABEL, "locked (u)");
    }
}

fn laptops(page: &mut Page, snapshot: &Snapshot, place: usize, room: usize, now: Moment) {
    let rows = under_way(snapshot);
    let all = rows.len();
    if all == 0 {
        return;
    }
    page.heading(&format!("{all} {} under way", if all == 1 { "laptop" } else { "laptops" }));
    let place = place.min(all - 1);
    let top = scroll::top(place.saturating_sub(room / 2), place, all, room);
    for (n, row) in rows.into_iter().enumerate().skip(top).take(room) {
        let words = laptop(row, snapshot, now);
        let tone = if wants_a_person(row, snapshot) { Tone::Warn } else { Tone::Plain };
        page.choice(&words, n == place, tone);
    }
}

fn laptop(row: &Row, snapshot: &Snapshot, now: Moment) -> String {
    let called = format!("#{} {}", row.device.0, row.serial);
    // Why it cannot be sent as it is says more than that it waits.
    let words = set_aside(row, snapshot).or(row.registration.as_deref()).unwrap_or_default();
    format!("{called:<20} {:>4}  {words}", short_age(now.since(row.last)))
}

/// Something on the screen changes with every second.
pub(super) fn counts_down(snapshot: &Snapshot, now: Moment) -> bool {
    let line = snapshot.registration.as_deref().is_some_and(|view| match view.state {
        LineState::Later { at } | LineState::Waiting { until: at, .. } => at > now,
        LineState::Idle | LineState::Busy { .. } | LineState::Stopped { .. } => false,
    });
    line || sign_in(snapshot).is_some_and(|view| matches!(view.state, SignInState::Code { .. }))
}

fn next(model: &Model, now: Moment) -> String {
    let Some(snapshot) = model.snapshot.as_deref() else { return "Wait a moment.".to_owned() };
    let Some(view) = snapshot.registration.as_deref() else { return not_online(Some(snapshot)).to_owned() };
    match sign_in(snapshot).map(|view| &view.state) {
        Some(SignInState::Code { .. }) => {
            return "Enter the code on the page that stands above. This screen goes on by itself.".to_owned();
        }
        Some(SignInState::NeedsUnlock) => {
            return "u: type the passphrase. Then the bench signs in by itself.".to_owned();
        }
        Some(SignInState::NeedsPerson | SignInState::NoCredential) | None => {
            return "i: sign in for this shift. Nothing is sent before.".to_owned();
        }
        Some(SignInState::Failed(problem)) => return format!("{} i: try again.", problem.next),
        Some(SignInState::Ready | SignInState::SignedIn { .. }) => {}
    }
    match &view.state {
        _ if model.unseen_problem().is_some() => READ_ERROR.to_owned(),
        LineState::Stopped { why } => why.next.clone(),
        LineState::Waiting { until, .. } => {
            format!("Nothing to do: the bench tries again by itself {}.", ahead(*until, now))
        }
        _ if view.counts.refused > 0 || !view.aside.is_empty() => {
            "Enter: see what is wrong with the marked laptop, and what to do.".to_owned()
        }
        _ if view.counts.waiting + view.counts.sending + view.counts.importing > 0 => {
            "Wait: an import takes minutes. Enter: see what the marked laptop waits for.".to_owned()
        }
        _ => "r: register the captured laptops. Esc: back to the board.".to_owned(),
    }
}
