//! A plan in a few numbers: what a person looks at before a medium is made.

use serde::{Deserialize, Serialize};

use super::{Form, MediaPlan, volume::File};
use crate::problem::Problem;

/// The largest files are what makes a medium large.
const LARGEST: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    pub form: Form,
    /// Length of the image, bytes.
    pub size: u64,
    pub volumes: Vec<VolumeSummary>,
    /// What a person should know of what it is made of, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What may go wrong with what is on it, and what to do about it; nothing that forbids to make it.
    #[serde(default)]
    pub warnings: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VolumeSummary {
    pub label: String,
    /// Bytes.
    pub size: u64,
    /// Bytes of files.
    pub content: u64,
    pub files: usize,
    /// Path and bytes, the largest first.
    pub largest: Vec<(String, u64)>,
}

impl From<&MediaPlan> for Summary {
    fn from(plan: &MediaPlan) -> Self {
        let volumes = plan.partitions.iter().map(|partition| {
            let files = &partition.volume.files;
            // As a person writes a path on a volume.
            let path = |file: &File| file.path.trim_start_matches('/').to_owned();
            let mut largest: Vec<(String, u64)> = files.iter().map(|file| (path(file), file.size)).collect();
            largest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            largest.truncate(LARGEST);
            VolumeSummary {
                label: partition.part.label().to_owned(),
                size: partition.volume.geometry.bytes(),
                content: files.iter().map(|file| file.size).sum(),
                files: files.len(),
                largest,
            }
        });
        Self { form: plan.form, size: plan.size, volumes: volumes.collect(), notes: vec![], warnings: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{Contents, Item, Spec},
        media_card::MediaId,
    };

    #[test]
    fn a_plan_is_a_few_numbers() {
        let boot: Vec<Item> =
            (0..9_usize).map(|n| Item::inline(format!("drivers/{n}.cab"), vec![0; 1000 * (n % 5 + 1)])).collect();
        let contents = Contents { boot, data: vec![Item::directory("captures")], bios: None };
        let spec = Spec { media: MediaId([7; 16]), form: Form::Gpt, contents, boot_size: None, data_size: None };
        let plan = MediaPlan::new(spec).unwrap();
        let summary = Summary::from(&plan);
        assert_eq!(summary.size, plan.size);
        let [boot, data] = &summary.volumes[..] else { panic!("{summary:?}") };
        assert_eq!((boot.label.as_str(), boot.files, boot.content), ("WGBOOT", 9, 25_000));
        let largest: Vec<&str> = boot.largest.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(largest, ["drivers/4.cab", "drivers/3.cab", "drivers/8.cab", "drivers/2.cab"]);
        assert_eq!((data.label.as_str(), data.files, data.content), ("WGDATA", 0, 0));
        assert!(summary.volumes.iter().all(|volume| volume.size > volume.content));
    }
}
