//! A bench in a folder of its own, and laptops that speak to it.

pub(crate) mod cloud;
#[path = "../../../image/src/testing/digests.rs"]
pub(crate) mod digests;
pub(crate) mod laptop;
pub(crate) mod relay;
pub(crate) mod segment;
pub(crate) mod windows_iso;
pub(crate) mod windows_program;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    ops::Range,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use whiteglove_core::media_card::MediaCard;

/// Generous: the machine may be compiling something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) config: String,
    child: Option<Child>,
}

/// The two ends of time a test waits for.
pub(crate) fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What a tool that we did not write says, and whether it is content.
pub(crate) fn tool(program: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|_| panic!("{program} is missing"));
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Where a partition of an image lies, in bytes, as sgdisk sees it.
pub(crate) fn partition(image: &Path, number: u32) -> Range<u64> {
    let (_, table) = tool("sgdisk", &["-i", &number.to_string(), image.to_str().unwrap()]);
    let sector = |name: &str| -> u64 {
        let value = table.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{table}"));
        value.split_whitespace().next().unwrap().parse().unwrap()
    };
    sector("First sector: ") * 512..(sector("Last sector: ") + 1) * 512
}

impl Bench {
    /// A state folder with a boot environment that checks out; nothing runs yet.
    pub(crate) fn new() -> Self {
        let bench = Self::without_boot_environment();
        make_boot_environment(&bench.boot_environment());
        bench
    }

    /// Nothing runs yet, and no stick can be built.
    pub(crate) fn without_boot_environment() -> Self {
        let config = "bench = 'test'\nbatch = 'spring'\nlisten = '127.0.0.1:0'\nmdns = false\n".to_owned();
        Self { folder: TempDir::new().unwrap(), config, child: None }
    }

    pub(crate) fn boot_environment(&self) -> PathBuf {
        self.state().join("bootenv")
    }

    pub(crate) fn started() -> Self {
        let mut bench = Self::new();
        bench.start();
        bench
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn command(&self) -> Command {
        let config = self.folder.path().join("config.toml");
        fs::write(&config, &self.config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_whiteglove"));
        command
            .arg("--config")
            .arg(config)
            .arg("--state")
            .arg(self.state())
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Runs a command that must succeed; its standard output.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must fail; what it tells the person.
    pub(crate) fn complains(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} succeeded: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn devices(&self) -> Vec<Value> {
        serde_json::from_str(&self.says(&["devices", "--json"])).unwrap()
    }

    pub(crate) fn start(&mut self) {
        let command = self.command();
        self.spawn(command);
        self.url();
    }

    /// Starts `serve` by a command of the test's own making; its process id.
    pub(crate) fn spawn(&mut self, mut command: Command) -> u32 {
        let child = command.arg("serve").stderr(Stdio::null()).spawn().unwrap();
        let id = child.id();
        self.child = Some(child);
        id
    }

    pub(crate) fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Where the endpoint listens now, from the control socket.
    pub(crate) fn url(&self) -> String {
        until("the endpoint", || {
            let snapshot = self.snapshot()?;
            Some(snapshot["endpoints"][0].as_str()?.to_owned())
        })
    }

    pub(crate) fn snapshot(&self) -> Option<Value> {
        let mut control = Control::connect(&self.state()).ok()?;
        Some(control.until("snapshot"))
    }

    /// As power loss ends it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// As a person ends it; must be prompt and in order.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = until("an orderly end", || child.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }

    /// Builds a stick image and reads the card off it, as the agent does.
    pub(crate) fn build_stick(&self) -> (PathBuf, MediaCard) {
        let image = self.folder.path().join(format!("stick-{}.img", fs::read_dir(self.folder.path()).unwrap().count()));
        self.says(&["media", "build", "--out", image.to_str().unwrap()]);
        let card = card_of(&image);
        (image, card)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Lines of JSON over the control socket.
pub(crate) struct Control {
    reader: BufReader<UnixStream>,
}

impl Control {
    pub(crate) fn connect(state: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(state.join("control.sock"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    pub(crate) fn send(&mut self, command: &Value) {
        writeln!(self.reader.get_mut(), "{command}").unwrap();
    }

    /// Asks for something; what is told when it is done, or the problem.
    pub(crate) fn told(&mut self, command: &Value) -> Result<String, Value> {
        self.send(command);
        loop {
            let update = self.next();
            if let Some(done) = update.get("done") {
                return Ok(done.as_str().unwrap().to_owned());
            }
            if let Some(problem) = update.get("problem") {
                return Err(problem.clone());
            }
        }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.reader.read_line(&mut line).unwrap() > 0, "the bench hung up");
        serde_json::from_str(&line).unwrap()
    }

    /// The next update of that kind.
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        loop {
            let mut update = self.next();
            if let Some(value) = update.get_mut(kind) {
                return value.take();
            }
        }
    }
}

/// `/boot/media.cpio` of an image, through mtools, which we did not write.
pub(crate) fn card_of(image: &Path) -> MediaCard {
    let at = format!("{}@@1M", image.display());
    let output = Command::new("mcopy").args(["-n", "-i", &at, "::/boot/media.cpio", "-"]).output();
    let archive = output.expect("mtools is installed by scripts/test").stdout;
    let text = String::from_utf8_lossy(&archive).into_owned();
    let json = &text[text.find('{').unwrap()..];
    // Another file follows it.
    serde_json::Deserializer::from_str(json).into_iter().next().unwrap().unwrap()
}

/// Files of the right names whose digests match; nothing here boots.
fn make_boot_environment(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let uefi = ["shimx64.efi", "mmx64.efi", "grubx64.efi", "grubnetx64.efi", "vmlinuz", "initrd.zst"];
    let others = ["undionly.kpxe", "memtest.efi", "memtest.bin"];
    let files = uefi.into_iter().chain(others).map(|name| {
        let bytes = format!("{name} of the tests\n").repeat(5_000).into_bytes();
        fs::write(folder.join(name), &bytes).unwrap();
        json!({"name": name, "size": bytes.len(), "sha256": hex::encode(Sha256::digest(&bytes)), "source": "test 1"})
    });
    let files: Vec<Value> = files.collect();
    let manifest = json!({
        "format": 1, "kernel_release": "6.12-test", "files": files, "modules": [], "initrd_budget_bytes": 10_000_000,
    });
    fs::write(folder.join("bootenv.json"), manifest.to_string()).unwrap();
}
