//! A bench whose customers are tenants of the fake, with laptops that have hashes of their own.

use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    blob::Blob,
    hwhash::{HardwareHash, Record},
    identity::{Mac, SystemUuid},
};

use super::{
    Cloud,
    contract::Host,
    entra::App,
    text::guid,
    world::{Pace, Tenant},
};
use crate::support::{Bench, Control, until};

/// A client secret, as the portal makes them.
pub(crate) const SECRET: &str = "Q~mark-of-the-client-secret-7Zp";
/// What the system gives the bench, so that it starts again by itself.
const SYSTEM_KEY: &str = "mark-of-the-key-that-the-system-keeps";

/// A bench with its customers, and the services they are with.
pub(crate) struct Site {
    pub(crate) cloud: Cloud,
    pub(crate) bench: Bench,
}

pub(crate) fn client(customer: &str) -> String {
    guid(&format!("app of {customer}"))
}

/// As the fake names it.
pub(crate) fn tenant_id(customer: &str) -> String {
    guid(&format!("tenant {customer}"))
}

/// A tenant with a profile for its tag, and an app with the rights of the documentation.
pub(crate) fn add_tenant<'a>(cloud: &'a mut super::world::World, customer: &str, tag: &str) -> &'a mut Tenant {
    let tenant = cloud.add_tenant(customer);
    tenant.with_profile(&format!("{customer} standard"), tag);
    let rights = ["DeviceManagementServiceConfig.ReadWrite.All", "DeviceManagementManagedDevices.Read.All"];
    let rights = rights.map(str::to_owned).to_vec();
    tenant.apps.push(App {
        client: client(customer),
        secret: Some(SECRET.to_owned()),
        roles: rights.clone(),
        scopes: rights,
        ..App::default()
    });
    tenant
}

impl Site {
    /// Customers by name and group tag, each with a batch of its own name. The bench runs; nobody is signed in yet.
    pub(crate) fn new(pace: Pace, customers: &[(&str, &str)]) -> Self {
        let cloud = Cloud::started(pace);
        for (name, tag) in customers {
            add_tenant(&mut cloud.world(), name, tag);
        }
        let mut bench = Bench::new();
        bench.config = bench.config.replace("batch = 'spring'", &format!("batch = '{}'", customers[0].0));
        bench.config += &settings(&cloud);
        fs::write(bench.folder.path().join("whiteglove-vault"), SYSTEM_KEY).unwrap();
        let mut site = Self { cloud, bench };
        let customer = |(name, tag): &(&str, &str)| {
            let tenant = tenant_id(name);
            format!("[[customer]]\nname = '{name}'\ntenant = '{tenant}'\nway = 'online'\ngroup-tags = ['{tag}']\n")
        };
        let of_customers: String = customers.iter().map(customer).collect();
        let batch = |(name, tag): &(&str, &str)| {
            format!("[[batch]]\nname = '{name}'\ncustomer = '{name}'\ngroup-tag = '{tag}'\nidentity = 'windows-hash'\n")
        };
        let of_batches: String = customers.iter().map(batch).collect();
        let files = [("customer", of_customers), ("batch", of_batches)];
        for (what, text) in files {
            let path = file(&site.bench, &format!("{what}.toml"), &text);
            site.bench.says(&[what, "set", &path]);
        }
        site.start();
        site
    }

    /// `serve`, as systemd starts it: with the key of the vault.
    pub(crate) fn start(&mut self) -> u32 {
        let mut command = self.bench.command();
        command.env("CREDENTIALS_DIRECTORY", self.bench.folder.path());
        self.start_as(command)
    }

    pub(crate) fn start_as(&mut self, command: Command) -> u32 {
        let process = self.bench.spawn(command);
        self.bench.url();
        process
    }

    /// What a front end asks for over the control socket; what it is told.
    pub(crate) fn ask(&self, command: &Value) -> Result<String, Value> {
        Control::connect(&self.bench.state()).unwrap().told(command)
    }

    pub(crate) fn does(&self, command: &Value) -> String {
        self.ask(command).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// The bench gets what the customer's administrator made for it.
    pub(crate) fn give_secret(&self, customer: &str) {
        self.set(customer, &client(customer), &json!({"secret": SECRET}));
    }

    pub(crate) fn set(&self, customer: &str, client: &str, proof: &Value) {
        let credential = json!({
            "customer": customer, "service": "graph", "tenant": null, "client-id": client, "proof": proof,
            "refresh": null, "expires": null,
        });
        self.does(&json!({"sign-in": {"set": credential}}));
    }

    /// Laptops come in by a list of hashes, into the batch of that customer.
    pub(crate) fn arrive(&self, customer: &str, serials: &[String]) {
        self.bench.says(&["batch", "open", customer]);
        let text = list(serials.iter().map(String::as_str));
        let path = file(&self.bench, &format!("{customer}.csv"), &text);
        self.bench.says(&["import", &path]);
    }

    /// All of the open batch.
    pub(crate) fn register(&self) {
        self.does(&json!({"register": {"devices": [], "by": "Ada"}}));
    }

    /// Laptops of the open batch by the stage that they are in.
    pub(crate) fn stages(&self) -> BTreeMap<String, usize> {
        let snapshot = until("a snapshot", || self.bench.snapshot());
        let mut stages = BTreeMap::new();
        for row in snapshot["rows"].as_array().unwrap() {
            *stages.entry(row["stage"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        stages
    }

    /// Waits until that many of the open batch are safe to boot.
    pub(crate) fn cleared(&self, count: usize, patience: Duration) {
        let began = Instant::now();
        loop {
            let stages = self.stages();
            if stages.get("cleared") == Some(&count) {
                return;
            }
            if began.elapsed() > patience {
                let snapshot = self.bench.snapshot().unwrap();
                panic!("{stages:?}, {}, {}", snapshot["registration"], snapshot["problems"]);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Every one of them was sent once and is registered once, there and nowhere else.
    pub(crate) fn exactly_once(&self, customer: &str, serials: &[String]) {
        let world = self.cloud.world();
        let wrong = world.directory.not_exactly_once(&tenant_id(customer), serials.iter().map(String::as_str));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// The settings by which a bench finds the fake, and a network on which everything is in order.
pub(crate) fn settings(cloud: &Cloud) -> String {
    let url = |host| cloud.url(host);
    format!(
        "[cloud.global]\nauthority = '{}'\ngraph = '{}'\npartner_center = '{}'\n\
         [network-test]\nhosts = ['{}']\ntime-server = '{}'\n",
        url(Host::Entra),
        url(Host::Graph),
        url(Host::Partner),
        url(Host::Graph).trim_start_matches("http://"),
        cloud.time_server(),
    )
}

/// What Windows would write of a laptop with this number, and of no other.
pub(crate) fn hash(serial: &str) -> HardwareHash {
    let digest = Sha256::digest(serial);
    let mut uuid: [u8; 16] = digest[..16].try_into().unwrap();
    uuid[7] = uuid[7] & 0x0f | 0x40;
    let endorsement: Vec<u8> =
        (0..8).flat_map(|n| Sha256::digest(format!("endorsement {n} {serial}")).to_vec()).collect();
    let text = |kind, text: &str| Record::Text { kind, text: text.to_owned(), nul: kind != 7 };
    let records = [
        Record::Versions {
            tool_build: [10, 0, 26100, 1],
            os_build: [10, 0, 26100, 1742],
            seconds: 820_454_400,
            zone_quarters: 4,
            os_type: 2,
            architecture: 9,
            tool: 9,
        },
        Record::Network {
            medium: 14,
            mac: Mac([2, digest[16], digest[17], digest[18], digest[19], digest[20]]),
            bus: "PCI".to_owned(),
        },
        Record::SmbiosUuid { uuid: SystemUuid(uuid) },
        text(13, "TPM-Version:2.0 -Level:0-Revision:1.59-VendorID:'TEST'-Firmware:65536.1"),
        text(14, serial),
        text(16, "LENOVO"),
        text(17, "21CB"),
        Record::EkPub { modulus: Blob(endorsement.clone()) },
        // What identifies it while it is offline: of the endorsement key, 32 bytes.
        Record::Other {
            kind: 11,
            value: Blob([&[0, 0, 0, 0, 1, 0, 32, 0, 0, 0], &Sha256::digest(&endorsement)[..]].concat()),
        },
    ];
    HardwareHash::encode(&records).unwrap()
}

/// As `Get-WindowsAutopilotInfo` writes it.
pub(crate) fn list<'a>(serials: impl IntoIterator<Item = &'a str>) -> String {
    let mut csv = "Device Serial Number,Windows Product ID,Hardware Hash\r\n".to_owned();
    for serial in serials {
        csv += &format!("{serial},,{}\r\n", hash(serial).to_base64());
    }
    csv
}

/// A file beside the bench.
pub(crate) fn file(bench: &super::super::Bench, name: &str, text: &str) -> String {
    let path = bench.folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(crate) fn serials(count: usize, front: &str) -> Vec<String> {
    (0..count).map(|n| format!("{front}{n:05}")).collect()
}
