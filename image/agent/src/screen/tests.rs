use std::net::Ipv4Addr;

use insta::assert_snapshot;
use whiteglove_core::{
    api::{Missing, Receipt},
    dhcp::client::Lease,
    envelope::MessageId,
    identity::Mac,
    readiness::Severity,
};

use super::*;

fn at(seconds: u64) -> Clock {
    Clock { uptime: Duration::from_secs(seconds), offline_after: Duration::from_secs(60) }
}

fn laptop() -> State {
    State {
        bench_name: "Bench 1".into(),
        batch: "ACME March".into(),
        serial: Some("PF3K9Q7A".into()),
        model: "LENOVO ThinkPad X1 (21CBCTO1WW)".into(),
        nics: vec![NicStatus {
            name: "enp0s31f6".into(),
            mac: Mac([0x54, 0xe1, 0xad, 1, 2, 3]),
            cable: true,
            lease: None,
        }],
        stick: Stick::Ready,
        ..State::default()
    }
}

fn lease() -> Lease {
    Lease {
        address: Ipv4Addr::new(192, 168, 7, 20),
        prefix: 24,
        router: None,
        dns: vec![],
        ntp: vec![],
        mtu: None,
        server: Ipv4Addr::new(192, 168, 7, 1),
        next_server: None,
        seconds: 3600,
    }
}

fn receipt(outcome: Outcome) -> Receipt {
    Receipt {
        message: MessageId([1; 16]),
        outcome,
        stored: true,
        device: 7,
        serial: Some("PF3K9Q7A".into()),
        notice: None,
        missing: vec![],
    }
}

fn missing(severity: Severity, what: &str) -> Missing {
    Missing { severity, what: what.into() }
}

fn text(state: &State, seconds: u64) -> String {
    let frame = render(state, at(seconds), 80, 25);
    assert_eq!(frame.lines.len(), 25);
    assert!(frame.lines.iter().all(|line| line.chars().count() <= 80));
    frame.lines.join("\n")
}

#[test]
fn reading() {
    assert_snapshot!(text(&State { nics: vec![], serial: None, model: String::new(), ..laptop() }, 4));
}

#[test]
fn waiting_for_an_address() {
    assert_snapshot!(text(&State { captured: Some(Duration::from_secs(6)), ..laptop() }, 21));
}

#[test]
fn ok_with_nothing_missing() {
    let mut state =
        State { captured: Some(Duration::from_secs(6)), receipt: Some(receipt(Outcome::Captured)), ..laptop() };
    state.nics[0].lease = Some(lease());
    assert_snapshot!(text(&state, 12));
}

#[test]
fn what_became_of_the_clock_is_said() {
    let mut state =
        State { captured: Some(Duration::from_secs(6)), receipt: Some(receipt(Outcome::Captured)), ..laptop() };
    state.clock = Some("The hardware clock was 3h behind; the bench's time is in it now (UTC).".into());
    assert!(text(&state, 12).contains("was 3h behind"));
    state.order_failed = Some(Problem::new("The hardware clock was not set.", "It cannot be read.", "Set it by hand."));
    assert!(text(&state, 12).contains("Why: It cannot be read."));
}

#[test]
fn ok_with_things_missing() {
    let mut receipt = receipt(Outcome::CapturedAgain);
    receipt.missing = vec![
        missing(
            Severity::Warning,
            "Secure Boot is off. Turn Secure Boot on in the firmware setup, then boot it once more to have that on record.",
        ),
        missing(Severity::Warning, "The battery is nearly empty"),
    ];
    let state =
        State { captured: Some(Duration::from_secs(6)), receipt: Some(receipt), bench: Bench::Silent, ..laptop() };
    assert_snapshot!(text(&state, 12));
}

#[test]
fn a_laptop_that_cannot_be_pre_provisioned_is_not_simply_ok() {
    let mut receipt = receipt(Outcome::Captured);
    receipt.missing = vec![missing(Severity::Stop, "No TPM 2.0"), missing(Severity::Warning, "Secure Boot is off")];
    let state = State { captured: Some(Duration::from_secs(6)), receipt: Some(receipt), ..laptop() };
    assert_eq!(render(&state, at(12), 80, 25).tone, Tone::Attention);
    assert_snapshot!(text(&state, 12));
}

#[test]
fn held() {
    let mut receipt = receipt(Outcome::Held);
    receipt.notice = Some(Problem::new(
        "Held: same serial number on two machines (the other is device #3).",
        "The system board was replaced and given an old serial, or a serial was set twice.",
        "Compare the label under the laptop with this screen.",
    ));
    assert_snapshot!(text(&State { captured: Some(Duration::from_secs(6)), receipt: Some(receipt), ..laptop() }, 12));
}

#[test]
fn saved_on_the_stick() {
    assert_snapshot!(text(&State { captured: Some(Duration::from_secs(6)), stick: Stick::Saved, ..laptop() }, 75));
}

#[test]
fn the_stick_fails() {
    let problem = Problem::new(
        "The capture could not be saved on the stick.",
        "About the stick: it is full.",
        "Take the stick to the bench, import its captures and delete them, then boot this laptop again.",
    );
    let stick = Stick::Failed { problem, at: Duration::from_secs(61) };
    assert_snapshot!(text(&State { captured: Some(Duration::from_secs(6)), stick, nics: vec![], ..laptop() }, 75));
}

#[test]
fn a_damaged_stick() {
    let stop = Problem::new(
        "This stick's settings are damaged.",
        "The file: it cannot be read at line 1, column 40.",
        "Write the stick again.",
    );
    assert_snapshot!(text(&State { stop: Some(stop), bench_name: String::new(), ..laptop() }, 9));
}

#[test]
fn another_bench_refuses() {
    let problem = Problem::new(
        "A bench at http://192.168.7.1:8780 does not know this stick.",
        "It says: The envelope is sealed for another bench.",
        "Check that the cable leads to the bench this stick was made at, or take the stick there.",
    );
    assert_snapshot!(text(
        &State { captured: Some(Duration::from_secs(6)), bench: Bench::Refused(problem), ..laptop() },
        9
    ));
}

#[test]
fn a_large_console_gets_large_letters() {
    let state = State { captured: Some(Duration::from_secs(6)), receipt: Some(receipt(Outcome::Captured)), ..laptop() };
    let frame = render(&state, at(12), 240, 67);
    assert_eq!(frame.lines.len(), 67);
    assert_eq!(frame.headline.len(), 21);
}

#[test]
fn any_size_is_drawn_without_scrolling() {
    for (cols, rows) in [(0, 0), (40, 12), (80, 24), (81, 25), (300, 100)] {
        let frame = render(&laptop(), at(0), cols, rows);
        assert_eq!(frame.lines.len(), rows.max(12));
        let drawn = frame.ansi(None);
        assert!(!drawn.contains('\n'));
        assert_eq!(drawn.matches("\x1b[K").count(), rows.max(12));
    }
}

#[test]
fn a_second_later_only_the_clock_is_drawn() {
    let state = State { captured: Some(Duration::from_secs(6)), receipt: Some(receipt(Outcome::Captured)), ..laptop() };
    let [first, second] = [12, 13].map(|seconds| render(&state, at(seconds), 80, 25));
    assert_eq!(first.ansi(Some(&first)), "");
    assert_eq!(second.ansi(Some(&first)).matches("\x1b[K").count(), 1);
    let held = State { receipt: Some(receipt(Outcome::Held)), ..state };
    let held = render(&held, at(12), 80, 25).ansi(Some(&first));
    assert!(held.contains("\x1b[1;33m"), "another tone is another headline");
    assert_eq!(second.ansi(Some(&render(&laptop(), at(12), 80, 24))).matches("\x1b[K").count(), 25);
}
