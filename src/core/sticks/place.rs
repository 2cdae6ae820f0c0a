//! Where a stick is plugged in, and whether that place is worthy of it.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// As Linux names it: `2-1.3` is port 3 of the hub at port 1 of bus 2. Both halves of a USB 3 port, which are
    /// ports of two buses, have one name here.
    pub port: String,
    /// Mbit/s of the connection as it is.
    pub speed: Option<u32>,
    /// The USB version the stick states, in hundredths: 310 is 3.10.
    pub version: Option<u32>,
}

impl Place {
    /// What makes it slower than it has to be.
    pub fn warning(&self) -> Option<&'static str> {
        match (self.speed?, self.version) {
            (..480, _) => Some("it runs at USB 1 speed: try another port, then another stick"),
            // A stick for USB 3 states 2.10 where it finds a port or a cable without the wires for more.
            (480, Some(210..)) => Some("a USB 3 stick in a USB 2 port: it writes at 35 MB/s at most; use a blue port"),
            _ => None,
        }
    }
}

/// `2-1-port3` is the port behind which the device `2-1.3` appears, `usb2-port1` that of `2-1`.
pub fn device_at(port: &str) -> Option<String> {
    let (hub, number) = port.rsplit_once("-port")?;
    number.parse::<u8>().ok()?;
    match hub.strip_prefix("usb") {
        Some(bus) => Some(format!("{bus}-{number}")),
        None => Some(format!("{hub}.{number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stick_that_could_do_better_is_warned_of() {
        let at = |speed, version| Place { port: "2-1".into(), speed, version }.warning().is_some();
        assert!(at(Some(480), Some(210)) && at(Some(480), Some(320)) && at(Some(12), Some(200)));
        assert!(!at(Some(480), Some(200)), "a stick for USB 2 is at home there");
        assert!(!at(Some(5000), Some(310)) && !at(None, None));
    }

    #[test]
    fn a_port_tells_which_device_comes_behind_it() {
        assert_eq!(device_at("usb2-port1").as_deref(), Some("2-1"));
        assert_eq!(device_at("2-1-port3").as_deref(), Some("2-1.3"));
        assert_eq!(device_at("2-1.4-port12").as_deref(), Some("2-1.4.12"));
        assert_eq!(device_at("2-1"), None);
        assert_eq!(device_at("usb2-portx"), None);
    }
}
