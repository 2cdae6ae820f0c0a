//! A reader for the batch files that we write, and only for those: cmd.exe takes anything and does something.
//!
//! It knows the few constructs that are used, each with its own trap: a label that is missing ends a script in the
//! middle, a special character outside of quotation marks runs what a value says, `exit` closes a person's window.

use std::collections::BTreeSet;

/// What Windows and Windows PE have, without being asked.
const PROGRAMS: &[&str] = &[
    "cd", "cls", "color", "copy", "del", "drvload", "fc", "pause", "ping", "reg", "ren", "rundll32", "setlocal",
    "title", "wpeinit", "wpeutil",
];

#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) labels: BTreeSet<String>,
    pub(crate) jumps: BTreeSet<String>,
    pub(crate) set: BTreeSet<String>,
    /// Read anywhere.
    pub(crate) used: BTreeSet<String>,
    /// Read outside of quotation marks, where cmd.exe takes a value apart.
    pub(crate) bare: BTreeSet<String>,
}

impl Batch {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut batch = Self::default();
        let mut open = false;
        for (number, line) in text.split("\r\n").enumerate() {
            let read = match line.strip_prefix("  ") {
                Some(inside) if open => batch.line(inside),
                _ if open && line == ")" => {
                    open = false;
                    Ok(())
                }
                _ if open => Err("a block that is not closed".to_owned()),
                _ => {
                    open = line.ends_with(" do (");
                    batch.line(line.strip_suffix('(').filter(|_| open).unwrap_or(line))
                }
            };
            read.map_err(|why| format!("line {}: {why}: {line}", number + 1))?;
        }
        Ok(batch)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() || line == "@echo off" || line.starts_with("rem ") {
            return Ok(());
        }
        if let Some(label) = line.strip_prefix(':') {
            let sound = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase());
            return if sound && self.labels.insert(label.to_owned()) { Ok(()) } else { Err("a label".into()) };
        }
        // Takes the quotation marks out of a value; the one idiom with an odd number of them.
        let line = line.replace(":\"=%", "%");
        if line.matches('"').count() % 2 == 1 {
            return Err("a quotation mark is open".into());
        }
        if line.contains('!') || line.contains('^') {
            return Err("delayed expansion or escaping, which this checker does not know".into());
        }
        self.statement(&line)
    }

    fn statement(&mut self, line: &str) -> Result<(), String> {
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => Ok(()),
            "echo" | "echo." => {
                // Outside of quotation marks these do something else than print.
                if rest.contains(['&', '|', '<', '>', '(', ')']) {
                    return Err("echo of a special character".into());
                }
                self.uses(rest)
            }
            "set" => self.assignment(rest),
            "if" => self.condition(rest),
            "for" => self.repetition(rest),
            "call" => {
                let (label, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
                self.jumps.insert(label.strip_prefix(':').ok_or("call of a program")?.to_owned());
                // What call is given is expanded once more.
                let tame = arguments.chars().all(|c| c.is_ascii_alphanumeric() || "\"%\\.:~$_".contains(c));
                if !tame {
                    return Err("call with a value".into());
                }
                self.uses(arguments)
            }
            "goto" => {
                self.jumps.insert(rest.to_owned());
                Ok(())
            }
            "exit" => {
                if !rest.starts_with("/b ") {
                    return Err("exit without /b closes the person's window".into());
                }
                self.uses(rest)
            }
            program if PROGRAMS.contains(&program) || program.starts_with('"') => self.program(line),
            other => Err(format!("{other} is none of the commands used here")),
        }
    }

    fn assignment(&mut self, rest: &str) -> Result<(), String> {
        if let Some(sum) = rest.strip_prefix("/a ") {
            let (name, value) = sum.split_once('=').ok_or("set without =")?;
            self.set.insert(name.to_owned());
            let sound = value.chars().all(|c| c.is_ascii_alphanumeric() || "+-".contains(c));
            return if sound { Ok(()) } else { Err("a sum of something else".into()) };
        }
        let (prompt, rest) = rest.strip_prefix("/p ").map_or((false, rest), |rest| (true, rest));
        let whole = rest.starts_with('"') && rest.ends_with('"');
        if !prompt && !whole {
            return Err("set without quotation marks takes blanks along".into());
        }
        let (name, value) =
            if prompt { rest } else { rest.trim_matches('"') }.split_once('=').ok_or("set without =")?;
        // From a file it must come whole; from the keyboard, behind words.
        if prompt && !(value.starts_with("<\"") || value.starts_with("  ")) {
            return Err("set /p that waits for the keyboard without a word".into());
        }
        self.set.insert(name.to_owned());
        if prompt { self.uses(value) } else { self.quoted(value) }
    }

    fn condition(&mut self, rest: &str) -> Result<(), String> {
        let rest = rest.strip_prefix("/i ").unwrap_or(rest);
        let rest = rest.strip_prefix("not ").unwrap_or(rest);
        for test in ["defined ", "errorlevel "] {
            if let Some(rest) = rest.strip_prefix(test) {
                let (word, then) = rest.split_once(' ').ok_or("an if without a command")?;
                if test == "defined " {
                    self.used.insert(word.to_owned());
                }
                return self.statement(then);
            }
        }
        if let Some(rest) = rest.strip_prefix("exist ") {
            let (path, then) = first_word(rest).ok_or("an if without a command")?;
            self.uses(path)?;
            return self.statement(then);
        }
        let (left, rest) = match rest.split_once("==") {
            Some((left, rest)) if quoted_whole(left) => (left, rest),
            _ => {
                // Numbers: %N% GEQ 4.
                let mut words = rest.splitn(4, ' ');
                let (Some(left), Some(how), Some(right), Some(then)) =
                    (words.next(), words.next(), words.next(), words.next())
                else {
                    return Err("an if without quotation marks".into());
                };
                if !["GEQ", "GTR", "LEQ", "LSS"].contains(&how) || !right.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err("an if without quotation marks".into());
                }
                self.uses(left)?;
                return self.statement(then);
            }
        };
        let (right, then) = first_word(rest).filter(|(right, _)| quoted_whole(right)).ok_or("an if without quotes")?;
        self.uses(left)?;
        self.uses(right)?;
        self.statement(then)
    }

    fn repetition(&mut self, rest: &str) -> Result<(), String> {
        let (head, body) =
            rest.split_once(") do ").or_else(|| Some((rest.strip_suffix(") do")?, ""))).ok_or("a for without do")?;
        let (kind, list) = head.split_once(" in (").ok_or("a for without in")?;
        let variable = kind.rsplit(' ').next().unwrap_or_default();
        if !(variable.len() == 3 && variable.starts_with("%%") && variable.ends_with(|c: char| c.is_ascii_uppercase()))
        {
            return Err("a for variable in a file has two signs".into());
        }
        let file = kind.starts_with("/f \"usebackq ") && quoted_whole(list);
        let names = !kind.starts_with('/') && !list.contains(['&', '|', '<', '>']);
        let folder = kind.starts_with("/r \"") && list == "(*.inf".trim_start_matches('(');
        if !(file || names || folder) {
            return Err("a for over something else".into());
        }
        self.uses(list)?;
        self.uses(&kind.replace(variable, ""))?;
        self.statement(body)
    }

    fn program(&mut self, line: &str) -> Result<(), String> {
        let mut outside = String::new();
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                letter if !quoted => outside.push(letter),
                _ => {}
            }
        }
        for redirection in ["2>&1", "2>nul", ">nul"] {
            outside = outside.replace(redirection, "");
        }
        let words = outside.split_whitespace().filter(|word| {
            let name = word.trim_start_matches('>');
            !(name.len() < word.len()
                && name.ends_with(".txt")
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'))
        });
        if words.into_iter().any(|word| word.contains(['&', '|', '<', '>', '(', ')'])) {
            return Err("a special character outside of quotation marks".into());
        }
        self.uses(line)
    }

    /// Of a line: which values it reads, and how.
    fn uses(&mut self, text: &str) -> Result<(), String> {
        self.expansions(text, false)
    }

    /// Of what stands between quotation marks.
    fn quoted(&mut self, text: &str) -> Result<(), String> {
        self.expansions(text, true)
    }

    fn expansions(&mut self, text: &str, mut quoted: bool) -> Result<(), String> {
        let mut rest = text;
        while let Some(at) = rest.find(['%', '"']) {
            let (found, after) = (&rest[at..=at], &rest[at + 1..]);
            if found == "\"" {
                quoted = !quoted;
                rest = after;
            } else if let Some(variable) = after.strip_prefix('%') {
                // %%A, %%~zF, or a plain percent sign.
                rest = variable.trim_start_matches(|c: char| c == '~' || c.is_ascii_lowercase());
                rest = rest.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(rest);
            } else if let Some(after) = ["~dp0", "~1", "1"].iter().find_map(|own| after.strip_prefix(own)) {
                rest = after;
            } else {
                let (name, after) = after.split_once('%').ok_or("a single percent sign")?;
                let name = name.split(':').next().unwrap_or_default().to_owned();
                if !quoted {
                    self.bare.insert(name.clone());
                }
                self.used.insert(name);
                rest = after;
            }
        }
        Ok(())
    }
}

/// Up to the next blank outside of quotation marks.
fn first_word(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let end = text.char_indices().find(|(_, letter)| {
        quoted ^= *letter == '"';
        *letter == ' ' && !quoted
    });
    end.map(|(at, _)| (&text[..at], &text[at + 1..]))
}

fn quoted_whole(text: &str) -> bool {
    text.len() >= 2 && text.starts_with('"') && text.ends_with('"') && text.matches('"').count() == 2
}
