//! Registration with the real binary against the fake of Microsoft's services: from a list of hashes to safe to boot.

use crate::support::{
    Bench,
    cloud::site::{file, list, serials},
};

#[test]
fn a_list_of_many_laptops_is_taken_in() {
    let bench = Bench::without_boot_environment();
    let serials = serials(500, "PF");
    let list = file(&bench, "hashes.csv", &list(serials.iter().map(String::as_str)));
    let answer = bench.says(&["import", &list]);
    assert!(answer.contains("500 new"), "{answer}");
}
