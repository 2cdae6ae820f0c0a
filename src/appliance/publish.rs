//! What screens, sticks and the endpoint get to see of the bench.

use std::{collections::HashMap, sync::Arc};

use whiteglove_core::{
    control::Snapshot,
    media_card::{MediaCard, MediaId},
};

use super::Owner;
use crate::{clock::now, endpoint};

impl Owner {
    /// What a medium of this bench carries.
    pub(super) fn card(&self, media: MediaId) -> MediaCard {
        MediaCard {
            media,
            box_key: self.key,
            token: self.secret.token(media),
            // Also while the endpoint is down, or one command runs without it: sticks outlive that.
            endpoints: match self.endpoints.is_empty() {
                true => endpoint::expected_urls(&self.config),
                false => self.endpoints.clone(),
            },
            batch: self.batch(),
            bench: self.config.bench.clone(),
            data_volume: Some(whiteglove_core::media::Part::Data.serial(media)),
        }
    }

    pub(super) fn publish_orders(&self) {
        let standing = |id| self.bench.standing_order(id).map(|order| (id, order));
        let orders: HashMap<_, _> = self.bench.devices().filter_map(|device| standing(device.id)).collect();
        if *self.orders.borrow().as_ref() != orders {
            self.orders.send_replace(Arc::new(orders));
        }
    }

    pub(super) fn publish(&mut self) {
        if self.stale {
            self.rows = Arc::new(self.bench.rows_at_work().cloned().collect());
            self.order_status = self.bench.order_status().map(Arc::new);
            self.publish_settings();
            self.stale = false;
            self.sign_ins.customers(self.tenants());
            self.publish_boots();
        }
        self.publish_plan();
        let network = self.network_view(now());
        self.publish_watched();
        self.dirty = false;
        self.snapshots.send_replace(Arc::new(Snapshot {
            at: now(),
            bench: self.config.bench.clone(),
            batch: self.batch(),
            customer: self.bench.customer_of(&self.batch()).map(str::to_owned),
            locked_to: self.config.customer.clone(),
            customers: Arc::clone(&self.customers),
            batches: Arc::clone(&self.batches),
            simulated: self.config.simulated || self.rows.iter().any(|row| row.simulated),
            endpoints: self.endpoints.clone(),
            endpoint_problem: self.endpoint_problem.clone(),
            rows: Arc::clone(&self.rows),
            policy: self.bench.policy(),
            order: self.order_status.clone(),
            network,
            registration: self.registration_view(now()).map(Arc::new),
            job: self.job.clone(),
            sticks: Arc::clone(&self.sticks.shown),
            sign_ins: self.sign_ins.shown(),
            images: self.images.clone(),
            media_folder: self.config.media_folder(),
            problems: self.problems.iter().cloned().collect(),
        }));
    }
    /// Every arrival changes a count; a list that stayed the same is not sent again.
    fn publish_settings(&mut self) {
        let (customers, batches) = self.bench.settings_at_work(self.config.customer.as_deref());
        if *self.customers != customers {
            self.customers = Arc::new(customers);
        }
        if *self.batches != batches {
            self.batches = Arc::new(batches);
        }
    }
}
