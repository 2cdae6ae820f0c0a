//! Letters of five rows, to be read from where the laptops stand.

use super::text;
use crate::theme::Theme;

pub(crate) const ROWS: usize = 5;

/// Each letter by rows, `#` for ink.
fn shape(letter: char) -> Option<[&'static str; ROWS]> {
    Some(match letter.to_ascii_uppercase() {
        'A' => [" # ", "# #", "###", "# #", "# #"],
        'B' => ["## ", "# #", "## ", "# #", "## "],
        'C' => [" ##", "#  ", "#  ", "#  ", " ##"],
        'D' => ["## ", "# #", "# #", "# #", "## "],
        'E' => ["###", "#  ", "## ", "#  ", "###"],
        'F' => ["###", "#  ", "## ", "#  ", "#  "],
        'G' => [" ##", "#  ", "# #", "# #", " ##"],
        'H' => ["# #", "# #", "###", "# #", "# #"],
        'I' => ["#", "#", "#", "#", "#"],
        'J' => ["  #", "  #", "  #", "# #", " # "],
        'K' => ["# #", "# #", "## ", "# #", "# #"],
        'L' => ["#  ", "#  ", "#  ", "#  ", "###"],
        'M' => ["#   #", "## ##", "# # #", "#   #", "#   #"],
        'N' => ["#  #", "## #", "# ##", "#  #", "#  #"],
        'O' => ["###", "# #", "# #", "# #", "###"],
        'P' => ["## ", "# #", "## ", "#  ", "#  "],
        'Q' => ["###", "# #", "# #", "###", "  #"],
        'R' => ["## ", "# #", "## ", "# #", "# #"],
        'S' => [" ##", "#  ", " # ", "  #", "## "],
        'T' => ["###", " # ", " # ", " # ", " # "],
        'U' => ["# #", "# #", "# #", "# #", "###"],
        'V' => ["# #", "# #", "# #", "# #", " # "],
        'W' => ["#   #", "#   #", "# # #", "## ##", "#   #"],
        'X' => ["# #", "# #", " # ", "# #", "# #"],
        'Y' => ["# #", "# #", " # ", " # ", " # "],
        'Z' => ["###", "  #", " # ", "#  ", "###"],
        '0' => ["###", "# #", "# #", "# #", "###"],
        '1' => ["##", " #", " #", " #", " #"],
        '2' => ["###", "  #", "###", "#  ", "###"],
        '3' => ["###", "  #", "###", "  #", "###"],
        '4' => ["# #", "# #", "###", "  #", "  #"],
        '5' => ["###", "#  ", "###", "  #", "###"],
        '6' => ["###", "#  ", "###", "# #", "###"],
        '7' => ["###", "  #", "  #", "  #", "  #"],
        '8' => ["###", "# #", "###", "# #", "###"],
        '9' => ["###", "# #", "###", "  #", "###"],
        ' ' => ["  ", "  ", "  ", "  ", "  "],
        _ => return None,
    })
}

/// The words in large letters; `None` if they do not fit or hold other signs than letters and digits.
pub(crate) fn rows(words: &str, room: usize, theme: Theme) -> Option<[String; ROWS]> {
    let mut rows = [const { String::new() }; ROWS];
    for letter in words.chars() {
        for (row, part) in rows.iter_mut().zip(shape(letter)?) {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(&part.replace('#', theme.glyphs().full));
        }
    }
    (!words.is_empty() && rows.iter().all(|row| text::width(row) <= room)).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASCII: Theme = Theme { colour: false, ascii: true };

    #[test]
    fn every_row_of_a_letter_is_as_wide_as_its_first() {
        for letter in ('A'..='Z').chain('0'..='9').chain([' ']) {
            let shape = shape(letter).unwrap();
            assert!(shape.iter().all(|row| row.len() == shape[0].len()), "{letter}");
        }
    }

    #[test]
    fn the_longest_words_fit_the_smallest_window() {
        for words in ["WRONG CUSTOMER", "NOT ON THIS ORDER", "WRONG MACHINE", "MATCH"] {
            assert!(rows(words, 76, ASCII).is_some(), "{words}");
        }
        assert_eq!(rows("WRONG MACHINE", 40, ASCII), None);
        assert_eq!(rows("ÄÖ", 40, ASCII), None);
        assert_eq!(rows("", 40, ASCII), None);
    }

    #[test]
    fn words_read_as_they_are() {
        insta::assert_snapshot!(rows("match", 76, ASCII).unwrap().join("\n"), @r##"
        #   #  #  ###  ## # #
        ## ## # #  #  #   # #
        # # # ###  #  #   ###
        #   # # #  #  #   # #
        #   # # #  #   ## # #
        "##);
    }
}
