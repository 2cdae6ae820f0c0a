//! TOML in, a validated [`Config`] out. The only home of defaults.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use whiteglove_core::{api::DEFAULT_PORT, batch::IdentityPolicy, netboot::Program, problem::Problem};

mod cloud;
mod network;
mod network_test;

pub use cloud::Clouds;
pub use network::{Addresses, NetbootPort};

/// Every setting, with its default where the person said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The bench's name on screens and labels.
    pub bench: String,
    /// Who works at it, for records of what was made; `None`: whoever is logged in.
    pub operator: Option<String>,
    /// The batch that captures belong to.
    pub batch: String,
    /// The only customer this bench works for.
    pub customer: Option<String>,
    /// By which identity that batch's laptops are registered.
    pub identity: IdentityPolicy,
    /// What that batch's laptops boot from the network.
    pub boot: Program,
    /// What laptops need of the network, tried from here.
    pub network_test: crate::nettest::Plan,
    /// The networks on which the bench boots laptops.
    pub netboot: Vec<NetbootPort>,
    /// Where the endpoint listens.
    pub listen: SocketAddr,
    /// Base URLs put on media; empty: this machine's own addresses.
    pub advertise: Vec<String>,
    /// A rehearsal: whatever is seen is marked so.
    pub simulated: bool,
    /// Announce the endpoint by mDNS.
    pub mdns: bool,
    /// Where Microsoft's services are reached.
    pub clouds: Clouds,
    /// Journal, key, images and boot environment live here.
    pub state: PathBuf,
}

/// The file, as a person writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    bench: Option<String>,
    operator: Option<String>,
    batch: Option<String>,
    customer: Option<String>,
    identity: Option<IdentityPolicy>,
    boot: Option<Program>,
    #[serde(default)]
    netboot: Vec<network::Section>,
    #[serde(default, rename = "network-test")]
    network_test: network_test::Section,
    listen: Option<SocketAddr>,
    #[serde(default)]
    advertise: Vec<String>,
    mdns: Option<bool>,
    #[serde(default)]
    cloud: BTreeMap<String, cloud::Section>,
}

impl Config {
    /// Reads `file`, or the default place if there is something, or takes the defaults.
    ///
    /// # Errors
    /// A file that was named but is not there, and a setting that is unknown or out of range.
    pub fn load(file: Option<&Path>, state: Option<PathBuf>) -> Result<Self, Problem> {
        let (path, asked_for) = match file {
            Some(path) => (Some(path.to_owned()), true),
            None => (home("XDG_CONFIG_HOME", ".config").map(|home| home.join("whiteglove/config.toml")), false),
        };
        let text = match path.as_ref().map(|path| (path, std::fs::read_to_string(path))) {
            Some((_, Ok(text))) => text,
            Some((path, Err(error))) if asked_for || error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Problem::new(
                    format!("The configuration {} cannot be read.", path.display()),
                    format!("The system says: {error}."),
                    "Check the path and its permissions, or start without --config to use the defaults.",
                ));
            }
            _ => String::new(),
        };
        let state = state
            .or_else(|| home("XDG_STATE_HOME", ".local/state").map(|home| home.join("whiteglove")))
            .ok_or_else(|| {
                Problem::new(
                    "There is no place for the journal.",
                    "Neither HOME nor XDG_STATE_HOME is set.",
                    "Name a folder: whiteglove --state DIR.",
                )
            })?;
        Self::parse(&text, state).map_err(|why| {
            let place = path.map_or_else(String::new, |path| path.display().to_string());
            Problem::new(
                format!("The configuration {place} is not right."),
                why,
                "Correct that line and start again; README.md lists the settings.",
            )
        })
    }

    /// Whether these settings would be taken.
    ///
    /// # Errors
    /// Why not.
    pub fn check(text: &str) -> Result<(), String> {
        Self::parse(text, PathBuf::new()).map(|_| ())
    }

    fn parse(text: &str, state: PathBuf) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        let config = Self {
            bench: file.bench.unwrap_or_else(|| "bench-1".to_owned()),
            operator: file.operator,
            batch: file.batch.unwrap_or_else(|| "first".to_owned()),
            customer: file.customer,
            identity: file.identity.unwrap_or_default(),
            boot: file.boot.unwrap_or_default(),
            network_test: network_test::plan(file.network_test)?,
            netboot: network::ports(file.netboot)?,
            listen: file.listen.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], DEFAULT_PORT))),
            advertise: file.advertise,
            simulated: false,
            mdns: file.mdns.unwrap_or(true),
            clouds: cloud::clouds(file.cloud)?,
            state,
        };
        let optional = [("customer", &config.customer), ("operator", &config.operator)];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        for (name, value) in [("bench", &config.bench), ("batch", &config.batch)].into_iter().chain(optional) {
            let printable = value.chars().all(|c| !c.is_control());
            if value.trim().is_empty() || value.chars().count() > 32 || !printable {
                return Err(format!("'{name}' must be 1 to 32 printable characters"));
            }
        }
        if let Some(bad) = config.advertise.iter().find(|url| !url.starts_with("http://")) {
            return Err(format!("'advertise' must list URLs like http://192.168.7.1:8780, not '{bad}'"));
        }
        Ok(config)
    }

    pub fn media_folder(&self) -> PathBuf {
        self.state.join("media")
    }

    /// What became of every line of an import.
    pub fn reports_folder(&self) -> PathBuf {
        self.state.join("imports")
    }

    /// What `l` kept of laptops, as it came back by stick.
    pub fn logs_folder(&self) -> PathBuf {
        self.state.join("logs")
    }

    pub fn boot_environment(&self) -> PathBuf {
        self.state.join("bootenv")
    }

    /// What scripts/box made: the parts of a bench box.
    pub fn bench_box(&self) -> PathBuf {
        self.state.join("box")
    }

    /// What a person put there for laptops to boot: the customer's own WinPE.
    pub fn payloads_folder(&self) -> PathBuf {
        self.state.join("payloads")
    }

    /// How the bench lives on this interface as far as the configuration says.
    pub fn netboot_port(&self, interface: &str) -> NetbootPort {
        let said = self.netboot.iter().find(|port| port.interface == interface);
        said.cloned().unwrap_or_else(|| NetbootPort::silent(interface))
    }

    /// The socket by which a second terminal reaches the running appliance.
    pub fn control_socket(&self) -> PathBuf {
        self.state.join("control.sock")
    }
}

fn home(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set(variable).or_else(|| set("HOME").map(|home| home.join(below_home)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, PathBuf::from("/s"))
    }

    #[test]
    fn nothing_said_gives_the_defaults() {
        let config = parse("").unwrap();
        assert_eq!((config.listen.port(), config.batch.as_str(), config.mdns), (DEFAULT_PORT, "first", true));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let why = parse("bench = 'b'\nlissen = '0.0.0.0:1'\n").unwrap_err();
        assert!(why.contains("line 2") && why.contains("unknown field `lissen`"), "{why}");
    }

    #[test]
    fn values_out_of_range_are_named() {
        assert!(parse("batch = ''").unwrap_err().contains("'batch'"));
        assert!(parse("operator = ' '").unwrap_err().contains("'operator'"));
        assert!(parse("listen = 'localhost'").unwrap_err().contains("listen"));
        assert!(parse("advertise = ['192.168.7.1']").unwrap_err().contains("http://192.168.7.1:8780"));
    }

    #[test]
    fn a_batch_chooses_its_identity_by_name() {
        assert_eq!(parse("").unwrap().identity, IdentityPolicy::LinuxHash);
        assert_eq!(parse("identity = 'windows-hash'").unwrap().identity, IdentityPolicy::WindowsHash);
        let why = parse("identity = 'pkid'").unwrap_err();
        assert!(why.contains("linux-hash") && why.contains("tuple"), "{why}");
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let problem = Config::load(Some(Path::new("/nowhere/x.toml")), None).unwrap_err();
        assert!(problem.what.contains("/nowhere/x.toml"));
    }
}
