//! The only function that changes the model. Pure: a message and the time in, commands out.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Job, Update},
};

use crate::{
    answer, keymap,
    model::Model,
    msg::{Exit, Msg},
    scan::Heard,
    screen::{
        Screen,
        ask::{self, Ask},
        batches, bench, board, choose, detail, form, hash, help, lint, lists, media, network, order, passphrase,
        problems, registration, why,
    },
};

pub fn update(model: &mut Model, msg: Msg, now: Moment) -> Vec<Command> {
    let mut out = vec![];
    match msg {
        Msg::Update(update) => absorb(model, update, now, &mut out),
        Msg::Key(key) if key.kind != KeyEventKind::Release => press(model, key, now, &mut out),
        Msg::Key(_) => {}
        Msg::Paste(text) => paste(model, &text, &mut out),
        Msg::Resize { width, height } => {
            model.size = (width, height);
            network::changed(model);
        }
        Msg::Tick => tick(model, now, &mut out),
        Msg::Closed(problem) => model.exit = Some(Exit::Closed(problem)),
    }
    out
}

fn absorb(model: &mut Model, update: Update, now: Moment, out: &mut Vec<Command>) {
    match update {
        Update::Snapshot(snapshot) => {
            model.meter.feed(snapshot.job.as_ref(), now);
            let ended = |job: &Job| job.outcome.is_some();
            if model.running_job().is_some() && snapshot.job.as_ref().is_none_or(ended) {
                // Whatever was said about the running job is no longer so.
                model.notice = None;
                model.ring(1);
                media::job_ended(model, out);
            }
            model.ring(bench::rings(bench::run(model), snapshot.sticks.run.as_ref()));
            model.snapshot = Some(snapshot);
            model.find_clients();
            model.count(now);
            board::rows_changed(model);
            order::lines_changed(model);
            network::changed(model);
        }
        Update::Watched(sheet) => model.watched = sheet,
        Update::Scanned(said) => answer::take(model, *said, now, out),
        Update::Disks(disks) => media::disks_listed(model, disks, now, out),
        Update::Looked { disk, brought } => media::looked(model, *disk, brought),
        Update::Tenant(told) => lint::told(model, *told),
        Update::Planned(plan) => media::planned(model, plan),
        Update::Problem(problem) => {
            // It may be all that the bench says to a scan.
            model.asked = None;
            if !form::refused(model, &problem, now) {
                model.tell(problem, now);
            }
        }
        Update::Done(text) => {
            form::done(model);
            model.notice = Some(text);
        }
    }
}

fn tick(model: &mut Model, now: Moment, out: &mut Vec<Command>) {
    if let Some(heard) = model.burst.expire(now) {
        hear(model, heard, now, out);
    }
    if model.flash.as_ref().is_some_and(|flash| flash.until.is_some_and(|until| until <= now)) {
        model.flash = None;
    }
    model.count(now);
}

fn press(model: &mut Model, key: KeyEvent, now: Moment, out: &mut Vec<Command>) {
    if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        match &model.screen {
            Screen::Ask { ask: Ask::Quit, .. } => model.exit = Some(Exit::Quit),
            _ => ask::open(model, Ask::Quit),
        }
        return;
    }
    if model.screen.takes_text() {
        return act(model, key, now, out);
    }
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let heard = match key.code {
        KeyCode::Char(letter) if plain => return hear_if(model.burst.letter(letter, now), model, now, out),
        KeyCode::Enter => model.burst.enter(now),
        _ => model.burst.flush(),
    };
    let scanned = matches!(heard, Some(Heard::Scan(_)));
    hear_if(heard, model, now, out);
    // The Enter that ends a scan presses nothing.
    if !scanned {
        act(model, key, now, out);
    }
}

fn hear_if(heard: Option<Heard>, model: &mut Model, now: Moment, out: &mut Vec<Command>) {
    if let Some(heard) = heard {
        hear(model, heard, now, out);
    }
}

fn hear(model: &mut Model, heard: Heard, now: Moment, out: &mut Vec<Command>) {
    match heard {
        Heard::Scan(code) => answer::ask(model, &code, out),
        Heard::Keys(letters) => {
            for letter in letters.chars() {
                act(model, KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE), now, out);
            }
        }
    }
}

/// A key that is known to be one.
fn act(model: &mut Model, key: KeyEvent, now: Moment, out: &mut Vec<Command>) {
    model.flash = None;
    model.notice = None;
    // A passphrase is nowhere kept, not even as what a scanner may have typed.
    if let Screen::Passphrase { .. } = model.screen {
        return passphrase::key(model, key, out);
    }
    if model.screen.takes_text() {
        if let KeyCode::Char(letter) = key.code {
            model.burst.typed(letter, now);
        }
        let scanned = if key.code == KeyCode::Enter { model.burst.enter_is_scanned(now) } else { None };
        return match (&model.screen, scanned) {
            (Screen::Find, Some(code)) => {
                board::find_scanned(model, &code);
                answer::ask(model, &code, out);
            }
            (Screen::Find, None) => board::find_key(model, key, out),
            (Screen::Order(_), scanned) => order::text_key(model, key, scanned.is_some(), out),
            (Screen::Lists(_), scanned) => lists::text_key(model, key, scanned.is_some(), out),
            (Screen::Form(_), scanned) => form::key(model, key, scanned.is_some(), out),
            (Screen::Bench(_), scanned) => bench::text_key(model, key, scanned.is_some(), out),
            (_, scanned) => media::text_key(model, key, scanned.is_some(), out),
        };
    }
    match &model.screen {
        Screen::Board | Screen::Find => {
            if let Some(action) = keymap::find(board::KEYS, &key) {
                board::act(model, action, now, out);
            }
        }
        Screen::Detail(_) => {
            if let Some(action) = keymap::find(detail::KEYS, &key) {
                detail::act(model, action, now, out);
            }
        }
        Screen::Hash(_) => {
            if let Some(action) = keymap::find(hash::KEYS, &key) {
                hash::act(model, action, now);
            }
        }
        Screen::Order(_) => {
            if let Some(action) = keymap::find(order::KEYS, &key) {
                order::act(model, action, now, out);
            }
        }
        Screen::Media(_) => media::key(model, key, now, out),
        Screen::Lists(_) => lists::key(model, key, now, out),
        Screen::Batches(shown) => {
            if let Some(action) = keymap::find(shown.keys(), &key) {
                batches::act(model, action, now, out);
            }
        }
        Screen::Lint(_) => {
            if let Some(action) = keymap::find(lint::KEYS, &key) {
                lint::act(model, action, now, out);
            }
        }
        Screen::Registration(_) => {
            if let Some(action) = keymap::find(registration::KEYS, &key) {
                registration::act(model, action, now, out);
            }
        }
        // Their keys are letters for them.
        Screen::Form(_) | Screen::Passphrase { .. } => {}
        Screen::Bench(_) => bench::key(model, key, now, out),
        Screen::Network(_) => {
            if let Some(action) = keymap::find(network::KEYS, &key) {
                network::act(model, action, now, out);
            }
        }
        Screen::Why(_) => {
            if let Some(action) = keymap::find(why::KEYS, &key) {
                why::act(model, action, now, out);
            }
        }
        Screen::Choose { .. } => {
            if let Some(action) = keymap::find(choose::KEYS, &key) {
                choose::act(model, action, out);
            }
        }
        Screen::Problems { .. } => {
            if let Some(action) = keymap::find(problems::KEYS, &key) {
                problems::act(model, action, now);
            }
        }
        Screen::Help { .. } => {
            if let Some(action) = keymap::find(help::KEYS, &key) {
                help::act(model, action);
            }
        }
        Screen::Ask { ask, .. } => {
            if let Some(action) = keymap::find(ask.keys(), &key) {
                ask::act(model, action, out);
            }
        }
    }
}

fn paste(model: &mut Model, text: &str, out: &mut Vec<Command>) {
    if let Screen::Passphrase { passphrase, .. } = &mut model.screen {
        passphrase.paste(text);
    } else if let Some(input) = model.screen.input() {
        input.paste(text);
    } else if let Screen::Find = model.screen {
        board::find_paste(model, text);
    } else if model.screen.takes_text() {
        // There is no field for it just now.
    } else if let Some(line) = text.lines().map(str::trim).find(|line| !line.is_empty()) {
        answer::ask(model, line, out);
    }
}
