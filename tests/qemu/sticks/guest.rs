//! A bench of the test's own: Debian's kernel in QEMU, the whiteglove that was just built, and a hub whose
//! sticks the test plugs in and pulls out. Here the kernel has everything that sticks go through:
//! xHCI, USB storage, SCSI, `O_DIRECT`, vfat.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use whiteglove_image::initramfs::Initramfs;

use super::stick::{Kind, Stick};
use crate::{
    boot::results,
    qmp::Qmp,
    support::{tool, until},
};

/// For what is said next. The processor is emulated, and its host may be doing something else.
const NEXT: Duration = Duration::from_secs(180);

/// The guest's first program. The first serial port is the kernel's, the second takes one command a line, the
/// third carries what bench mode tells.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin:/tools HOME=/tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
for module in $(cat /lib/modules/*/modules.preload) virtio_blk; do modprobe $module; done 2>/dev/null
until [ -b /dev/vda ] && [ -b /dev/vdb ]; do sleep 0.1; done
mount -t vfat -o ro,umask=022 /dev/vda /tools
mkdir -m 700 /tmp/state && cp /tools/*.key /tmp/state && chmod 600 /tmp/state/*
for port in 1 2; do stty -F /dev/ttyS$port raw -echo; done
exec </dev/ttyS1 >/dev/ttyS1 2>&1 3>/dev/ttyS2
echo '@ 0'
while read -r line; do sh -c "$line" </dev/null; echo "@ $?"; done
"#;

pub(crate) struct Guest {
    name: &'static str,
    qemu: Child,
    qmp: Qmp,
    shell: BufReader<UnixStream>,
    events: BufReader<UnixStream>,
    /// What bench mode told and no one has asked for yet.
    told: Vec<Value>,
    began: Instant,
}

/// A line of a program's, without its end.
fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("the guest says nothing");
    assert!(line.ends_with('\n'), "the guest ended after {line:?}");
    line.truncate(line.trim_end().len());
    line
}

/// The libraries a program of this machine is linked with, and what loads them.
fn libraries(program: &str) -> Vec<PathBuf> {
    let (found, listing) = tool("ldd", &[program]);
    assert!(found, "{listing}");
    let paths = listing.split_whitespace().filter(|word| word.starts_with('/'));
    paths.map(|path| path.trim_end_matches(':').into()).filter(|path: &PathBuf| path.is_file()).collect()
}

/// The boot environment's own initramfs with our first program over it: its modules are what we want.
fn initramfs(environment: &Path, whiteglove: &str) -> Vec<u8> {
    let (_, busybox) = tool("sh", &["-c", "command -v busybox"]);
    let busybox = busybox.trim();
    let mut over = Initramfs::default();
    over.directory("tools");
    over.file("init", INIT.into(), 0o755);
    over.file("bin/busybox", fs::read(busybox).unwrap(), 0o755);
    for library in [libraries(busybox), libraries(whiteglove)].concat() {
        over.file(library.to_str().unwrap().trim_start_matches('/'), fs::read(&library).unwrap(), 0o755);
    }
    let mut initramfs = fs::read(environment.join("initrd.zst")).unwrap();
    // The kernel looks for the next archive at a multiple of four.
    initramfs.resize(initramfs.len().next_multiple_of(4), 0);
    initramfs.extend(over.cpio().unwrap());
    initramfs
}

impl Guest {
    /// Boots with `image` as `/dev/vdb`. It is the bench whose folder this is: it has its keys, and its files are there.
    pub(crate) fn boot(name: &'static str, folder: &Path, environment: &Path, image: &Path) -> Self {
        let whiteglove = env!("CARGO_BIN_EXE_whiteglove");
        let at = |file: &str| folder.join(file).display().to_string();
        fs::write(folder.join("initrd"), initramfs(environment, whiteglove)).unwrap();
        fs::write(folder.join("config.toml"), "bench = 'guest'\nlisten = '127.0.0.1:0'\nmdns = false\n").unwrap();
        let tools = at("tools.img");
        File::create(&tools).unwrap().set_len(300 << 20).unwrap();
        let keys = format!("mcopy -i '{tools}' '{}'/*.key ::", at("state"));
        let copied = [
            tool("mkfs.vfat", &["-F", "32", &tools]),
            tool("sh", &["-c", &keys]),
            tool("mcopy", &["-i", &tools, whiteglove, &at("config.toml"), "::"]),
        ];
        assert!(copied.iter().all(|(done, _)| *done), "{copied:?}");

        let log = |kind: &str| results().join(format!("{name}.{kind}.log"));
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-name", name, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
        command.args(["-accel", "tcg", "-machine", "q35,graphics=off", "-cpu", "max", "-m", "1024"]);
        command.arg("-kernel").arg(environment.join("vmlinuz")).args(["-initrd", &at("initrd")]);
        command.args(["-append", "console=ttyS0 panic=-1"]);
        command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", at("qmp")));
        command.arg("-serial").arg(format!("file:{}", log("serial").display()));
        for port in ["shell", "events"] {
            command.args(["-serial", &format!("unix:{},server=on,wait=off", at(port))]);
        }
        for disk in [&tools, &image.display().to_string()] {
            command.args(["-drive", &format!("if=virtio,format=raw,readonly=on,file={disk}")]);
        }
        // Ports for both speeds of a stick; a hub of this size is what a bench has.
        command.args(["-device", "qemu-xhci,id=hub,p2=15,p3=15"]);
        let words = File::create(log("qemu")).unwrap();
        let mut qemu = command.stdin(Stdio::null()).stdout(words.try_clone().unwrap()).stderr(words).spawn().unwrap();
        let qmp = until("QEMU", || {
            let ended = qemu.try_wait().unwrap();
            assert!(ended.is_none(), "QEMU did not start: {}", fs::read_to_string(log("qemu")).unwrap());
            Qmp::connect(&folder.join("qmp")).ok()
        });
        let port = |name: &str| {
            let stream = UnixStream::connect(folder.join(name)).unwrap();
            stream.set_read_timeout(Some(NEXT)).unwrap();
            BufReader::new(stream)
        };
        let (shell, events) = (port("shell"), port("events"));
        let mut guest = Self { name, qemu, qmp, shell, events, told: vec![], began: Instant::now() };
        guest.answer();
        guest
    }

    /// Runs a line of shell; what it says, and whether it is content.
    pub(crate) fn run(&mut self, command: &str) -> (bool, String) {
        writeln!(self.shell.get_mut(), "{command}").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> (bool, String) {
        let mut text = String::new();
        loop {
            let line = line(&mut self.shell);
            if let Some(status) = line.strip_prefix("@ ") {
                return (status == "0", text);
            }
            text += &line;
            text.push('\n');
        }
    }

    /// A command that must succeed.
    pub(crate) fn says(&mut self, command: &str) -> String {
        let (done, text) = self.run(command);
        assert!(done, "{command}: {text}");
        text
    }

    pub(crate) fn whiteglove(&mut self, arguments: &str) -> String {
        self.says(&whiteglove(arguments))
    }

    /// How fast sticks of this throttle are, in bytes a second, for all of them together.
    pub(crate) fn throttle(&mut self, throttle: &str, rate: u64) {
        let limits = json!({"bps-total": rate});
        self.qmp.ask("object-add", &json!({"qom-type": "throttle-group", "id": throttle, "limits": limits}));
    }

    pub(crate) fn plug(&mut self, stick: &Stick) {
        self.qmp.ask("blockdev-add", &stick.node());
        let name = stick.name;
        let mut device = json!({"driver": "usb-storage", "id": name, "bus": "hub.0", "drive": name, "serial": name});
        device["removable"] = (stick.kind != Kind::Fixed).into();
        self.qmp.ask("device_add", &device);
    }

    /// Pulls a stick out, whatever it is doing. What it had taken until then is in its file.
    pub(crate) fn pull(&mut self, stick: &Stick) {
        self.qmp.ask("device_del", &json!({"id": stick.name}));
        self.qmp.waits_for("DEVICE_DELETED", stick.name);
        until("QEMU to let go of the file", || {
            self.qmp.try_ask("blockdev-del", &json!({"node-name": stick.name})).ok()
        });
    }

    /// Plugs it in and waits until the guest has made a disk of it: its path.
    pub(crate) fn plug_and_find(&mut self, stick: &Stick) -> String {
        self.plug(stick);
        until("the stick to be a disk", || {
            let disks = self.whiteglove("media disks");
            let line = disks.lines().find(|line| line.contains(&format!("serial {}  ", stick.name)))?;
            line.split_whitespace().find(|word| word.starts_with("/dev/")).map(str::to_owned)
        })
    }

    /// Arms bench mode, which then runs until it ends by itself. `before` is a stick that is plugged in already.
    pub(crate) fn arm(&mut self, sizes: &str, more: &str, before: &Stick) {
        let arguments = format!("media bench /dev/vdb --json --size {sizes} --confirm 'erase {sizes}' {more}");
        self.says(&format!("{} >/dev/ttyS2 2>/tmp/bench.log &", whiteglove(&arguments)));
        // What was there before is not meant by the consent. That it says so is the sign that it is armed.
        let left = self.end_of(before);
        assert!(
            left["event"] == "declined" && left["problem"]["next"].to_string().contains("plug it in again"),
            "{left}"
        );
    }

    fn hear(&mut self) -> Value {
        let line = line(&mut self.events);
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
    }

    /// The next event that is like this; those before it stay for whoever asks for them.
    pub(crate) fn tells(&mut self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            if let Some(at) = self.told.iter().position(&is) {
                return self.told.remove(at);
            }
            assert!(began.elapsed() < NEXT, "waited in vain for {what} in {:?}", self.told);
            let event = self.hear();
            self.told.push(event);
        }
    }

    /// What became of a stick.
    pub(crate) fn end_of(&mut self, stick: &Stick) -> Value {
        let ends = |event: &Value| {
            event["stick"]["serial"] == stick.name
                && ["ready", "failed", "declined"].iter().any(|kind| event["event"] == *kind)
        };
        self.tells(stick.name, ends)
    }

    /// Waits until so many bytes of a stick's task are done.
    pub(crate) fn reaches(&mut self, stick: &Stick, task: &str, bytes: u64) {
        let begun = |event: &Value| event["event"] == "begun" && event["stick"]["serial"] == stick.name;
        let position = self.tells("the beginning", begun)["position"].clone();
        let far = |event: &Value| {
            event["event"] == "progress"
                && event["position"] == position
                && event["task"] == task
                && event["done"].as_u64() >= Some(bytes)
        };
        self.tells(task, far);
    }

    /// Digests of all files of a partition as the guest's kernel reads them, by path in lower case.
    pub(crate) fn files_on(&mut self, partition: &str) -> BTreeMap<String, String> {
        let listing = self.says(&format!(
            "mount -t vfat -o ro {partition} /mnt && cd /mnt && find . -type f -exec sha256sum {{}} + && cd / && umount /mnt"
        ));
        super::files(&listing)
    }
}

fn whiteglove(arguments: &str) -> String {
    format!("/tools/whiteglove --config /tools/config.toml --state /tmp/state {arguments}")
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        if std::thread::panicking() {
            let serial = results().join(format!("{}.serial.log", self.name));
            let text = fs::read(serial).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(30)..].join("\n");
            eprintln!("--- the guest's kernel, last lines ---\n{tail}\n--- after {:?} ---", self.began.elapsed());
            eprintln!("--- told and not asked for ---\n{:?}", self.told);
        }
    }
}
