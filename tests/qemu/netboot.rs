//! No stick: firmware with Secure Boot on loads an export of ours by TFTP, from a server that is not ours.

use std::fs;

use crate::{
    bench,
    boot::Cable,
    environment,
    laptop::{Laptop, SERIAL},
    only_device,
};

#[test]
fn an_export_boots_a_laptop_over_the_network() {
    let Some(environment) = environment() else { return };
    let bench = bench(&environment);
    let tree = bench.folder.path().join("srv/whiteglove");
    let answer = bench.says(&["netboot", "export", tree.to_str().unwrap()]);
    assert!(answer.contains("is ready: medium"), "{answer}");
    // A server that gives it out is not to be surprised.
    assert!(bench.complains(&["netboot", "export", tree.to_str().unwrap()]).contains("is there already"));

    let mut laptop = Laptop::bare(&bench.folder.path().join("laptop"), 0x1234_5678);
    laptop.tftp = Some(tree.clone());
    let untouched = laptop.content_of_disks();
    let mut boot = laptop.boot("netboot", &tree, Cable::In);
    boot.prints("whiteglove: starting over the network");
    assert_eq!(boot.says("captured").text, format!("captured {SERIAL}"));
    let device = only_device(&bench);
    assert!(fs::read_to_string(tree.join("README.TXT")).unwrap().contains(&device.media.unwrap().to_string()));
    assert!(device.capture.unwrap().firmware.secure_boot == Some(true));

    bench.says(&["tell", &device.id.0.to_string(), "power-off"]);
    boot.says("order: power off");
    boot.ends();
    assert!(laptop.content_of_disks() == untouched, "the laptop's own disks were written to");
}
