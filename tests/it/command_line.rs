//! Mistakes a person makes before anything runs: each told in what, why and next.

use std::net::TcpListener;

use crate::support::Bench;

#[test]
fn an_unknown_setting_is_named_with_its_line() {
    let mut bench = Bench::new();
    bench.config += "lissen = '0.0.0.0:1'\n";
    let complaint = bench.complains(&["serve"]);
    assert!(complaint.contains("unknown field `lissen`") && complaint.contains("line 5"), "{complaint}");
    assert!(complaint.contains("next: Correct that line"), "{complaint}");
}

#[test]
fn a_port_in_use_is_named_with_the_command_that_finds_its_user() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut bench = Bench::new();
    let port = holder.local_addr().unwrap().port();
    bench.config = bench.config.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    let complaint = bench.complains(&["serve"]);
    assert!(complaint.contains(&format!("Another program uses port {port}.")), "{complaint}");
    assert!(complaint.contains("ss -ltnp"), "{complaint}");
}

#[test]
fn a_second_appliance_in_one_folder_is_refused() {
    let bench = Bench::started();
    assert!(bench.complains(&["serve"]).contains("whiteglove runs already."));
}

#[test]
fn an_empty_folder_says_that_nothing_was_ever_there() {
    let bench = Bench::new();
    assert!(bench.complains(&["devices"]).contains("There is no journal in"));
    assert!(bench.complains(&["journal", "verify"]).contains("There is no journal in"));
}

#[test]
fn a_journal_somebody_edited_is_found_and_the_bench_does_not_start_on_it() {
    let mut bench = Bench::started();
    bench.stop();
    let database = bench.state().join("journal.db");
    // A person with a hex editor: the batch's name inside the first entry.
    let mut bytes = std::fs::read(&database).unwrap();
    let at = bytes.windows(6).position(|window| window == b"spring").unwrap();
    bytes[at..at + 6].copy_from_slice(b"summer");
    std::fs::write(&database, bytes).unwrap();
    for arguments in [&["journal", "verify"][..], &["serve"]] {
        let complaint = bench.complains(arguments);
        assert!(complaint.contains("Entry 0 was changed after it was written"), "{complaint}");
        assert!(complaint.contains("next: Do not work on."), "{complaint}");
    }
}

#[test]
fn the_state_folder_keeps_its_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::started();
    let mode = |name: &str| std::fs::metadata(bench.state().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("box.key"), mode("control.sock")), (0o700, 0o600, 0o600));
}

#[test]
fn a_simulated_bench_is_marked_and_leaves_the_real_one_alone() {
    let bench = Bench::new();
    let shown = bench.says(&["demo", "--headless", "--laptops", "12", "--over", "0"]);
    assert!(shown.lines().skip(1).all(|line| line.contains("simulated")), "{shown}");
    assert!(shown.contains("CAPTURED"), "{shown}");
    assert!(bench.complains(&["devices"]).contains("There is no journal in"));
}
