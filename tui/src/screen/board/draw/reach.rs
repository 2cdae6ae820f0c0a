//! How laptops reach the bench, in one line.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use whiteglove_core::{
    control::Snapshot,
    netboot::{Mode, PortState, PortView},
};

use crate::{model::Model, theme::Tone, widget::text};

/// One line: where laptops report, what the bench does on its networks, how much of the order is here.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = model.theme;
    let Some(snapshot) = model.snapshot.as_deref() else { return };
    if let Some(problem) = &snapshot.endpoint_problem {
        let words = format!(" LAPTOPS CANNOT REPORT   {}", problem.what);
        return text::band(&words, area, buf, theme.style(Tone::Alarm), theme);
    }
    let urls = snapshot.endpoints.join("  ");
    let [long, short] = match snapshot.endpoints.as_slice() {
        [] => [" Starting; laptops cannot report yet.", " Starting."].map(str::to_owned),
        _ => [format!(" Laptops report to {urls}"), format!(" Laptops: {urls}")],
    };
    let counter = counter(snapshot);
    let room = usize::from(area.width).saturating_sub(text::width(&counter) + 1);
    let (network, tone) = network_boot(&snapshot.network.ports);
    // The names of the ports are worth more than whole sentences.
    let all = [(&long, 0), (&short, 0), (&long, 1), (&short, 1)];
    let fitting = all.into_iter().filter_map(|(report, n)| Some((report, network.get(n)?.as_str())));
    let fitting = fitting.into_iter().find(|(report, network)| text::width(report) + 3 + text::width(network) <= room);
    let (report, network) = fitting.unwrap_or((&short, network.last().map_or("", String::as_str)));
    let report = match network {
        "" => text::cut(&long, room, theme),
        network => text::cut(report, room.saturating_sub(3 + text::width(network)), theme),
    };
    let gap = if network.is_empty() { "" } else { "   " };
    let line = Line::from(vec![
        Span::styled(report, theme.style(Tone::Dim)),
        Span::raw(gap),
        Span::styled(network.to_owned(), theme.style(tone)),
    ]);
    text::paint(&[line], Rect { width: text::cells(room), ..area }, buf);
    buf.set_string(area.x + text::cells(room + 1), area.y, counter, theme.style(Tone::Strong));
}

/// What the bench does on its networks: in words, and shorter. Nothing while it is silent on all.
fn network_boot(ports: &[PortView]) -> (Vec<String>, Tone) {
    let on: Vec<_> = ports.iter().filter(|port| port.mode != Mode::Off).collect();
    let failed = on.iter().filter(|port| matches!(port.state, PortState::Failed(_))).count();
    if failed > 0 {
        let names = on.iter().filter(|port| matches!(port.state, PortState::Failed(_)));
        let names: Vec<_> = names.map(|port| port.interface.as_str()).collect();
        let words = format!("NETWORK BOOT FAILED: {} (s)", names.join(", "));
        return (vec![words, "NETWORK BOOT FAILED (s)".to_owned()], Tone::Alarm);
    }
    let port = |port: &&PortView| match port.state {
        PortState::Waiting(_) => format!("{} waits", port.interface),
        PortState::Looking => format!("{} looks", port.interface),
        _ => format!("{} {}", port.interface, port.mode.word()),
    };
    let waits = on.iter().any(|port| matches!(port.state, PortState::Waiting(_)));
    let tone = if waits { Tone::Warn } else { Tone::Dim };
    match on.len() {
        0 => (vec![], Tone::Dim),
        n => {
            let words = on.iter().map(port).collect::<Vec<_>>().join(", ");
            let short = match (n, waits) {
                (_, true) => "network boot: waits (s)".to_owned(),
                (1, false) => "network boot: on".to_owned(),
                (n, false) => format!("network boot: {n} ports"),
            };
            (vec![format!("network boot: {words}"), short], tone)
        }
    }
}

/// How much of the order is here.
fn counter(snapshot: &Snapshot) -> String {
    let Some(order) = snapshot.order.as_deref() else { return String::new() };
    format!("{} of {} expected (o) ", order.here(), order.lines.len())
}
