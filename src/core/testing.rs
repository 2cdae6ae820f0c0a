//! Machines for tests, here and in the crates above.

use crate::{
    blob::Blob,
    capture::{Capture, Cpu, EkSource, EndorsementKey, Firmware, SmbiosTables, Tpm, TpmPresence},
    envelope::MessageId,
    smbios::structure,
};

/// A UUID that is not junk, another one for every seed.
pub fn uuid(seed: u8) -> [u8; 16] {
    let mut uuid = [seed; 16];
    uuid[15] ^= 0xff;
    uuid
}

pub fn smbios(serial: &str, uuid: [u8; 16]) -> SmbiosTables {
    let mut system = vec![1, 2, 0, 3];
    system.extend(uuid);
    system.extend([6, 0, 0]);
    let table = structure(1, &system, &["LENOVO", "21CB", serial]);
    SmbiosTables { entry_point: Blob::default(), table: Blob(table) }
}

/// A machine with nothing but a name, firmware in order, and an endorsement key of its own if `ek` is given.
pub fn capture(id: MessageId, serial: &str, uuid: [u8; 16], ek: Option<u8>) -> Capture {
    let key = |byte| EndorsementKey { source: EkSource::Persistent, public: Blob(vec![byte; 40]) };
    Capture {
        id,
        agent: "test".into(),
        simulated: false,
        stick: None,
        smbios: Some(smbios(serial, uuid)),
        firmware: Firmware { uefi: true, secure_boot: Some(true), setup_mode: Some(false), keys: None },
        tpm: ek.map(|byte| Tpm {
            family: "2.0".into(),
            level: 0,
            revision: 159,
            vendor: "IFX".into(),
            firmware: (7, 2),
            keys: vec![key(byte)],
            certificates: vec![],
        }),
        tpm_presence: if ek.is_some() { TpmPresence::Answers } else { TpmPresence::None },
        msdm: None,
        nics: vec![],
        disks: vec![],
        cpu: Cpu::default(),
        memory_bytes: 8 << 30,
        batteries: vec![],
        displays: vec![],
        rtc: None,
        device_link: vec![],
        hash: None,
        findings: vec![],
        timings: vec![],
    }
}
