//! Lists come in pages.

use super::json::{Node, Unreadable, document};
use crate::cloud::Answer;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where it goes on, as the service gives it: for [`super::follow`].
    pub next: Option<String>,
}

pub(crate) fn page<T>(
    answer: &Answer,
    read: impl Fn(&Node<'_>) -> Result<T, Unreadable>,
) -> Result<Page<T>, Unreadable> {
    let document = document(answer)?;
    let root = Node::root(&document)?;
    let items = root.list("value")?.iter().map(read).collect::<Result<_, _>>()?;
    let next = match root.raw("@odata.nextLink") {
        None => None,
        Some(serde_json::Value::String(link)) => Some(link.clone()),
        Some(_) => return Err(root.wrong("@odata.nextLink", "it is no text")),
    };
    Ok(Page { items, next })
}

pub(crate) fn one<T>(answer: &Answer, read: impl Fn(&Node<'_>) -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    let document = document(answer)?;
    read(&Node::root(&document)?)
}
