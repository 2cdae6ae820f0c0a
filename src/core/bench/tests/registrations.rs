//! From asked for to safe to boot: what is journalled before and after each sending, and what becomes of the gate.

mod office;

use office::*;

use super::*;
use crate::{
    batch::{Batch, Register},
    customer::Customer,
    registration::{
        Act, Assigned, Association, AttemptId, Condition, ImportId, ImportState, Met, Progress, Report, Seen, Settling,
        Wanted, Work,
    },
};

#[test]
fn the_intent_is_in_the_journal_before_anything_is_sent() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    assert!(office.next().is_none(), "nobody asked");
    office.asks(&[laptop]);
    let sending = office.sends();
    assert_eq!(sending.rows.len(), 1);
    assert_eq!(sending.group_tag, "SALES");
    let Some(Record::SendingBegun { attempt, devices, .. }) = office.shop.journal.last().map(|(_, record)| record)
    else {
        panic!("no intent");
    };
    assert_eq!((attempt, devices.as_slice()), (&sending.attempt, [laptop].as_slice()));
    assert!(office.next().is_none(), "it is on its way: it is not sent a second time");
}

#[test]
fn what_has_no_outcome_is_looked_for_after_a_restart_and_never_sent_again() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    let sending = office.sends();
    office.restarts();
    let Some(Work::Settle(Settling { attempt, lines, .. })) = office.next() else { panic!("not settled") };
    assert_eq!(attempt, sending.attempt);
    assert_eq!((lines[0].device, lines[0].called.as_str()), (laptop, "PF1"));
    assert!(office.next().is_none());
    // It is not there: only now it is sent again, under another name.
    let why = Problem::new("w", "w", "n");
    let settling =
        Settling { attempt: attempt.clone(), lane: Default::default(), group_tag: String::new(), since: at(0), lines };
    office.reports(&Work::Settle(settling), Report::NotSent { attempt, why });
    let again = office.sends();
    assert_ne!(again.attempt, sending.attempt);
}

#[test]
fn a_lost_answer_is_looked_for_a_little_later() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    let sending = office.sends();
    let attempt = sending.attempt.clone();
    office.reports(&Work::Send(sending), Report::Lost { attempt: attempt.clone(), why: "cut".into() });
    assert!(office.next().is_none());
    office.later(20);
    assert!(matches!(office.next(), Some(Work::Settle(settling)) if settling.attempt == attempt));
}

#[test]
fn lines_that_an_answer_leaves_out_stay_open() {
    let mut office = office(batch());
    let (one, two) = (office.arrives("PF1", 1), office.arrives("PF2", 2));
    office.asks(&[one, two]);
    let sending = office.sends();
    let (attempt, taken) = (sending.attempt.clone(), vec![(one, ImportId("i1".into()))]);
    office.reports(&Work::Send(sending), Report::Sent { attempt, taken, refused: vec![] });
    assert!(matches!(office.progress(one), Progress::Working { .. }));
    assert!(matches!(office.progress(two), Progress::Sending { .. }));
    let Some(Work::Settle(settling)) = office.next() else { panic!("not settled") };
    assert_eq!(settling.lines.iter().map(|line| line.device).collect::<Vec<_>>(), [two]);
}

#[test]
fn one_bad_line_does_not_keep_the_others_back() {
    let mut office = office(batch());
    let laptops: Vec<DeviceId> = (1..=4).map(|n| office.arrives(&format!("PF{n}"), n)).collect();
    office.asks(&[]);
    let bad = laptops[2];
    for _ in 0..20 {
        match office.next() {
            Some(Work::Send(sending)) if sending.rows.iter().any(|row| row.device == bad) => {
                let (attempt, why) = (sending.attempt.clone(), Problem::new("400", "Edm.Binary", "n"));
                office.reports(&Work::Send(sending), Report::NotSent { attempt, why });
            }
            Some(Work::Send(sending)) => office.sent(sending),
            _ => office.later(2),
        }
    }
    assert!(matches!(office.progress(bad), Progress::Failed { code: 400, .. }));
    assert_eq!(office.shop.bench.registration_counts(ACME).importing, 3);
}

#[test]
fn everything_that_the_technician_phase_needs_makes_it_safe_to_boot() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    let sending = office.sends();
    office.sent(sending);
    office.later(60);
    let Some(work @ Work::Poll(_)) = office.next() else { panic!("not polled") };
    let state = ImportState::Complete { registration: Some(id(1)) };
    office.reports(&work, Report::Polled(vec![(laptop, state)]));
    assert_eq!(office.stage(laptop), StageName::Registered);
    let Some(work @ Work::Read(_)) = office.next() else { panic!("not read") };
    let mut waits = registration(laptop, "PF1");
    waits.assigned = Some(Assigned { word: "notAssigned".into(), detail: "none".into() });
    waits.profile = None;
    office.reports(&work, Report::Read(vec![(laptop, seen(waits))]));
    office.network(Ok(20));
    assert_eq!(office.stage(laptop), StageName::Registered);
    assert_eq!(office.shop.bench.gate(laptop).unwrap().first().unwrap().condition, Condition::Profile);
    office.later(10);
    let Some(work @ Work::Read(_)) = office.next() else { panic!("not read again") };
    office.reports(&work, Report::Read(vec![(laptop, seen(registration(laptop, "PF1")))]));
    assert_eq!(office.stage(laptop), StageName::Cleared);
    assert!(matches!(&office.shop.journal.last().unwrap().1, Record::DeviceCleared { gate, .. } if gate.is_open()));
}

#[test]
fn each_condition_by_itself_keeps_it_from_being_started() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    type Change = fn(&mut Seen);
    let against: [(Condition, Met, Change); 10] = [
        (Condition::SameMachine, Met::No, |seen| seen.registrations[0].serial = "PF9".into()),
        (Condition::SameMachine, Met::No, |seen| seen.registrations[0].model = "Toaster 3000".into()),
        (Condition::SameMachine, Met::No, |seen| seen.registrations.push(seen.registrations[0].clone())),
        (Condition::SameMachine, Met::No, |seen| seen.registrations.clear()),
        (Condition::GroupTag, Met::No, |seen| seen.registrations[0].group_tag = "KIOSK".into()),
        (Condition::Profile, Met::No, |seen| seen.registrations[0].profile.as_mut().unwrap().name = "Kiosk".into()),
        (Condition::Profile, Met::Unknown, |seen| seen.registrations[0].assigned = None),
        (Condition::PreProvisioning, Met::No, |seen| {
            seen.registrations[0].profile.as_mut().unwrap().pre_provisioning = Some(false);
        }),
        // It had its one run (0x80180014).
        (Condition::PreProvisioning, Met::No, |seen| seen.registrations[0].userless = "blocked".into()),
        (Condition::Association, Met::No, |seen| {
            seen.association = Some(Association::Present { id: "a".into(), state: "preassociated".into() });
        }),
    ];
    for (condition, met, change) in against {
        office.is_read(laptop, seen(registration(laptop, "PF1")));
        assert_eq!(office.stage(laptop), StageName::Cleared, "before {condition:?}");
        let mut other = seen(registration(laptop, "PF1"));
        change(&mut other);
        office.is_read(laptop, other);
        assert_eq!(
            (office.stage(laptop), office.met(laptop, condition)),
            (StageName::Registered, met),
            "{condition:?}"
        );
        let gate = office.shop.bench.gate(laptop).unwrap();
        let problem = gate.finding(condition).unwrap().problem.as_ref().unwrap();
        assert!(!problem.why.is_empty() && !problem.next.is_empty(), "{problem:?}");
    }
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    office.network(Err("refused".into()));
    assert_eq!(office.stage(laptop), StageName::Registered);
}

#[test]
fn an_override_has_a_name_and_a_reason_and_is_over_when_the_finding_is_another() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    let mut kiosk = seen(registration(laptop, "PF1"));
    kiosk.registrations[0].profile.as_mut().unwrap().name = "Kiosk".into();
    office.is_read(laptop, kiosk.clone());
    let over =
        |office: &Office, condition, by, reason| office.shop.bench.decide_override(laptop, condition, by, reason);
    assert!(over(&office, Condition::Profile, "Kim", " ").unwrap_err().why.contains("a name and a reason"));
    assert!(over(&office, Condition::GroupTag, "Kim", "r").unwrap_err().why.contains("holds"));
    let records = over(&office, Condition::Profile, "Kim", "agreed with ACME").unwrap();
    office.writes(records);
    assert_eq!(office.stage(laptop), StageName::Cleared);
    let gate = office.shop.bench.gate(laptop).unwrap();
    let finding = gate.finding(Condition::Profile).unwrap();
    assert_eq!((finding.met, finding.overridden.as_ref().unwrap().by.as_str()), (Met::No, "Kim"));
    // Another profile than the one that was agreed to.
    kiosk.registrations[0].profile.as_mut().unwrap().name = "Tablets".into();
    office.is_read(laptop, kiosk);
    assert_eq!(office.stage(laptop), StageName::Registered);
    // Another machine's registration is nobody's to overlook.
    office.is_read(laptop, seen(registration(laptop, "PF9")));
    let refused = over(&office, Condition::SameMachine, "Kim", "it is fine").unwrap_err();
    assert!(refused.why.contains("PF9"), "{refused:?}");
}

#[test]
fn a_held_laptop_is_never_safe_to_boot() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    let reason = crate::device::HoldReason::WrongMachine { label: "PF7".into() };
    office.writes(vec![Record::DeviceHeld { device: laptop, reason }]);
    assert_eq!(office.stage(laptop), StageName::Held);
    assert!(!office.shop.bench.device(laptop).unwrap().stage.is_cleared());
    office.writes(vec![Record::DeviceReleased { device: laptop }]);
    assert_eq!(office.stage(laptop), StageName::Cleared);
}

#[test]
fn what_is_not_on_the_order_is_not_safe_to_boot() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    assert_eq!(office.stage(laptop), StageName::Cleared);
    let records = office.shop.bench.decide_order_list("spring", None, "po.csv", vec![line(Some("PF7"), None)]);
    office.writes(records);
    assert_eq!(office.stage(laptop), StageName::Registered);
    let gate = office.shop.bench.gate(laptop).unwrap();
    assert!(gate.first().unwrap().says.contains("not on the order"), "{gate:?}");
}

#[test]
fn eight_hundred_six_is_looked_up_and_eight_hundred_eight_is_not_ours() {
    let mut office = office(batch());
    let (one, two) = (office.arrives("PF1", 1), office.arrives("PF2", 2));
    office.asks(&[one, two]);
    let sending = office.sends();
    office.sent(sending);
    let failed = |code, name: &str| ImportState::Failed { code, name: name.into() };
    let said =
        vec![(one, failed(806, "ZtdDeviceAlreadyAssigned")), (two, failed(806, "ZtdDeviceAssignedToOtherTenant"))];
    office.writes(vec![Record::ImportsSaid { said }]);
    assert!(matches!(office.progress(one), Progress::Complete { already: true, .. }));
    assert!(matches!(office.progress(two), Progress::Failed { .. }));
    let gate = office.shop.bench.gate(two).unwrap();
    let problem = gate.first().unwrap().problem.clone().unwrap();
    assert!(problem.why.contains("somebody else's tenant"), "{problem:?}");
}

#[test]
fn what_is_expected_is_registered_without_being_asked_for() {
    let mut office = office(Batch { register: Register::Expected, ..batch() });
    let stranger = office.arrives("PF9", 9);
    let line = crate::order::Expected {
        serial: Some(Serial::try_from("PF1".to_owned()).unwrap()),
        product_key_id: None,
        manufacturer: String::new(),
        model: String::new(),
        asset_tag: String::new(),
    };
    let records = office.shop.bench.decide_order_list("spring", None, "po.csv", vec![line]);
    office.writes(records);
    let expected = office.arrives("PF1", 1);
    assert!(matches!(office.progress(expected), Progress::Waiting { .. }));
    assert_eq!(office.progress(stranger), Progress::Unasked);
}

#[test]
fn what_is_asked_for_can_be_taken_back_until_it_is_sent() {
    let mut office = office(batch());
    let (one, two) = (office.arrives("PF1", 1), office.arrives("PF2", 2));
    office.asks(&[one]);
    assert!(office.asks(&[one, two]).contains("1 laptop is to be registered"));
    let (records, _) = office.shop.bench.decide_drop(&[one, two]).unwrap();
    office.writes(records);
    assert!(office.next().is_none());
    office.asks(&[one]);
    office.sends();
    assert!(office.shop.bench.decide_drop(&[one]).unwrap_err().why.contains("the service has it"));
}

#[test]
fn an_act_is_what_was_agreed_to_and_is_done_again_after_a_restart() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    let mut kiosk = seen(registration(laptop, "PF1"));
    kiosk.registrations[0].group_tag = "KIOSK".into();
    kiosk.registrations[0].name = "BER-1".into();
    office.is_read(laptop, kiosk);
    let act = office.shop.bench.plan_act(laptop, Wanted::Amend).unwrap();
    let Act::Amend(amendment) = &act else { panic!("{act:?}") };
    assert_eq!((amendment.group_tag.as_str(), amendment.name.as_str()), ("SALES", "BER-1"), "what is there stays");
    let attempt = AttemptId::from_random([9; 16]);
    let other = office.shop.bench.plan_act(laptop, Wanted::Deregister).unwrap();
    let refused = office.shop.bench.decide_act(other, Wanted::Amend, attempt.clone(), None).unwrap_err();
    assert!(refused.why.contains("another thing"), "{refused:?}");
    let records = office.shop.bench.decide_act(act, Wanted::Amend, attempt.clone(), None).unwrap();
    office.writes(records);
    assert!(matches!(office.next(), Some(Work::Act { .. })));
    office.restarts();
    let Some(work @ Work::Act { .. }) = office.next() else { panic!("forgotten") };
    office.reports(&work, Report::Acted { attempt, outcome: Ok(()) });
    assert!(office.shop.bench.open_acts(ACME).next().is_none());
    // Deleted: as if nobody had registered it.
    let delete = office.shop.bench.plan_act(laptop, Wanted::Deregister).unwrap();
    let attempt = AttemptId::from_random([10; 16]);
    let records = office.shop.bench.decide_act(delete, Wanted::Deregister, attempt.clone(), None).unwrap();
    office.writes(records);
    office.later(60);
    let work = std::iter::from_fn(|| office.next()).find(|work| matches!(work, Work::Act { .. })).unwrap();
    office.reports(&work, Report::Acted { attempt, outcome: Ok(()) });
    assert_eq!((office.stage(laptop), office.progress(laptop)), (StageName::Captured, Progress::Unasked));
}

#[test]
fn another_customers_registration_does_not_count() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    assert_eq!(office.stage(laptop), StageName::Cleared);
    let other = Customer { name: "BOLT".into(), ..customer() };
    let (records, _) = office.shop.bench.decide_customer(other, None).unwrap();
    office.writes(records);
    let autumn = Batch { customer: Some("BOLT".into()), name: "autumn".into(), ..batch() };
    let (records, _) = office.shop.bench.decide_batch(autumn, None).unwrap();
    office.writes(records);
    let (records, _) = office.shop.bench.decide_open("autumn").unwrap();
    office.writes(records);
    office.arrives("PF1", 1);
    assert_eq!(office.stage(laptop), StageName::Captured);
    assert_eq!(office.met(laptop, Condition::Imported), Met::No);
    assert_eq!(office.shop.bench.registration_counts("BOLT").registered, 0);
}
