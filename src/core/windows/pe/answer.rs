//! What the bench tells a laptop in Windows PE: lines for a screen of 80 columns, the first of which start.cmd compares.

use crate::problem::Problem;

/// Behind the two blanks that start.cmd puts before each line.
const COLUMNS: usize = 74;
/// The screen has 25 lines, and ours take half of them.
const MOST_LINES: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is on the bench's disk, and nothing stands in the way.
    Ok,
    /// It is on the bench's disk, and a person has to look.
    Look,
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Verdict,
    paragraphs: Vec<String>,
}

impl Answer {
    pub fn new(verdict: Verdict) -> Self {
        Self { verdict, paragraphs: Vec::new() }
    }

    #[must_use]
    pub fn line(mut self, words: impl Into<String>) -> Self {
        self.paragraphs.push(words.into());
        self
    }

    #[must_use]
    pub fn problem(self, problem: &Problem) -> Self {
        self.line(problem.what.as_str())
            .line(format!("  why:  {}", problem.why))
            .line(format!("  next: {}", problem.next))
    }

    pub fn refused(problem: &Problem) -> Self {
        Self::new(Verdict::Refused).problem(problem)
    }

    /// ASCII with CR LF.
    pub fn text(&self) -> String {
        let first = match self.verdict {
            Verdict::Ok => "whiteglove OK",
            Verdict::Look => "whiteglove LOOK",
            Verdict::Refused => "whiteglove REFUSED",
        };
        let lines = self.paragraphs.iter().flat_map(|words| broken(words)).take(MOST_LINES);
        [first.to_owned()].into_iter().chain(lines).map(|line| line + "\r\n").collect()
    }
}

/// Into lines that fit, with what follows set in as far as the words began.
fn broken(words: &str) -> Vec<String> {
    let plain: String = words.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    let label = ["  why:  ", "  next: "].iter().find(|label| plain.starts_with(**label)).map_or(0, |label| label.len());
    let (mut lines, mut line) = (Vec::new(), plain[..label].to_owned());
    for word in plain[label..].split_whitespace() {
        let blank = usize::from(line.len() > label);
        if blank == 1 && line.len() + 1 + word.len() > COLUMNS {
            lines.push(std::mem::replace(&mut line, " ".repeat(label)));
        } else if blank == 1 {
            line.push(' ');
        }
        // A word that no line holds is no word of ours.
        line.push_str(&word[..word.len().min(COLUMNS - label)]);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_verdict_and_all_fit_the_screen() {
        let long = "word ".repeat(60) + &"x".repeat(200);
        let problem = Problem::new("H\u{e4}lt \u{7}nicht", long, "Look at it.");
        for (verdict, first) in [
            (Verdict::Ok, "whiteglove OK"),
            (Verdict::Look, "whiteglove LOOK"),
            (Verdict::Refused, "whiteglove REFUSED"),
        ] {
            let text = Answer::new(verdict).line("#7: PF1, LENOVO 21CB").problem(&problem).text();
            let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            assert_eq!(lines[..3], [first, "#7: PF1, LENOVO 21CB", "H?lt ?nicht."]);
            assert!(lines.len() <= 1 + MOST_LINES && lines.iter().all(|line| line.len() <= COLUMNS), "{text}");
            assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n')));
            assert!(lines[4].starts_with("        word"), "{text}");
        }
    }
}
