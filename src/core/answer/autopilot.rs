//! AutopilotConfigurationFile.json: a user-driven profile for a laptop that the service does not know yet.
//!
//! Format: Microsoft's "Autopilot deployment for existing devices". ASCII or Windows ignores it, under exactly this
//! name in `%WINDIR%\Provisioning\Autopilot`, one profile. Pre-provisioning and self-deploying need TPM attestation
//! of a registered device and cannot be had by it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{cannot, check_words, name::Template};
use crate::problem::Problem;

pub const FILE_NAME: &str = "AutopilotConfigurationFile.json";
pub const WARNING: &str = "This file cannot do pre-provisioning: the technician phase needs the laptop to be registered, and then the \
                           profile of the service counts, not this one. It is for user-driven setup of reimaged laptops only.";
const WHAT: &str = "AutopilotConfigurationFile.json";

/// What a person chooses; everything else follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// GUID of the tenant.
    pub tenant_id: String,
    /// `contoso.onmicrosoft.com`, or a domain of the tenant's own.
    pub tenant_domain: String,
    /// Its name in reports; ends up as a comment in the file.
    pub name: String,
    #[serde(default)]
    pub join: Join,
    /// The user does not become an administrator.
    #[serde(default = "yes")]
    pub standard_user: bool,
    #[serde(default = "yes")]
    pub hide_privacy: bool,
    #[serde(default = "yes")]
    pub hide_licence: bool,
    /// Takes the keyboard page away; needs a language, too.
    #[serde(default)]
    pub skip_keyboard: bool,
    /// Only members of the tenant get past the sign-in page.
    #[serde(default = "yes")]
    pub only_this_tenant: bool,
    #[serde(default)]
    pub device_name: Option<String>,
    /// `de-DE`; none: the user is asked.
    #[serde(default)]
    pub language: Option<String>,
    /// Names the profile in `enrollmentProfileName`; none: it follows from tenant and name.
    #[serde(default)]
    pub correlation_id: Option<String>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    #[default]
    Entra,
    Hybrid,
}

/// Bits of `CloudAssignedOobeConfig`.
pub(super) mod bits {
    pub(crate) const NOT_ADMINISTRATOR: u32 = 2;
    pub(crate) const SKIP_PRIVACY: u32 = 4;
    pub(crate) const SKIP_OEM_REGISTRATION: u32 = 8;
    pub(crate) const SKIP_LICENCE: u32 = 16;
    /// Set together by self-deploying profiles.
    pub(crate) const SELF_DEPLOYING: u32 = 32 | 64;
    /// In every profile that the service's own tools write.
    pub(crate) const ALWAYS: u32 = 256;
    pub(crate) const SKIP_KEYBOARD: u32 = 1024;
}

impl Profile {
    /// The file's bytes: ASCII, lines as Notepad wants them.
    ///
    /// # Errors
    /// A value that Windows would not take.
    pub fn file(&self) -> Result<Vec<u8>, Problem> {
        let tenant = guid(&self.tenant_id)
            .ok_or_else(|| cannot(WHAT, "tenant_id is no GUID", "It stands on the overview page of Entra ID."))?;
        check_words(WHAT, "name", &self.name)?;
        let domain_is_sound = self.tenant_domain.contains('.')
            && self.tenant_domain.split('.').all(|part| !part.is_empty())
            && self.tenant_domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        if !domain_is_sound {
            let next = "Write it as Entra ID lists it; an international domain in its xn-- form.";
            return Err(cannot(WHAT, "tenant_domain is no domain name", next));
        }
        if self.skip_keyboard && self.language.is_none() {
            let next = "Give a language, or leave skip_keyboard out.";
            return Err(cannot(WHAT, "skip_keyboard without a language asks for nothing and shows the page", next));
        }
        let correlation = match &self.correlation_id {
            Some(text) => {
                guid(text).ok_or_else(|| cannot(WHAT, "correlation_id is no GUID", "Correct it, or leave it out."))?
            }
            None => self.derived_id(&tenant),
        };
        let forced = u32::from(self.only_this_tenant);
        let server_data = json!({"ZeroTouchConfig": {
            "CloudAssignedTenantUpn": "",
            "ForcedEnrollment": forced,
            "CloudAssignedTenantDomain": self.tenant_domain,
        }});
        let mut profile = json!({
            "CloudAssignedTenantId": tenant,
            "CloudAssignedTenantDomain": self.tenant_domain,
            "CloudAssignedOobeConfig": self.oobe_config(),
            "CloudAssignedDomainJoinMethod": match self.join { Join::Entra => 0, Join::Hybrid => 1 },
            "CloudAssignedForcedEnrollment": forced,
            "ZtdCorrelationId": correlation,
            "CloudAssignedAadServerData": server_data.to_string(),
            "Version": 2049,
            "Comment_File": format!("Profile {}", self.name),
            // The service has none for it, and setup waits half an hour for one.
            "CloudAssignedAutopilotUpdateDisabled": 1,
            "CloudAssignedAutopilotUpdateTimeout": 1_800_000,
        });
        if let Some(name) = &self.device_name {
            Template::parse(name).map_err(|error| {
                cannot(WHAT, format!("device_name cannot be used: {error}"), "Correct the template.")
            })?;
            profile["CloudAssignedDeviceName"] = name.as_str().into();
        }
        if let Some(language) = &self.language {
            if !super::unattend::is_locale(language) {
                return Err(cannot(WHAT, format!("language {language:?} is none"), "Write it like de-DE."));
            }
            profile["CloudAssignedLanguage"] = language.as_str().into();
        }
        if self.join == Join::Hybrid {
            profile["HybridJoinSkipDCConnectivityCheck"] = 1.into();
        }
        let text = serde_json::to_string_pretty(&profile)
            .map_err(|error| cannot(WHAT, error.to_string(), "Report this; it is a defect of whiteglove."))?;
        Ok(ascii(&text).replace('\n', "\r\n").into_bytes())
    }

    fn oobe_config(&self) -> u32 {
        let chosen = [
            (self.standard_user, bits::NOT_ADMINISTRATOR),
            (self.hide_privacy, bits::SKIP_PRIVACY),
            (self.hide_licence, bits::SKIP_LICENCE),
            (self.skip_keyboard, bits::SKIP_KEYBOARD),
        ];
        let chosen = chosen.into_iter().filter(|(wanted, _)| *wanted).map(|(_, bit)| bit);
        chosen.sum::<u32>() | bits::SKIP_OEM_REGISTRATION | bits::ALWAYS
    }

    /// The same file again from the same choices: no clock, no randomness.
    fn derived_id(&self, tenant: &str) -> String {
        let digest =
            Sha256::new().chain_update(b"autopilot profile ").chain_update(tenant).chain_update(&self.name).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        // RFC 9562, 5.8.
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
        let hex = hex::encode(id);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

/// Lower case, without braces.
pub(super) fn guid(text: &str) -> Option<String> {
    crate::entry::ZtdId::try_from(text.to_owned()).ok().map(String::from)
}

/// JSON with everything outside ASCII written by number.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            text.push_str(&format!("\\u{unit:04x}"));
        }
    }
    text
}
