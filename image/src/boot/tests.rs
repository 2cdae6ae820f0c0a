use std::fs;
use std::ops::ControlFlow;

use super::build::{build_from, within_budget};
use super::*;
use crate::elf::samples;
use crate::initramfs::Effort;
use crate::modules::{Group, ModuleTree, tests as module_tests};

const RELEASE: &str = module_tests::RELEASE;
const WANTED: &[Group] = &[Group { what: "network", required: &["igc"], optional: &[], preload: false }];

/// Unpacked packages, an agent, and where the result goes.
struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        let root = bench.at("root");
        module_tests::tree(&root, &[("drivers/net/igc.ko.xz", &["depends=", "firmware=none.fw"])]);
        for (path, certificate) in [
            ("usr/lib/shim/shimx64.efi.signed", &b"shim"[..]),
            ("usr/lib/shim/mmx64.efi.signed", b"mok"),
            ("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", b"grub"),
            ("usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed", b"grub of the network"),
            ("boot/vmlinuz-6.12.1-test-amd64", b"kernel"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, pe::sample(&[certificate])).unwrap();
        }
        // As Debian has them: no signature, and iPXE for BIOS is not even a program of EFI's.
        fs::create_dir_all(root.join("usr/lib/ipxe")).unwrap();
        for path in ["usr/lib/ipxe/undionly.kpxe", "boot/memtest86+x64.efi", "boot/memtest86+x64.bin"] {
            fs::write(root.join(path), path).unwrap();
        }
        fs::write(
            root.join("packages"),
            "memtest86+ 7.20-1 0e0f\nshim-signed 1.47+15.8-1 0a0b\nlinux-image-6.12.1-test-amd64 6.12.1-1 0c0d\n",
        )
        .unwrap();
        fs::write(bench.at("agent"), samples::program(1)).unwrap();
        bench
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn build(&self) -> Result<BootEnv, BootError> {
        self.build_while(&mut |_| ControlFlow::Continue(()))
    }

    fn build_while(
        &self,
        progress: &mut dyn FnMut(whiteglove_core::control::Progress) -> ControlFlow<()>,
    ) -> Result<BootEnv, BootError> {
        let (root, agent, out) = (self.at("root"), self.at("agent"), self.at("bootenv"));
        build_from(&BuildInputs { root: &root, agent: &agent, out: &out, effort: Effort::Fast }, WANTED, progress)
    }
}

#[test]
fn what_was_built_opens_with_every_file_traced_to_its_package() {
    let bench = Bench::new();
    let built = bench.build().unwrap();
    assert_eq!(built, BootEnv::open(&bench.at("bootenv")).unwrap());
    assert_eq!(built.kernel_release, RELEASE);
    assert_eq!(built.shim.source, "shim-signed 1.47+15.8-1");
    assert_eq!(built.kernel.source, "linux-image-6.12.1-test-amd64 6.12.1-1");
    assert_eq!(built.modules, ["igc"]);
    assert_eq!(built.asking_for_firmware, ["igc"]);
    assert_eq!(built.memtest_efi.as_ref().unwrap().source, "memtest86+ 7.20-1");
    assert_eq!(built.files().count(), 9);
}

#[test]
fn the_second_archive_begins_where_the_kernel_looks_for_it() {
    assert_eq!(Bench::new().build().unwrap().initrd.size % 4, 0);
}

fn names(environment: &BootEnv) -> Vec<String> {
    served(environment, b"{}").unwrap().into_iter().map(|served| served.name).collect()
}

#[test]
fn a_server_has_every_name_that_a_loader_or_a_script_asks_for() {
    let bench = Bench::new();
    let built = bench.build().unwrap();
    let expected = [
        "boot.ipxe",
        "boot/initrd.zst",
        "boot/media.cpio",
        "boot/vmlinuz",
        "grub/grub.cfg",
        "grubx64.efi",
        "memtest.bin",
        "memtest.efi",
        "memtest.ipxe",
        "mmx64.efi",
        "shimx64.efi",
        "undionly.kpxe",
    ];
    assert_eq!(names(&built), expected);
    let list = served(&built, b"{}").unwrap();
    let grub = list.iter().find(|served| served.name == "grubx64.efi").unwrap();
    assert_eq!(grub.content, Content::File(built.network_grub.unwrap()));
    for word in [ipxe_script(), memtest_script(), network_grub_cfg()].join(" ").split_whitespace() {
        let name = word.trim_start_matches('/').trim_end_matches(';');
        if ["boot/", "memtest.", "shimx64"].iter().any(|start| name.starts_with(start)) {
            assert!(expected.contains(&name), "{name}");
        }
    }
}

#[test]
fn an_older_environment_serves_what_it_has() {
    let bench = Bench::new();
    for path in ["usr/lib/ipxe/undionly.kpxe", "boot/memtest86+x64.bin", "usr/lib/shim/mmx64.efi.signed"] {
        fs::remove_file(bench.at("root").join(path)).unwrap();
    }
    let built = bench.build().unwrap();
    let names = names(&built);
    assert!(!names.iter().any(|name| name.contains("memtest") || name.contains("undionly") || name.contains("mmx")));
    assert!(names.contains(&"boot.ipxe".to_owned()), "the ROM may be iPXE");

    fs::remove_file(bench.at("root/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed")).unwrap();
    let problem = Problem::from(served(&bench.build().unwrap(), b"{}").unwrap_err());
    assert!(problem.what.contains("GRUB for the network") && problem.next.contains("scripts/bootenv"));
}

#[test]
fn same_inputs_same_bytes() {
    let (one, two) = (Bench::new(), Bench::new());
    one.build().unwrap();
    two.build().unwrap();
    for name in ["initrd.zst", "bootenv.json", "vmlinuz"] {
        let read = |bench: &Bench| fs::read(bench.at("bootenv").join(name)).unwrap();
        assert_eq!(read(&one), read(&two), "{name}");
    }
}

#[test]
fn building_again_replaces_the_whole_directory_and_leaves_nothing_beside_it() {
    let bench = Bench::new();
    bench.build().unwrap();
    fs::write(bench.at("bootenv").join("stale"), "").unwrap();
    bench.build().unwrap();
    assert!(!bench.at("bootenv").join("stale").exists());
    assert!(!bench.at("bootenv.part").exists());
}

#[test]
fn a_build_that_fails_or_is_cancelled_leaves_the_old_one_in_place() {
    let bench = Bench::new();
    let before = bench.build().unwrap();
    assert!(matches!(bench.build_while(&mut |_| ControlFlow::Break(())), Err(BootError::Cancelled)));
    fs::write(bench.at("agent"), samples::program(3)).unwrap();
    assert!(matches!(bench.build(), Err(BootError::Agent { .. })));
    assert_eq!(BootEnv::open(&bench.at("bootenv")).unwrap(), before);
    assert!(!bench.at("bootenv.part").exists());
}

#[test]
fn a_chain_without_mok_manager_is_complete() {
    let bench = Bench::new();
    fs::remove_file(bench.at("root/usr/lib/shim/mmx64.efi.signed")).unwrap();
    assert_eq!(bench.build().unwrap().mok_manager, None);
}

#[test]
fn an_unsigned_kernel_stops_the_build() {
    let bench = Bench::new();
    fs::write(bench.at("root/boot/vmlinuz-6.12.1-test-amd64"), pe::sample(&[])).unwrap();
    let error = bench.build().unwrap_err();
    assert!(matches!(error, BootError::NotSigned { source: PeError::Unsigned, .. }), "{error}");
}

#[test]
fn a_missing_package_is_named() {
    let bench = Bench::new();
    fs::remove_file(bench.at("root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed")).unwrap();
    let problem = Problem::from(bench.build().unwrap_err());
    assert_eq!(problem.what, "The unpacked packages hold no grubx64.efi.");
    assert_eq!(problem.why, "It comes from Debian's package grub-efi-amd64-signed.");
}

#[test]
fn two_kernels_in_one_tree_are_refused() {
    let bench = Bench::new();
    fs::write(bench.at("root/boot/vmlinuz-6.12.2-test-amd64"), "").unwrap();
    assert!(matches!(bench.build(), Err(BootError::NotUnpacked { package: "linux-image-amd64", .. })));
}

#[test]
fn a_changed_file_is_never_used() {
    let bench = Bench::new();
    bench.build().unwrap();
    let kernel = bench.at("bootenv/vmlinuz");
    let mut bytes = fs::read(&kernel).unwrap();
    bytes[100] ^= 1;
    fs::write(&kernel, &bytes).unwrap();
    let error = BootEnv::open(&bench.at("bootenv")).unwrap_err();
    assert!(matches!(&error, BootError::Changed { path, .. } if *path == kernel), "{error}");
    fs::remove_file(&kernel).unwrap();
    assert!(matches!(BootEnv::open(&bench.at("bootenv")), Err(BootError::Changed { .. })));
}

#[test]
fn no_boot_environment_says_how_to_get_one() {
    let problem = Problem::from(BootEnv::open(Path::new("/nonexistent")).unwrap_err());
    assert!(problem.next.contains("scripts/bootenv"));
}

#[test]
fn a_manifest_of_another_format_or_of_no_format_is_refused() {
    let bench = Bench::new();
    bench.build().unwrap();
    let manifest = bench.at("bootenv/bootenv.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for bad in [text.replace("\"format\": 1", "\"format\": 2"), text.replace("vmlinuz", "../vmlinuz"), "{".to_owned()] {
        fs::write(&manifest, bad).unwrap();
        assert!(matches!(BootEnv::open(&bench.at("bootenv")), Err(BootError::Manifest { .. })));
    }
}

#[test]
fn the_budget_is_an_error_that_names_the_largest_modules() {
    let bench = Bench::new();
    let modules = ModuleTree::open(&bench.at("root"), RELEASE).unwrap().select(WANTED).unwrap();
    assert!(within_budget(INITRD_BUDGET_BYTES, Effort::Release, &modules).is_ok());
    assert!(within_budget(INITRD_BUDGET_BYTES + 1, Effort::Fast, &modules).is_ok());
    let error = within_budget(INITRD_BUDGET_BYTES + 1, Effort::Release, &modules).unwrap_err();
    assert!(Problem::from(error).why.starts_with("Largest modules: igc "));
}

#[test]
fn the_card_of_a_medium_is_a_second_archive_only_root_reads() {
    let archive = media_cpio(b"{}").unwrap();
    assert_eq!(archive, media_cpio(b"{}").unwrap());
    let etc = cpio::newc::Reader::new(&archive[..]).unwrap();
    assert_eq!(etc.entry().name(), "etc");
    let ours = cpio::newc::Reader::new(etc.finish().unwrap()).unwrap();
    let card = cpio::newc::Reader::new(ours.finish().unwrap()).unwrap();
    assert_eq!((card.entry().name(), card.entry().mode()), ("etc/whiteglove/media.json", 0o100_600));
}
