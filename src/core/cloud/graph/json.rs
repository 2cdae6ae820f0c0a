//! Reads documents of a stranger: bounded, tolerant of what is missing, exact about where something is wrong.

use serde_json::Value;

use crate::cloud::Answer;

/// A page of a thousand registrations is about a megabyte.
const LARGEST: usize = 16 << 20;
/// In characters; the service's own fields end far below it.
const LONGEST_TEXT: usize = 4096;

/// An answer that cannot be understood, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be read: {why} ({at})")]
pub struct Unreadable {
    /// `value[3].id`, or `line 1 column 27` of what is no JSON.
    pub at: String,
    pub why: String,
}

impl Unreadable {
    pub(crate) fn new(at: impl Into<String>, why: impl Into<String>) -> Self {
        Self { at: at.into(), why: why.into() }
    }
}

pub(crate) fn document(answer: &Answer) -> Result<Value, Unreadable> {
    let bytes = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
    if bytes.len() > LARGEST {
        return Err(Unreadable::new("its size", format!("it is larger than {LARGEST} bytes")));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let why = match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            _ => "it is no JSON",
        };
        Unreadable::new(format!("line {} column {}", error.line(), error.column()), why)
    })
}

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    value: &'a Value,
    at: String,
}

impl<'a> Node<'a> {
    /// # Errors
    /// The document is something else than an object.
    pub(crate) fn root(value: &'a Value) -> Result<Self, Unreadable> {
        match value.is_object() {
            true => Ok(Self { value, at: String::new() }),
            false => Err(Unreadable::new("its start", "it is no object")),
        }
    }

    fn place(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    pub(crate) fn wrong(&self, name: &str, why: impl Into<String>) -> Unreadable {
        Unreadable::new(self.place(name), why)
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    /// An object inside. `null` is as good as nothing.
    ///
    /// # Errors
    /// It is something else.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, Unreadable> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.is_object() {
            true => Ok(Some(Self { value, at: self.place(name) })),
            false => Err(self.wrong(name, "it is no object")),
        }
    }

    /// Empty if it is missing. Signs that would move a cursor become blanks: it ends on a screen.
    ///
    /// # Errors
    /// It is a list or an object, or far too long.
    pub(crate) fn text(&self, name: &str) -> Result<String, Unreadable> {
        let text = match self.value(name) {
            None => return Ok(String::new()),
            Some(Value::String(text)) => text.as_str(),
            Some(Value::Number(number)) => return Ok(number.to_string()),
            Some(Value::Bool(yes)) => return Ok(yes.to_string()),
            Some(_) => return Err(self.wrong(name, "it is no text")),
        };
        if text.chars().nth(LONGEST_TEXT).is_some() {
            return Err(self.wrong(name, format!("it is longer than {LONGEST_TEXT} characters")));
        }
        Ok(text.replace(char::is_control, " ").trim().to_owned())
    }

    /// The first of several names under which it is known.
    pub(crate) fn first_text(&self, names: &[&str]) -> Result<String, Unreadable> {
        for name in names {
            let text = self.text(name)?;
            if !text.is_empty() {
                return Ok(text);
            }
        }
        Ok(String::new())
    }

    /// What an entry cannot be without.
    ///
    /// # Errors
    /// It is not there.
    pub(crate) fn id(&self) -> Result<String, Unreadable> {
        match self.text("id")? {
            id if id.is_empty() => Err(self.wrong("id", "it is missing")),
            id => Ok(id),
        }
    }

    /// `None`: it does not say, or not by yes or no.
    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(yes) => Some(*yes),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// Zero if it is missing or no whole number.
    pub(crate) fn number(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
            Some(Value::String(text)) => text.trim().parse().unwrap_or(0),
            _ => 0,
        }
    }

    /// # Errors
    /// It is missing, or no list of objects.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<Self>, Unreadable> {
        let Some(Value::Array(values)) = self.value(name) else {
            return Err(self.wrong(name, "there is no list"));
        };
        let node = |(index, value): (usize, &'a Value)| {
            let at = format!("{}[{index}]", self.place(name));
            match value.is_object() {
                true => Ok(Self { value, at }),
                false => Err(Unreadable::new(at, "it is no object")),
            }
        };
        values.iter().enumerate().map(node).collect()
    }

    /// As [`Self::text`]; names of headers come in any capitals.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn ignoring_case(&self, name: &str) -> Result<String, Unreadable> {
        let key = self.value.as_object().and_then(|object| object.keys().find(|key| key.eq_ignore_ascii_case(name)));
        key.map_or_else(|| Ok(String::new()), |key| self.text(key))
    }

    pub(crate) fn raw(&self, name: &str) -> Option<&'a Value> {
        self.value(name)
    }
}

/// Ids that stand for "none".
pub(crate) fn real_id(id: String) -> String {
    if id.bytes().all(|byte| matches!(byte, b'0' | b'-')) { String::new() } else { id }
}
