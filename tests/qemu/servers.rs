//! Other people's servers giving out an export: dnsmasq and nginx, by the configurations that come with it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    boot::results,
    support::{segment::Machine, until},
};

const ADDRESS: &str = "10.77.0.1";
/// Not 80: GRUB and shim have to keep the port.
const HTTP_PORT: u16 = 8080;

pub(crate) struct Servers {
    name: &'static str,
    running: Vec<Child>,
}

impl Servers {
    /// `http`: what comes after the first file goes over HTTP where the client is able to. `first`: the second
    /// of them is given in place of the first.
    pub(crate) fn start(name: &'static str, machine: &Machine, tree: &Path, http: bool, first: [&str; 2]) -> Self {
        let mut servers = Self { name, running: vec![] };
        let folder = tree.parent().unwrap();
        let root = tree.to_str().unwrap();
        let read = |file: &str| fs::read_to_string(tree.join(file)).unwrap().replace("/srv/whiteglove", root);

        let server = format!("{ADDRESS}:{HTTP_PORT}");
        let mut dnsmasq = read("dnsmasq.conf").replace("SERVER", &server);
        for (word, value) in [("INTERFACE", "eth0"), ("FIRST-ADDRESS", "10.77.0.100"), ("LAST-ADDRESS", "10.77.0.199")]
        {
            dnsmasq = dnsmasq.replace(word, value);
        }
        if http {
            dnsmasq = dnsmasq.replace("dhcp-boot=tag:ipxe,boot.ipxe", "").replace("\n#dhcp-", "\ndhcp-");
        }
        let dnsmasq = dnsmasq.replace(first[0], first[1]);
        let file = folder.join("dnsmasq.conf");
        fs::write(&file, dnsmasq).unwrap();
        let mut command = Command::new("dnsmasq");
        // Without becoming a daemon it stays who it is and speaks to us.
        command.args(["--no-daemon", "--no-ping", "--log-dhcp"]);
        command.arg(format!("--conf-file={}", file.display()));
        command.arg(format!("--dhcp-leasefile={}", folder.join("leases").display()));
        servers.run(machine, &command);

        let nginx = folder.join("nginx.conf");
        let site = read("nginx.conf").replace("listen 80;", &format!("listen {server};"));
        let text = format!(
            "daemon off; master_process off; user root; pid {}; error_log {};\nevents {{ }}\nhttp {{\n\
             log_format asked '$request_method $request_uri $status $body_bytes_sent';\naccess_log {} asked;\n{site}\n}}",
            folder.join("nginx.pid").display(),
            servers.log("nginx-errors").display(),
            servers.log("nginx").display(),
        );
        fs::write(&nginx, text).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&nginx).arg("-e").arg(servers.log("nginx-errors"));
        servers.run(machine, &command);
        until("dnsmasq and nginx", || {
            for server in &mut servers.running {
                assert_eq!(server.try_wait().unwrap(), None, "it ended; see {}", results().display());
            }
            let (dnsmasq, _) =
                (fs::read_to_string(servers.log("dnsmasq")).ok()?, File::open(servers.log("nginx")).ok()?);
            dnsmasq.contains("TFTP root is").then_some(())
        });
        servers
    }

    fn log(&self, what: &str) -> PathBuf {
        results().join(format!("{}.{what}.log", self.name))
    }

    fn run(&mut self, machine: &Machine, command: &Command) {
        let words = File::create(self.log(command.get_program().to_str().unwrap())).unwrap();
        let mut command = machine.inside(command);
        command.stdin(Stdio::null()).stdout(words.try_clone().unwrap()).stderr(words);
        self.running.push(command.spawn().unwrap());
    }

    /// What was asked for by TFTP and is there, in order.
    pub(crate) fn by_tftp(&self) -> Vec<String> {
        let log = fs::read_to_string(self.log("dnsmasq")).unwrap();
        let sent = log.lines().filter_map(|line| line.split_once("sent /")?.1.split_once(" to "));
        sent.map(|(path, _)| path.rsplit_once("/whiteglove/").map_or(path, |(_, name)| name).to_owned()).collect()
    }

    /// What was asked for by HTTP: method, path as it came, status and length.
    pub(crate) fn by_http(&self) -> Vec<String> {
        fs::read_to_string(self.log("nginx")).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in &mut self.running {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
