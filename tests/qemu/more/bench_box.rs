//! The bench box from the PC's end: real firmware with Secure Boot on starts our stick, the board comes up on its
//! screen, and what the bench was told is there after a power cut and after an update of the stick.

use std::{
    env, fs,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    net::TcpListener,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use whiteglove_core::disk::{Bus, Disk, ErasePermit, Policy};
use whiteglove_image::write::{self, source::Image, update};

use crate::{
    boot::{Boot, Cable},
    environment,
    laptop::Laptop,
    support::{Bench, partition, tool},
};

/// A stick is larger than its image.
const STICK: u64 = 4 << 30;
const SSH: Duration = Duration::from_secs(240);

/// A bench at which sticks are built, a stick in a file, and the PC that becomes a box.
struct Site {
    bench: Bench,
    pc: Laptop,
    stick: PathBuf,
    ssh: u16,
    http: u16,
}

impl Site {
    fn new() -> Option<Self> {
        env::var("WHITEGLOVE_ALL").ok().filter(|all| !all.is_empty())?;
        environment()?;
        let parts =
            env::var("WHITEGLOVE_BOX").expect("scripts/test --all sets WHITEGLOVE_BOX to what scripts/box made");
        let bench = Bench::without_boot_environment();
        fs::create_dir_all(bench.state()).unwrap();
        std::os::unix::fs::symlink(fs::canonicalize(parts).unwrap(), bench.state().join("box")).unwrap();
        let mut pc = Laptop::bare(&bench.folder.path().join("pc"), 0x1234_5678);
        let (ssh, http) = (free_port(), free_port());
        pc.forwards = vec![(ssh, 22), (http, 8780)];
        let key = bench.folder.path().join("key");
        let (made, report) = tool("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", key.to_str().unwrap()]);
        assert!(made, "{report}");
        let stick = bench.folder.path().join("stick");
        Some(Self { bench, pc, stick, ssh, http })
    }

    fn build(&self, name: &str) -> PathBuf {
        let image = self.bench.folder.path().join(name);
        self.bench.says(&["media", "build", "--kind", "box", "--out", image.to_str().unwrap()]);
        image
    }

    fn open_stick(&self) -> File {
        File::options().read(true).write(true).create(true).truncate(false).open(&self.stick).unwrap()
    }

    fn permit(&self, image: &Path) -> ErasePermit {
        let named = Disk {
            path: self.stick.clone(),
            number: (8, 16),
            size_bytes: STICK,
            sector_size: 512,
            vendor: "Test".into(),
            model: "Stick".into(),
            serial: String::new(),
            bus: Bus::Usb,
            removable: true,
            read_only: false,
            diskseq: None,
            mounted: vec![],
            holders: vec![],
            is_system: false,
        };
        ErasePermit::confirm(named, "Stick", fs::metadata(image).unwrap().len(), Policy::default()).unwrap()
    }

    fn write(&self, image: &Path) {
        self.open_stick().set_len(STICK).unwrap();
        write::write(image, self.permit(image), |_| Ok(self.open_stick()), &mut |_| Ok(()), &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap();
    }

    fn update(&self, image: &Path) -> update::Updated {
        let newer = Image::open(image).unwrap();
        let (mut settle, mut watch) = (|_: &mut File| Ok(()), |_| ControlFlow::Continue(()));
        update::update(newer, self.permit(image), |_| Ok(self.open_stick()), &mut settle, None, false, &mut watch)
            .unwrap()
    }

    /// As a person edits it in any PC: a key for SSH, a time zone, a name.
    fn edit_settings(&self) {
        let public = fs::read_to_string(self.bench.folder.path().join("key.pub")).unwrap();
        let text = format!(
            "hostname = \"bench-oslo\"\r\ntimezone = \"Europe/Oslo\"\r\nssh_keys = [\"{}\"]\r\n",
            public.trim()
        );
        let file = self.bench.folder.path().join("box.toml");
        fs::write(&file, text).unwrap();
        let at = format!("{}@@{}", self.stick.display(), partition(&self.stick, 2).start);
        let (written, report) = tool("mcopy", &["-o", "-i", &at, file.to_str().unwrap(), "::/box.toml"]);
        assert!(written, "{report}");
    }

    /// Runs a command in the box, as root from afar. The box's key must be the same every time.
    fn inside(&self, command: &str) -> String {
        let at = |name: &str| self.bench.folder.path().join(name).display().to_string();
        let began = Instant::now();
        loop {
            let output = Command::new("ssh")
                .args(["-F", "none", "-i", &at("key"), "-p", &self.ssh.to_string(), "-o", "BatchMode=yes"])
                .args(["-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=20"])
                .args(["-o", &format!("UserKnownHostsFile={}", at("known")), "root@127.0.0.1", command])
                .output()
                .unwrap();
            let (said, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            // 255: not of the command, but of the way there, which is up later than the board.
            if output.status.code() != Some(255) {
                assert!(output.status.success(), "{command}: {said}{words}");
                return said.into_owned();
            }
            assert!(!words.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "the box has another key: {words}");
            assert!(began.elapsed() < SSH, "{command}: {words}");
            thread::sleep(Duration::from_secs(1));
        }
    }

    fn bench_inside(&self, command: &str) -> String {
        self.inside(&format!("whiteglove {command}"))
    }

    /// What the bench says of itself on the network.
    fn health(&self) -> Value {
        let url = format!("http://127.0.0.1:{}/health", self.http);
        let (answered, words) = tool("curl", &["-sS", "-m", "30", "--retry", "5", "--retry-all-errors", &url]);
        assert!(answered, "{words}");
        serde_json::from_str(&words).unwrap()
    }

    /// Tells the bench what a customer ordered; what it knows then.
    fn order(&self) -> Value {
        self.inside("printf 'Serial Number\\nPF4711WG\\n' >/run/order.csv");
        assert!(self.bench_inside("order import /run/order.csv").contains("1 new"));
        let known = self.known();
        assert_eq!(known["lines"][0]["expected"]["serial"], "PF4711WG");
        known
    }

    fn known(&self) -> Value {
        serde_json::from_str(&self.bench_inside("order list --json")).unwrap()
    }
}

/// Free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn board_is_up(boot: &mut Boot) -> f64 {
    // The board on the serial port, a terminal of 80x24, is that of the screen: where laptops report to.
    boot.prints("http://10.0.2.15:8780");
    let seconds = boot.seconds();
    boot.photograph();
    seconds
}

#[test]
fn a_pc_started_from_the_stick_is_a_bench_and_stays_it() {
    let Some(site) = Site::new() else { return };
    let first = site.build("first.img");
    site.write(&first);
    site.edit_settings();
    let untouched = site.pc.content_of_disks();

    // The first start makes what is kept.
    let mut boot = site.pc.boot("box-first", &site.stick, Cable::In);
    let seconds = board_is_up(&mut boot);
    eprintln!("{{\"box_power_on_to_board_s\": {seconds:.1}, \"image_bytes\": {}}}", allocated(&first));
    assert_eq!(site.inside("cat /sys/kernel/security/lockdown").trim(), "none [integrity] confidentiality");
    assert_eq!(site.inside("systemctl is-system-running --wait || systemctl --failed --no-legend").trim(), "running");
    assert_eq!(site.inside("hostname").trim(), "bench-oslo");
    assert!(["CET", "CEST"].contains(&site.inside("date +%Z").trim()));
    assert_eq!(site.inside("stat -c %U /proc/$(systemctl show -P MainPID whiteglove)").trim(), "whiteglove");
    // All of the stick behind its image, up to the writer's last MiB.
    let kept = partition(&site.stick, 3);
    assert_eq!(kept.end, STICK - (1 << 20));
    assert_eq!(site.inside("findmnt -n -o SOURCE,FSTYPE /srv/box").split_whitespace().last(), Some("ext4"));
    let health = site.health();
    assert_eq!((&health["bench"], &health["devices"]), (&"bench-oslo".into(), &0.into()));

    // What it was told is kept whatever happens next, and that is a power cut.
    let known = site.order();
    site.inside("logger --tag test kept-line; journalctl --sync");
    drop(boot);

    let mut boot = site.pc.boot("box-again", &site.stick, Cable::In);
    board_is_up(&mut boot);
    assert_eq!(site.known(), known);
    assert!(site.bench_inside("journal verify").contains("The journal is whole"));
    assert_eq!(site.health()["box_key"], health["box_key"]);
    // And the log of its first start.
    assert!(site.inside("journalctl -q -t test -o cat --no-pager").contains("kept-line"));
    boot.power_button();
    boot.ends();

    // A newer image: other files to start from, the same bench.
    let newer = site.build("newer.img");
    assert!(site.update(&newer).changed > 0);
    assert_eq!(partition(&site.stick, 3), kept);
    let mut boot = site.pc.boot("box-updated", &site.stick, Cable::In);
    board_is_up(&mut boot);
    assert_eq!(site.known(), known);
    let now = site.health();
    assert_eq!((&now["bench"], &now["box_key"]), (&health["bench"], &health["box_key"]));
    boot.power_button();
    boot.ends();
    assert!(site.pc.content_of_disks() == untouched, "the PC's own disks were written to");
}

#[test]
fn what_is_not_the_boxes_own_is_left_alone_and_the_screen_says_so() {
    let Some(site) = Site::new() else { return };
    site.write(&site.build("box.img"));
    let kept = partition(&site.stick, 3);
    let foreign = b"something that somebody may still want\n".repeat(2_000);
    let mut stick = site.open_stick();
    stick.seek(SeekFrom::Start(kept.start)).unwrap();
    stick.write_all(&foreign).unwrap();
    let mut boot = site.pc.boot("box-foreign", &site.stick, Cable::In);
    boot.prints("What this box kept cannot be read.");
    boot.photograph();
    boot.power_button();
    boot.ends();
    let mut found = vec![0; foreign.len()];
    stick.seek(SeekFrom::Start(kept.start)).unwrap();
    stick.read_exact(&mut found).unwrap();
    assert!(found == foreign, "it was written to");
}

/// Whoever has no Linux yet copies the image by a program that knows nothing of it.
#[test]
fn an_image_copied_byte_by_byte_takes_the_rest_of_the_stick() {
    let Some(site) = Site::new() else { return };
    let image = site.build("box.img");
    let (copied, report) = tool("cp", &["--sparse=always", image.to_str().unwrap(), site.stick.to_str().unwrap()]);
    assert!(copied, "{report}");
    site.open_stick().set_len(STICK).unwrap();
    site.edit_settings();
    let mut boot = site.pc.boot("box-copied", &site.stick, Cable::In);
    board_is_up(&mut boot);
    let known = site.order();
    boot.power_button();
    boot.ends();
    let (clean, report) = tool("sgdisk", &["-v", site.stick.to_str().unwrap()]);
    assert!(clean && report.contains("No problems found"), "{report}");
    let kept = partition(&site.stick, 3);
    assert_eq!(kept.end, STICK - (1 << 20));
    // From now on it is a stick like any other.
    let newer = site.build("newer.img");
    site.update(&newer);
    assert_eq!(partition(&site.stick, 3), kept);
    let mut boot = site.pc.boot("box-copied-updated", &site.stick, Cable::In);
    board_is_up(&mut boot);
    assert_eq!(site.known(), known);
}

/// What of a sparse file is on the disk.
fn allocated(path: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(&fs::metadata(path).unwrap()) * 512
}
