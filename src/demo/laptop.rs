//! Laptops that do not exist: believable, deterministic from a seed, and marked as simulated in every
//! message they send.

use sha2::{Digest, Sha256};
use whiteglove_core::{
    blob::Blob,
    capture::{
        Battery, Bus, Capture, Cpu, Disk, Display, EkCertificate, EkSource, EndorsementKey, Finding, Firmware, Hello,
        Msdm, Nic, NicKind, Part, SmbiosTables, Timing, Tpm,
    },
    envelope::MessageId,
    identity::Mac,
    msdm,
    smbios::structure,
};

/// How a laptop's visit to the bench goes. Shares are per hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    NoTpm,
    SecureBootOff,
    FlatBattery,
    NoDisk,
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
    prefix: &'static str,
    oui: [u8; 3],
}

const MODELS: [Model; 4] = [
    Model {
        manufacturer: "LENOVO",
        product: "21HDCTO1WW",
        version: "ThinkPad T14 Gen 4",
        prefix: "PF",
        oui: [0x9c, 0x2d, 0xcd],
    },
    Model { manufacturer: "Dell Inc.", product: "Latitude 5450", version: "", prefix: "", oui: [0xc0, 0x47, 0x0e] },
    Model {
        manufacturer: "HP",
        product: "HP EliteBook 840 14 inch G10",
        version: "SBKPF",
        prefix: "5CG",
        oui: [0xe8, 0xd8, 0xd1],
    },
    Model {
        manufacturer: "Microsoft Corporation",
        product: "Surface Laptop 6",
        version: "",
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
        system.extend([6, 0, 0]);
        // An empty string has no place in a string set; firmware writes a blank.
        let version = if model.version.is_empty() { " " } else { model.version };
        table.extend(structure(1, &system, &[model.manufacturer, model.product, version, &serial]));
        table.extend(structure(3, &[1, 10, 0, 2, 0], &[model.manufacturer, &serial]));
        table.extend(structure(17, &[0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x40], &[]));
        table.extend(structure(127, &[], &[]));
        SmbiosTables { entry_point: Blob(b"_SM3_".to_vec()), table: Blob(table) }
    }

    fn tpm(&self) -> Option<Tpm> {
        if matches!(self.fate, Fate::NoTpm | Fate::Nameless) {
            return None;
        }
        // An ECC key: any bytes of the right shape will do, and nobody can mistake it for a real one.
        let public = [&[0x00, 0x23][..], &self.bytes("ek"), &self.bytes("ek 2")].concat();
        let key = EndorsementKey { source: EkSource::Persistent, public: Blob(public) };
        let certificate = EkCertificate { nv_index: 0x01c0_000a, der: Blob(self.bytes("certificate").repeat(28)) };
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

    pub(super) fn hello(&self) -> Hello {
        Hello { agent: agent(), identity: self.smbios().identity(), simulated: true }
    }

    pub(super) fn capture(&self, id: MessageId) -> Capture {
        let [a, b, c, ..] = self.bytes("mac");
        let [x, y, z] = self.model().oui;
        let mac = Mac([x, y, z, a, b, c]);
        let tpm = self.tpm();
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
            smbios: Some(self.smbios()),
            firmware: Firmware {
                uefi: true,
                secure_boot: Some(self.fate != Fate::SecureBootOff),
                setup_mode: Some(false),
            },
            device_link: vec![],
            hash: None,
            findings: if tpm.is_none() { vec![missing_tpm] } else { vec![] },
            tpm,
            // Microsoft's published generic key of Windows Pro.
            msdm: msdm::product_key_id("VK7JG-NPHTM-C97JM-9MPGT-3V66T").ok().map(|product_key_id| Msdm {
                oem_id: "SIMULA".to_owned(),
                product_key_id,
                key_tail: "3V66T".to_owned(),
            }),
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
            rtc: None,
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

    #[test]
    fn every_fate_happens_and_is_what_it_says() {
        let laptops: Vec<Laptop> = (0..400).map(|number| Laptop::new(1, number)).collect();
        let find = |fate| laptops.iter().find(|laptop| laptop.fate == fate).unwrap();
        let capture = |fate| find(fate).capture(MessageId([0; 16]));
        assert!(capture(Fate::NoTpm).tpm.is_none());
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
        assert_eq!(Laptop::new(5, 9).capture(id), Laptop::new(5, 9).capture(id));
        assert_ne!(Laptop::new(6, 9).capture(id), Laptop::new(5, 9).capture(id));
    }
}
