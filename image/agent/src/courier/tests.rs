//! The courier against a small endpoint that can misbehave.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc, mpsc::Sender},
    thread,
};

use serde::Serialize;
use whiteglove_core::{
    api::{Outcome, Welcome},
    envelope::BoxSecret,
    media_card::MediaId,
};

use super::*;

fn secret() -> BoxSecret {
    BoxSecret::from_entropy([7; 32])
}

fn card(endpoints: Vec<String>) -> MediaCard {
    let media = MediaId([1; 16]);
    MediaCard {
        media,
        box_key: secret().public(),
        token: secret().token(media),
        endpoints,
        batch: "b".into(),
        bench: "bench".into(),
        data_volume: None,
    }
}

const HELLO: MessageId = MessageId([1; 16]);
const CAPTURE: MessageId = MessageId([2; 16]);

/// A request as the endpoint sees it, and how it answers.
struct Request {
    path: String,
    body: Vec<u8>,
}

enum Reply {
    Json {
        status: u16,
        seal: Option<String>,
        body: Vec<u8>,
    },
    /// Closes the connection in the middle of the answer.
    Break,
}

fn plain(status: u16, body: &impl Serialize) -> Reply {
    Reply::Json { status, seal: None, body: serde_json::to_vec(body).unwrap() }
}

fn sealed(status: u16, key: &SessionKey, label: &str, body: &impl Serialize) -> Reply {
    let body = serde_json::to_vec(body).unwrap();
    Reply::Json { status, seal: Some(key.seal(label, &body)), body }
}

/// Answers until the process ends; its URL and the paths it was asked for.
fn endpoint(answer: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let (answer, seen) = (Arc::new(answer), Arc::clone(&log));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            thread::spawn(move || serve(stream, &*answer, &seen));
        }
    });
    (url, log)
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(usize, &Request) -> Reply, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut line, mut length) = (String::new(), 0);
        if !matches!(reader.read_line(&mut line), Ok(1..)) {
            return;
        }
        let path = line.split(' ').nth(1).unwrap().to_owned();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            if header.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(path.split('?').next().unwrap().to_owned());
            seen.len() - 1
        };
        match answer(number, &Request { path, body }) {
            Reply::Json { status, seal, body } => {
                let seal = seal.map(|seal| format!("whiteglove-seal: {seal}\r\n")).unwrap_or_default();
                let head = format!("HTTP/1.1 {status} X\r\n{seal}content-length: {}\r\n\r\n", body.len());
                stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
            }
            Reply::Break => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{");
                return;
            }
        }
    }
}

fn open(request: &Request) -> (Envelope, SessionKey) {
    let envelope = Envelope::parse(&request.body).unwrap();
    let (_, key) = envelope.open(&secret()).unwrap();
    (envelope, key)
}

fn welcome(request: &Request) -> Reply {
    let (envelope, key) = open(request);
    let welcome = Welcome { message: envelope.message(), bench: "bench".into(), batch: "b".into(), now: 0 };
    sealed(200, &key, label::WELCOME, &welcome)
}

fn receipt(message: MessageId, outcome: Outcome) -> Receipt {
    Receipt { message, outcome, stored: true, device: 5, serial: Some("PF3".into()), notice: None, missing: vec![] }
}

fn quick() -> Pace {
    let ms = Duration::from_millis;
    Pace { connect: ms(500), answer: ms(2000), first: ms(10), longest: ms(40), between: ms(5), clock: ms(10_000) }
}

/// A courier with a hello and a capture to bring. Dropping the sender ends it.
fn start(endpoints: Vec<String>) -> (Sender<Letter>, Receiver<Report>) {
    let (letters, inbox) = mpsc::channel();
    let (tell, reports) = mpsc::channel();
    let content = |id| Arc::new(Content { id, json: b"{}".to_vec() });
    letters.send(Letter::Hello(content(HELLO))).unwrap();
    letters.send(Letter::Capture(content(CAPTURE))).unwrap();
    let courier = Courier { card: card(endpoints), pace: quick(), ask_network: |_| Vec::new() };
    thread::spawn(move || courier.run(&inbox, |report| drop(tell.send(report))));
    (letters, reports)
}

fn next(reports: &Receiver<Report>) -> Report {
    reports.recv_timeout(Duration::from_secs(20)).unwrap()
}

/// A bench as it should be: keeps the session key, gives the orders in `orders` one after the other.
fn honest(orders: Vec<Order>) -> impl Fn(usize, &Request) -> Reply + Send + Sync {
    let session: Mutex<Option<SessionKey>> = Mutex::default();
    move |_, request| match request.path.as_str() {
        api::HELLO => welcome(request),
        api::CAPTURE => {
            let (envelope, key) = open(request);
            *session.lock().unwrap() = Some(key.clone());
            sealed(200, &key, label::RECEIPT, &receipt(envelope.message(), Outcome::Captured))
        }
        path => {
            let after: usize = path.rsplit_once("after=").unwrap().1.parse().unwrap();
            let order = orders.get(after).copied();
            let number = (after + usize::from(order.is_some())) as u64;
            let orders =
                Orders { capture: CAPTURE, number, order: order.unwrap_or(Order::Stay), now: 1_800_000_000_000 };
            sealed(200, session.lock().unwrap().as_ref().unwrap(), label::ORDERS, &orders)
        }
    }
}

#[test]
fn hello_capture_and_orders_in_their_order() {
    let (url, log) = endpoint(honest(vec![Order::BootNext, Order::PowerOff]));
    let (_letters, reports) = start(vec![url.clone()]);
    assert_eq!(next(&reports), Report::Found { url });
    assert_eq!(next(&reports), Report::Delivered(receipt(CAPTURE, Outcome::Captured)));
    assert_eq!(next(&reports), Report::Order(Order::BootNext));
    assert_eq!(next(&reports), Report::Order(Order::PowerOff));
    assert_eq!(log.lock().unwrap()[..3], [api::HELLO, api::CAPTURE, api::WAIT]);
}

#[test]
fn the_benchs_time_comes_with_the_order_to_set_the_clock() {
    let (url, log) = endpoint(honest(vec![Order::SetClock]));
    let (letters, reports) = start(vec![url]);
    let ordered = std::iter::repeat_with(|| next(&reports)).find_map(|report| match report {
        Report::SetClock(bench) => Some(bench.now().millis()),
        Report::Found { .. } | Report::Delivered(_) => None,
        other => panic!("{other:?}"),
    });
    // With the time since it was heard.
    assert!((1_800_000_000_000..1_800_000_010_000).contains(&ordered.unwrap()));

    // Until something comes of it, the bench is not asked, or the new capture would wait for the answer.
    assert_eq!(reports.recv_timeout(Duration::from_millis(100)), Err(mpsc::RecvTimeoutError::Timeout));
    assert_eq!(log.lock().unwrap().last().map(String::as_str), Some(api::WAIT));

    // The same capture with a fresher clock is not brought again, another one is.
    let bring = |id, json: &[u8]| {
        letters.send(Letter::Capture(Arc::new(Content { id, json: json.to_vec() }))).unwrap();
    };
    bring(CAPTURE, b"{\"rtc\":1}");
    bring(MessageId([3; 16]), b"{}");
    assert_eq!(next(&reports), Report::Delivered(receipt(MessageId([3; 16]), Outcome::Captured)));
    assert_eq!(log.lock().unwrap().iter().filter(|path| *path == api::CAPTURE).count(), 2);
}

#[test]
fn a_rogue_that_answers_everything_is_not_believed() {
    let (rogue, _) = endpoint(|_, request| match request.path.as_str() {
        // The right words without a seal, with a seal of its own, and with a seal for another purpose.
        api::HELLO => {
            let message = Envelope::parse(&request.body).unwrap().message();
            let welcome = Welcome { message, bench: "bench".into(), batch: "b".into(), now: 0 };
            let body = serde_json::to_vec(&welcome).unwrap();
            Reply::Json { status: 200, seal: Some("00".repeat(32)), body }
        }
        path => panic!("the courier went on to {path}"),
    });
    let (_letters, reports) = start(vec![rogue.clone()]);
    for _ in 0..2 {
        let Report::NotFound { asked, strangers } = next(&reports) else { panic!() };
        assert_eq!(asked, [rogue.as_str()]);
        assert_eq!(strangers, [Stranger { url: rogue.clone(), problem: None }]);
    }
}

#[test]
fn a_seal_for_one_purpose_is_none_for_another() {
    let (url, _) = endpoint(|_, request| {
        let (envelope, key) = open(request);
        let welcome = Welcome { message: envelope.message(), bench: "bench".into(), batch: "b".into(), now: 0 };
        sealed(200, &key, label::RECEIPT, &welcome)
    });
    let (_letters, reports) = start(vec![url]);
    assert!(matches!(next(&reports), Report::NotFound { .. }));
}

#[test]
fn among_many_the_one_that_proves_itself_is_taken() {
    let (rogue, _) = endpoint(|_, _| plain(200, &"welcome"));
    let (bench, _) = endpoint(honest(vec![]));
    // An address where nobody listens, and one that is no address.
    let dead = "http://127.0.0.1:9".to_owned();
    let (_letters, reports) = start(vec![rogue, dead, "http://bench.local:1".into(), bench.clone()]);
    assert_eq!(next(&reports), Report::Found { url: bench });
}

#[test]
fn an_unsealed_receipt_is_no_receipt() {
    let bench = honest(vec![]);
    let (url, _) = endpoint(move |number, request| match request.path.as_str() {
        api::HELLO => welcome(request),
        // First somebody on the wire answers, then the bench.
        api::CAPTURE if number < 2 => plain(200, &receipt(CAPTURE, Outcome::Captured)),
        _ => bench(number, request),
    });
    let (_letters, reports) = start(vec![url.clone()]);
    assert_eq!(next(&reports), Report::Found { url: url.clone() });
    let Report::Lost(why) = next(&reports) else { panic!() };
    assert!(why.ends_with("answered 200 without a seal"), "{why}");
    assert_eq!(next(&reports), Report::Found { url });
    assert!(matches!(next(&reports), Report::Delivered(_)));
}

#[test]
fn a_receipt_for_another_capture_is_no_receipt() {
    let (url, _) = endpoint(|_, request| match request.path.as_str() {
        api::HELLO => welcome(request),
        _ => {
            let (_, key) = open(request);
            sealed(200, &key, label::RECEIPT, &receipt(MessageId([9; 16]), Outcome::Captured))
        }
    });
    let (_letters, reports) = start(vec![url.clone()]);
    assert_eq!(next(&reports), Report::Found { url });
    assert!(matches!(next(&reports), Report::Lost(_)));
}

#[test]
fn a_bench_that_restarted_gets_the_same_capture_again() {
    let session: Mutex<Option<SessionKey>> = Mutex::default();
    let (url, log) = endpoint(move |number, request| match request.path.as_str() {
        api::HELLO => welcome(request),
        api::CAPTURE => {
            let (envelope, key) = open(request);
            assert_eq!(envelope.message(), CAPTURE);
            *session.lock().unwrap() = Some(key.clone());
            let outcome = if number < 2 { Outcome::Captured } else { Outcome::AlreadyHere };
            sealed(200, &key, label::RECEIPT, &receipt(CAPTURE, outcome))
        }
        _ if number == 2 => plain(410, &"gone"),
        _ => {
            let orders = Orders { capture: CAPTURE, number: 1, order: Order::PowerOff, now: 0 };
            sealed(200, session.lock().unwrap().as_ref().unwrap(), label::ORDERS, &orders)
        }
    });
    let (_letters, reports) = start(vec![url.clone()]);
    assert_eq!(next(&reports), Report::Found { url });
    assert_eq!(next(&reports), Report::Delivered(receipt(CAPTURE, Outcome::Captured)));
    assert_eq!(next(&reports), Report::Delivered(receipt(CAPTURE, Outcome::AlreadyHere)));
    assert_eq!(next(&reports), Report::Order(Order::PowerOff));
    let log = log.lock().unwrap();
    assert_eq!(log[..5], [api::HELLO, api::CAPTURE, api::WAIT, api::CAPTURE, api::WAIT]);
}

#[test]
fn a_sealed_refusal_is_the_benchs_own_word() {
    let problem = Problem::new("The journal's disk is full.", "why", "next");
    let (told, bench) = (problem.clone(), honest(vec![]));
    let (url, _) = endpoint(move |number, request| match request.path.as_str() {
        api::HELLO => welcome(request),
        api::CAPTURE if number < 2 => sealed(409, &open(request).1, label::REFUSAL, &told),
        _ => bench(number, request),
    });
    let (_letters, reports) = start(vec![url.clone()]);
    assert_eq!(next(&reports), Report::Found { url });
    assert_eq!(next(&reports), Report::Refused(problem));
    assert!(matches!(next(&reports), Report::Delivered(_)), "and is asked again later");
}

#[test]
fn a_bench_that_does_not_know_the_medium_is_quoted_and_not_obeyed() {
    let problem = Problem::new("The envelope is sealed for another bench.", "why", "next");
    let told = problem.clone();
    let (url, _) = endpoint(move |_, _| plain(400, &told));
    let (_letters, reports) = start(vec![url.clone()]);
    let Report::NotFound { strangers, .. } = next(&reports) else { panic!() };
    assert_eq!(strangers, [Stranger { url, problem: Some(problem) }]);
}

#[test]
fn an_endpoint_that_dies_in_the_middle_is_found_again() {
    let bench = honest(vec![Order::PowerOff]);
    let (url, _) = endpoint(move |number, request| match number {
        1 | 4 | 5 | 6 => Reply::Break,
        _ => bench(number, request),
    });
    let (_letters, reports) = start(vec![url.clone()]);
    assert_eq!(next(&reports), Report::Found { url: url.clone() });
    assert!(matches!(next(&reports), Report::Lost(_)), "the answer to the capture broke off");
    assert_eq!(next(&reports), Report::Found { url: url.clone() });
    assert!(matches!(next(&reports), Report::Delivered(_)));
    assert!(matches!(next(&reports), Report::Lost(_)), "three answers to the question for orders broke off");
    assert_eq!(next(&reports), Report::Found { url });
    assert!(matches!(next(&reports), Report::Delivered(_)));
    assert_eq!(next(&reports), Report::Order(Order::PowerOff));
}

#[test]
fn a_forged_order_is_not_followed() {
    let bench = honest(vec![]);
    let (url, _) = endpoint(move |number, request| match request.path.as_str() {
        api::HELLO | api::CAPTURE => bench(number, request),
        _ => plain(200, &Orders { capture: CAPTURE, number: 9, order: Order::PowerOff, now: 0 }),
    });
    let (_letters, reports) = start(vec![url.clone()]);
    assert_eq!(next(&reports), Report::Found { url });
    assert!(matches!(next(&reports), Report::Delivered(_)));
    assert!(matches!(next(&reports), Report::Lost(_)));
}

#[test]
fn a_network_that_comes_up_ends_the_wait() {
    let (letters, inbox) = mpsc::channel();
    let (tell, reports) = mpsc::channel();
    let hello = Arc::new(Content { id: HELLO, json: b"{}".to_vec() });
    letters.send(Letter::Hello(hello)).unwrap();
    let slow = Pace { first: Duration::from_secs(600), longest: Duration::from_secs(600), ..quick() };
    let courier = Courier { card: card(vec![]), pace: slow, ask_network: |_| Vec::new() };
    thread::spawn(move || courier.run(&inbox, |report| drop(tell.send(report))));
    assert!(matches!(next(&reports), Report::NotFound { asked, .. } if asked.is_empty()));
    letters.send(Letter::Network(vec![])).unwrap();
    assert!(matches!(next(&reports), Report::NotFound { .. }));
}
