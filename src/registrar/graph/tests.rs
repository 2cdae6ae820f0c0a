use std::sync::Arc;

use serde_json::{Value, json};
use whiteglove_core::{
    cloud::{Answer, Method, Request, Service, Silence, pace::Limits},
    device::DeviceId,
    entry::ZtdId,
    hwhash::HardwareHash,
    lane::{Lane, Line, Row},
    registration::{
        Act, Amendment, Association, AttemptId, ImportId, ImportState, Phase, Reading, Report, Sending, Settling,
        Waiting, Work,
    },
};

use super::{
    super::testing::{Script, answer},
    *,
};
use crate::registrar::paced::Way;

mod tenant;
use tenant::Tenant;

const HASH: &str = include_str!("../../../tests/fixtures/hwhash/synthetic_full.b64");

struct Bench {
    tenant: Arc<Mutex<Tenant>>,
    script: Script,
    graph: Graph,
}

/// A tenant, and one who registers in it.
fn bench(settle: Duration) -> Bench {
    let tenant = Arc::new(Mutex::new(Tenant::default()));
    let there = tenant.clone();
    let script = Script::new(move |request| there.lock().unwrap().answer(request));
    let limits = Limits { window: Duration::from_millis(50), ..Limits::of(Service::Graph) };
    let graph = Graph::new(Paced::new(Way::Script(script.clone()), limits), settle);
    Bench { tenant, script, graph }
}

impl Bench {
    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap()
    }
}

fn serial(number: u64) -> String {
    format!("PF{number:06}")
}

fn attempt(seed: u8) -> AttemptId {
    AttemptId::from_random([seed; 16])
}

fn ztd(number: u64) -> ZtdId {
    ZtdId::try_from(format!("c2f1c5d4-0000-4000-8000-{number:012}")).unwrap()
}

fn sending(numbers: std::ops::Range<u64>) -> Sending {
    let hash = HardwareHash::parse(HASH).unwrap().0;
    let row = |number| Row {
        device: DeviceId(number),
        called: serial(number),
        line: Line::Intune {
            serial: serial(number),
            hash: hash.clone(),
            group_tag: "KIOSK".into(),
            user: String::new(),
        },
        remarks: vec![],
    };
    Sending { attempt: attempt(1), lane: Lane::Intune, group_tag: "KIOSK".into(), rows: numbers.map(row).collect() }
}

fn reading(number: u64, registration: Option<ZtdId>) -> Reading {
    Reading { device: DeviceId(number), registration, called: serial(number) }
}

fn settling(numbers: std::ops::Range<u64>) -> Work {
    Work::Settle(Settling {
        attempt: attempt(1),
        lane: Lane::Intune,
        group_tag: "KIOSK".into(),
        since: whiteglove_core::clock::Moment::default(),
        lines: numbers.map(|number| reading(number, None)).collect(),
    })
}

fn waiting(taken: &[(DeviceId, ImportId)]) -> Work {
    let one = |(device, import): &(DeviceId, ImportId)| Waiting {
        device: *device,
        import: import.clone(),
        called: serial(device.0),
    };
    Work::Poll(taken.iter().map(one).collect())
}

#[tokio::test]
async fn a_hundred_laptops_from_sending_to_reading_back() {
    let bench = bench(SETTLE);
    let Report::Sent { taken, refused, .. } = bench.graph.carry_out(Work::Send(sending(0..100))).await else {
        panic!()
    };
    assert_eq!((taken.len(), refused.len(), bench.script.asked().len()), (100, 0, 1));
    assert!(taken.iter().all(|(device, import)| bench.tenant().imports[&import.0].serial == serial(device.0)));

    let Report::Polled(said) = bench.graph.carry_out(waiting(&taken)).await else { panic!() };
    assert!(said.len() == 100 && said.iter().all(|(_, state)| matches!(state, ImportState::Working { .. })));
    bench.tenant().complete_all();
    let Report::Polled(said) = bench.graph.carry_out(waiting(&taken)).await else { panic!() };
    assert_eq!(said.len(), 100);
    assert_eq!(bench.script.asked().len(), 3, "a list tells of all");

    let known = said.iter().map(|(device, state)| {
        let ImportState::Complete { registration: Some(id) } = state else { panic!("{state:?}") };
        reading(device.0, Some(id.clone()))
    });
    let Report::Read(seen) = bench.graph.carry_out(Work::Read(known.collect())).await else { panic!() };
    assert_eq!(seen.len(), 100);
    for (device, seen) in seen {
        let [only] = seen.registrations.as_slice() else { panic!("{seen:?}") };
        assert_eq!((only.serial.as_str(), only.group_tag.as_str()), (serial(device.0).as_str(), "KIOSK"));
        assert!(only.profile.is_some() && seen.association == Some(Association::Absent));
    }
    // Five batches of twenty, and one list of associations.
    assert_eq!(bench.script.asked().len(), 3 + 5 + 1);

    let imports: Vec<_> = taken.into_iter().map(|(_, import)| import).collect();
    bench.graph.tidy(&imports).await;
    assert!(bench.tenant().imports.is_empty() && bench.tenant().registered.len() == 100);
}

#[tokio::test]
async fn an_import_without_an_answer_is_lost_and_not_sent_again() {
    for silence in [Tenant::SWALLOWS_AND_DOES, Tenant::FAILS_AND_DOES, Tenant::CUTS_THE_ANSWER] {
        let bench = bench(SETTLE);
        bench.tenant().mishap = silence;
        let report = bench.graph.carry_out(Work::Send(sending(0..3))).await;
        assert!(matches!(&report, Report::Lost { attempt: lost, .. } if *lost == attempt(1)), "{report:?}");
        assert_eq!(bench.script.asked().len(), 1);
        bench.tenant().mishap = None;
        let Report::Sent { taken, refused, .. } = bench.graph.carry_out(settling(0..3)).await else { panic!() };
        assert_eq!((taken.len(), refused.len(), bench.tenant().imports.len()), (3, 0, 3));
    }
}

#[tokio::test]
async fn what_did_not_go_out_is_held_and_what_was_refused_was_not_sent() {
    let bench = bench(SETTLE);
    bench.tenant().mishap = Some(|_| Err(Silence::NotSent("no route".into())));
    let report = bench.graph.carry_out(Work::Send(sending(0..3))).await;
    assert!(matches!(report, Report::Held { wait: None, .. }), "{report:?}");
    bench.tenant().mishap = Some(|_| Ok(answer(403, "")));
    let report = bench.graph.carry_out(Work::Send(sending(0..3))).await;
    assert!(matches!(report, Report::Held { wait: Some(_), .. }), "{report:?}");
    bench.tenant().mishap = Some(|_| Ok(answer(400, "")));
    let report = bench.graph.carry_out(Work::Send(sending(0..3))).await;
    assert!(matches!(report, Report::NotSent { .. }), "{report:?}");
}

#[tokio::test]
async fn a_throttled_import_goes_again_at_the_services_pace() {
    let bench = bench(SETTLE);
    bench.tenant().throttles = 2;
    let Report::Sent { taken, .. } = bench.graph.carry_out(Work::Send(sending(0..3))).await else { panic!() };
    assert_eq!((taken.len(), bench.script.asked().len(), bench.tenant().imports.len()), (3, 3, 3));
}

#[tokio::test]
async fn what_may_not_go_for_long_is_held_and_says_for_how_long() {
    let bench = bench(SETTLE);
    bench.tenant().mishap = Some(|_| Ok(Answer { retry_after: Some(Duration::from_secs(300)), ..answer(429, "") }));
    let report = bench.graph.carry_out(Work::Send(sending(0..3))).await;
    let Report::Held { why, wait: Some(wait) } = report else { panic!("{report:?}") };
    assert!(wait > Duration::from_secs(290) && why.why.contains("asks to wait"), "{why}");
    assert_eq!(bench.script.asked().len(), 1);
}

#[tokio::test]
async fn what_is_not_there_may_still_come_until_enough_time_has_passed() {
    let bench = bench(Duration::from_millis(100));
    let report = bench.graph.carry_out(settling(0..3)).await;
    assert!(matches!(report, Report::Lost { .. }), "{report:?}");
    // One of them arrives late.
    bench.tenant().import(&attempt(1), &serial(1));
    let Report::Sent { taken, refused, .. } = bench.graph.carry_out(settling(0..3)).await else { panic!() };
    assert_eq!((taken.len(), taken[0].0, refused.len()), (1, DeviceId(1), 0));
    tokio::time::sleep(Duration::from_millis(120)).await;
    let rest = Work::Settle(Settling {
        lines: vec![reading(0, None), reading(2, None)],
        ..match settling(0..1) {
            Work::Settle(settling) => settling,
            _ => panic!(),
        }
    });
    let report = bench.graph.carry_out(rest).await;
    assert!(matches!(report, Report::NotSent { .. }), "{report:?}");
}

#[tokio::test]
async fn what_is_registered_already_is_settled_and_a_doubtful_number_is_not() {
    let bench = bench(Duration::ZERO);
    bench.tenant().register(1, &serial(1));
    bench.tenant().register(2, &serial(2));
    bench.tenant().register(3, &serial(2));
    let Report::Sent { taken, refused, .. } = bench.graph.carry_out(settling(0..3)).await else { panic!() };
    assert!(taken.is_empty());
    assert_eq!(refused, [(DeviceId(1), ImportState::Complete { registration: Some(ztd(1)) })]);
}

#[tokio::test]
async fn an_earlier_error_of_the_same_laptop_settles_nothing() {
    let bench = bench(Duration::ZERO);
    let old = bench.tenant().import(&attempt(9), &serial(0));
    bench.tenant().fail(&old, 802, "InvalidZtdHardwareHash");
    let report = bench.graph.carry_out(settling(0..1)).await;
    assert!(matches!(report, Report::NotSent { .. }), "{report:?}");
    // The same error of this very sending does.
    let own = bench.tenant().import(&attempt(1), &serial(0));
    bench.tenant().fail(&own, 802, "InvalidZtdHardwareHash");
    let Report::Sent { refused, .. } = bench.graph.carry_out(settling(0..1)).await else { panic!() };
    let failed = ImportState::Failed { code: 802, name: "InvalidZtdHardwareHash".into() };
    assert_eq!(refused, [(DeviceId(0), failed)]);
}

#[tokio::test]
async fn a_tenant_that_keeps_no_import_ids_is_settled_by_numbers() {
    let bench = bench(SETTLE);
    bench.tenant().keeps_no_ids = true;
    bench.tenant().mishap = Tenant::SWALLOWS_AND_DOES;
    let report = bench.graph.carry_out(Work::Send(sending(0..3))).await;
    assert!(matches!(report, Report::Lost { .. }), "{report:?}");
    bench.tenant().mishap = None;
    let Report::Sent { taken, refused, .. } = bench.graph.carry_out(settling(0..3)).await else { panic!() };
    assert_eq!((taken.len(), refused.len()), (3, 0));
    // When they are over, the registrations tell.
    bench.tenant().complete_all();
    let Report::Sent { taken, refused, .. } = bench.graph.carry_out(settling(0..3)).await else { panic!() };
    assert_eq!((taken.len(), refused.len()), (0, 3));
    assert!(refused.iter().all(|(_, state)| matches!(state, ImportState::Complete { registration: Some(_) })));
}

#[tokio::test]
async fn a_number_that_only_the_hash_says_is_no_reason_to_lose_a_laptop() {
    let bench = bench(SETTLE);
    bench.tenant().shows_as = Some("OF-THE-HASH".to_owned());
    let Report::Sent { taken, .. } = bench.graph.carry_out(Work::Send(sending(0..1))).await else { panic!() };
    assert_eq!(taken.len(), 1);
    let Report::Sent { taken, .. } = bench.graph.carry_out(settling(0..1)).await else { panic!() };
    assert_eq!(taken.len(), 1);
    // Of two nobody knows which is which.
    let report = bench.graph.carry_out(Work::Send(Sending { attempt: attempt(3), ..sending(1..3) })).await;
    assert!(matches!(report, Report::Lost { .. }), "{report:?}");
}

#[tokio::test]
async fn an_import_is_gone_only_when_its_id_is_not_known() {
    let bench = bench(SETTLE);
    let taken: Vec<_> =
        (0..30).map(|number| (DeviceId(number), bench.tenant().import(&attempt(1), &serial(number)))).collect();
    // The list shows but half of them, the ids all but one.
    bench.tenant().list_hides = 15;
    let gone = taken[29].1.clone();
    bench.tenant().imports.remove(&gone.0);
    let Report::Polled(said) = bench.graph.carry_out(waiting(&taken)).await else { panic!() };
    assert_eq!(said.len(), 30);
    let gone: Vec<_> = said.iter().filter(|(_, state)| *state == ImportState::Gone).collect();
    assert!(matches!(gone.as_slice(), [(DeviceId(29), _)]), "{gone:?}");
}

#[tokio::test]
async fn parts_that_were_throttled_are_asked_again_and_the_rest_is_not() {
    let bench = bench(SETTLE);
    for number in 0..10 {
        bench.tenant().register(number, &serial(number));
    }
    bench.tenant().part_throttles = 4;
    let readings = (0..10).map(|number| reading(number, Some(ztd(number)))).collect();
    let Report::Read(seen) = bench.graph.carry_out(Work::Read(readings)).await else { panic!() };
    assert_eq!(seen.len(), 10);
    assert_eq!(bench.tenant().parts, 14);
}

#[tokio::test]
async fn a_laptop_is_found_by_its_number_and_only_by_the_whole_of_it() {
    let bench = bench(SETTLE);
    bench.tenant().register(1, "PF000001");
    bench.tenant().register(2, "PF0000011");
    bench.tenant().register(3, "pf000003");
    bench.tenant().register(4, "pf000003");
    let work = Work::Read(vec![reading(1, None), reading(3, None), reading(5, None), reading(6, Some(ztd(77)))]);
    let Report::Read(seen) = bench.graph.carry_out(work).await else { panic!() };
    let counts: Vec<_> = seen.iter().map(|(device, seen)| (device.0, seen.registrations.len())).collect();
    assert_eq!(counts, [(1, 1), (3, 2), (5, 0), (6, 0)]);
    assert!(seen[0].1.registrations[0].profile.is_some());
}

#[tokio::test]
async fn an_association_is_told_and_what_may_not_be_asked_is_not_guessed() {
    let bench = bench(SETTLE);
    bench.tenant().register(1, &serial(1));
    bench.tenant().associated.push((serial(1).to_lowercase(), "preassociated".into()));
    let read = || Work::Read(vec![reading(1, Some(ztd(1)))]);
    let Report::Read(seen) = bench.graph.carry_out(read()).await else { panic!() };
    assert!(matches!(&seen[0].1.association, Some(Association::Present { state, .. }) if state == "preassociated"));
    bench.tenant().associations_closed = true;
    for _ in 0..2 {
        let Report::Read(seen) = bench.graph.carry_out(read()).await else { panic!() };
        assert_eq!(seen[0].1.association, None);
    }
    let asked = bench.script.asked().iter().filter(|asked| asked.contains("tenantAssociatedDevices")).count();
    assert_eq!(asked, 2, "what is closed is not asked for each time");
}

#[tokio::test]
async fn the_technician_phase_is_asked_for_only_of_laptops_that_were_started() {
    let bench = bench(SETTLE);
    bench.tenant().register(1, &serial(1));
    bench.tenant().register(2, &serial(2));
    let read = || Work::Read(vec![reading(1, Some(ztd(1))), reading(2, Some(ztd(2)))]);
    let told = |report: Report| {
        let Report::Read(seen) = report else { panic!("{report:?}") };
        seen.into_iter().map(|(_, seen)| seen.technician.map(|told| told.phase)).collect::<Vec<_>>()
    };
    assert_eq!(told(bench.graph.carry_out(read()).await), [None, None]);
    assert_eq!(bench.script.asked().len(), 2, "one batch, and the associations");
    bench.tenant().start(1);
    let succeeded = Some(Phase::Succeeded { word: "success".into() });
    assert_eq!(told(bench.graph.carry_out(read()).await), [succeeded, None]);
    bench.tenant().events_closed = true;
    assert_eq!(told(bench.graph.carry_out(read()).await), [Some(Phase::Enrolled), None]);
}

#[tokio::test]
async fn an_amendment_sends_all_and_only_if_something_differs() {
    let bench = bench(SETTLE);
    bench.tenant().register(1, &serial(1));
    let amendment = |user: &str| Amendment {
        device: DeviceId(1),
        registration: ztd(1),
        group_tag: "SALES".into(),
        user: user.into(),
        name: "PC-1".into(),
    };
    let act = |user: &str| Work::Act { attempt: attempt(2), act: Act::Amend(amendment(user)) };
    let done = Report::Acted { attempt: attempt(2), outcome: Ok(()) };
    for user in ["ada@contoso.com", "ada@contoso.com", ""] {
        assert_eq!(bench.graph.carry_out(act(user)).await, done);
        let tenant = bench.tenant();
        let now = &tenant.registered[ztd(1).as_str()];
        assert_eq!((now.tag.as_str(), now.user.as_str(), now.name.as_str()), ("SALES", user, "PC-1"));
    }
    let acts = bench.script.asked().into_iter().filter(|asked| asked.starts_with("Post"));
    let acts: Vec<_> = acts.map(|asked| asked.rsplit_once('/').unwrap().1.to_owned()).collect();
    assert_eq!(acts, ["updateDeviceProperties", "unassignUserFromDevice", "updateDeviceProperties"]);
}

#[tokio::test]
async fn a_user_that_an_update_refuses_is_assigned_by_its_own_action() {
    let bench = bench(SETTLE);
    bench.tenant().register(1, &serial(1));
    bench.tenant().update_refuses_users = true;
    let amendment = Amendment {
        device: DeviceId(1),
        registration: ztd(1),
        group_tag: "SALES".into(),
        user: "ada@contoso.com".into(),
        name: String::new(),
    };
    let act = Work::Act { attempt: attempt(2), act: Act::Amend(amendment) };
    assert_eq!(bench.graph.carry_out(act).await, Report::Acted { attempt: attempt(2), outcome: Ok(()) });
    let tenant = bench.tenant();
    let now = &tenant.registered[ztd(1).as_str()];
    assert_eq!((now.tag.as_str(), now.user.as_str()), ("SALES", "ada@contoso.com"));
}

#[tokio::test]
async fn deleting_twice_is_done_and_unblocking_what_is_gone_is_told() {
    let bench = bench(SETTLE);
    bench.tenant().register(1, &serial(1));
    let delete = || Act::Deregister { device: DeviceId(1), registration: ztd(1) };
    for _ in 0..2 {
        let report = bench.graph.carry_out(Work::Act { attempt: attempt(2), act: delete() }).await;
        assert_eq!(report, Report::Acted { attempt: attempt(2), outcome: Ok(()) });
    }
    let unblock = Act::Unblock { device: DeviceId(1), registration: ztd(1) };
    let report = bench.graph.carry_out(Work::Act { attempt: attempt(2), act: unblock }).await;
    assert!(matches!(report, Report::Acted { outcome: Err(_), .. }), "{report:?}");
}

#[tokio::test]
async fn a_tenant_is_synchronised_once_however_often_that_is_asked_for() {
    let bench = bench(SETTLE);
    for _ in 0..3 {
        assert_eq!(bench.graph.carry_out(Work::Sync).await, Report::Synced);
    }
    assert_eq!(bench.tenant().syncs, 1);
    let other = self::bench(SETTLE);
    other.tenant().synced_by_another = true;
    assert_eq!(other.graph.carry_out(Work::Sync).await, Report::Synced);
    assert_eq!(other.script.asked().len(), 2);
    assert_eq!(other.graph.carry_out(Work::Sync).await, Report::Synced);
    assert_eq!(other.script.asked().len(), 2, "not asked again within its window");
}
