//! QEMU's monitor: JSON lines over a socket.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

use serde_json::{Value, json};

use crate::support::PATIENCE;

pub(crate) struct Qmp {
    reader: BufReader<UnixStream>,
    events: Vec<Value>,
}

impl Qmp {
    pub(crate) fn connect(socket: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut qmp = Self { reader: BufReader::new(stream), events: vec![] };
        qmp.ask("qmp_capabilities", &json!({}));
        Ok(qmp)
    }

    /// A command that must succeed.
    pub(crate) fn ask(&mut self, command: &str, arguments: &Value) {
        self.try_ask(command, arguments).unwrap_or_else(|error| panic!("{command} {arguments}: {error}"));
    }

    pub(crate) fn try_ask(&mut self, command: &str, arguments: &Value) -> Result<(), Value> {
        writeln!(self.reader.get_mut(), "{}", json!({"execute": command, "arguments": arguments})).unwrap();
        loop {
            let mut answer = self.next().expect("QEMU hung up");
            if let Some(error) = answer.get_mut("error") {
                return Err(error.take());
            }
            if answer.get("return").is_some() {
                return Ok(());
            }
            self.events.push(answer);
        }
    }

    /// Waits for an event about a device; one that came before counts, once.
    pub(crate) fn waits_for(&mut self, event: &str, device: &str) {
        let is = |told: &Value| told["event"] == event && told["data"]["device"] == device;
        loop {
            if let Some(at) = self.events.iter().position(is) {
                self.events.remove(at);
                return;
            }
            let told = self.next().unwrap_or_else(|| panic!("no {event} of {device} in {:?}", self.events));
            self.events.push(told);
        }
    }

    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap()),
        }
    }

    pub(crate) fn shutdown_reason(&mut self) -> Option<String> {
        while let Some(event) = self.next() {
            self.events.push(event);
        }
        let reason = |event: &Value| event["data"]["reason"].as_str().map(str::to_owned);
        self.events.iter().find(|event| event["event"] == "SHUTDOWN").and_then(reason)
    }
}
