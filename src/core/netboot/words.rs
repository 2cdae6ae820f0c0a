//! What was seen, in plain words: one line of a timeline.

use super::{Seen, Withheld, files::is_own_disk};
use crate::dhcp::netboot::Protocol;

impl Seen {
    pub fn words(&self) -> String {
        match self {
            Self::Asked { architecture, protocol, boot_server, relay } => {
                let how = match protocol {
                    Protocol::Pxe => "PXE",
                    Protocol::Http => "HTTP Boot",
                    Protocol::Ipxe => "iPXE",
                };
                let whom = if *boot_server { "asked us for its boot file" } else { "asked for something to boot" };
                let behind = relay.map_or_else(String::new, |relay| format!(", through the router {relay}"));
                format!("{whom} ({how}, {architecture}{behind})")
            }
            Self::Told { file, .. } if is_own_disk(file) => "we sent it on to its own disk".to_owned(),
            Self::Told { file, boot_server: false } => format!("we offered {file}"),
            Self::Told { file, boot_server: true } => format!("we told it to load {file}"),
            Self::Withheld(Withheld::Ignored) => "not answered: it is left alone".to_owned(),
            Self::Withheld(Withheld::NoPayload(architecture, _)) => {
                format!("not answered: there is nothing to boot for {architecture}")
            }
            Self::Withheld(Withheld::Credentials) => "not answered: it wants signed boot files (BIS)".to_owned(),
            Self::Withheld(Withheld::NoBootEnvironment) => "not answered: there is no boot environment".to_owned(),
            Self::Withheld(Withheld::PoolFull) => "not answered: no address is left".to_owned(),
            Self::Rival { server, address, file, wins } => {
                let gives = address.map(|address| format!("offered it {address}"));
                let names = file.as_ref().map(|file| match wins {
                    true => format!("names \"{file}\", WHICH FIRMWARE PREFERS"),
                    false => format!("names \"{file}\""),
                });
                let what: Vec<_> = gives.into_iter().chain(names).collect();
                format!("server {server} {}", if what.is_empty() { "answered".to_owned() } else { what.join(" and ") })
            }
            Self::Leased(address) => format!("we gave it the address {address}"),
            Self::Probed { name, size } => format!("asked for the size of {name} ({})", bytes(*size)),
            Self::Fetching { name, size, by } => format!("loads {name} ({}) by {}", bytes(*size), by.word()),
            Self::Fetched { name, size, millis, by } => {
                let (whole, part) = (millis / 1_000, millis % 1_000 / 100);
                format!("has {name} ({} in {whole}.{part} s by {})", bytes(*size), by.word())
            }
            Self::Broken { name, had, size, how, by } => {
                format!("{name} broke off at {} of {} by {}: {how}", bytes(*had), bytes(*size), by.word())
            }
            Self::NotThere { name, .. } if is_own_disk(name) => "it goes on to its own disk".to_owned(),
            Self::NotThere { name, by } if is_optional(name) => {
                format!("looked for {name} by {} (not there, which is normal)", by.word())
            }
            Self::NotThere { name, by } => format!("asked for {name} by {}: NOT THERE", by.word()),
            Self::Hello => "the agent reported".to_owned(),
            Self::Captured => "captured".to_owned(),
        }
    }
}

/// What shim 16 and GRUB look for and do without.
fn is_optional(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.starts_with("revocations") || file.starts_with("shim_certificate") || file.ends_with(".lst")
}

fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..1_000_000 => format!("{} KB", count / 1_000),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netboot::Carrier;

    #[test]
    fn a_line_says_what_happened_and_whether_it_matters() {
        let by = Carrier::Tftp;
        let fetched = Seen::Fetched { name: "grubx64.efi".into(), size: 2_345_678, millis: 412, by };
        assert_eq!(fetched.words(), "has grubx64.efi (2.3 MB in 0.4 s by TFTP)");
        let normal = Seen::NotThere { name: "revocations_sbat.efi".into(), by };
        assert!(normal.words().ends_with("which is normal)"));
        assert!(Seen::NotThere { name: "grubx64.efi".into(), by }.words().ends_with("NOT THERE"));
        let server = std::net::Ipv4Addr::new(10, 0, 0, 1);
        let rival = Seen::Rival { server, address: Some(server), file: Some("pxelinux.0".into()), wins: true };
        assert_eq!(
            rival.words(),
            "server 10.0.0.1 offered it 10.0.0.1 and names \"pxelinux.0\", WHICH FIRMWARE PREFERS"
        );
    }
}
