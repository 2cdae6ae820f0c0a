//! Laptops that do not exist: believable, deterministic from a seed, and marked as simulated in every
//! message they send.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use whiteglove_core::{
    blob::Blob,
    capture::{
        Battery, Bus, Capture, Cpu, Disk, Display, EkCertificate, EkSource, EndorsementKey, Finding, Firmware,
        FirmwareVariable, Hello, Keys, Msdm, Nic, NicKind, Part, Rtc, SmbiosTables, Timing, Tpm, TpmPresence, Variable,
    },
    certificates::{
        Authority,
        signature_list::kind,
        testing::{certificate, list},
    },
    clock::Moment,
    envelope::MessageId,
    hwhash,
    identity::Mac,
    smbios::structure,
    tpm::{certificate::with_rsa_key, rsa_public},
};

/// How a laptop's visit to the bench goes. Shares are per hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    NoTpm,
    SecureBootOff,
    FlatBattery,
    NoDisk,
    /// Its clock is half an hour behind.
    ClockBehind,
    /// Somebody associated it with a tenant before.
    Associated,
    /// Its firmware never got a serial number, a UUID or a TPM key.
    Nameless,
    /// Its board was replaced and given the serial of the laptop before it.
    CloneOfPrevious,
    /// Pulled off the bench after its hello.
    GoesAway,
    /// The answer to its capture gets lost, so it sends it again.
    Stutters,
}

#[derive(Debug, Clone, Copy)]
struct Model {
    manufacturer: &'static str,
    product: &'static str,
    version: &'static str,
    sku: &'static str,
    family: &'static str,
    prefix: &'static str,
    oui: [u8; 3],
}

const MODELS: [Model; 4] = [
    Model {
        manufacturer: "LENOVO",
        product: "21HDCTO1WW",
        version: "ThinkPad T14 Gen 4",
        sku: "LENOVO_MT_21HD_BU_Think_FM_ThinkPad T14 Gen 4",
        family: "ThinkPad T14 Gen 4",
        prefix: "PF",
        oui: [0x9c, 0x2d, 0xcd],
    },
    Model {
        manufacturer: "Dell Inc.",
        product: "Latitude 5450",
        version: "",
        sku: "0CB2",
        family: "Latitude",
        prefix: "",
        oui: [0xc0, 0x47, 0x0e],
    },
    Model {
        manufacturer: "HP",
        product: "HP EliteBook 840 14 inch G10",
        version: "SBKPF",
        sku: "8A3S1EA#ABD",
        family: "103C_5336AN HP EliteBook",
        prefix: "5CG",
        oui: [0xe8, 0xd8, 0xd1],
    },
    Model {
        manufacturer: "Microsoft Corporation",
        product: "Surface Laptop 6",
        version: "",
        sku: "Surface_Laptop_6_13_1867",
        family: "Surface",
        prefix: "0F",
        oui: [0x28, 0x16, 0xa8],
    },
];

#[derive(Debug, Clone)]
pub(super) struct Laptop {
    seed: u64,
    number: u64,
    pub(super) fate: Fate,
}

impl Laptop {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut laptop = Self { seed, number, fate: Fate::Fine };
        laptop.fate = match laptop.dice("fate") % 100 {
            0..=3 => Fate::NoTpm,
            4..=7 => Fate::SecureBootOff,
            8..=10 => Fate::FlatBattery,
            11..=12 => Fate::NoDisk,
            13..=14 => Fate::Nameless,
            15..=17 if number > 0 => Fate::CloneOfPrevious,
            18..=20 => Fate::GoesAway,
            21..=25 => Fate::Stutters,
            26..=28 => Fate::ClockBehind,
            29..=30 => Fate::Associated,
            _ => Fate::Fine,
        };
        laptop
    }

    /// The same laptop with nothing wrong, for load tests.
    pub(super) fn flawless(seed: u64, number: u64) -> Self {
        Self { seed, number, fate: Fate::Fine }
    }

    fn bytes(&self, usage: &str) -> [u8; 32] {
        let mut hasher = Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.number.to_be_bytes());
        hasher.update(usage);
        hasher.finalize().into()
    }

    pub(super) fn dice(&self, usage: &str) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes(usage);
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    fn model(&self) -> Model {
        MODELS[usize::try_from(self.dice("model") % 4).unwrap_or(0)]
    }

    fn serial(&self) -> String {
        const LETTERS: &[u8] = b"0123456789ABCDEFGHJKLMNPQRSTVWXYZ";
        match self.fate {
            Fate::Nameless => "To Be Filled By O.E.M.".to_owned(),
            Fate::CloneOfPrevious => Self::new(self.seed, self.number - 1).serial(),
            _ => {
                let prefix = self.model().prefix;
                let tail = self.bytes("serial").into_iter().take(8 - prefix.len().min(3));
                let tail = tail.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
                prefix.chars().chain(tail).collect()
            }
        }
    }

    fn smbios(&self) -> SmbiosTables {
        let model = self.model();
        let mut uuid = [0xff; 16];
        if self.fate != Fate::Nameless {
            uuid.copy_from_slice(&self.bytes("uuid")[..16]);
        }
        let serial = self.serial();
        let mut table = structure(0, &[1, 2, 0, 0, 3], &[model.manufacturer, "N3QET45W (1.45)", "05/20/2026"]);
        let mut system = vec![1, 2, 3, 4];
        system.extend(uuid);
        system.extend([6, 5, 6]);
        // An empty string has no place in a string set; firmware writes a blank.
        let version = if model.version.is_empty() { " " } else { model.version };
        let strings = [model.manufacturer, model.product, version, &serial, model.sku, model.family];
        table.extend(structure(1, &system, &strings));
        table.extend(structure(2, &[1, 2, 0, 3], &[model.manufacturer, model.product, &serial]));
        table.extend(structure(3, &[1, 10, 0, 2, 0], &[model.manufacturer, &serial]));
        // One array of two sockets, at most 64 GiB (in KiB); 16 GiB are in it.
        table.extend(structure(16, &[3, 3, 3, 0, 0, 0, 4, 0xfe, 0xff, 2, 0], &[]));
        table.extend(structure(17, &[0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x40], &[]));
        if self.fate != Fate::Nameless {
            table.extend(structure(43, b"SIM \x02\x00", &[]));
        }
        table.extend(structure(127, &[], &[]));
        SmbiosTables { entry_point: Blob(b"_SM3_".to_vec()), table: Blob(table) }
    }

    fn tpm(&self) -> Option<Tpm> {
        if matches!(self.fate, Fate::NoTpm | Fate::Nameless) {
            return None;
        }
        let modulus = self.modulus();
        let key = EndorsementKey { source: EkSource::Persistent, public: Blob(rsa_public(&modulus)) };
        let certificate = EkCertificate { nv_index: 0x01c0_0002, der: Blob(with_rsa_key(&modulus)) };
        Some(Tpm {
            family: "2.0".to_owned(),
            level: 0,
            revision: 159,
            vendor: "SIM ".to_owned(),
            firmware: (1, 2),
            keys: vec![key],
            certificates: vec![certificate],
        })
    }

    /// Both generations of Microsoft's authorities, by their names only. Where Secure Boot is off, somebody turned it off
    /// because the third parties' were, as such laptops ship.
    fn keys(&self) -> Keys {
        const OWNER: [u8; 16] = [0x51; 16];
        let value = |lists: Vec<Vec<u8>>| Variable::Value(Arc::new(Blob(lists.concat())));
        let certificate = |name: &str| list(kind::X_509, OWNER, &[certificate(name, "SIMULATED")]);
        let windows = [Authority::Windows2011, Authority::Windows2023];
        let others = [Authority::ThirdParty2011, Authority::ThirdParty2023];
        let others = others.iter().filter(|_| self.fate != Fate::SecureBootOff);
        let dangerous: Vec<Vec<u8>> = (1..=20).map(|n| vec![n; 32]).collect();
        Keys {
            db: value(windows.iter().chain(others).map(|authority| certificate(authority.name())).collect()),
            dbx: value(vec![list(kind::SHA_256, OWNER, &dangerous)]),
            kek: value(vec![certificate("Microsoft Corporation KEK CA 2011")]),
            sbat: value(vec![b"sbat,1,2024010900\nshim,4\ngrub,3\n".to_vec()]),
        }
    }

    /// One of its own, as every machine has; no key belongs to it. Group 3305 is an edition of Pro.
    fn msdm(&self) -> Option<Msdm> {
        if self.fate == Fate::Nameless {
            return None;
        }
        let id = format!("3305{:09}", self.dice("product key") % 1_000_000_000);
        let product_key_id = id.parse().ok()?;
        Some(Msdm { oem_id: "SIMULA".to_owned(), product_key_id, key_tail: id[8..].to_owned() })
    }

    /// Random bytes in the shape of one: nobody has factors, and no chip has it.
    fn modulus(&self) -> [u8; 256] {
        let mut modulus = [0; 256];
        for (part, bytes) in modulus.chunks_mut(32).enumerate() {
            bytes.copy_from_slice(&self.bytes(&format!("ek {part}")));
        }
        modulus[0] |= 0x80;
        modulus[255] |= 1;
        modulus
    }

    pub(super) fn mac(&self) -> Mac {
        let [a, b, c, ..] = self.bytes("mac");
        let [x, y, z] = self.model().oui;
        Mac([x, y, z, a, b, c])
    }

    pub(super) fn hello(&self) -> Hello {
        Hello { agent: agent(), identity: self.smbios().identity(), simulated: true }
    }

    /// `now` is what its clock shows, if that is right.
    pub(super) fn capture(&self, id: MessageId, now: Moment) -> Capture {
        let mut capture = self.read(id, now);
        let at = capture.rtc.map_or(now, |rtc| rtc.read);
        match hwhash::make(&capture, at) {
            Ok(made) => capture.hash = Some(made),
            Err(error) => capture.findings.push(Finding { part: Part::Hash, what: error.to_string() }),
        }
        capture
    }

    fn read(&self, id: MessageId, now: Moment) -> Capture {
        let mac = self.mac();
        let tpm = self.tpm();
        let behind = if self.fate == Fate::ClockBehind { 31 * 60_000 } else { 0 };
        let rtc = Rtc { read: Moment::from_millis(now.millis().saturating_sub(behind) / 1000 * 1000) };
        let mark = FirmwareVariable {
            name: "DeviceLinkId".to_owned(),
            bytes: 36,
            text: Some(format!("{}-simulated", hex::encode(&self.bytes("link")[..13]))),
        };
        let missing_tpm = Finding { part: Part::Tpm, what: "no TPM answers; it may be off in the firmware".to_owned() };
        let disk = Disk {
            name: "nvme0n1".to_owned(),
            bus: Bus::Nvme,
            bytes: 512_110_190_592,
            model: "SIMULATED NVMe 512GB".to_owned(),
            serial: hex::encode(&self.bytes("disk")[..7]).to_uppercase(),
            serial_raw: String::new(),
            firmware: "1.0".to_owned(),
            wwid: format!("eui.{}", hex::encode(&self.bytes("disk")[..8])),
            nguid: String::new(),
            eui: hex::encode(&self.bytes("disk")[..8]),
            rotational: false,
            removable: false,
            boot_medium: false,
        };
        Capture {
            id,
            agent: agent(),
            simulated: true,
            stick: None,
            smbios: Some(self.smbios()),
            firmware: Firmware {
                uefi: true,
                secure_boot: Some(self.fate != Fate::SecureBootOff),
                setup_mode: Some(false),
                keys: Some(self.keys()),
            },
            device_link: if self.fate == Fate::Associated { vec![mark] } else { vec![] },
            hash: None,
            findings: if tpm.is_none() { vec![missing_tpm] } else { vec![] },
            tpm_presence: match (&tpm, self.fate) {
                (Some(_), _) => TpmPresence::Answers,
                (None, Fate::NoTpm) => TpmPresence::Hidden,
                (None, _) => TpmPresence::None,
            },
            tpm,
            msdm: self.msdm(),
            nics: vec![Nic {
                name: "enp0s31f6".to_owned(),
                mac,
                permanent_mac: Some(mac),
                bus: Bus::Pci,
                kind: NicKind::Wired,
                driver: "e1000e".to_owned(),
                hardware: Some((0x8086, 0x15fb)),
                carrier: true,
            }],
            disks: if self.fate == Fate::NoDisk { vec![] } else { vec![disk] },
            cpu: Cpu {
                vendor: "GenuineIntel".to_owned(),
                model: "Simulated Core i5".to_owned(),
                sockets: 1,
                cores: 10,
                threads: 12,
                family: 6,
                model_number: 186,
                stepping: 2,
            },
            memory_bytes: 16_500_000_000,
            batteries: vec![Battery {
                name: "BAT0".to_owned(),
                percent: Some(if self.fate == Fate::FlatBattery { 7 } else { 64 }),
                status: "Charging".to_owned(),
                health_percent: Some(100),
                cycles: Some(1),
            }],
            displays: vec![Display {
                connector: "eDP-1".to_owned(),
                width_px: 1920,
                height_px: 1200,
                width_mm: 301,
                height_mm: 188,
            }],
            rtc: Some(rtc),
            timings: vec![Timing { part: Part::Smbios, millis: 1 }, Timing { part: Part::Tpm, millis: 180 }],
        }
    }
}

fn agent() -> String {
    format!("{} (simulated)", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(1_800_000_000_000);

    #[test]
    fn every_fate_happens_and_is_what_it_says() {
        let laptops: Vec<Laptop> = (0..400).map(|number| Laptop::new(1, number)).collect();
        let find = |fate| laptops.iter().find(|laptop| laptop.fate == fate).unwrap();
        let capture = |fate| find(fate).capture(MessageId([0; 16]), NOW);
        assert!(capture(Fate::NoTpm).tpm.is_none());
        assert_eq!(capture(Fate::ClockBehind).rtc.unwrap().read.millis(), NOW.millis() - 31 * 60_000);
        assert_eq!(capture(Fate::Associated).device_link[0].bytes, 36);
        assert!(capture(Fate::Nameless).identity().is_anonymous());
        assert!(capture(Fate::NoDisk).disks.is_empty());
        assert!(!capture(Fate::Fine).identity().is_anonymous());
        let clone = find(Fate::CloneOfPrevious);
        assert_eq!(clone.serial(), Laptop::new(1, clone.number - 1).serial());
        for fate in [Fate::SecureBootOff, Fate::FlatBattery, Fate::GoesAway, Fate::Stutters] {
            find(fate);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_laptop() {
        let id = MessageId([3; 16]);
        assert_eq!(Laptop::new(5, 9).capture(id, NOW), Laptop::new(5, 9).capture(id, NOW));
        assert_ne!(Laptop::new(6, 9).capture(id, NOW), Laptop::new(5, 9).capture(id, NOW));
    }

    #[test]
    fn the_hash_says_what_the_laptop_says() {
        let laptop = Laptop::flawless(3, 4);
        let capture = laptop.capture(MessageId([3; 16]), NOW);
        let hash = &capture.hash.as_ref().unwrap().hash;
        let [record] =
            hash.records().into_iter().filter(|record| record.kind() == 25).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(record.value().as_ref(), laptop.modulus());
        assert_eq!(hash.missing(), []);
        assert!(hash.identity().uuid.is_some() && hash.identity().uuid == capture.identity().uuid);
    }
}
