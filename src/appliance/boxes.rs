//! Bench boxes: planned and built like media, and in no journal, as what starts from one is a bench of its own.

use std::path::PathBuf;

use whiteglove_core::{
    control::Update,
    media::{Recipe, summary::Summary},
};

use super::{Input, Owner, jobs::in_media_folder};
use crate::bench_box;

impl Owner {
    pub(super) fn plan_box(&self, from: u64, recipe: Recipe) {
        let (config, inbox) = (self.config.clone(), self.inbox.clone());
        tokio::task::spawn_blocking(move || {
            let plan = bench_box::preview(&config, &recipe).map(|plan| Summary::from(&plan));
            drop(inbox.blocking_send(Input::Reply { to: from, update: Update::Planned(plan) }));
        });
    }

    /// `out` is relative to the media folder.
    pub(super) fn build_box(&mut self, from: u64, out: PathBuf, recipe: Recipe) {
        let config = self.config.clone();
        let title = format!("building {}", config.media_folder().join(&out).display());
        self.start(from, title, move |handle| {
            let out = in_media_folder(&config, &out)?;
            bench_box::build(&config, &out, &recipe, &mut |progress| handle.watch(progress))
        });
    }
}
