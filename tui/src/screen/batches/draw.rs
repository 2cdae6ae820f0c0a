//! The list above, what is known of the marked one below.

use ratatui::{buffer::Buffer, layout::Rect};
use whiteglove_core::{
    batch::BatchRow,
    clock::Moment,
    control::{Settings, Snapshot},
    customer::CustomerRow,
};

use super::Batches;
use crate::{
    model::Model,
    theme::{Theme, Tone},
    view::{Chrome, READ_ERROR},
    widget::{page::Page, scroll, text},
};

/// Lines of the list in sight.
pub(super) const LISTED: usize = 7;
/// Room for a label below.
const LABEL: usize = 18;

pub(crate) fn draw(model: &Model, shown: &Batches, area: Rect, buf: &mut Buffer, now: Moment) {
    let title = match shown.of {
        Settings::Batches => "Batches",
        Settings::Customers => "Customers",
    };
    let right = model.snapshot.as_deref().and_then(|snapshot| snapshot.locked_to.as_ref());
    let right = right.map(|customer| format!("this bench works for {customer} only ")).unwrap_or_default();
    let chrome = Chrome { title: title.to_owned(), right, next: next(model, shown) };
    let body = chrome.draw(model, shown.keys(), area, buf, now);
    let mut page = Page::new(usize::from(body.width), model.theme);
    match (model.snapshot.as_deref(), shown.of) {
        (None, _) => page.words("Waiting for the bench ..."),
        (Some(snapshot), Settings::Batches) => draw_batches(&mut page, snapshot, shown),
        (Some(snapshot), Settings::Customers) => draw_customers(&mut page, snapshot, shown),
    }
    scroll::paint(&page.lines, 0, body, buf, model.theme);
}

fn draw_batches(page: &mut Page, snapshot: &Snapshot, shown: &Batches) {
    let columns = Columns([19, 19, 13, 12, 5, 8]);
    let head = columns.line(["  BATCH", "CUSTOMER", "ORDER", "GROUP TAG", "HERE", " OF"], page.theme);
    page.styled(&format!("  {head}"), Tone::Dim);
    let rows = snapshot.batches.as_slice();
    let place = shown.place(snapshot);
    list(page, rows, place, |row, theme| {
        let (here, of) = match (at_work(snapshot, row.customer.as_deref()), row.expected) {
            (false, _) => (String::new(), String::new()),
            (true, 0) => (row.devices.to_string(), String::new()),
            (true, expected) => (row.devices.to_string(), format!(" {expected}")),
        };
        let name = format!("{} {}", if row.open { "*" } else { " " }, row.batch.name);
        let customer = row.customer.as_deref().unwrap_or("-");
        let order = row.batch.purchase_order.as_deref().unwrap_or("-");
        let tag = row.batch.group_tag.as_deref().unwrap_or("-");
        columns.line([&name, customer, order, tag, &here, &of], theme)
    });
    if let Some(row) = rows.get(place) {
        page.blank();
        batch(page, row, snapshot);
    }
}

fn batch(page: &mut Page, row: &BatchRow, snapshot: &Snapshot) {
    let of = &row.batch;
    let open = if row.open { "   open: laptops are captured for it" } else { "" };
    page.heading(&format!("{}{open}", of.name));
    page.fact("Customer", LABEL, row.customer.as_deref().unwrap_or("nobody's: give it one before laptops come (a)"));
    page.fact("Group tag", LABEL, of.group_tag.as_deref().unwrap_or("as it came with each laptop"));
    page.fact("Profile", LABEL, of.profile.as_deref().unwrap_or("any"));
    page.fact("Assigned user", LABEL, of.assigned_user.words());
    page.fact("Identity", LABEL, of.identity.words());
    page.fact("Registered", LABEL, of.register.words());
    page.fact("Network boot", LABEL, of.boot.words());
    page.fact("Boot manager", LABEL, of.loader.words());
    if !at_work(snapshot, row.customer.as_deref()) {
        page.styled("   Of another customer than the open batch: nothing of its laptops is shown.", Tone::Dim);
    }
}

fn draw_customers(page: &mut Page, snapshot: &Snapshot, shown: &Batches) {
    let rows = snapshot.customers.as_slice();
    if rows.is_empty() {
        page.blank();
        page.styled("   No customer is set yet.", Tone::Strong);
        page.blank();
        page.words("n: make the first one. A customer has the tenant its laptops go to, the group tags that are");
        page.words("allowed in it, and how they are registered. f: take customers from a file.");
        return;
    }
    let columns = Columns([25, 24, 22, 5, 0, 0]);
    let head = columns.line(["  CUSTOMER", "REGISTERED IN", "HOW", "HERE", "", ""], page.theme);
    page.styled(&format!("  {head}"), Tone::Dim);
    let place = shown.place(snapshot);
    list(page, rows, place, |row, theme| {
        let own = at_work(snapshot, Some(&row.customer.name));
        let here = if own { row.devices.to_string() } else { String::new() };
        let open = snapshot.customer.as_deref().is_some_and(|open| open.eq_ignore_ascii_case(&row.customer.name));
        let name = format!("{} {}", if open { "*" } else { " " }, row.customer.name);
        columns.line([&name, row.customer.lane.words(), row.customer.way.words(), &here, "", ""], theme)
    });
    if let Some(row) = rows.get(place) {
        page.blank();
        customer(page, row);
    }
}

fn customer(page: &mut Page, row: &CustomerRow) {
    let of = &row.customer;
    page.heading(&of.name);
    page.fact("Tenant", LABEL, &of.tenant.as_ref().map_or("none named".to_owned(), ToString::to_string));
    page.fact("Cloud", LABEL, of.cloud.words());
    let tags = if of.group_tags.is_empty() { "any".to_owned() } else { of.group_tags.join(", ") };
    page.fact("Group tags", LABEL, &tags);
    page.fact("Computer names", LABEL, of.naming.as_deref().unwrap_or("as its profile says"));
    page.fact("SLA", LABEL, &of.sla_hours.map_or("none".to_owned(), |hours| format!("{hours} hours")));
    let batches = if row.batches.is_empty() { "none".to_owned() } else { row.batches.join(", ") };
    page.fact("Batches", LABEL, &batches);
    for doubt in of.doubts() {
        page.warning(&doubt);
    }
}

/// The rows around the marked one, always as many lines: what stands below does not jump.
fn list<T>(page: &mut Page, rows: &[T], place: usize, words: impl Fn(&T, Theme) -> String) {
    let top = scroll::top(place.saturating_sub(LISTED / 2), place, rows.len(), LISTED);
    for n in top..(top + LISTED).min(rows.len()) {
        if let Some(row) = rows.get(n) {
            let words = words(row, page.theme);
            page.choice(&words, n == place, Tone::Plain);
        }
    }
}

/// Of a customer whose laptops may be shown now.
fn at_work(snapshot: &Snapshot, customer: Option<&str>) -> bool {
    match (&snapshot.customer, customer) {
        (Some(open), Some(other)) => open.eq_ignore_ascii_case(other),
        _ => true,
    }
}

/// Rooms in cells, the gap behind each included.
struct Columns([usize; 6]);

impl Columns {
    fn line(&self, cells: [&str; 6], theme: Theme) -> String {
        let cell = |(n, text): (usize, &str)| match self.0.get(n).copied().unwrap_or(0) {
            0 => String::new(),
            room => format!("{} ", text::fit(text, room - 1, theme)),
        };
        cells.into_iter().enumerate().map(cell).collect()
    }
}

fn next(model: &Model, shown: &Batches) -> String {
    let Some(snapshot) = model.snapshot.as_deref() else { return "Wait a moment.".to_owned() };
    if model.unseen_problem().is_some() {
        return READ_ERROR.to_owned();
    }
    match shown.of {
        Settings::Batches if snapshot.customers.is_empty() => {
            "Whose laptops are these? c: set the first customer. Then n: its batch.".to_owned()
        }
        Settings::Batches => match shown.batch(snapshot) {
            Some(row) if row.open && row.customer.is_none() => {
                "a: say whose laptops these are. n: make another batch.".to_owned()
            }
            Some(row) if row.open => {
                "This batch is open. Esc: go on with it. v: check its tenant before the first laptop.".to_owned()
            }
            Some(row) => format!("Enter: work on {}. a: change it. v: check its tenant.", row.batch.name),
            None => "n: make the first batch.".to_owned(),
        },
        Settings::Customers if snapshot.customers.is_empty() => "n: make the first customer.".to_owned(),
        Settings::Customers => "Enter: change the marked customer. n: a new one. Esc: back to its batches.".to_owned(),
    }
}
