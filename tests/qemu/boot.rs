//! One time that a laptop is switched on: what it says on its serial port, what its screen shows,
//! which keys are pressed, and how it ends.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    laptop::Laptop,
    qmp::Qmp,
    support::{PATIENCE, until},
    tpm::Emulator,
};

/// An emulated processor, and a host that may be doing something else. A whole Debian takes a minute.
const A_BOOT: Duration = Duration::from_secs(300);

/// Whether the laptop's cables lead anywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cable {
    In,
    Out,
}

pub(crate) struct Boot {
    name: &'static str,
    qemu: Child,
    _tpm: Option<Emulator>,
    qmp: Qmp,
    power_on: Instant,
}

/// Where logs and pictures stay, for a person to look at.
pub(crate) fn results() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("qemu");
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Laptop {
    /// Switches it on with the stick in it.
    pub(crate) fn boot(&self, name: &'static str, stick: &Path, cable: Cable) -> Boot {
        let socket = self.path("qmp.sock");
        let _ = fs::remove_file(&socket);
        let log = |kind: &str| results().join(format!("{name}.{kind}.log"));
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-name", name, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-S"]);
        command.arg("-serial").arg(format!("file:{}", log("serial").display()));
        command.arg("-qmp").arg(format!("unix:{},server=on,wait=off", socket.display()));
        command.args(self.arguments(stick));
        let tpm = self.tpm.as_ref().map(|tpm| tpm.start());
        if let Some(tpm) = &tpm {
            command.arg("-chardev").arg(format!("socket,id=tpm,path={}", tpm.control.display()));
            command.args(["-tpmdev", "emulator,id=tpm,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm"]);
        }
        if let Some(tap) = &self.cable {
            command = tap.inside(&command);
        }
        let words = File::create(log("qemu")).unwrap();
        let qemu = command.stdin(Stdio::null()).stdout(words.try_clone().unwrap()).stderr(words).spawn().unwrap();
        // From here on it is killed whatever happens.
        let mut starting = Starting(Some(qemu));
        let qmp = until("QEMU", || {
            let ended = starting.0.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "QEMU did not start: {}", fs::read_to_string(log("qemu")).unwrap());
            Qmp::connect(&socket).ok()
        });
        let mut boot = Boot { name, qemu: starting.0.take().unwrap(), _tpm: tpm, qmp, power_on: Instant::now() };
        for number in 0..self.nics.len() {
            boot.qmp.ask("set_link", &json!({"name": format!("nic{number}"), "up": cable == Cable::In}));
        }
        boot.power_on = Instant::now();
        boot.qmp.ask("cont", &json!({}));
        boot
    }
}

struct Starting(Option<Child>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(qemu) = &mut self.0 {
            let _ = qemu.kill();
            let _ = qemu.wait();
        }
    }
}

/// A line of the agent's.
#[derive(Debug)]
pub(crate) struct Line {
    /// Seconds since its kernel started.
    pub(crate) at: f64,
    /// Seconds since power-on, by our clock; as late as we looked.
    pub(crate) seen: f64,
    pub(crate) text: String,
}

impl Boot {
    /// Waits for the agent to say something that begins with this.
    pub(crate) fn says(&mut self, beginning: &str) -> Line {
        self.until(beginning, |log| {
            log.lines().find_map(|line| {
                let (stamp, text) = line.split_once("whiteglove: ")?;
                let at = stamp.rsplit_once('[')?.1.trim_end_matches([']', ' ']).trim().parse().ok()?;
                text.starts_with(beginning).then(|| (at, text.trim_end().to_owned()))
            })
        })
    }

    /// Waits for the firmware, the boot loader or anybody to say this.
    pub(crate) fn prints(&mut self, words: &str) {
        self.until(words, |log| log.contains(words).then(|| (0.0, String::new())));
    }

    fn until(&mut self, what: &str, find: impl Fn(&str) -> Option<(f64, String)>) -> Line {
        loop {
            let seen = self.power_on.elapsed();
            // Looked at before the log, so that its last words are not missed.
            let ended = self.qemu.try_wait().unwrap();
            if let Some((at, text)) = find(&self.serial()) {
                return Line { at, seen: seen.as_secs_f64(), text };
            }
            assert!(ended.is_none(), "the laptop is off and did not say '{what}'");
            assert!(seen < A_BOOT, "waited in vain for the laptop to say '{what}'");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Seconds since power-on.
    pub(crate) fn seconds(&self) -> f64 {
        self.power_on.elapsed().as_secs_f64()
    }

    /// Presses the button once, as whoever wants it to switch off in order.
    pub(crate) fn power_button(&mut self) {
        self.qmp.ask("system_powerdown", &json!({}));
    }

    pub(crate) fn serial(&self) -> String {
        let log = fs::read(results().join(format!("{}.serial.log", self.name))).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// A photo of the screen, once the agent has had time to draw it.
    pub(crate) fn photograph(&mut self) -> PathBuf {
        thread::sleep(Duration::from_millis(1500));
        let picture = results().join(format!("{}.png", self.name));
        self.qmp.ask("screendump", &json!({"filename": picture, "format": "png"}));
        picture
    }

    /// Waits until most of the screen is blue, as Memtest86+ has it.
    pub(crate) fn turns_blue(&mut self) {
        let picture = results().join(format!("{}.ppm", self.name));
        let began = Instant::now();
        loop {
            self.qmp.ask("screendump", &json!({"filename": picture}));
            let bytes = fs::read(&picture).unwrap();
            // `P6`, width and height, depth: a line each; then red, green and blue, a byte each.
            let pixels = bytes.splitn(4, |byte| *byte == b'\n').nth(3).unwrap_or_default().as_chunks::<3>().0;
            // One palette has it as a8, another as aa.
            let blue = pixels.iter().filter(|[red, green, blue]| *red == 0 && *green == 0 && *blue > 0xa0).count();
            if blue > pixels.len() / 2 {
                return;
            }
            assert!(began.elapsed() < A_BOOT, "the screen stays as {} has it", picture.display());
            thread::sleep(Duration::from_millis(200));
        }
    }

    pub(crate) fn press(&mut self, key: &str) {
        self.qmp.ask("send-key", &json!({"keys": [{"type": "qcode", "data": key}]}));
    }

    /// Otherwise a restart counts as its end.
    pub(crate) fn stays_on_when_restarted(&mut self) {
        self.qmp.ask("set-action", &json!({"reboot": "reset"}));
    }

    /// Waits until the laptop has switched itself off; not restarted, not crashed.
    pub(crate) fn ends(mut self) {
        let began = Instant::now();
        while self.qemu.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "the laptop stays on");
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(self.qmp.shutdown_reason().as_deref(), Some("guest-shutdown"));
    }
}

impl Drop for Boot {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
        if thread::panicking() {
            let serial = self.serial();
            let lines: Vec<&str> = serial.lines().collect();
            let tail = lines[lines.len().saturating_sub(40)..].join("\n");
            let words = fs::read_to_string(results().join(format!("{}.qemu.log", self.name))).unwrap_or_default();
            eprintln!("--- serial port of '{}', last lines ---\n{tail}\n--- QEMU's words ---\n{words}---", self.name);
        }
    }
}
