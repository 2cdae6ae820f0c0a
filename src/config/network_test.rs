//! What the bench's own network test tries.

use serde::Deserialize;
use whiteglove_core::registration::{HOSTS, Host, TIME_SERVER};

use crate::nettest::Plan;

const NTP_PORT: u16 = 123;

/// As a person writes it: in place of Microsoft's hosts, for a cloud or a site that has others.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Section {
    /// `name:port`.
    hosts: Option<Vec<String>>,
    /// `name` or `name:port`.
    time_server: Option<String>,
}

pub(super) fn plan(section: Section) -> Result<Plan, String> {
    let hosts = match section.hosts {
        None => HOSTS
            .map(|(name, port, needed_for)| Host { name: name.to_owned(), port, needed_for: needed_for.to_owned() })
            .into(),
        Some(hosts) => hosts.iter().map(|text| host(text)).collect::<Result<Vec<_>, _>>()?,
    };
    let server = section.time_server.unwrap_or_else(|| TIME_SERVER.to_owned());
    let time_server = if server.contains(':') { server } else { format!("{server}:{NTP_PORT}") };
    Ok(Plan { hosts, time_server })
}

fn host(text: &str) -> Result<Host, String> {
    let wrong = || format!("'network-test.hosts' must list names with ports, like login.live.com:443, not '{text}'");
    let (name, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().map_err(|_| wrong())?;
    let name = name.trim().to_owned();
    if name.is_empty() || name.contains(['/', ' ']) {
        return Err(wrong());
    }
    Ok(Host { name, port, needed_for: "as the settings say".to_owned() })
}
