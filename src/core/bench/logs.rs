//! Logs of laptops that came in by stick.

use super::Bench;
use crate::{
    bench::find::Seen,
    clock::Moment,
    device::DeviceId,
    identity::Identity,
    logs::{Kept, Run},
    record::Record,
};

impl Bench {
    /// What a stick brought of a laptop's logs is on the bench's disk. Whose it is, if that is known, and how many of
    /// the files are new.
    pub fn decide_logs(&self, run: Run, now: Moment) -> (Vec<Record>, Option<DeviceId>, usize) {
        let identity = Identity { serial: run.serial.clone(), ..Identity::default() };
        let found = self.find(&identity, Seen::OnPaper, now);
        let device = found.device.filter(|_| found.rival.is_none());
        let known = self.logs.get(&run.folder);
        let is_new = |file: &Kept| known.is_none_or(|known| !known.contains(file));
        let files: Vec<Kept> = run.files.into_iter().filter(is_new).collect();
        let count = files.len();
        let record = Record::LogsKept { device, run: Run { files, ..run } };
        (if count > 0 { vec![record] } else { vec![] }, device, count)
    }

    /// Every file of logs the bench has ever kept, by the folder of its run.
    pub fn logs(&self) -> impl Iterator<Item = (&str, &[Kept])> {
        self.logs.iter().map(|(folder, files)| (folder.as_str(), files.as_slice()))
    }
}
