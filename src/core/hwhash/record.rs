//! Records as values. What is not understood to the last byte stays as bytes.
//!
//! Layouts: measured on complete hashes of Windows, WinPE and virtual machines; all integers are little-endian.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    blob::Blob,
    identity::{Mac, SystemUuid},
};

/// One record. [`Record::decode`] and [`Record::value`] are inverse: what a variant could not give
/// back byte for byte is [`Record::Other`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// 1: who made the hash, and when.
    Versions {
        /// Major, minor, build, revision, as a person says it: `[10, 0, 26100, 1742]`.
        tool_build: [u16; 4],
        os_build: [u16; 4],
        /// Since 2000-01-01T00:00:00Z.
        seconds: u32,
        /// Local time is UTC plus this many quarters of an hour, daylight saving included.
        zone_quarters: i8,
        /// 1 WinPE, 2 a full Windows.
        os_type: u8,
        /// 0 x86, 9 x64, 12 ARM64.
        architecture: u8,
        /// Rises with the tool: 4 is of 2019, 9 of 2024.
        tool: u8,
    },
    /// 2: `architecture` as in record 1, `hyper_threading` 1 if there are more threads than cores.
    Processor { architecture: u16, packages: u16, cores: u16, threads: u16, hyper_threading: u32 },
    /// 34: only of processors whose cores are not all alike, the fastest class first.
    CoreClasses { classes: Vec<CoreClass> },
    /// 5: sizes in GiB; `ecc` as in SMBIOS type 16: 3 none, 4 parity, 5 single, 6 multi bit, 7 CRC.
    Ram { total_gib: u64, max_gib: u64, slots: u16, arrays: u16, ecc: u8 },
    /// 6: capacity in whole 10^9 bytes, `bus` is STORAGE_BUS_TYPE, `seek_penalty` 0, 1, or 255 unknown.
    Disk { gigabytes: u64, bus: u16, seek_penalty: u8, trim: u8 },
    /// 8: `medium` is NDIS_PHYSICAL_MEDIUM, `bus` the enumerator's name.
    Network { medium: u32, mac: Mac, bus: String },
    /// 9: `technology` is D3DKMDT_VIDEO_OUTPUT_TECHNOLOGY; all bits set if there is none.
    Display { width_mm: u16, height_mm: u16, width_px: u16, height_px: u16, technology: u32 },
    /// 27: bytes 21 and 22 of the EDID; 65535 if there is none.
    DisplayCm { width: u16, height: u16 },
    /// 10: chassis as in SMBIOS type 3, `role` is POWER_PLATFORM_ROLE, `digitizer` the bits of SM_DIGITIZER.
    Enclosure { chassis: u8, role: u8, optical: u8, digitizer: u8, touches: u8 },
    /// 25: RSA endorsement key, 256 bytes big-endian, without its exponent.
    EkPub { modulus: Blob },
    /// 11: method 1 is the SHA-256 of the modulus in record 25, the others come from firmware variables or the registry.
    OfflineDeviceId {
        status: u32,
        method: u8,
        flag: u8,
        #[serde(with = "hex_32")]
        id: [u8; 32],
    },
    /// 12: as it stands in the SMBIOS table.
    SmbiosUuid { uuid: SystemUuid },
    /// 29: memory in bytes, `removal` 1 if it cannot be taken out, `local` 1 if it is inside the machine.
    Gpu { video_memory: u64, system_memory: u64, removal: u8, local: u8 },
    /// 30: `Manufacturer|Model`.
    GpuName { text: String },
    /// Any other record whose value is text, with or without the NUL at its end. What [`Record::decode`] gives
    /// has `nul` set wherever the value ends with one; further NULs (record 4 is filled up with them) stay in `text`.
    Text { kind: u16, text: String, nul: bool },
    /// Whatever else.
    Other { kind: u16, value: Blob },
}

/// Cores of one kind in a hybrid processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreClass {
    /// Higher is faster.
    pub efficiency: u8,
    pub cores: u16,
    pub threads: u16,
}

impl Record {
    /// Never fails: a value that is not exactly what its kind promises becomes [`Record::Other`].
    pub fn decode(kind: u16, value: &[u8]) -> Self {
        Reader(value)
            .record(kind)
            .filter(|record| record.gives_back(value))
            .unwrap_or_else(|| Self::Other { kind, value: Blob(value.to_vec()) })
    }

    pub fn kind(&self) -> u16 {
        match self {
            Self::Versions { .. } => 1,
            Self::Processor { .. } => 2,
            Self::CoreClasses { .. } => 34,
            Self::Ram { .. } => 5,
            Self::Disk { .. } => 6,
            Self::Network { .. } => 8,
            Self::Display { .. } => 9,
            Self::DisplayCm { .. } => 27,
            Self::Enclosure { .. } => 10,
            Self::EkPub { .. } => 25,
            Self::OfflineDeviceId { .. } => 11,
            Self::SmbiosUuid { .. } => 12,
            Self::Gpu { .. } => 29,
            Self::GpuName { .. } => 30,
            Self::Text { kind, .. } | Self::Other { kind, .. } => *kind,
        }
    }

    /// The bytes behind the record's head.
    pub fn value(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Other { value, .. } | Self::EkPub { modulus: value } => Cow::Borrowed(&value.0),
            Self::SmbiosUuid { uuid } => Cow::Borrowed(&uuid.0),
            Self::Text { text, nul: false, .. } => Cow::Borrowed(text.as_bytes()),
            _ => {
                let mut bytes = vec![];
                self.write(&mut Writer(|part: &[u8]| bytes.extend_from_slice(part)));
                Cow::Owned(bytes)
            }
        }
    }

    fn gives_back(&self, value: &[u8]) -> bool {
        let mut rest = Some(value);
        // Part by part: every record of every hash comes through here, a copy of each would be half of the work.
        self.write(&mut Writer(|part: &[u8]| rest = rest.and_then(|rest| rest.strip_prefix(part))));
        rest == Some(&[])
    }

    fn write<F: FnMut(&[u8])>(&self, out: &mut Writer<F>) {
        match self {
            Self::Other { value, .. } | Self::EkPub { modulus: value } => {
                out.bytes(&value.0);
            }
            Self::SmbiosUuid { uuid } => {
                out.bytes(&uuid.0);
            }
            Self::Text { text, nul, .. } => {
                out.bytes(text.as_bytes()).bytes(if *nul { &[0] } else { &[] });
            }
            Self::Versions { tool_build, os_build, seconds, zone_quarters, os_type, architecture, tool } => {
                out.build(*tool_build).build(*os_build).u32(*seconds);
                out.bytes(&zone_quarters.to_le_bytes()).u8(*os_type).u8(*architecture).u8(*tool);
            }
            Self::Processor { architecture, packages, cores, threads, hyper_threading } => {
                out.u16(*architecture).u16(*packages).u16(*cores).u16(*threads).u32(*hyper_threading);
            }
            Self::CoreClasses { classes } => {
                // No machine has 256 classes; a list that long could only come from a file, and is cut.
                let count = u8::try_from(classes.len()).unwrap_or(u8::MAX);
                out.u8(count);
                for class in classes.iter().take(usize::from(count)) {
                    out.u8(class.efficiency).u16(class.cores).u16(class.threads);
                }
            }
            Self::Ram { total_gib, max_gib, slots, arrays, ecc } => {
                out.u64(*total_gib).u64(*max_gib).u16(*slots).u16(*arrays).u8(*ecc);
            }
            Self::Disk { gigabytes, bus, seek_penalty, trim } => {
                out.u64(*gigabytes).u16(*bus).u8(*seek_penalty).u8(*trim);
            }
            Self::Network { medium, mac, bus } => {
                let length = u32::try_from(2 * (bus.encode_utf16().count() + 1)).unwrap_or(u32::MAX);
                out.u32(*medium).bytes(&mac.0).u32(length).utf16(bus).u16(0);
            }
            Self::Display { width_mm, height_mm, width_px, height_px, technology } => {
                out.u16(*width_mm).u16(*height_mm).u16(*width_px).u16(*height_px).u32(*technology);
            }
            Self::DisplayCm { width, height } => {
                out.u16(*width).u16(*height);
            }
            Self::Enclosure { chassis, role, optical, digitizer, touches } => {
                out.bytes(&[*chassis, *role, *optical, *digitizer, *touches]);
            }
            Self::OfflineDeviceId { status, method, flag, id } => {
                out.u32(*status).u8(*method).u8(*flag).u32(32).bytes(id);
            }
            Self::Gpu { video_memory, system_memory, removal, local } => {
                out.u64(*video_memory).u64(*system_memory).u8(*removal).u8(*local);
            }
            Self::GpuName { text } => {
                out.utf16(text);
            }
        }
    }
}

/// Takes numbers off the front; `None` once the value is too short.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// What the kind promises, unless the value is too short for it; what is left over is not looked at.
    fn record(&mut self, kind: u16) -> Option<Record> {
        Some(match kind {
            1 => Record::Versions {
                tool_build: self.build()?,
                os_build: self.build()?,
                seconds: self.u32()?,
                zone_quarters: i8::from_le_bytes(self.take()?),
                os_type: self.u8()?,
                architecture: self.u8()?,
                tool: self.u8()?,
            },
            2 => Record::Processor {
                architecture: self.u16()?,
                packages: self.u16()?,
                cores: self.u16()?,
                threads: self.u16()?,
                hyper_threading: self.u32()?,
            },
            34 => {
                let count = self.u8()?;
                let class = |_| Some(CoreClass { efficiency: self.u8()?, cores: self.u16()?, threads: self.u16()? });
                Record::CoreClasses { classes: (0..count).map(class).collect::<Option<_>>()? }
            }
            5 => Record::Ram {
                total_gib: self.u64()?,
                max_gib: self.u64()?,
                slots: self.u16()?,
                arrays: self.u16()?,
                ecc: self.u8()?,
            },
            6 => Record::Disk { gigabytes: self.u64()?, bus: self.u16()?, seek_penalty: self.u8()?, trim: self.u8()? },
            8 => {
                let (medium, mac, _length) = (self.u32()?, Mac(self.take()?), self.u32()?);
                Record::Network { medium, mac, bus: utf16(self.0.strip_suffix(&[0, 0])?)? }
            }
            9 => Record::Display {
                width_mm: self.u16()?,
                height_mm: self.u16()?,
                width_px: self.u16()?,
                height_px: self.u16()?,
                technology: self.u32()?,
            },
            27 => Record::DisplayCm { width: self.u16()?, height: self.u16()? },
            10 => {
                let [chassis, role, optical, digitizer, touches] = self.take()?;
                Record::Enclosure { chassis, role, optical, digitizer, touches }
            }
            25 => Record::EkPub { modulus: Blob(self.take::<256>()?.to_vec()) },
            11 => {
                let (status, method, flag, _length) = (self.u32()?, self.u8()?, self.u8()?, self.u32()?);
                Record::OfflineDeviceId { status, method, flag, id: self.take()? }
            }
            12 => Record::SmbiosUuid { uuid: SystemUuid(self.take()?) },
            29 => Record::Gpu {
                video_memory: self.u64()?,
                system_memory: self.u64()?,
                removal: self.u8()?,
                local: self.u8()?,
            },
            30 => Record::GpuName { text: utf16(self.0)? },
            3 | 4 | 7 | 13..=24 | 26 | 28 | 36 => {
                let text = std::str::from_utf8(self.0).ok()?;
                let (text, nul) = text.strip_suffix('\0').map_or((text, false), |text| (text, true));
                Record::Text { kind, text: text.to_owned(), nul }
            }
            _ => return None,
        })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// Stored as minor, major, revision, build.
    fn build(&mut self) -> Option<[u16; 4]> {
        let [minor, major, revision, build] = [self.u16()?, self.u16()?, self.u16()?, self.u16()?];
        Some([major, minor, build, revision])
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let mut text = String::with_capacity(bytes.len() / 2);
    for c in char::decode_utf16(units) {
        text.push(c.ok()?);
    }
    rest.is_empty().then_some(text)
}

/// Hands the parts of a value on, in their order.
struct Writer<F>(F);

impl<F: FnMut(&[u8])> Writer<F> {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        (self.0)(bytes);
        self
    }

    fn u8(&mut self, number: u8) -> &mut Self {
        self.bytes(&[number])
    }

    fn u16(&mut self, number: u16) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn build(&mut self, [major, minor, build, revision]: [u16; 4]) -> &mut Self {
        self.u16(minor).u16(major).u16(revision).u16(build)
    }

    fn utf16(&mut self, text: &str) -> &mut Self {
        text.encode_utf16().for_each(|unit| (self.0)(&unit.to_le_bytes()));
        self
    }
}

/// An id of 32 bytes in JSON: hex.
mod hex_32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(id: &[u8; 32], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(id))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<[u8; 32], D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        let mut id = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut id).map_err(D::Error::custom)?;
        Ok(id)
    }
}
