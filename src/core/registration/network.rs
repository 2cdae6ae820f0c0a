//! Whether what a laptop needs in the technician phase can be reached from the bench's network, and whether the time is
//! right there. Hosts: Microsoft's network requirements of Windows Autopilot and of TPM attestation.

use serde::{Deserialize, Serialize};

use crate::{clock::Moment, problem::Problem};

/// One host that has to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    pub name: String,
    pub port: u16,
    /// What fails without it.
    pub needed_for: String,
}

/// The firmware TPM's maker gives out its certificate on first use; only that maker's host counts for a laptop.
pub const HOSTS: [(&str, u16, &str); 12] = [
    ("ztd.dds.microsoft.com", 443, "finding the deployment profile"),
    ("cs.dds.microsoft.com", 443, "finding the deployment profile"),
    ("login.live.com", 443, "finding the deployment profile"),
    ("login.microsoftonline.com", 443, "joining Entra"),
    ("device.login.microsoftonline.com", 443, "joining Entra"),
    ("enterpriseregistration.windows.net", 443, "joining Entra"),
    ("enrollment.manage.microsoft.com", 443, "enrolling in Intune"),
    ("manage.microsoft.com", 443, "enrolling in Intune"),
    ("www.msftconnecttest.com", 80, "Windows' test for the internet"),
    ("ekop.intel.com", 443, "TPM attestation (Intel)"),
    ("ftpm.amd.com", 443, "TPM attestation (AMD)"),
    ("ekcert.spserv.microsoft.com", 443, "TPM attestation (Qualcomm)"),
];

pub const TIME_SERVER: &str = "time.windows.com";

/// Milliseconds. Minutes of difference break attestation (Windows Autopilot known issues).
const RISKY_SKEW: u64 = 180_000;

/// What answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkTest {
    /// Hosts with the milliseconds until they were connected, or why they were not.
    pub hosts: Vec<(Host, Result<u64, String>)>,
    /// The bench's clock against the time server, in milliseconds: positive is ahead. Or why it is not known.
    pub skew: Result<i64, String>,
}

impl NetworkTest {
    pub fn passed(&self) -> bool {
        self.problem().is_none()
    }

    /// What is wrong, all of it in one.
    pub fn problem(&self) -> Option<Problem> {
        let mut wrong: Vec<String> = vec![];
        for (host, outcome) in &self.hosts {
            if let Err(why) = outcome {
                wrong.push(format!("{}:{} ({}): {why}", host.name, host.port, host.needed_for));
            }
        }
        match &self.skew {
            Err(why) => wrong.push(format!("the time server does not answer: {why}")),
            Ok(skew) if skew.unsigned_abs() > RISKY_SKEW => {
                wrong.push(format!("the bench's clock is {} s {}", skew.unsigned_abs() / 1000, ahead(*skew)));
            }
            Ok(_) => {}
        }
        let first = wrong.first()?;
        let more = if wrong.len() > 1 { format!(" and {} more", wrong.len() - 1) } else { String::new() };
        Some(Problem::new(
            format!("The network test failed: {first}{more}"),
            wrong.join("; "),
            "Check the uplink and what its firewall lets through, then test again: whiteglove registration test-network.",
        ))
    }

    /// In a line, if nothing is wrong.
    pub fn words(&self) -> String {
        let slowest = self.hosts.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).max();
        let slowest = slowest.map_or_else(String::new, |ms| format!(", slowest {ms} ms"));
        let skew = self.skew.as_ref().map_or_else(|_| String::new(), |ms| format!(", clock {ms:+} ms"));
        let answer = if self.hosts.len() == 1 { "host answers" } else { "hosts answer" };
        format!("{} {answer}{slowest}{skew}", self.hosts.len())
    }
}

fn ahead(skew: i64) -> &'static str {
    if skew > 0 { "ahead" } else { "behind" }
}

/// When it was last tried, for all customers of the bench: they share the line.
pub type Tested = (Moment, NetworkTest);
