//! The documented examples, and what services do that no example shows. Sources stand beside the fixtures.

use serde_json::{Value, json};

use super::*;
use crate::{
    cloud::{Answer, Cost, Method, Request},
    entry::ZtdId,
};

mod asked;
mod batches;
mod hostile;
mod read;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/fixtures/graph/", $name, ".json"))
    };
}
use fixture;

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn ok(body: impl AsRef<[u8]>) -> Answer {
    Answer { status: 200, retry_after: None, location: None, body: body.as_ref().to_vec() }
}

fn json(body: &Value) -> Answer {
    ok(body.to_string())
}

fn ztd(seed: u8) -> ZtdId {
    ZtdId::try_from(format!("c2f1c5d4-0000-4000-8000-0000000000{seed:02x}")).unwrap()
}
