//! What one line says of a machine, and whether it holds together.

use super::{device_link, refusal, same_serial};
use crate::{
    entry::{Entry, Lane, Notes, Refusal},
    hwhash::{Critical, HardwareHash, HashError, Record},
    identity::Serial,
    msdm::ProductKeyId,
    scan,
    table::quote,
};

/// Characters of a text that somebody types: no service takes longer ones.
const LONGEST_TEXT: usize = 256;

/// Empty means: not there.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) serial: String,
    pub(super) product_key_id: String,
    pub(super) hash: String,
    pub(super) group_tag: String,
    pub(super) user: String,
    pub(super) manufacturer: String,
    pub(super) model: String,
    pub(super) data: String,
}

impl Fields {
    /// Checks every value and each against the others; notes what it put right, left out or found
    /// worth knowing.
    pub(super) fn entry(self, lane: Lane, notes: &mut Notes) -> Result<Entry, Refusal> {
        self.check_texts()?;
        let mut entry = Entry::new(lane);
        entry.product_key_id = product_key_id(&self.product_key_id)?;
        entry.hash = hash(&self.hash, notes)?;
        entry.serial = self.serial(entry.hash.as_ref(), notes)?;
        if let Some(hash) = &entry.hash {
            self.check_beside(hash, entry.serial.is_some(), entry.product_key_id.as_ref(), notes)?;
        }
        if lane == Lane::DeviceLinkCsv {
            entry.device_link = Some(device_link::read(&self.data, entry.serial.as_ref())?);
        }
        if !self.user.is_empty() && !is_upn(&self.user) {
            // A name that does not exist locks the machine at first sign-in, until somebody takes it off again.
            notes.repair(format!("left the assigned user {} out: it is no name@domain", quote(&self.user)));
        } else {
            entry.assigned_user = self.user;
        }
        (entry.manufacturer, entry.model, entry.group_tag) = (self.manufacturer, self.model, self.group_tag);
        usable(&entry)?;
        Ok(entry)
    }

    fn check_texts(&self) -> Result<(), Refusal> {
        let texts = [
            (&self.serial, "serial number"),
            (&self.group_tag, "group tag"),
            (&self.user, "assigned user"),
            (&self.manufacturer, "manufacturer"),
            (&self.model, "model"),
        ];
        for (text, what) in texts {
            if text.chars().nth(LONGEST_TEXT).is_some() {
                return Err(refusal(
                    format!("The {what} is longer than {LONGEST_TEXT} characters: {}.", quote(text)),
                    "Look whether two columns or lines ran together.",
                ));
            }
        }
        if self.group_tag.contains(',') {
            return Err(refusal(
                format!("The group tag {} has a comma in it.", quote(&self.group_tag)),
                "The Intune portal takes no commas inside values: agree on another tag, and correct this line.",
            ));
        }
        Ok(())
    }

    /// The column's serial number, if it goes with the hash.
    fn serial(&self, hash: Option<&HardwareHash>, notes: &mut Notes) -> Result<Option<Serial>, Refusal> {
        let identity = hash.map(HardwareHash::identity);
        let own = identity.as_ref().and_then(|identity| identity.good_serial());
        // What Windows writes where the firmware has none.
        if self.serial.is_empty() || self.serial.starts_with("SMBIOS_STRING_INDEX_") {
            return Ok(None);
        }
        if is_scientific(&self.serial) {
            return Err(damaged_by_spreadsheet("serial number", &self.serial));
        }
        refuse_product_key(&self.serial, "serial number")?;
        let column = Serial::try_from(self.serial.clone()).map_err(|error| {
            refusal(
                format!("{} is no serial number: {error}.", quote(&self.serial)),
                "Correct the line by the label of the machine.",
            )
        })?;
        let Some(own) = own else {
            if hash.is_some() && !column.is_junk() {
                notes.remark("the serial number is the column's: the hash has none".to_owned());
            }
            return Ok(Some(column));
        };
        if same_serial(&column, own) {
            return Ok(Some(column));
        }
        if column.is_junk() {
            notes.repair(format!("the serial number is the hash's, {own}: the column has no real one"));
            return Ok(Some(own.clone()));
        }
        let all_digits = own.as_str().bytes().all(|byte| byte.is_ascii_digit());
        if all_digits && own.as_str().trim_start_matches('0') == column.as_str() {
            notes.repair("put back the leading zeros of the serial number, from the hash".to_owned());
            return Ok(Some(own.clone()));
        }
        if scan::means(&column, own) {
            notes.repair(format!("the serial number is the hash's, {own}, not {}", quote(column.as_str())));
            return Ok(Some(own.clone()));
        }
        Err(refusal(
            format!(
                "The serial number column says {}, the hash says {}: two rows were mixed.",
                quote(column.as_str()),
                quote(own.as_str())
            ),
            "Take the file as it was before somebody sorted or edited it, or capture both machines again.",
        ))
    }

    /// The other columns beside the hash, which is what is registered.
    fn check_beside(
        &self,
        hash: &HardwareHash,
        serial_agrees: bool,
        column: Option<&ProductKeyId>,
        notes: &mut Notes,
    ) -> Result<(), Refusal> {
        if let (Some(own), Some(column)) = (hash.product_key_id(), column)
            && own != *column
        {
            let differ = format!("the column says Windows product id {column}, the hash says {own}");
            if !serial_agrees {
                return Err(refusal(
                    format!("Two rows were mixed: {differ}."),
                    "Take the file as it was before somebody sorted or edited it, or capture both machines again.",
                ));
            }
            notes.remark(format!("{differ}: the board or its Windows key was changed"));
        }
        if !(self.manufacturer.is_empty() && self.model.is_empty()) {
            let records = hash.records();
            for (what, column, wanted) in [("manufacturer", &self.manufacturer, 16), ("model", &self.model, 17)] {
                let own = records.iter().find_map(|record| match record {
                    Record::Text { kind, text, .. } if *kind == wanted => Some(text.trim()),
                    _ => None,
                });
                if let Some(own) = own
                    && !column.is_empty()
                    && !own.eq_ignore_ascii_case(column)
                {
                    notes.remark(format!("the column says {what} {}, the hash says {}", quote(column), quote(own)));
                }
            }
        }
        let missing = hash.missing();
        if !missing.is_empty() {
            let names: Vec<_> = missing.iter().map(|field| field.name()).collect();
            let tpm = missing.contains(&Critical::EkPubHash) || missing.contains(&Critical::TpmVersion);
            let so = if tpm { "; without the TPM's data pre-provisioning fails" } else { "" };
            notes.remark(format!("the hash lacks {}{so}", names.join(", ")));
        }
        Ok(())
    }
}

fn hash(text: &str, notes: &mut Notes) -> Result<Option<HardwareHash>, Refusal> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match HardwareHash::parse(text) {
        Ok((hash, repaired)) => {
            notes.repairs.extend(repaired.into_iter().map(|repair| format!("hardware hash: {}", repair.words())));
            Ok(Some(hash))
        }
        Err(error) => {
            let next = match error {
                HashError::NotAHash => "Look whether the columns are in the right places.",
                _ => "Capture the hash again; do not copy it by hand or through a spreadsheet.",
            };
            Err(refusal(format!("The hardware hash is not sound: {error}."), next))
        }
    }
}

/// `None` for an empty text.
pub(crate) fn product_key_id(text: &str) -> Result<Option<ProductKeyId>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(id) = ProductKeyId::try_from(text.to_owned()) {
        return Ok(Some(id));
    }
    if is_scientific(text) {
        return Err(damaged_by_spreadsheet("Windows product id", text));
    }
    refuse_product_key(text, "Windows product id")?;
    Err(refusal(
        format!("{} is no Windows product id: that has 13 digits.", quote(text)),
        "Correct it by the box; or leave it empty if the line has something else to go by.",
    ))
}

/// A licence in clear: no message and no journal repeats it.
pub(crate) fn refuse_product_key(text: &str, column: &str) -> Result<(), Refusal> {
    if text.len() != 29 || text.split('-').any(|group| group.len() != 5) {
        return Ok(());
    }
    Err(refusal(
        format!("There is a product key of 25 characters in the {column} column."),
        "Remove it from the file, it is a licence. The Windows product id has 13 digits and stands on the box.",
    ))
}

/// Something in it that a registration service takes.
fn usable(entry: &Entry) -> Result<(), Refusal> {
    let tuple = entry.serial.is_some() && !entry.manufacturer.is_empty() && !entry.model.is_empty();
    if entry.hash.is_some() || entry.product_key_id.is_some() || entry.device_link.is_some() || tuple {
        return Ok(());
    }
    Err(match &entry.serial {
        Some(_) => refusal(
            "There is a serial number and no hardware hash: the capture failed, or this is an order list.",
            "Capture the hash on the machine; a list of what is expected goes through whiteglove order import.",
        ),
        None => refusal(
            "There is no hardware hash, no Windows product id, and no maker, model and serial number.",
            "Capture the hash on the machine, or complete the line.",
        ),
    })
}

/// One `@`, something before it, a domain with a dot behind it, no blanks.
fn is_upn(text: &str) -> bool {
    let Some((user, domain)) = text.split_once('@') else { return false };
    let parts = || domain.split('.');
    let domain_is_sound = parts().count() > 1 && parts().all(|part| !part.is_empty());
    !user.is_empty() && domain_is_sound && !domain.contains('@') && !text.contains(char::is_whitespace)
}

/// `1.23E+11`, `1,23E+11`: a spreadsheet took it for a number and forgot its digits.
pub(crate) fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let Some(exponent) = exponent.strip_prefix('+') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_is_number = match mantissa.split_once(['.', ',']) {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(mantissa),
    };
    mantissa_is_number && digits(exponent)
}

pub(crate) fn damaged_by_spreadsheet(what: &str, text: &str) -> Refusal {
    refusal(
        format!("The {what} {} was turned into a number by a spreadsheet; its last digits are lost.", quote(text)),
        "Take the file as it was before the spreadsheet, or format the column as text and enter it again.",
    )
}
