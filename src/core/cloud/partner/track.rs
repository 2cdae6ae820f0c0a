//! How a line of a job is found again: the job, and by which of its numbers the device stands in it.

use super::identity;
use crate::{
    cloud::Answer,
    lane::{Registered, Row},
    registration::ImportId,
};

/// `beba2053-5401-46ff-9223-7e841ed78fbf#PF000001`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Tracking id of the job, which all devices of a request share.
    pub job: String,
    /// Serial number or product key id, as it was sent.
    pub device: String,
}

const LONGEST: usize = 256;

impl Track {
    /// Where an accepted request says that its job is. Only the last piece of the place is believed, so it leads to no
    /// other customer's.
    pub fn job_at(answer: &Answer) -> Option<String> {
        let place = answer.location.as_deref()?;
        let path = place.split(['?', '#']).next()?.trim_end_matches('/');
        let (before, id) = path.rsplit_once('/')?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_job = before.rsplit('/').next()?.eq_ignore_ascii_case("batchJobStatus");
        (is_job && !id.is_empty() && id.len() <= LONGEST && id.chars().all(fits)).then(|| id.to_owned())
    }

    /// `None`: the row is for another lane.
    pub fn of(job: &str, row: &Row) -> Option<Self> {
        let device = match identity(row)? {
            Registered::Hash { serial, .. } | Registered::Tuple { serial, .. } => serial.clone(),
            Registered::ProductKeyId(key) => key.to_string(),
        };
        Some(Self { job: job.to_owned(), device })
    }

    pub fn import(&self) -> ImportId {
        ImportId(format!("{}#{}", self.job, self.device))
    }

    pub fn parse(import: &ImportId) -> Option<Self> {
        let (job, device) = import.0.split_once('#')?;
        Some(Self { job: job.to_owned(), device: device.to_owned() })
    }
}
