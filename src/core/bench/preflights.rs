//! Which laptops would start which medium: what the bench has seen beside what it has made.

use std::{collections::HashSet, sync::Arc};

use super::Bench;
use crate::{
    blob::Blob,
    capture::{Firmware, Variable},
    clock::Moment,
    device::Device,
    media_card::MediaId,
    order::{LineState, Match},
    preflight::{Fleet, Medium, Program, Seen},
};

/// The values of UEFI variables, each once: laptops of a model mostly hold the same lists, of tens of KiB.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Variables(HashSet<Arc<Blob>>);

impl Variables {
    pub(super) fn share(&mut self, firmware: &mut Firmware) {
        let Some(keys) = &mut firmware.keys else { return };
        for variable in [&mut keys.db, &mut keys.dbx, &mut keys.kek, &mut keys.sbat] {
            let Variable::Value(value) = variable else { continue };
            match self.0.get(&**value) {
                Some(known) => *value = Arc::clone(known),
                None => drop(self.0.insert(Arc::clone(value))),
            }
        }
    }
}

impl Bench {
    pub(super) fn fold_built(&mut self, media: MediaId, programs: &[Program], at: Moment) {
        let starts = Medium::of(programs).map(|medium| (at, medium));
        self.with_media_changed(|bench| {
            if let Some(known) = bench.media.get_mut(&media) {
                known.starts = starts;
            }
        });
    }

    /// Laptops that are here already may refuse what their batch boots from since then. A medium that starts by the
    /// same programs, as most do, is no news.
    pub(super) fn with_media_changed(&mut self, change: impl FnOnce(&mut Self)) {
        let medium = |bench: &Self| bench.medium_at_work().map(|(_, medium)| medium.clone());
        let before = medium(self);
        change(self);
        if medium(self) != before {
            self.refresh_all();
        }
    }

    /// What laptops of the open batch are to start by: the medium that was built for it last and is still good.
    pub fn medium_at_work(&self) -> Option<(MediaId, &Medium)> {
        let open = self.batch.as_deref()?;
        let good = self.media.iter().filter(|(_, media)| media.batch == open && !media.revoked);
        let built = good.filter_map(|(id, media)| media.starts.as_ref().map(|(at, medium)| (*at, *id, medium)));
        built.max_by_key(|(at, ..)| *at).map(|(_, id, medium)| (id, medium))
    }

    /// Every laptop that may be shown while the open batch is open, and what its order list still waits for.
    pub fn fleet(&self) -> Fleet {
        let lines = self.order_status().map(|status| status.lines).unwrap_or_default();
        let missing = lines.into_iter().filter(|line| line.state == LineState::Missing);
        let ordered = missing.map(|line| model(&line.expected.manufacturer, &line.expected.model)).collect();
        let shown = self.present().filter(|device| self.at_work(device) && !self.is_a_line(device));
        let seen = |device: &Device| Seen {
            device: device.id,
            model: model(&device.identity.manufacturer, &device.identity.model),
            simulated: device.simulated,
            capture: device.capture.clone(),
        };
        Fleet { seen: shown.map(seen).collect(), ordered }
    }

    /// Known from papers, and counted as the line of the order that it stands for.
    fn is_a_line(&self, device: &Device) -> bool {
        device.capture.is_none()
            && !device.is_here()
            && matches!(self.lists.of_device(device), Match::Expected | Match::Matched)
    }
}

/// Makers that put their name before every product are not named twice.
fn model(maker: &str, product: &str) -> String {
    let (maker, product) = (maker.trim(), product.trim());
    let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_lowercase();
    match (maker, product) {
        ("", name) | (name, "") => name.to_owned(),
        (maker, product) if first(maker) == first(product) => product.to_owned(),
        (maker, product) => format!("{maker} {product}"),
    }
}
