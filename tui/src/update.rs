//! The only function that changes the model. Pure: a message and the time in, commands out.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use whiteglove_core::{
    clock::Moment,
    control::{Command, Job, Update},
};

use crate::{
    keymap,
    model::{FOUND_SHOWN, Flash, Model, SCANS_LISTED, Scan},
    msg::{Exit, Msg},
    scan::{self, Heard},
    screen::{
        Screen,
        ask::{self, Ask},
        board, detail, hash, help, media, problems,
    },
};

pub fn update(model: &mut Model, msg: Msg, now: Moment) -> Vec<Command> {
    let mut out = vec![];
    match msg {
        Msg::Update(update) => absorb(model, update, now),
        Msg::Key(key) if key.kind != KeyEventKind::Release => press(model, key, now, &mut out),
        Msg::Key(_) => {}
        Msg::Paste(text) => paste(model, &text, now, &mut out),
        Msg::Resize { width, height } => model.size = (width, height),
        Msg::Tick => tick(model, now, &mut out),
        Msg::Closed(problem) => model.exit = Some(Exit::Closed(problem)),
    }
    out
}

fn absorb(model: &mut Model, update: Update, now: Moment) {
    match update {
        Update::Snapshot(snapshot) => {
            model.meter.feed(snapshot.job.as_ref(), now);
            let ended = |job: &Job| job.outcome.is_some();
            if model.running_job().is_some() && snapshot.job.as_ref().is_none_or(ended) {
                // Whatever was said about the running job is no longer so.
                model.notice = None;
                model.bell = true;
            }
            model.snapshot = Some(snapshot);
            model.count(now);
            board::rows_changed(model);
        }
        Update::Watched(sheet) => model.watched = sheet,
        Update::Scanned(_) => {}
        Update::Disks(disks) => media::disks_listed(model, disks, now),
        Update::Problem(problem) => model.tell(problem, now),
        Update::Done(text) => model.notice = Some(text),
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
        Heard::Scan(code) => scanned(model, &code, now, out),
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
    if model.screen.takes_text() {
        if matches!(key.code, KeyCode::Char(_)) {
            model.burst.typed(now);
        }
        let ended_by_scanner = key.code == KeyCode::Enter && model.burst.enter_is_scanned(now);
        return match model.screen {
            Screen::Find => board::find_key(model, key, out),
            _ => media::text_key(model, key, ended_by_scanner, out),
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
                hash::act(model, action, now, out);
            }
        }
        Screen::Media(_) => media::key(model, key, now, out),
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
        Screen::Ask { .. } => {
            if let Some(action) = keymap::find(ask::KEYS, &key) {
                ask::act(model, action, out);
            }
        }
    }
}

fn paste(model: &mut Model, text: &str, now: Moment, out: &mut Vec<Command>) {
    if let Some(input) = model.screen.input() {
        input.paste(text);
    } else if let Screen::Find = model.screen {
        board::find_paste(model, text);
    } else if let Some(line) = text.lines().map(str::trim).find(|line| !line.is_empty()) {
        scanned(model, line, now, out);
    }
}

/// Jumps to the laptop, or says loudly that it is not here.
fn scanned(model: &mut Model, code: &str, now: Moment, out: &mut Vec<Command>) {
    let serial = scan::serial_of(code);
    let mut found = scan::matches(model.rows(), &serial);
    let first = found.next().map(|(index, row)| (index, row.device, board::announce(row, now)));
    let others = found.count();
    // Whoever is choosing a stick to erase or answering a question stays there.
    let busy = match &model.screen {
        Screen::Ask { .. } => true,
        Screen::Media(step) => !step.is_idle(),
        _ => false,
    };
    let until = Some(now.after(FOUND_SHOWN));
    model.scans.insert(0, Scan { serial: serial.clone(), here: first.is_some() });
    model.scans.truncate(SCANS_LISTED);
    model.notice = None;
    let flash = |title, text: String, good, until| Some(Flash { title, serial, text, good, until });
    model.flash = match first {
        None => {
            model.bell = true;
            let text = "No laptop with this serial number has reported here. Boot it from a stick, then scan it again.";
            flash("NOT HERE", text.to_owned(), false, None)
        }
        Some((_, device, (text, good))) if busy => flash(
            "FOUND",
            format!("#{} {text}. First finish what is on the screen, or press Esc.", device.0),
            good,
            until,
        ),
        Some((index, device, (text, good))) => {
            board::show(model, index, out);
            match others {
                0 => flash("FOUND", format!("#{} {text}", device.0), good, until),
                _ => {
                    model.bell = true;
                    let text = format!("{} laptops report this serial number. Compare their labels.", others + 1);
                    flash("MORE THAN ONE", text, false, None)
                }
            }
        }
    };
}
