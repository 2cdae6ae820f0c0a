//! The invariants that a compiler does not check by itself.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Our crates and which of ours each depends on, not counting what only tests need.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        let normal = all.filter(|dependency| dependency["kind"].is_null());
        let names = normal.map(|dependency| dependency["name"].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("whiteglove")).collect();
        names.sort();
        names
    };
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), ours(package))).collect()
}

#[test]
fn arrows_point_down_only() {
    let expected = [
        ("whiteglove", vec!["whiteglove-core", "whiteglove-image", "whiteglove-tui"]),
        ("whiteglove-agent", vec!["whiteglove-core"]),
        ("whiteglove-core", vec![]),
        ("whiteglove-image", vec!["whiteglove-core"]),
        ("whiteglove-tui", vec!["whiteglove-core"]),
    ];
    let expected: BTreeMap<String, Vec<String>> =
        expected.map(|(name, on)| (name.to_owned(), on.into_iter().map(str::to_owned).collect())).into();
    assert_eq!(dependencies(), expected);
}

/// Rust files below a folder that are not tests, with their text up to a tests module.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !["tests", "core", "testing"].contains(&name) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") && !["tests.rs", "testing.rs"].contains(&name) {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
                files.push((path, code));
            }
        }
    }
    assert!(files.len() > 3, "{folder} has moved");
    files
}

fn users_of(folders: &[&str], needle: &str) -> Vec<String> {
    let all = folders.iter().flat_map(|folder| sources(folder));
    let with = all.filter(|(_, code)| code.contains(needle));
    let mut names: Vec<String> =
        with.map(|(path, _)| path.strip_prefix(root()).unwrap().display().to_string()).collect();
    names.sort();
    names
}

const SHIPPED: [&str; 4] = ["src", "image/src", "image/agent/src", "tui/src"];

#[test]
fn one_file_starts_programs() {
    assert_eq!(users_of(&SHIPPED, "Command::new"), ["src/process.rs"]);
}

#[test]
fn only_the_owner_changes_the_bench() {
    assert_eq!(users_of(&["src"], ".bench.apply("), ["src/appliance/mod.rs"]);
    // Folding a journal is the other way to a bench.
    assert_eq!(users_of(&["src"], "bench.apply("), ["src/appliance/mod.rs", "src/journal/sqlite.rs"]);
}

#[test]
fn only_the_fold_moves_a_device() {
    assert_eq!(users_of(&["src/core"], ".stage = "), ["src/core/bench/fold.rs", "src/core/device/change.rs"]);
    assert_eq!(users_of(&SHIPPED, ".stage = "), Vec::<String>::new());
}

#[test]
fn nothing_opens_a_disk_for_writing_without_a_permit() {
    // The one place that opens a block device for writing takes the permit as its argument.
    assert_eq!(users_of(&["src", "image/src", "tui/src"], "OFlags::EXCL"), ["image/src/disks.rs"]);
    let disks = fs::read_to_string(root().join("image/src/disks.rs")).unwrap();
    assert!(disks.contains("pub fn open(&self, permit: &ErasePermit)"));
}

#[test]
fn the_core_is_pure_by_lint() {
    let lints = fs::read_to_string(root().join("src/core/clippy.toml")).unwrap();
    for banned in ["SystemTime::now", "Instant::now", "std::fs::File", "std::net::UdpSocket", "std::process::Command"] {
        assert!(lints.contains(banned), "{banned}");
    }
}
