//! From asked for to safe to boot: what is journalled before and after each sending, and what becomes of the gate.

use std::time::Duration;

use super::{export::whole, *};
use crate::{
    batch::{Batch, Register},
    customer::{Customer, TenantId, Way},
    entry::ZtdId,
    registration::{
        Act, Assigned, Association, AttemptId, Condition, Desk, Host, ImportId, ImportState, Met, NetworkTest, Next,
        ProfileSeen, Progress, Registration, Report, Seen, Sending, Settling, Wanted, Work,
    },
};

const ACME: &str = "ACME";

/// A shop whose customer is registered online, and the desk where its registrar asks.
struct Office {
    shop: Shop,
    desk: Desk,
    attempts: u8,
    now: Moment,
    /// Records of which everything that follows was written.
    followed: usize,
}

fn customer() -> Customer {
    let tenant = TenantId::try_from("00000000-0000-4000-8000-00000000aa07".to_owned()).unwrap();
    Customer { tenant: Some(tenant), way: Way::Online, ..Customer::named(ACME) }
}

fn batch() -> Batch {
    Batch {
        customer: Some(ACME.into()),
        group_tag: Some("SALES".into()),
        profile: Some("Sales laptops".into()),
        identity: IdentityPolicy::WindowsHash,
        ..Batch::named("spring")
    }
}

fn id(number: u64) -> ZtdId {
    ZtdId::try_from(format!("00000000-0000-4000-9000-{number:012}")).unwrap()
}

fn office(batch: Batch) -> Office {
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
    fn arrives(&mut self, serial: &str, board: u8) -> DeviceId {
        let laptop = laptop(serial, board);
        let hash = whole(&laptop.hash(5), Some([board; 256]));
        let entry = Entry { hash: Some(hash), ..Entry::new(Lane::IntuneCsv) };
        let (device, _) = self.shop.import(entry).unwrap();
        self.settle();
        device
    }

    /// What follows by itself, as the owner of the bench does it.
    fn settle(&mut self) {
        let mut from = self.followed;
        while from < self.shop.journal.len() {
            let touched = self.shop.journal[from..].iter().flat_map(|(_, record)| self.shop.bench.touched(record));
            let records = self.shop.bench.decide_follow_ups(&touched.collect());
            from = self.shop.journal.len();
            self.shop.write(records);
        }
        self.followed = from;
    }

    fn writes(&mut self, records: Vec<Record>) {
        self.shop.write(records);
        self.settle();
    }

    fn asks(&mut self, devices: &[DeviceId]) -> String {
        let (records, words) = self.shop.bench.decide_register(devices, Some("Kim".into())).unwrap();
        self.writes(records);
        words
    }

    fn next(&mut self) -> Option<Work> {
        self.attempts += 1;
        let customer = self.shop.bench.customer(ACME).unwrap().clone();
        let fresh = AttemptId::from_random([self.attempts; 16]);
        let Next { records, work, .. } = self.desk.next(&self.shop.bench, &customer, self.now, &fresh, true);
        self.writes(records);
        work
    }

    fn sends(&mut self) -> Sending {
        match self.next() {
            Some(Work::Send(sending)) => sending,
            other => panic!("{other:?}"),
        }
    }

    fn reports(&mut self, work: &Work, report: Report) {
        let records = self.desk.report(&self.shop.bench, work, report, self.now);
        self.writes(records);
    }

    fn sent(&mut self, sending: Sending) {
        let taken = sending.rows.iter().map(|row| (row.device, ImportId(format!("import-{}", row.device.0)))).collect();
        let report = Report::Sent { attempt: sending.attempt.clone(), taken, refused: vec![] };
        self.reports(&Work::Send(sending), report);
    }

    fn later(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    /// The bench goes down and comes up: the desk knows nothing.
    fn restarts(&mut self) {
        self.shop.bench = Bench::default();
        for (at, record) in &self.shop.journal {
            self.shop.bench.apply(self.shop.bench.next, *at, record.clone()).unwrap();
        }
        self.desk = Desk::new(&self.shop.bench, ACME, self.now);
    }

    fn stage(&self, device: DeviceId) -> StageName {
        self.shop.bench.device(device).unwrap().stage.name()
    }

    fn progress(&self, device: DeviceId) -> Progress {
        self.shop.bench.dossier(device).map(|dossier| dossier.progress.clone()).unwrap_or_default()
    }

    fn met(&self, device: DeviceId, condition: Condition) -> Met {
        self.shop.bench.gate(device).unwrap().finding(condition).unwrap().met
    }

    /// Imported and read back, with what the service says of it.
    fn is_read(&mut self, device: DeviceId, seen: Seen) {
        let state = ImportState::Complete { registration: Some(id(device.0)) };
        self.writes(vec![Record::ImportsSaid { said: vec![(device, state)] }]);
        self.writes(vec![Record::RegistrationsSeen { seen: vec![(device, seen)] }]);
    }

    fn network(&mut self, outcome: Result<u64, String>) {
        let host = Host { name: "ztd.dds.microsoft.com".into(), port: 443, needed_for: "the profile".into() };
        let test = NetworkTest { hosts: vec![(host, outcome)], skew: Ok(12) };
        self.writes(vec![Record::NetworkTested { test }]);
    }
}

fn registration(device: DeviceId, serial: &str) -> Registration {
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

fn seen(registration: Registration) -> Seen {
    Seen { registrations: vec![registration], association: Some(Association::Absent), technician: None }
}

#[test]
fn the_intent_is_in_the_journal_before_anything_is_sent() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    assert!(office.next().is_none(), "nobody asked");
    office.asks(&[laptop]);
    let sending = office.sends();
    assert_eq!(sending.rows.len(), 1);
    assert_eq!(sending.group_tag, "SALES");
    let Some(Record::SendingBegun { attempt, devices, .. }) = office.shop.journal.last().map(|(_, record)| record)
    else {
        panic!("no intent");
    };
    assert_eq!((attempt, devices.as_slice()), (&sending.attempt, [laptop].as_slice()));
    assert!(office.next().is_none(), "it is on its way: it is not sent a second time");
}

#[test]
fn what_has_no_outcome_is_looked_for_after_a_restart_and_never_sent_again() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    let sending = office.sends();
    office.restarts();
    let Some(Work::Settle(Settling { attempt, lines, .. })) = office.next() else { panic!("not settled") };
    assert_eq!(attempt, sending.attempt);
    assert_eq!((lines[0].device, lines[0].called.as_str()), (laptop, "PF1"));
    assert!(office.next().is_none());
    // It is not there: only now it is sent again, under another name.
    let why = Problem::new("w", "w", "n");
    let settling =
        Settling { attempt: attempt.clone(), lane: Default::default(), group_tag: String::new(), since: at(0), lines };
    office.reports(&Work::Settle(settling), Report::NotSent { attempt, why });
    let again = office.sends();
    assert_ne!(again.attempt, sending.attempt);
}

#[test]
fn a_lost_answer_is_looked_for_a_little_later() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    let sending = office.sends();
    let attempt = sending.attempt.clone();
    office.reports(&Work::Send(sending), Report::Lost { attempt: attempt.clone(), why: "cut".into() });
    assert!(office.next().is_none());
    office.later(20);
    assert!(matches!(office.next(), Some(Work::Settle(settling)) if settling.attempt == attempt));
}

#[test]
fn lines_that_an_answer_leaves_out_stay_open() {
    let mut office = office(batch());
    let (one, two) = (office.arrives("PF1", 1), office.arrives("PF2", 2));
    office.asks(&[one, two]);
    let sending = office.sends();
    let (attempt, taken) = (sending.attempt.clone(), vec![(one, ImportId("i1".into()))]);
    office.reports(&Work::Send(sending), Report::Sent { attempt, taken, refused: vec![] });
    assert!(matches!(office.progress(one), Progress::Working { .. }));
    assert!(matches!(office.progress(two), Progress::Sending { .. }));
    let Some(Work::Settle(settling)) = office.next() else { panic!("not settled") };
    assert_eq!(settling.lines.iter().map(|line| line.device).collect::<Vec<_>>(), [two]);
}

#[test]
fn one_bad_line_does_not_keep_the_others_back() {
    let mut office = office(batch());
    let laptops: Vec<DeviceId> = (1..=4).map(|n| office.arrives(&format!("PF{n}"), n)).collect();
    office.asks(&[]);
    let bad = laptops[2];
    for _ in 0..20 {
        match office.next() {
            Some(Work::Send(sending)) if sending.rows.iter().any(|row| row.device == bad) => {
                let (attempt, why) = (sending.attempt.clone(), Problem::new("400", "Edm.Binary", "n"));
                office.reports(&Work::Send(sending), Report::NotSent { attempt, why });
            }
            Some(Work::Send(sending)) => office.sent(sending),
            _ => office.later(2),
        }
    }
    assert!(matches!(office.progress(bad), Progress::Failed { code: 400, .. }));
    assert_eq!(office.shop.bench.registration_counts(ACME).importing, 3);
}

#[test]
fn everything_that_the_technician_phase_needs_makes_it_safe_to_boot() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    let sending = office.sends();
    office.sent(sending);
    office.later(60);
    let Some(work @ Work::Poll(_)) = office.next() else { panic!("not polled") };
    let state = ImportState::Complete { registration: Some(id(1)) };
    office.reports(&work, Report::Polled(vec![(laptop, state)]));
    assert_eq!(office.stage(laptop), StageName::Registered);
    let Some(work @ Work::Read(_)) = office.next() else { panic!("not read") };
    let mut waits = registration(laptop, "PF1");
    waits.assigned = Some(Assigned { word: "notAssigned".into(), detail: "none".into() });
    waits.profile = None;
    office.reports(&work, Report::Read(vec![(laptop, seen(waits))]));
    office.network(Ok(20));
    assert_eq!(office.stage(laptop), StageName::Registered);
    assert_eq!(office.shop.bench.gate(laptop).unwrap().first().unwrap().condition, Condition::Profile);
    office.later(10);
    let Some(work @ Work::Read(_)) = office.next() else { panic!("not read again") };
    office.reports(&work, Report::Read(vec![(laptop, seen(registration(laptop, "PF1")))]));
    assert_eq!(office.stage(laptop), StageName::Cleared);
    assert!(matches!(&office.shop.journal.last().unwrap().1, Record::DeviceCleared { gate, .. } if gate.is_open()));
}

#[test]
fn each_condition_by_itself_keeps_it_from_being_started() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    type Change = fn(&mut Seen);
    let against: [(Condition, Met, Change); 9] = [
        (Condition::SameMachine, Met::No, |seen| seen.registrations[0].serial = "PF9".into()),
        (Condition::SameMachine, Met::No, |seen| seen.registrations[0].model = "Toaster 3000".into()),
        (Condition::SameMachine, Met::No, |seen| seen.registrations.push(seen.registrations[0].clone())),
        (Condition::SameMachine, Met::No, |seen| seen.registrations.clear()),
        (Condition::GroupTag, Met::No, |seen| seen.registrations[0].group_tag = "KIOSK".into()),
        (Condition::Profile, Met::No, |seen| seen.registrations[0].profile.as_mut().unwrap().name = "Kiosk".into()),
        (Condition::Profile, Met::Unknown, |seen| seen.registrations[0].assigned = None),
        (Condition::PreProvisioning, Met::No, |seen| {
            seen.registrations[0].profile.as_mut().unwrap().pre_provisioning = Some(false);
        }),
        (Condition::Association, Met::No, |seen| {
            seen.association = Some(Association::Present { id: "a".into(), state: "preassociated".into() });
        }),
    ];
    for (condition, met, change) in against {
        office.is_read(laptop, seen(registration(laptop, "PF1")));
        assert_eq!(office.stage(laptop), StageName::Cleared, "before {condition:?}");
        let mut other = seen(registration(laptop, "PF1"));
        change(&mut other);
        office.is_read(laptop, other);
        assert_eq!(
            (office.stage(laptop), office.met(laptop, condition)),
            (StageName::Registered, met),
            "{condition:?}"
        );
        let gate = office.shop.bench.gate(laptop).unwrap();
        let problem = gate.finding(condition).unwrap().problem.as_ref().unwrap();
        assert!(!problem.why.is_empty() && !problem.next.is_empty(), "{problem:?}");
    }
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    office.network(Err("refused".into()));
    assert_eq!(office.stage(laptop), StageName::Registered);
}

#[test]
fn an_override_has_a_name_and_a_reason_and_is_over_when_the_finding_is_another() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    let mut kiosk = seen(registration(laptop, "PF1"));
    kiosk.registrations[0].profile.as_mut().unwrap().name = "Kiosk".into();
    office.is_read(laptop, kiosk.clone());
    let over =
        |office: &Office, condition, by, reason| office.shop.bench.decide_override(laptop, condition, by, reason);
    assert!(over(&office, Condition::Profile, "Kim", " ").unwrap_err().why.contains("a name and a reason"));
    assert!(over(&office, Condition::GroupTag, "Kim", "r").unwrap_err().why.contains("holds"));
    let records = over(&office, Condition::Profile, "Kim", "agreed with ACME").unwrap();
    office.writes(records);
    assert_eq!(office.stage(laptop), StageName::Cleared);
    let gate = office.shop.bench.gate(laptop).unwrap();
    let finding = gate.finding(Condition::Profile).unwrap();
    assert_eq!((finding.met, finding.overridden.as_ref().unwrap().by.as_str()), (Met::No, "Kim"));
    // Another profile than the one that was agreed to.
    kiosk.registrations[0].profile.as_mut().unwrap().name = "Tablets".into();
    office.is_read(laptop, kiosk);
    assert_eq!(office.stage(laptop), StageName::Registered);
    // Another machine's registration is nobody's to overlook.
    office.is_read(laptop, seen(registration(laptop, "PF9")));
    let refused = over(&office, Condition::SameMachine, "Kim", "it is fine").unwrap_err();
    assert!(refused.why.contains("PF9"), "{refused:?}");
}

#[test]
fn a_held_laptop_is_never_safe_to_boot() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    let reason = crate::device::HoldReason::WrongMachine { label: "PF7".into() };
    office.writes(vec![Record::DeviceHeld { device: laptop, reason }]);
    assert_eq!(office.stage(laptop), StageName::Held);
    assert!(!office.shop.bench.device(laptop).unwrap().stage.is_cleared());
    office.writes(vec![Record::DeviceReleased { device: laptop }]);
    assert_eq!(office.stage(laptop), StageName::Cleared);
}

#[test]
fn what_is_not_on_the_order_is_not_safe_to_boot() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    assert_eq!(office.stage(laptop), StageName::Cleared);
    let records = office.shop.bench.decide_order_list("spring", None, "po.csv", vec![line(Some("PF7"), None)]);
    office.writes(records);
    assert_eq!(office.stage(laptop), StageName::Registered);
    let gate = office.shop.bench.gate(laptop).unwrap();
    assert!(gate.first().unwrap().says.contains("not on the order"), "{gate:?}");
}

#[test]
fn eight_hundred_six_is_looked_up_and_eight_hundred_eight_is_not_ours() {
    let mut office = office(batch());
    let (one, two) = (office.arrives("PF1", 1), office.arrives("PF2", 2));
    office.asks(&[one, two]);
    let sending = office.sends();
    office.sent(sending);
    let failed = |code, name: &str| ImportState::Failed { code, name: name.into() };
    let said =
        vec![(one, failed(806, "ZtdDeviceAlreadyAssigned")), (two, failed(806, "ZtdDeviceAssignedToOtherTenant"))];
    office.writes(vec![Record::ImportsSaid { said }]);
    assert!(matches!(office.progress(one), Progress::Complete { already: true, .. }));
    assert!(matches!(office.progress(two), Progress::Failed { .. }));
    let gate = office.shop.bench.gate(two).unwrap();
    let problem = gate.first().unwrap().problem.clone().unwrap();
    assert!(problem.why.contains("somebody else's tenant"), "{problem:?}");
}

#[test]
fn what_is_expected_is_registered_without_being_asked_for() {
    let mut office = office(Batch { register: Register::Expected, ..batch() });
    let stranger = office.arrives("PF9", 9);
    let line = crate::order::Expected {
        serial: Some(Serial::try_from("PF1".to_owned()).unwrap()),
        product_key_id: None,
        manufacturer: String::new(),
        model: String::new(),
        asset_tag: String::new(),
    };
    let records = office.shop.bench.decide_order_list("spring", None, "po.csv", vec![line]);
    office.writes(records);
    let expected = office.arrives("PF1", 1);
    assert!(matches!(office.progress(expected), Progress::Waiting { .. }));
    assert_eq!(office.progress(stranger), Progress::Unasked);
}

#[test]
fn what_is_asked_for_can_be_taken_back_until_it_is_sent() {
    let mut office = office(batch());
    let (one, two) = (office.arrives("PF1", 1), office.arrives("PF2", 2));
    office.asks(&[one]);
    assert!(office.asks(&[one, two]).contains("1 laptop is to be registered"));
    let (records, _) = office.shop.bench.decide_drop(&[one, two]).unwrap();
    office.writes(records);
    assert!(office.next().is_none());
    office.asks(&[one]);
    office.sends();
    assert!(office.shop.bench.decide_drop(&[one]).unwrap_err().why.contains("the service has it"));
}

#[test]
fn an_act_is_what_was_agreed_to_and_is_done_again_after_a_restart() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    let mut kiosk = seen(registration(laptop, "PF1"));
    kiosk.registrations[0].group_tag = "KIOSK".into();
    kiosk.registrations[0].name = "BER-1".into();
    office.is_read(laptop, kiosk);
    let act = office.shop.bench.plan_act(laptop, Wanted::Amend).unwrap();
    let Act::Amend(amendment) = &act else { panic!("{act:?}") };
    assert_eq!((amendment.group_tag.as_str(), amendment.name.as_str()), ("SALES", "BER-1"), "what is there stays");
    let attempt = AttemptId::from_random([9; 16]);
    let other = office.shop.bench.plan_act(laptop, Wanted::Deregister).unwrap();
    let refused = office.shop.bench.decide_act(other, Wanted::Amend, attempt.clone(), None).unwrap_err();
    assert!(refused.why.contains("another thing"), "{refused:?}");
    let records = office.shop.bench.decide_act(act, Wanted::Amend, attempt.clone(), None).unwrap();
    office.writes(records);
    assert!(matches!(office.next(), Some(Work::Act { .. })));
    office.restarts();
    let Some(work @ Work::Act { .. }) = office.next() else { panic!("forgotten") };
    office.reports(&work, Report::Acted { attempt, outcome: Ok(()) });
    assert!(office.shop.bench.open_acts(ACME).next().is_none());
    // Deleted: as if nobody had registered it.
    let delete = office.shop.bench.plan_act(laptop, Wanted::Deregister).unwrap();
    let attempt = AttemptId::from_random([10; 16]);
    let records = office.shop.bench.decide_act(delete, Wanted::Deregister, attempt.clone(), None).unwrap();
    office.writes(records);
    office.later(60);
    let work = std::iter::from_fn(|| office.next()).find(|work| matches!(work, Work::Act { .. })).unwrap();
    office.reports(&work, Report::Acted { attempt, outcome: Ok(()) });
    assert_eq!((office.stage(laptop), office.progress(laptop)), (StageName::Captured, Progress::Unasked));
}

#[test]
fn another_customers_registration_does_not_count() {
    let mut office = office(batch());
    let laptop = office.arrives("PF1", 1);
    office.asks(&[laptop]);
    office.network(Ok(20));
    office.is_read(laptop, seen(registration(laptop, "PF1")));
    assert_eq!(office.stage(laptop), StageName::Cleared);
    let other = Customer { name: "BOLT".into(), ..customer() };
    let (records, _) = office.shop.bench.decide_customer(other, None).unwrap();
    office.writes(records);
    let autumn = Batch { customer: Some("BOLT".into()), name: "autumn".into(), ..batch() };
    let (records, _) = office.shop.bench.decide_batch(autumn, None).unwrap();
    office.writes(records);
    let (records, _) = office.shop.bench.decide_open("autumn").unwrap();
    office.writes(records);
    office.arrives("PF1", 1);
    assert_eq!(office.stage(laptop), StageName::Captured);
    assert_eq!(office.met(laptop, Condition::Imported), Met::No);
    assert_eq!(office.shop.bench.registration_counts("BOLT").registered, 0);
}
