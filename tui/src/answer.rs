//! Scans: a code goes to the bench, and what the bench says comes back large, over whatever is on the
//! screen. Nothing waits in between: the next scan is never blocked.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use whiteglove_core::{
    clock::Moment,
    control::{Command, ScanAnswer, Tone as Sound},
};

use crate::{
    model::{FOUND_SHOWN, Flash, Model, SCANS_LISTED, Scan},
    screen::{Screen, board, detail, network, order},
    theme::{Theme, Tone},
    widget::{big, text},
};

/// A code came from a scanner, or was pasted in one piece.
pub(crate) fn ask(model: &mut Model, code: &str, out: &mut Vec<Command>) {
    let code = code.trim().to_owned();
    let on = detail::end_label_check(model);
    model.notice = None;
    model.flash = None;
    model.asked = Some(code.clone());
    out.push(Command::Scan { code, on });
}

/// The bench's answer.
pub(crate) fn take(model: &mut Model, answer: ScanAnswer, now: Moment, out: &mut Vec<Command>) {
    let ScanAnswer { shown, device, tone, title, text, .. } = answer;
    model.asked = None;
    model.scans.insert(0, Scan { shown: shown.clone(), tone, title: title.clone() });
    model.scans.truncate(SCANS_LISTED);
    let calm = matches!(tone, Sound::Good | Sound::Again);
    model.ring(match tone {
        Sound::Good | Sound::Again => 0,
        Sound::Attention => 1,
        Sound::Wrong => 3,
    });
    let mut flash = Flash { title, shown, text, tone, until: calm.then(|| now.after(FOUND_SHOWN)) };
    if let Some(device) = device {
        // Whoever is choosing a stick to erase, answering a question or typing stays there.
        let busy = match &model.screen {
            Screen::Ask { .. } | Screen::Choose { .. } => true,
            Screen::Media(step) => !step.is_idle(),
            Screen::Order(list) => list.is_typing(),
            _ => false,
        };
        if busy {
            flash.text.push_str(" First finish what is on the screen, or press Esc.");
        } else if let Screen::Order(_) = model.screen {
            order::show(model, device);
        // Whoever watches the network goes on watching it, if the laptop is there.
        } else if !network::show(model, device) {
            board::show(model, device, out);
        }
    }
    model.flash = Some(flash);
}

/// How an answer looks; each has its glyph, so that it reads without colour.
pub(crate) fn look(tone: Sound, theme: Theme) -> (&'static str, Tone) {
    let glyphs = theme.glyphs();
    match tone {
        Sound::Good => (glyphs.ready, Tone::Good),
        Sound::Again => (glyphs.again, Tone::Dim),
        Sound::Attention => (glyphs.warning, Tone::Warn),
        Sound::Wrong => (glyphs.not_ready, Tone::Alarm),
    }
}

/// The last scans, newest first, on one line.
pub(crate) fn listed(model: &Model) -> Option<String> {
    let scan = |scan: &Scan| {
        let glyph = look(scan.tone, model.theme).0;
        match scan.tone {
            Sound::Good | Sound::Again => format!("{glyph} {}", scan.shown),
            Sound::Attention | Sound::Wrong => format!("{glyph} {} {}", scan.shown, scan.title),
        }
    };
    let asked = model.asked.as_ref().map(|code| format!("{code} ..."));
    let all: Vec<_> = asked.into_iter().chain(model.scans.iter().map(scan)).collect();
    (!all.is_empty()).then(|| format!(" Scanned: {}", all.join("   ")))
}

/// Across the whole width, readable from where the laptops are.
pub(crate) fn draw(flash: &Flash, area: Rect, buf: &mut Buffer, theme: Theme) {
    let room = usize::from(area.width).saturating_sub(4);
    let (glyph, tone) = look(flash.tone, theme);
    let ink = theme.style(if tone == Tone::Dim { Tone::Strong } else { tone });
    let rule = theme.glyphs().rule.repeat(usize::from(area.width));
    let centred = |words: &str, style: Style| {
        let words = text::cut(words, room, theme);
        let before = usize::from(area.width).saturating_sub(text::width(&words)) / 2;
        Line::from(vec![Span::raw(" ".repeat(before)), Span::styled(words, style)])
    };
    let mut lines = vec![Line::from(Span::styled(rule.clone(), ink)), Line::default()];
    match big::rows(&flash.title, room, theme) {
        // An alarm's colours are a background: on letters of blocks it would drown them.
        Some(rows) => {
            let ink = if tone == Tone::Alarm { theme.style(Tone::Warn) } else { ink };
            lines.extend(rows.iter().map(|row| centred(row, ink)));
        }
        None => lines.push(centred(&format!("{glyph}  {}", flash.title), ink)),
    }
    lines.push(Line::default());
    lines.push(centred(&format!(" {glyph} {} ", flash.shown), theme.style(Tone::Selected)));
    lines.push(Line::default());
    let strong = theme.style(Tone::Strong);
    lines.extend(text::wrap(&flash.text, room).iter().take(6).map(|line| centred(line, strong)));
    lines.push(Line::default());
    lines.push(Line::from(Span::styled(rule, ink)));
    let height = text::cells(lines.len()).min(area.height);
    let spot = Rect { y: area.y + (area.height - height) / 2, height, ..area };
    // Reset first: what lies under it must not shine through.
    for y in spot.top()..spot.bottom() {
        let row = Rect { y, height: 1, ..spot };
        buf.set_style(row, Style::reset());
        text::band("", row, buf, Style::reset(), theme);
    }
    text::paint(&lines, spot, buf);
}
