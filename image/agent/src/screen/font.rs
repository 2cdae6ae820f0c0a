//! Letters five dots wide and seven high, drawn with the block characters that every console font has.

const WIDTH: usize = 5;
const HEIGHT: usize = 7;

#[rustfmt::skip]
const GLYPHS: [(char, [u8; HEIGHT]); 38] = [
    ('A', [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('B', [0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110]),
    ('C', [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110]),
    ('D', [0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110]),
    ('E', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111]),
    ('F', [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b10000]),
    ('G', [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01111]),
    ('H', [0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001]),
    ('I', [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('J', [0b00111, 0b00010, 0b00010, 0b00010, 0b00010, 0b10010, 0b01100]),
    ('K', [0b10001, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010, 0b10001]),
    ('L', [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001]),
    ('N', [0b10001, 0b11001, 0b10101, 0b10011, 0b10001, 0b10001, 0b10001]),
    ('O', [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('P', [0b11110, 0b10001, 0b10001, 0b11110, 0b10000, 0b10000, 0b10000]),
    ('Q', [0b01110, 0b10001, 0b10001, 0b10001, 0b10101, 0b10010, 0b01101]),
    ('R', [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001]),
    ('S', [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('U', [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('V', [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100]),
    ('W', [0b10001, 0b10001, 0b10001, 0b10101, 0b10101, 0b11011, 0b10001]),
    ('X', [0b10001, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001, 0b10001]),
    ('Y', [0b10001, 0b10001, 0b01010, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('Z', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b10000, 0b11111]),
    ('0', [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]),
    ('2', [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111]),
    ('3', [0b11110, 0b00001, 0b00001, 0b01110, 0b00001, 0b00001, 0b11110]),
    ('4', [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110]),
    ('6', [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000]),
    ('8', [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100]),
    ('-', [0b00000, 0b00000, 0b00000, 0b11111, 0b00000, 0b00000, 0b00000]),
    (' ', [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b00000]),
];

/// `text` as lines of blocks, as large as fits into `cols` and `rows`; `None` if it does not fit at
/// all or has characters that are not in the font.
pub(super) fn large(text: &str, cols: usize, rows: usize) -> Option<Vec<String>> {
    let text = text.to_uppercase();
    let glyphs: Vec<&[u8; HEIGHT]> = text
        .chars()
        .map(|c| GLYPHS.iter().find(|(known, _)| *known == c).map(|(_, glyph)| glyph))
        .collect::<Option<_>>()?;
    let dots = (glyphs.len() * (WIDTH + 1)).checked_sub(1)?;
    let dot = |x: usize, y: usize| {
        let (glyph, column) = (x / (WIDTH + 1), x % (WIDTH + 1));
        column < WIDTH && glyphs.get(glyph).is_some_and(|rows| rows[y] >> (WIDTH - 1 - column) & 1 == 1)
    };
    // A console cell is twice as high as wide: a square dot is two cells wide and one high.
    let scale = (cols / (2 * dots)).min(rows / HEIGHT);
    if scale > 0 {
        let line = |y: usize| {
            (0..dots).map(|x| if dot(x, y) { "\u{2588}" } else { " " }.repeat(2 * scale)).collect::<String>()
        };
        return Some((0..HEIGHT).flat_map(|y| vec![line(y); scale]).collect());
    }
    // Two dots in one cell, one above the other.
    if dots > cols || HEIGHT.div_ceil(2) > rows {
        return None;
    }
    let cell = |x: usize, y: usize| match (dot(x, y), y + 1 < HEIGHT && dot(x, y + 1)) {
        (true, true) => '\u{2588}',
        (true, false) => '\u{2580}',
        (false, true) => '\u{2584}',
        (false, false) => ' ',
    };
    Some((0..HEIGHT).step_by(2).map(|y| (0..dots).map(|x| cell(x, y)).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_large_as_fits() {
        let ok = large("ok", 80, 8).unwrap();
        assert_eq!((ok.len(), ok[0].chars().count()), (7, 22));
        let huge = large("OK", 240, 22).unwrap();
        assert_eq!((huge.len(), huge[0].chars().count()), (21, 66));
        let word = large("WAITING", 80, 8).unwrap();
        assert_eq!((word.len(), word[0].chars().count()), (4, 41));
        assert_eq!(large("A SERIAL THAT IS TOO LONG", 80, 8), None);
        assert_eq!(large("\u{e4}", 80, 8), None);
        assert_eq!(large("", 80, 8), None);
    }
}
