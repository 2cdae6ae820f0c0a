//! Customers and batches through the real binary: from files, kept over a restart, one customer's laptops never beside
//! another's.

use std::{fs, path::PathBuf};

use crate::support::{
    Bench,
    laptop::{capture, hand_in},
};

fn file(bench: &Bench, name: &str, text: &str) -> String {
    let path: PathBuf = bench.folder.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const CUSTOMERS: &str = "[[customer]]\nname = 'ACME'\ngroup-tags = ['SALES']\n[[customer]]\nname = 'Fabrikam'\n";
const BATCHES: &str = "name;customer;group-tag\nspring;ACME;sales\nautumn;Fabrikam;\n";

#[test]
fn a_site_is_set_up_from_two_files_and_each_customer_stays_alone() {
    let mut bench = Bench::started();
    let customers = file(&bench, "customers.toml", CUSTOMERS);
    let batches = file(&bench, "batches.csv", BATCHES);
    bench.says(&["customer", "set", &customers]);
    bench.says(&["batch", "set", &batches]);
    bench.says(&["batch", "open", "spring"]);
    let (_, card) = bench.build_stick();
    assert_eq!(card.batch, "spring");
    hand_in(&bench.url(), &card, &capture("PF000001", 1, Some(1)));
    assert!(bench.says(&["devices"]).contains("PF000001"));

    // What has laptops in it does not change by itself, and says what would.
    let changed = file(
        &bench,
        "changed.toml",
        "name = 'spring'\ncustomer = 'ACME'\ngroup-tag = 'SALES'\nidentity = 'windows-hash'",
    );
    let refused = bench.complains(&["batch", "set", &changed]);
    assert!(refused.contains("identity: hash made on Linux -> hash made by Windows"), "{refused}");
    bench.says(&["batch", "set", &changed, "--reason", "ticket 12"]);

    bench.says(&["batch", "open", "autumn"]);
    assert!(!bench.says(&["devices"]).contains("PF000001"));
    assert!(!bench.says(&["devices", "--json"]).contains("PF000001"));
    let refused = bench.complains(&["release", "1"]);
    assert!(refused.contains("another customer's"), "{refused}");

    // The configuration still says what it said; a restart does not put the first batch back.
    bench.kill();
    bench.start();
    let listed = bench.says(&["batch", "list", "--all"]);
    let open: Vec<&str> = listed.lines().filter(|line| line.starts_with('*')).collect();
    assert_eq!(open.len(), 1, "{listed}");
    assert!(open[0].contains("autumn") && open[0].contains("Fabrikam"), "{listed}");
}

#[test]
fn a_box_that_is_locked_to_one_customer_knows_no_other() {
    let mut bench = Bench::without_boot_environment();
    bench.config += "customer = 'ACME'\n";
    let customers = file(&bench, "customers.toml", CUSTOMERS);
    let refused = bench.complains(&["customer", "set", &customers]);
    assert!(refused.contains("works for ACME only") && refused.contains("Fabrikam's"), "{refused}");
    let nobody = file(&bench, "b.toml", "name = 'loose'\n");
    assert!(bench.complains(&["batch", "set", &nobody]).contains("this names none"));
    assert!(!bench.says(&["customer", "list"]).contains("Fabrikam"));
}
