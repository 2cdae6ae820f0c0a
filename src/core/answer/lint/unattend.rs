//! unattend.xml and Wi-Fi profiles. Reference: Microsoft's unattended setup reference, by component.

use super::{
    Check, Finding, name_of,
    xml::{self, Element},
};
use crate::answer::{name, unattend::is_product_key};

const SHELL: &str = "Microsoft-Windows-Shell-Setup";
const INTERNATIONAL: &str = "Microsoft-Windows-International-Core";
const JOIN: &str = "Microsoft-Windows-UnattendedJoin";
const DEPLOYMENT: &str = "Microsoft-Windows-Deployment";
/// What setup and sysprep look for.
const NAMES: [&str; 2] = ["autounattend.xml", "unattend.xml"];

pub(super) fn check(path: &str, text: Option<&str>, findings: &mut Vec<Finding>) {
    let named = NAMES.contains(&name_of(path).as_str());
    let root = match text.ok_or_else(|| "neither UTF-8 nor UTF-16".to_owned()).and_then(xml::parse) {
        Ok(root) => root,
        // Any other XML is nobody's business here, whole or not.
        Err(why) if named => {
            let next = "Open it in an XML editor and mend that place; save it as UTF-8.";
            return findings.push(Finding::new(Check::NotWellFormed, path, why, next));
        }
        Err(_) => return,
    };
    match root.name.as_str() {
        "unattend" => Answers { path, findings }.check(&root, named),
        "WLANProfile" => wireless(path, &root, findings),
        other if named => {
            let why = format!("its root element is {other}, not unattend");
            findings.push(Finding::new(Check::NotWellFormed, path, why, "Take the file that was meant."));
        }
        _ => {}
    }
}

/// The passes that an answer file has something for.
pub(super) fn passes(text: &str) -> Option<Vec<String>> {
    let root = xml::parse(text).ok().filter(|root| root.name == "unattend")?;
    let with_content = root.all("settings").filter(|settings| !settings.children.is_empty());
    Some(with_content.filter_map(|settings| settings.attribute("pass").map(str::to_owned)).collect())
}

fn wireless(path: &str, root: &Element, findings: &mut Vec<Finding>) {
    let mut key = false;
    root.walk(&mut |element| {
        let protected = element.text_of("protected").eq_ignore_ascii_case("true");
        key |= element.name == "sharedKey" && !element.text_of("keyMaterial").is_empty() && !protected;
    });
    if key {
        findings.push(Finding::new(
            Check::SecretInClear,
            path,
            "the Wi-Fi key stands in it in clear (keyMaterial)",
            "Use a cable, or a network for the bench alone whose key may be known.",
        ));
    }
}

struct Answers<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
}

impl Answers<'_> {
    fn say(&mut self, check: Check, evidence: impl Into<String>, remedy: &str) {
        self.findings.push(Finding::new(check, self.path, evidence, remedy));
    }

    fn check(&mut self, root: &Element, named: bool) {
        if !named {
            self.say(
                Check::AnswerFileName,
                "it is an answer file, and setup looks for autounattend.xml and unattend.xml only",
                "Rename it, or take it off the stick.",
            );
        }
        for settings in root.all("settings") {
            let pass = settings.attribute("pass").unwrap_or_default();
            for component in settings.all("component") {
                self.component(pass, component);
            }
        }
        self.passwords(root);
        self.commands(root);
    }

    fn component(&mut self, pass: &str, component: &Element) {
        let name = component.attribute("name").unwrap_or_default();
        let architecture = component.attribute("processorArchitecture").unwrap_or_default();
        if !["amd64", "arm64", "x86"].contains(&architecture) {
            self.say(
                Check::Architecture,
                format!("{name} in {pass} has processorArchitecture {architecture:?}: Windows passes it over"),
                "Write processorArchitecture=\"amd64\", or \"arm64\" for laptops with such a processor.",
            );
        }
        match name {
            "Microsoft-Windows-Setup" => {
                component.all("DiskConfiguration").for_each(|disks| self.disks(disks));
                let key = component.child("UserData").and_then(|data| data.child("ProductKey"));
                self.product_key(key.map_or("", |key| key.text_of("Key")));
            }
            SHELL => self.shell(pass, component),
            INTERNATIONAL if pass == "oobeSystem" => self.language(component),
            JOIN => {
                let joins = component.child("Identification").is_some_and(|id| !id.text_of("JoinDomain").is_empty());
                if joins {
                    self.skips("it joins a domain (UnattendedJoin) before Autopilot can");
                }
            }
            DEPLOYMENT => {
                let audit = component.child("Reseal").is_some_and(|reseal| reseal.text_of("Mode") == "Audit");
                if audit {
                    self.skips("it starts into audit mode (Reseal)");
                }
            }
            _ => {}
        }
    }

    /// A disk that is erased, and nothing before it that fails where the laptop's own disk is not seen.
    fn disks(&mut self, disks: &Element) {
        let silent = disks.text_of("WillShowUI").eq_ignore_ascii_case("never");
        let mut guards: Vec<&str> = vec![];
        for disk in disks.all("Disk") {
            let id = disk.text_of("DiskID");
            if !is_true(disk.text_of("WillWipeDisk")) {
                let touches = disk.child("ModifyPartitions").is_some_and(|all| all.child("ModifyPartition").is_some());
                if touches {
                    guards.push(id);
                }
                continue;
            }
            if silent || !guards.iter().any(|guard| *guard != id) {
                let why = if silent { " and WillShowUI is Never" } else { "" };
                self.say(
                    Check::WipeWithoutGuard,
                    format!("disk {id} is erased with nothing before it that needs a second disk{why}: where setup lacks the \
                             driver of the laptop's own disk (Intel VMD), disk 0 is the stick"),
                    "Put a Disk with another DiskID before it that only gives partition 1 its label again, with \
                     WillShowUI OnError; whiteglove answer make autounattend does.",
                );
            }
        }
    }

    fn shell(&mut self, pass: &str, shell: &Element) {
        if let Some(element) = shell.child("ComputerName") {
            let computer = element.text.trim();
            if computer != "*"
                && let Err(error) = name::check(computer)
            {
                self.say(
                    Check::ComputerName,
                    format!("ComputerName {computer:?}: {error}"),
                    "Write * or a name of up to 15 letters, digits and hyphens. Macros such as %SERIAL% work in the \
                     Autopilot profile only.",
                );
            }
        }
        self.product_key(shell.text_of("ProductKey"));
        if pass != "oobeSystem" {
            return;
        }
        if let Some(oobe) = shell.child("OOBE") {
            for page in ["SkipMachineOOBE", "SkipUserOOBE", "HideOnlineAccountScreens"] {
                if is_true(oobe.text_of(page)) {
                    self.skips(&format!("{page} is true"));
                }
            }
        }
        let accounts = shell.child("UserAccounts").and_then(|accounts| accounts.child("LocalAccounts"));
        if accounts.is_some_and(|accounts| accounts.child("LocalAccount").is_some()) {
            self.skips("it makes a local account (LocalAccounts)");
        }
        if shell.child("AutoLogon").is_some_and(|logon| is_true(logon.text_of("Enabled"))) {
            self.skips("it signs somebody in by itself (AutoLogon)");
        }
    }

    fn skips(&mut self, why: &str) {
        self.say(
            Check::SkipsAutopilot,
            format!("{why}: setup ends without Autopilot"),
            "Take it out: Autopilot makes account, join and sign-in by the profile.",
        );
    }

    fn language(&mut self, component: &Element) {
        let set: Vec<&str> =
            ["UILanguage", "InputLocale"].into_iter().filter(|name| !component.text_of(name).is_empty()).collect();
        if !set.is_empty() {
            self.say(
                Check::LanguagePreset,
                format!(
                    "{} set for Windows' own setup: its language and keyboard pages are skipped",
                    set.join(" and ")
                ),
                "Press the Windows key five times at the first page that is left. If it does nothing there, leave this \
                 part out, and the profile's language at user select.",
            );
        }
    }

    fn product_key(&mut self, key: &str) {
        if key.is_empty() {
            return;
        }
        match is_product_key(key) {
            true => self.say(
                Check::LicenceInClear,
                "a product key stands in it",
                "Leave it out where the firmware has one; whoever finds the stick has it otherwise.",
            ),
            false => self.say(
                Check::ProductKey,
                format!("the product key has {} characters, or some that keys do not have", key.chars().count()),
                "Write the 25 characters in five groups with hyphens, or leave it out.",
            ),
        }
    }

    /// Anywhere: accounts, sign-in, domain join, network shares. What `PlainText` false gives is base64, no secret.
    fn passwords(&mut self, root: &Element) {
        let mut found = vec![];
        root.walk(&mut |element| {
            let value = if element.children.is_empty() { element.text.trim() } else { element.text_of("Value") };
            if element.name.ends_with("Password") && !value.is_empty() {
                found.push(element.name.clone());
            }
        });
        found.sort();
        found.dedup();
        if !found.is_empty() {
            self.say(
                Check::SecretInClear,
                format!("{} in clear, or in base64 which is the same", found.join(", ")),
                "Take accounts and passwords out: Autopilot needs none, and whoever finds the stick has them.",
            );
        }
    }

    fn commands(&mut self, root: &Element) {
        let mut bypass = false;
        root.walk(&mut |element| {
            bypass |= matches!(element.name.as_str(), "Path" | "CommandLine")
                && element.text.to_ascii_lowercase().contains("bypassnro");
        });
        if bypass {
            self.skips("a command lets setup go on without network (BypassNRO)");
        }
    }
}
