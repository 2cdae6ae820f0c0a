//! Registration with the real binary against the fake of Microsoft's services: from a list of hashes to safe to boot.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    cloud::{
        contract::Host,
        directory::Fate,
        entra::Token,
        faults::Fault,
        site::{SECRET, Site, client, serials, tenant_id},
        world::Pace,
    },
    until,
};

const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn a_few_laptops_become_safe_to_boot() {
    let site = Site::new(Pace::QUICK, &[("Contoso", "SALES")]);
    site.give_secret("Contoso");
    let serials = serials(5, "PF");
    site.arrive("Contoso", &serials);
    site.register();
    site.cleared(5, PATIENCE);
    site.exactly_once("Contoso", &serials);
    let world = site.cloud.world();
    let all = &world.directory.registrations;
    assert!(all.iter().all(|one| one.group_tag == "SALES" && one.tenant == tenant_id("Contoso")));
    assert_eq!(world.calls(Host::Graph, "POST", "/import"), [200]);
}

#[test]
fn what_another_tenant_holds_is_said_and_the_others_go_on() {
    let site = Site::new(Pace::QUICK, &[("Contoso", "SALES")]);
    let refused = Fate::Refused(808, "ZtdDeviceAssignedToOtherTenant");
    site.cloud.world().directory.fates.insert("PF00001".to_owned(), refused);
    site.give_secret("Contoso");
    let serials = serials(3, "PF");
    site.arrive("Contoso", &serials);
    site.register();
    site.cleared(2, PATIENCE);
    let snapshot = site.bench.snapshot().unwrap();
    assert_eq!(snapshot["registration"]["counts"]["refused"], 1, "{}", snapshot["registration"]);
    site.exactly_once("Contoso", &[serials[0].clone(), serials[2].clone()]);
}

#[test]
fn a_bench_without_a_line_goes_on_when_it_is_back() {
    let mut site = Site::new(Pace::QUICK, &[("Contoso", "SALES")]);
    site.give_secret("Contoso");
    let serials = serials(5, "PF");
    site.arrive("Contoso", &serials);
    site.cloud.offline();
    site.register();
    let why = until("the reason", || {
        let view = site.bench.snapshot()?["registration"].clone();
        (view["state"]["line"] == "waiting").then(|| view["state"].to_string())
    });
    assert!(why.contains("\"until\"") && why.contains("next"), "{why}");
    // Power goes as well, and comes back before the line does.
    site.bench.kill();
    site.start();
    assert_eq!(site.bench.snapshot().unwrap()["registration"]["counts"]["waiting"], 5);
    site.cloud.online();
    site.cleared(5, PATIENCE);
    site.exactly_once("Contoso", &serials);
}

#[test]
fn throttled_and_misled_it_comes_to_the_same_end() {
    let site = Site::new(Pace::QUICK, &[("Contoso", "SALES")]);
    site.give_secret("Contoso");
    let serials = serials(20, "PF");
    site.arrive("Contoso", &serials);
    {
        let mut world = site.cloud.world();
        let graph = Host::Graph;
        let imported = "/importedWindowsAutopilotDeviceIdentities";
        let devices = "/windowsAutopilotDeviceIdentities";
        // Before the import gets through at all.
        world.faults.on(graph, "POST", "/import", 0, 1, Fault::Throttled { retry_after: Some(1) });
        world.faults.on(graph, "POST", "/import", 0, 1, Fault::Throttled { retry_after: None });
        world.faults.on(graph, "POST", "/import", 0, 1, Fault::Refused { status: 503, nested: false });
        // Taken in, and the answer does not come whole.
        world.faults.on(graph, "POST", "/import", 0, 1, Fault::Half);
        for path in [imported, devices, "/$batch"] {
            let method = if path == "/$batch" { "POST" } else { "GET" };
            for fault in [
                Fault::Throttled { retry_after: None },
                Fault::Refused { status: 500, nested: true },
                Fault::CutJson,
                Fault::ProxyPage(200),
                Fault::ClosedAfter,
                Fault::UnknownWords,
            ] {
                world.faults.on(graph, method, path, 1, 1, fault);
            }
        }
    }
    site.register();
    // Some of these cost a wait of the client's own making.
    site.cleared(20, Duration::from_secs(240));
    site.exactly_once("Contoso", &serials);
    let world = site.cloud.world();
    let answers = world.calls(Host::Graph, "POST", "/import");
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
}

#[test]
fn nothing_is_sent_to_a_tenant_that_the_sign_in_is_not_for() {
    let site = Site::new(Pace::QUICK, &[("Contoso", "SALES"), ("Fabrikam", "HALL")]);
    // The app of one customer, for another.
    site.set("Contoso", &client("Fabrikam"), &json!({"secret": SECRET}));
    site.arrive("Contoso", &serials(3, "PF"));
    site.register();
    let why = until("the reason", || {
        let state = site.bench.snapshot()?["registration"]["state"].take();
        ["waiting", "stopped"].contains(&state["line"].as_str()?).then(|| state.to_string())
    });
    assert!(why.contains("700016"), "{why}");
    let world = site.cloud.world();
    assert_eq!(world.requests(Host::Graph, 0), 0);
    assert!(world.directory.imports.is_empty());
}

#[test]
fn two_customers_never_see_each_other() {
    let site = Site::new(Pace::QUICK, &[("Contoso", "SALES"), ("Fabrikam", "HALL")]);
    let (ours, theirs) = (serials(4, "CO"), serials(3, "FA"));
    for (customer, serials) in [("Contoso", &ours), ("Fabrikam", &theirs)] {
        site.give_secret(customer);
        site.arrive(customer, serials);
        site.register();
    }
    for (customer, serials, others) in [("Contoso", &ours, "FA0"), ("Fabrikam", &theirs, "CO0")] {
        site.bench.says(&["batch", "open", customer]);
        site.cleared(serials.len(), PATIENCE);
        let shown = site.bench.snapshot().unwrap();
        assert_eq!(shown["registration"]["customer"], customer);
        assert!(!shown.to_string().contains(others), "{shown}");
        site.exactly_once(customer, serials);
    }
    let world = site.cloud.world();
    for one in &world.directory.registrations {
        let (tenant, tag) = match one.machine.serial.starts_with("CO") {
            true => (tenant_id("Contoso"), "SALES"),
            false => (tenant_id("Fabrikam"), "HALL"),
        };
        assert_eq!((&one.tenant, one.group_tag.as_str()), (&tenant, tag), "{}", one.machine.serial);
    }
    // Each customer's own app asked for the token that its requests went out with.
    let tokens = world.sign_ins.tokens.values();
    assert!(tokens.clone().any(|token| token.tenant == tenant_id("Fabrikam")));
    let own = |token: &Token| {
        ["Contoso", "Fabrikam"].iter().any(|name| token.tenant == tenant_id(name) && token.client == client(name))
    };
    assert!(tokens.into_iter().all(own));
}
