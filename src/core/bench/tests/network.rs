//! Laptops whose firmware asks the network for something to boot.

use super::*;
use crate::{
    identity::Mac,
    netboot::{BootTable, Choice, Decision, Mode, Program, Reason},
};

const DONGLE: Mac = Mac([0x00, 0xe0, 0x4c, 1, 2, 3]);
const SCAN: Decision = Decision::Boot(Program::QuickScan);

impl Shop {
    /// Its first packet.
    fn asks(&mut self, laptop: &Laptop) -> usize {
        self.asks_as(Some(SystemUuid(laptop.uuid)), DONGLE)
    }

    fn asks_as(&mut self, uuid: Option<SystemUuid>, mac: Mac) -> usize {
        let records = self.bench.decide_seen(uuid, mac, false, self.now);
        self.write(records)
    }

    fn chooses(&mut self, devices: &[u64], choice: Choice) -> Result<usize, Problem> {
        let devices: Vec<_> = devices.iter().copied().map(DeviceId).collect();
        let records = self.bench.decide_boot(&devices, choice)?;
        Ok(self.write(records))
    }

    fn told(&self, uuid: Option<[u8; 16]>, mac: Mac) -> Decision {
        BootTable::new(self.bench.devices(), self.bench.program()).of(uuid.map(SystemUuid), mac)
    }

    fn boot(&self, device: u64) -> (Decision, Reason) {
        self.bench.rows[&DeviceId(device)].boot
    }
}

#[test]
fn a_laptop_is_on_the_board_with_its_first_packet_and_is_itself_when_it_is_captured() {
    let mut shop = shop();
    let one = laptop("PF000001", 1);
    assert_eq!(shop.asks(&one), 1);
    assert_eq!(shop.asks(&one), 0, "it asks again every few seconds");
    assert_eq!((shop.stage(1), shop.device(1).signal), (StageName::Arrived, Signal::Network));
    assert_eq!(shop.boot(1), (SCAN, Reason::Batch));
    shop.boots(&one);
    assert_eq!(shop.present(), [1]);
    assert_eq!(shop.stage(1), StageName::Captured);
    assert_eq!(shop.boot(1), (Decision::LocalDisk, Reason::Captured));
    assert_eq!(shop.asks(&one), 0);
}

#[test]
fn one_dongle_in_many_laptops_is_no_laptop() {
    let mut shop = shop();
    let (one, two) = (laptop("PF000001", 1), laptop("PF000002", 2));
    shop.asks(&one);
    shop.boots(&one);
    assert_eq!(shop.asks(&two), 1);
    assert_eq!(shop.present(), [1, 2]);
    assert_eq!(shop.told(Some(one.uuid), DONGLE), Decision::LocalDisk);
    assert_eq!(shop.told(Some(two.uuid), DONGLE), SCAN);
    assert_eq!(shop.told(Some(uuid(3)), DONGLE), SCAN, "whoever is new gets what the batch boots");
    assert_eq!(shop.bench.find_on_wire(Some(SystemUuid(two.uuid)), Some(DONGLE)), Some(number(2)));
}

#[test]
fn a_laptop_without_a_uuid_goes_by_its_address() {
    let mut shop = shop();
    let junk = Some(SystemUuid([0xff; 16]));
    assert_eq!(shop.asks_as(junk, DONGLE), 1);
    assert_eq!(shop.asks_as(None, DONGLE), 0);
    shop.chooses(&[1], Choice::Ignore).unwrap();
    assert_eq!(shop.told(None, DONGLE), Decision::Ignore);
    assert_eq!(shop.told(Some([0xff; 16]), DONGLE), Decision::Ignore);
    // Software made this one up; it names nobody.
    assert_eq!(shop.asks_as(None, Mac([2, 0, 0, 0, 0, 1])), 0);
}

#[test]
fn papers_packet_and_capture_come_to_one_laptop() {
    let mut shop = shop();
    let one = laptop("PF000001", 1);
    shop.import(tuple(Some("PF000001"), None)).unwrap();
    shop.asks(&one);
    assert_eq!(shop.present(), [1, 2], "a packet says no serial number");
    shop.boots(&one);
    assert_eq!(shop.present().len(), 1);
}

#[test]
fn what_was_chosen_is_for_once() {
    let mut shop = shop();
    let one = laptop("PF000001", 1);
    shop.boots(&one);
    assert_eq!(shop.chooses(&[1], Choice::Boot(Program::QuickScan)), Ok(1));
    assert_eq!(shop.chooses(&[1], Choice::Boot(Program::QuickScan)), Ok(0));
    assert_eq!(shop.told(Some(one.uuid), DONGLE), SCAN);
    assert_eq!(shop.bench.decide_boot_taken(number(1), Program::QuickScan), []);
    shop.boots(&one);
    assert_eq!(shop.told(Some(one.uuid), DONGLE), Decision::LocalDisk, "the scan is done");

    shop.chooses(&[1], Choice::Boot(Program::MemoryTest)).unwrap();
    assert_eq!(shop.bench.decide_boot_taken(number(1), Program::WinPe), []);
    let records = shop.bench.decide_boot_taken(number(1), Program::MemoryTest);
    assert_eq!(shop.write(records), 1);
    assert_eq!(shop.boot(1), (Decision::LocalDisk, Reason::Captured), "it never loops");
}

#[test]
fn a_selection_is_changed_whole_or_not_at_all() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    let refused = shop.chooses(&[1, 7], Choice::LocalDisk).unwrap_err();
    assert!(refused.what.contains("#7"), "{refused}");
    assert_eq!(shop.device(1).boot, Choice::Automatic);
    shop.boots(&laptop("PF000002", 2));
    assert_eq!(shop.chooses(&[1, 2], Choice::Boot(Program::QuickScan)), Ok(2));
}

#[test]
fn a_hold_does_not_scan_for_ever() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    shop.boots(&laptop("PF000001", 2));
    assert_eq!(shop.stage(2), StageName::Held);
    assert_eq!(shop.boot(2), (Decision::LocalDisk, Reason::Captured));
}

#[test]
fn whoever_makes_addresses_up_does_not_fill_the_board() {
    let mut shop = shop();
    let mut taken = 0;
    for n in 0..400_u32 {
        let [a, b, c, d] = n.to_be_bytes();
        taken += shop.bench.decide_seen(None, Mac([0, 0x50, a, b, c, d]), false, shop.now).len();
        let records = shop.bench.decide_seen(None, Mac([0, 0x50, a, b, c, d]), false, shop.now);
        shop.write(records);
    }
    assert_eq!((taken, shop.present().len()), (256, 256));
}

#[test]
fn a_batch_boots_its_own_program_and_a_network_its_own_mode() {
    let mut shop = shop();
    let boot = Program::WinPe;
    shop.write(vec![Record::BatchOpened {
        batch: "spring".into(),
        policy: IdentityPolicy::default(),
        boot,
        asked: false,
    }]);
    shop.asks(&laptop("PF000001", 1));
    assert_eq!(shop.boot(1), (Decision::Boot(Program::WinPe), Reason::Batch));
    assert_eq!(shop.bench.network_mode("enp3s0"), None);
    shop.write(vec![Record::NetworkModeChosen { interface: "enp3s0".into(), mode: Mode::Own }]);
    assert_eq!(shop.bench.network_mode("enp3s0"), Some(Mode::Own));
    assert_eq!(shop.bench.network_medium(), None);
    let media = MediaId([9; 16]);
    shop.write(vec![Record::MediaIssued { media, batch: "spring".into(), network: true }]);
    assert_eq!(shop.bench.network_medium(), Some(media));
    shop.write(vec![Record::MediaRevoked { media }]);
    assert_eq!(shop.bench.network_medium(), None);
}
