//! Devices of a batch, a hundred in a page.

use super::{path, request};
use crate::cloud::{
    Answer, Method, Request,
    graph::{
        Unreadable,
        json::{Node, document},
        path::segment,
    },
};

/// `from`: where the page before said that it goes on.
pub fn devices(tenant: &str, group_tag: &str, from: Option<&str>) -> Request {
    let mut asked = request(Method::Get, path(tenant, &format!("deviceBatches/{}/devices", segment(group_tag))), None);
    asked.headers.extend(from.map(|token| ("MS-ContinuationToken", token.to_owned())));
    asked
}

/// A device that is registered through this partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: String,
    pub serial: String,
    pub product_key: String,
}

impl Known {
    /// By serial number or product key id.
    pub fn is(&self, called: &str) -> bool {
        !called.is_empty() && [&self.serial, &self.product_key].iter().any(|own| own.eq_ignore_ascii_case(called))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPage {
    pub items: Vec<Known>,
    /// Goes into a header, so it is one that can stand there.
    pub next: Option<String>,
}

const LONGEST_TOKEN: usize = 4096;

/// # Errors
/// The answer is no page of devices.
pub fn known_devices(answer: &Answer) -> Result<KnownPage, Unreadable> {
    let document = document(answer)?;
    let root = Node::root(&document)?;
    let known = |node: &Node<'_>| {
        Ok(Known { id: node.id()?, serial: node.text("serialNumber")?, product_key: node.text("productKey")? })
    };
    let items = root.list("items")?.iter().map(known).collect::<Result<_, Unreadable>>()?;
    let next = root.text("continuationToken")?;
    if next.len() > LONGEST_TOKEN || !next.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(root.wrong("continuationToken", "it cannot be sent back"));
    }
    Ok(KnownPage { items, next: Some(next).filter(|next| !next.is_empty()) })
}
