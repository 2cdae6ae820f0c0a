//! The bench box: a PC started from a stick that is a bench and nothing else. Owns what `box.toml` on the stick
//! may say, and what becomes of it: the files of the running system that hold it.
//!
//! The file is edited by a person on any PC and read as root, so every value is checked against the grammar of the
//! file it ends up in before it gets there; no value can bring a line of its own.

use std::net::IpAddr;

use serde::Deserialize;

/// Debian's name of what the stick's volume that any PC can edit holds.
pub const SETTINGS: &str = "box.toml";
/// The bench's own settings, as everywhere else.
pub const BENCH_SETTINGS: &str = "whiteglove.toml";
/// A setting has to be typed by somebody.
const MOST_KEYS: usize = 32;
const MOST_NETWORKS: usize = 32;

/// `box.toml` as a person writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    hostname: Option<String>,
    keyboard: Option<String>,
    timezone: Option<String>,
    #[serde(default)]
    ntp: Vec<String>,
    #[serde(default)]
    ssh_keys: Vec<String>,
    console_password: Option<String>,
    #[serde(default)]
    network: Vec<WrittenNetwork>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenNetwork {
    port: String,
    address: String,
    gateway: Option<IpAddr>,
    #[serde(default)]
    dns: Vec<IpAddr>,
}

/// Settings that hold. Made by [`Settings::check`] or by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    hostname: String,
    /// XKB layout and variant.
    keyboard: Option<(String, String)>,
    timezone: Option<String>,
    ntp: Vec<String>,
    ssh_keys: Vec<String>,
    /// As crypt(3) has it.
    console_password: Option<String>,
    networks: Vec<Network>,
}

/// A wired port with an address of its own instead of DHCP.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Network {
    /// A line of networkd's `[Match]`.
    which: String,
    address: IpAddr,
    prefix: u8,
    gateway: Option<IpAddr>,
    dns: Vec<IpAddr>,
}

/// A file of the running system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemFile {
    /// From the root, without its slash.
    pub path: String,
    pub text: String,
    pub mode: u32,
}

impl Settings {
    /// What holds where nothing was said. `number`: the stick's own.
    pub fn of_number(number: &str) -> Self {
        Self {
            hostname: format!("whiteglove-{number}"),
            keyboard: None,
            timezone: None,
            ntp: vec![],
            ssh_keys: vec![],
            console_password: None,
            networks: vec![],
        }
    }

    /// # Errors
    /// The first value that cannot be, with what it should look like.
    pub fn check(written: Written, number: &str) -> Result<Self, String> {
        let mut settings = Self::of_number(number);
        if let Some(name) = written.hostname {
            settings.hostname = hostname(name)?;
        }
        settings.keyboard = written.keyboard.map(|text| keyboard(&text)).transpose()?;
        settings.timezone = written.timezone.map(timezone).transpose()?;
        settings.ntp = written.ntp.into_iter().map(server).collect::<Result<_, _>>()?;
        if written.ssh_keys.len() > MOST_KEYS || written.network.len() > MOST_NETWORKS {
            return Err(format!("at most {MOST_KEYS} 'ssh_keys' and {MOST_NETWORKS} sections [[network]]"));
        }
        settings.ssh_keys = written.ssh_keys.into_iter().map(ssh_key).collect::<Result<_, _>>()?;
        settings.console_password = written.console_password.map(password_hash).transpose()?;
        for network in written.network {
            let port = network.port.clone();
            settings.networks.push(Network::check(network).map_err(|why| format!("[[network]] of '{port}': {why}"))?);
        }
        Ok(settings)
    }

    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    pub fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// For root's line in `/etc/shadow`.
    pub fn console_password(&self) -> Option<&str> {
        self.console_password.as_deref()
    }

    /// The files that hold these settings where Debian looks for them.
    pub fn files(&self) -> Vec<SystemFile> {
        let file = |path: &str, text: String, mode| SystemFile { path: path.to_owned(), text, mode };
        let name = &self.hostname;
        let mut files = vec![
            file("etc/hostname", format!("{name}\n"), 0o644),
            file("etc/hosts", format!("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name}\n"), 0o644),
        ];
        if let Some((layout, variant)) = &self.keyboard {
            let text = format!(
                "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"{layout}\"\nXKBVARIANT=\"{variant}\"\nXKBOPTIONS=\"\"\nBACKSPACE=\"guess\"\n"
            );
            files.push(file("etc/default/keyboard", text, 0o644));
        }
        if !self.ntp.is_empty() {
            let text = format!("[Time]\nNTP={}\n", self.ntp.join(" "));
            files.push(file("run/systemd/timesyncd.conf.d/box.conf", text, 0o644));
        }
        if !self.ssh_keys.is_empty() {
            files.push(file("root/.ssh/authorized_keys", self.ssh_keys.join("\n") + "\n", 0o600));
        }
        for (number, network) in self.networks.iter().enumerate() {
            files.push(file(&format!("run/systemd/network/10-box-{number}.network"), network.text(), 0o644));
        }
        files
    }
}

impl Network {
    fn check(written: WrittenNetwork) -> Result<Self, String> {
        let port = written.port;
        let is_mac = port.split(':').count() == 6
            && port.split(':').all(|byte| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let is_name = (1..=15).contains(&port.len())
            && port.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        let which = match (is_mac, is_name) {
            (true, _) => format!("MACAddress={}", port.to_ascii_lowercase()),
            (false, true) => format!("Name={port}"),
            _ => return Err("'port' must be a port's name, like enp3s0, or its MAC address".to_owned()),
        };
        let whole = || "'address' must be an address and its prefix, like 10.77.0.1/24".to_owned();
        let (address, prefix) = written.address.split_once('/').ok_or_else(whole)?;
        let (address, prefix): (IpAddr, u8) =
            (address.parse().map_err(|_| whole())?, prefix.parse().map_err(|_| whole())?);
        let most = if address.is_ipv4() { 32 } else { 128 };
        if prefix == 0 || prefix > most || address.is_unspecified() || address.is_multicast() || address.is_loopback() {
            return Err(whole());
        }
        if written.gateway.is_some_and(|gateway| gateway.is_ipv4() != address.is_ipv4()) {
            return Err("'gateway' must be of the address's own kind, IPv4 or IPv6".to_owned());
        }
        Ok(Self { which, address, prefix, gateway: written.gateway, dns: written.dns })
    }

    fn text(&self) -> String {
        let mut text = format!(
            "[Match]\n{}\n\n[Network]\nAddress={}/{}\nMulticastDNS=no\nLLMNR=no\n",
            self.which, self.address, self.prefix
        );
        for (key, value) in self.gateway.iter().map(|a| ("Gateway", a)).chain(self.dns.iter().map(|a| ("DNS", a))) {
            text += &format!("{key}={value}\n");
        }
        // A bench serves laptops on a network that has nobody else yet.
        text + "ConfigureWithoutCarrier=yes\n\n[Link]\nRequiredForOnline=no\n"
    }
}

/// RFC 1123: letters, digits and hyphens.
fn hostname(name: String) -> Result<String, String> {
    let good = (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    good.then_some(name).ok_or_else(|| "'hostname' must be 1 to 63 letters, digits and hyphens".to_owned())
}

fn keyboard(text: &str) -> Result<(String, String), String> {
    let (layout, variant) = match text.split_once('(') {
        Some((layout, rest)) => (layout, rest.strip_suffix(')').unwrap_or("(")),
        None => (text, ""),
    };
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let good = (2..=16).contains(&layout.len()) && plain(layout) && variant.len() <= 32 && plain(variant);
    good.then(|| (layout.to_owned(), variant.to_owned()))
        .ok_or_else(|| "'keyboard' must be a layout like 'de', or one with its variant like 'ch(fr)'".to_owned())
}

fn timezone(name: String) -> Result<String, String> {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+'))
    };
    let good = name.len() <= 64 && name.split('/').all(part);
    good.then_some(name).ok_or_else(|| "'timezone' must be one like Europe/Oslo".to_owned())
}

fn server(name: String) -> Result<String, String> {
    let good = (1..=253).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'));
    good.then_some(name).ok_or_else(|| "'ntp' must list names or addresses of time servers".to_owned())
}

/// A public key as it stands in a `.pub` file; options before it would be commands.
fn ssh_key(line: String) -> Result<String, String> {
    let mut words = line.split(' ');
    let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let kinds = [
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ];
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let good = kinds.contains(&kind)
        && (40..=4096).contains(&key.len())
        && key.bytes().all(base64)
        && line.chars().all(|c| !c.is_control());
    good.then_some(line).ok_or_else(|| {
        "'ssh_keys' must list public keys, each as its .pub file has it, like 'ssh-ed25519 AAAA... name'".to_owned()
    })
}

/// crypt(3): yescrypt or SHA-512. Never the password itself, which anybody could read who finds the stick.
fn password_hash(hash: String) -> Result<String, String> {
    let known = hash.starts_with("$y$") || hash.starts_with("$6$");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'$' | b'=' | b',');
    let good = known && (30..=256).contains(&hash.len()) && hash.bytes().all(plain);
    good.then_some(hash).ok_or_else(|| {
        "'console_password' must be what `mkpasswd` makes of a password, which begins with $y$ or $6$; never the password itself"
            .to_owned()
    })
}

/// The volume's `box.toml` of a new stick: everything that can be said, and nothing said.
pub const TEMPLATE: &str = "\
# Settings of this bench box. Take the # away in front of a line to make it count; the box reads it when it starts.
# What is wrong here is said on its screen, and the defaults are taken. No secrets: anybody who finds the stick can
# read this.

# Its name in the network [default: whiteglove- and the stick's own number]
#hostname = \"bench-oslo\"

# The keyboard: us, de, fr, no, gb, or with a variant like ch(fr) [default: us]
#keyboard = \"de\"

# [default: UTC]
#timezone = \"Europe/Oslo\"

# Time servers [default: what the network names, else Debian's]
#ntp = [\"10.0.0.1\"]

# Who may log in from afar, as root: public keys, the one line of a .pub file each. Without any there is no SSH.
#ssh_keys = [\"ssh-ed25519 AAAA... you\"]

# A login on the second screen (Alt-F2), as root: what `mkpasswd` makes of a password. Without it there is none.
#console_password = \"$y$...\"

# A port with an address of its own; all others ask for one by DHCP. By name or MAC address.
#[[network]]
#port = \"enp3s0\"
#address = \"10.77.0.1/24\"
#gateway = \"10.77.0.254\"
#dns = [\"10.77.0.254\"]
";

/// The volume's `whiteglove.toml` of a new stick.
pub const BENCH_TEMPLATE: &str = "\
# Settings of the bench itself: the same as everywhere, see whiteglove's README. The box reads it when it starts.

#batch = \"spring\"

# Boot laptops from the network at this port. proxy: beside a DHCP server; own: the bench gives addresses too.
#[[netboot]]
#interface = \"enp3s0\"
#mode = \"proxy\"
";

#[cfg(test)]
mod tests;
