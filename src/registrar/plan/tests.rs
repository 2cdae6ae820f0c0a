use serde_json::json;
use whiteglove_core::cloud::{Answer, Cost, Method, Request, Service, Silence, pace::Limits};

use super::{
    super::{
        paced::{Paced, Way},
        testing::{Script, answer},
    },
    *,
};

const HASTY: Patience = Patience { between: Duration::from_millis(5), most: Duration::from_millis(200) };

fn asking(answers: impl FnMut(&Request) -> Result<Answer, Silence> + Send + 'static) -> (Asking, Script) {
    let script = Script::new(answers);
    let limits = Limits { window: Duration::from_millis(20), ..Limits::of(Service::Graph) };
    (Asking::new(Paced::new(Way::Script(script.clone()), limits), Service::Graph), script)
}

fn request(method: Method, path: &str) -> Request {
    let (service, cost) = (Service::Graph, Cost::WRITE);
    Request { service, method, path: path.to_owned(), body: None, headers: vec![], cost }
}

fn plan(acts: Vec<Act>) -> Plan {
    let step = |(n, act): (usize, Act)| Step::new(format!("step {n}"), act);
    Plan { title: "t".into(), steps: acts.into_iter().enumerate().map(step).collect(), notes: vec![] }
}

#[tokio::test]
async fn what_was_made_is_what_the_next_step_goes_to() {
    let (asking, script) = asking(|request| match request.path.as_str() {
        "/a" => Ok(answer(201, json!({ "id": "d1" }))),
        _ => Ok(answer(204, "")),
    });
    let both =
        plan(vec![Act::Send(request(Method::Post, "/a")), Act::SendToMade(request(Method::Post, "/a/{id}/assign"))]);
    assert_eq!(carry_out(&asking, &both, HASTY).await, Outcome { done: 2, problem: None });
    assert_eq!(script.asked(), ["Post /a", "Post /a/d1/assign"]);
}

#[tokio::test]
async fn it_stops_at_the_first_that_fails_and_says_what_is_done() {
    let (asking, script) = asking(|request| match request.path.as_str() {
        "/b" => Ok(answer(403, json!({ "error": { "code": "Forbidden", "message": "no right" } }))),
        _ => Ok(answer(204, "")),
    });
    let send = |path: &str| Act::Send(request(Method::Post, path));
    let outcome = carry_out(&asking, &plan(vec![send("/a"), send("/b"), send("/c")]), HASTY).await;
    let why = outcome.problem.unwrap().why;
    assert!(outcome.done == 1 && why.starts_with("The first step is done; step 2 of 3 (step 1) is not"), "{why}");
    assert_eq!(script.asked(), ["Post /a", "Post /b"]);
}

#[tokio::test]
async fn what_is_gone_already_is_as_good_as_removed_and_is_waited_for() {
    let mut left = 3;
    let (asking, script) = asking(move |request| match request.path.as_str() {
        "/device" => Ok(answer(404, "")),
        _ => {
            left -= 1;
            Ok(answer(if left == 0 { 404 } else { 200 }, "{}"))
        }
    });
    let steps = plan(vec![
        Act::Remove(request(Method::Delete, "/device")),
        Act::UntilGone(request(Method::Get, "/registration")),
    ]);
    assert_eq!(carry_out(&asking, &steps, HASTY).await, Outcome { done: 2, problem: None });
    assert_eq!(script.asked().len(), 4);
}

#[tokio::test]
async fn waiting_has_an_end() {
    let (asking, _) = asking(|_| Ok(answer(200, "{}")));
    let outcome = carry_out(&asking, &plan(vec![Act::UntilGone(request(Method::Get, "/x"))]), HASTY).await;
    assert!(outcome.problem.unwrap().why.contains("still there"));
}

#[tokio::test]
async fn a_step_without_an_answer_is_not_repeated() {
    let (asking, script) = asking(|_| Err(Silence::Lost("cut".into())));
    let outcome = carry_out(&asking, &plan(vec![Act::Send(request(Method::Post, "/a"))]), HASTY).await;
    let why = outcome.problem.unwrap().why;
    assert!(outcome.done == 0 && why.contains("step 1 of 1 (step 0) may be done or not"), "{why}");
    assert_eq!(script.asked().len(), 1);
}
