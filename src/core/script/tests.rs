use std::collections::BTreeSet;

use tree_sitter::{Node, Parser};

use super::*;

const MEDIA: MediaId = MediaId([0x5a; 16]);

fn files() -> Vec<(String, String)> {
    data_files(MEDIA).into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

#[test]
fn every_file_is_ascii_with_crlf_and_the_same_every_time() {
    assert_eq!(data_files(MEDIA), data_files(MEDIA));
    let paths: Vec<String> = files().into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "a.cmd",
            "w.cmd",
            "l.cmd",
            "stick.id",
            "whiteglove/capture.ps1",
            "whiteglove/common.ps1",
            "whiteglove/logs.ps1",
            "whiteglove/watch.ps1"
        ]
    );
    for (path, text) in files() {
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n')), "{path}");
        assert!(text.ends_with("\r\n"), "{path}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{path}");
        assert_eq!(text.matches('\r').count(), text.matches("\r\n").count(), "{path}");
        assert!(!text.contains('@') || !text.contains("@SCRIPT@"), "{path}");
    }
}

/// A parser we did not write: the grammar for PowerShell of tree-sitter.
fn parse(text: &str) -> tree_sitter::Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_powershell::LANGUAGE.into()).unwrap();
    parser.parse(text, None).unwrap()
}

fn walk<'a>(node: Node<'a>, each: &mut dyn FnMut(Node<'a>)) {
    each(node);
    for at in 0..node.child_count() {
        walk(node.child(at).unwrap(), each);
    }
}

#[test]
fn another_parser_takes_every_script() {
    for (path, text) in files().iter().filter(|(path, _)| path.ends_with(".ps1")) {
        let tree = parse(text);
        let mut errors = vec![];
        walk(tree.root_node(), &mut |node| {
            if node.is_error() || node.is_missing() {
                errors.push(format!("line {}: {}", node.start_position().row + 1, &text[node.byte_range()]));
            }
        });
        assert!(errors.is_empty(), "{path}: {errors:?}");
    }
    // And it would say so.
    let broken =
        files().iter().find(|(path, _)| path.ends_with("capture.ps1")).unwrap().1.replacen("{ return", "( return", 1);
    assert!(parse(&broken).root_node().has_error());
}

/// Names of a kind of node, in lower case as PowerShell compares them.
fn names(text: &str, kind: &str) -> BTreeSet<String> {
    let tree = parse(text);
    let mut found = BTreeSet::new();
    walk(tree.root_node(), &mut |node| {
        if node.kind() == kind {
            found.insert(text[node.byte_range()].to_ascii_lowercase());
        }
    });
    found
}

/// Cmdlets of Windows PowerShell 5.1's own modules, in every edition of Windows and without import.
const BUILT_IN: &[&str] = &[
    "convertto-json",
    "copy-item",
    "exit",
    "foreach-object",
    "get-ciminstance",
    "get-itemproperty",
    "get-winevent",
    "invoke-cimmethod",
    "join-path",
    "new-object",
    "set-strictmode",
    "sort-object",
    "split-path",
    "start-process",
    "start-sleep",
    "test-path",
    "where-object",
    "write-host",
];

#[test]
fn scripts_call_what_they_define_and_what_windows_has() {
    let files = files();
    let of = |name: &str| &files.iter().find(|(path, _)| path.ends_with(name)).unwrap().1;
    let common = names(of("common.ps1"), "function_name");
    for script in ["capture.ps1", "watch.ps1", "logs.ps1", "common.ps1"] {
        let own = names(of(script), "function_name");
        for called in names(of(script), "command_name") {
            let known = own.contains(&called) || common.contains(&called) || BUILT_IN.contains(&&*called);
            assert!(known, "{script}: {called}");
        }
        if script != "common.ps1" {
            for function in &own {
                assert!(!common.contains(function), "{script}: {function} is defined twice");
            }
        }
    }
}

#[test]
fn nothing_is_fetched_and_nobody_signs_in() {
    for (path, text) in files() {
        let text = text.to_ascii_lowercase();
        for word in [
            "http",
            "install-",
            "import-module",
            "invoke-web",
            "invoke-rest",
            "webclient",
            "credential",
            "remove-item",
            "clear-disk",
            "format-volume",
        ] {
            assert!(!text.contains(word), "{path}: {word}");
        }
    }
}

#[test]
fn the_evidence_has_the_keys_that_import_reads() {
    let files = files();
    let capture = &files.iter().find(|(path, _)| path.ends_with("capture.ps1")).unwrap().1;
    for key in crate::import::EVIDENCE_KEYS {
        assert!(capture.contains(&format!("        {key} = ")), "{key}");
    }
    assert!(capture.contains(EVIDENCE));
    assert!(capture.contains("Device Serial Number,Windows Product ID,Hardware Hash"));
}

/// The few constructs that the starter uses, each with its own trap in cmd.exe.
#[derive(Debug, Default)]
struct Batch {
    labels: BTreeSet<String>,
    jumps: BTreeSet<String>,
    set: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl Batch {
    fn read(text: &str) -> Result<Self, String> {
        let mut batch = Self::default();
        for (number, line) in text.split("\r\n").enumerate() {
            batch.line(line).map_err(|why| format!("line {}: {why}: {line}", number + 1))?;
        }
        Ok(batch)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() || line == "@echo off" || line.starts_with("rem ") {
            return Ok(());
        }
        if let Some(label) = line.strip_prefix(':') {
            let sound = label.bytes().all(|byte| byte.is_ascii_lowercase());
            return if sound && self.labels.insert(label.to_owned()) { Ok(()) } else { Err("a label".into()) };
        }
        if line.matches('"').count() % 2 == 1 {
            return Err("a quotation mark is open".into());
        }
        if line.contains('!') || line.contains('^') {
            return Err("delayed expansion or escaping, which this checker does not know".into());
        }
        self.statement(line)
    }

    fn statement(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "setlocal" | "title" | "pause" => self.uses(rest),
            "echo" | "echo." => {
                // Outside of quotation marks these do something else than print.
                if rest.contains(['&', '|', '<', '>', '(', ')', '%']) {
                    Err("echo of a special character".into())
                } else {
                    Ok(())
                }
            }
            "set" => {
                let (prompt, rest) = rest.strip_prefix("/p ").map_or((false, rest), |rest| (true, rest));
                let body = if prompt { rest } else { rest.trim_matches('"') };
                let (name, value) = body.split_once('=').ok_or("set without =")?;
                let whole = rest.starts_with('"') && rest.ends_with('"');
                if !prompt && !whole {
                    return Err("set without quotation marks takes blanks along".into());
                }
                if prompt && !value.starts_with("<\"") {
                    return Err("set /p that waits for the keyboard".into());
                }
                self.set.insert(name.to_owned());
                self.uses(value)
            }
            "if" => {
                let rest = rest.strip_prefix("not ").unwrap_or(rest);
                let rest = match rest.strip_prefix("exist ") {
                    Some(rest) => rest,
                    None => rest,
                };
                let end = rest.rfind("\" ").ok_or("an if without quotation marks")?;
                self.uses(&rest[..=end])?;
                // Of a comparison the right side is part of the condition.
                self.statement(&rest[end + 2..])
            }
            "for" => {
                let (head, body) = rest.split_once(") do ").ok_or("a for without do")?;
                if !head.starts_with("%%D in (") {
                    return Err("a for variable in a file has two signs".into());
                }
                self.statement(&body.replace("%%D", "D"))
            }
            "call" => self.jump(rest.split(' ').next().unwrap_or_default()),
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
            "\"%POWERSHELL%\"" => self.uses(line),
            other => Err(format!("{other} is none of the commands used here")),
        }
    }

    fn jump(&mut self, label: &str) -> Result<(), String> {
        self.jumps.insert(label.strip_prefix(':').ok_or("call of a program")?.to_owned());
        Ok(())
    }

    fn uses(&mut self, text: &str) -> Result<(), String> {
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            rest = &rest[at + 1..];
            if rest.starts_with('1') {
                rest = &rest[1..];
            } else if let Some(after) = rest.strip_prefix("~dp0") {
                rest = after;
            } else {
                let (name, after) = rest.split_once('%').ok_or("a single percent sign")?;
                self.used.insert(name.to_owned());
                rest = after;
            }
        }
        Ok(())
    }
}

#[test]
fn the_starters_hold_together() {
    for (path, text) in files().iter().filter(|(path, _)| path.ends_with(".cmd")) {
        let batch = Batch::read(text).unwrap_or_else(|why| panic!("{path}: {why}"));
        assert_eq!(batch.jumps, batch.labels, "{path}: every label is jumped to, every jump has one");
        let given = ["ERRORLEVEL".to_owned(), "SystemRoot".to_owned()];
        let unset: Vec<_> =
            batch.used.iter().filter(|name| !batch.set.contains(*name) && !given.contains(name)).collect();
        assert!(unset.is_empty(), "{path}: {unset:?}");
        let script = text.split("whiteglove\\").nth(1).unwrap().split(".ps1").next().unwrap();
        assert!(files().iter().any(|(file, _)| *file == format!("whiteglove/{script}.ps1")), "{path}: {script}");
    }
    for (bad, why) in [
        ("set A=1", "without quotation marks"),
        ("goto", ""),
        ("exit 1", "closes"),
        ("echo a > b", "special"),
        ("for %D in (C) do call :x %D", "two signs"),
        ("if exist \"%A\" goto x", "percent"),
        ("curl http://x", "none of"),
    ] {
        let read = Batch::read(bad);
        assert!(why.is_empty() || read.as_ref().is_err_and(|error| error.contains(why)), "{bad}: {read:?}");
    }
}
