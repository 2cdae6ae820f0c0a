//! What changes a device beside its stage. The fold does it to the device, a decision to a copy, so
//! that the answer to a laptop speaks of the same device as the board will.

use std::sync::Arc;

use super::{Device, DeviceId, Event, Evidence, Label, Refused, Signal, WindowsHash};
use crate::{
    capture::Capture,
    clock::Moment,
    entry::{Entry, Lane, Source},
    hwhash::{HardwareHash, HashDigest},
    media_card::MediaId,
};

/// A clock that is further ahead of ours than this says nothing about what is newer.
const A_DAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl Device {
    pub(crate) fn note(&mut self, at: Moment, signal: Signal, words: impl Into<String>) {
        self.history.push((at, signal, words.into()));
    }

    /// # Errors
    /// The event does not fit; nothing changed.
    pub(crate) fn step(
        &mut self,
        event: Event,
        signal: Signal,
        at: Moment,
        words: impl Into<String>,
    ) -> Result<(), Refused> {
        // A hold is the bench's own doing; the last *signal* is still what the machine said.
        let by_bench = matches!(event, Event::Hold(_));
        self.stage = self.stage.clone().on(event, at)?;
        if !by_bench {
            self.signal = signal;
        }
        self.last = at;
        self.note(at, signal, words);
        Ok(())
    }

    /// It came back, perhaps in another batch.
    ///
    /// # Errors
    /// It lives on as another device.
    pub(crate) fn enter_batch(&mut self, batch: &str, signal: Signal, at: Moment) -> Result<(), Refused> {
        if self.batch == batch {
            return Ok(());
        }
        self.stage = self.stage.clone().on(Event::OtherBatch, at)?;
        let earlier = std::mem::replace(&mut self.batch, batch.to_owned());
        self.note(at, signal, format!("now in batch '{batch}', earlier in '{earlier}'"));
        Ok(())
    }

    /// # Errors
    /// It lives on as another device; nothing changed.
    pub(crate) fn take_capture(
        &mut self,
        capture: Arc<Capture>,
        media: MediaId,
        batch: &str,
        signal: Signal,
        at: Moment,
    ) -> Result<(), Refused> {
        self.enter_batch(batch, signal, at)?;
        let identity = capture.identity();
        let words = match (self.identity.good_serial(), identity.good_serial()) {
            (Some(old), Some(new)) if !old.is_same_as(new) => {
                format!("captured; ITS SERIAL NUMBER WAS {old} AND IS {new}")
            }
            _ if self.captures > 0 => "captured again".to_owned(),
            _ => "captured".to_owned(),
        };
        self.step(Event::Captured(Evidence::Capture(capture.id)), signal, at, words)?;
        self.identity = std::mem::take(&mut self.identity).renewed(identity);
        self.media = Some(media);
        self.simulated = capture.simulated;
        self.captures += 1;
        // It came in a file before the laptop told us that the hash is our own agent's.
        let made = capture.hash.as_ref().map(|made| made.hash.digest());
        if made.is_some() && made == self.windows_hash.as_ref().map(|known| known.hash.digest()) {
            self.windows_hash = None;
            self.note(at, signal, "the imported hash was our own agent's: set aside");
        }
        self.capture = Some(capture);
        Ok(())
    }

    /// # Errors
    /// It lives on as another device; nothing changed.
    pub(crate) fn take_entry(
        &mut self,
        entry: Entry,
        source: Source,
        batch: &str,
        signal: Signal,
        at: Moment,
    ) -> Result<(), Refused> {
        self.enter_batch(batch, signal, at)?;
        let better = entry.hash.as_ref().filter(|hash| self.learns_from(hash, at));
        let event = better.map_or(Event::Hello, |hash| Event::Captured(Evidence::Hash(hash.digest())));
        let place = match entry.lane {
            Lane::Label | Lane::SetupQr | Lane::DeviceLinkQr => source.name.clone(),
            _ => format!("{}, line {}", source.name, source.line),
        };
        let known = |hash: &HardwareHash| self.windows_hash.as_ref().is_some_and(|known| known.hash == *hash);
        let words = match &entry.hash {
            Some(hash) if better.is_some() => format!("{} hash from {place}", hash.origin().words()),
            Some(hash) if !known(hash) => format!("a {} hash that is not better, from {place}", hash.origin().words()),
            _ => format!("{} from {place}", entry.lane.words()),
        };
        self.step(event, signal, at, words)?;
        self.learn(entry, source, at);
        Ok(())
    }

    /// Takes in what an entry says; what the machine itself said to us stays.
    pub(crate) fn learn(&mut self, entry: Entry, source: Source, at: Moment) {
        let better = entry.hash.as_ref().is_some_and(|hash| self.learns_from(hash, at));
        let (own, seen) = (std::mem::take(&mut self.identity), entry.identity());
        // A machine known from files alone is what the best of them says.
        self.identity = match better && self.heard().is_none() {
            true => own.renewed(seen),
            false => seen.renewed(own),
        };
        if entry.lane == Lane::Label {
            self.see_label(Label { serial: entry.serial.clone(), product_key_id: entry.product_key_id.clone(), at });
        }
        if let Some(hash) = entry.hash.filter(|_| better) {
            self.windows_hash = Some(WindowsHash { hash, lane: entry.lane, source, at });
        }
        self.product_key_id = entry.product_key_id.or(self.product_key_id.take());
        self.device_link = entry.device_link.or(self.device_link.take());
        self.ztd_id = entry.ztd_id.or(self.ztd_id.take());
        for (text, new) in [(&mut self.group_tag, entry.group_tag), (&mut self.assigned_user, entry.assigned_user)] {
            if !new.is_empty() {
                *text = new;
            }
        }
    }

    /// A hash counts before one without the TPM's key, and before an older one; files come in any order.
    fn learns_from(&self, hash: &HardwareHash, at: Moment) -> bool {
        let Some(known) = &self.windows_hash else { return true };
        standing(hash, at) > standing(&known.hash, known.at)
    }

    /// A label in two parts (serial number, product key id) comes in two scans; a wrong one goes whole.
    pub(crate) fn see_label(&mut self, mut label: Label) {
        if let Some(earlier) = self.label.take() {
            if self.misnamed_by(&earlier).is_none() {
                label.serial = label.serial.or_else(|| earlier.serial.clone());
                label.product_key_id = label.product_key_id.or_else(|| earlier.product_key_id.clone());
            }
            if label.says_the_same_as(&earlier) {
                label.at = earlier.at;
            }
        }
        self.label = Some(label);
    }

    /// What another number of the same laptop knew that does not hang on its board.
    pub(crate) fn inherit(&mut self, other: &Self) {
        for (own, others) in [(&mut self.group_tag, &other.group_tag), (&mut self.assigned_user, &other.assigned_user)]
        {
            if own.is_empty() {
                own.clone_from(others);
            }
        }
        if self.label.is_none() {
            self.label = other.label.clone().filter(|label| self.misnamed_by(label).is_none());
        }
    }

    /// What was known of the same machine by its papers alone.
    pub(crate) fn absorb(&mut self, papers: &Self) {
        self.inherit(papers);
        self.identity = papers.identity.clone().renewed(std::mem::take(&mut self.identity));
        if let Some(label) = papers.label.clone() {
            let own = self.label.take();
            self.see_label(label);
            own.into_iter().for_each(|own| self.see_label(own));
        }
        self.product_key_id = self.product_key_id.take().or_else(|| papers.product_key_id.clone());
        self.device_link = self.device_link.take().or_else(|| papers.device_link.clone());
        self.ztd_id = self.ztd_id.take().or_else(|| papers.ztd_id.clone());
    }

    /// When the machine behind this device was last alive, as far as anything tells.
    pub(crate) fn alive(&self) -> Option<Moment> {
        let hash = self.windows_hash.as_ref().and_then(|known| made_at(&known.hash, known.at));
        self.heard().max(hash)
    }

    /// Nothing but papers speak of it, or a hello: no capture and no hash is lost if it turns out to be another.
    pub(crate) fn is_on_paper(&self) -> bool {
        self.capture.is_none() && self.windows_hash.is_none() && self.stage.holds().next().is_none()
    }

    /// # Errors
    /// One of them lives on as another device already; nothing changed.
    pub(crate) fn give_way(&mut self, to: DeviceId, at: Moment, words: String) -> Result<(), Refused> {
        self.step(Event::Replaced(to), Signal::Operator, at, words)
    }
}

fn made_at(hash: &HardwareHash, known: Moment) -> Option<Moment> {
    hash.made_at().filter(|made| *made <= known.after(A_DAY))
}

/// The digest only makes the order total, so that two files in turn settle on one.
fn standing(hash: &HardwareHash, known: Moment) -> (bool, Option<Moment>, HashDigest) {
    (hash.identity().ek.is_some(), made_at(hash, known), hash.digest())
}
