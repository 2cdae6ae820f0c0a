//! What laptops talk to. The laptop network is hostile: every message is sealed by its sender, every
//! answer by us, sizes and times are bounded, and names are looked up, never joined to a path.

mod buffers;
mod catalogue;
mod http;
mod listener;
mod mdns;
mod missed;
mod neighbours;
mod netboot;
mod reports;
mod sessions;
mod tftp;

pub(crate) use reports::Reports;

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use whiteglove_core::{bench::Bench, netboot::NetworkView, problem::Problem};
use whiteglove_image::boot::{self, BootEnv, WinPe};

use crate::{
    appliance::{Appliance, Input, NetbootPlan},
    config::Config,
};

/// How soon a new address of this machine is known to laptops.
const ADDRESSES_EVERY: Duration = Duration::from_secs(2);
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Binds, announces and serves until told to stop.
///
/// With `persist` a port that cannot be had is reported to the board and tried again; without, it ends the endpoint.
///
/// # Errors
/// The address cannot be used.
pub async fn serve(
    appliance: Appliance,
    config: Config,
    persist: bool,
    stop: CancellationToken,
) -> Result<(), Problem> {
    let listener = loop {
        match TcpListener::bind(config.listen).await {
            Ok(listener) => break listener,
            Err(error) => {
                let problem = cannot_listen(config.listen, &error);
                appliance.send(Input::Endpoint(Err(problem.clone()))).await;
                if !persist {
                    return Err(problem);
                }
                if stop.run_until_cancelled(tokio::time::sleep(TRY_AGAIN)).await.is_none() {
                    return Ok(());
                }
            }
        }
    };
    let address = listener.local_addr().map_err(|error| cannot_listen(config.listen, &error))?;
    let told = urls(&config, address);
    tracing::info!(%address, urls = told.join(" "), "the endpoint listens");
    appliance.send(Input::Endpoint(Ok(told.clone()))).await;
    let moves = tell_moves(appliance.clone(), config.clone(), address, told);
    // Loopback is for rehearsals; nobody else could come.
    let announcement = (config.mdns && !address.ip().is_loopback()).then(|| mdns::announce(&config.bench, address));
    let catalogue = catalogue::Catalogue::keep(&appliance, &config, stop.clone()).await;
    let networks = netboot::serve(appliance.clone(), config, catalogue.clone(), address.port(), stop.clone());
    tokio::select! {
        _ = async { tokio::join!(http::serve(listener, appliance, catalogue, stop), networks) } => {}
        () = moves => {}
    }
    drop(announcement);
    Ok(())
}

/// Says where laptops reach us when an interface gets another address: what boots from the network or is written to a
/// stick then has to know it. Does not return.
async fn tell_moves(appliance: Appliance, config: Config, listening: SocketAddr, mut told: Vec<String>) {
    loop {
        tokio::time::sleep(ADDRESSES_EVERY).await;
        let now = urls(&config, listening);
        if now != told {
            tracing::info!(urls = now.join(" "), "the endpoint is reached elsewhere");
            appliance.send(Input::Endpoint(Ok(now.clone()))).await;
            told = now;
        }
    }
}

/// Whether the endpoint could come up now.
///
/// # Errors
/// Why not.
pub(crate) async fn try_listen(config: &Config) -> Result<(), Problem> {
    TcpListener::bind(config.listen).await.map(drop).map_err(|error| cannot_listen(config.listen, &error))
}

/// The networks of this machine as a bench with this journal would find them.
pub(crate) async fn inspect(config: &Config, bench: &Bench) -> NetworkView {
    netboot::inspect(&NetbootPlan::ports(config, bench)).await
}

/// The names of everything that laptops could load from this bench.
///
/// # Errors
/// Something a person put there is not what it should be.
pub(crate) fn names_served(config: &Config, environment: &BootEnv) -> Result<Vec<String>, Problem> {
    let own = boot::served(environment, b"{}").map_err(Problem::from)?;
    let brought = WinPe::find(&config.payloads_folder().join("winpe")).map_err(Problem::from)?;
    let brought = brought.map(|winpe| winpe.served(Some(Vec::new()))).unwrap_or_default();
    Ok(own.into_iter().chain(brought).map(|file| file.name).collect())
}

/// Where laptops will reach us once the endpoint is up, for a stick that is built before: empty if the
/// system is to choose the port.
pub(crate) fn expected_urls(config: &Config) -> Vec<String> {
    match config.listen.port() {
        0 => config.advertise.clone(),
        _ => urls(config, config.listen),
    }
}

/// How laptops reach us: what the person said, else every address of this machine that is not loopback.
fn urls(config: &Config, listening: SocketAddr) -> Vec<String> {
    if !config.advertise.is_empty() {
        return config.advertise.clone();
    }
    let port = listening.port();
    if !listening.ip().is_unspecified() {
        return vec![format!("http://{listening}")];
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    // IPv4: what a bench's DHCP hands out, and what the agent brings up.
    let reachable = interfaces.iter().filter(|interface| !interface.is_loopback() && interface.ip().is_ipv4());
    reachable.map(|interface| format!("http://{}:{port}", interface.ip())).collect()
}

/// Laptops boot from the network, and what they boot cannot report: nobody but this machine reaches the endpoint.
pub(crate) fn out_of_reach(listen: SocketAddr) -> Option<Problem> {
    listen.ip().is_loopback().then(|| {
        Problem::new(
            "Laptops that boot from the network cannot report to this bench.",
            format!("The endpoint listens on {listen}, which only this machine itself reaches."),
            "Take `listen` out of config.toml, or set the address of the bench network's interface, and restart.",
        )
    })
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Problem {
    let (why, next) = match error.kind() {
        ErrorKind::AddrInUse => (
            format!("Another program uses port {}.", address.port()),
            format!(
                "Find it with `ss -ltnp sport = :{}` and stop it, or set listen = \"0.0.0.0:PORT\" in the configuration.",
                address.port()
            ),
        ),
        ErrorKind::PermissionDenied => (
            "Ports below 1024 need a privilege this user lacks.".to_owned(),
            "Choose a port above 1023 (listen = \"0.0.0.0:8780\") or start whiteglove with CAP_NET_BIND_SERVICE."
                .to_owned(),
        ),
        ErrorKind::AddrNotAvailable => (
            format!("This machine does not have the address {}.", address.ip()),
            "Set listen = \"0.0.0.0:8780\", or the address of the bench network's interface.".to_owned(),
        ),
        _ => (format!("The system says: {error}."), "Check the network settings of this machine.".to_owned()),
    };
    Problem::new(format!("Laptops cannot reach this bench: the endpoint cannot listen on {address}."), why, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_that_only_this_machine_reaches_is_told() {
        let told = |listen: &str| out_of_reach(listen.parse().unwrap()).is_some();
        assert_eq!(
            [told("127.0.0.1:8780"), told("[::1]:8780"), told("0.0.0.0:8780"), told("192.168.7.1:80")],
            [true, true, false, false]
        );
    }

    #[test]
    fn a_port_in_use_names_the_command_that_finds_its_user() {
        let address: SocketAddr = "0.0.0.0:8780".parse().unwrap();
        let problem = cannot_listen(address, &std::io::Error::from(ErrorKind::AddrInUse));
        assert!(problem.next.contains("ss -ltnp sport = :8780"));
    }
}
