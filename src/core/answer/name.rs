//! Computer names: what Windows takes, and the templates of Autopilot profiles with their macros.
//!
//! Rules: NetBIOS and DNS names as Windows enforces them; `%SERIAL%` and `%RAND:n%` in capitals, in Autopilot
//! profiles only. Windows setup itself knows neither.

use std::collections::BTreeMap;

use crate::identity::Serial;

/// Of NetBIOS.
pub const LONGEST: usize = 15;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("it is empty")]
    Empty,
    #[error("it has {0} characters, and a computer name at most 15")]
    TooLong(usize),
    #[error("{0:?} cannot stand in a computer name: letters, digits and hyphens only")]
    Character(char),
    #[error("it is digits only")]
    DigitsOnly,
    #[error("it begins or ends with a hyphen")]
    Hyphen,
    #[error("%{0}% is no macro: there are %SERIAL% and %RAND:n% with n from 1 to 15, in capitals")]
    Macro(String),
    #[error("a percent sign is left over")]
    Percent,
    #[error("it has more than one macro")]
    TwoMacros,
    #[error("every laptop gets the same name")]
    SameForAll,
    #[error("%RAND:{digits}% gives {names} names; of {devices} laptops two will probably have the same")]
    TooFewNames { digits: usize, names: u64, devices: usize },
}

/// A name without macros, as it ends up in Windows.
///
/// # Errors
/// Windows refuses it, or changes it.
pub fn check(name: &str) -> Result<(), NameError> {
    let length = name.chars().count();
    if length == 0 {
        return Err(NameError::Empty);
    }
    check_characters(name)?;
    if length > LONGEST {
        return Err(NameError::TooLong(length));
    }
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NameError::DigitsOnly);
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(NameError::Hyphen);
    }
    Ok(())
}

fn check_characters(text: &str) -> Result<(), NameError> {
    match text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-')) {
        Some(other) => Err(NameError::Character(other)),
        None => Ok(()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Macro {
    Serial,
    Random(usize),
}

/// `BER-%SERIAL%`, `LAP%RAND:5%`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    before: String,
    inside: Option<Macro>,
    after: String,
}

/// What one laptop would be called.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Preview {
    pub serial: String,
    /// A `#` for each digit that Windows rolls.
    pub name: String,
    /// What a person should know of it, in words.
    pub doubts: Vec<String>,
}

impl Template {
    /// # Errors
    /// Windows would not take it, or would take it for something else.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let mut pieces = text.split('%');
        let before = pieces.next().unwrap_or_default().to_owned();
        let (inside, after) = match (pieces.next(), pieces.next(), pieces.next()) {
            (None, ..) => (None, String::new()),
            (Some(_), None, _) => return Err(NameError::Percent),
            (Some(inside), Some(after), None) => (Some(parse_macro(inside)?), after.to_owned()),
            (Some(_), Some(_), Some(_)) => return Err(NameError::TwoMacros),
        };
        check_characters(&before)?;
        check_characters(&after)?;
        let template = Self { before, inside, after };
        match template.inside {
            None => check(&template.before)?,
            Some(Macro::Serial) => {
                // At least one character of the serial number, or all laptops are called the same.
                let fixed = template.fixed();
                if fixed >= LONGEST {
                    return Err(NameError::TooLong(fixed + 1));
                }
            }
            Some(Macro::Random(digits)) => check(&template.with(&"0".repeat(digits)))?,
        }
        if template.before.starts_with('-') || template.after.ends_with('-') {
            return Err(NameError::Hyphen);
        }
        Ok(template)
    }

    fn fixed(&self) -> usize {
        self.before.len() + self.after.len()
    }

    fn with(&self, inside: &str) -> String {
        format!("{}{inside}{}", self.before, self.after)
    }

    /// What is wrong with it for so many laptops together.
    ///
    /// # Errors
    /// Two of them would have the same name.
    pub fn check_for(&self, devices: usize) -> Result<(), NameError> {
        match self.inside {
            None if devices > 1 => Err(NameError::SameForAll),
            Some(Macro::Random(digits)) => {
                let names = 10_u64.saturating_pow(u32::try_from(digits).unwrap_or(u32::MAX));
                // Rolled one by one, not dealt out: two meet long before the names run out.
                match (devices as u64).saturating_mul(devices as u64) > names {
                    true => Err(NameError::TooFewNames { digits, names, devices }),
                    false => Ok(()),
                }
            }
            None | Some(Macro::Serial) => Ok(()),
        }
    }

    /// What each of these would be called, in their order.
    ///
    /// How Windows shortens a serial number that does not fit is written nowhere; the beginning is kept here, and it
    /// is said.
    pub fn preview(&self, serials: &[Serial]) -> Vec<Preview> {
        let mut previews: Vec<Preview> = serials.iter().map(|serial| self.one(serial)).collect();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for preview in previews.iter().filter(|preview| !preview.name.contains('#')) {
            *seen.entry(preview.name.to_ascii_uppercase()).or_default() += 1;
        }
        for preview in &mut previews {
            let same = seen.get(&preview.name.to_ascii_uppercase()).copied().unwrap_or_default();
            if same > 1 {
                preview.doubts.push(format!("{same} laptops get this name"));
            }
        }
        previews
    }

    fn one(&self, serial: &Serial) -> Preview {
        let mut doubts = vec![];
        let name = match self.inside {
            None => self.before.clone(),
            Some(Macro::Random(digits)) => self.with(&"#".repeat(digits)),
            Some(Macro::Serial) => {
                let fits: String = serial.as_str().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                if fits.len() != serial.as_str().len() {
                    doubts.push("the serial number has characters that no computer name has".to_owned());
                }
                let room = LONGEST - self.fixed();
                if fits.len() > room {
                    doubts.push(format!("{room} of the serial number's {} characters fit", fits.len()));
                }
                self.with(&fits[..fits.len().min(room)])
            }
        };
        if let Err(error) = check(&name.replace('#', "0")) {
            doubts.push(error.to_string());
        }
        Preview { serial: serial.to_string(), name, doubts }
    }
}

fn parse_macro(text: &str) -> Result<Macro, NameError> {
    if text == "SERIAL" {
        return Ok(Macro::Serial);
    }
    let digits = text.strip_prefix("RAND:").and_then(|digits| digits.parse().ok());
    match digits.filter(|digits| (1..=LONGEST).contains(digits)) {
        Some(digits) => Ok(Macro::Random(digits)),
        None => Err(NameError::Macro(text.chars().filter(|c| !c.is_control()).take(20).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serials(texts: &[&str]) -> Vec<Serial> {
        texts.iter().map(|text| Serial::try_from((*text).to_owned()).unwrap()).collect()
    }

    #[test]
    fn templates_are_read_as_windows_does() {
        for good in ["BER-%SERIAL%", "%SERIAL%", "LAP%RAND:5%", "%RAND:4%-X", "KIOSK1", "ABCDEFGHIJKLMN%SERIAL%"] {
            Template::parse(good).unwrap_or_else(|error| panic!("{good}: {error}"));
        }
        for (bad, error) in [
            ("", NameError::Empty),
            ("BER-%serial%", NameError::Macro("serial".to_owned())),
            ("%RAND:0%", NameError::Macro("RAND:0".to_owned())),
            ("%RAND:16%", NameError::Macro("RAND:16".to_owned())),
            ("%RAND%", NameError::Macro("RAND".to_owned())),
            ("A%SERIAL", NameError::Percent),
            ("A%SERIAL%%RAND:2%", NameError::TwoMacros),
            ("B\u{dc}RO-%SERIAL%", NameError::Character('\u{dc}')),
            ("A B%SERIAL%", NameError::Character(' ')),
            ("%RAND:5%", NameError::DigitsOnly),
            ("12345", NameError::DigitsOnly),
            ("-%SERIAL%", NameError::Hyphen),
            ("ABCDEFGHIJKLMNO%SERIAL%", NameError::TooLong(16)),
            ("ABCDEFGHIJKL%RAND:4%", NameError::TooLong(16)),
        ] {
            assert_eq!(Template::parse(bad), Err(error), "{bad}");
        }
    }

    #[test]
    fn a_preview_names_each_laptop_and_its_doubts() {
        let template = Template::parse("BER-%SERIAL%").unwrap();
        let previews = template.preview(&serials(&["PF3K9Q", "5CG1234567890", "5CG1234567899", "VM 12"]));
        let names: Vec<_> = previews.iter().map(|preview| (preview.name.as_str(), preview.doubts.join("; "))).collect();
        assert_eq!(
            names,
            [
                ("BER-PF3K9Q", String::new()),
                ("BER-5CG12345678", "11 of the serial number's 13 characters fit; 2 laptops get this name".to_owned()),
                ("BER-5CG12345678", "11 of the serial number's 13 characters fit; 2 laptops get this name".to_owned()),
                ("BER-VM12", "the serial number has characters that no computer name has".to_owned()),
            ]
        );
        assert_eq!(
            Template::parse("%SERIAL%").unwrap().preview(&serials(&["123456"]))[0].doubts,
            ["it is digits only"]
        );
        assert_eq!(Template::parse("L%RAND:3%").unwrap().preview(&serials(&["A1"]))[0].name, "L###");
    }

    #[test]
    fn a_batch_needs_as_many_names_as_laptops() {
        assert_eq!(Template::parse("KIOSK1").unwrap().check_for(2), Err(NameError::SameForAll));
        assert_eq!(Template::parse("KIOSK1").unwrap().check_for(1), Ok(()));
        let random = Template::parse("L%RAND:4%").unwrap();
        assert_eq!(random.check_for(100), Ok(()));
        assert_eq!(random.check_for(101), Err(NameError::TooFewNames { digits: 4, names: 10_000, devices: 101 }));
        assert_eq!(Template::parse("L%SERIAL%").unwrap().check_for(500), Ok(()));
    }
}
