//! A laptop's way over the network, in a few words.

use whiteglove_core::{
    dhcp::netboot::{Architecture, Protocol},
    netboot::{Decision, Reason, Seen, Withheld},
};

use crate::theme::Tone;

/// "own disk, because it has been captured"
pub(crate) fn decision(decision: Decision, reason: Reason) -> String {
    match reason {
        Reason::Chosen => format!("{}, chosen here", decision.words()),
        Reason::Batch => format!("{}, as the batch does", decision.words()),
        Reason::Registered => format!("{}, because it is registered", decision.words()),
        Reason::Captured => format!("{}, because it has been captured", decision.words()),
    }
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Pxe => "PXE",
        Protocol::Http => "HTTP Boot",
        Protocol::Ipxe => "iPXE",
    }
}

/// What kind of machine it is, and how it asks: "x64 PXE".
pub(crate) fn asks(architecture: Option<Architecture>, by: Option<Protocol>) -> String {
    let architecture = architecture.map(|architecture| architecture.to_string());
    let by = by.map(|by| protocol(by).to_owned());
    architecture.into_iter().chain(by).collect::<Vec<_>>().join(" ")
}

/// The same in a column.
pub(crate) fn asks_briefly(architecture: Option<Architecture>, by: Option<Protocol>) -> String {
    let words = asks(architecture, by);
    words.trim_end_matches(" Boot").to_owned()
}

/// How a step looks; what it says is the core's.
pub(super) fn tone(seen: &Seen) -> Tone {
    match seen {
        Seen::Rival { wins: true, .. } | Seen::Broken { .. } => Tone::Alarm,
        Seen::Withheld(Withheld::Ignored) => Tone::Plain,
        Seen::Withheld(_) => Tone::Warn,
        Seen::Hello | Seen::Captured => Tone::Good,
        // Most of what is looked for in vain is optional: its words say what is not.
        Seen::NotThere { .. } => Tone::Plain,
        Seen::Asked { .. } | Seen::Told { .. } | Seen::Rival { .. } | Seen::Leased(_) => Tone::Plain,
        Seen::Probed { .. } | Seen::Fetching { .. } | Seen::Fetched { .. } => Tone::Plain,
    }
}
