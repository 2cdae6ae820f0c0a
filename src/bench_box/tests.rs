use super::*;

/// A box's settings, and the little of its root that they meet.
struct Box {
    folder: tempfile::TempDir,
}

impl Box {
    fn with(settings: &str, bench: &str) -> Self {
        let new = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["root/etc", "root/usr/share/zoneinfo/Europe", "run"] {
            fs::create_dir_all(new.at(folder)).unwrap();
        }
        fs::write(new.at("root/usr/share/zoneinfo/Europe/Oslo"), "TZif").unwrap();
        fs::write(new.at("root/etc/shadow"), "root:*:19000:0:99999:7:::\nwhiteglove:!:19000::::::\n").unwrap();
        for (name, text) in [(SETTINGS, settings), (BENCH_SETTINGS, bench)] {
            if !text.is_empty() {
                fs::write(new.at("run").join(name), text).unwrap();
            }
        }
        apply(&new.at("run"), "4F1C", &new.at("root")).unwrap();
        new
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn reads(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn problem(&self) -> Option<String> {
        fs::read_to_string(self.at("run/problem")).ok()
    }
}

#[test]
fn a_new_stick_says_nothing_and_the_box_has_a_name() {
    // The templates are all comments, with the line ends of the PC they are edited on.
    let lines = |text: &str| text.replace('\n', "\r\n");
    let templates = (lines(whiteglove_core::bench_box::TEMPLATE), lines(whiteglove_core::bench_box::BENCH_TEMPLATE));
    for (settings, bench) in [("", ""), (templates.0.as_str(), templates.1.as_str())] {
        let started = Box::with(settings, bench);
        assert_eq!(started.problem(), None);
        assert_eq!(started.reads("root/etc/hostname"), "whiteglove-4F1C\n");
        assert!(started.reads("run/bench.toml").starts_with("bench = 'whiteglove-4F1C'\n"));
        Config::check(&started.reads("run/bench.toml")).unwrap();
    }
}

#[test]
fn every_line_of_the_template_is_right_once_its_sign_is_taken_away() {
    let template = whiteglove_core::bench_box::TEMPLATE;
    let uncommented: String = template
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')))
        .map(|line| format!("{line}\n"))
        .collect();
    let filled = uncommented
        .replace("AAAA...", "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl")
        .replace("$y$...", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7");
    let started = Box::with(&filled, "");
    assert_eq!(started.problem(), None);
    assert_eq!(started.reads("root/etc/hostname"), "bench-oslo\n");
    let zone = fs::read_link(started.at("root/etc/localtime")).unwrap();
    assert_eq!(zone, Path::new("/usr/share/zoneinfo/Europe/Oslo"));
    let shadow = started.reads("root/etc/shadow");
    assert!(shadow.starts_with("root:$y$j9T$") && shadow.contains(":19000:0:99999:7:::\nwhiteglove:!:"), "{shadow}");
    let mode = |path: &str| fs::metadata(started.at(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("root/root/.ssh/authorized_keys"), 0o600);
    assert_eq!((mode("root/root/.ssh"), mode("root/etc/shadow"), mode("run/bench.toml")), (0o700, 0o640, 0o644));
}

#[test]
fn what_is_wrong_is_said_and_the_rest_holds() {
    let started = Box::with("hostname = 'bench-oslo'\ntimezone = 'Europe/Trondheim'\n", "batch = ''\n");
    let problem = started.problem().unwrap();
    assert!(
        problem.contains("box.toml on the stick is not right.") && problem.contains("Europe/Trondheim"),
        "{problem}"
    );
    assert!(problem.contains("whiteglove.toml on the stick is not right.") && problem.contains("'batch'"), "{problem}");
    assert_eq!(started.reads("root/etc/hostname"), "whiteglove-4F1C\n");
    assert_eq!(started.reads("run/bench.toml"), "bench = 'whiteglove-4F1C'\n");
}

#[test]
fn a_bench_that_has_a_name_keeps_it() {
    let started =
        Box::with("hostname = 'bench-oslo'", "bench = 'oslo-2'\n[[netboot]]\ninterface = 'e0'\nmode = 'proxy'\n");
    assert_eq!(started.problem(), None);
    assert!(started.reads("run/bench.toml").starts_with("bench = 'oslo-2'\n"));
    assert_eq!(started.reads("root/etc/hostname"), "bench-oslo\n");
}
