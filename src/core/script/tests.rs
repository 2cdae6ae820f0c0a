use std::collections::BTreeSet;

use tree_sitter::{Node, Parser};

use super::{batch::Batch, *};

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

#[test]
fn the_starters_hold_together() {
    for (path, text) in files().iter().filter(|(path, _)| path.ends_with(".cmd")) {
        let batch = Batch::read(text).unwrap_or_else(|why| panic!("{path}: {why}"));
        assert_eq!(batch.jumps, batch.labels, "{path}: every label is jumped to, every jump has one");
        let given = ["ERRORLEVEL".to_owned(), "SystemRoot".to_owned()];
        let unset: Vec<_> =
            batch.used.iter().filter(|name| !batch.set.contains(*name) && !given.contains(name)).collect();
        assert!(unset.is_empty(), "{path}: {unset:?}");
        assert_eq!(batch.bare.iter().collect::<Vec<_>>(), ["RESULT"], "{path}: a value that may be anything");
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
        ("set /p A=", "keyboard"),
        ("if %A%==1 goto x", "without quotation marks"),
        ("ping %A% & format", "special"),
        ("call :x \"a\" & y", "call with a value"),
        ("for %%D in (C) do (\r\ngoto x", "not closed"),
    ] {
        let read = Batch::read(bad);
        assert!(why.is_empty() || read.as_ref().is_err_and(|error| error.contains(why)), "{bad}: {read:?}");
    }
}
