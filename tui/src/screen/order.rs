//! The order of the open batch, line by line: what is missing first, then what is here.

use std::path::PathBuf;

use crossterm::event::{KeyCode, KeyEvent};
use whiteglove_core::{
    clock::Moment,
    control::Command,
    device::DeviceId,
    order::{LineState, OrderStatus},
};

use super::{
    Screen, detail, help,
    pages::{FROM_SCANNER, TEXT_KEYS, Typed, typed},
    problems,
};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    widget::{
        input::Input,
        scroll::{self, Move},
    },
};

mod draw;
pub(crate) use draw::draw;

/// What the person has chosen to see.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderList {
    /// The chosen line's number in the order: it stays chosen when the laptop arrives and it moves down.
    line: Option<usize>,
    /// Where that is among the lines shown.
    place: usize,
    top: usize,
    missing_only: bool,
    typing: Option<Import>,
}

/// An order list on its way in: first its path, then whose it is.
#[derive(Debug, Clone)]
struct Import {
    /// Once it is typed.
    file: Option<PathBuf>,
    input: Input,
}

impl OrderList {
    pub(crate) fn is_typing(&self) -> bool {
        self.typing.is_some()
    }

    pub(crate) fn input(&mut self) -> Option<&mut Input> {
        self.typing.as_mut().map(|import| &mut import.input)
    }

    /// Numbers of the lines to show, in the order to show them.
    fn shown(&self, order: &OrderStatus) -> Vec<usize> {
        let of = |missing: bool| {
            let lines = order.lines.iter().enumerate();
            lines.filter(move |(_, line)| (line.state == LineState::Missing) == missing).map(|(number, _)| number)
        };
        let here = (!self.missing_only).then(|| of(false)).into_iter().flatten();
        of(true).chain(here).collect()
    }

    /// Keeps the chosen line in sight and chosen, wherever it is now.
    fn settle(&mut self, order: Option<&OrderStatus>, page: usize) {
        let shown = order.map(|order| self.shown(order)).unwrap_or_default();
        let followed = self.line.and_then(|line| shown.iter().position(|number| *number == line));
        self.place = followed.unwrap_or(self.place).min(shown.len().saturating_sub(1));
        if self.line.is_some() {
            self.line = shown.get(self.place).copied();
        }
        self.top = scroll::top(self.top, self.place, shown.len(), page);
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Move(Move),
    Open,
    MissingOnly,
    Import,
    Problems,
    Hide,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to the board"),
    bind(&[KeyCode::Enter], Action::Open, "open", "Open the laptop that stands for the marked line"),
    bind(&[KeyCode::Char('m')], Action::MissingOnly, "missing only", "Show only what is missing, or all lines again"),
    bind(&[KeyCode::Char('i')], Action::Import, "import", "Import an order list: CSV, or one serial number a line"),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Move(Move::Down), "", "Next line"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Move(Move::Up), "", "Previous line"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Move(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Move(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Move(Move::Top), "", "The first line"),
    bind(&[KeyCode::End], Action::Move(Move::Bottom), "", "The last line"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

pub(crate) fn open(model: &mut Model) {
    model.screen = Screen::Order(OrderList::default());
}

/// Changes the list with the order and the rows in sight at hand.
fn with(model: &mut Model, change: impl FnOnce(&mut OrderList, Option<&OrderStatus>, usize)) {
    let page = draw::page(model.size);
    let snapshot = model.snapshot.clone();
    let order = snapshot.as_deref().and_then(|snapshot| snapshot.order.as_deref());
    if let Some(list) = model.screen.order_list() {
        change(list, order, page);
    }
}

/// The bench published anew.
pub(crate) fn lines_changed(model: &mut Model) {
    with(model, OrderList::settle);
}

/// A scan named this laptop: its line is marked, and the person goes on counting here.
pub(crate) fn show(model: &mut Model, device: DeviceId) {
    with(model, |list, order, page| {
        let here = LineState::Here { device };
        let line = order.and_then(|order| order.lines.iter().position(|line| line.state == here));
        if line.is_some() {
            list.line = line;
            list.missing_only = false;
        }
        list.settle(order, page);
    });
}

fn chosen(model: &Model) -> Option<LineState> {
    let Screen::Order(list) = &model.screen else { return None };
    Some(model.order()?.lines.get(list.line?)?.state)
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    match action {
        Action::Move(direction) => with(model, |list, order, page| {
            let shown = order.map(|order| list.shown(order)).unwrap_or_default();
            // The first step only marks the line in sight, like on the board.
            list.place = match list.line {
                Some(_) => direction.apply(list.place, shown.len(), page),
                None if direction == Move::Bottom => shown.len().saturating_sub(1),
                None => list.top,
            };
            list.line = shown.get(list.place).copied();
            list.settle(order, page);
        }),
        Action::Open => match chosen(model) {
            Some(LineState::Here { device }) => {
                model.board.select_device(device);
                super::board::rows_changed(model);
                detail::open(model, device, out);
            }
            Some(LineState::Missing) => {
                model.notice = Some("This one is missing: scan its box, or boot it from a stick.".to_owned());
            }
            None => act(model, Action::Move(Move::Down), now, out),
        },
        Action::MissingOnly => with(model, |list, order, page| {
            list.missing_only = !list.missing_only;
            list.settle(order, page);
        }),
        Action::Import => with(model, |list, _, _| list.typing = Some(Import { file: None, input: Input::default() })),
        Action::Problems => problems::open(model, now),
        Action::Hide => model.acknowledge(now),
        Action::Help => help::open(model),
        Action::Back => model.screen = Screen::Board,
    }
}

/// A key for the path. An Enter that a scanner sent only leaves the text there to be read.
pub(crate) fn text_key(model: &mut Model, key: KeyEvent, by_scanner: bool, out: &mut Vec<Command>) {
    // A longer list of the same customer is the usual case.
    let known = model.order().and_then(|order| order.customer.clone()).unwrap_or_default();
    let Screen::Order(list) = &mut model.screen else { return };
    let Some(import) = &mut list.typing else { return };
    let input = &mut import.input;
    match typed(Some(input), &key, by_scanner) {
        Typed::Changed | Typed::Nothing => {}
        Typed::FromScanner => model.notice = Some(FROM_SCANNER.to_owned()),
        Typed::Accept => match import.file.take() {
            None if input.text.trim().is_empty() => {}
            None => {
                import.file = Some(PathBuf::from(input.text.trim()));
                *input = Input::proposing(known);
            }
            Some(from) => {
                let customer = Some(input.text.trim().to_owned()).filter(|customer| !customer.is_empty());
                list.typing = None;
                out.push(Command::ImportOrder { from, batch: None, customer });
            }
        },
        Typed::Back => list.typing = None,
    }
}
