//! Reads a real TPM 2.0 implementation: swtpm behind the socket where the kernel's device would be.
//! Says so and passes where swtpm is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use whiteglove_agent::read::{self, Root, Surroundings};
use whiteglove_core::{
    capture::{Capture, EkSource, Part, TpmPresence},
    envelope::MessageId,
    smbios::structure,
    tpm::{certificate, rsa_modulus},
};

fn installed(program: &str) -> bool {
    Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Killed when the test ends, however it ends.
struct Swtpm(Child);

impl Drop for Swtpm {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A factory-new TPM with an EK and its certificate, made by a CA of the test's own.
fn manufacture(dir: &Path) {
    let text = |name: &str| dir.join(name).display().to_string();
    fs::create_dir_all(dir.join("ca")).unwrap();
    fs::create_dir_all(dir.join("state")).unwrap();
    fs::write(
        dir.join("ca.conf"),
        format!(
            "statedir = {}\nsigningkey = {}\nissuercert = {}\ncertserial = {}\n",
            text("ca"),
            text("ca/key.pem"),
            text("ca/cert.pem"),
            text("ca/serial")
        ),
    )
    .unwrap();
    fs::write(
        dir.join("ca.options"),
        "--tpm-manufacturer IBM\n--tpm-model swtpm-libtpms\n--tpm-version 2\n\
         --platform-manufacturer Test\n--platform-version 1\n--platform-model Test\n",
    )
    .unwrap();
    fs::write(
        dir.join("setup.conf"),
        format!(
            "create_certs_tool = swtpm_localca\ncreate_certs_tool_config = {}\ncreate_certs_tool_options = {}\n",
            text("ca.conf"),
            text("ca.options")
        ),
    )
    .unwrap();
    let made = Command::new("swtpm_setup")
        .args(["--tpm2", "--tpmstate", &text("state"), "--config", &text("setup.conf")])
        .args(["--create-ek-cert", "--lock-nvram", "--overwrite", "--pcr-banks", "sha256"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
}

fn switch_on(dir: &Path) -> Swtpm {
    let socket = dir.join("dev/tpmrm0");
    fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let child = Command::new("swtpm")
        .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
        .args(["--tpmstate", &format!("dir={}", dir.join("state").display())])
        .args(["--server", &format!("type=unixio,path={}", socket.display())])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let swtpm = Swtpm(child);
    for _ in 0..200 {
        if socket.exists() {
            return swtpm;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("swtpm does not listen");
}

fn capture(dir: &Path) -> Capture {
    read::capture(&Root::new(dir), MessageId([0; 16]), Surroundings::default)
}

/// The value of a record of the hash that was made.
fn record(capture: &Capture, kind: u16) -> Vec<u8> {
    let records = capture.hash.as_ref().unwrap().hash.records();
    records.iter().find(|record| record.kind() == kind).unwrap().value().into_owned()
}

fn text_of(capture: &Capture, kind: u16) -> String {
    String::from_utf8(record(capture, kind)).unwrap()
}

/// TPM2_EvictControl: makes the TPM forget a persistent key, as many real ones never had it.
fn forget(dir: &Path, handle: u32) {
    let mut command = vec![0x80, 0x02, 0, 0, 0, 35, 0, 0, 0x01, 0x20, 0x40, 0, 0, 0x01];
    command.extend(handle.to_be_bytes());
    command.extend([0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0]);
    command.extend(handle.to_be_bytes());
    let mut socket = UnixStream::connect(dir.join("dev/tpmrm0")).unwrap();
    socket.write_all(&command).unwrap();
    let mut answer = [0; 64];
    let length = socket.read(&mut answer).unwrap();
    assert_eq!(answer[6..10], [0; 4], "{:x?}", &answer[..length]);
}

#[test]
fn an_endorsement_key_is_read_and_the_same_when_made_anew() {
    if !installed("swtpm") || !installed("swtpm_setup") {
        eprintln!("SKIPPED: swtpm and swtpm_setup are not installed (packages swtpm, swtpm-tools)");
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    manufacture(temp.path());
    let _swtpm = switch_on(temp.path());

    let tables = temp.path().join("sys/firmware/dmi/tables");
    fs::create_dir_all(&tables).unwrap();
    fs::write(tables.join("smbios_entry_point"), b"_SM3_").unwrap();
    fs::write(tables.join("DMI"), structure(1, &[1, 2, 0, 3], &["QEMU", "Machine", "S1"])).unwrap();

    let kept = capture(temp.path());
    assert_eq!(kept.tpm_presence, TpmPresence::Answers);
    let tpm = kept.tpm.as_ref().unwrap();
    assert_eq!((tpm.family.as_str(), tpm.vendor.as_str(), tpm.level, tpm.revision), ("2.0", "IBM", 0, 164));
    assert_eq!(tpm.keys.iter().map(|key| key.source).collect::<Vec<_>>(), [EkSource::Persistent; 2]);
    // The certificate of index 0x01C00002 is about the RSA key: its modulus stands in it.
    let modulus = rsa_modulus(&tpm.keys[0].public.0).unwrap();
    let rsa = tpm.certificates.iter().find(|certificate| certificate.nv_index == 0x01c0_0002).unwrap();
    assert_eq!(certificate::rsa_modulus(&rsa.der.0), Some(modulus));
    assert_eq!(certificate::agree(tpm), Some(true));
    // The hash carries this TPM: the text of a Windows on top of it, with libtpms' firmware date, and its key.
    let words = text_of(&kept, 13);
    assert!(words.starts_with("TPM-Version:2.0 -Level:0-Revision:1.64-VendorID:'IBM '-Firmware:538513443."), "{words}");
    assert_eq!(record(&kept, 25), modulus);
    assert_eq!(record(&kept, 11)[10..], kept.identity().ek.unwrap().0);
    // swtpm's second key is P-384, whose certificate lies in the high range.
    assert!(tpm.certificates.iter().any(|certificate| certificate.nv_index == 0x01c0_0016));
    let about_the_tpm = |capture: &Capture| {
        let parts = [Part::Tpm, Part::EndorsementKey, Part::EkCertificate];
        capture.findings.iter().filter(|finding| parts.contains(&finding.part)).count()
    };
    assert_eq!(about_the_tpm(&kept), 0, "{:?}", kept.findings);

    forget(temp.path(), 0x8101_0001);
    forget(temp.path(), 0x8101_0016);
    for _ in 0..4 {
        // More often than there are slots for transient objects: each is flushed.
        let made = capture(temp.path());
        let keys = &made.tpm.as_ref().unwrap().keys;
        assert_eq!(keys.iter().map(|key| key.source).collect::<Vec<_>>(), [EkSource::Created; 2]);
        assert_eq!(rsa_modulus(&keys[0].public.0), Some(modulus));
        assert_eq!(made.identity().ek, kept.identity().ek);
        // Persistent, made anew, certified: three ways to the same key in the hash.
        assert_eq!(certificate::agree(made.tpm.as_ref().unwrap()), Some(true));
        assert_eq!(record(&made, 25), modulus);
        assert_eq!(about_the_tpm(&made), 0, "{:?}", made.findings);
    }
}
