//! Files that nobody made by accident.

use std::io;

use super::*;

/// A file that is made while it is read, one piece after the other: what the reader holds at once is what it
/// asked for. Fails a reader that asks for more than a few chunks at a time.
struct Made<F> {
    piece: F,
    count: u64,
    ready: Vec<u8>,
    at: usize,
}

const MOST_AT_ONCE: usize = 256 << 10;

impl<F: FnMut(u64) -> Option<Vec<u8>>> Made<F> {
    fn new(piece: F) -> Self {
        Self { piece, count: 0, ready: vec![], at: 0 }
    }
}

impl<F: FnMut(u64) -> Option<Vec<u8>>> io::Read for Made<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        assert!(into.len() <= MOST_AT_ONCE, "asks for {} bytes at once", into.len());
        if self.at == self.ready.len() {
            let Some(next) = (self.piece)(self.count) else { return Ok(0) };
            (self.ready, self.at) = (next, 0);
            self.count += 1;
        }
        let count = into.len().min(self.ready.len() - self.at);
        into[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[test]
fn a_hundred_thousand_lines_go_through_one_by_one() {
    const LINES: u64 = 100_000;
    // What was made and not told yet never grows beyond the reader's own buffers.
    let made = std::cell::Cell::new(0_u64);
    let told = std::cell::Cell::new(0_u64);
    let row_length = 120;
    let source = Made::new(|count| {
        let bound = (MOST_AT_ONCE / row_length) as u64;
        assert!(made.get() - told.get() <= bound, "{} lines are held", made.get() - told.get());
        match count {
            0 => Some(
                b"Device Serial Number,Windows Product ID,Hardware Hash,Manufacturer name,Device model\r\n".to_vec(),
            ),
            count if count <= LINES => {
                made.set(count);
                let tail = "x".repeat(row_length - 31);
                Some(format!("EX{count:07},,,LENOVO,21CB-{tail}\r\n").into_bytes())
            }
            _ => None,
        }
    });
    let format = read(source, &mut |line| {
        assert!(line.outcome.is_ok(), "{line:?}");
        told.set(told.get() + 1);
        assert_eq!(line.number, told.get() + 1);
        ControlFlow::Continue(())
    });
    assert_eq!((format, told.get()), (Ok(Format::Csv), LINES));
}

#[test]
fn a_gigabyte_without_a_line_end_is_refused_at_once() {
    let read_bytes = std::cell::Cell::new(0_u64);
    let source = Made::new(|count| {
        read_bytes.set(count << 16);
        (count < 16 << 10).then(|| vec![b'x'; 64 << 10])
    });
    let problem = read(source, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(problem.why.contains("longer than 64 KiB"), "{problem}");
    assert!(read_bytes.get() < 1 << 20, "{} bytes were read", read_bytes.get());
}

#[test]
fn a_line_of_a_hundred_megabytes_is_refused_and_the_next_one_read() {
    let last = format!("\nPF000001,,{}\n", hash("PF000001"));
    let source = Made::new(|count| match count {
        0 => Some(format!("{HEAD}\n").into_bytes()),
        1..=1600 => Some(vec![b'x'; 64 << 10]),
        1601 => Some(last.clone().into_bytes()),
        _ => None,
    });
    let mut lines = vec![];
    read(source, &mut |line| {
        lines.push((line.number, line.outcome.is_ok()));
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(lines, [(2, false), (3, true)]);
}

#[test]
fn a_value_of_a_hundred_megabytes_in_xml_is_refused_and_the_next_key_read() {
    let last = format!("</HardwareHash></Key><Key><HardwareHash>{}</HardwareHash></Key></Keys>", hash("PF000001"));
    let source = Made::new(|count| match count {
        0 => Some(b"<Keys><Key><HardwareHash>".to_vec()),
        1..=1600 => Some(vec![b'A'; 64 << 10]),
        1601 => Some(last.clone().into_bytes()),
        _ => None,
    });
    let mut lines = vec![];
    read(source, &mut |line| {
        lines.push(line.outcome.is_ok());
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(lines, [false, true]);
}

#[test]
fn xml_nests_no_deeper_than_a_report_and_declares_nothing() {
    let deep = "<Key>".repeat(100_000);
    let problem = import(deep.as_bytes()).format.unwrap_err();
    assert!(problem.why.contains("nested deeper"), "{problem}");
    let laughs = "<!DOCTYPE k [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><Key><HardwareHash>&b;</HardwareHash></Key>";
    let problem = import(laughs.as_bytes()).format.unwrap_err();
    assert!(problem.why.contains("document type"), "{problem}");
    let tag = format!("<Key {}>", "a".repeat(1 << 20));
    assert!(import(tag.as_bytes()).format.is_err());
}

#[test]
fn the_same_element_over_and_over_does_not_add_up() {
    let often = "<HardwareHash>AAAAAAAA</HardwareHash>".repeat(20_000);
    let file = format!("<Keys><Key>{often}</Key><Key><HardwareHash>{}</HardwareHash></Key></Keys>", hash("PF000001"));
    let read = import(file.as_bytes());
    assert_eq!(read.refused(), ["1: The value of HardwareHash is too long, or it is no text."]);
    assert_eq!(read.serials(), ["PF000001"]);
}

#[test]
fn json_inside_a_devicelink_export_nests_no_deeper_than_json_may() {
    let json = format!("{{\"DeviceInfo\":{}", "[".repeat(40_000));
    let csv = format!("SerialNumber,Manufacturer,Model,Data\nPF000001,LENOVO,21CB,{}", BASE64_STANDARD.encode(json));
    assert_eq!(import(csv.as_bytes()).refused().len(), 1);
}

#[test]
fn a_message_carries_nothing_that_moves_a_cursor() {
    let csv = format!("{HEAD}\nPF\u{1b}[2J1,\u{7}1,{}\n", hash("PF000001"));
    let read = import(csv.as_bytes());
    assert_eq!(read.refused().len(), 1);
    let refusal = read.lines[0].outcome.as_ref().unwrap_err();
    assert!(!format!("{}{}", refusal.why, refusal.next).contains(char::is_control), "{refusal:?}");
}

#[test]
fn a_disk_that_fails_is_told_after_what_was_read() {
    struct Fails;
    impl io::Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the stick was pulled out"))
        }
    }
    let csv = format!("{HEAD}\nPF000001,,{}\n", hash("PF000001")).repeat(20);
    let mut taken = 0;
    let problem = read(io::Read::chain(csv.as_bytes(), Fails), &mut |line| {
        taken += usize::from(line.outcome.is_ok());
        ControlFlow::Continue(())
    })
    .unwrap_err();
    assert_eq!((taken, problem.why.as_str()), (1, "The stick was pulled out."));
}

/// Whatever a row may be made of.
fn row() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        Just(String::new()),
        Just(hash("PF000001")),
        "PF[0-9]{6}",
        "[0-9]{13}",
        "[ -!#-+\\--~äß]{0,12}",
        Just("\"x\"".to_owned()),
    ];
    prop::collection::vec(cell, 1..6).prop_map(|cells| cells.join(","))
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        import(&bytes);
        let mut csv = HEAD.as_bytes().to_vec();
        csv.push(b'\n');
        csv.extend(&bytes);
        import(&csv);
        let mut xml = b"<Key>".to_vec();
        xml.extend(&bytes);
        import(&xml);
    }

    /// Every line that is not blank is either taken or refused, once, in its order.
    #[test]
    fn no_line_goes_unmentioned(rows in prop::collection::vec(row(), 0..12), crlf in any::<bool>()) {
        let end = if crlf { "\r\n" } else { "\n" };
        let file = format!("{HEAD},Group Tag,Assigned User{end}{}", rows.join(end));
        let wanted: Vec<u64> = rows
            .iter()
            .zip(2..)
            .filter(|(row, _)| row.contains(|c: char| !c.is_whitespace() && c != ','))
            .map(|(_, number)| number)
            .collect();
        let told: Vec<u64> = import(file.as_bytes()).lines.iter().map(|line| line.number).collect();
        prop_assert_eq!(told, wanted);
    }
}
