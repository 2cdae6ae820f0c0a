//! Registration: the queue, the sign-in, the gate of one laptop and what a person may take upon themselves.

use std::{sync::Arc, time::Duration};

use whiteglove_core::{
    cloud::{Service, endpoints::Permission},
    control::{Command, Snapshot, Update},
    device::DeviceId,
    problem::Problem,
    registration::{Condition, LineState, Met},
    secret::Secret,
    sign_in::{Ask, SignInState, SignIns, VaultState},
};

use crate::{
    Model, Msg,
    testing::{NOON, feed, few, not_cleared, of_customers, press, registering, scan, screen, showing},
    update, view,
};

fn has(model: &Model, words: &str) {
    assert!(screen(model).contains(words), "no {words:?} on\n{}", screen(model));
}

fn signed_in() -> SignInState {
    SignInState::SignedIn { who: Some("jana@contoso.example".into()), until: NOON.after(Duration::from_secs(3_000)) }
}

fn busy() -> Snapshot {
    registering(LineState::Busy { with: "2 questions on their way".into() }, signed_in())
}

fn code() -> SignInState {
    SignInState::Code {
        url: "https://microsoft.com/devicelogin".into(),
        code: "FKRZ3M8QP".into(),
        until: NOON.after(Duration::from_secs(754)),
    }
}

#[test]
fn the_board_shows_how_far_each_is_and_what_stands_in_the_way() {
    insta::assert_snapshot!(screen(&showing(busy())));
}

#[test]
fn the_queue_says_what_it_does_and_who_waits_for_what() {
    let mut model = showing(busy());
    press(&mut model, "g");
    insta::assert_snapshot!(screen(&model));
    // The refused one, and its page.
    assert_eq!(press(&mut model, "enter"), [Command::Watch(Some(DeviceId(4)))]);
    has(&model, "Laptop #4");
}

#[test]
fn a_code_is_large_and_runs_down() {
    let mut model = showing(registering(LineState::Idle, code()));
    press(&mut model, "g");
    insta::assert_snapshot!(screen(&model));
    assert!(view::wake(&model, NOON).is_some_and(|at| at.since(NOON) <= Duration::from_secs(1)));
    assert_eq!(press(&mut model, "i"), [], "there is one already");
}

#[test]
fn what_holds_the_line_is_said_with_the_next_try() {
    let throttled = Problem::new("Microsoft Graph asks for a pause.", "Too many requests (429).", "Nothing to do.");
    let waiting = LineState::Waiting { until: NOON.after(Duration::from_secs(95)), why: throttled };
    let mut model = showing(registering(waiting, signed_in()));
    press(&mut model, "g");
    insta::assert_snapshot!(screen(&model));
    let locked =
        Problem::new("The sign-in has no right to register.", "The consent is missing.", "Ask an administrator.");
    let mut model = showing(registering(LineState::Stopped { why: locked }, signed_in()));
    press(&mut model, "g");
    has(&model, "STOPPED  The sign-in has no right");
    has(&model, "NEXT  Ask an administrator.");
}

#[test]
fn a_person_signs_in_and_ends_the_shift() {
    let mut model = showing(registering(LineState::Idle, SignInState::NeedsPerson));
    press(&mut model, "g");
    has(&model, "i: sign in for this shift");
    let begin = Ask::Begin {
        customer: "Contoso Ltd".into(),
        service: Service::Graph,
        client_id: None,
        permissions: Permission::USUAL.to_vec(),
    };
    assert_eq!(press(&mut model, "i"), [Command::SignIn(begin)]);
    assert_eq!(press(&mut model, "o"), []);
    has(&model, "End the shift?");
    assert_eq!(press(&mut model, "y"), [Command::SignIn(Ask::End { customer: "Contoso Ltd".into() })]);
    let check = Ask::Check { customer: "Contoso Ltd".into(), service: Service::Graph };
    assert_eq!(press(&mut model, "c t"), [Command::SignIn(check), Command::TestNetwork]);
}

#[test]
fn where_nothing_is_kept_the_application_is_asked_for() {
    let mut model = showing(registering(LineState::Idle, SignInState::NoCredential));
    assert_eq!(press(&mut model, "g i 'wrong f10"), []);
    has(&model, "A client ID is 32 hexadecimal digits");
    let id = "00000000-0000-4000-8000-00000000c1d0";
    press(&mut model, "backspace backspace backspace backspace backspace");
    let begin = Ask::Begin {
        customer: "Contoso Ltd".into(),
        service: Service::Graph,
        client_id: Some(id.into()),
        permissions: Permission::USUAL.to_vec(),
    };
    assert_eq!(press(&mut model, &format!("'{id} f10")), [Command::SignIn(begin)]);
    feed(&mut model, Update::Problem(Problem::new("Signing in failed.", "There is no such application.", "Ask.")));
    has(&model, "NOT TAKEN");
    has(&model, id);
    press(&mut model, "f10");
    feed(&mut model, Update::Done("Open the page and enter the code.".into()));
    has(&model, "Registration");
}

fn vault(state: VaultState) -> Model {
    let snapshot = registering(LineState::Idle, SignInState::NeedsUnlock);
    let sign_ins = SignIns { vault: state, list: snapshot.sign_ins.list.clone() };
    let mut model = showing(Snapshot { sign_ins: Arc::new(sign_ins), ..snapshot });
    assert_eq!(press(&mut model, "g u"), []);
    model
}

#[test]
fn a_passphrase_is_typed_unseen() {
    let mut model = vault(VaultState::Locked);
    press(&mut model, "enter");
    has(&model, "Type it first.");
    press(&mut model, "'swordfisH");
    insta::assert_snapshot!(screen(&model));
    let printed = format!("{model:?}");
    assert!(!printed.contains("sword") && !printed.contains("'s'"), "{printed}");
    let unlock = Ask::Unlock { passphrase: Secret::new("swordfish".into()) };
    assert_eq!(press(&mut model, "backspace 'h enter"), [Command::SignIn(unlock)]);
    has(&model, "Registration");
    let mut model = vault(VaultState::Locked);
    update(&mut model, Msg::Paste("from a safe\n".into()), NOON);
    let unlock = Ask::Unlock { passphrase: Secret::new("from a safe".into()) };
    assert_eq!(press(&mut model, "enter"), [Command::SignIn(unlock)]);
    assert_eq!(press(&mut vault(VaultState::Locked), "'abc esc enter"), [Command::Watch(Some(DeviceId(4)))]);
}

#[test]
fn a_new_passphrase_is_typed_twice() {
    let mut model = vault(VaultState::Absent);
    has(&model, "ten letters at least");
    assert_eq!(press(&mut model, "'one enter"), []);
    has(&model, "Type the same once more.");
    assert_eq!(press(&mut model, "'two enter"), []);
    has(&model, "The two are not the same.");
    let set = Ask::SetPassphrase { passphrase: Secret::new("one".into()) };
    assert_eq!(press(&mut model, "'one enter 'one enter"), [Command::SignIn(set)]);
}

#[test]
fn laptops_are_registered_one_marked_or_all() {
    let register =
        |devices: &[u64]| vec![Command::Register { devices: devices.iter().map(|n| DeviceId(*n)).collect(), by: None }];
    let mut model = showing(busy());
    assert_eq!(press(&mut model, "r"), []);
    has(&model, "All captured laptops of this batch");
    has(&model, "with the group tag");
    assert_eq!(press(&mut model, "enter"), [], "a scanner's Enter is no yes");
    assert_eq!(press(&mut model, "y"), register(&[]));
    press(&mut model, "home down down down down down r");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "y"), register(&[6]));
    assert_eq!(press(&mut model, "up space space r y"), register(&[5, 6]));
    assert_eq!(press(&mut model, "r a"), register(&[]));
    // Nothing is promised where nothing is sent.
    let mut model = showing(few());
    assert_eq!(press(&mut model, "r"), []);
    has(&model, "The open batch is nobody's");
    let mut model = showing(of_customers());
    press(&mut model, "r");
    has(&model, "not registered online");
    press(&mut model, "g");
    has(&model, "not registered online");
}

fn page_of_two() -> Model {
    let mut model = showing(busy());
    press(&mut model, "home down enter");
    let mut sheet = not_cleared();
    sheet.device.id = DeviceId(2);
    feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
    model
}

#[test]
fn the_gate_is_shown_condition_by_condition() {
    let mut model = page_of_two();
    insta::assert_snapshot!(screen(&model));
    press(&mut model, "pgdn");
    has(&model, "green (success)");
    has(&model, "User may begin  from 2026-11-22 11:30 UTC until");
}

#[test]
fn an_override_takes_a_name_and_a_reason() {
    let mut model = page_of_two();
    press(&mut model, "o");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "f10"), []);
    has(&model, "Say who takes the responsibility.");
    assert_eq!(press(&mut model, "'Jana f10"), []);
    has(&model, "Say why it is safe");
    assert_eq!(scan(&mut model, "PF3K9Q40"), []);
    let sent =
        press(&mut model, "backspace backspace backspace backspace backspace backspace backspace backspace 'shown f10");
    let (by, reason) = ("Jana".to_owned(), "shown".to_owned());
    assert_eq!(sent, [Command::Override { device: DeviceId(2), condition: Condition::Profile, by, reason }]);
    feed(&mut model, Update::Done("'profile assigned' is overridden.".into()));
    has(&model, "Laptop #2");
    has(&model, "is overridden");
}

#[test]
fn what_is_not_registered_cannot_be_overridden() {
    let mut model = page_of_two();
    let mut sheet = not_cleared();
    sheet.device.id = DeviceId(2);
    let gate = sheet.gate.as_mut().unwrap();
    gate.findings.truncate(2);
    gate.findings.iter_mut().for_each(|finding| finding.met = Met::No);
    feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
    press(&mut model, "o");
    has(&model, "has to be registered");
    press(&mut model, "u");
    has(&model, "Not register this laptop after all?");
    assert_eq!(press(&mut model, "y"), [Command::DropRegistration { devices: vec![DeviceId(2)] }]);
    press(&mut model, "i");
    assert_eq!(press(&mut model, "y"), [Command::Register { devices: vec![DeviceId(2)], by: None }]);
}

#[test]
fn everything_fits_without_colour_and_unicode() {
    let theme = crate::Theme { colour: false, ascii: true };
    for (state, sign_in) in [(LineState::Idle, code()), (LineState::Idle, SignInState::Ready)] {
        for keys in ["", "g", "g u", "r", "home down enter"] {
            let mut model = Model::new(theme, (80, 24));
            feed(&mut model, Update::Snapshot(Arc::new(registering(state.clone(), sign_in.clone()))));
            press(&mut model, keys);
            let text = screen(&model);
            assert!(text.is_ascii(), "{text}");
        }
    }
}
