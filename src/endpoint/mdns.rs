//! Announces the endpoint as `_whiteglove._tcp` (RFC 6762, RFC 6763), so that a laptop whose medium
//! names an old address finds the bench all the same.

use std::net::SocketAddr;

use mdns_sd::{ServiceDaemon, ServiceInfo};

const SERVICE: &str = "_whiteglove._tcp.local.";

/// Ends the announcement when dropped.
pub(super) struct Announcement(Option<ServiceDaemon>);

/// Without multicast the bench works all the same, so nothing here is an error to a person.
pub(super) fn announce(bench: &str, address: SocketAddr) -> Announcement {
    let announced = || -> mdns_sd::Result<ServiceDaemon> {
        let daemon = ServiceDaemon::new()?;
        let host = format!("whiteglove-{}.local.", address.port());
        let ip = address.ip();
        let own = if ip.is_unspecified() { String::new() } else { ip.to_string() };
        let service = ServiceInfo::new(SERVICE, bench, &host, own.as_str(), address.port(), &[("v", "1")][..])?;
        let service = if ip.is_unspecified() { service.enable_addr_auto() } else { service };
        daemon.register(service)?;
        Ok(daemon)
    };
    match announced() {
        Ok(daemon) => Announcement(Some(daemon)),
        Err(error) => {
            tracing::warn!(%error, "not announced by mDNS");
            Announcement(None)
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Some(daemon) = self.0.take() {
            let _ = daemon.shutdown();
        }
    }
}
