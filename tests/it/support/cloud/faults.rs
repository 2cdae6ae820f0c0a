//! How services and what stands before them misbehave, on request: which call, how often, in which way.

use super::contract::Host;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429 before anything was done. Intune leaves `Retry-After` out now and then.
    Throttled { retry_after: Option<u32> },
    /// Refused before anything was done; `nested`: Intune's JSON document inside the message.
    Refused { status: u16, nested: bool },
    /// Done; the answer ends before its `Content-Length`.
    Half,
    /// Done; the answer is whole HTTP, and its JSON is cut.
    CutJson,
    /// Done; the answer takes this many milliseconds more.
    Slow(u64),
    /// Nothing was done, and the connection ends.
    ClosedBefore,
    /// Done, and the connection ends without an answer.
    ClosedAfter,
    /// The connection ends without an answer, and it is done this many milliseconds later all the same.
    Late(u64),
    /// Nothing is done and nothing answered for as long as the connection stands.
    HoldBefore,
    /// Done, and nothing is answered for as long as the connection stands.
    HoldAfter,
    /// Nothing was done: the page of a proxy, in HTML, under this status.
    ProxyPage(u16),
    /// Done; every word of an enumeration in the answer is one of next year.
    UnknownWords,
}

#[derive(Debug)]
struct Rule {
    host: Host,
    method: String,
    path: String,
    skip: usize,
    left: usize,
    fault: Fault,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rule>);

impl Faults {
    /// The next `times` calls whose path contains `path`, after `skip` that go well.
    pub(crate) fn on(&mut self, host: Host, method: &str, path: &str, skip: usize, times: usize, fault: Fault) {
        let (method, path) = (method.to_owned(), path.to_owned());
        self.0.push(Rule { host, method, path, skip, left: times, fault });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first rule that this call meets, used up by one.
    pub(crate) fn next(&mut self, host: Host, method: &str, path: &str) -> Option<Fault> {
        let meets = |rule: &&mut Rule| rule.host == host && rule.method == method && path.contains(&rule.path);
        for rule in self.0.iter_mut().filter(|rule| rule.left > 0).filter(meets) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            rule.left -= 1;
            return Some(rule.fault.clone());
        }
        None
    }
}
