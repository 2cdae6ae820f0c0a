//! What a hand-over holds: the lists of a lane as they would be exported, and what the customer has to know of them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    blob::Blob,
    clock::Moment,
    customer::{Cloud, TenantId},
    lane::{Chosen, File, Lane, laptops},
};

const FORMAT: u32 = 1;

/// Who hands over to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct About {
    pub bench: String,
    /// Version of whiteglove.
    pub tool: String,
    pub made: Moment,
    pub customer: Option<String>,
    pub tenant: Option<TenantId>,
    pub cloud: Cloud,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    pub name: String,
    pub bytes: Blob,
    /// Partner Center has no column for it: the batch there has to be called so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_name: Option<String>,
    pub laptops: Vec<Laptop>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Laptop {
    pub called: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Bundle {
    pub(super) format: u32,
    pub about: About,
    pub lane: Lane,
    pub batch: String,
    pub parts: Vec<Part>,
    /// Laptops of the batch that cannot go out; the bench's report has them.
    pub left_out: usize,
}

/// Why genuine content is still not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("it was made by a newer whiteglove (format {0}; this one knows {FORMAT})")]
    Newer(u32),
    #[error("it does not parse: {0}")]
    Malformed(String),
    #[error("it names a file {0:?}, which is no plain name")]
    Name(String),
}

impl Bundle {
    /// Of what the bench chose, and the files that this makes.
    pub fn of(chosen: &Chosen, files: &[File], about: About) -> Self {
        let part = |file: &File| Part {
            name: file.name.clone(),
            bytes: Blob(file.bytes.clone()),
            batch_name: file.batch_name.clone(),
            laptops: chosen
                .rows
                .iter()
                .filter(|row| file.devices.contains(&row.device))
                .map(|row| Laptop { called: row.called.clone(), remarks: row.remarks.clone() })
                .collect(),
        };
        let parts = files.iter().map(part).collect();
        let (_, left_out) = chosen.left();
        Self { format: FORMAT, about, lane: chosen.lane, batch: chosen.batch.clone(), parts, left_out }
    }

    /// # Errors
    /// None that a bundle could cause.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// # Errors
    /// It is of another version, or names files that must not be made.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let malformed = |error: serde_json::Error| BundleError::Malformed(error.to_string());
        let Format { format } = serde_json::from_slice(bytes).map_err(malformed)?;
        if format > FORMAT {
            return Err(BundleError::Newer(format));
        }
        let bundle: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        match bundle.parts.iter().find(|part| !is_plain(&part.name)) {
            Some(part) => Err(BundleError::Name(part.name.clone())),
            None => Ok(bundle),
        }
    }

    pub fn count(&self) -> usize {
        self.parts.iter().map(|part| part.laptops.len()).sum()
    }

    /// For whoever registers, in a text file beside the lists.
    pub fn summary(&self) -> String {
        let About { bench, tool, made, customer, tenant, cloud } = &self.about;
        let of = customer.as_ref().map_or_else(|| "no customer named".to_owned(), Clone::clone);
        let tenant = tenant.as_ref().map_or_else(|| "not named".to_owned(), ToString::to_string);
        let mut text = format!(
            "Hand-over of {} for {}\n\nbatch     {}\ncustomer  {of}\ntenant    {tenant} ({} cloud)\nmade      {} by bench \
             '{bench}', whiteglove {tool}\n",
            laptops(self.count()),
            self.lane.words(),
            self.batch,
            cloud.words(),
            made.utc(),
        );
        for part in &self.parts {
            let digest = hex::encode(Sha256::digest(&part.bytes.0));
            text += &format!("\n{}  {}\nsha256 {digest}\n", part.name, laptops(part.laptops.len()));
            if let Some(name) = &part.batch_name {
                text += &format!("Name the batch in Partner Center {name}.\n");
            }
            for laptop in &part.laptops {
                let remarks = laptop.remarks.join("; ");
                let remarks = if remarks.is_empty() { remarks } else { format!("  ({remarks})") };
                text += &format!("  {}{remarks}\n", laptop.called);
            }
        }
        if self.left_out > 0 {
            text +=
                &format!("\nNot in it, as something stands against them: {}. Ask the bench.\n", laptops(self.left_out));
        }
        text + "\n" + self.lane.next() + "\n"
    }
}

/// What the names of lists are made of: nothing that leads out of a folder.
fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let piece = |piece: &str| !piece.is_empty() && piece.chars().all(fits);
    name.len() <= 200 && name.strip_suffix(".csv").is_some_and(|stem| stem.split('.').all(piece))
}
