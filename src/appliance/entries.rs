//! Machines that others than our agent captured, on their way to the bench: lines of a file, laptops in Windows PE.

use tokio::sync::oneshot;
use whiteglove_core::{
    bench::{Admission, Admitted},
    clock::Moment,
    device::{DeviceId, Signal},
    entry::{Entry, Source},
    media_card::MediaId,
    problem::Problem,
    record::Record,
    windows::pe::Answer,
};

use super::{NotTaken, Owner, Then};

impl Owner {
    pub(super) fn take_entry(
        &self,
        entry: Entry,
        source: &Source,
        reply: oneshot::Sender<Result<(DeviceId, Admission), NotTaken>>,
        at: Moment,
    ) -> (Vec<Record>, Option<Then>) {
        match self.bench.decide_entry(entry, source, Signal::Import, at) {
            Ok(Admitted { records, device, outcome }) => {
                let then: Then = Box::new(move |_, written| {
                    drop(reply.send(written.map(|()| (device, outcome)).map_err(NotTaken::Failed)));
                });
                (records, Some(then))
            }
            Err(refusal) => {
                let then: Then = Box::new(move |_, _| drop(reply.send(Err(NotTaken::Refused(refusal)))));
                (vec![], Some(then))
            }
        }
    }

    /// The answer says how the laptop stands once this is on disk, with what came in the same group.
    pub(super) fn take_winpe(
        &mut self,
        media: MediaId,
        entry: Entry,
        reply: oneshot::Sender<Result<Answer, WinPeRefusal>>,
        at: Moment,
    ) -> (Vec<Record>, Option<Then>) {
        match self.bench.decide_winpe(media, entry, at) {
            Ok(Admitted { records, device, outcome }) => {
                let then: Then = Box::new(move |owner, written| {
                    let answer = written.map(|()| owner.bench.winpe_answer(device, &outcome));
                    drop(reply.send(answer.map_err(WinPeRefusal::Failed)));
                });
                (records, Some(then))
            }
            Err(problem) => {
                self.remember(problem.clone());
                let then: Then = Box::new(move |_, _| drop(reply.send(Err(WinPeRefusal::Refused(problem)))));
                (vec![], Some(then))
            }
        }
    }
}

/// Why a hash from Windows PE is not on the bench.
#[derive(Debug)]
pub enum WinPeRefusal {
    Refused(Problem),
    /// The journal did not take it.
    Failed(Problem),
}
