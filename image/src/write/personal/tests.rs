use std::{fs, io::Cursor, path::Path};

use whiteglove_core::{
    disk::ErasePermit,
    media::{CHUNK, HEAD, Part},
};

use super::*;
use crate::{
    testing::{
        assert_clean, carded, dirty, issue, on, small,
        stick::{Fake, Fault, permit},
    },
    verify,
    write::{Manner, Seen, WriteError, Written, settle, update, write_in},
};

fn manner(number: u8) -> Manner {
    Manner { pauses: vec![], issue: Some(issue(number)), ..Manner::default() }
}

fn put(image: &Path, stick: &Fake, manner: Manner) -> Result<Written, WriteError> {
    let image = Image::open(image).unwrap();
    write_in(manner, image, stick.permit(), |_| Ok(stick.plug()), &mut |_| Ok(()), &mut on)
}

fn bring(image: &Path, stick: &Fake, number: u8, fully: bool) -> Result<update::Updated, WriteError> {
    let image = Image::open(image).unwrap();
    update::update(image, stick.permit(), |_| Ok(stick.plug()), &mut |_| Ok(()), Some(issue(number)), fully, &mut on)
}

fn record(stick: &Fake) -> Record {
    let at = usize::try_from(stick::OFFSET).unwrap();
    let block = stick.borrow().bytes[at..at + usize::try_from(stick::ROOM).unwrap()].to_vec();
    stick::Found::read(&block).unwrap().checked(&issue(1).signer.public()).unwrap()
}

/// The stick is what its own map says, and its record names that map.
fn assert_good(stick: &Fake) -> Record {
    let mut disk = Cursor::new(stick.borrow().bytes.clone());
    let map = verify::read_map(&mut disk).unwrap();
    verify::check_extents(&mut disk, &map, None, &mut on).unwrap();
    Table::read_strict(map.form, &mut disk, stick.borrow().bytes.len() as u64).unwrap();
    let record = record(stick);
    assert_eq!(record.map, map.digest().unwrap());
    record
}

/// Stretches in which two sticks differ, those that touch within 16 bytes as one.
fn differences(one: &[u8], other: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut all: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in one.iter().zip(other).enumerate().filter(|(_, (a, b))| a != b) {
        match all.last_mut() {
            Some(last) if at - last.end < 16 => last.end = at + 1,
            _ => all.push(at..at + 1),
        }
    }
    all
}

#[test]
fn two_sticks_of_one_image_differ_in_these_places_and_no_others() {
    let (plan, _folder, image) = carded(1);
    // The probe leaves its marks in free space, others each time.
    let quiet = |number| Manner { probe: false, ..manner(number) };
    let sticks = [3, 4].map(|number| {
        let stick = Fake::new(plan.size, Fault::None);
        let written = put(&image, &stick, quiet(number)).unwrap();
        assert_eq!(assert_good(&stick).stick, StickId([number; 16]));
        assert_eq!(written.stick, Some((StickId([number; 16]), record(&stick).map)));
        stick
    });
    let end = usize::try_from(plan.size).unwrap();
    let partition = |part: Part| usize::try_from(plan.partition(part).unwrap().offset()).unwrap();
    let cards = usize::try_from(Image::open(&image).unwrap().map.cards.unwrap().0).unwrap();
    // Name of the place, where it may begin and end.
    let places = [
        ("GPT header: its CRC, the disk GUID, the CRC of the entries", 512..1024),
        ("GPT entry 1: its GUID", 1024..1152),
        ("GPT entry 2: its GUID", 1152..1280),
        ("stick record", 20 << 10..32 << 10),
        ("extent map: its digest, those of the touched extents", 32 << 10..1 << 20),
        ("WGBOOT: volume serial", partition(Part::Boot) + 67..partition(Part::Boot) + 71),
        ("WGBOOT: volume serial in the backup", partition(Part::Boot) + 3072 + 67..partition(Part::Boot) + 3072 + 71),
        ("cards: data volume, stick", cards..cards + 2048),
        ("WGDATA: volume serial", partition(Part::Data) + 67..partition(Part::Data) + 71),
        ("WGDATA: volume serial in the backup", partition(Part::Data) + 3072 + 67..partition(Part::Data) + 3072 + 71),
        ("backup GPT entries", end - 33 * 512..end - 512),
        ("backup GPT header", end - 512..end),
    ];
    let (one, other) = (sticks[0].borrow(), sticks[1].borrow());
    let found = differences(&one.bytes, &other.bytes);
    for range in &found {
        let inside = places.iter().any(|(_, place)| place.start <= range.start && range.end <= place.end);
        assert!(inside, "{range:?} is no known place");
    }
    for (name, place) in &places {
        assert!(found.iter().any(|range| place.start <= range.start && range.end <= place.end), "{name} is the same");
    }
    // Of the image itself nothing changed, and the sticks have it everywhere else.
    let original = fs::read(&image).unwrap();
    for extent in &Image::open(&image).unwrap().map.extents {
        let range = usize::try_from(extent.offset).unwrap()..usize::try_from(extent.offset + extent.length).unwrap();
        for difference in differences(&original[range.clone()], &one.bytes[range.clone()]) {
            let (from, to) = (range.start + difference.start, range.start + difference.end);
            assert!(places.iter().any(|(_, place)| place.start <= from && to <= place.end), "{from}..{to}");
        }
    }
    let again = Fake::new(plan.size, Fault::None);
    put(&image, &again, quiet(3)).unwrap();
    assert!(again.borrow().bytes == one.bytes, "same image, same stick, same bytes");
}

#[test]
fn others_tools_find_nothing_wrong_and_the_agent_its_own_volume() {
    let (plan, folder, image) = carded(1);
    let path = dirty(folder.path(), "stick", plan.size + (3 << 20), 0x41);
    let open = |_: &ErasePermit| Ok(fs::OpenOptions::new().read(true).write(true).open(&path).unwrap());
    let image = Image::open(&image).unwrap();
    let (at, length) = image.map.cards.unwrap();
    write_in(manner(3), image, permit(plan.size + (3 << 20)), open, &mut settle, &mut on).unwrap();
    assert_clean(&plan, &path);
    let bytes = fs::read(&path).unwrap();
    let archive = &bytes[usize::try_from(at).unwrap()..usize::try_from(at + length).unwrap()];
    let (_, stick, serial) = media_card::as_on_image(archive, 0).unwrap();
    assert_eq!(stick, StickId([3; 16]));
    let data = usize::try_from(plan.partitions[1].offset()).unwrap();
    assert_eq!(bytes[data + 67..data + 71], serial.to_le_bytes());
    assert_ne!(serial, Part::Data.serial(plan.media));
    let text = String::from_utf8_lossy(archive);
    assert!(text.contains(&format!("\"data_volume\":{serial}")) && text.contains(&"03".repeat(16)));
}

#[test]
fn an_image_without_cards_keeps_its_identifiers_and_its_sticks_get_a_record() {
    let (plan, _folder, image) = small();
    let stick = Fake::new(plan.size, Fault::None);
    put(&image, &stick, manner(3)).unwrap();
    assert_eq!(assert_good(&stick).stick, StickId([3; 16]));
    let found = differences(&fs::read(&image).unwrap()[..1 << 20], &stick.borrow().bytes[..1 << 20]);
    let record = 20 << 10..32 << 10;
    assert!(found.iter().all(|range| record.start <= range.start && range.end <= record.end), "{found:?}");
}

#[test]
fn pulled_at_any_moment_it_does_not_boot_and_written_on_it_is_the_same_stick() {
    let (plan, _folder, image) = carded(1);
    let whole = Fake::new(plan.size, Fault::None);
    put(&image, &whole, manner(3)).unwrap();
    for moment in (0..).step_by(3) {
        let stick = Fake::new(plan.size, Fault::GoneAt(moment));
        let Err(error) = put(&image, &stick, manner(3)) else {
            assert!(moment > 50, "there were moments to pull it at");
            return;
        };
        let finished = stick.borrow().bytes[512..].starts_with(b"EFI PART");
        assert!(!error.touched || finished || !stick.borrow().boots(), "{moment}");
        if finished {
            // After its very last write: unproven, but right.
            assert_good(&stick);
        }
        if moment % 12 == 0 {
            stick.borrow().fault = Fault::None;
            put(&image, &stick, Manner { resume: 8 << 20, ..manner(3) }).unwrap();
            // Free space may differ: the first attempt had tried there whether the stick has it.
            assert_good(&stick);
            let map = usize::try_from(map::OFFSET).unwrap();
            assert!(stick.borrow().bytes[..1 << 20] == whole.borrow().bytes[..1 << 20] && map > 0);
        }
    }
}

#[test]
fn a_wrong_bit_where_the_stick_is_its_own_is_found_and_put_right() {
    let (plan, _folder, image) = carded(1);
    let serial = plan.partitions[1].offset() + 67;
    let stick = Fake::new(plan.size, Fault::Flips { at: serial, always: false });
    put(&image, &stick, manner(3)).unwrap();
    assert_good(&stick);
    let bad = Fake::new(plan.size, Fault::Flips { at: serial, always: true });
    assert!(matches!(put(&image, &bad, manner(3)).unwrap_err().cause, Cause::Differs { .. }));
}

#[test]
fn an_updated_stick_stays_the_one_it_was() {
    let (plan, _folder, image) = carded(1);
    let (_, _other_folder, other) = carded(77);
    let stick = Fake::new(plan.size, Fault::None);
    put(&image, &stick, manner(3)).unwrap();
    let before = stick.borrow().bytes.clone();
    for fully in [false, true] {
        let updated = bring(&image, &stick, 8, fully).unwrap();
        assert_eq!((updated.changed, updated.seen.written), (0, Seen::default().written), "nothing changed");
        assert!(stick.borrow().bytes == before && !record(&stick).updated);
    }
    let updated = bring(&other, &stick, 8, false).unwrap();
    assert!(updated.changed > 0 && updated.changed < plan.partitions[0].volume.content_len() && !updated.fully);
    assert_eq!(updated.stick.map(|(stick, _)| stick), Some(StickId([3; 16])));
    let record = assert_good(&stick);
    assert!(record.stick == StickId([3; 16]) && record.updated);
    let fresh = Fake::new(plan.size, Fault::None);
    put(&other, &fresh, manner(3)).unwrap();
    let found = differences(&stick.borrow().bytes[..before.len()], &fresh.borrow().bytes);
    let room = 20 << 10..32 << 10;
    let content = |at: usize| {
        Image::open(&other).unwrap().map.extents.iter().any(|e| (e.offset..e.offset + e.length).contains(&(at as u64)))
    };
    assert!(found.iter().all(|range| room.contains(&range.start) || !content(range.start)), "{found:?}");
}

#[test]
fn a_stick_of_another_bench_is_taken_over_with_its_number() {
    let (plan, _folder, image) = carded(1);
    let stick = Fake::new(plan.size, Fault::None);
    let theirs = Issue { signer: Arc::new(Signer::from_seed(&[1; 32])), ..issue(3) };
    put(&image, &stick, Manner { issue: Some(theirs), ..manner(3) }).unwrap();
    let updated = bring(&image, &stick, 8, false).unwrap();
    assert_eq!(updated.changed, 0);
    let record = assert_good(&stick);
    assert!(record.stick == StickId([3; 16]) && record.updated, "signed anew, and nothing else");
}

#[test]
fn a_map_that_leads_astray_is_refused_before_the_stick_is_touched() {
    let (plan, _folder, path) = carded(1);
    let stick = Fake::new(plan.size, Fault::None);
    let mut image = Image::open(&path).unwrap();
    let (cards, length) = image.map.cards.unwrap();
    // The same words in free space, or across the end of an extent.
    image.map.extents.retain(|extent| !(extent.offset..extent.offset + CHUNK).contains(&cards));
    let written = write_in(manner(3), image, stick.permit(), |_| Ok(stick.plug()), &mut |_| Ok(()), &mut on);
    let error = written.unwrap_err();
    assert!(!error.touched && matches!(error.cause, Cause::Image(_)), "{error}");
    assert!(stick.borrow().bytes[512..].iter().all(|byte| *byte == 0x41));
    // Beyond the image, longer than any, and where no cards are: nothing is patched.
    for cards in [(u64::MAX - 10, length), (cards, u64::MAX), (HEAD, length)] {
        let mut image = Image::open(&path).unwrap();
        image.map.cards = Some(cards);
        let personal = Personal::new(&image, &issue(3), image.size(), false);
        assert!(personal.is_err() || personal.is_ok_and(|personal| personal.patches.is_empty()), "{cards:?}");
    }
}

#[test]
fn the_bytes_of_a_patch_arrive_in_whatever_pieces_are_asked_for() {
    let (_, _folder, image) = carded(1);
    let image = Image::open(&image).unwrap();
    let personal = Personal::new(&image, &issue(3), image.size(), false).unwrap();
    for number in personal.digests.keys() {
        let extent = &image.map.extents[*number];
        let mut bytes = vec![0; usize::try_from(extent.length).unwrap()];
        for piece in [5, 4096, 1 << 20] {
            image.read(extent.offset, &mut bytes).unwrap();
            for (at, part) in (extent.offset..).step_by(piece).zip(bytes.chunks_mut(piece)) {
                personal.patch(at, part);
            }
            assert_eq!(digest(&bytes), personal.digests[number], "in pieces of {piece}");
        }
    }
}
