//! What a medium says of itself to whoever holds it.

use whiteglove_core::media_card::MediaCard;

/// What it does to a laptop that starts from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Captures,
    CapturesInWinPe,
    Installs,
}

impl Does {
    fn lines(self) -> &'static [&'static str] {
        match self {
            Self::Captures => &[
                "It starts a laptop so that it can tell the bench who it is. It changes nothing on the laptop.",
                "It holds no password. What it captures when a laptop starts from it is sealed; only the bench can open it.",
            ],
            Self::CapturesInWinPe => &[
                "It starts a laptop into Windows PE, which makes its hardware hash. It changes nothing on the laptop.",
                "It holds no password. What it captures lies on it in readable form, in the folder captures.",
            ],
            Self::Installs => &[
                "IT INSTALLS WINDOWS: a laptop that starts from it can lose everything that is on it.",
                "It holds no password, unless somebody put one into an answer file.",
            ],
        }
    }
}

/// CR LF: it will be opened in Notepad.
pub(super) fn finder_words(card: &MediaCard, does: Does) -> String {
    let mut lines = vec![
        "This is a whiteglove boot stick.".to_owned(),
        String::new(),
        format!("It belongs to the bench '{}' (batch '{}').", card.bench, card.batch),
        format!("Its number is {}.", card.media),
        String::new(),
    ];
    lines.extend(does.lines().iter().map(|line| (*line).to_owned()));
    lines.extend([
        String::new(),
        "In Windows setup: press Shift and F10, and type the stick's drive letter, a colon, a backslash, and"
            .to_owned(),
        "  a   who is this laptop: its hardware hash and TPM, as readable files in the folder captures".to_owned(),
        "  w   how far is the technician phase".to_owned(),
        "  l   keep the logs, before anything is reset".to_owned(),
        "for example D:\\a; if Windows does not know it, E:\\a. Bring the stick back to the bench afterwards."
            .to_owned(),
        String::new(),
        "Found it? Please give it back to the IT department that uses it.".to_owned(),
        "Lost it? Tell the bench: whiteglove media revoke NUMBER".to_owned(),
        String::new(),
    ]);
    lines.join("\r\n")
}
