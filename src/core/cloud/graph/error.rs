//! What the service says of an error. Intune puts a JSON document of its own inside the message.

use super::json::{Node, document};
use crate::cloud::Answer;

/// A person reads it: the rest of a longer one helps nobody.
const LONGEST: usize = 300;
/// Longer pieces without a blank are hashes, tokens and addresses. A hash is the owner's secret.
const LONGEST_WORD: usize = 48;

/// The words of an error, without what is secret or of no use to a person. Empty texts: it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub code: String,
    pub message: String,
    /// What Microsoft's support finds it by.
    pub activity: String,
}

/// Reads errors of Graph, of Intune behind it, and of Partner Center. What cannot be read says nothing.
pub fn said(answer: &Answer) -> Said {
    let Ok(document) = document(answer) else { return Said::default() };
    read(&document).unwrap_or_default()
}

fn read(document: &serde_json::Value) -> Option<Said> {
    let root = Node::root(document).ok()?;
    let text =
        |node: &Node<'_>, name: &str| node.raw(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let Some(error) = root.object("error").ok().flatten() else {
        let message = text(&root, "description");
        return Some(Said { code: short(&text(&root, "code")), message: short(&message), activity: String::new() });
    };
    let inner = error.object("innerError").ok().flatten();
    let request = inner.map(|inner| text(&inner, "request-id")).unwrap_or_default();
    let outer = text(&error, "message");
    let nested = serde_json::from_str::<serde_json::Value>(&outer).ok().filter(serde_json::Value::is_object);
    let message = match nested.as_ref().and_then(|nested| Node::root(nested).ok()) {
        Some(nested) => match text(&nested, "CustomApiErrorPhrase") {
            phrase if phrase.is_empty() => text(&nested, "Message"),
            phrase => phrase + ": " + &text(&nested, "Message"),
        },
        // Cut in the middle, it is no document any more.
        None => outer,
    };
    let activity = activity(&message).unwrap_or(request);
    // What follows is for support: ids and an address.
    let message = message.split(" - Operation ID").next().unwrap_or_default();
    Some(Said { code: short(&text(&error, "code")), message: short(message), activity: short(&activity) })
}

fn activity(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("Activity ID:")?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// One line, bounded, with nothing in it that could be a hash or a token.
fn short(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        let word = if word.chars().nth(LONGEST_WORD).is_some() { "(left out)" } else { word };
        if line.chars().count() + word.chars().count() >= LONGEST {
            line.push_str(" ...");
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
