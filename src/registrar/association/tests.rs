use serde_json::{Value, json};
use whiteglove_core::{
    clock::Moment,
    cloud::{Answer, Request, Silence, pace::Limits},
    lane::Line,
};

use super::{
    super::{
        paced::Way,
        testing::{Script, answer},
    },
    *,
};

fn registrar(answers: impl FnMut(&Request) -> Result<Answer, Silence> + Send + 'static) -> (Association, Script) {
    let script = Script::new(answers);
    let limits = Limits { window: Duration::from_millis(50), ..Limits::of(Service::Graph) };
    let paced = Paced::new(Way::Script(script.clone()), limits);
    (Association::new(paced, Duration::ZERO), script)
}

fn row(number: u64, line: Line) -> Row {
    Row { device: DeviceId(number), called: format!("PF{number:06}"), line, remarks: vec![] }
}

fn linked(number: u64) -> Row {
    let (serial, manufacturer, model) = (format!("PF{number:06}"), "LENOVO".into(), "21CB".into());
    row(number, Line::Association { serial, manufacturer, model, data: format!("signed{number}") })
}

fn identified(number: u64) -> Row {
    let serial = format!("PF{number:06}");
    row(number, Line::Identifier { manufacturer: "LENOVO".into(), model: "21CB".into(), serial })
}

fn attempt() -> AttemptId {
    AttemptId::from_random([7; 16])
}

fn sending(lane: Lane, rows: Vec<Row>) -> Work {
    Work::Send(Sending { attempt: attempt(), lane, group_tag: String::new(), rows })
}

fn settling(lane: Lane, number: u64) -> Work {
    let line = Reading { device: DeviceId(number), registration: None, called: format!("PF{number:06}") };
    let (group_tag, since) = (String::new(), Moment::default());
    Work::Settle(Settling { attempt: attempt(), lane, group_tag, since, lines: vec![line] })
}

fn said(said: Vec<(u64, ImportState)>) -> Report {
    let refused = said.into_iter().map(|(number, state)| (DeviceId(number), state)).collect();
    Report::Sent { attempt: attempt(), taken: vec![], refused }
}

fn list(of: &[Value]) -> Answer {
    answer(200, json!({ "value": of }))
}

fn associated(serial: &str) -> Value {
    json!({ "id": "a1", "serialNumber": serial, "smbiosUuid": "", "associationState": "preassociated" })
}

#[tokio::test]
async fn laptops_are_associated_one_by_one_and_one_that_is_there_is_as_good() {
    let (registrar, script) = registrar(|request| {
        Ok(match request.body.as_ref().map(|body| body["deviceLink"].as_str().unwrap().to_owned()).as_deref() {
            None => list(&[associated("PF000002")]),
            Some("signed2" | "signed3") => answer(409, json!({ "error": { "code": "Conflict", "message": "exists" } })),
            Some("signed4") => answer(400, json!({ "error": { "code": "BadRequest", "message": "bad signature" } })),
            Some(_) => answer(200, associated("PF000001")),
        })
    });
    let report = registrar.carry_out(sending(Lane::Association, (1..=4).map(linked).collect())).await;
    let Report::Sent { refused, .. } = &report else { panic!("{report:?}") };
    assert_eq!(refused[..2], [(DeviceId(1), complete()), (DeviceId(2), complete())]);
    assert_eq!(refused[2].1, failed(409, "It is associated, and not in this tenant"));
    assert!(matches!(&refused[3].1, ImportState::Failed { code: 400, name } if name.contains("bad signature")));
    assert_eq!(script.asked().iter().filter(|asked| asked.ends_with("/importTenantAssociatedDevice")).count(), 4);
}

#[tokio::test]
async fn an_association_without_an_answer_is_looked_for() {
    let (registrar, script) = registrar(|request| match request.body {
        Some(_) => Err(Silence::Lost("cut".into())),
        None => Ok(list(&[associated("PF000001")])),
    });
    let report = registrar.carry_out(sending(Lane::Association, vec![linked(1)])).await;
    assert!(matches!(report, Report::Lost { .. }), "{report:?}");
    assert_eq!(registrar.carry_out(settling(Lane::Association, 1)).await, said(vec![(1, complete())]));
    let report = registrar.carry_out(settling(Lane::Association, 2)).await;
    assert!(matches!(report, Report::NotSent { .. }), "{report:?}");
    assert_eq!(script.asked().iter().filter(|asked| asked.starts_with("Post")).count(), 1);
}

#[tokio::test]
async fn what_is_associated_is_read_back_with_its_state() {
    let (registrar, _) = registrar(|_| Ok(list(&[associated("pf000001")])));
    let reading =
        |number: u64| Reading { device: DeviceId(number), registration: None, called: format!("PF{number:06}") };
    let report = registrar.carry_out(Work::Read(vec![reading(1), reading(2)])).await;
    let Report::Read(seen) = report else { panic!("{report:?}") };
    let (closed, _) = self::registrar(|_| Ok(answer(403, json!({ "error": { "code": "Forbidden", "message": "" } }))));
    let report = closed.carry_out(Work::Read(vec![reading(1)])).await;
    assert_eq!(report, Report::Read(vec![]), "and holds up nobody");
    let present = Mark::Present { id: "a1".into(), state: "preassociated".into() };
    assert_eq!((&seen[0].1.association, &seen[1].1.association), (&Some(present), &Some(Mark::Absent)));
}

#[tokio::test]
async fn identifiers_go_together_and_one_that_was_there_is_looked_up() {
    let (registrar, script) = registrar(|request| {
        let entry = |serial: &str, status: bool| json!({ "id": serial, "importedDeviceIdentifier": format!("LENOVO,21CB,{serial}"), "status": status });
        Ok(match request.path.rsplit('/').next() {
            Some("importDeviceIdentityList") => {
                list(&[entry("PF000001", true), entry("PF000002", false), entry("PF000003", false)])
            }
            _ => list(&[json!({ "id": "2", "importedDeviceIdentifier": "LENOVO,21CB,PF000002" })]),
        })
    });
    let report = registrar.carry_out(sending(Lane::Corporate, (1..=3).map(identified).collect())).await;
    let missed = failed(0, "The service did not take the identifier in");
    assert_eq!(report, said(vec![(1, complete()), (2, complete()), (3, missed)]));
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn identifiers_without_an_answer_are_looked_for_by_their_number() {
    let (registrar, _) = registrar(|request| match request.body {
        Some(_) => Err(Silence::Lost("cut".into())),
        None => {
            let kind = "manufacturerModelSerial";
            Ok(list(&[
                json!({ "id": "1", "importedDeviceIdentifier": "LENOVO,21CB,PF000001", "importedDeviceIdentityType": kind }),
            ]))
        }
    });
    let report = registrar.carry_out(sending(Lane::Corporate, vec![identified(1)])).await;
    assert!(matches!(report, Report::Lost { .. }), "{report:?}");
    assert_eq!(registrar.carry_out(settling(Lane::Corporate, 1)).await, said(vec![(1, complete())]));
    // A line of another lane is not sent at all.
    let report = registrar.carry_out(sending(Lane::Corporate, vec![linked(1)])).await;
    assert!(matches!(report, Report::NotSent { .. }), "{report:?}");
}
