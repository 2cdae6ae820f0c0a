//! Media with a customer's Windows, made of a disc with the shape of Microsoft's; nothing of Microsoft's is in it.

use std::{fs, path::Path, time::Instant};

use serde_json::Value;
use whiteglove_core::certificates::testing::signature;
use whiteglove_image::boot::made;

use crate::{
    sticks::Stick,
    support::{
        Bench,
        digests::digests,
        laptop::http,
        tool, until,
        windows_iso::{Install, Shape},
    },
};

const PCA_2011: &str = "Microsoft Windows Production PCA 2011";
const UEFI_CA_2023: &str = "Windows UEFI CA 2023";

/// A program as small as one may be, signed in the name of this authority.
fn signed(authority: &str) -> Vec<u8> {
    made::sample(&[&signature("Microsoft Windows", authority, [0; 32], None)])
}

fn shape() -> Shape {
    Shape { loader: signed(PCA_2011), loader_ex: Some(signed(UEFI_CA_2023)), ..Shape::default() }
}

/// A bench with an ISO, and a folder with the tool that only the ADK has.
struct Site {
    bench: Bench,
    iso: String,
    tools: String,
}

impl Site {
    fn with(shape: &Shape) -> Self {
        let mut bench = Bench::without_boot_environment();
        let iso = shape.make(bench.folder.path()).to_str().unwrap().to_owned();
        let tools = bench.folder.path().join("tools");
        fs::create_dir(&tools).unwrap();
        fs::write(tools.join("OA3Tool.exe"), made::program(&[(".text", b"oa3tool")], 16)).unwrap();
        bench.start();
        Self { iso, tools: tools.to_str().unwrap().to_owned(), bench }
    }

    fn path(&self, name: &str) -> String {
        self.bench.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn winpe(&self, name: &str, more: &[&str]) -> (String, String) {
        let out = self.path(name);
        let plain = ["media", "build", "--kind", "winpe", "--iso", &self.iso, "--tools", &self.tools, "--out", &out];
        let said = self.bench.says(&[&plain[..], more].concat());
        (out, said)
    }
}

/// A file of a stick's boot volume.
fn file(image: &str, path: &str) -> Vec<u8> {
    let at = format!("{image}@@1M");
    let output =
        std::process::Command::new("mcopy").args(["-n", "-i", &at, &format!("::/{path}"), "-"]).output().unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What a WIM file holds, as wimlib lists it.
fn listed(wim: &Path) -> String {
    let (good, text) = tool("wimlib-imagex", &["dir", wim.to_str().unwrap(), "1"]);
    assert!(good, "{text}");
    text
}

#[test]
fn windows_pe_starts_with_our_script_and_the_loader_of_the_generation_asked_for() {
    let site = Site::with(&shape());
    let (image, said) = site.winpe("pe.img", &["--loader", "2023"]);
    assert!(!said.contains("Without"), "everything it needs is there: {said}");
    assert_eq!(file(&image, "EFI/BOOT/BOOTX64.EFI"), signed(UEFI_CA_2023));
    assert_eq!(file(&image, "EFI/Microsoft/Boot/Fonts/segoe_slboot.ttf"), b"a font: 2023");
    assert_eq!(file(&image, "bootmgr.efi"), signed(UEFI_CA_2023));
    let manifest: Value = serde_json::from_slice(&file(&image, "whiteglove/manifest.json")).unwrap();
    let loader = manifest["loaders"].as_array().unwrap().iter().find(|l| l["path"] == "EFI/BOOT/BOOTX64.EFI").unwrap();
    assert_eq!(loader["signed_by"][0], "windows-2023", "printed on the medium's record");

    let wim = site.path("boot.wim");
    fs::write(&wim, file(&image, "sources/boot.wim")).unwrap();
    let inside = listed(Path::new(&wim));
    for path in [
        "/whiteglove/start.cmd",
        "/whiteglove/oa3tool.exe",
        "/Windows/System32/winpeshl.ini",
        "/Windows/System32/PCPKsp.dll",
        "/Windows/System32/curl.exe",
        "/setup.exe.windows",
        "/sources/setup.exe.windows",
    ] {
        assert!(inside.lines().any(|line| line.trim() == path), "{path}: {inside}");
    }
    assert!(!inside.lines().any(|line| line.trim() == "/setup.exe"), "it would run in the place of our script");
    let (good, info) = tool("wimlib-imagex", &["info", &wim]);
    assert!(good && info.contains("Boot Index:     1"), "{info}");
    assert!(tool("wimlib-imagex", &["verify", &wim]).0);

    // Whose it is lies beside it; the token does not.
    let card = String::from_utf8(file(&image, "whiteglove/card.cmd")).unwrap();
    assert!(card.contains(&format!("set WG_MEDIA={}", manifest["media"].as_str().unwrap())), "{card}");
    assert!(card.contains("set WG_SAVE=yes"), "{card}");

    site.bench.says(&["media", "verify", &image]);
    site.bench.says(&["media", "check", &image, "--full"]);
}

#[test]
fn every_form_and_every_time_the_same_bytes() {
    let site = Site::with(&shape());
    let (gpt, _) = site.winpe("pe.img", &[]);
    // What each medium, or each stick, has of its own.
    let own = [
        "whiteglove/manifest.json",
        "whiteglove/manifest.sig",
        "whiteglove/card.cmd",
        "whiteglove/stick.json",
        "README.TXT",
        "stick.id",
    ];
    let unpack = |name: &str, program: &str, arguments: &[&str]| {
        let out = site.path(name);
        fs::create_dir(&out).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|word| word.replace("OUT", &out)).collect();
        let (good, text) = tool(program, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(good, "{text}");
        let mut files = digests(Path::new(&out));
        files.retain(|path, _| !own.iter().any(|own| own.eq_ignore_ascii_case(path)) && !path.starts_with("[BOOT]"));
        files
    };
    let at = |image: &str| format!("{image}@@1M");
    let first = unpack("gpt", "mcopy", &["-s", "-n", "-i", &at(&gpt), "::*", "OUT"]);
    assert!(first.len() > 8, "{first:?}");
    let (mbr, _) = site.winpe("mbr.img", &["--form", "mbr"]);
    assert_eq!(unpack("mbr", "mcopy", &["-s", "-n", "-i", &at(&mbr), "::*", "OUT"]), first);
    let (iso, _) = site.winpe("pe.iso", &["--form", "iso"]);
    let disc = unpack("iso", "7z", &["x", "-y", "-oOUT", &iso]);
    for (path, digest) in &first {
        assert_eq!(disc.get(path), Some(digest), "{path}");
    }
    let (good, said) = tool("xorriso", &["-indev", &iso, "-report_el_torito", "plain"]);
    assert!(good && said.contains("UEFI"), "{said}");

    // Made anew from nothing, as on another day.
    fs::remove_dir_all(site.bench.state().join("windows")).unwrap();
    let (again, _) = site.winpe("again.img", &[]);
    assert_eq!(unpack("again", "mcopy", &["-s", "-n", "-i", &at(&again), "::*", "OUT"]), first);
}

#[test]
fn a_generation_that_the_iso_does_not_have_is_refused_with_who_signed_what() {
    let site = Site::with(&Shape { loader_ex: None, ..shape() });
    let out = site.path("pe.img");
    let plain = ["media", "build", "--kind", "winpe", "--iso", &site.iso, "--out", &out];
    let said = site.bench.complains(&[&plain[..], &["--loader", "2023"]].concat());
    assert!(said.contains("signed by Windows 2023") && said.contains("is signed by Windows 2011"), "{said}");
    assert!(!Path::new(&out).exists());
    // What is missing is said, and does not stand in the way.
    let said = site.bench.says(&[&plain[..], &["--loader", "2011"]].concat());
    assert!(said.contains("Without oa3tool.exe"), "{said}");
    assert!(said.contains(&format!("into {}", site.bench.state().join("payloads/tools").display())), "{said}");
    assert_eq!(file(&out, "EFI/BOOT/BOOTX64.EFI"), signed(PCA_2011));
}

#[test]
fn the_batch_says_which_generation_unless_a_person_does() {
    let site = Site::with(&shape());
    let batch = site.path("batch.toml");
    fs::write(&batch, "name = 'autumn'\nloader = '2023'\n").unwrap();
    site.bench.says(&["batch", "set", &batch]);
    site.bench.says(&["batch", "open", "autumn"]);
    let (image, _) = site.winpe("of-batch.img", &[]);
    assert_eq!(file(&image, "EFI/BOOT/BOOTX64.EFI"), signed(UEFI_CA_2023));
    let (image, _) = site.winpe("said.img", &["--loader", "2011"]);
    assert_eq!(file(&image, "EFI/BOOT/BOOTX64.EFI"), signed(PCA_2011));
}

#[test]
fn a_second_medium_of_the_same_iso_takes_no_preparing() {
    let site = Site::with(&Shape { file_size: 2_000_000, ..shape() });
    let started = Instant::now();
    let plan = site.bench.says(&["media", "plan", "--kind", "winpe", "--iso", &site.iso, "--tools", &site.tools]);
    let first = started.elapsed();
    assert!(plan.contains("/sources/boot.wim"), "{plan}");
    let made = || fs::read_dir(site.bench.state().join("windows")).unwrap().count();
    let there = made();
    site.winpe("one.img", &[]);
    site.winpe("two.img", &["--form", "iso"]);
    assert_eq!(made(), there, "what the plan prepared was taken; the first time took {first:?}");
    // A damaged copy is not.
    let folder = fs::read_dir(site.bench.state().join("windows")).unwrap().map(|e| e.unwrap().path());
    let wim = folder.filter(|path| path.is_dir()).map(|path| path.join("boot.wim")).next().unwrap();
    let whole = fs::read(&wim).unwrap();
    fs::write(&wim, vec![0; whole.len()]).unwrap();
    let (image, _) = site.winpe("three.img", &[]);
    assert!(file(&image, "sources/boot.wim") == whole);
}

#[test]
fn a_tool_for_another_processor_and_a_folder_without_drivers_are_refused() {
    let site = Site::with(&shape());
    fs::write(site.path("tools/PCPKsp.dll"), b"<html>not found</html>").unwrap();
    let out = site.path("pe.img");
    let plain = ["media", "build", "--kind", "winpe", "--iso", &site.iso, "--out", &out];
    let said = site.bench.complains(&[&plain[..], &["--tools", &site.tools]].concat());
    assert!(said.contains("PCPKsp.dll") && said.contains("no program of Windows"), "{said}");
    let drivers = site.path("drivers");
    fs::create_dir(&drivers).unwrap();
    fs::write(site.path("drivers/setup.exe"), "MZ").unwrap();
    let said = site.bench.complains(&[&plain[..], &["--drivers", &drivers]].concat());
    assert!(said.contains("no .inf file"), "{said}");
    fs::create_dir(site.path("drivers/net")).unwrap();
    fs::write(site.path("drivers/net/e1d.inf"), "; a driver").unwrap();
    site.bench.says(&[&plain[..], &["--drivers", &drivers]].concat());
    assert_eq!(file(&out, "drivers/net/e1d.inf"), b"; a driver");
}

#[test]
fn setup_brings_the_whole_disc_and_the_chosen_boot_files() {
    let site = Site::with(&shape());
    let out = site.path("setup.img");
    let plain = ["media", "build", "--kind", "setup", "--iso", &site.iso, "--out", &out];
    let refused = site.bench.complains(&[&plain[..], &["--form", "mbr-efi"]].concat());
    assert!(refused.contains("EFI system partition"), "{refused}");
    let add = site.path("add");
    fs::create_dir_all(site.path("add/Sources/$OEM$/$$/Setup/Scripts")).unwrap();
    fs::write(site.path("add/Sources/$OEM$/$$/Setup/Scripts/SetupComplete.cmd"), "rem\r\n").unwrap();
    site.bench.says(&[&plain[..], &["--loader", "2023", "--add", &add]].concat());
    let disc = site.bench.folder.path().join("disc");
    for path in ["setup.exe", "autorun.inf", "sources/install.wim", "sources/boot.wim", "boot/boot.sdi"] {
        assert!(file(&out, path) == fs::read(disc.join(path)).unwrap(), "{path}");
    }
    assert_eq!(file(&out, "efi/boot/bootx64.efi"), signed(UEFI_CA_2023));
    assert_eq!(file(&out, "sources/$OEM$/$$/Setup/Scripts/SetupComplete.cmd"), b"rem\r\n");
    let words = String::from_utf8(file(&out, "README.TXT")).unwrap();
    assert!(words.contains("IT INSTALLS WINDOWS"), "{words}");
    site.bench.says(&["media", "check", &out, "--full"]);
}

#[test]
fn windows_pe_for_the_network_is_what_wimboot_loads() {
    let site = Site::with(&Shape { install: Install::Esd, ..shape() });
    let plain = ["media", "build", "--kind", "winpe", "--iso", &site.iso, "--tools", &site.tools];
    let said = site.bench.complains(&[&plain[..], &["--to-netboot"]].concat());
    assert!(said.contains("wimboot") && said.contains("github.com/ipxe/wimboot"), "{said}");
    fs::write(site.path("tools/wimboot"), "MZ wimboot").unwrap();
    let said = site.bench.says(&[&plain[..], &["--to-netboot"]].concat());
    assert!(said.contains("Without curl.exe"), "out of an ESD no single file comes: {said}");
    let own = site.bench.state().join("payloads/winpe");
    let mut names: Vec<_> = digests(&own).into_keys().collect();
    names.sort();
    assert_eq!(names, ["boot/bcd", "boot/boot.sdi", "bootmgfw.efi", "bootmgr", "sources/boot.wim", "wimboot"]);
    let url = format!("{}/winpe/sources/boot.wim", site.bench.url());
    let given = until("the bench to give it out", || {
        let mut answer = http().get(&url).call().ok().filter(|answer| answer.status() == 200)?;
        answer.body_mut().read_to_vec().ok()
    });
    assert!(given == fs::read(own.join("sources/boot.wim")).unwrap());
    // A second time it takes the place of the first, and finds the wimboot that was there.
    fs::remove_file(site.path("tools/wimboot")).unwrap();
    let said = site.bench.says(&[&plain[..], &["--to-netboot"]].concat());
    assert!(said.contains("earlier one is kept"), "{said}");

    fs::write(site.path("tools/wimboot"), "MZ wimboot").unwrap();
    let tree = site.path("tree");
    site.bench.says(&[&plain[..], &["--form", "tree", "--out", &tree]].concat());
    for name in ["winpe.ipxe", "winpe/wimboot", "winpe/card.cmd", "winpe/sources/boot.wim", "README.TXT"] {
        assert!(Path::new(&tree).join(name).is_file(), "{name}");
    }
    assert!(
        fs::read(Path::new(&tree).join("winpe/sources/boot.wim")).unwrap()
            == fs::read(own.join("sources/boot.wim")).unwrap()
    );
    let said = site.bench.complains(&[&plain[..], &["--form", "tree", "--out", &tree]].concat());
    assert!(said.contains("is there already"), "{said}");
}

#[test]
fn sticks_of_windows_have_identifiers_of_their_own_and_are_known_one_by_one() {
    let mut site = Site::with(&shape());
    let (image, _) = site.winpe("pe.img", &[]);
    site.bench.stop();
    let mut identifiers = Vec::new();
    for name in ["one", "two"] {
        let mut stick = Stick::new(&site.bench, name, 1 << 30);
        if !stick.plug() {
            return;
        }
        let device = stick.device().to_owned();
        let mut command = site.bench.command();
        command.env("WHITEGLOVE_REHEARSE_ON_LOOP", "1").args(["media", "write", &image, "--to", &device]);
        let output = command.args(["--name", device.trim_start_matches("/dev/")]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = site.bench.says(&["media", "check", "--full", &device]);
        assert!(said.contains("byte for byte"), "{said}");
        let (_, table) = tool("sgdisk", &["-p", &device]);
        let guid = table.lines().find_map(|line| line.strip_prefix("Disk identifier (GUID): ")).unwrap().to_owned();
        let serial = tool("blkid", &["-p", "-O", "1048576", "-s", "UUID", "-o", "value", &device]).1;
        identifiers.push((guid, serial, file(&device, "whiteglove/stick.json")));
    }
    let [one, two] = &identifiers[..] else { panic!("{identifiers:?}") };
    assert!(one.0 != two.0 && one.1 != two.1 && one.2 != two.2, "{identifiers:?}");
}

/// Parts of a size that only Windows has: 4.4 GB of it, so only if it is asked for.
#[test]
fn an_install_wim_over_4_gib_goes_in_parts() {
    if std::env::var("WHITEGLOVE_ALL").unwrap_or_default().is_empty() {
        eprintln!("SKIPPED: scripts/test --all asks for it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shape = Shape { install: Install::None, ..shape() };
    shape.make(folder.path());
    let (disc, large) = (folder.path().join("disc"), folder.path().join("large"));
    fs::create_dir(&large).unwrap();
    for number in 0..5_u8 {
        // Holes but for what makes each another file.
        fs::write(large.join(number.to_string()), [number]).unwrap();
        fs::OpenOptions::new().write(true).open(large.join(number.to_string())).unwrap().set_len(880 << 20).unwrap();
    }
    let succeed = |program: &str, arguments: &[&str]| {
        let (good, said) = tool(program, arguments);
        assert!(good, "{program}: {said}");
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let install = disc.join("sources/install.wim");
    succeed("wimlib-imagex", &["capture", &text(&large), &text(&install), "Windows", "--compress=none"]);
    let iso = folder.path().join("large.iso");
    let options = ["-quiet", "-udf", "-iso-level", "3", "-allow-limited-size", "-o"];
    succeed("genisoimage", &[&options[..], &[&text(&iso), &text(&disc)]].concat());
    fs::remove_file(&install).unwrap();

    let bench = Bench::without_boot_environment();
    let out = text(&bench.folder.path().join("setup.img"));
    bench.says(&["media", "build", "--kind", "setup", "--iso", &text(&iso), "--out", &out]);
    let (_, listing) = tool("mdir", &["-b", "-i", &format!("{out}@@1M"), "::sources"]);
    assert!(listing.contains("install.swm") && listing.contains("install2.swm"), "{listing}");
    assert!(!listing.contains("install.wim"), "{listing}");
    // What Setup does: all parts together are what the ISO had.
    let parts = bench.folder.path().join("parts");
    fs::create_dir(&parts).unwrap();
    succeed("mcopy", &["-n", "-i", &format!("{out}@@1M"), "::sources/*.swm", &text(&parts)]);
    fs::remove_file(&out).unwrap();
    let reference = format!("--ref={}", text(&parts.join("install*.swm")));
    succeed("wimlib-imagex", &["verify", &text(&parts.join("install.swm")), &reference]);
}
