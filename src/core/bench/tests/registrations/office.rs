//! A shop whose customer is registered online, told in the order in which things happen.

use std::time::Duration;

use super::super::{export::whole, *};
use crate::{
    batch::Batch,
    customer::{Customer, TenantId, Way},
    entry::ZtdId,
    registration::{
        Assigned, Association, AttemptId, Condition, Desk, Host, ImportId, ImportState, Met, NetworkTest, Next,
        ProfileSeen, Progress, Registration, Report, Seen, Sending, Work,
    },
};

pub(super) const ACME: &str = "ACME";

/// A shop whose customer is registered online, and the desk where its registrar asks.
pub(super) struct Office {
    pub(super) shop: Shop,
    pub(super) desk: Desk,
    pub(super) attempts: u8,
    pub(super) now: Moment,
    /// Records of which everything that follows was written.
    pub(super) followed: usize,
}

pub(super) fn customer() -> Customer {
    let tenant = TenantId::try_from("00000000-0000-4000-8000-00000000aa07".to_owned()).unwrap();
    Customer { tenant: Some(tenant), way: Way::Online, ..Customer::named(ACME) }
}

pub(super) fn batch() -> Batch {
    Batch {
        customer: Some(ACME.into()),
        group_tag: Some("SALES".into()),
        profile: Some("Sales laptops".into()),
        identity: IdentityPolicy::WindowsHash,
        ..Batch::named("spring")
    }
}

pub(super) fn id(number: u64) -> ZtdId {
    ZtdId::try_from(format!("00000000-0000-4000-9000-{number:012}")).unwrap()
}

pub(super) fn office(batch: Batch) -> Office {
    let mut shop = shop();
    let (records, _) = shop.bench.decide_customer(customer(), None).unwrap();
    shop.write(records);
    let (records, _) = shop.bench.decide_batch(batch, None).unwrap();
    shop.write(records);
    let now = at(1_000_000);
    Office { desk: Desk::new(&shop.bench, ACME, now), shop, attempts: 0, now, followed: 0 }
}

impl Office {
    /// A laptop whose hash Windows made.
    pub(super) fn arrives(&mut self, serial: &str, board: u8) -> DeviceId {
        let laptop = laptop(serial, board);
        let hash = whole(&laptop.hash(5), Some([board; 256]));
        let entry = Entry { hash: Some(hash), ..Entry::new(Lane::IntuneCsv) };
        let (device, _) = self.shop.import(entry).unwrap();
        self.settle();
        device
    }

    /// What follows by itself, as the owner of the bench does it.
    pub(super) fn settle(&mut self) {
        let mut from = self.followed;
        while from < self.shop.journal.len() {
            let touched = self.shop.journal[from..].iter().flat_map(|(_, record)| self.shop.bench.touched(record));
            let records = self.shop.bench.decide_follow_ups(&touched.collect());
            from = self.shop.journal.len();
            self.shop.write(records);
        }
        self.followed = from;
    }

    pub(super) fn writes(&mut self, records: Vec<Record>) {
        self.shop.write(records);
        self.settle();
    }

    pub(super) fn asks(&mut self, devices: &[DeviceId]) -> String {
        let (records, words) = self.shop.bench.decide_register(devices, Some("Kim".into())).unwrap();
        self.writes(records);
        words
    }

    pub(super) fn next(&mut self) -> Option<Work> {
        self.attempts += 1;
        let customer = self.shop.bench.customer(ACME).unwrap().clone();
        let fresh = AttemptId::from_random([self.attempts; 16]);
        let Next { records, work, .. } = self.desk.next(&self.shop.bench, &customer, self.now, &fresh, true);
        self.writes(records);
        work
    }

    pub(super) fn sends(&mut self) -> Sending {
        match self.next() {
            Some(Work::Send(sending)) => sending,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn reports(&mut self, work: &Work, report: Report) {
        let records = self.desk.report(&self.shop.bench, work, report, self.now);
        self.writes(records);
    }

    pub(super) fn sent(&mut self, sending: Sending) {
        let taken = sending.rows.iter().map(|row| (row.device, ImportId(format!("import-{}", row.device.0)))).collect();
        let report = Report::Sent { attempt: sending.attempt.clone(), taken, refused: vec![] };
        self.reports(&Work::Send(sending), report);
    }

    pub(super) fn later(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    /// The bench goes down and comes up: the desk knows nothing.
    pub(super) fn restarts(&mut self) {
        self.shop.bench = Bench::default();
        for (at, record) in &self.shop.journal {
            self.shop.bench.apply(self.shop.bench.next, *at, record.clone()).unwrap();
        }
        self.desk = Desk::new(&self.shop.bench, ACME, self.now);
    }

    pub(super) fn stage(&self, device: DeviceId) -> StageName {
        self.shop.bench.device(device).unwrap().stage.name()
    }

    pub(super) fn progress(&self, device: DeviceId) -> Progress {
        self.shop.bench.dossier(device).map(|dossier| dossier.progress.clone()).unwrap_or_default()
    }

    pub(super) fn met(&self, device: DeviceId, condition: Condition) -> Met {
        self.shop.bench.gate(device).unwrap().finding(condition).unwrap().met
    }

    /// Imported and read back, with what the service says of it.
    pub(super) fn is_read(&mut self, device: DeviceId, seen: Seen) {
        let state = ImportState::Complete { registration: Some(id(device.0)) };
        self.writes(vec![Record::ImportsSaid { said: vec![(device, state)] }]);
        self.writes(vec![Record::RegistrationsSeen { seen: vec![(device, seen)] }]);
    }

    pub(super) fn network(&mut self, outcome: Result<u64, String>) {
        let host = Host { name: "ztd.dds.microsoft.com".into(), port: 443, needed_for: "the profile".into() };
        let test = NetworkTest { hosts: vec![(host, outcome)], skew: Ok(12) };
        self.writes(vec![Record::NetworkTested { test }]);
    }
}

pub(super) fn registration(device: DeviceId, serial: &str) -> Registration {
    Registration {
        id: id(device.0),
        serial: serial.to_owned(),
        manufacturer: String::new(),
        model: String::new(),
        product_key: String::new(),
        group_tag: "SALES".into(),
        user: String::new(),
        name: String::new(),
        purchase_order: String::new(),
        assigned: Some(Assigned { word: "assignedUnkownSyncState".into(), detail: "none".into() }),
        profile: Some(ProfileSeen {
            id: "p".into(),
            name: "Sales laptops".into(),
            pre_provisioning: Some(true),
            usage: "singleUser".into(),
            locale: String::new(),
        }),
        enrollment: "notContacted".into(),
        userless: "unknown".into(),
        remediation: String::new(),
        entra_device: String::new(),
        managed_device: String::new(),
    }
}

pub(super) fn seen(registration: Registration) -> Seen {
    Seen { registrations: vec![registration], association: Some(Association::Absent), technician: None }
}
