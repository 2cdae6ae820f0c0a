use std::sync::atomic::{AtomicU32, Ordering};

use whiteglove_core::cloud::pace::Why;

use super::{
    super::testing::{Script, answer},
    *,
};

/// A window that a test can sit out.
const LIMITS: Limits = Limits { window: Duration::from_millis(200), any: 10, writes: 4, at_once: 2 };

fn paced(script: &Script) -> Paced {
    Paced::new(Way::Script(script.clone()), LIMITS)
}

fn ok() -> Result<Answer, Silence> {
    Ok(answer(200, "{}"))
}

fn throttled(wait: Option<Duration>) -> Result<Answer, Silence> {
    Ok(Answer { retry_after: wait, ..answer(429, "{}") })
}

#[tokio::test]
async fn limits_are_waited_for_inside() {
    let script = Script::new(|_| ok());
    let paced = paced(&script);
    let begun = Instant::now();
    for _ in 0..9 {
        paced.send(&graph::sync()).await.unwrap();
    }
    // Nine writes, four in a window.
    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_nobody_waits_for_lets_the_others_pass() {
    let script = Script::new(|_| ok());
    let paced = paced(&script);
    for _ in 0..3 {
        paced.send(&graph::sync()).await.unwrap();
    }
    let (read, idle) = (graph::get_settings(), Request { path: "/idle".to_owned(), ..graph::sync() });
    let order = Mutex::new(vec![]);
    let idling = async {
        paced.send_idle(&idle).await.unwrap();
        order.lock().unwrap().push("idle");
    };
    let reading = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        paced.send(&read).await.unwrap();
        order.lock().unwrap().push("read");
    };
    tokio::join!(idling, reading);
    assert_eq!(*order.lock().unwrap(), ["read", "idle"]);
}

#[tokio::test]
async fn requests_go_in_the_order_in_which_they_came_and_so_many_at_once() {
    let at_once = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let script = Script::new(|_| ok()).with_latency(Duration::from_millis(20));
    let paced = paced(&script);
    let sends = (0..8).map(|number| {
        let (paced, at_once) = (paced.clone(), at_once.clone());
        async move {
            let request = Request { path: format!("/{number}"), ..graph::get_settings() };
            let watched = async {
                let result = paced.send(&request).await;
                at_once.1.fetch_max(paced.0.pacer().view(paced.0.clock.now()).under_way, Ordering::Relaxed);
                result
            };
            watched.await.unwrap();
        }
    });
    futures_util::future::join_all(sends).await;
    let expected: Vec<_> = (0..8).map(|number| format!("Get /{number}")).collect();
    assert_eq!(script.asked(), expected);
    assert!(at_once.1.load(Ordering::Relaxed) <= 2);
}

#[tokio::test]
async fn a_long_wait_is_told_and_not_sat_out() {
    let script = Script::new(|_| throttled(Some(Duration::from_secs(90))));
    let paced = paced(&script);
    let mut views = paced.views();
    assert_eq!(paced.send(&graph::get_settings()).await.unwrap().status, 429);
    views.changed().await.unwrap();
    let Err(Missed::NotNow { wait, view }) = paced.send(&graph::get_settings()).await else { panic!() };
    assert!(wait > Duration::from_secs(85) && view.why == Some(Why::Asked), "{wait:?} {view:?}");
    assert_eq!(script.asked().len(), 1, "nothing was sent meanwhile");
    assert!(views.borrow_and_update().next.is_some());
    paced.hurry();
    assert!(matches!(paced.send(&graph::get_settings()).await, Err(Missed::NotNow { .. })));
}

#[tokio::test]
async fn a_person_in_a_hurry_wakes_what_waits_for_a_line() {
    let mut tries = 0;
    let script = Script::new(move |_| {
        tries += 1;
        if tries < 4 { Err(Silence::NotSent("no route".to_owned())) } else { ok() }
    });
    let paced = paced(&script);
    let begun = Instant::now();
    for _ in 0..3 {
        let nudge = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            paced.hurry();
        };
        let request = graph::get_settings();
        let (result, ()) = tokio::join!(paced.send(&request), nudge);
        assert!(matches!(result, Err(Missed::Silence(Silence::NotSent(_)))));
    }
    paced.hurry();
    paced.send(&graph::get_settings()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(500), "the waits alone would be more than a second");
}

#[tokio::test]
async fn who_stops_waiting_leaves_the_door_open() {
    let script = Script::new(|_| ok()).with_latency(Duration::from_millis(300));
    let paced = paced(&script);
    for _ in 0..2 {
        let request = graph::get_settings();
        let cut = tokio::time::timeout(Duration::from_millis(20), paced.send(&request)).await;
        assert!(cut.is_err());
    }
    assert_eq!(paced.views().borrow().under_way, 0);
    paced.send(&graph::get_settings()).await.unwrap();
}

#[tokio::test]
async fn ten_minutes_between_synchronisations_hold_up_nothing_else() {
    let script = Script::new(|request| if graph::is_sync(request) { throttled(None) } else { ok() });
    let paced = paced(&script);
    assert_eq!(paced.sync_ready(), Ok(()));
    assert_eq!(paced.send(&graph::sync()).await.unwrap().status, 429);
    let wait = paced.sync_ready().unwrap_err();
    assert!(wait > Duration::from_secs(590) && wait <= Duration::from_secs(600), "{wait:?}");
    paced.send(&graph::get_settings()).await.unwrap();
    assert_eq!(paced.views().borrow().failures, 0);
    assert!(paced.views().borrow().sync_from.is_some());
}

#[test]
fn a_batch_speaks_for_its_parts() {
    let batch = graph::batch(&[graph::get_settings(), graph::get_settings()]).unwrap();
    let of = |parts: serde_json::Value| outcome(&batch, &Ok(answer(200, serde_json::json!({ "responses": parts }))));
    let part = |id: &str, status: u16| serde_json::json!({ "id": id, "status": status });
    let asked = serde_json::json!({ "id": "2", "status": 429, "headers": { "Retry-After": "7" } });
    assert_eq!(of([part("1", 200), part("2", 404)].into()), Outcome::Answered);
    assert_eq!(of([part("1", 200), asked].into()), Outcome::Throttled { wait: Some(Duration::from_secs(7)) });
    assert_eq!(of([part("1", 200), part("2", 500)].into()), Outcome::Answered, "that part's own fault");
    assert_eq!(of([part("1", 500), part("2", 503)].into()), Outcome::Faulty { wait: None });
}
