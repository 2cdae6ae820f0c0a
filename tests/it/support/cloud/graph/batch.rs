//! `$batch`: up to twenty requests in one, each with an answer of its own, in no particular order.

use serde_json::{Value, json};

use super::{
    super::{
        http::{Asked, Reply, answer_part},
        text::spread,
        world::World,
    },
    refused,
};

pub(super) fn answer(world: &mut World, asked: &Asked<'_>, version: &str, now: u64) -> Reply {
    let body = asked.json();
    let parts = body["requests"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<_> = parts.iter().filter_map(|part| part["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    if parts.is_empty() || parts.len() > 20 || ids.len() != parts.len() {
        return refused(400, "BadRequest", "A batch holds one to twenty requests, each with an id of its own.");
    }
    let mut answers: Vec<Value> = Vec::new();
    for part in &parts {
        let (method, url) = (part["method"].as_str().unwrap_or_default(), part["url"].as_str().unwrap_or_default());
        let path = format!("{version}/{}", url.trim_start_matches('/'));
        let mut headers = hyper::HeaderMap::new();
        headers.insert("authorization", asked.headers["authorization"].clone());
        let content_type = part["headers"].as_object().into_iter().flatten();
        if let Some((_, value)) = content_type.clone().find(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.insert("content-type", value.as_str().unwrap_or_default().parse().unwrap());
        }
        let content = part.get("body").filter(|body| !body.is_null()).map(Value::to_string).unwrap_or_default();
        let inner = Asked { method, path: &path, headers: &headers, body: content.as_bytes() };
        let reply = answer_part(world, &inner, |world| super::answer(world, &inner, now));
        let mut answer = json!({"id": part["id"], "status": reply.status, "headers": {}});
        for (name, value) in &reply.headers {
            let name = if *name == "retry-after" { "Retry-After" } else { "Content-Type" };
            answer["headers"][name] = json!(value);
        }
        if !reply.body.is_empty() {
            answer["body"] = serde_json::from_slice(&reply.body).unwrap();
        }
        answers.push(answer);
    }
    let seed = world.exchanges.len();
    answers.sort_by_key(|answer| spread(&(0..u64::MAX), &format!("{seed} {}", answer["id"])));
    Reply::json(200, &json!({"responses": answers}))
}
