//! Where a disk is plugged in. Source: kernel Documentation/ABI/testing/sysfs-bus-usb.

use std::{fs, path::Path};

use whiteglove_core::{
    disk::Disk,
    sticks::place::{Place, device_at},
};

use super::{Machine, usb_device};

impl Machine {
    /// The port of a disk. One that is not on USB has its own name for one.
    pub fn place(&self, disk: &Disk) -> Place {
        let name = disk.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let block = self.sys.join("block").join(&name).canonicalize();
        let Some(usb) = block.ok().and_then(|block| usb_device(&block)) else {
            return Place { port: name, ..Place::default() };
        };
        let text = |file: &str| fs::read_to_string(usb.join(file)).unwrap_or_default().trim().to_owned();
        Place {
            port: port(&usb).unwrap_or(name),
            speed: text("speed").parse().ok(),
            version: text("version").replace('.', "").parse().ok(),
        }
    }
}

/// The port's name: of the two that a USB 3 port has, one on a bus for each half, the one that sorts first.
fn port(usb: &Path) -> Option<String> {
    let own = usb.file_name()?.to_string_lossy().into_owned();
    let peer = usb.join("port/peer").canonicalize().ok();
    let other = peer.and_then(|peer| device_at(&peer.file_name()?.to_string_lossy()));
    Some(other.filter(|other| *other < own).unwrap_or(own))
}
