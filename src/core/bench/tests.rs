//! A bench at work, told in the order things happen there.

mod arrivals;
mod batches;
mod boards;
mod codes;
mod entries;
mod export;
mod handover;
mod journal;
mod labels;
mod lists;
mod models;
mod network;
mod orders;
mod people;
mod preflights;
mod registrations;
mod sequences;
mod sticks;
mod winpe;

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::*;
use crate::{
    api::{Outcome, Receipt},
    capture::{Capture, Hello, Msdm},
    control::{ScanAnswer, StageName, Tone},
    device::{HoldReason, Signal, Stage},
    entry::{Entry, Lane, Refusal, Source},
    hwhash::{HardwareHash, MadeHash, Record as HashRecord},
    identity::{Clash, EkDigest, Serial, SystemUuid},
    msdm::ProductKeyId,
    order::{Expected, LineState, Match},
    problem::Problem,
    testing::{self, smbios, uuid},
};

/// One stick for each batch.
const SPRING: MediaId = MediaId([1; 16]);
const AUTUMN: MediaId = MediaId([2; 16]);
const NOTHING: [u8; 16] = [0; 16];
const JUNK: &str = "To be filled by O.E.M.";

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

fn number(device: u64) -> DeviceId {
    DeviceId(device)
}

fn key(tail: u32) -> ProductKeyId {
    ProductKeyId::try_from(format!("33110000{tail:05}")).unwrap()
}

/// A laptop: what its firmware and TPM say, whoever asks.
#[derive(Debug, Clone)]
struct Laptop {
    serial: String,
    uuid: [u8; 16],
    ek: Option<u8>,
    key: Option<ProductKeyId>,
}

/// `board` stands for UUID and TPM.
fn laptop(serial: &str, board: u8) -> Laptop {
    Laptop { serial: serial.to_owned(), uuid: uuid(board), ek: Some(board), key: None }
}

impl Laptop {
    fn with_key(self, tail: u32) -> Self {
        Self { key: Some(key(tail)), ..self }
    }

    fn without_tpm(self) -> Self {
        Self { ek: None, ..self }
    }

    fn capture(&self, message: u64) -> Capture {
        let mut capture = testing::capture(message_id(message), &self.serial, self.uuid, self.ek);
        capture.msdm = self.key.clone().map(|product_key_id| Msdm {
            oem_id: "LENOVO".to_owned(),
            product_key_id,
            key_tail: "T83GX".to_owned(),
        });
        capture
    }

    /// As Windows would make it, this many seconds after 2000.
    fn hash(&self, seconds: u32) -> HardwareHash {
        let text = |kind, text: &str| HashRecord::Text { kind, text: text.to_owned(), nul: false };
        let mut records = vec![
            HashRecord::Versions {
                tool_build: [10, 0, 26100, 1],
                os_build: [10, 0, 26100, 1],
                seconds,
                zone_quarters: 0,
                os_type: 2,
                architecture: 9,
                tool: 9,
            },
            HashRecord::SmbiosUuid { uuid: SystemUuid(self.uuid) },
            text(14, &self.serial),
            text(16, "LENOVO"),
            text(17, "21CB"),
        ];
        records.extend(self.ek.map(|ek| HashRecord::OfflineDeviceId {
            status: 0,
            method: 1,
            flag: 0,
            id: Sha256::digest([ek; 40]).into(),
        }));
        records.extend(self.key.as_ref().map(|key| text(24, key.as_str())));
        HardwareHash::encode(&records).unwrap()
    }

    fn entry(&self, seconds: u32) -> Entry {
        Entry { hash: Some(self.hash(seconds)), ..Entry::new(Lane::IntuneCsv) }
    }
}

/// The entry of a line with a serial number, or with a product key id.
fn tuple(serial: Option<&str>, key: Option<ProductKeyId>) -> Entry {
    let serial = serial.map(|serial| Serial::try_from(serial.to_owned()).unwrap());
    Entry { serial, product_key_id: key, ..Entry::new(Lane::PartnerCsv) }
}

fn line(serial: Option<&str>, key: Option<ProductKeyId>) -> Expected {
    Expected {
        serial: serial.map(|serial| Serial::try_from(serial.to_owned()).unwrap()),
        product_key_id: key,
        manufacturer: String::new(),
        model: String::new(),
        asset_tag: String::new(),
    }
}

fn message_id(message: u64) -> MessageId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&message.to_be_bytes());
    MessageId(id)
}

/// Decides and writes, as the shell does, and keeps what was written.
struct Shop {
    bench: Bench,
    now: Moment,
    stick: MediaId,
    messages: u64,
    journal: Vec<(Moment, Record)>,
}

/// A bench at work on batch `spring`, with one stick of it and one of batch `autumn`.
fn shop() -> Shop {
    let mut shop =
        Shop { bench: Bench::default(), now: at(1_800_000_000_000), stick: SPRING, messages: 0, journal: vec![] };
    shop.write(vec![
        Record::BatchOpened {
            batch: "spring".into(),
            policy: IdentityPolicy::default(),
            boot: Default::default(),
            asked: false,
        },
        Record::MediaIssued { media: SPRING, batch: "spring".into(), network: false },
        Record::MediaIssued { media: AUTUMN, batch: "autumn".into(), network: false },
    ]);
    shop
}

impl Shop {
    fn write(&mut self, records: Vec<Record>) -> usize {
        let count = records.len();
        for record in records {
            // What is written must survive being written.
            let text = serde_json::to_string(&record).unwrap();
            let read: Record = serde_json::from_str(&text).unwrap();
            assert_eq!(read, record);
            self.bench.apply(self.bench.next, self.now, read).unwrap();
            self.journal.push((self.now, record));
            self.now = self.now.after(Duration::from_millis(1));
        }
        self.check();
        count
    }

    /// What must hold after whatever happened.
    fn check(&self) {
        let mut anew = self.bench.clone();
        anew.refresh_all();
        assert_eq!(self.bench.rows, anew.rows, "a row is stale");
        for device in self.bench.devices().filter(|device| device.is_replaced()) {
            assert_eq!(self.bench.standing_order(device.id), None);
        }
        let standing = self.bench.order_status().unwrap_or_default();
        for line in standing.lines {
            let LineState::Here { device } = line.state else { continue };
            assert!(!self.bench.device(device).unwrap().is_replaced(), "{line:?}");
        }
    }

    fn open(&mut self, batch: &str, policy: IdentityPolicy) {
        self.stick = if batch == "autumn" { AUTUMN } else { SPRING };
        self.write(vec![Record::BatchOpened {
            batch: batch.to_owned(),
            policy,
            boot: Default::default(),
            asked: false,
        }]);
    }

    fn later(&mut self, hours: u64) -> &mut Self {
        self.now = self.now.after(Duration::from_secs(hours * 3600));
        self
    }

    fn sealed(&self, message: MessageId) -> Sealed {
        Sealed { media: self.stick, message, signal: Signal::Agent, envelope: "00".repeat(32) }
    }

    fn next_message(&mut self) -> u64 {
        self.messages += 1;
        self.messages
    }

    fn hello(&mut self, laptop: &Laptop) -> usize {
        let message = message_id(self.next_message());
        let identity = smbios(&laptop.serial, laptop.uuid).identity();
        let hello = Hello { agent: "test".into(), identity, simulated: false };
        let records = self.bench.decide_hello(&hello, &self.sealed(message), self.now).unwrap();
        self.write(records)
    }

    fn boots(&mut self, laptop: &Laptop) -> Receipt {
        let message = self.next_message();
        self.hands_in(laptop.capture(message))
    }

    fn hands_in(&mut self, capture: Capture) -> Receipt {
        let sealed = self.sealed(capture.id);
        let taken = self.bench.decide_capture(capture, &sealed, self.now).unwrap();
        self.write(taken.records);
        taken.receipt
    }

    fn import(&mut self, entry: Entry) -> Result<(DeviceId, Admission), Refusal> {
        let source = Source { name: "list.csv".to_owned(), line: 2 };
        let admitted = self.bench.decide_entry(entry, &source, Signal::Import, self.now)?;
        self.write(admitted.records);
        Ok((admitted.device, admitted.outcome))
    }

    fn scan(&mut self, code: &str, on: Option<u64>) -> (ScanAnswer, usize) {
        let heard = self.bench.decide_scan(code, on.map(DeviceId), self.now).unwrap();
        let count = self.write(heard.records);
        (heard.answer, count)
    }

    /// Title and tone of what is said to a code.
    fn says(&mut self, code: &str, on: Option<u64>) -> (String, Tone) {
        let (answer, _) = self.scan(code, on);
        (answer.title, answer.tone)
    }

    fn order(&mut self, batch: &str, customer: Option<&str>, lines: Vec<Expected>) -> usize {
        let records = self.bench.decide_order_list(batch, customer.map(str::to_owned), "po.csv", lines);
        self.write(records)
    }

    fn expects(&mut self, serials: &[&str]) {
        self.order("spring", Some("ACME"), serials.iter().map(|serial| line(Some(serial), None)).collect());
    }

    fn release(&mut self, device: u64) -> Result<(), Problem> {
        let records = self.bench.decide_release(DeviceId(device), self.now)?;
        self.write(records);
        Ok(())
    }

    fn same_laptop(&mut self, device: u64) -> Result<(), Problem> {
        let records = self.bench.decide_same_laptop(DeviceId(device))?;
        self.write(records);
        Ok(())
    }

    fn device(&self, device: u64) -> &Device {
        self.bench.device(DeviceId(device)).unwrap()
    }

    fn stage(&self, device: u64) -> StageName {
        self.device(device).stage.name()
    }

    fn holds(&self, device: u64) -> Vec<HoldReason> {
        self.device(device).stage.holds().cloned().collect()
    }

    fn matching(&self, device: u64) -> Match {
        self.bench.rows[&DeviceId(device)].matching.clone()
    }

    fn history(&self, device: u64) -> Vec<&str> {
        self.device(device).history.iter().map(|(.., words)| words.as_str()).collect()
    }

    /// Devices by their number, those that live on under another left out.
    fn present(&self) -> Vec<u64> {
        self.bench.present().map(|device| device.id.0).collect()
    }

    /// The line's device, if its laptop is here.
    fn lines(&self) -> Vec<Option<u64>> {
        let here = |state| match state {
            LineState::Here { device } => Some(device.0),
            LineState::Missing => None,
        };
        self.bench.order_status().unwrap().lines.into_iter().map(|line| here(line.state)).collect()
    }
}

fn clash(clash: Clash, other: u64) -> HoldReason {
    HoldReason::Clash { clash, other: DeviceId(other) }
}

fn wrong_customer(customer: &str, batch: &str) -> HoldReason {
    HoldReason::WrongCustomer { customer: customer.to_owned(), batch: batch.to_owned() }
}
