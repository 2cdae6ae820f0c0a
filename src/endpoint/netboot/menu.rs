//! What a client is to boot, of what is there to boot.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::watch;
use whiteglove_core::{
    dhcp::{
        netboot::Request,
        reply::{Boot, Silence},
    },
    netboot::{BootTable, Decision, Program, Withheld, files, own_disk},
};

use crate::endpoint::catalogue::Catalogue;

const NOTHING: Boot = Boot::Nothing;

pub(super) struct Menu {
    catalogue: watch::Receiver<Arc<Catalogue>>,
    boots: watch::Receiver<Arc<BootTable>>,
    /// Of the catalogue as it was last seen.
    files: HashMap<Program, Boot>,
    own_disk: Boot,
}

impl Menu {
    pub(super) fn new(catalogue: watch::Receiver<Arc<Catalogue>>, boots: watch::Receiver<Arc<BootTable>>) -> Self {
        let mut menu = Self { catalogue, boots, files: HashMap::new(), own_disk: Boot::Files(own_disk()) };
        menu.read();
        menu
    }

    pub(super) fn of(&mut self, request: &Request) -> &Boot {
        // An error says that nobody will change it any more.
        if self.catalogue.has_changed().unwrap_or(false) {
            self.read();
        }
        match self.boots.borrow().of(request.uuid, request.mac) {
            Decision::Boot(program) => self.files.get(&program).unwrap_or(&NOTHING),
            Decision::LocalDisk => &self.own_disk,
            Decision::Ignore => &NOTHING,
        }
    }

    /// What a person is told of a client that is told nothing to boot.
    pub(super) fn withheld(&self, silence: Silence) -> Option<Withheld> {
        let is_empty = |boot: &Boot| matches!(boot, Boot::Files(files) if files.is_empty());
        match silence {
            Silence::NoPayload(..) if self.files.values().all(is_empty) => Some(Withheld::NoBootEnvironment),
            silence => Withheld::of(silence),
        }
    }

    fn read(&mut self) {
        let catalogue = Arc::clone(&self.catalogue.borrow_and_update());
        let there = |program| Boot::Files(files(program, |name| catalogue.has(name)));
        self.files = Program::ALL.into_iter().map(|program| (program, there(program))).collect();
    }
}
