//! Who of all that could be the bench is the bench: whoever seals an answer to our hello.
//!
//! Candidates are asked side by side, each a moment after the one before: a medium may name an
//! address of the box that leads nowhere from here, and that must not cost a timeout.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use whiteglove_core::{
    api::{self, DEFAULT_PORT, Welcome, label},
    dhcp::client::Lease,
    envelope::Kind,
    problem::Problem,
};

use super::{Content, Courier, Http, cannot_seal, seal};

/// More than a bench network has boxes: whoever answers our question with a thousand is no bench.
const MOST_FROM_THE_NETWORK: usize = 16;
/// Between the start of one question and the next.
const STAGGER: Duration = Duration::from_millis(100);

/// Something that answers and is not our bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    pub url: String,
    /// What it says, if it says it in our words: a bench that does not know this medium.
    pub problem: Option<Problem>,
}

pub(super) enum Outcome {
    Bench(String),
    Refused(Problem),
    Nobody { asked: Vec<String>, strangers: Vec<Stranger> },
}

enum Heard {
    Bench(String),
    Refused(Problem),
    Stranger(Stranger),
    /// What the network answered to our question.
    Candidates(Vec<String>),
    Nothing,
}

pub(super) fn search(courier: &Courier, http: &Http, leases: &[Lease], hello: &Arc<Content>) -> Outcome {
    let (sender, heard) = mpsc::channel();
    let mut queue = candidates(&courier.card.endpoints, leases);
    let mut asked: Vec<String> = Vec::new();
    let mut strangers = Vec::new();
    let mut refusal = None;
    let mut open = 0;
    if !leases.is_empty() {
        let ours: Vec<_> = leases.iter().map(|lease| lease.address).collect();
        let (ask, sender) = (courier.ask_network, sender.clone());
        thread::spawn(move || {
            let found = ask(&ours).into_iter().map(|address| format!("http://{address}")).collect();
            let _ = sender.send(Heard::Candidates(found));
        });
        open += 1;
    }
    loop {
        let mut next = queue.into_iter();
        if let Some(url) = next.next() {
            match seal(&courier.card, Kind::Hello, hello) {
                Ok((envelope, session)) => {
                    let (http, sender, url) = (http.clone(), sender.clone(), url.clone());
                    thread::spawn(move || say_hello(&http, url, &envelope, &session, &sender));
                }
                Err(error) => return Outcome::Refused(cannot_seal(error)),
            }
            asked.push(url);
            open += 1;
        }
        queue = next.collect();
        if open == 0 {
            break;
        }
        let answer = match queue.is_empty() {
            true => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => heard.recv_timeout(STAGGER),
        };
        if answer.is_ok() {
            open -= 1;
        }
        match answer {
            Ok(Heard::Bench(url)) => return Outcome::Bench(url),
            Ok(Heard::Refused(problem)) => refusal = Some(problem),
            Ok(Heard::Stranger(stranger)) => strangers.push(stranger),
            Ok(Heard::Candidates(found)) => {
                let new = found.into_iter().filter(|url| !asked.contains(url) && !queue.contains(url));
                let new: Vec<String> = new.take(MOST_FROM_THE_NETWORK).collect();
                queue.extend(new);
            }
            Ok(Heard::Nothing) | Err(_) => {}
        }
    }
    match refusal {
        Some(problem) => Outcome::Refused(problem),
        None => Outcome::Nobody { asked, strangers },
    }
}

/// Those on the medium first, then whoever gave us an address, at the port a bench has by default.
fn candidates(endpoints: &[String], leases: &[Lease]) -> Vec<String> {
    let mut urls: Vec<String> = endpoints.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
    for lease in leases {
        for address in [Some(lease.server), lease.next_server, lease.router].into_iter().flatten() {
            urls.push(format!("http://{address}:{DEFAULT_PORT}"));
        }
    }
    let mut unique = Vec::new();
    urls.into_iter().for_each(|url| {
        if !unique.contains(&url) {
            unique.push(url);
        }
    });
    unique
}

fn say_hello(
    http: &Http,
    url: String,
    envelope: &whiteglove_core::envelope::Envelope,
    session: &whiteglove_core::envelope::SessionKey,
    heard: &Sender<Heard>,
) {
    let said = match http.post(&url, api::HELLO, envelope.bytes()) {
        Err(_) => Heard::Nothing,
        Ok(answer) => {
            let welcome = answer.sealed::<Welcome>(session, label::WELCOME);
            if welcome.is_some_and(|welcome| welcome.message == envelope.message()) {
                Heard::Bench(url)
            } else if let Some(problem) = answer.sealed::<Problem>(session, label::REFUSAL) {
                Heard::Refused(problem)
            } else {
                Heard::Stranger(Stranger { url, problem: answer.unsealed_problem() })
            }
        }
    };
    // The search may be over already.
    let _ = heard.send(said);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_medium_first_then_whoever_gave_us_an_address_each_once() {
        let server = Ipv4Addr::new(192, 168, 7, 1);
        let lease = Lease {
            address: Ipv4Addr::new(192, 168, 7, 20),
            prefix: 24,
            router: Some(Ipv4Addr::new(192, 168, 7, 254)),
            dns: vec![],
            ntp: vec![],
            mtu: None,
            server,
            next_server: Some(server),
            seconds: 60,
        };
        let medium = ["http://10.0.0.5:9000/".to_owned(), "http://192.168.7.1:8780".to_owned()];
        assert_eq!(
            candidates(&medium, &[lease]),
            ["http://10.0.0.5:9000", "http://192.168.7.1:8780", "http://192.168.7.254:8780"]
        );
    }
}
