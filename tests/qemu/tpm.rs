//! An emulated TPM 2.0 as it leaves its maker: endorsement keys, and certificates of a maker made up
//! for the test. What it holds is asked of it by tools that are not ours.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{tool, until};

/// tpm2-tools expect the control socket beside the data socket, under this name.
const CONTROL: &str = "data.sock.ctrl";

pub(crate) struct Tpm {
    folder: PathBuf,
}

/// A running emulator; ends when dropped.
pub(crate) struct Emulator {
    child: Child,
    /// What QEMU connects to.
    pub(crate) control: PathBuf,
}

impl Tpm {
    pub(crate) fn manufacture(folder: &Path) -> Self {
        let tpm = Self { folder: folder.to_owned() };
        fs::create_dir_all(tpm.path("state")).unwrap();
        fs::create_dir_all(tpm.path("certificates")).unwrap();
        let at = |name: &str| tpm.path(name).display().to_string();
        // A certificate authority of its own: nothing outside the test's folder is read or written.
        let authority = format!(
            "statedir = {}\nsigningkey = {}\nissuercert = {}\ncertserial = {}\n",
            at("ca"),
            at("ca/key.pem"),
            at("ca/issuer.pem"),
            at("ca/serial")
        );
        fs::write(tpm.path("authority.conf"), authority).unwrap();
        let options = "--platform-manufacturer Whiteglove\n--platform-version 1\n--platform-model Testbook\n";
        fs::write(tpm.path("authority.options"), options).unwrap();
        let setup = format!(
            "create_certs_tool = {}\ncreate_certs_tool_config = {}\ncreate_certs_tool_options = {}\n\
             active_pcr_banks = sha256\n",
            program("swtpm_localca").display(),
            at("authority.conf"),
            at("authority.options")
        );
        fs::write(tpm.path("setup.conf"), setup).unwrap();
        let (made, report) = tool(
            "swtpm_setup",
            &[
                "--tpm2",
                "--tpmstate",
                &at("state"),
                "--config",
                &at("setup.conf"),
                "--create-ek-cert",
                "--create-platform-cert",
                "--lock-nvram",
                "--write-ek-cert-files",
                &at("certificates"),
            ],
        );
        assert!(made, "{report}");
        tpm
    }

    /// The certificates as their maker signed them, in DER, by the kind of key.
    pub(crate) fn certificate(&self, kind: &str) -> Vec<u8> {
        fs::read(self.path("certificates").join(format!("ek-{kind}.crt"))).unwrap()
    }

    /// The modulus that the RSA certificate vouches for.
    pub(crate) fn certified_modulus(&self) -> Vec<u8> {
        let certificate = self.path("certificates/ek-rsa2048.crt");
        let (read, text) =
            tool("openssl", &["x509", "-inform", "der", "-noout", "-modulus", "-in", certificate.to_str().unwrap()]);
        assert!(read, "{text}");
        hex::decode(text.trim().strip_prefix("Modulus=").unwrap()).unwrap()
    }

    /// TPMT_PUBLIC of the keys at persistent handles, as tpm2-tools read them. No machine may be using the TPM.
    pub(crate) fn public<const N: usize>(&self, handles: [&str; N]) -> [Vec<u8>; N] {
        let data = self.path("data.sock").display().to_string();
        let server = format!("type=unixio,path={data}");
        let _emulator = self.emulate(&["--server", &server, "--flags", "not-need-init,startup-clear"], &data);
        let connection = format!("swtpm:path={data}");
        handles.map(|handle| {
            let out = self.path(handle);
            let path = out.to_str().unwrap();
            let (read, report) = tool("tpm2_readpublic", &["-T", &connection, "-c", handle, "-f", "tss", "-o", path]);
            assert!(read, "{report}");
            // TPM2B_PUBLIC: two bytes of length in front.
            fs::read(out).unwrap().split_off(2)
        })
    }

    /// What the TPM says of itself, as tpm2-tools print it. No machine may be using the TPM.
    pub(crate) fn properties(&self) -> String {
        let data = self.path("data.sock").display().to_string();
        let server = format!("type=unixio,path={data}");
        let _emulator = self.emulate(&["--server", &server, "--flags", "not-need-init,startup-clear"], &data);
        let (read, text) = tool("tpm2_getcap", &["-T", &format!("swtpm:path={data}"), "properties-fixed"]);
        assert!(read, "{text}");
        text
    }

    /// For a machine to be plugged into.
    pub(crate) fn start(&self) -> Emulator {
        let control = self.path(CONTROL).display().to_string();
        self.emulate(&["--flags", "startup-clear", "--terminate"], &control)
    }

    /// `last` is the socket that it makes last.
    fn emulate(&self, how: &[&str], last: &str) -> Emulator {
        let control = self.path(CONTROL);
        for stale in [&control, Path::new(last)] {
            let _ = fs::remove_file(stale);
        }
        let child = Command::new("swtpm")
            .args(["socket", "--tpm2", "--tpmstate", &format!("dir={}", self.path("state").display())])
            .args(["--ctrl", &format!("type=unixio,path={}", control.display())])
            .args(how)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(self.path("swtpm.log")).unwrap())
            .spawn()
            .unwrap();
        let emulator = Emulator { child, control };
        until("the emulated TPM", || (emulator.control.exists() && Path::new(last).exists()).then_some(()));
        emulator
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may be putting its state away.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        for _ in 0..20 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("{name} is missing"))
}
