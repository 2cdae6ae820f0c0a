//! A profile that is to be made, as a person writes it down.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{answer::name::Template, problem::Problem};

/// How a laptop gets to the person who uses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Its user signs in at the first start.
    UserDriven,
    /// The same, and a technician may provision it before (Windows ×5).
    #[default]
    PreProvisioning,
    /// Nobody signs in: kiosks, shared laptops.
    SelfDeploying,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    #[default]
    Entra,
    /// Active Directory and Entra.
    Hybrid,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserType {
    #[default]
    Standard,
    Administrator,
}

/// What the first pages of setup ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Language {
    /// They ask.
    #[default]
    UserSelect,
    OsDefault,
    /// `de-DE`.
    Preset(String),
}

impl From<String> for Language {
    fn from(text: String) -> Self {
        match text.trim() {
            "" | "user-select" => Self::UserSelect,
            "os-default" => Self::OsDefault,
            tag => Self::Preset(tag.to_owned()),
        }
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        match language {
            Language::UserSelect => "user-select".to_owned(),
            Language::OsDefault => "os-default".to_owned(),
            Language::Preset(tag) => tag,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub scenario: Scenario,
    #[serde(default)]
    pub join: Join,
    #[serde(default)]
    pub language: Language,
    #[serde(default)]
    pub user: UserType,
    /// `WH-%SERIAL%`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_template: Option<String>,
    #[serde(default)]
    pub skip_keyboard: bool,
    #[serde(default = "yes")]
    pub hide_privacy: bool,
    #[serde(default = "yes")]
    pub hide_licence: bool,
    #[serde(default = "yes")]
    pub hide_change_account: bool,
    /// Hybrid only: join although no domain controller is in reach.
    #[serde(default)]
    pub skip_domain_check: bool,
    /// All laptops it is assigned to are registered for Autopilot by Intune itself.
    #[serde(default)]
    pub register_all: bool,
}

fn yes() -> bool {
    true
}

impl Settings {
    /// # Errors
    /// The first that contradicts another, or that the service refuses.
    pub fn checked(mut self) -> Result<Self, Problem> {
        let wrong = |why: &str, next: &str| Err(Problem::new("The profile was not made.", why, next));
        self.name = self.name.trim().to_owned();
        if self.name.is_empty() || self.name.chars().count() > 128 || self.name.chars().any(char::is_control) {
            return wrong("Its name is empty, longer than 128 characters or cannot be printed.", "Give it another.");
        }
        if let Some(template) = &self.name_template {
            if self.join == Join::Hybrid {
                return wrong(
                    "Laptops that join Active Directory are named by the domain join profile, not by this one.",
                    "Leave name-template out.",
                );
            }
            if let Err(error) = Template::parse(template) {
                return wrong(&format!("The naming template {template:?} is not right: {error}."), "Correct it.");
            }
        }
        if let Language::Preset(tag) = &self.language {
            let fits = tag.contains('-') && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !fits {
                return wrong(&format!("The language {tag:?} is no tag like de-DE."), "Correct it, or leave it out.");
            }
        }
        if self.scenario == Scenario::SelfDeploying {
            if self.join == Join::Hybrid {
                return wrong("Self-deploying laptops join Entra only.", "Leave join out, or choose user-driven.");
            }
            if self.user == UserType::Administrator {
                return wrong(
                    "Nobody signs in during self-deployment, so nobody becomes administrator.",
                    "Leave user out.",
                );
            }
        }
        if self.skip_domain_check && self.join != Join::Hybrid {
            return wrong("skip-domain-check is for hybrid joins only.", "Leave it out.");
        }
        Ok(self)
    }

    /// What is right as it is, and may still surprise.
    pub fn doubts(&self) -> Vec<String> {
        let mut doubts = vec![];
        if self.scenario == Scenario::PreProvisioning && self.language != Language::UserSelect {
            doubts.push(
                "with a language set, setup on a wired network goes past the page on which Windows ×5 is pressed; let its user \
                 choose"
                    .to_owned(),
            );
        }
        if self.scenario == Scenario::SelfDeploying {
            doubts.push("self-deployment needs a TPM 2.0 that attests; a laptop can go through it once".to_owned());
        }
        if self.register_all {
            doubts.push(
                "every laptop it is assigned to is registered for Autopilot, also those that never were".to_owned(),
            );
        }
        doubts
    }

    /// As Graph (beta) takes it.
    pub(super) fn body(&self) -> Value {
        let join = match self.join {
            Join::Entra => "azureAD",
            Join::Hybrid => "activeDirectory",
        };
        let locale = match &self.language {
            Language::UserSelect => "",
            Language::OsDefault => "os-default",
            Language::Preset(tag) => tag,
        };
        let mut body = json!({
            "@odata.type": format!("#microsoft.graph.{join}WindowsAutopilotDeploymentProfile"),
            "displayName": self.name,
            "description": self.description,
            "locale": locale,
            "deviceType": "windowsPc",
            "deviceNameTemplate": self.name_template.as_deref().unwrap_or_default(),
            "preprovisioningAllowed": self.scenario == Scenario::PreProvisioning,
            "hardwareHashExtractionEnabled": self.register_all,
            "roleScopeTagIds": ["0"],
            "outOfBoxExperienceSetting": {
                "privacySettingsHidden": self.hide_privacy,
                "eulaHidden": self.hide_licence,
                "userType": match self.user {
                    UserType::Standard => "standard",
                    UserType::Administrator => "administrator",
                },
                "deviceUsageType": if self.scenario == Scenario::SelfDeploying { "shared" } else { "singleUser" },
                "keyboardSelectionPageSkipped": self.skip_keyboard,
                "escapeLinkHidden": self.hide_change_account,
            },
        });
        if self.join == Join::Hybrid {
            body["hybridAzureADJoinSkipConnectivityCheck"] = json!(self.skip_domain_check);
        }
        body
    }

    /// A line each.
    pub(super) fn words(&self) -> String {
        let scenario = match self.scenario {
            Scenario::UserDriven => "user-driven, no pre-provisioning",
            Scenario::PreProvisioning => "user-driven, a technician may provision before (Windows ×5)",
            Scenario::SelfDeploying => "self-deploying: kiosks and shared laptops",
        };
        let join = if self.join == Join::Hybrid { "joins Active Directory and Entra" } else { "joins Entra" };
        let user = if self.user == UserType::Administrator {
            "its user is administrator"
        } else {
            "its user is no administrator"
        };
        let language = match &self.language {
            Language::UserSelect => "setup asks for the language".to_owned(),
            Language::OsDefault => "the language of Windows".to_owned(),
            Language::Preset(tag) => format!("language {tag}"),
        };
        let name = self
            .name_template
            .as_ref()
            .map_or_else(|| "keeps the name Windows makes up".to_owned(), |name| format!("called {name}"));
        let hidden = [
            (self.skip_keyboard, "keyboard"),
            (self.hide_privacy, "privacy"),
            (self.hide_licence, "licence"),
            (self.hide_change_account, "change of account"),
        ];
        let hidden: Vec<_> = hidden.iter().filter(|(hidden, _)| *hidden).map(|(_, what)| *what).collect();
        let hidden = if hidden.is_empty() { "none".to_owned() } else { hidden.join(", ") };
        format!("{scenario}; {join}; {user}; {language}; {name}; pages of setup left out: {hidden}")
    }
}
