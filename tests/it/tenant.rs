//! A customer's tenant through the real binary, against the fake: what is changed is shown as a plan before.

use serde_json::{Value, json};

use crate::support::{
    Bench,
    cloud::{
        Cloud,
        contract::Host,
        curl::{CLIENT, MANAGED, SERVICE},
        entra::App,
        site::file,
        world::Pace,
    },
};

const PRIVILEGED: &str = "DeviceManagementManagedDevices.PrivilegedOperations.All";

struct Site {
    bench: Bench,
    cloud: Cloud,
    tenant: String,
}

impl Site {
    /// A bench that serves, and is signed in at ACME.
    fn new() -> Self {
        let cloud = Cloud::started(Pace::QUICK);
        let tenant = {
            let mut world = cloud.world();
            let tenant = world.add_tenant("ACME");
            tenant.with_profile("Standard", "STANDARD");
            let roles = [SERVICE, MANAGED, PRIVILEGED, "Group.Read.All"].map(str::to_owned).to_vec();
            tenant.apps.push(App {
                client: CLIENT.to_owned(),
                secret: Some("s3cret".to_owned()),
                roles,
                ..App::default()
            });
            tenant.id.clone()
        };
        let mut bench = Bench::without_boot_environment();
        let [authority, graph, partner] = [Host::Entra, Host::Graph, Host::Partner].map(|host| cloud.url(host));
        bench.config +=
            &format!("[cloud.global]\nauthority = '{authority}'\ngraph = '{graph}'\npartner_center = '{partner}'\n");
        let customer = file(&bench, "acme.toml", &format!("name = 'ACME'\ntenant = '{tenant}'\n"));
        bench.says(&["customer", "set", &customer]);
        let key = file(&bench, "passphrase", "a passphrase\n");
        let secret = file(&bench, "secret", "s3cret");
        let set = ["secret", "set", "ACME", "--client-id", CLIENT, "--passphrase-from", &key, "--secret-from", &secret];
        bench.says(&[&set[..], &["--expires", "2099-01-01"]].concat());
        bench.start();
        bench.says(&["secret", "unlock", "--passphrase-from", &key]);
        Self { bench, cloud, tenant }
    }

    fn says(&self, arguments: &[&str]) -> String {
        self.bench.says(&[arguments, &["--customer", "ACME"]].concat())
    }

    fn complains(&self, arguments: &[&str]) -> String {
        self.bench.complains(&[arguments, &["--customer", "ACME"]].concat())
    }

    /// The digest of the plan that a command shows, where nobody is there to agree.
    fn plan(&self, arguments: &[&str]) -> (String, String) {
        let shown = self.complains(arguments);
        let digest = shown.lines().find_map(|line| line.strip_prefix("plan ")).expect(&shown).to_owned();
        assert!(shown.contains(&format!("--yes-plan {digest}")), "{shown}");
        (shown, digest)
    }

    fn profiles(&self) -> Vec<String> {
        let mut world = self.cloud.world();
        let profiles = &world.tenant(&self.tenant).profiles;
        profiles.iter().map(|profile| profile.value["displayName"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_profile_is_made_assigned_and_not_deleted_while_it_is_assigned() {
    let site = Site::new();
    let listed = site.says(&["profile", "list"]);
    assert!(listed.contains("Standard") && listed.contains("assigned to"), "{listed}");
    let settings = "name = 'Kiosk'\nscenario = 'self-deploying'\nname-template = 'KI-%SERIAL%'\n";
    let settings = file(&site.bench, "kiosk.toml", settings);
    let create = ["profile", "create", &settings];
    let (shown, digest) = site.plan(&create);
    assert!(
        shown.contains("make the deployment profile Kiosk: self-deploying") && shown.contains("KI-%SERIAL%"),
        "{shown}"
    );
    assert_eq!(site.profiles(), ["Standard"], "showing changes nothing");
    let wrong = site.complains(&[&create[..], &["--yes-plan", "000000000000"]].concat());
    assert!(wrong.contains("another thing now than what was agreed to"), "{wrong}");
    let done = site.says(&[&create[..], &["--yes-plan", &digest]].concat());
    assert!(done.starts_with("Done in the tenant of ACME"), "{done}");
    assert_eq!(site.profiles(), ["Standard", "Kiosk"]);
    // What was agreed to once is not done twice.
    let again = site.complains(&[&create[..], &["--yes-plan", &digest]].concat());
    assert!(again.contains("has a profile called Kiosk already"), "{again}");

    site.cloud.world().tenant(&site.tenant).groups.push(json!({
        "id": "aa000000-0000-4000-8000-000000000099", "displayName": "Kiosks", "groupTypes": ["DynamicMembership"],
        "membershipRule": "(device.devicePhysicalIds -any (_ -eq \"[OrderID]:KIOSK\"))",
    }));
    let assign = ["profile", "assign", "kiosk", "--group", "Kiosks"];
    let (_, digest) = site.plan(&assign);
    site.says(&[&assign[..], &["--yes-plan", &digest]].concat());
    let json: Value = serde_json::from_str(&site.says(&["profile", "list", "--json"])).unwrap();
    let kiosk = json.as_array().unwrap().iter().find(|profile| profile["name"] == "Kiosk").unwrap();
    assert_eq!(kiosk["targets"], json!([{ "group": "aa000000-0000-4000-8000-000000000099" }]));
    assert!(site.complains(&["profile", "delete", "Kiosk"]).contains("still assigned"));
    // The journal knows what was changed, and that it went well.
    assert!(site.bench.says(&["journal", "verify"]).contains("is whole"));
}

#[test]
fn a_laptop_is_reset_only_after_its_plan_was_agreed_to() {
    let site = Site::new();
    site.cloud.world().tenant(&site.tenant).managed.push(json!({
        "id": "5c0e0a11-0000-4000-8000-000000000003", "deviceName": "WH-PC-001", "serialNumber": "PF000001",
        "operatingSystem": "Windows", "lastSyncDateTime": "2026-01-15T10:40:00Z", "userPrincipalName": "",
    }));
    let wipe = ["tenant", "wipe", "PF000001"];
    let (shown, digest) = site.plan(&wipe);
    assert!(shown.contains("GONE AFTERWARDS: everything on its disk") && shown.contains("WH-PC-001"), "{shown}");
    let state = || site.cloud.world().tenant(&site.tenant).managed[0]["managementState"].clone();
    assert_eq!(state(), Value::Null);
    let keep = site.complains(&["tenant", "wipe", "PF000001", "--keep-user-data", "--yes-plan", &digest]);
    assert!(keep.contains("another thing now"), "{keep}");
    site.says(&[&wipe[..], &["--yes-plan", &digest]].concat());
    assert_eq!(state(), "wipePending");
    assert!(site.complains(&["tenant", "wipe", "PF000009"]).contains("no device with this number"));
    assert!(
        site.complains(&["tenant", "offboard", "PF000009"]).contains("neither a registration nor a managed device")
    );
}
