use std::{
    fs::{self, OpenOptions},
    ops::ControlFlow,
    os::unix::fs::FileExt,
};

use whiteglove_core::{
    control::Progress,
    media::{Form, HEAD, MbrBoot, MediaPlan, map},
};

use super::*;
use crate::{
    table::Table,
    testing::{
        assert_clean, dirty, noise, on, small,
        stick::{Fake, Fault, permit},
    },
    verify,
};

fn put(image: &Path, stick: &Fake, watch: Watch<'_>) -> Result<Written, WriteError> {
    let size = stick.borrow().bytes.len() as u64;
    let image = Image::open(image).map_err(WriteError::untouched)?;
    write_in(quick(), image, permit(size), |_| Ok(stick.plug()), &mut |_| Ok(()), watch)
}

/// Without waiting between attempts.
fn quick() -> Manner {
    Manner { pauses: vec![Duration::ZERO; 2], ..Manner::default() }
}

#[test]
fn a_used_stick_of_any_size_ends_up_whole_and_clean() {
    let (plan, folder, image) = small();
    let map = verify::verify(&image, Some(&plan), &mut on).unwrap();
    for (extra, fill) in [(0, 0x41), (512, 0xff), ((5 << 20) + 7 * 512, 0x41)] {
        let size = plan.size + extra;
        let path = dirty(folder.path(), "stick", size, fill);
        let open = |_: &ErasePermit| Ok(OpenOptions::new().read(true).write(true).open(&path).unwrap());
        let written =
            write_in(quick(), Image::open(&image).unwrap(), permit(size), open, &mut settle, &mut on).unwrap();
        assert_eq!((written.media, written.content), (plan.media, map.content()));
        assert!(written.seen.written.bytes > map.content() && written.seen.read.bytes > map.content());
        assert_eq!(written.seen.retries, 0);
        assert_clean(&plan, &path);
        let (image, stick) = (fs::read(&image).unwrap(), fs::read(&path).unwrap());
        let gap = usize::try_from(map::OFFSET).unwrap()..1 << 20;
        assert!(image[gap.clone()] == stick[gap], "the extent map travels along");
        for extent in &map.extents {
            let range =
                usize::try_from(extent.offset).unwrap()..usize::try_from(extent.offset + extent.length).unwrap();
            assert!(image[range.clone()] == stick[range]);
        }
        // Free space was skipped: what was there is there.
        let free = usize::try_from(plan.partitions[0].content().end).unwrap();
        assert_eq!(stick[free], fill);
        assert_eq!(&stick[stick.len() - 512..][..8], b"EFI PART", "the backup table is at the stick's own end");
    }
}

#[test]
fn a_used_stick_keeps_no_second_table_beside_its_mbr() {
    let (plan, folder, _) = small();
    let plan = MediaPlan { form: Form::Mbr(MbrBoot::Active0c), ..plan };
    let (_image_folder, image) = crate::testing::built(&plan);
    let size = plan.size + (3 << 20);
    let path = dirty(folder.path(), "stick", size, 0x41);
    // It was a GPT stick: both of its tables are still there.
    let (head, tail) = Table::of(&MediaPlan { form: Form::Gpt, ..plan.clone() }).ends(size).unwrap();
    let stick = OpenOptions::new().write(true).open(&path).unwrap();
    stick.write_all_at(&head, 0).unwrap();
    stick.write_all_at(&tail, size - HEAD).unwrap();
    let open = |_: &ErasePermit| Ok(OpenOptions::new().read(true).write(true).open(&path).unwrap());
    write_in(quick(), Image::open(&image).unwrap(), permit(size), open, &mut settle, &mut on).unwrap();
    assert_clean(&plan, &path);
    let stick = fs::read(&path).unwrap();
    assert!(!stick.windows(8).step_by(512).any(|start| start == b"EFI PART"));
    let mut disk = io::Cursor::new(&stick);
    assert_eq!(Table::read(&mut disk, size).unwrap(), Table::of(&plan));
}

#[test]
fn progress_covers_writing_and_reading_back() {
    let (plan, _folder, image) = small();
    let mut seen: Vec<Progress> = Vec::new();
    let mut watch = |p| {
        seen.push(p);
        ControlFlow::Continue(())
    };
    put(&image, &Fake::new(plan.size, Fault::None), &mut watch).unwrap();
    for task in ["checking the image", "writing", "reading back"] {
        assert!(seen.iter().any(|p| p.task == task), "{task}");
    }
    let last = seen.last().unwrap();
    assert_eq!(last.done, last.total);
}

#[test]
fn cancelling_at_any_moment_leaves_a_stick_that_does_not_boot() {
    let (plan, _folder, image) = small();
    for moment in 1.. {
        let stick = Fake::new(plan.size, Fault::None);
        let mut left = moment;
        let mut watch = |_: Progress| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let Err(error) = put(&image, &stick, &mut watch) else {
            assert!(moment > 10, "there were moments to cancel at");
            return;
        };
        let stick = stick.borrow();
        if error.touched {
            assert!(!stick.boots(), "cancelled at {moment}");
            assert!(matches!(error.cause, Cause::Cancelled));
        } else {
            assert!(stick.bytes[512..].iter().all(|b| *b == 0x41), "cancelled at {moment}");
        }
    }
}

#[test]
fn a_stick_pulled_at_any_moment_does_not_boot() {
    let (plan, _folder, image) = small();
    let mut unknown = 0;
    for moment in 0.. {
        let stick = Fake::new(plan.size, Fault::GoneAt(moment));
        let Err(error) = put(&image, &stick, &mut on) else {
            assert!(moment > 50, "there were moments to pull it at");
            assert!((1..8).contains(&unknown), "{unknown}");
            return;
        };
        let stick = stick.borrow();
        let blank = stick.bytes[4096..].iter().all(|byte| *byte == 0x41);
        // Pulled before or in its first write it is as it was, or half; after the very last it is whole but unproven.
        let whole = stick.bytes[512..].starts_with(b"EFI PART");
        assert!(error.touched || blank, "{moment}");
        assert!(!stick.boots() || whole || blank, "{moment}");
        // What is said of it is true, and nearly always something can be said.
        assert!(!error.blank || !stick.boots(), "{moment}");
        unknown += usize::from(error.touched && !error.blank);
        if whole {
            let mut disk = io::Cursor::new(&stick.bytes);
            let map = verify::read_map(&mut disk).unwrap();
            verify::check_extents(&mut disk, &map, None, &mut on).unwrap();
        }
    }
}

#[test]
fn a_stick_that_wears_out_at_any_moment_is_said_to_and_does_not_boot() {
    let (plan, _folder, image) = small();
    for moment in (0..10).chain((10..).step_by(7)) {
        let stick = Fake::new(plan.size, Fault::ReadOnlyFrom(moment));
        let Err(error) = put(&image, &stick, &mut on) else {
            assert!(moment > 30, "there were moments to wear out at");
            return;
        };
        assert!(error.problem().next.contains("write-protected") && error.seen.retries == 0, "{moment}: {error}");
        let stick = stick.borrow();
        let blank = stick.bytes[4096..].iter().all(|byte| *byte == 0x41);
        assert!(!stick.boots() || blank, "{moment}");
        assert!(error.touched && !(error.blank && stick.boots()), "{moment}");
        let words = if error.blank { "it does not boot" } else { "not known" };
        assert!(error.problem().what.contains(words), "{moment}");
    }
}

#[test]
fn short_writes_are_carried_on() {
    let (plan, _folder, image) = small();
    let stick = Fake::new(plan.size + 512, Fault::Short);
    put(&image, &stick, &mut on).unwrap();
    let stick = stick.borrow();
    let mut disk = io::Cursor::new(&stick.bytes);
    let map = verify::read_map(&mut disk).unwrap();
    verify::check_extents(&mut disk, &map, None, &mut on).unwrap();
}

#[test]
fn a_stick_that_lies_is_found_out() {
    let (plan, _folder, image) = small();
    let somewhere = plan.partitions[0].content().start + 3_000_000;
    for fault in [
        Fault::Flips { at: somewhere, always: true },
        Fault::Flips { at: plan.partitions[1].offset(), always: true },
        Fault::Wraps(8 << 20),
        Fault::Wraps(34 << 20),
        Fault::Wraps(35 << 20),
    ] {
        let stick = Fake::new(plan.size, fault);
        let error = put(&image, &stick, &mut on).expect_err(&format!("{fault:?}"));
        assert!(matches!(error.cause, Cause::Differs { .. } | Cause::Fake { .. }), "{fault:?}: {error}");
        assert!(error.problem().next.contains("Throw this stick away"));
        // One that wraps puts other things over its head, and blanking it comes last.
        assert!(!stick.borrow().boots(), "{fault:?}");
    }
    for fault in [Fault::Flips { at: 100, always: true }, Fault::Flips { at: 40_000, always: true }] {
        let stick = Fake::new(plan.size, fault);
        assert!(matches!(put(&image, &stick, &mut on).unwrap_err().cause, Cause::Differs { .. }));
    }
}

#[test]
fn one_wrong_answer_is_written_again() {
    let (plan, _folder, image) = small();
    let somewhere = plan.partitions[0].content().start + 3_000_000;
    put(&image, &Fake::new(plan.size, Fault::Flips { at: somewhere, always: false }), &mut on).unwrap();
    put(&image, &Fake::new(plan.size, Fault::Forgets(somewhere)), &mut on).unwrap();
}

#[test]
fn nothing_is_written_before_everything_is_checked() {
    let (plan, folder, image) = small();
    let stick = Fake::new(plan.size, Fault::None);
    let untouched = |error: &WriteError| {
        assert!(!error.touched && error.problem().what.contains("as it was"));
        assert!(stick.borrow().bytes[512..].iter().all(|b| *b == 0x41));
    };

    let mut bytes = fs::read(&image).unwrap();
    let last = usize::try_from(plan.partitions[1].content().end - 1).unwrap();
    bytes[last] ^= 1;
    let bad = folder.path().join("bad.img");
    fs::write(&bad, &bytes).unwrap();
    let error = put(&bad, &stick, &mut on).unwrap_err();
    assert!(matches!(error.cause, Cause::Image(VerifyError::Digest { .. })), "{error}");
    untouched(&error);

    fs::write(&bad, noise(1, 3 << 20)).unwrap();
    let error = put(&bad, &stick, &mut on).unwrap_err();
    assert!(error.to_string().contains("not an image made by whiteglove"), "{error}");
    untouched(&error);

    let error = put(&folder.path().join("nothing.img"), &stick, &mut on).unwrap_err();
    untouched(&error);

    let small = Fake::new(plan.size - 512, Fault::None);
    let error = put(&image, &small, &mut on).unwrap_err();
    assert!(matches!(error.cause, Cause::Refused(Refusal::TooSmall { missing: 512 })), "{error}");
    assert!(error.to_string().contains("512 bytes too small"));
    assert!(small.borrow().bytes[512..].iter().all(|b| *b == 0x41));

    let other = write_in(
        quick(),
        Image::open(&image).unwrap(),
        permit(plan.size + 512),
        |_| Ok(stick.plug()),
        &mut |_| Ok(()),
        &mut on,
    );
    let error = other.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused(Refusal::Changed { .. })), "{error}");
    untouched(&error);
}

#[test]
fn an_image_that_changes_under_the_writer_is_noticed() {
    let (plan, _folder, image) = small();
    let stick = Fake::new(plan.size, Fault::None);
    // The first chunks are read ahead.
    let last = plan.partitions[1].offset();
    let mut watch = |p: Progress| {
        if p.task == "writing" {
            let file = OpenOptions::new().write(true).open(&image).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&file, b"!", last).unwrap();
        }
        ControlFlow::Continue(())
    };
    let error = put(&image, &stick, &mut watch).unwrap_err();
    assert!(error.touched && matches!(error.cause, Cause::Image(VerifyError::Digest { .. })));
    assert!(!stick.borrow().boots());
}

mod on_loop;
