//! Customers and batches as a person writes them into a file: TOML, or CSV out of a spreadsheet.

use std::path::Path;

use serde::de::DeserializeOwned;
use whiteglove_core::{batch::Batch, control::Settings, customer::Customer, problem::Problem};

/// A file of settings is a page, not a database.
const LONGEST_FILE: u64 = 1 << 20;

/// All that a file holds.
#[derive(Debug)]
pub enum Found {
    Customers(Vec<Customer>),
    Batches(Vec<Batch>),
}

/// # Errors
/// The file cannot be read, or is not right.
pub(crate) fn find(of: Settings, path: &Path) -> Result<Found, Problem> {
    match of {
        Settings::Customers => read(path, of.word()).map(Found::Customers),
        Settings::Batches => read(path, of.word()).map(Found::Batches),
    }
}

/// One of them as a TOML file, several as `[[customer]]` or `[[batch]]`, or a CSV file with one a line.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, what: &str) -> Result<Vec<T>, Problem> {
    let wrong = |why: String| {
        Problem::new(
            format!("No {what} was taken: {} is not right.", path.display()),
            why,
            format!("Check the path, or correct the file; `whiteglove {what} show NAME` prints one as an example."),
        )
    };
    let size = std::fs::metadata(path).map_err(|error| wrong(format!("It cannot be read: {error}.")))?.len();
    if size > LONGEST_FILE {
        return Err(wrong(format!("It has {size} bytes, and such a file is a page.")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("It cannot be read: {error}.")))?;
    let text = text.trim_start_matches('\u{feff}');
    let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let found = if is_csv { from_csv(text) } else { from_toml(text, what) };
    let found = found.map_err(|why| wrong(why.trim().to_owned()))?;
    match found.is_empty() {
        true => Err(wrong("There is nothing in it.".to_owned())),
        false => Ok(found),
    }
}

fn from_toml<T: DeserializeOwned>(text: &str, what: &str) -> Result<Vec<T>, String> {
    let mut table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let several = table.get(what).is_some_and(toml::Value::is_array);
    if !several {
        // From the text again: only then does an error name its line.
        return toml::from_str(text).map(|one| vec![one]).map_err(|error| error.to_string());
    }
    let all = table.remove(what).unwrap_or(toml::Value::Array(vec![]));
    if let Some(other) = table.keys().next() {
        return Err(format!("'{other}' stands beside [[{what}]], and belongs to none of them."));
    }
    all.try_into().map_err(|error| error.to_string())
}

/// The names of columns are those of the TOML file; a spreadsheet's semicolons do as well.
fn from_csv<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, String> {
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains(';') && !head.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut all = vec![];
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        // An empty cell says nothing, which is not the same as an empty text.
        let filled = headers.iter().zip(&record).filter(|(_, value)| !value.is_empty());
        let one: toml::Table = filled.map(|(name, value)| (name.to_owned(), value.into())).collect();
        all.push(one.try_into().map_err(|error| format!("Line {line}: {}", error.to_string().trim()))?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_several_in_a_toml_file() {
        let one: Vec<Batch> = from_toml("name = 'spring'\ngroup-tag = 'SALES'", "batch").unwrap();
        assert_eq!(one[0].group_tag.as_deref(), Some("SALES"));
        let two: Vec<Batch> = from_toml("[[batch]]\nname = 'a'\n[[batch]]\nname = 'b'", "batch").unwrap();
        assert_eq!(two.iter().map(|batch| batch.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let wrong = from_toml::<Batch>("name = 'spring'\ngrouptag = 'SALES'", "batch").unwrap_err();
        assert!(wrong.contains("line 2") && wrong.contains("grouptag"), "{wrong}");
        let wrong = from_toml::<Batch>("x = 1\n[[batch]]\nname = 'a'", "batch").unwrap_err();
        assert!(wrong.contains("'x' stands beside"), "{wrong}");
    }

    #[test]
    fn batches_as_a_spreadsheet_saves_them() {
        let text = "name;customer;purchase-order;identity\nspring;ACME;4711;windows-hash\nautumn;ACME;;\n";
        let all: Vec<Batch> = from_csv(text).unwrap();
        assert_eq!(all[0].purchase_order.as_deref(), Some("4711"));
        assert_eq!((all[1].purchase_order.as_deref(), all[1].identity), (None, Default::default()));
        let wrong = from_csv::<Batch>("name,identity\nspring,hashish\n").unwrap_err();
        assert!(wrong.contains("Line 2") && wrong.contains("hashish"), "{wrong}");
    }

    #[test]
    fn what_is_shown_can_be_set_again() {
        let acme: Vec<Customer> = from_toml(
            "name = 'ACME'\ntenant = '00000000-0000-4000-8000-00000000aa07'\ngroup-tags = ['SALES']\nsla-hours = 48",
            "customer",
        )
        .unwrap();
        let again: Vec<Customer> = from_toml(&toml::to_string_pretty(&acme[0]).unwrap(), "customer").unwrap();
        assert_eq!(acme, again);
    }
}
