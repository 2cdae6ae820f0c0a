//! Reads what people type, paste or scan.

use super::{Card, Hresult, Key, cards};

/// Shorter fragments stand on half of the cards.
const SHORTEST_FRAGMENT: usize = 4;

/// The card that the text names, and by what: the strongest sign first.
pub(super) fn exact(text: &str) -> Option<(String, &'static Card)> {
    in_words(text).or_else(|| by_number(text))
}

/// The same without bare numbers.
pub(super) fn in_words(text: &str) -> Option<(String, &'static Card)> {
    by_hresult(text).or_else(|| by_name(text)).or_else(|| by_words(text))
}

/// The card of a code that stands alone.
pub(super) fn lone(text: &str) -> Option<(String, &'static Card)> {
    let one = tokens(text).count() == 1;
    one.then(|| by_hresult(text).or_else(|| by_number(text)))?
}

/// Cards on which the text stands as a part of a name, a message or the title.
pub(super) fn by_fragment(text: &str) -> Vec<&'static Card> {
    let words = words(text);
    let squeezed = squeezed(text);
    if squeezed.len() < SHORTEST_FRAGMENT {
        return vec![];
    }
    let on = |card: &&Card| {
        let in_key = card.keys.iter().any(|key| match key {
            Key::Name(name) => self::squeezed(name).contains(&squeezed),
            Key::Words(message) => self::words(message).contains(&words),
            _ => false,
        });
        in_key || self::words(card.title).contains(&words)
    };
    cards().filter(on).collect()
}

/// The first number in the text that is Windows' form of an error.
pub(super) fn hresult(text: &str) -> Option<Hresult> {
    tokens(text).find_map(hresult_of)
}

/// `0x` and eight hex digits, and nothing else.
pub(super) fn is_marked_hex(text: &str) -> bool {
    let marked = text.get(..2).is_some_and(|mark| mark.eq_ignore_ascii_case("0x"));
    marked && text.len() == 10 && hresult_of(text).is_some()
}

pub(super) fn is_name(text: &str) -> bool {
    let squeezed = squeezed(text);
    keys().any(|(key, _)| matches!(key, Key::Name(name) if self::squeezed(name) == squeezed))
}

pub(super) fn keys() -> impl Iterator<Item = (Key, &'static Card)> {
    cards().flat_map(|card| card.keys.iter().map(move |key| (*key, card)))
}

/// Pieces between blanks and punctuation. A minus stays: it belongs to a number.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let border = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
    text.split(border).filter(|token| !token.is_empty())
}

fn by_hresult(text: &str) -> Option<(String, &'static Card)> {
    tokens(text).filter_map(hresult_of).find_map(|code| {
        let of = |wanted: Key| keys().find(|(key, _)| *key == wanted).map(|(_, card)| card);
        if let Some(card) = of(Key::Windows(code.0)) {
            return Some((code.to_string(), card));
        }
        let status = code.http()?;
        Some((format!("{code}, which is HTTP {status}"), of(Key::Http(status))?))
    })
}

/// `0x80180014`, `80180014`, `0x8018000Ah`, `2149056532`, `-2145910764`; letters O for zeros are forgiven behind `0x`.
fn hresult_of(token: &str) -> Option<Hresult> {
    let lower = token.to_ascii_lowercase();
    let marked = lower.strip_prefix("0x").or_else(|| lower.strip_prefix("ox"));
    if let Some(digits) = marked {
        let digits = digits.replace('o', "0");
        return eight_digits(digits.strip_suffix('h').unwrap_or(&digits));
    }
    // All failures begin with 8 or C; a date or a serial number of eight digits mostly does not.
    let bare = lower.strip_suffix('h').unwrap_or(&lower);
    if bare.starts_with(['8', 'c'])
        && let Some(code) = eight_digits(bare)
    {
        return Some(code);
    }
    let number: i64 = lower.parse().ok()?;
    match number {
        -0x8000_0000..0 => i32::try_from(number).ok().map(|number| Hresult(number.cast_unsigned())),
        0x8000_0000.. => u32::try_from(number).ok().map(Hresult),
        _ => None,
    }
}

fn eight_digits(digits: &str) -> Option<Hresult> {
    (digits.len() == 8).then(|| u32::from_str_radix(digits, 16).ok().map(Hresult))?
}

fn by_name(text: &str) -> Option<(String, &'static Card)> {
    let squeezed = squeezed(text);
    let inside = keys().filter_map(|(key, card)| match key {
        Key::Name(name) if squeezed.contains(&self::squeezed(name)) => Some((name, card)),
        _ => None,
    });
    inside.max_by_key(|(name, _)| name.len()).map(|(name, card)| (name.to_owned(), card))
}

fn by_words(text: &str) -> Option<(String, &'static Card)> {
    let text = words(text);
    let inside = keys().filter_map(|(key, card)| match key {
        Key::Words(message) if text.contains(&words(message)) => Some((message, card)),
        _ => None,
    });
    inside.max_by_key(|(message, _)| message.len()).map(|(message, card)| (message.to_owned(), card))
}

/// A number alone, or one beside a word that says what it is: `HTTP/1.1 429`, `error 806`, `#808`.
fn by_number(text: &str) -> Option<(String, &'static Card)> {
    const MARKS: [&str; 6] = ["http", "status", "error", "event", "code", "id"];
    let alone = tokens(text).count() == 1;
    let marked = || tokens(text).any(|token| MARKS.iter().any(|mark| token.eq_ignore_ascii_case(mark)));
    if !(alone || marked()) {
        return None;
    }
    let numbers = tokens(text).filter_map(|token| {
        let digits =
            token.get(..4).filter(|head| head.eq_ignore_ascii_case("http")).map_or(token, |head| &token[head.len()..]);
        digits.parse::<u16>().ok()
    });
    let known = |number: u16| keys().find(|(key, _)| key.number() == Some(number));
    numbers.filter_map(known).map(|(key, card)| (key.to_string(), card)).next()
}

/// Lower case, letters and digits only: names lose and gain blanks and underscores on their way.
pub(super) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Lower case, one blank between words, one before and behind.
fn words(text: &str) -> String {
    let mut words = String::from(" ");
    for token in text.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()) {
        words.extend(token.chars().flat_map(char::to_lowercase));
        words.push(' ');
    }
    words
}
