//! Network adapters, and the cards that no driver took.

use std::collections::BTreeMap;

use whiteglove_core::{
    capture::{Bus, Nic, NicKind, Part},
    identity::Mac,
};

use super::{Notes, Root};

const CLASS: &str = "sys/class/net";

pub(super) fn nics(root: &Root, permanent: &BTreeMap<String, Mac>, notes: &mut Notes) -> Vec<Nic> {
    let mut nics = Vec::new();
    for name in root.names(CLASS) {
        let device = format!("{CLASS}/{name}/device");
        // Without a device behind it, it is made of software.
        if !root.exists(&device) {
            continue;
        }
        let Ok(mac) = root.text(&format!("{CLASS}/{name}/address")).parse() else {
            notes.find(Part::Nic, format!("{name} has no Ethernet address"));
            continue;
        };
        nics.push(Nic {
            mac,
            permanent_mac: permanent.get(&name).copied(),
            bus: bus(root, &device),
            kind: kind(root, &name),
            driver: root.link_name(&format!("{device}/driver")),
            hardware: hardware(root, &device),
            // An adapter that is down cannot be asked (EINVAL).
            carrier: root.text(&format!("{CLASS}/{name}/carrier")) == "1",
            name,
        });
    }
    cards_without_driver(root, notes);
    if !nics.iter().any(|nic| nic.kind == NicKind::Wired) {
        notes.find(Part::Nic, "no wired network adapter that this boot environment has a driver for");
    }
    nics
}

/// Wired, wireless or other, by what the kernel says of the interface.
pub(crate) fn kind(root: &Root, name: &str) -> NicKind {
    let wireless = ["wireless", "phy80211"].iter().any(|mark| root.exists(&format!("{CLASS}/{name}/{mark}")));
    let modem = root.text(&format!("{CLASS}/{name}/uevent")).contains("DEVTYPE=wwan");
    match root.text(&format!("{CLASS}/{name}/type")).as_str() {
        _ if wireless => NicKind::Wireless,
        // ARPHRD_ETHER
        "1" if !modem => NicKind::Wired,
        _ => NicKind::Other,
    }
}

fn bus(root: &Root, device: &str) -> Bus {
    match root.link_name(&format!("{device}/subsystem")).as_str() {
        "pci" => Bus::Pci,
        "usb" => Bus::Usb,
        "virtio" => Bus::Virtio,
        _ => Bus::Other,
    }
}

fn hardware(root: &Root, device: &str) -> Option<(u16, u16)> {
    let hex =
        |path: &str| u16::from_str_radix(root.text(&format!("{device}/{path}")).trim_start_matches("0x"), 16).ok();
    match (hex("vendor"), hex("device")) {
        (Some(vendor), Some(device)) => Some((vendor, device)),
        // A USB network adapter is an interface of the device that has the numbers.
        _ => Some((hex("../idVendor")?, hex("../idProduct")?)),
    }
}

/// PCI network cards (class 02) that nobody drives: their MAC is missing from the capture.
fn cards_without_driver(root: &Root, notes: &mut Notes) {
    let bus = "sys/bus/pci/devices";
    for slot in root.names(bus) {
        let of = |attribute: &str| root.text(&format!("{bus}/{slot}/{attribute}"));
        let class = of("class");
        if !class.starts_with("0x02") || root.exists(&format!("{bus}/{slot}/driver")) {
            continue;
        }
        let id = format!("{}:{}", of("vendor").trim_start_matches("0x"), of("device").trim_start_matches("0x"));
        let what = match class.get(4..6) {
            Some("00") => "wired network card",
            // No wireless drivers are carried: pre-provisioning wants a cable.
            Some("80") => "wireless card",
            _ => "network card",
        };
        notes.find(Part::Nic, format!("{what} {id} at {slot} has no driver here, its address is not known"));
    }
}
