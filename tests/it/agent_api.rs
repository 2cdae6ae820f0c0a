//! The agent API, and everything that may be thrown at it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use serde_json::json;
use whiteglove_core::{
    api::{self, Order, Orders, Outcome, Welcome, label},
    envelope::{Kind, MAX_ENVELOPE},
    media_card::{MediaId, MediaToken},
};

use crate::support::{
    Bench, Control,
    laptop::{self, capture, hand_in, post, sealed_capture},
    until,
};

#[test]
fn a_laptop_says_hello_hands_in_its_capture_and_is_told_to_power_off() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let url = bench.url();
    let machine = capture("PF3K9Q", 1, Some(1));

    let greeting = serde_json::to_vec(&laptop::hello_of(&machine)).unwrap();
    let (hello, session) = laptop::seal(&card, Kind::Hello, laptop::id(), &greeting);
    let answer = post(&url, api::HELLO, hello.bytes()).unwrap();
    assert!(session.is_sealed(label::WELCOME, &answer.body, answer.seal.as_deref().unwrap()));
    let welcome: Welcome = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((welcome.bench.as_str(), welcome.batch.as_str()), ("test", "spring"));
    assert_eq!(bench.devices()[0]["stage"].as_object().unwrap().keys().next().unwrap(), "arrived");

    let (envelope, session) = sealed_capture(&card, &machine);
    let receipt = post(&url, api::CAPTURE, envelope.bytes()).unwrap().receipt(&session);
    assert_eq!((receipt.outcome, receipt.serial.as_deref()), (Outcome::Captured, Some("PF3K9Q")));
    assert_eq!(receipt.missing[0].to_string(), "STOP: No internal disk found");

    let waiting = thread::spawn(move || {
        let url = format!("{url}{}?capture={}&after=0", api::WAIT, envelope.message());
        let mut response = laptop::http().get(url).call().unwrap();
        let seal = response.headers().get(api::SEAL_HEADER).unwrap().to_str().unwrap().to_owned();
        let body = response.body_mut().read_to_vec().unwrap();
        assert!(session.is_sealed(label::ORDERS, &body, &seal));
        serde_json::from_slice::<Orders>(&body).unwrap()
    });
    bench.says(&["tell", &receipt.device.to_string(), "power-off"]);
    assert_eq!(waiting.join().unwrap().order, Order::PowerOff);
}

#[test]
fn a_laptop_whose_session_is_gone_is_told_to_send_again() {
    let bench = Bench::started();
    let wait = format!("{}{}?capture={}&after=0", bench.url(), api::WAIT, laptop::id());
    assert_eq!(laptop::http().get(wait).call().unwrap().status().as_u16(), 410);
}

#[test]
fn a_capture_sent_twice_is_one_event() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let machine = capture("PF3K9Q", 1, Some(1));
    assert_eq!(hand_in(&bench.url(), &card, &machine).outcome, Outcome::Captured);
    let before = bench.says(&["journal", "verify"]);
    assert_eq!(hand_in(&bench.url(), &card, &machine).outcome, Outcome::AlreadyHere);
    let entries = |text: &str| text.split_whitespace().nth(4).unwrap().to_owned();
    assert_eq!(entries(&bench.says(&["journal", "verify"])), entries(&before));
}

#[test]
fn what_is_no_genuine_capture_is_refused_and_shown_on_the_board() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let url = bench.url();
    let machine = capture("PF3K9Q", 1, Some(1));
    let (genuine, _) = sealed_capture(&card, &machine);

    let mut flipped = genuine.bytes().to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let mut forger = card.clone();
    forger.token = MediaToken::new([0; 32]);
    let (forged, _) = sealed_capture(&forger, &machine);
    let other_id = laptop::seal(&card, Kind::Capture, laptop::id(), &serde_json::to_vec(&machine).unwrap()).0;
    let nonsense = laptop::seal(&card, Kind::Capture, laptop::id(), b"{}").0;
    let wrong_door = laptop::seal(&card, Kind::Hello, laptop::id(), b"{}").0;

    let cases: [(&str, &[u8], &str); 8] = [
        ("empty", b"", "It ends after 0 bytes"),
        ("truncated", &genuine.bytes()[..70], "It ends after 70 bytes"),
        ("foreign", &[b'x'; 300], "It does not begin like an envelope"),
        ("bit flipped", &flipped, "It was changed on the way, or made without the medium's token"),
        ("forged", forged.bytes(), "It was changed on the way, or made without the medium's token"),
        ("another id inside", other_id.bytes(), "It carries another number than its envelope"),
        ("not a capture inside", nonsense.bytes(), "its content does not parse"),
        ("a hello", wrong_door.bytes(), "not a capture"),
    ];
    for (name, body, why) in cases {
        let answer = post(&url, api::CAPTURE, body).unwrap();
        assert_eq!(answer.status, 400, "{name}");
        let problem = answer.problem();
        assert!(problem.why.contains(why), "{name}: {problem}");
        assert!(!problem.next.is_empty());
    }
    assert!(bench.devices().is_empty());
    let problems = until("the refusals on the board", || {
        let problems = bench.snapshot()?["problems"].as_array()?.len();
        (problems >= 5).then_some(problems)
    });
    assert!(problems >= 5);
}

#[test]
fn an_oversized_body_is_cut_off() {
    let bench = Bench::started();
    let body = vec![0; MAX_ENVELOPE + 1];
    // The bench may hang up before the whole body is sent; that is an answer too.
    if let Ok(answer) = post(&bench.url(), api::CAPTURE, &body) {
        assert_eq!(answer.status, 400);
        assert!(answer.problem().why.contains("larger than a capture can be"));
    }
    assert!(bench.devices().is_empty());
}

#[test]
fn a_client_that_never_finishes_holds_nobody_up() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let address = bench.url().replace("http://", "");
    let mut slow: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for stream in &mut slow {
        write!(stream, "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nW", api::CAPTURE).unwrap();
    }
    assert_eq!(hand_in(&bench.url(), &card, &capture("PF3K9Q", 1, Some(1))).outcome, Outcome::Captured);
}

#[test]
fn media_that_are_not_good_here_and_now() {
    let mut bench = Bench::started();
    let (_, spring) = bench.build_stick();
    let (_, lost) = bench.build_stick();
    bench.says(&["media", "revoke", &lost.media.to_string()]);
    let refused = |bench: &Bench, card| {
        let (envelope, session) = sealed_capture(card, &capture("PF3K9Q", 1, Some(1)));
        let answer = post(&bench.url(), api::CAPTURE, envelope.bytes()).unwrap();
        assert_eq!(answer.status, 409);
        // A refusal by the real bench is sealed, so that a laptop believes it.
        assert!(session.is_sealed(label::REFUSAL, &answer.body, answer.seal.as_deref().unwrap()));
        answer.problem().what
    };
    assert_eq!(refused(&bench, &lost), "This stick was reported lost and is no longer accepted.");
    bench.stop();
    bench.config = bench.config.replace("spring", "autumn");
    bench.start();
    assert_eq!(refused(&bench, &spring), "This stick belongs to batch 'spring'.");
    let mut stranger = spring;
    stranger.media = MediaId([9; 16]);
    let (envelope, _) = sealed_capture(&stranger, &capture("PF3K9Q", 1, Some(1)));
    assert_eq!(post(&bench.url(), api::CAPTURE, envelope.bytes()).unwrap().status, 400);
    assert!(bench.devices().is_empty());
}

#[test]
fn two_machines_with_one_serial_are_both_kept_and_one_is_held() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let url = bench.url();
    assert_eq!(hand_in(&url, &card, &capture("PF3K9Q", 1, Some(1))).outcome, Outcome::Captured);
    let second = hand_in(&url, &card, &capture("PF3K9Q", 2, Some(2)));
    assert_eq!(second.outcome, Outcome::Held);
    let notice = second.notice.unwrap();
    assert!(notice.what.contains("same serial number on two machines") && notice.next.contains("release"), "{notice}");
    // Junk that many machines share is no conflict.
    for (uuid, ek) in [(0x00, 3), (0x00, 4), (0xff, 5), (0xff, 6)] {
        let junk = capture("To be filled by O.E.M.", uuid, Some(ek));
        assert_eq!(hand_in(&url, &card, &junk).outcome, Outcome::Captured);
    }
    assert_eq!(bench.devices().len(), 6);
    bench.says(&["release", &second.device.to_string()]);
    assert!(bench.complains(&["release", &second.device.to_string()]).contains("It is CAPTURED, not held."));
}

#[test]
fn a_device_that_is_here_already_is_captured_again_and_the_laptop_says_so() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    hand_in(&bench.url(), &card, &capture("PF3K9Q", 1, Some(1)));
    let again = hand_in(&bench.url(), &card, &capture("PF3K9Q", 1, Some(1)));
    assert_eq!(again.outcome, Outcome::CapturedAgain);
    assert!(again.notice.unwrap().what.starts_with("This laptop was captured before"));
    let devices = bench.devices();
    assert_eq!((devices.len(), devices[0]["captures"].as_u64()), (1, Some(2)));
}

#[test]
fn boot_files_come_whole_and_in_ranges_and_nothing_else_comes() {
    let bench = Bench::started();
    let url = bench.url();
    let file = std::fs::read(bench.state().join("bootenv/vmlinuz")).unwrap();
    let get = |path: &str, range: Option<&str>| {
        let mut request = laptop::http().get(format!("{url}{path}"));
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        let mut response = request.call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_vec().unwrap())
    };
    assert_eq!(get("/boot/vmlinuz", None), (200, file.clone()));
    assert_eq!(get("/boot/vmlinuz", Some("bytes=5-9")), (206, file[5..10].to_vec()));
    assert_eq!(get("/boot/vmlinuz", Some("bytes=99999999-")).0, 416);
    for stranger in ["/boot/box.key", "/boot/..%2f..%2fbox.key", "/boot/bootenv.json", "/box.key", "/boot/"] {
        assert_eq!(get(stranger, None).0, 404, "{stranger}");
    }
    let head = laptop::http().head(format!("{url}/boot/vmlinuz")).call().unwrap();
    assert_eq!(head.headers()["content-length"].to_str().unwrap(), file.len().to_string());
    let health: serde_json::Value = serde_json::from_slice(&get(api::HEALTH, None).1).unwrap();
    assert_eq!((&health["name"], &health["bench"]), (&json!("whiteglove"), &json!("test")));
}

#[test]
fn a_watching_front_end_sees_the_device_change() {
    let bench = Bench::started();
    let (_, card) = bench.build_stick();
    let first = hand_in(&bench.url(), &card, &capture("PF3K9Q", 1, Some(1)));
    let mut control = Control::connect(&bench.state()).unwrap();
    control.send(&json!({"watch": first.device}));
    let device = until("the device", || Some(control.until("watched")).filter(|device| !device.is_null()));
    assert_eq!(device["device"]["identity"]["serial"], "PF3K9Q");
    hand_in(&bench.url(), &card, &capture("PF3K9Q", 1, Some(1)));
    assert_eq!(control.until("watched")["device"]["captures"], 2);
}

#[test]
fn a_request_that_is_no_http_is_dropped() {
    let bench = Bench::started();
    let mut stream = TcpStream::connect(bench.url().replace("http://", "")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(&[0xff; 64]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"));
    assert!(bench.snapshot().is_some());
}
