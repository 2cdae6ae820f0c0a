//! One cell, and what spreadsheets do to it.

/// Characters of a file that a message repeats.
const QUOTED: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) quoted: bool,
    /// It is not UTF-8.
    pub(crate) windows_1252: bool,
}

/// What was done to a cell's text, in words of [`Tidied::words`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tidied {
    blanks: bool,
    formula: bool,
    control: bool,
}

impl Tidied {
    pub(crate) fn words(self) -> impl Iterator<Item = &'static str> {
        [
            (self.blanks, "removed blanks around a value"),
            (self.formula, "removed what a spreadsheet wrote around a value (apostrophe or formula)"),
            (self.control, "replaced control characters by blanks"),
        ]
        .into_iter()
        .filter_map(|(done, words)| done.then_some(words))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            blanks: self.blanks || other.blanks,
            formula: self.formula || other.formula,
            control: self.control || other.control,
        }
    }
}

impl Cell {
    pub(super) fn decode(bytes: &[u8], quoted: bool) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: text.to_owned(), quoted, windows_1252: false },
            Err(_) => Self { text: bytes.iter().map(|byte| windows_1252(*byte)).collect(), quoted, windows_1252: true },
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.chars().all(is_blank)
    }

    /// The text for a person and a screen: blanks at the ends, an apostrophe before it or `="..."` around it
    /// removed, control characters replaced.
    pub(crate) fn tidy(&self) -> (String, Tidied) {
        let mut tidied = Tidied::default();
        let mut text = self.text.trim_matches(is_blank);
        tidied.blanks = text.len() != self.text.len();
        let formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
        if let Some(inner) = formula.or_else(|| text.strip_prefix('\'')) {
            text = inner.trim_matches(is_blank);
            tidied.formula = true;
        }
        tidied.control = text.contains(char::is_control);
        (text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(), tidied)
    }
}

/// White space, and the marks without width that copies from web pages and concatenated files bring along.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
}

/// Windows-1252 differs from Latin-1 in 0x80 to 0x9f (Unicode consortium's table CP1252.TXT); what it leaves
/// undefined stays a control character.
fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte) - 0x80],
        _ => char::from(byte),
    }
}

/// A value of the file inside a message: in quotation marks, short, nothing that moves a cursor.
pub(crate) fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(QUOTED).is_some() {
        short.push_str("...");
    }
    format!("'{short}'")
}
