use std::io::Write;

use super::*;
use crate::elf::samples;

pub(crate) const RELEASE: &str = "6.12.1-test-amd64";
const VERMAGIC: &str = "vermagic=6.12.1-test-amd64 SMP preempt mod_unload modversions ";

/// An unpacked kernel package with these modules: (path below `kernel/`, modinfo strings).
pub(crate) fn tree(root: &Path, modules: &[(&str, &[&str])]) {
    let base = root.join("usr/lib/modules").join(RELEASE);
    fs::create_dir_all(base.join("kernel")).unwrap();
    fs::write(base.join("modules.builtin"), "kernel/drivers/char/tpm/tpm_tis.ko\nkernel/lib/crc-core.ko\n").unwrap();
    for (path, info) in modules {
        let file = base.join("kernel").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut strings = vec![VERMAGIC];
        strings.extend(*info);
        let plain = samples::module(&strings);
        let packed = match file.extension().unwrap().to_str().unwrap() {
            "zst" => zstd::encode_all(&plain[..], 3).unwrap(),
            "xz" => {
                let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
                xz.write_all(&plain).unwrap();
                xz.finish().unwrap()
            }
            _ => plain,
        };
        fs::write(file, packed).unwrap();
    }
}

/// The shape of the real thing: a NIC with a PHY, a library and a built-in below it.
const NIC: &[(&str, &[&str])] = &[
    (
        "drivers/net/ethernet/realtek/r8169.ko.xz",
        &[
            "firmware=rtl_nic/rtl8168h-2.fw",
            "softdep=pre: realtek",
            "alias=pci:v000010ECd00008168sv*sd*bc*sc*i*",
            "depends=mdio_devres,libphy",
        ],
    ),
    ("drivers/net/phy/realtek.ko.zst", &["alias=mdio:0000000000011100110010??????????", "depends=libphy"]),
    ("drivers/net/phy/mdio_devres.ko", &["depends=libphy,crc-core"]),
    ("drivers/net/phy/libphy.ko.xz", &["depends="]),
    ("drivers/net/usb/cdc_subset.ko.xz", &["alias=usb:v0525pA4A2d*", "depends="]),
];

const WANT_NIC: &[Group] = &[
    Group { what: "PHYs", required: &["realtek"], optional: &["gone-phy"], preload: true },
    Group { what: "network", required: &["r8169"], optional: &["3c59x"], preload: false },
    Group { what: "TPM", required: &["tpm-tis"], optional: &[], preload: true },
];

fn select_nic() -> Selection {
    let root = tempfile::tempdir().unwrap();
    tree(root.path(), NIC);
    ModuleTree::open(root.path(), RELEASE).unwrap().select(WANT_NIC).unwrap()
}

#[test]
fn a_selection_is_closed_over_dependencies_hard_and_soft() {
    let names: Vec<_> = select_nic().modules.into_keys().collect();
    assert_eq!(names, ["libphy", "mdio_devres", "r8169", "realtek"]);
}

#[test]
fn modules_come_out_as_they_were_before_compression() {
    let selection = select_nic();
    let expected = samples::module(&[VERMAGIC, "alias=mdio:0000000000011100110010??????????", "depends=libphy"]);
    assert_eq!(selection.modules["realtek"].bytes, expected);
    assert_eq!(selection.modules["realtek"].path, "kernel/drivers/net/phy/realtek.ko");
}

#[test]
fn modules_dep_lists_what_to_load_first_last() {
    let dep = select_nic().dep_file();
    let line = dep.lines().find(|l| l.starts_with("kernel/drivers/net/ethernet")).unwrap();
    assert_eq!(
        line,
        "kernel/drivers/net/ethernet/realtek/r8169.ko: kernel/drivers/net/phy/mdio_devres.ko kernel/drivers/net/phy/libphy.ko"
    );
    assert!(dep.contains("kernel/drivers/net/phy/libphy.ko:\n"));
}

#[test]
fn the_index_files_name_only_what_is_carried() {
    let selection = select_nic();
    assert_eq!(
        selection.alias_file(),
        "# Aliases extracted from modules themselves.\n\
         alias pci:v000010ECd00008168sv*sd*bc*sc*i* r8169\n\
         alias mdio:0000000000011100110010?????????? realtek\n"
    );
    assert_eq!(
        selection.softdep_file(),
        "# Soft dependencies extracted from modules themselves.\nsoftdep r8169 pre: realtek\n"
    );
    // Built-in and absent ones need no loading.
    assert_eq!(selection.preload_file(), "realtek\n");
    assert_eq!(selection.asking_for_firmware(), ["r8169"]);
}

#[test]
fn a_wanted_module_that_does_not_exist_is_named_with_its_purpose() {
    let root = tempfile::tempdir().unwrap();
    tree(root.path(), NIC);
    let wanted = [Group { what: "network", required: &["igc"], optional: &[], preload: false }];
    let error = ModuleTree::open(root.path(), RELEASE).unwrap().select(&wanted).unwrap_err();
    assert_eq!(error.to_string(), "the kernel 6.12.1-test-amd64 has no module igc, which is wanted for network");
}

#[test]
fn a_missing_dependency_is_no_less_an_error_than_a_missing_module() {
    let root = tempfile::tempdir().unwrap();
    tree(root.path(), &[("drivers/net/igc.ko", &["depends=ptp"])]);
    let wanted = [Group { what: "network", required: &["igc"], optional: &[], preload: false }];
    let error = ModuleTree::open(root.path(), RELEASE).unwrap().select(&wanted).unwrap_err();
    assert!(matches!(error, ModulesError::Unknown { name, .. } if name == "ptp"));
}

#[test]
fn a_module_of_another_kernel_is_refused() {
    let root = tempfile::tempdir().unwrap();
    tree(root.path(), &[]);
    let file = root.path().join("usr/lib/modules").join(RELEASE).join("kernel/igc.ko");
    fs::write(file, samples::module(&["vermagic=6.1.0-amd64 SMP", "depends="])).unwrap();
    let wanted = [Group { what: "network", required: &["igc"], optional: &[], preload: false }];
    let error = ModuleTree::open(root.path(), RELEASE).unwrap().select(&wanted).unwrap_err();
    assert!(matches!(error, ModulesError::OtherKernel { found, .. } if found == "6.1.0-amd64"));
}

#[test]
fn damaged_compression_is_an_error_with_the_files_name() {
    let root = tempfile::tempdir().unwrap();
    tree(root.path(), NIC);
    let file = root.path().join("usr/lib/modules").join(RELEASE).join("kernel/drivers/net/phy/libphy.ko.xz");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&file, bytes).unwrap();
    let error = ModuleTree::open(root.path(), RELEASE).unwrap().select(WANT_NIC).unwrap_err();
    assert!(error.to_string().contains("libphy.ko.xz"), "{error}");
}

#[test]
fn the_driver_that_invents_mac_addresses_is_never_wanted() {
    let named = WANTED.iter().flat_map(|g| g.required.iter().chain(g.optional)).any(|n| *n == "cdc_subset");
    assert!(!named);
}
