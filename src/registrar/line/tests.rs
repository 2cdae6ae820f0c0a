//! The line against servers that misbehave, each a script of bytes on a real socket.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};
use whiteglove_core::{
    cloud::{Cost, Service, endpoints::BaseUrl},
    customer::Cloud,
    registration::Tenant,
    secret::Secret,
    sign_in::{NewCredential, NewProof},
};

use super::*;
use crate::registrar::{
    http::Limits,
    signin::{SignIns, testing},
};

pub(in crate::registrar) const TENANT: &str = "00000000-0000-4000-8000-00000000aa07";
pub(in crate::registrar) const APP: &str = "00000000-0000-4000-8000-0000000000a9";

/// What a server does with one request.
#[derive(Clone)]
pub(in crate::registrar) enum Act {
    Answer(String),
    /// These bytes, and then the connection is closed.
    Cut(&'static str),
    /// These bytes, and then nothing for ever.
    Stall(&'static str),
}

pub(in crate::registrar) fn answer(status: &str, headers: &str, body: &str) -> Act {
    Act::Answer(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

pub(in crate::registrar) fn token(number: u32) -> Act {
    answer("200 OK", "", &format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"token-{number}"}}"#))
}

/// Everything it was sent, head and body.
pub(in crate::registrar) type Heard = Arc<Mutex<Vec<String>>>;

/// Acts one after the other, each on a connection of its own or on the same; the last one for ever.
pub(in crate::registrar) async fn server(acts: Vec<Act>) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let heard = Heard::default();
    let (seen, turn) = (Arc::clone(&heard), Arc::new(Mutex::new(0_usize)));
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let (acts, seen, turn) = (acts.clone(), Arc::clone(&seen), Arc::clone(&turn));
            tokio::spawn(async move { serve(stream, &acts, &seen, &turn).await });
        }
    });
    (base, heard)
}

async fn serve(mut stream: TcpStream, acts: &[Act], heard: &Heard, turn: &Mutex<usize>) -> Option<()> {
    loop {
        let request = read_request(&mut stream).await?;
        heard.lock().await.push(request);
        let index = {
            let mut turn = turn.lock().await;
            let index = (*turn).min(acts.len() - 1);
            *turn += 1;
            index
        };
        match &acts[index] {
            Act::Answer(text) => stream.write_all(text.as_bytes()).await.ok()?,
            Act::Cut(text) => return stream.write_all(text.as_bytes()).await.ok(),
            Act::Stall(text) => {
                stream.write_all(text.as_bytes()).await.ok()?;
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = vec![];
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend(&buffer[..read]),
        }
    }
}

/// A line to `graph` whose tokens come from `authority`.
async fn line(authority: &str, graph: &str) -> (Line, tempfile::TempDir) {
    let limits = Limits { connect: Duration::from_millis(500), whole: Duration::from_millis(700), body: 1_000 };
    let (sign_ins, folder) = sign_ins(authority, graph, limits).await;
    (sign_ins.line(&tenant()).unwrap(), folder)
}

pub(in crate::registrar) fn tenant() -> Tenant {
    Tenant { customer: "ACME".into(), id: TENANT.into(), cloud: Cloud::Global }
}

pub(in crate::registrar) async fn sign_ins(
    authority: &str,
    graph: &str,
    limits: Limits,
) -> (SignIns, tempfile::TempDir) {
    let base = |text: &str| BaseUrl::parse(text).unwrap();
    let endpoints = Endpoints { authority: base(authority), graph: base(graph), ..Cloud::Global.endpoints() };
    let (sign_ins, folder) = testing(endpoints, limits);
    sign_ins.set_passphrase(Secret::new("correct horse battery".into())).await.unwrap();
    let new = NewCredential {
        customer: "ACME".into(),
        service: Service::Graph,
        tenant: None,
        client_id: APP.into(),
        proof: NewProof::Secret(Secret::new("s3cret~value".into())),
        refresh: None,
        expires: None,
    };
    sign_ins.set(&tenant(), new).await.unwrap();
    (sign_ins, folder)
}

fn request(method: Method) -> Request {
    let body = (method == Method::Post).then(|| serde_json::json!({"hash": "T0FC"}));
    let headers = vec![("ms-requestid", "42".to_owned())];
    Request { service: Service::Graph, method, path: "/beta/x?serial=5CG1".into(), body, headers, cost: Cost::READ }
}

#[tokio::test]
async fn a_request_carries_token_number_and_body_and_the_answer_comes_whole() {
    let (authority, asked) = server(vec![token(1)]).await;
    let headers = "Retry-After: 17\r\nLocation: /batchJobStatus/7\r\n";
    let (graph, heard) = server(vec![answer("202 Accepted", headers, "{\"a\":1}")]).await;
    let (line, _folder) = line(&authority, &graph).await;
    let got = line.send(&request(Method::Post)).await.unwrap();
    assert_eq!((got.status, got.retry_after), (202, Some(Duration::from_secs(17))));
    assert_eq!((got.location.as_deref(), got.body.as_slice()), (Some("/batchJobStatus/7"), &b"{\"a\":1}"[..]));
    line.send(&request(Method::Get)).await.unwrap();
    let heard = heard.lock().await;
    assert!(heard[0].starts_with("POST /beta/x?serial=5CG1 HTTP/1.1\r\n"), "{}", heard[0]);
    assert!(heard[0].ends_with("\r\n\r\n{\"hash\":\"T0FC\"}"));
    for part in ["authorization: Bearer token-1\r\n", "ms-requestid: 42\r\n", "content-type: application/json\r\n"] {
        assert!(heard[0].contains(part), "{part}: {}", heard[0]);
    }
    let number = |text: &str| text.lines().find_map(|line| line.strip_prefix("client-request-id: ").map(str::to_owned));
    assert!(number(&heard[0]).is_some_and(|first| first.len() == 36 && Some(first) != number(&heard[1])));
    let asked = asked.lock().await;
    assert_eq!(asked.len(), 1, "one token for both");
    assert!(asked[0].starts_with(&format!("POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\n")));
    assert!(asked[0].ends_with(&format!(
        "grant_type=client_credentials&client_id={APP}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_secret=s3cret~value"
    )));
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let (authority, asked) = server(vec![token(1), token(2)]).await;
    let (graph, heard) = server(vec![answer("401 Unauthorized", "", ""), answer("200 OK", "", "[]")]).await;
    let (line, _folder) = line(&authority, &graph).await;
    assert_eq!(line.send(&request(Method::Post)).await.unwrap().status, 200);
    let heard = heard.lock().await;
    assert!(heard[0].contains("Bearer token-1") && heard[1].contains("Bearer token-2"), "{heard:?}");
    assert_eq!(asked.lock().await.len(), 2);

    let (graph, heard) = server(vec![answer("401 Unauthorized", "", "")]).await;
    let (line, _folder) = super::tests::line(&authority, &graph).await;
    assert_eq!(line.send(&request(Method::Get)).await.unwrap().status, 401, "told, not asked for ever");
    assert_eq!(heard.lock().await.len(), 2);
}

#[tokio::test]
async fn what_may_have_been_done_counts_as_lost() {
    let (authority, _) = server(vec![token(1)]).await;
    let cases = [
        ("cut before the answer", Act::Cut("")),
        ("cut in the head", Act::Cut("HTTP/1.1 200 OK\r\nContent-Le")),
        ("cut in the body", Act::Cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")),
        ("cut in a chunk", Act::Cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"half\":")),
        ("no answer", Act::Stall("")),
        ("half an answer and no more", Act::Stall("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")),
        ("too much", answer("200 OK", "", &"x".repeat(1_001))),
        (
            "too much without saying so",
            Act::Answer(format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
                format!("64\r\n{}\r\n", "x".repeat(100)).repeat(11)
            )),
        ),
        ("no HTTP", Act::Cut("SSH-2.0-OpenSSH_9.2\r\n")),
    ];
    for (name, act) in cases {
        let (graph, heard) = server(vec![act]).await;
        let (line, _folder) = line(&authority, &graph).await;
        let silence = line.send(&request(Method::Post)).await.expect_err(name);
        let Silence::Lost(why) = &silence else { panic!("{name}: {silence:?}") };
        assert!(!why.contains("5CG1") && !why.contains("token-1"), "{name}: {why}");
        assert_eq!(heard.lock().await.len(), 1, "{name}: sent once");
    }
}

#[tokio::test]
async fn what_was_surely_not_seen_is_told_so() {
    let (authority, _) = server(vec![token(1)]).await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let (not_there, _folder) = line(&authority, &nobody).await;
    assert!(matches!(not_there.send(&request(Method::Post)).await, Err(Silence::NotSent(_))));
    // TLS to something that speaks none: the request waits behind the handshake.
    let (plain, heard) = server(vec![answer("200 OK", "", "")]).await;
    let (no_tls, _folder) = line(&authority, &plain.replace("http://", "https://")).await;
    assert!(matches!(no_tls.send(&request(Method::Post)).await, Err(Silence::NotSent(_))));
    assert!(heard.lock().await.is_empty());
    // No token, no request.
    let (graph, heard) = server(vec![answer("200 OK", "", "")]).await;
    let (nobody_signed_in, _folder) = line(&nobody, &graph).await;
    let silence = nobody_signed_in.send(&request(Method::Post)).await.unwrap_err();
    assert!(matches!(&silence, Silence::NotSent(why) if why.contains("was not reached")), "{silence:?}");
    assert!(heard.lock().await.is_empty());
    let mut rootless = request(Method::Get);
    rootless.path = "@evil.example/".into();
    let (line, _folder) = line(&authority, &graph).await;
    assert!(matches!(line.send(&rootless).await, Err(Silence::NotSent(_))));
    assert!(heard.lock().await.is_empty());
}

#[tokio::test]
async fn a_token_never_follows_a_redirect() {
    let (authority, _) = server(vec![token(1)]).await;
    let (elsewhere, heard) = server(vec![answer("200 OK", "", "")]).await;
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (graph, _) = server(vec![answer(status, &format!("Location: {elsewhere}/x\r\n"), "")]).await;
        let (line, _folder) = line(&authority, &graph).await;
        let answer = line.send(&request(Method::Get)).await.unwrap();
        assert_eq!(
            (answer.status.to_string().as_str(), answer.location),
            (&status[..3], Some(format!("{elsewhere}/x")))
        );
    }
    // Nor does a secret on its way to Entra.
    let (authority, _) =
        server(vec![answer("307 Temporary Redirect", &format!("Location: {elsewhere}/t\r\n"), "")]).await;
    let (graph, _) = server(vec![answer("200 OK", "", "")]).await;
    let (line, _folder) = line(&authority, &graph).await;
    assert!(line.send(&request(Method::Get)).await.is_err());
    assert!(heard.lock().await.is_empty());
}
