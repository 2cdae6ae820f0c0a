//! Whatever happens in whatever order: what is decided can be written, and folding it again gives the
//! same bench.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::device::Probe;

/// A small world, so that everything meets everything.
const SERIALS: [&str; 4] = ["PF000001", "pf000002", "SPF00003", JUNK];
const BATCHES: [&str; 2] = ["spring", "autumn"];

#[derive(Debug, Clone)]
enum Act {
    Hello(Laptop),
    /// With a hash made on Linux, this old.
    Boots(Laptop, Option<u32>),
    /// The newest capture once more.
    Again,
    Import(Laptop, u32),
    Tuple(Option<&'static str>, Option<u32>),
    Scan(String, Option<u64>),
    List(&'static str, Option<&'static str>, Option<&'static str>, Option<u32>),
    Release(u64),
    SameLaptop(u64),
    Order(u64),
    Probe(u64),
    Asks(Laptop),
    Choose(u64),
    Open(&'static str, IdentityPolicy),
    Later(u64),
}

fn some_laptop() -> impl Strategy<Value = Laptop> {
    let uuid = select(vec![NOTHING, uuid(1), uuid(2), uuid(3)]);
    let ek = select(vec![None, Some(1), Some(2), Some(3)]);
    (select(&SERIALS[..]), uuid, ek, select(vec![None, Some(1), Some(2)])).prop_map(|(serial, uuid, ek, tail)| Laptop {
        serial: serial.to_owned(),
        uuid,
        ek,
        key: tail.map(key),
    })
}

fn act() -> impl Strategy<Value = Act> {
    let device = || 1..7_u64;
    let serial = || select(vec![None, Some(SERIALS[0]), Some(SERIALS[1]), Some(SERIALS[2]), Some(SERIALS[3])]);
    let tail = || select(vec![None, Some(1), Some(2)]);
    let seconds = || select(vec![5, 50, 500_000_000]);
    let code = prop_oneof![
        select(vec!["PF000001", "S/N: PF000002", "SPF00003", "3311000000001", "3311000000002", ""])
            .prop_map(str::to_owned),
        (select(&SERIALS[..]), 1..3_u32).prop_map(|(serial, tail)| {
            format!(r#"{{"ZtdId":"aaaaaaaa-bbbb-cccc-dddd-{tail:012}","SerialNumber":"{serial}"}}"#)
        }),
    ];
    let on = prop_oneof![2 => Just(None), 1 => device().prop_map(Some)];
    prop_oneof![
        2 => some_laptop().prop_map(Act::Hello),
        4 => (some_laptop(), proptest::option::of(seconds())).prop_map(|(laptop, age)| Act::Boots(laptop, age)),
        1 => Just(Act::Again),
        3 => (some_laptop(), seconds()).prop_map(|(laptop, age)| Act::Import(laptop, age)),
        2 => (serial(), tail()).prop_map(|(serial, tail)| Act::Tuple(serial, tail)),
        4 => (code, on).prop_map(|(code, on)| Act::Scan(code, on)),
        2 => (select(&BATCHES[..]), select(vec![None, Some("ACME"), Some("Globex")]), serial(), tail())
            .prop_map(|(batch, customer, serial, tail)| Act::List(batch, customer, serial, tail)),
        2 => device().prop_map(Act::Release),
        2 => device().prop_map(Act::SameLaptop),
        1 => device().prop_map(Act::Order),
        1 => device().prop_map(Act::Probe),
        2 => some_laptop().prop_map(Act::Asks),
        1 => device().prop_map(Act::Choose),
        1 => (select(&BATCHES[..]), select(vec![IdentityPolicy::LinuxHash, IdentityPolicy::Tuple]))
            .prop_map(|(batch, policy)| Act::Open(batch, policy)),
        1 => (1..30_u64).prop_map(Act::Later),
    ]
}

impl Shop {
    fn happens(&mut self, act: Act) {
        match act {
            Act::Hello(laptop) => drop(self.hello(&laptop)),
            Act::Boots(laptop, age) => {
                let mut capture = laptop.capture(self.messages + 1);
                self.messages += 1;
                capture.hash = age.map(|age| MadeHash { hash: laptop.hash(age), sources: vec![] });
                let receipt = self.hands_in(capture.clone());
                // What the laptop was told is what the board shows.
                let row = &self.bench.rows[&DeviceId(receipt.device)];
                assert_eq!(receipt.outcome == Outcome::Held, row.stage == StageName::Held, "{receipt:?} {row:?}");
                let again = self.hands_in(capture);
                assert_eq!((again.stored, &again.missing), (false, &receipt.missing));
            }
            Act::Again if self.messages > 0 => {
                let message = message_id(self.messages);
                if self.bench.device_of(message).is_some() {
                    let capture = testing::capture(message, "PF000001", uuid(1), None);
                    let taken = self.bench.decide_capture(capture, &self.sealed(message), self.now).unwrap();
                    assert!(taken.records.is_empty());
                }
            }
            Act::Again => {}
            Act::Import(laptop, age) => self.again_and_again(&laptop.entry(age)),
            Act::Tuple(serial, tail) => self.again_and_again(&tuple(serial, tail.map(key))),
            Act::Scan(code, on) => {
                let on = on.filter(|id| {
                    self.bench
                        .device(DeviceId(*id))
                        .is_some_and(|device| !device.is_replaced() && self.bench.at_work(device))
                });
                self.scan(&code, on);
                // The second time may find what the first took in, and says no more after that.
                self.scan(&code, on);
                assert_eq!(self.scan(&code, on).1, 0, "{code} {on:?}");
            }
            Act::List(batch, customer, serial, tail) => {
                let lines = vec![line(serial, tail.map(key))];
                self.order(batch, customer, lines.clone());
                assert_eq!(self.order(batch, customer, lines), 0);
            }
            Act::Release(device) => drop(self.release(device)),
            Act::SameLaptop(device) => drop(self.same_laptop(device)),
            Act::Order(device) => {
                let records = self.bench.decide_order(DeviceId(device), Order::PowerOff).unwrap_or_default();
                self.write(records);
            }
            Act::Asks(laptop) => {
                let mac = crate::identity::Mac([0, 0x50, 1, 2, 3, 4]);
                let records = self.bench.decide_seen(Some(SystemUuid(laptop.uuid)), mac, false, self.now);
                self.write(records);
            }
            Act::Choose(device) => {
                let choice = crate::netboot::Choice::Boot(crate::netboot::Program::MemoryTest);
                if let Ok(records) = self.bench.decide_boot(&[DeviceId(device)], choice) {
                    self.write(records);
                }
                let taken = self.bench.decide_boot_taken(DeviceId(device), crate::netboot::Program::MemoryTest);
                self.write(taken);
            }
            Act::Probe(device) => {
                let records = self.bench.decide_probe(DeviceId(device), Probe::Free).unwrap_or_default();
                self.write(records);
            }
            Act::Open(batch, policy) => self.open(batch, policy),
            Act::Later(hours) => drop(self.later(hours)),
        }
    }

    /// What became of it the first time may show whose papers others were; after that there is nothing new in it.
    fn again_and_again(&mut self, entry: &Entry) {
        let Ok((device, _)) = self.import(entry.clone()) else { return };
        let Ok(_) = self.import(entry.clone()) else { return };
        let lives_on = self.bench.successor(device).unwrap().id;
        assert_eq!(self.import(entry.clone()), Ok((lives_on, Admission::Known)), "{entry:?}");
    }

    fn refolded(&self) -> Bench {
        let mut bench = Bench::default();
        for (at, record) in &self.journal {
            let text = serde_json::to_string(record).unwrap();
            bench.apply(bench.next, *at, serde_json::from_str(&text).unwrap()).unwrap();
        }
        bench
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn what_is_decided_can_be_written_and_folds_again(acts in vec(act(), 1..40)) {
        let mut shop = shop();
        for act in acts {
            shop.happens(act);
        }
        prop_assert_eq!(shop.refolded(), shop.bench);
    }
}
