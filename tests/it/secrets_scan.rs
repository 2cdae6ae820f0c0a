//! Secrets of a whole run, looked for wherever they must not be: logs, journal, state folder, media, what front ends
//! see, what a crash leaves.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use memchr::memmem;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    Bench,
    cloud::{
        certificate::certificate,
        contract::Host,
        entra::Person,
        faults::Fault,
        site::{SECRET, Site, client, serials, tenant_id},
        world::Pace,
    },
    until,
};

/// What must not be found, and what it is.
struct Marks(Vec<(&'static str, Vec<Vec<u8>>)>);

impl Marks {
    fn new() -> Self {
        Self(Vec::new())
    }

    /// In every form in which it could be written down without anybody meaning it.
    fn add(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= 12, "{what} is too short to look for");
        let bytes = secret.as_bytes();
        let mut forms = vec![bytes.to_vec(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()];
        forms.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
        // As numbers of a list, which is how serde writes bytes.
        let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
        forms.extend([numbers.join(","), numbers.join(", ")].map(String::into_bytes));
        // Inside something longer that was encoded, at each of three places; its own ends depend on what stands there.
        for before in 0..3 {
            let shifted = [&[0; 2][..before], bytes].concat();
            let text = STANDARD_NO_PAD.encode(&shifted);
            let inner = &text[if before == 0 { 0 } else { before + 1 }..text.len() - 2];
            forms.extend([inner.to_owned(), inner.replace('+', "-").replace('/', "_")].map(String::into_bytes));
        }
        self.0.push((what, forms));
    }

    fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        let is_in = |forms: &Vec<Vec<u8>>| forms.iter().any(|form| memmem::find(bytes, form).is_some());
        self.0.iter().filter(|(_, forms)| is_in(forms)).map(|(what, _)| *what).collect()
    }

    /// Files below a folder and what is in them.
    fn found_below(&self, folder: &Path) -> Vec<(PathBuf, Vec<&'static str>)> {
        let files = files_below(folder).into_iter();
        let found = files.map(|path| {
            let found = self.found_in(&fs::read(&path).unwrap());
            (path, found)
        });
        found.filter(|(_, found)| !found.is_empty()).collect()
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files.extend(files_below(&path));
        } else if kind.is_file() {
            files.push(path);
        }
    }
    files
}

#[test]
fn the_scanner_finds_every_form() {
    let secret = "mark-of-a-secret-0001";
    let mut marks = Marks::new();
    marks.add("secret", secret);
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("innocent", b"mark-of-a-secret-0002 and nothing else");
    assert!(marks.found_below(folder.path()).is_empty());
    let around = |bytes: &[u8]| [b"x", bytes, b"y"].concat();
    let forms = [
        around(secret.as_bytes()),
        around(hex::encode(secret).as_bytes()),
        around(STANDARD_NO_PAD.encode(secret).as_bytes()),
        STANDARD_NO_PAD.encode(format!("a{secret}b")).into_bytes(),
        STANDARD_NO_PAD.encode(format!("ab{secret}")).into_bytes(),
        around(&secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
        serde_json::to_vec(secret.as_bytes()).unwrap(),
        format!("{:?}", secret.as_bytes()).into_bytes(),
    ];
    for (n, form) in forms.iter().enumerate() {
        write("guilty", form);
        let found = marks.found_below(folder.path());
        assert_eq!(found, [(folder.path().join("guilty"), vec!["secret"])], "form {n}");
    }
}

/// Runs a command where a core could be written, and ends it as a crash does; the files that it left.
fn crashed(command: &Command, then: impl FnOnce(u32)) -> usize {
    let folder = TempDir::new().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    let mut child = shell.current_dir(folder.path()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
    then(child.id());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.signal(), Some(6), "{status}");
    fs::read_dir(folder.path()).unwrap().count()
}

#[test]
fn a_crash_leaves_no_core() {
    let bench = Bench::without_boot_environment();
    let mut command = bench.command();
    command.arg("serve");
    let left = crashed(&command, |process| {
        bench.url();
        let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
    });
    assert_eq!(left, 0);
    // Where cores are written at all, another program leaves one under the same conditions.
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if !pattern.starts_with(['|', '/']) {
        let mut sleep = Command::new("sleep");
        sleep.arg("60");
        let started = |process| {
            let name = format!("/proc/{process}/comm");
            until("the program", || (fs::read_to_string(&name).unwrap() == "sleep\n").then_some(()));
        };
        assert_eq!(crashed(&sleep, started), 1);
    }
}

const PASSPHRASE: &str = "mark of the passphrase, violet 4711";

/// A log of a process, in the test's folder; everything that the process and its libraries can say.
fn logged(site: &Site, name: &str) -> Command {
    let serve = site.bench.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "log=$0; exec \"$@\" >\"$log\" 2>&1"]).arg(site.bench.folder.path().join(name));
    shell.arg(serve.get_program()).args(serve.get_args()).env("RUST_LOG", "trace");
    shell
}

#[test]
fn no_secret_of_a_run_is_found_where_it_must_not_be() {
    let customers = [("Contoso", "SALES"), ("Fabrikam", "HALL"), ("Litware", "LAB")];
    let mut site = Site::new(Pace { token_life: 20_000, ..Pace::QUICK }, &customers);
    site.bench.stop();
    let mut command = logged(&site, "first.log");
    command.env("CREDENTIALS_DIRECTORY", site.bench.folder.path());
    site.start_as(command);
    site.does(&json!({"sign-in": {"set-passphrase": {"passphrase": PASSPHRASE}}}));
    site.give_secret("Contoso");
    let folder = TempDir::new().unwrap();
    let (key, known) = certificate(folder.path(), "bench");
    let pem = [key.with_extension("pem"), key.clone()].map(|path| fs::read_to_string(path).unwrap()).concat();
    site.cloud.world().tenant(&tenant_id("Fabrikam")).apps[0].certificate = Some(known);
    site.set("Fabrikam", &client("Fabrikam"), &json!({"certificate": pem}));
    site.cloud.world().tenant(&tenant_id("Litware")).apps[0].person = Person::SignsIn(1);

    // The bench is restarted in the middle, and the vault opened again.
    let mut seen = Vec::new();
    let mut watch = |site: &Site| seen.extend(site.bench.snapshot().unwrap().to_string().into_bytes());
    for (n, (customer, _)) in customers.iter().enumerate() {
        if n == 1 {
            site.bench.kill();
            // No key of the system: a person opens the vault.
            let command = logged(&site, "second.log");
            site.start_as(command);
            let wrong = "mark of a wrong passphrase, green 1";
            site.ask(&json!({"sign-in": {"unlock": {"passphrase": wrong}}})).unwrap_err();
            site.does(&json!({"sign-in": {"unlock": {"passphrase": PASSPHRASE}}}));
        }
        if *customer == "Litware" {
            let begin = json!({
                "customer": customer, "service": "graph", "client_id": client(customer),
                "permissions": ["register", "watch"],
            });
            site.does(&json!({"sign-in": {"begin": begin}}));
        }
        site.arrive(customer, &serials(3, &customer[..2].to_uppercase()));
        site.register();
        watch(&site);
        site.cleared(3, Duration::from_secs(120));
        watch(&site);
    }
    // What could come back in an error: a page of a proxy, an answer that is cut.
    let tokens = || site.cloud.world().calls(Host::Entra, "POST", "/token").len();
    let before = tokens();
    for fault in [Fault::CutJson, Fault::ProxyPage(502), Fault::ClosedAfter] {
        site.cloud.world().faults.on(Host::Entra, "POST", "/token", 0, 1, fault);
    }
    let process = site.bench.process().unwrap();
    until("a token to be renewed", || {
        let said = site.ask(&json!({"sign-in": {"check": {"customer": "Fabrikam", "service": "graph"}}}));
        seen.extend(format!("{said:?}").into_bytes());
        thread::sleep(Duration::from_millis(500));
        (tokens() > before).then_some(())
    });
    let (stick, _) = site.bench.build_stick();
    assert!(stick.exists());
    for command in
        [&["devices", "--json"][..], &["journal", "verify"], &["batch", "list", "--all"], &["customer", "list"]]
    {
        seen.extend(site.bench.says(command).into_bytes());
    }
    for name in ["environ", "cmdline"] {
        seen.extend(fs::read(format!("/proc/{process}/{name}")).unwrap_or_default());
    }

    let mut marks = Marks::new();
    marks.add("client secret", SECRET);
    marks.add("passphrase", PASSPHRASE);
    marks.add("wrong passphrase", "mark of a wrong passphrase, green 1");
    let key: Vec<_> = pem.lines().skip_while(|line| !line.contains("PRIVATE KEY")).collect();
    for line in &key[1..key.len() - 2] {
        marks.add("private key", line);
    }
    let world = site.cloud.world();
    assert!(world.sign_ins.tokens.len() >= 4 && !world.sign_ins.refresh.is_empty());
    for token in world.sign_ins.tokens.keys() {
        // The last part is what makes it one.
        marks.add("access token", token.rsplit('.').next().unwrap());
    }
    world.sign_ins.refresh.keys().for_each(|token| marks.add("refresh token", token));
    world.sign_ins.given.iter().for_each(|given| marks.add("device code or assertion", given));
    drop(world);
    assert_eq!(marks.found_in(&seen), Vec::<&str>::new(), "in what front ends see");
    site.bench.stop();
    // Logs, journal, vault and all else that a bench keeps. What the test itself wrote there is not among it.
    fs::remove_file(site.bench.folder.path().join("whiteglove-vault")).unwrap();
    assert_eq!(marks.found_below(site.bench.folder.path()), []);
    let logs = ["first.log", "second.log"].map(|name| fs::metadata(site.bench.folder.path().join(name)).unwrap().len());
    assert!(logs.iter().all(|size| *size > 10_000), "the logs say nothing: {logs:?}");
}
