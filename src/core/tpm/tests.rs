use std::collections::BTreeMap;

use super::*;

/// A TPM of tables: enough to answer wrongly in every way that real ones do.
#[derive(Debug, Clone, Default)]
struct FakeTpm {
    properties: Vec<(u32, u32)>,
    persistent: BTreeMap<u32, Vec<u8>>,
    /// What CreatePrimary makes of a template of this kind; a code refuses.
    primary: BTreeMap<u16, Result<Vec<u8>, u32>>,
    nv: BTreeMap<u32, Vec<u8>>,
    /// These let only the owner read.
    owner_only: Vec<u32>,
    /// How many handles or properties fit into one answer.
    page: usize,
    transient: Vec<u32>,
    log: Vec<u32>,
}

const HANDLE: u32 = 0x8000_0000;

fn answer(tag: u16, code: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = tag.to_be_bytes().to_vec();
    bytes.extend(u32::try_from(10 + body.len()).unwrap().to_be_bytes());
    bytes.extend(code.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

fn sized(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::put_sized(&mut bytes, content);
    bytes
}

impl FakeTpm {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, String> {
        let mut reader = Reader::new(command);
        let tag = reader.short().unwrap();
        assert_eq!(reader.long().unwrap() as usize, command.len(), "the length in the head");
        let code = reader.long().unwrap();
        self.log.push(code);
        let body = match code {
            cc::GET_CAPABILITY => {
                let (capability, from) = (reader.long().unwrap(), reader.long().unwrap());
                let all: Vec<Vec<u32>> = match capability {
                    CAP_PROPERTIES => {
                        self.properties.iter().filter(|(tag, _)| *tag >= from).map(|(t, v)| vec![*t, *v]).collect()
                    }
                    _ => self.nv.keys().filter(|index| **index >= from).map(|index| vec![*index]).collect(),
                };
                let page = &all[..all.len().min(self.page)];
                let mut body = vec![u8::from(page.len() < all.len())];
                body.extend(capability.to_be_bytes());
                body.extend(u32::try_from(page.len()).unwrap().to_be_bytes());
                page.concat().iter().for_each(|word| body.extend(word.to_be_bytes()));
                Ok(body)
            }
            cc::READ_PUBLIC => {
                // TPM_RC_HANDLE, first handle
                self.persistent.get(&reader.long().unwrap()).map(|public| sized(public)).ok_or(0x18b)
            }
            cc::CREATE_PRIMARY => {
                assert_eq!((tag, reader.long().unwrap()), (0x8002, RH_ENDORSEMENT));
                assert_eq!(reader.long().unwrap(), 9);
                let template = &command[command.len() - 6 - template_length(command)..command.len() - 6];
                let kind = u16::from_be_bytes([template[0], template[1]]);
                self.primary.get(&kind).cloned().unwrap_or(Err(0x2c2)).map(|public| {
                    self.transient.push(HANDLE);
                    let mut body = HANDLE.to_be_bytes().to_vec();
                    body.extend(0_u32.to_be_bytes());
                    body.extend(sized(&public));
                    body
                })
            }
            cc::FLUSH_CONTEXT => {
                let handle = reader.long().unwrap();
                self.transient.retain(|known| *known != handle);
                Ok(Vec::new())
            }
            cc::NV_READ_PUBLIC => {
                let index = reader.long().unwrap();
                self.nv.get(&index).ok_or(0x18b).map(|content| {
                    let mut public = index.to_be_bytes().to_vec();
                    public.extend([0, 0x0b, 0x62, 0x07, 0x20, 0x01, 0, 0]);
                    public.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
                    sized(&public)
                })
            }
            cc::NV_READ => {
                let (auth, index) = (reader.long().unwrap(), reader.long().unwrap());
                let size = usize::from(u16::from_be_bytes([command[command.len() - 4], command[command.len() - 3]]));
                let offset = usize::from(u16::from_be_bytes([command[command.len() - 2], command[command.len() - 1]]));
                if self.owner_only.contains(&index) && auth != RH_OWNER {
                    Err(0x149) // TPM_RC_NV_AUTHORIZATION
                } else {
                    let mut body = 0_u32.to_be_bytes().to_vec();
                    body.extend(sized(&self.nv[&index][offset..offset + size]));
                    Ok(body)
                }
            }
            other => panic!("command {other:#x}"),
        };
        Ok(match body {
            Ok(body) => answer(tag, 0, &body),
            Err(code) => answer(0x8001, code, &[]),
        })
    }

    fn read(&mut self) -> (Option<Tpm>, Vec<String>) {
        let (tpm, findings) = read(|command| self.transmit(command));
        (tpm, findings.into_iter().map(|finding| finding.what).collect())
    }
}

/// The size field in front of the template in CreatePrimary.
fn template_length(command: &[u8]) -> usize {
    // head 10, handle 4, auth size 4, auth 9, sensitive 6
    usize::from(u16::from_be_bytes([command[33], command[34]]))
}

fn certificate(length: u8) -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0, length];
    der.extend((0..length).collect::<Vec<u8>>());
    der
}

/// An Infineon chip whose keys are kept in it.
fn chip() -> FakeTpm {
    let word = |text: &[u8; 4]| u32::from_be_bytes(*text);
    FakeTpm {
        properties: vec![
            (0x100, word(b"2.0\0")),
            (0x101, 0),
            (0x102, 138),
            (0x105, word(b"IFX\0")),
            (0x10b, 7),
            (0x10c, 85),
            (0x12c, 100),
        ],
        persistent: [(PERSISTENT_RSA, rsa_public(&[0xa5; 256])), (PERSISTENT_ECC, template_p256())].into(),
        nv: [(0x01c0_0002, certificate(240)), (0x01c0_000a, certificate(80))].into(),
        page: 64,
        ..FakeTpm::default()
    }
}

#[test]
fn a_chip_that_keeps_its_keys() {
    let mut chip = chip();
    let (tpm, findings) = chip.read();
    let tpm = tpm.unwrap();
    assert_eq!((tpm.family.as_str(), tpm.revision, tpm.vendor.as_str(), tpm.firmware), ("2.0", 138, "IFX", (7, 85)));
    assert_eq!(tpm.keys.iter().map(|key| key.source).collect::<Vec<_>>(), [EkSource::Persistent; 2]);
    assert_eq!(rsa_modulus(&tpm.keys[0].public.0), Some(&[0xa5; 256][..]));
    // 244 bytes of certificate came in chunks of 100.
    assert_eq!(tpm.certificates[0].der.0, certificate(240));
    assert_eq!(tpm.certificates[1].nv_index, 0x01c0_000a);
    assert_eq!(findings, [""; 0]);
    assert!(!chip.log.contains(&cc::CREATE_PRIMARY), "seconds on a chip, and not needed");
}

#[test]
fn a_firmware_tpm_makes_its_keys_anew_and_keeps_nothing_of_it() {
    let mut tpm = FakeTpm {
        primary: [(1, Ok(rsa_public(&[7; 256]))), (0x23, Ok(template_p256()))].into(),
        persistent: BTreeMap::new(),
        nv: BTreeMap::new(),
        ..chip()
    };
    let (read, findings) = tpm.read();
    let read = read.unwrap();
    assert_eq!(read.keys.iter().map(|key| key.source).collect::<Vec<_>>(), [EkSource::Created; 2]);
    assert_eq!(rsa_modulus(&read.keys[0].public.0), Some(&[7; 256][..]));
    assert_eq!(tpm.transient, [0; 0]);
    assert_eq!(findings, ["the TPM holds no EK certificate"]);
}

#[test]
fn answers_in_pages() {
    let mut tpm = FakeTpm { page: 1, ..chip() };
    let (read, findings) = tpm.read();
    let read = read.unwrap();
    assert_eq!((read.vendor.as_str(), read.certificates.len()), ("IFX", 2));
    assert_eq!(findings, [""; 0]);
}

#[test]
fn certificates_of_the_high_range_and_nothing_else() {
    let mut tpm = chip();
    tpm.nv = [0x01c0_0003, 0x01c0_0012, 0x01c0_0013, 0x01c0_0016, 0x01c0_0100, 0x0180_0001]
        .into_iter()
        .map(|index| (index, certificate(20)))
        .collect();
    let indices: Vec<u32> = tpm.read().0.unwrap().certificates.iter().map(|c| c.nv_index).collect();
    assert_eq!(indices, [0x01c0_0012, 0x01c0_0016]);
}

#[test]
fn an_index_that_only_the_owner_may_read() {
    let mut tpm = FakeTpm { owner_only: vec![0x01c0_0002], ..chip() };
    assert_eq!(tpm.read().0.unwrap().certificates.len(), 2);
}

#[test]
fn padding_behind_a_certificate_is_not_part_of_it() {
    let mut tpm = chip();
    let mut padded = certificate(60);
    padded.resize(500, 0xff);
    tpm.nv = [(0x01c0_0002, padded), (0x01c0_000a, vec![0; 40])].into();
    let (read, findings) = tpm.read();
    assert_eq!(read.unwrap().certificates[0].der.0, certificate(60));
    assert_eq!(findings, ["NV index 0x01c0000a holds 40 bytes that are no certificate"]);
}

#[test]
fn refusals_are_findings_in_words() {
    let mut tpm = chip();
    tpm.persistent.clear();
    tpm.primary = [(1, Err(0x185)), (0x23, Err(0x9a2))].into();
    let (read, findings) = tpm.read();
    assert_eq!(read.unwrap().keys, []);
    assert_eq!(
        findings,
        [
            "no RSA endorsement key: the TPM says that the endorsement hierarchy is switched off (0x185)",
            "no ECC endorsement key: the TPM says that somebody has set a password (0x9a2)",
        ]
    );
}

#[test]
fn a_device_that_fails() {
    let (tpm, findings) = read(|_| Err::<Vec<u8>, _>("Input/output error"));
    assert_eq!(tpm, None);
    assert_eq!(
        findings[0].what,
        "the TPM does not say what it is: the device did not take the command: Input/output error"
    );
    let (tpm, _) = read(|_| Ok::<_, String>(Vec::new()));
    assert_eq!(tpm, None);
}

#[test]
fn answers_cut_anywhere_panic_nowhere_and_end() {
    for cut in 0..60 {
        for which in 0..12 {
            let (mut tpm, mut count) = (chip(), 0);
            tpm.primary = [(1, Ok(rsa_public(&[7; 256])))].into();
            let _ = read(|command| {
                let mut bytes = tpm.transmit(command)?;
                if count == which {
                    bytes.truncate(cut);
                    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
                    if let Some(field) = bytes.get_mut(2..6) {
                        field.copy_from_slice(&length);
                    }
                }
                count += 1;
                Ok::<_, String>(bytes)
            });
            assert!(count < 64);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(body in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
        let mut count = 0;
        let _ = read(|_| {
            count += 1;
            assert!(count < 1000);
            Ok::<_, String>(answer(0x8001, 0, &body))
        });
        let _ = rsa_modulus(&body);
        let _ = der_object(&body);
    }
}

#[test]
fn the_modulus_is_found_behind_other_parameters() {
    assert_eq!(rsa_modulus(&rsa_public(&[9; 256])), Some(&[9; 256][..]));
    assert_eq!(rsa_modulus(&template_p256()), None);
    assert_eq!(rsa_modulus(&[]), None);
    // A signing key: no symmetric algorithm, RSASSA with SHA-256.
    let mut signing = vec![0, 1, 0, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0x14, 0, 0x0b, 8, 0, 0, 0, 0, 0];
    signing.extend(sized(&[5; 256]));
    assert_eq!(rsa_modulus(&signing), Some(&[5; 256][..]));
}

#[test]
fn a_certificate_about_another_key_is_a_finding() {
    let mut tpm = chip();
    let modulus = rsa_modulus(&tpm.persistent[&PERSISTENT_RSA]).unwrap().to_vec();
    tpm.nv.insert(0x01c0_0002, certificate::with_rsa_key(&modulus));
    let (read, findings) = tpm.read();
    assert_eq!((certificate::agree(&read.unwrap()), findings), (Some(true), vec![]));

    tpm.nv.insert(0x01c0_0002, certificate::with_rsa_key(&[0x5a; 256]));
    let (read, findings) = tpm.read();
    assert_eq!(certificate::agree(&read.unwrap()), Some(false));
    assert!(matches!(&findings[..], [what] if what.contains("another RSA key")), "{findings:?}");

    // A second certificate, about a larger key, takes nothing away from the one that fits.
    tpm.nv.insert(0x01c0_001c, certificate::with_rsa_key(&modulus));
    assert_eq!(certificate::agree(&tpm.read().0.unwrap()), Some(true));
}
