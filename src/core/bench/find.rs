//! Which machine a sighting is.

use std::{cmp::Reverse, time::Duration};

use super::Bench;
use crate::{
    clock::Moment,
    device::{Device, DeviceId, HoldReason},
    identity::{Clash, Identity, Sighting, Tie},
};

/// Two boards with one serial number within these hours are on one bench together: two laptops, or a
/// label on the wrong one. Later it is a laptop that came back from service.
const ONE_SHIFT: Duration = Duration::from_secs(12 * 3600);

/// Where a sighting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// The machine itself is here.
    Here,
    /// A file or a code speaks of it.
    OnPaper,
}

/// What the numbers of a sighting come to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The device it is; `None` for a machine nobody knew.
    pub device: Option<DeviceId>,
    /// Others that are the same machine and were known by their papers only.
    pub papers: Vec<DeviceId>,
    /// Another device that it is just as well: what was seen is too little to tell them apart.
    pub rival: Option<(DeviceId, Tie)>,
    /// What has to be looked at and was not before.
    pub hold: Option<HoldReason>,
}

impl Bench {
    /// Everyone who shares a good number with `identity` is compared with it. One machine wins over a
    /// conflict that was there before: a board whose hold is pending must find itself again.
    pub(super) fn find(&self, identity: &Identity, seen: Seen, now: Moment) -> Found {
        let mut same: Vec<(Tie, &Device)> = Vec::new();
        let mut clashes: Vec<(Clash, &Device)> = Vec::new();
        let candidates = self.index.sharing(identity);
        for device in candidates.iter().filter_map(|id| self.devices.get(id)).filter(|device| !device.is_replaced()) {
            match device.identity.compare(identity) {
                Sighting::Same(tie) => same.push((tie, device)),
                Sighting::Conflict(clash) => clashes.push((clash, device)),
                Sighting::Different => {}
            }
        }
        same.sort_by_key(|(tie, device)| {
            (device.is_on_paper(), Reverse(*tie), device.stage.holds().count(), device.id)
        });
        let mut same = same.into_iter();
        let main = same.next();
        // Of what is the same as the sighting, two may still contradict each other.
        let goes_with = |device: &Device| {
            main.is_some_and(|(_, main)| !matches!(main.identity.compare(&device.identity), Sighting::Conflict(_)))
        };
        let (papers, rivals): (Vec<_>, Vec<_>) =
            same.partition(|(_, device)| device.is_on_paper() && goes_with(device));
        let papers = papers.into_iter().map(|(_, device)| device.id).collect();
        let rival = main.and_then(|(tie, _)| rivals.iter().find(|(other, _)| *other >= tie));
        // What this sighting adds may clash with a third, also where the device itself never did.
        let told = |other: &Device| {
            main.is_some_and(|(_, main)| matches!(main.identity.compare(&other.identity), Sighting::Conflict(_)))
        };
        let clash = clashes.into_iter().find(|(_, other)| !told(other));
        let hold = clash.map(|(clash, other)| {
            let both_here = seen == Seen::Here && other.heard().is_some_and(|heard| now.since(heard) <= ONE_SHIFT);
            let clash = match clash {
                Clash::SerialOnOtherBoard if !both_here => Clash::BoardChanged,
                clash => clash,
            };
            HoldReason::Clash { clash, other: other.id }
        });
        let nameless = || (main.is_none() && identity.is_anonymous()).then_some(HoldReason::Anonymous);
        Found {
            device: main.map(|(_, device)| device.id),
            papers,
            rival: rival.map(|(tie, device)| (device.id, *tie)),
            hold: hold.or_else(nameless),
        }
    }

    /// Devices still on the board, in the order of their arrival.
    pub(super) fn present(&self) -> impl Iterator<Item = &Device> {
        self.devices.values().filter(|device| !device.is_replaced())
    }
}
