use std::sync::Arc;

use serde_json::{Value, json};
use whiteglove_core::{
    cloud::{Answer, Method, Request, Silence, pace::Limits},
    entry::ZtdId,
    lane::{Lane, Registered, Row},
    registration::{ImportId, Reading},
};

use super::{
    super::{
        paced::Way,
        testing::{Script, answer},
    },
    *,
};

/// Partner Center as far as a test needs it.
#[derive(Default)]
struct Centre {
    /// Name, and serial numbers in it.
    batches: Vec<(String, Vec<String>)>,
    /// What the job says.
    job: Value,
    /// The next request that changes something fares like this, and is done nevertheless if the second is true.
    next: Option<(Result<u16, Silence>, bool)>,
    page: usize,
    /// The list of batches is behind.
    hidden: bool,
    numbers: Vec<String>,
}

impl Centre {
    fn answer(&mut self, request: &Request) -> Result<Answer, Silence> {
        let path = request.path.strip_prefix("/v1/customers/tenant/").unwrap();
        let header =
            |name: &str| request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let pieces: Vec<&str> = path.split('/').collect();
        if request.method == Method::Post {
            self.numbers.push(header("MS-RequestId").unwrap());
            let forced = self.next.take();
            if let Some((result, false)) = forced {
                return result.map(|status| answer(status, json!({ "code": "x", "description": "forced" })));
            }
            let body = request.body.as_ref().unwrap();
            let devices = body.as_array().or_else(|| body["devices"].as_array()).unwrap();
            let serials: Vec<String> =
                devices.iter().map(|device| device["serialNumber"].as_str().unwrap().to_owned()).collect();
            let name = body["batchId"].as_str().unwrap_or_else(|| pieces[1]).to_owned();
            let there = self.batches.iter_mut().find(|(known, _)| *known == name);
            match (there, pieces.len()) {
                (Some(_), 1) => return Ok(answer(409, json!({ "code": "2002", "description": "exists" }))),
                (None, 1) => self.batches.push((name, serials)),
                (Some((_, known)), _) => known.extend(serials),
                (None, _) => return Ok(answer(404, json!({ "code": "2003", "description": "no batch" }))),
            }
            if let Some((result, true)) = forced {
                return result.map(|status| answer(status, "{}"));
            }
            let location = Some("/customers/tenant/batchJobStatus/job-1".to_owned());
            return Ok(Answer { location, ..answer(202, "") });
        }
        Ok(match pieces.as_slice() {
            ["deviceBatches"] => {
                let shown = self.batches.iter().filter(|_| !self.hidden);
                let items: Vec<_> = shown.map(|(name, _)| json!({ "id": name })).collect();
                answer(200, json!({ "items": items }))
            }
            ["deviceBatches", name, "devices"] => match self.batches.iter().find(|(known, _)| known == name) {
                None => answer(404, json!({ "code": "2003", "description": "no batch" })),
                Some((_, serials)) => {
                    let skip: usize = header("MS-ContinuationToken").map_or(0, |token| token.parse().unwrap());
                    let page = serials.iter().skip(skip).take(self.page);
                    let items: Vec<_> = page.map(|serial| json!({ "id": serial, "serialNumber": serial })).collect();
                    let more = (skip + self.page < serials.len()).then(|| (skip + self.page).to_string());
                    answer(200, json!({ "items": items, "continuationToken": more }))
                }
            },
            ["batchJobStatus", "job-1"] => answer(200, &self.job),
            _ => answer(404, json!({ "code": "2003", "description": "nothing here" })),
        })
    }
}

struct Bench {
    centre: Arc<Mutex<Centre>>,
    script: Script,
    partner: Partner,
}

fn bench(settle: Duration) -> Bench {
    let centre = Arc::new(Mutex::new(Centre { page: 100, ..Centre::default() }));
    let there = centre.clone();
    let script = Script::new(move |request| there.lock().unwrap().answer(request));
    let limits = Limits { window: Duration::from_millis(50), ..Limits::of(SERVICE) };
    let partner = Partner::new(Paced::new(Way::Script(script.clone()), limits), "tenant".into(), settle);
    Bench { centre, script, partner }
}

fn serial(number: u64) -> String {
    format!("PF{number:06}")
}

fn row(number: u64) -> Row {
    let identity = Registered::Tuple { serial: serial(number), manufacturer: "LENOVO".into(), model: "21CB".into() };
    let line = Line::Partner { identity, group_tag: "SALES".into() };
    Row { device: DeviceId(number), called: serial(number), line, remarks: vec![] }
}

fn attempt() -> AttemptId {
    AttemptId::from_random([7; 16])
}

fn sending(rows: &[u64]) -> Work {
    let rows = rows.iter().map(|number| row(*number)).collect();
    Work::Send(Sending { attempt: attempt(), lane: Lane::Partner, group_tag: "SALES".into(), rows })
}

fn settling(lines: &[u64]) -> Work {
    let line = |number: &u64| Reading { device: DeviceId(*number), registration: None, called: serial(*number) };
    Work::Settle(Settling {
        attempt: attempt(),
        lane: Lane::Partner,
        group_tag: "SALES".into(),
        since: whiteglove_core::clock::Moment::default(),
        lines: lines.iter().map(line).collect(),
    })
}

fn taken(rows: &[u64]) -> Report {
    let taken = rows.iter().map(|number| (DeviceId(*number), ImportId(format!("job-1#{}", serial(*number)))));
    Report::Sent { attempt: attempt(), taken: taken.collect(), refused: vec![] }
}

#[tokio::test]
async fn the_first_makes_the_batch_and_the_next_go_into_it() {
    let bench = bench(SETTLE);
    assert_eq!(bench.partner.carry_out(sending(&[1, 2])).await, taken(&[1, 2]));
    assert_eq!(bench.partner.carry_out(sending(&[3])).await, taken(&[3]));
    let centre = bench.centre.lock().unwrap();
    assert_eq!(centre.batches, [("SALES".to_owned(), vec![serial(1), serial(2), serial(3)])]);
    let at = "/v1/customers/tenant/deviceBatches";
    let asked = [format!("Get {at}"), format!("Post {at}"), format!("Get {at}"), format!("Post {at}/SALES/devices")];
    assert_eq!(bench.script.asked(), asked);
    assert_eq!(centre.numbers[0], attempt().to_string());
}

#[tokio::test]
async fn a_batch_that_somebody_made_meanwhile_is_added_to() {
    let bench = bench(SETTLE);
    {
        let mut centre = bench.centre.lock().unwrap();
        centre.batches.push(("SALES".into(), vec![]));
        centre.hidden = true;
    }
    assert_eq!(bench.partner.carry_out(sending(&[1])).await, taken(&[1]));
    let centre = bench.centre.lock().unwrap();
    assert_eq!(centre.batches[0].1, [serial(1)]);
    assert_ne!(centre.numbers[0], centre.numbers[1], "another request has another number");
}

#[tokio::test]
async fn what_no_answer_came_to_is_lost_and_never_sent_again() {
    let bench = bench(Duration::ZERO);
    bench.centre.lock().unwrap().next = Some((Err(Silence::Lost("cut".into())), true));
    let report = bench.partner.carry_out(sending(&[1, 2])).await;
    assert!(matches!(report, Report::Lost { .. }), "{report:?}");
    // It is there after all.
    bench.centre.lock().unwrap().page = 1;
    let complete = |number| (DeviceId(number), ImportState::Complete { registration: None });
    let found = Report::Sent { attempt: attempt(), taken: vec![], refused: vec![complete(1), complete(2)] };
    assert_eq!(bench.partner.carry_out(settling(&[1, 2])).await, found);
    assert_eq!(bench.script.asked().iter().filter(|asked| asked.starts_with("Post")).count(), 1);
}

#[tokio::test]
async fn what_never_arrived_is_given_back_when_enough_time_has_passed() {
    let hasty = bench(Duration::ZERO);
    let report = hasty.partner.carry_out(settling(&[1])).await;
    assert!(matches!(&report, Report::NotSent { why, .. } if why.why.contains("does not have them")), "{report:?}");
    let patient = bench(SETTLE);
    let report = patient.partner.carry_out(settling(&[1])).await;
    assert!(matches!(report, Report::Lost { .. }), "{report:?}");
    assert!(patient.script.asked().iter().all(|asked| asked.starts_with("Get")));
}

#[tokio::test]
async fn a_job_is_asked_for_once_and_each_device_has_its_own_fate() {
    let bench = bench(SETTLE);
    bench.centre.lock().unwrap().job = json!({ "status": "finished", "devicesStatus": [
        { "serialNumber": serial(1), "status": "finished" },
        { "serialNumber": serial(2), "status": "finished_with_errors", "errorCode": "808",
          "errorDescription": "ZtdDeviceAssignedToOtherTenant" },
    ] });
    let waiting = |number: u64, job: &str| Waiting {
        device: DeviceId(number),
        import: ImportId(format!("{job}#{}", serial(number))),
        called: String::new(),
    };
    let all = vec![waiting(1, "job-1"), waiting(2, "job-1"), waiting(3, "job-9")];
    let report = bench.partner.carry_out(Work::Poll(all)).await;
    let other = ImportState::Failed { code: 808, name: "ZtdDeviceAssignedToOtherTenant".into() };
    let said = vec![
        (DeviceId(1), ImportState::Complete { registration: None }),
        (DeviceId(2), other),
        (DeviceId(3), ImportState::Gone),
    ];
    assert_eq!(report, Report::Polled(said));
    assert_eq!(bench.script.asked().len(), 2);
}

#[tokio::test]
async fn a_batch_is_never_without_a_name() {
    let bench = bench(SETTLE);
    let rows = vec![row(1)];
    let work = Work::Send(Sending { attempt: attempt(), lane: Lane::Partner, group_tag: " ".into(), rows });
    let report = bench.partner.carry_out(work).await;
    let Report::Sent { taken, refused, .. } = report else { panic!("{report:?}") };
    assert!(
        taken.is_empty() && matches!(&refused[0].1, ImportState::Failed { name, .. } if name.contains("group tag"))
    );
    assert!(bench.script.asked().is_empty());
}

#[tokio::test]
async fn what_it_cannot_do_it_says_and_does_not_pretend() {
    let bench = bench(SETTLE);
    let registration = ZtdId::try_from("c2f1c5d4-0000-4000-8000-000000000001".to_owned()).unwrap();
    let act = Act::Deregister { device: DeviceId(1), registration };
    let report = bench.partner.carry_out(Work::Act { attempt: attempt(), act }).await;
    assert!(matches!(&report, Report::Acted { outcome: Err(why), .. } if why.next.contains("Graph")), "{report:?}");
    let reading = Reading { device: DeviceId(1), registration: None, called: serial(1) };
    assert_eq!(bench.partner.carry_out(Work::Read(vec![reading])).await, Report::Read(vec![]), "and holds up nobody");
    bench.centre.lock().unwrap().next = Some((Ok(400), false));
    let report = bench.partner.carry_out(sending(&[1])).await;
    assert!(matches!(report, Report::NotSent { .. }), "{report:?}");
}
