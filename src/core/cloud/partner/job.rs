//! How far a job is, and what became of each of its devices.

use super::{path, request};
use crate::{
    cloud::{
        Answer, Method, Request,
        graph::{
            Unreadable,
            json::{Node, document},
            path::segment,
        },
    },
    registration::ImportState,
};

pub fn job(tenant: &str, id: &str) -> Request {
    request(Method::Get, path(tenant, &format!("batchJobStatus/{}", segment(id))), None)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Of the whole: `queued`, `processing`, `finished`, `finished_with_errors`, ... Says nothing of a single device.
    pub word: String,
    devices: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    serial: String,
    product_key: String,
    word: String,
    code: String,
    name: String,
}

/// # Errors
/// The answer is no job.
pub fn job_status(answer: &Answer) -> Result<Job, Unreadable> {
    let document = document(answer)?;
    let root = Node::root(&document)?;
    let word = root.text("status")?;
    if word.is_empty() {
        return Err(root.wrong("status", "it is missing"));
    }
    let line = |node: &Node<'_>| {
        Ok(Line {
            serial: node.text("serialNumber")?,
            product_key: node.text("productKey")?,
            word: node.text("status")?,
            code: node.text("errorCode")?,
            name: node.text("errorDescription")?,
        })
    };
    // Before it has looked at them there may be no list.
    let devices = match root.raw("devicesStatus") {
        None => vec![],
        Some(_) => root.list("devicesStatus")?.iter().map(line).collect::<Result<_, Unreadable>>()?,
    };
    Ok(Job { word, devices })
}

impl Job {
    /// What became of the device that was sent with this serial number or product key id.
    pub fn state(&self, device: &str) -> ImportState {
        let same = |text: &str| !device.is_empty() && text.eq_ignore_ascii_case(device);
        let line = self.devices.iter().find(|line| same(&line.serial) || same(&line.product_key));
        match line {
            Some(line) => line.state(),
            None if is_word(&self.word, "finished") => ImportState::Complete { registration: None },
            // Which of its devices it means it does not say.
            None if is_word(&self.word, "finishedwitherrors") => ImportState::Failed {
                code: 0,
                name: "The job ended with errors and does not name this device".to_owned(),
            },
            None => ImportState::Working { word: self.word.clone() },
        }
    }
}

impl Line {
    fn state(&self) -> ImportState {
        let code = self.code.parse().unwrap_or(0);
        let refused = is_word(&self.word, "finishedwitherrors") || code != 0 || !self.name.is_empty();
        match () {
            () if refused => ImportState::Failed { code, name: self.name.clone() },
            () if is_word(&self.word, "finished") => ImportState::Complete { registration: None },
            () => ImportState::Working { word: self.word.clone() },
        }
    }
}

/// Pages write `finished_with_errors`, an SDK `FinishedWithErrors`.
fn is_word(text: &str, word: &str) -> bool {
    let letters = text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase());
    letters.eq(word.chars())
}
