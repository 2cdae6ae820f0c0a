//! A batch's tenant before its first laptop is started: what will make it fail there, and what could not be looked at.

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};
use whiteglove_core::{
    clock::Moment,
    control::Command,
    problem::Problem,
    registration::lint::{Finding, Severity},
    tenant::{Ask, Told},
};

use super::{Screen, help, problems};
use crate::{
    keymap::{Binding, bind},
    model::Model,
    theme::{Theme, Tone},
    view,
    widget::{scroll, scroll::Move, text},
};

#[derive(Debug, Clone)]
pub(crate) struct Lint {
    customer: Option<String>,
    batch: String,
    /// Worst first; `None`: the tenant is asked.
    findings: Option<Vec<Finding>>,
    top: usize,
    back: Box<Screen>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    Scroll(Move),
    Again,
    Problems,
    Hide,
    Help,
    Back,
}

pub(crate) const KEYS: &[Binding<Action>] = &[
    bind(&[KeyCode::Esc, KeyCode::Char('q'), KeyCode::Backspace], Action::Back, "back", "Back to where you were"),
    bind(&[KeyCode::Down, KeyCode::Char('j')], Action::Scroll(Move::Down), "scroll", "Scroll down"),
    bind(
        &[KeyCode::Char('v')],
        Action::Again,
        "look again",
        "Look at the tenant again, after something was changed there",
    ),
    bind(&[KeyCode::Char('?'), KeyCode::F(1)], Action::Help, "help", "This help"),
    bind(&[KeyCode::Up, KeyCode::Char('k')], Action::Scroll(Move::Up), "", "Scroll up"),
    bind(&[KeyCode::PageDown, KeyCode::Char(' ')], Action::Scroll(Move::PageDown), "", "A page down"),
    bind(&[KeyCode::PageUp], Action::Scroll(Move::PageUp), "", "A page up"),
    bind(&[KeyCode::Home], Action::Scroll(Move::Top), "", "To the top"),
    bind(&[KeyCode::End], Action::Scroll(Move::Bottom), "", "To the end"),
    bind(&[KeyCode::Char('e')], Action::Problems, "", "What went wrong lately"),
    bind(&[KeyCode::Char('x')], Action::Hide, "", "Seen: hide the error line"),
];

pub(crate) fn open(model: &mut Model, batch: String, customer: Option<String>, out: &mut Vec<Command>) {
    let back = Box::new(std::mem::replace(&mut model.screen, Screen::Board));
    let lint = Lint { customer, batch, findings: None, top: 0, back };
    out.push(ask(&lint));
    model.screen = Screen::Lint(lint);
}

fn ask(lint: &Lint) -> Command {
    let ask = Box::new(Ask::Lint { batch: Some(lint.batch.clone()) });
    Command::Tenant { customer: lint.customer.clone(), ask }
}

/// The bench's answer, also if help is open over the page.
pub(crate) fn told(model: &mut Model, told: Told) {
    let Told::Findings(mut findings) = told else { return };
    if let Some(lint) = model.screen.lint() {
        findings.sort_by_key(|finding| finding.severity);
        (lint.findings, lint.top) = (Some(findings), 0);
    }
}

pub(crate) fn act(model: &mut Model, action: Action, now: Moment, out: &mut Vec<Command>) {
    let (width, page) = view::body(model.size);
    let len = match &model.screen {
        Screen::Lint(lint) => lines(lint, None, width, model.theme).len(),
        _ => return,
    };
    let Screen::Lint(lint) = &mut model.screen else { return };
    match action {
        Action::Scroll(direction) => lint.top = direction.scroll(lint.top, len, page),
        Action::Again => {
            lint.findings = None;
            out.push(ask(lint));
            model.acknowledge(now);
        }
        Action::Problems => problems::open(model, now),
        Action::Hide => model.acknowledge(now),
        Action::Help => help::open(model),
        Action::Back => model.screen = (*lint.back).clone(),
    }
}

fn lines(lint: &Lint, problem: Option<&Problem>, width: usize, theme: Theme) -> Vec<Line<'static>> {
    match (&lint.findings, problem) {
        (None, Some(problem)) => text::problem(problem, ("NOT LOOKED AT", Tone::Alarm), width, theme),
        (None, None) => vec![Line::raw("  The tenant is asked; that takes a few seconds ...")],
        (Some(findings), _) if findings.is_empty() => {
            vec![Line::raw("  Nothing was found that would make this batch fail.")]
        }
        (Some(findings), _) => {
            let mut lines = vec![];
            for finding in findings {
                let problem = Problem::new(finding.what.clone(), finding.why.clone(), finding.next.clone());
                let head = (finding.severity.word(), tone(finding.severity));
                lines.extend(text::problem_with(&problem, &finding.source, head, width, theme));
                lines.push(Line::default());
            }
            lines
        }
    }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Alarm,
        Severity::Warning | Severity::Unread => Tone::Warn,
        Severity::Note => Tone::Dim,
    }
}

fn next(lint: &Lint, asked: bool) -> String {
    let count =
        |severity| lint.findings.iter().flatten().filter(|finding: &&Finding| finding.severity == severity).count();
    match (count(Severity::Error), count(Severity::Unread)) {
        _ if lint.findings.is_none() && asked => "Wait a moment.".to_owned(),
        _ if lint.findings.is_none() => "Do what stands after \"next\". v: look again.".to_owned(),
        (0, 0) => "No error was found: this batch may start. Esc: back.".to_owned(),
        (0, _) => "No error was found in what could be read. Esc: back.".to_owned(),
        (1, _) => "Do not start this batch: have the error put right first. v: look again.".to_owned(),
        (n, _) => format!("Do not start this batch: have the {n} errors put right first. v: look again."),
    }
}

pub(crate) fn draw(model: &Model, lint: &Lint, area: Rect, buf: &mut Buffer, now: Moment) {
    let problem = model.unseen_problem().map(|(_, problem)| problem).filter(|_| lint.findings.is_none());
    let whose = lint.customer.as_deref().unwrap_or("nobody");
    let chrome = view::Chrome {
        title: format!("Tenant check for batch {}", lint.batch),
        right: format!("{whose} "),
        next: next(lint, problem.is_none()),
    };
    let body = chrome.draw(model, KEYS, area, buf, now);
    let lines = lines(lint, problem, usize::from(body.width), model.theme);
    scroll::paint(&lines, lint.top, body, buf, model.theme);
}
