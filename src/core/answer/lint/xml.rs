//! As much of XML as answer files need, of anybody's bytes: elements with attributes and text, bounded in depth
//! and number, without document types.

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

const DEEPEST: usize = 64;
const MOST: usize = 50_000;

/// By their local names; answer files use two namespaces and no name in both.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Trimmed; empty if there is no such child.
    pub(super) fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }

    /// It and everything below it, parents first.
    pub(super) fn walk<'a>(&'a self, each: &mut dyn FnMut(&'a Self)) {
        each(self);
        // As deep as DEEPEST at most.
        self.children.iter().for_each(|child| child.walk(each));
    }
}

/// A file's bytes as text: UTF-8, or UTF-16 with its mark. `None` if it is neither.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok().filter(|_| bytes.len().is_multiple_of(2))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

/// The root element.
///
/// # Errors
/// Where and how it is not well-formed, in words.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    // The root's parent, so that there is always one to add to.
    let mut open = vec![Element::default()];
    let mut count = 0;
    loop {
        let event = reader.read_event();
        let at = usize::try_from(reader.error_position().max(reader.buffer_position())).unwrap_or(usize::MAX);
        let line = || text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        let failed = |why: &dyn std::fmt::Display| format!("line {}: {why}", line());
        match event.map_err(|error| failed(&error))? {
            Event::Start(start) => {
                count += 1;
                if open.len() > DEEPEST || count > MOST {
                    return Err(failed(&"nested deeper, or longer, than any answer file"));
                }
                open.push(element(&start).map_err(|error| failed(&error))?);
            }
            Event::Empty(start) => {
                count += 1;
                if count > MOST {
                    return Err(failed(&"longer than any answer file"));
                }
                let element = element(&start).map_err(|error| failed(&error))?;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(element);
                }
            }
            Event::End(_) => {
                if let (Some(done), Some(parent)) = (open.pop(), open.last_mut()) {
                    parent.children.push(done);
                }
            }
            Event::Text(part) => add(&mut open, &part.xml10_content()),
            Event::CData(part) => add(&mut open, &part.xml10_content()),
            Event::GeneralRef(reference) => {
                let by_number = reference.resolve_char_ref().map_err(|error| failed(&error))?;
                let name = reference.xml10_content();
                let text = match (by_number, &*name) {
                    (Some(c), _) => c.to_string(),
                    (None, "lt") => "<".to_owned(),
                    (None, "gt") => ">".to_owned(),
                    (None, "amp") => "&".to_owned(),
                    (None, "quot") => "\"".to_owned(),
                    (None, "apos") => "'".to_owned(),
                    (None, _) => return Err(failed(&"an entity that XML does not know by itself")),
                };
                add(&mut open, &text);
            }
            Event::DocType(_) => return Err(failed(&"it declares a document type, which no answer file does")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let [outside] = &mut open[..] else { return Err("it ends inside an element: it was cut off".to_owned()) };
    if !outside.text.trim().is_empty() {
        return Err("there is text outside of its root element".to_owned());
    }
    match outside.children.len() {
        1 => Ok(outside.children.remove(0)),
        0 => Err("there is no element in it".to_owned()),
        _ => Err("it has more than one root element".to_owned()),
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, quick_xml::Error> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute?;
        let name = local(attribute.key.as_ref());
        attributes.push((name, attribute.normalized_value(XmlVersion::Explicit1_0)?.into_owned()));
    }
    Ok(Element { name: local(start.name().as_ref()), attributes, ..Element::default() })
}

fn local(name: impl AsRef<[u8]>) -> String {
    let name = String::from_utf8_lossy(name.as_ref());
    name.rsplit(':').next().unwrap_or_default().to_owned()
}
