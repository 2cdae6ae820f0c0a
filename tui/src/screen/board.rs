//! The board: one row for each laptop, in the order of arrival, and the most urgent thing on top.

use std::{collections::BTreeSet, time::Duration};

use crossterm::event::{KeyCode, KeyEvent};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Row, StageName},
    device::DeviceId,
};

use super::{
    Screen, ask, ask::Ask, batches, choose, detail, help, lists, media, network, order, problems, registration, why,
};
use crate::{
    keymap::{self, Binding, bind},
    model::Model,
    widget::{input::Input, scroll, scroll::Move},
};

mod draw;
pub(crate) use draw::{draw, short_match};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Move(Move),
    Open,
    Find,
    NeedsYou,
    Order,
    Media,
    Lists,
    Batches,
    Register,
    Registration,
    Network,
    Why,
    Boot,
    Mark,
    Problems,
    Hide,
    Newest,
    Help,
    Quit,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Enter], Action::Open, "open", "Open the laptop: all that is known, what is missing, what to do"),
    bind(
        &[KeyCode::Char('/')],
        Action::Find,
        "find",
        "Show only laptops whose serial, model or stage contains what you type",
    ),
    bind(&[KeyCode::Char('a')], Action::NeedsYou, "needs you", "Go to the next laptop that waits for a person"),
    bind(
        &[KeyCode::Char('o')],
        Action::Order,
        "order",
        "The order list: what is expected, what is here, what is missing",
    ),
    bind(&[KeyCode::Char('m')], Action::Media, "sticks", "Sticks: build an image, write one, import a returned one"),
    bind(
        &[KeyCode::Char('l')],
        Action::Lists,
        "",
        "Lists for Intune, Partner Center and corporate identifiers: write them into a folder",
    ),
    bind(
        &[KeyCode::Char('b')],
        Action::Batches,
        "",
        "Batches and customers: which is open; open another one, make one, change one",
    ),
    bind(
        &[KeyCode::Char('r')],
        Action::Register,
        "",
        "Register the chosen laptop, the marked ones or all captured ones; after a question",
    ),
    bind(
        &[KeyCode::Char('g')],
        Action::Registration,
        "",
        "Registration: what waits, what the service says, and signing in there",
    ),
    bind(
        &[KeyCode::Char('s')],
        Action::Network,
        "network",
        "Network boot: where the bench serves, who asks, and who is stuck",
    ),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Char('q')], Action::Quit, "", "Quit, after a question"),
    bind(&[KeyCode::Char('w')], Action::Why, "", "Why the laptop did not boot from the network, step by step"),
    bind(&[KeyCode::Char('n')], Action::Boot, "", "Choose what the laptop, or all marked ones, boot from the network"),
    bind(&[KeyCode::Char(' ')], Action::Mark, "", "Mark the laptop for n, or unmark it; Esc unmarks all"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately, and what to do about it"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line or the finished job"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Move(Move::Down), "", "Next laptop"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Move(Move::Up), "", "Previous laptop"),
    bind(&[KeyCode::PageDown], Action::Move(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Move(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Move(Move::Top), "", "The first laptop"),
    bind(&[KeyCode::End], Action::Move(Move::Bottom), "", "The last laptop"),
    bind(&[KeyCode::Esc], Action::Newest, "", "Unmark; then show all laptops again and follow the newest"),
];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Find {
    Done,
    Choose,
    All,
}

/// While the find line is open; all other keys are letters for it.
pub(crate) const FIND_KEYS: &[Binding<Find>] = &[
    bind(&[KeyCode::Enter], Find::Done, "done", "Show only these; opens the laptop if it is the only one"),
    bind(&[KeyCode::Down, KeyCode::Up], Find::Choose, "choose", "Choose among the laptops found"),
    bind(&[KeyCode::Esc], Find::All, "show all", "Show all laptops again"),
];

/// What the person has chosen to see. Survives visits to other screens.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Nothing selected: the board follows the newest laptop.
    pub(crate) selected: Option<DeviceId>,
    /// Where the selected one is in the shown list.
    cursor: usize,
    top: usize,
    pub(crate) filter: String,
    /// Indexes of the rows that are shown; `None`: all.
    passing: Option<Vec<usize>>,
    /// A scan named it, but its row has not come yet.
    awaited: Option<DeviceId>,
    /// What a choice is going to be for.
    marked: BTreeSet<DeviceId>,
}

impl Board {
    fn len(&self, rows: &[Row]) -> usize {
        self.passing.as_ref().map_or(rows.len(), Vec::len)
    }

    fn row<'a>(&self, rows: &'a [Row], at: usize) -> Option<&'a Row> {
        match &self.passing {
            Some(passing) => rows.get(*passing.get(at)?),
            None => rows.get(at),
        }
    }

    pub(crate) fn selected_row<'a>(&self, rows: &'a [Row]) -> Option<&'a Row> {
        let selected = self.selected?;
        self.row(rows, self.cursor).filter(|row| row.device == selected)
    }

    pub(crate) fn select_device(&mut self, device: DeviceId) {
        self.selected = Some(device);
    }

    pub(crate) fn marked(&self) -> usize {
        self.marked.len()
    }

    pub(crate) fn is_marked(&self, device: DeviceId) -> bool {
        self.marked.contains(&device)
    }

    pub(crate) fn unmark(&mut self) {
        self.marked.clear();
    }

    /// Where the selected device is now. Rows only ever join at the end, so mostly where it was.
    fn anchor(&mut self, rows: &[Row]) {
        let Some(selected) = self.selected else { return };
        if self.row(rows, self.cursor).is_some_and(|row| row.device == selected) {
            return;
        }
        let found = (0..self.len(rows)).find(|at| self.row(rows, *at).is_some_and(|row| row.device == selected));
        match found {
            Some(at) => self.cursor = at,
            None => self.selected = None,
        }
    }

    fn select(&mut self, rows: &[Row], at: usize, page: usize) {
        self.selected = self.row(rows, at).map(|row| row.device);
        self.cursor = at;
        self.top = scroll::top(self.top, at, self.len(rows), page);
    }

    fn refilter(&mut self, rows: &[Row]) {
        let needle = self.filter.trim().to_ascii_lowercase();
        // A replaced device is no laptop any more: it is shown to who looks for it by number only.
        let hides = rows.iter().any(|row| row.stage == StageName::Replaced);
        self.passing = (hides || !needle.is_empty())
            .then(|| rows.iter().enumerate().filter(|(_, row)| passes(row, &needle)).map(|(index, _)| index).collect());
        self.anchor(rows);
    }

    /// The first row in sight.
    fn first_in_sight(&self, rows: &[Row], page: usize) -> usize {
        let len = self.len(rows);
        match self.selected {
            Some(_) => scroll::top(self.top, self.cursor, len, page),
            None => len.saturating_sub(page),
        }
    }
}

fn passes(row: &Row, needle: &str) -> bool {
    let number = needle.strip_prefix('#').and_then(|digits| digits.parse().ok());
    if row.stage == StageName::Replaced {
        return number == Some(row.device.0) || needle.eq_ignore_ascii_case(row.stage.word());
    }
    let contains = |hay: &str| {
        needle.is_empty()
            || hay.as_bytes().windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle.as_bytes()))
    };
    [&row.serial, &row.model, row.stage.word()].into_iter().any(contains) || number == Some(row.device.0)
}

pub(crate) fn rows_changed(model: &mut Model) {
    let Some(snapshot) = model.snapshot.clone() else { return };
    model.board.refilter(&snapshot.rows);
    let awaited = model.board.awaited.and_then(|id| snapshot.rows.iter().position(|row| row.device == id));
    if let Some(index) = awaited {
        jump(model, index);
    }
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    model.board.awaited = None;
    match action {
        Action::Move(direction) => step(model, direction),
        Action::Open => open_selected(model, out),
        Action::Find => model.screen = Screen::Find,
        Action::NeedsYou => next_in_need(model, now),
        Action::Order => order::open(model),
        Action::Media => media::open(model, out),
        Action::Lists => lists::open(model, out),
        Action::Batches => batches::open(model),
        Action::Registration => registration::open(model),
        Action::Register => {
            let chosen = model.board.selected_row(model.rows()).map(|row| row.device);
            let devices = match model.board.marked.is_empty() {
                true => chosen.into_iter().collect(),
                false => model.board.marked.iter().copied().collect(),
            };
            registration::ask_to_register(model, devices);
        }
        Action::Network => network::open(model),
        Action::Why => {
            if let Some(device) = chosen_or_step(model) {
                why::open(model, device, out);
            }
        }
        Action::Boot if model.board.marked.is_empty() => {
            if let Some(device) = chosen_or_step(model) {
                choose::open_boot(model, [device]);
            }
        }
        Action::Boot => choose::open_boot(model, model.board.marked.clone()),
        Action::Mark => mark(model),
        Action::Problems => problems::open(model, now),
        Action::Hide => {
            if model.unseen_problem().is_some() {
                model.acknowledge(now);
            } else if let Some(job) = model.finished_job() {
                model.dismissed = Some(job.started);
            }
        }
        Action::Newest if model.board.marked() > 0 => model.board.unmark(),
        Action::Newest => {
            model.board.filter.clear();
            model.board.selected = None;
            rows_changed(model);
        }
        Action::Help => help::open(model),
        Action::Quit => ask::open(model, Ask::Quit),
    }
}

pub(crate) fn step(model: &mut Model, direction: Move) {
    let Some(snapshot) = model.snapshot.clone() else { return };
    let page = draw::page(model);
    let board = &mut model.board;
    let len = board.len(&snapshot.rows);
    if len == 0 {
        return;
    }
    let at = match (board.selected, direction) {
        (Some(_), _) => direction.apply(board.cursor, len, page),
        // The first step of someone who followed the newest selects it.
        (None, Move::Top) => 0,
        (None, Move::PageUp) => direction.apply(len - 1, len, page),
        (None, _) => len - 1,
    };
    if board.selected.is_none() {
        board.top = len.saturating_sub(page);
    }
    board.select(&snapshot.rows, at, page);
}

fn open_selected(model: &mut Model, out: &mut Vec<Command>) {
    if let Some(device) = chosen_or_step(model) {
        detail::open(model, device, out);
    }
}

/// The laptop that a key is for. If none is chosen, the key only chooses one.
fn chosen_or_step(model: &mut Model) -> Option<DeviceId> {
    let rows = model.rows();
    // A single row needs no choosing.
    let only = || (model.board.len(rows) == 1).then(|| model.board.row(rows, 0)).flatten();
    let chosen = model.board.selected_row(rows).or_else(only).map(|row| row.device);
    match chosen {
        Some(device) => {
            model.board.selected = Some(device);
            rows_changed(model);
        }
        None => step(model, Move::Down),
    }
    chosen
}

fn mark(model: &mut Model) {
    let Some(device) = chosen_or_step(model) else { return };
    if model.rows().iter().any(|row| row.device == device && row.stage == StageName::Replaced) {
        model.notice = Some("This laptop lives on under another number.".to_owned());
        return;
    }
    if !model.board.marked.remove(&device) {
        model.board.marked.insert(device);
    }
    // One after the other by the same key.
    step(model, Move::Down);
}

/// The next row after the selected one that waits for a person, oldest first, round and round.
fn next_in_need(model: &mut Model, now: Moment) {
    let Some(snapshot) = model.snapshot.clone() else { return };
    let rows = &snapshot.rows;
    let after = model.board.selected.and_then(|device| rows.iter().position(|row| row.device == device));
    let start = after.map_or(0, |index| index + 1);
    let found = (start..rows.len()).chain(0..start).find(|index| model.needs_a_person(&rows[*index], now));
    match found {
        Some(index) => jump(model, index),
        None => model.notice = Some("No laptop needs you.".to_owned()),
    }
}

/// Selects a row by its place among all rows; a filter that hides it ends.
fn jump(model: &mut Model, index: usize) {
    let Some(snapshot) = model.snapshot.clone() else { return };
    let page = draw::page(model);
    let board = &mut model.board;
    board.awaited = None;
    let place = |board: &Board| match &board.passing {
        Some(passing) => passing.binary_search(&index).ok(),
        None => Some(index),
    };
    let place = place(board).or_else(|| {
        board.filter.clear();
        board.refilter(&snapshot.rows);
        place(board)
    });
    if let Some(place) = place {
        board.select(&snapshot.rows, place, page);
    }
}

/// A scan named this laptop.
pub(crate) fn show(model: &mut Model, device: DeviceId, out: &mut Vec<Command>) {
    match model.rows().iter().position(|row| row.device == device) {
        Some(index) => jump(model, index),
        // The scan itself took it in: its row comes with the next snapshot.
        None => model.board.awaited = Some(device),
    }
    match &model.screen {
        // Someone who reads one laptop's page and scans another wants that one's page.
        Screen::Detail(open) if open.device != device => detail::open(model, device, out),
        Screen::Hash(open) if open.device != device => detail::open(model, device, out),
        Screen::Why(open) if open.device != device => why::show(model, device, out),
        Screen::Detail(_) | Screen::Hash(_) | Screen::Why(_) => {}
        _ => model.screen = Screen::Board,
    }
}

/// The find line is open.
pub(crate) fn find_key(model: &mut Model, key: KeyEvent, out: &mut Vec<Command>) {
    match keymap::find(FIND_KEYS, &key) {
        Some(Find::Done) => {
            model.screen = Screen::Board;
            let only = model.board.len(model.rows()) == 1 && !model.board.filter.is_empty();
            if only {
                step(model, Move::Top);
                open_selected(model, out);
            }
        }
        Some(Find::Choose) => {
            model.screen = Screen::Board;
            model.board.selected = None;
            step(model, Move::Top);
        }
        Some(Find::All) => {
            model.board.filter.clear();
            model.screen = Screen::Board;
            rows_changed(model);
        }
        None => edit_filter(model, |input| {
            input.key(&key);
        }),
    }
}

/// A scanner typed into the find line: that is a scan, and the line stays as it was.
pub(crate) fn find_scanned(model: &mut Model, code: &str) {
    if let Some(before) = model.board.filter.strip_suffix(code) {
        model.board.filter = before.to_owned();
    }
    model.screen = Screen::Board;
    rows_changed(model);
}

pub(crate) fn find_paste(model: &mut Model, text: &str) {
    edit_filter(model, |input| input.paste(text));
}

fn edit_filter(model: &mut Model, edit: impl FnOnce(&mut Input)) {
    let mut input = Input::holding(std::mem::take(&mut model.board.filter));
    edit(&mut input);
    model.board.filter = input.text;
    rows_changed(model);
}

/// The youngest age in sight.
pub(crate) fn youngest(model: &Model, now: Moment) -> Option<Duration> {
    draw::in_sight(model).map(|(_, row)| now.since(row.last)).min()
}
