//! What the agent read on a laptop. Raw where a later reader may know more than we do today,
//! decoded where the raw bytes are nobody's business.
//!
//! A part that is missing or unreadable is a [`Finding`], never an error: an incomplete capture of
//! a real machine is worth more than none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    blob::Blob,
    clock::Moment,
    envelope::MessageId,
    hwhash::MadeHash,
    identity::{EkDigest, Identity, Mac, Serial},
    media::stick::StickId,
    msdm::ProductKeyId,
    smbios::Smbios,
    tpm,
};

/// What the agent sends before it has read everything, so that the board shows an arrival at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub agent: String,
    pub identity: Identity,
    #[serde(default)]
    pub simulated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The same over every retry and path; the envelope's message id.
    pub id: MessageId,
    /// Version of the agent that read it.
    pub agent: String,
    /// Made by `whiteglove demo`, not by a machine.
    #[serde(default)]
    pub simulated: bool,
    /// The stick it was booted from, if that has a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stick: Option<StickId>,
    pub smbios: Option<SmbiosTables>,
    pub firmware: Firmware,
    pub tpm: Option<Tpm>,
    #[serde(default)]
    pub tpm_presence: TpmPresence,
    pub msdm: Option<Msdm>,
    pub nics: Vec<Nic>,
    pub disks: Vec<Disk>,
    pub cpu: Cpu,
    /// Usable memory as the kernel counts it; the installed size is in SMBIOS type 17.
    pub memory_bytes: u64,
    pub batteries: Vec<Battery>,
    pub displays: Vec<Display>,
    pub rtc: Option<Rtc>,
    /// What an association left in the firmware (Windows' "Scan QR code / Export" of device preparation).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_link: Vec<FirmwareVariable>,
    /// The hardware hash, made on the laptop itself from all of the above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<MadeHash>,
    pub findings: Vec<Finding>,
    /// Where the time went, in the order of reading.
    pub timings: Vec<Timing>,
}

/// `/sys/firmware/dmi/tables`, untrimmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmbiosTables {
    pub entry_point: Blob,
    pub table: Blob,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firmware {
    pub uefi: bool,
    /// UEFI variable `SecureBoot`; `None` where the firmware has none.
    pub secure_boot: Option<bool>,
    pub setup_mode: Option<bool>,
    /// Which programs it starts while Secure Boot is on. `None`: BIOS, or the agent was too old to read that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Keys>,
}

/// The variables that decide which programs start (UEFI 2.10, 32.3 and 32.5; SBAT: shim), as the firmware holds them.
///
/// Raw: whether it knows a program as dangerous can only be looked up in the whole of `dbx`, and which program will
/// be asked about nobody knows when a laptop is captured. Laptops of a model mostly hold the same, byte for byte, so in
/// memory each is there once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Who is trusted.
    #[serde(default)]
    pub db: Variable,
    /// Who and what is not, whatever `db` says.
    #[serde(default)]
    pub dbx: Variable,
    /// Who may change these two.
    #[serde(default)]
    pub kek: Variable,
    /// `SbatLevelRT`: how old the parts of a Linux boot chain may be. Shim makes it, so it shows only behind shim.
    #[serde(default)]
    pub sbat: Variable,
}

impl Keys {
    /// Nobody's firmware holds more in one variable; all four of this length fit into an envelope.
    pub const MOST_BYTES: usize = 64 << 10;
}

/// A UEFI variable without its attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variable {
    /// The firmware has none of this name.
    #[default]
    Absent,
    Value(Arc<Blob>),
    /// It is there and could not be read.
    Unread(String),
}

impl Variable {
    pub fn value(&self) -> Option<&[u8]> {
        match self {
            Self::Value(blob) => Some(&blob.0),
            Self::Absent | Self::Unread(_) => None,
        }
    }
}

/// What there is of a TPM, whether it answered or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TpmPresence {
    /// The agent was too old to say.
    #[default]
    Unknown,
    /// Neither a device nor a trace of one in the firmware's tables.
    None,
    /// The firmware describes one (SMBIOS type 43, or ACPI TPM2 without a device) but does not show it: switched off.
    Hidden,
    /// TPM 1.2 (or 2.0 switched to 1.2).
    Version12,
    /// There is one, and it gave no sensible answer.
    Silent,
    /// [`Capture::tpm`] is there.
    Answers,
}

/// A UEFI variable that says something about the laptop's past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmwareVariable {
    pub name: String,
    pub bytes: u32,
    /// The value, if it is short and readable text (ASCII or UTF-16).
    #[serde(default)]
    pub text: Option<String>,
}

impl FirmwareVariable {
    /// Names: Microsoft's device association documentation, and community tools that list others. The blob or token
    /// is what a tenant gave; the id alone Windows makes before anybody has the laptop.
    pub fn is_association(&self) -> bool {
        self.name.contains("Jwt") || self.name.contains("Blob")
    }
}

/// TPM 2.0 as `TPM2_GetCapability(TPM_PROPERTIES, PT_FIXED)` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tpm {
    /// `"2.0"`.
    pub family: String,
    pub level: u32,
    /// Times 100: 138, 159, 164.
    pub revision: u32,
    /// Four characters, `IFX`, `STM `, `INTC`, `AMD`.
    pub vendor: String,
    /// TPM_PT_FIRMWARE_VERSION_1 and _2.
    pub firmware: (u32, u32),
    pub keys: Vec<EndorsementKey>,
    pub certificates: Vec<EkCertificate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndorsementKey {
    pub source: EkSource,
    /// TPMT_PUBLIC as the TPM marshals it (TPM 2.0 library, part 2, 12.2.4).
    pub public: Blob,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EkSource {
    /// Read from its persistent handle (0x81010001 RSA, 0x81010016 ECC).
    Persistent,
    /// Made anew from the TCG default template (EK Credential Profile 2.5, B.3.3 and B.3.4).
    Created,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EkCertificate {
    /// 0x01C00002 RSA 2048, 0x01C0000A ECC P-256, 0x01C00012 and up the high range.
    pub nv_index: u32,
    pub der: Blob,
}

/// The OEM activation key, reduced on the laptop to what may leave it: the key itself never does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Msdm {
    pub oem_id: String,
    pub product_key_id: ProductKeyId,
    /// The last five characters, by which administrators tell keys apart.
    pub key_tail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nic {
    /// Kernel name, `enp0s31f6`.
    pub name: String,
    pub mac: Mac,
    /// What the hardware says, if the driver tells; `mac` may be changed by software.
    pub permanent_mac: Option<Mac>,
    pub bus: Bus,
    pub kind: NicKind,
    pub driver: String,
    /// PCI or USB vendor and device.
    pub hardware: Option<(u16, u16)>,
    pub carrier: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NicKind {
    Wired,
    Wireless,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bus {
    Pci,
    Usb,
    Nvme,
    Sata,
    Mmc,
    Virtio,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    pub name: String,
    pub bus: Bus,
    pub bytes: u64,
    pub model: String,
    pub serial: String,
    /// The serial as the drive holds it, leading blanks included, where the kernel gives that (SATA).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial_raw: String,
    pub firmware: String,
    /// NVMe namespace identifiers as the kernel prints them.
    pub wwid: String,
    pub nguid: String,
    pub eui: String,
    pub rotational: bool,
    pub removable: bool,
    /// The stick the agent was booted from.
    pub boot_medium: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cpu {
    pub vendor: String,
    pub model: String,
    pub sockets: u16,
    pub cores: u16,
    pub threads: u16,
    pub family: u32,
    pub model_number: u32,
    pub stepping: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Battery {
    pub name: String,
    pub percent: Option<u8>,
    pub status: String,
    /// Wear: energy when full against design, in percent.
    pub health_percent: Option<u8>,
    pub cycles: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Display {
    pub connector: String,
    /// Of the EDID's preferred timing.
    pub width_px: u16,
    pub height_px: u16,
    pub width_mm: u16,
    pub height_mm: u16,
}

/// The laptop's clock beside the bench's: TPM attestation fails when they differ by minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rtc {
    pub read: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    pub part: Part,
    pub millis: u32,
}

/// A named thing that is missing or could not be read, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub part: Part,
    pub what: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Smbios,
    Firmware,
    Tpm,
    EndorsementKey,
    EkCertificate,
    Msdm,
    Nic,
    Disk,
    Cpu,
    Memory,
    Battery,
    Display,
    Rtc,
    Drivers,
    Network,
    /// The hardware hash.
    Hash,
    /// Marks of an earlier association in the firmware.
    DeviceLink,
    /// Label, order, customer.
    Order,
    /// Registration with the service.
    Registration,
}

impl Part {
    pub fn name(self) -> &'static str {
        match self {
            Self::Smbios => "SMBIOS",
            Self::Firmware => "firmware",
            Self::Tpm => "TPM",
            Self::EndorsementKey => "TPM endorsement key",
            Self::EkCertificate => "EK certificate",
            Self::Msdm => "Windows key (MSDM)",
            Self::Nic => "network adapter",
            Self::Disk => "disk",
            Self::Cpu => "processor",
            Self::Memory => "memory",
            Self::Battery => "battery",
            Self::Display => "display",
            Self::Rtc => "clock",
            Self::Drivers => "drivers",
            Self::Network => "network",
            Self::Hash => "hardware hash",
            Self::DeviceLink => "association mark",
            Self::Order => "order",
            Self::Registration => "registration",
        }
    }
}

impl Capture {
    /// Who this machine is, as far as the capture can tell.
    pub fn identity(&self) -> Identity {
        let mut identity = self.smbios.as_ref().map(SmbiosTables::identity).unwrap_or_default();
        identity.ek = self.tpm.as_ref().and_then(Tpm::ek_digest);
        identity.product_key_id = self.msdm.as_ref().map(|msdm| msdm.product_key_id.clone());
        identity.macs = self
            .nics
            .iter()
            .filter(|nic| nic.bus != Bus::Usb)
            .map(|nic| nic.permanent_mac.unwrap_or(nic.mac))
            .collect();
        identity
    }
}

impl SmbiosTables {
    /// The strings that name the machine; TPM and NICs are not in here.
    pub fn identity(&self) -> Identity {
        let smbios = Smbios::parse(&self.table.0);
        let Some(system) = smbios.system() else { return Identity::default() };
        Identity {
            serial: Serial::try_from(system.serial.to_string()).ok(),
            uuid: system.uuid,
            manufacturer: system.manufacturer.to_string().trim().to_owned(),
            model: system.model_name(),
            ..Identity::default()
        }
    }
}

impl Tpm {
    /// The RSA key if there is one (that is what Windows hashes), else the first.
    pub fn ek_digest(&self) -> Option<EkDigest> {
        let moduli = self.keys.iter().filter_map(|key| tpm::rsa_modulus(&key.public.0));
        let named = moduli.map(<[u8]>::to_vec).next();
        let bytes = named.or_else(|| self.keys.first().map(|key| key.public.0.clone()))?;
        Some(EkDigest(Sha256::digest(bytes).into()))
    }
}
