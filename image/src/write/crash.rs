//! The power fails. A stick has a memory of its own for what it was sent last: of all commands since the last flush any
//! may have arrived on the medium, and any may not. So it is not enough to look at the stick after each command; what
//! is asked of every command here holds whichever of the others arrived.

use std::{io::Cursor, path::Path};

use whiteglove_core::media::{Form, HEAD, MbrBoot, MediaPlan};

use super::{
    Manner,
    source::Image,
    update::{self, Updated},
    write_in,
};
use crate::{
    aligned::ALIGN,
    testing::{
        built, carded, issue, on, small, small_with,
        stick::{Fake, Fault, Logged},
    },
    verify,
};

fn quick() -> Manner {
    Manner { pauses: vec![std::time::Duration::ZERO; 2], ..Manner::default() }
}

/// Writes it, and gives back what the stick was sent.
fn sent(image: &Path, stick: &Fake, manner: Manner) -> Vec<Logged> {
    stick.borrow().log = Some(vec![]);
    let settle = &mut |_: &mut _| {
        stick.settle();
        Ok(())
    };
    write_in(manner, Image::open(image).unwrap(), stick.permit(), |_| Ok(stick.plug()), settle, &mut on).unwrap();
    stick.borrow().log.take().unwrap()
}

fn sent_by_update(image: &Path, stick: &Fake, number: Option<u8>) -> (Updated, Vec<Logged>) {
    stick.borrow().log = Some(vec![]);
    let settle = &mut |_: &mut _| {
        stick.settle();
        Ok(())
    };
    let image = Image::open(image).unwrap();
    let open = |_: &_| Ok(stick.plug());
    let updated = update::update(image, stick.permit(), open, settle, number.map(issue), false, &mut on).unwrap();
    let log = stick.borrow().log.take().unwrap();
    (updated, log)
}

fn all_right(bytes: &[u8], after: &[u8]) -> bool {
    let mut disk = Cursor::new(bytes);
    let Ok(map) = verify::read_map(&mut disk) else { return false };
    let tail = bytes.len() - usize::try_from(HEAD).unwrap();
    verify::check_extents(&mut disk, &map, None, &mut on).is_ok()
        && bytes[ALIGN..usize::try_from(HEAD).unwrap()] == after[ALIGN..usize::try_from(HEAD).unwrap()]
        && bytes[tail..] == after[tail..]
}

/// `before` and `after`: what the stick held.
fn assert_never_half_bootable(before: &[u8], after: &[u8], log: &[Logged]) {
    let ends = usize::try_from(HEAD).unwrap()..before.len() - usize::try_from(HEAD).unwrap();
    let (mut medium, mut waiting) = (before.to_vec(), vec![]);
    // What stood at the start before may still be there.
    let mut boots_as_before = true;
    // Bytes of the start as it will be that were sent.
    let mut finished = 0;
    for (number, command) in log.iter().enumerate() {
        match command {
            Logged::Flush => {
                for (at, bytes) in waiting.drain(..) {
                    let bytes: &Vec<u8> = bytes;
                    let at: usize = at;
                    medium[at..at + bytes.len()].copy_from_slice(bytes);
                }
                boots_as_before &= medium[..ALIGN].iter().any(|byte| *byte != 0);
            }
            Logged::Write { at, bytes } => {
                let end = at + bytes.len();
                if finished > 0 {
                    assert!(*at == finished && end <= ALIGN, "{number}: nothing follows what makes it boot");
                    finished = end;
                } else if *at >= ALIGN {
                    let of_content = *at < ends.end && end > ends.start;
                    assert!(!boots_as_before || !of_content, "{number}: it may boot and has lost content");
                } else if bytes[..bytes.len().min(ALIGN - at)].iter().any(|byte| *byte != 0) {
                    assert!(*at == 0 && end <= ALIGN, "{number}: nothing else comes with what makes it boot");
                    assert!(waiting.is_empty() && all_right(&medium, after), "{number}: all else is on the medium");
                    finished = end;
                }
                waiting.push((*at, bytes));
            }
        }
    }
    assert!(finished == ALIGN && waiting.is_empty(), "it boots, for good");
    assert!(medium == after);
}

fn written(image: &Path, stick: &Fake, manner: Manner) {
    let before = stick.borrow().bytes.clone();
    let log = sent(image, stick, manner);
    assert_never_half_bootable(&before, &stick.borrow().bytes, &log);
}

#[test]
fn a_write_of_any_form_and_manner() {
    let (plan, _folder, image) = small();
    written(&image, &Fake::new(plan.size, Fault::None), quick());
    written(&image, &Fake::new(plan.size + 512, Fault::Short), Manner { probe: false, ..quick() });
    for form in [MbrBoot::Active0c, MbrBoot::Efi] {
        let plan = MediaPlan { form: Form::Mbr(form), ..plan.clone() };
        let (_folder, image) = built(&plan);
        written(&image, &Fake::new(plan.size + (3 << 20), Fault::None), quick());
    }
    let (plan, _folder, image) = carded(1);
    written(&image, &Fake::new(plan.size, Fault::None), Manner { issue: Some(issue(3)), ..quick() });
}

#[test]
fn a_write_that_goes_on_and_one_that_has_to_repeat_itself() {
    let (plan, _folder, image) = small();
    let somewhere = plan.partitions[0].content().start + 3_000_000;
    written(&image, &Fake::new(plan.size, Fault::Forgets(somewhere)), quick());
    written(&image, &Fake::new(plan.size, Fault::Flips { at: somewhere, always: false }), quick());
    written(&image, &Fake::new(plan.size, Fault::Fails { at: 30, times: 2 }), quick());
    let stick = Fake::new(plan.size, Fault::None);
    sent(&image, &stick, quick());
    // Broken off before its last step, and plugged in again.
    stick.borrow().bytes[..ALIGN].fill(0);
    written(&image, &stick, Manner { resume: 12 << 20, ..quick() });
}

#[test]
fn an_update_and_one_that_has_to_repeat_itself() {
    let (plan, _folder, image) = small();
    let (_, _other_folder, other) = small_with(77);
    let somewhere = Image::open(&other).unwrap().map.extents[1].offset + 5000;
    for fault in [Fault::None, Fault::Forgets(somewhere), Fault::Short] {
        let stick = Fake::new(plan.size + (2 << 20), Fault::None);
        sent(&image, &stick, quick());
        let before = stick.borrow().bytes.clone();
        stick.borrow().fault = fault;
        let (updated, log) = sent_by_update(&other, &stick, None);
        assert!(updated.changed > 0);
        assert_never_half_bootable(&before, &stick.borrow().bytes, &log);
    }
}

#[test]
fn an_update_that_changes_nothing_but_its_record() {
    let (plan, _folder, image) = carded(1);
    let stick = Fake::new(plan.size, Fault::None);
    sent(&image, &stick, quick());
    let before = stick.borrow().bytes.clone();
    let (_, log) = sent_by_update(&image, &stick, Some(4));
    assert_never_half_bootable(&before, &stick.borrow().bytes, &log);
    let (updated, log) = sent_by_update(&image, &stick, Some(4));
    assert!(log.iter().all(|command| *command == Logged::Flush) && updated.changed == 0, "{updated:?}");
}

/// A guard that nothing can trip guards nothing.
#[test]
fn what_would_be_half_bootable_is_noticed() {
    let (plan, _folder, image) = small();
    let stick = Fake::new(plan.size, Fault::None);
    let before = stick.borrow().bytes.clone();
    let log = sent(&image, &stick, quick());
    let after = stick.borrow().bytes.clone();
    let trips =
        |log: Vec<Logged>| std::panic::catch_unwind(|| assert_never_half_bootable(&before, &after, &log)).is_err();
    let last_write = log.iter().rposition(|command| *command != Logged::Flush).unwrap();
    let of_content =
        |command: &Logged| matches!(command, Logged::Write { at: 0x10_0000, bytes } if bytes.len() > ALIGN);
    let content = log.iter().position(of_content).unwrap();
    let without = |number: usize| -> Vec<Logged> {
        log.iter().enumerate().filter(|(at, _)| *at != number).map(|(_, command)| command.clone()).collect()
    };
    for number in [0, content, last_write - 1, last_write, last_write + 1] {
        assert!(trips(without(number)), "without command {number} of {}", log.len());
    }
    let mut early = log.clone();
    early.swap(last_write, last_write - 1);
    assert!(trips(early) && !trips(log.clone()));
}
