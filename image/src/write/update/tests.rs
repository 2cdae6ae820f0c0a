use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use whiteglove_core::media::{Form, MbrBoot, MediaPlan};

use super::*;
use crate::{
    testing::{
        assert_clean, on, small, small_with,
        stick::{Fake, Fault},
    },
    write::write,
};

fn bring(image: &Path, stick: &Fake, fully: bool, watch: Watch<'_>) -> Result<Updated, WriteError> {
    let image = Image::open(image).map_err(WriteError::untouched)?;
    update(image, stick.permit(), |_| Ok(stick.plug()), &mut |_| Ok(()), None, fully, watch)
}

/// A stick made from the smallest image, with something of a person's own on its data volume.
fn made() -> (MediaPlan, TempDir, PathBuf, Fake) {
    let (plan, folder, image) = small();
    let stick = Fake::new(plan.size + (2 << 20), Fault::None);
    write(&image, stick.permit(), |_| Ok(stick.plug()), &mut |_| Ok(()), &mut on).unwrap();
    let data = usize::try_from(plan.partitions[1].offset()).unwrap();
    let capture = data + (5 << 20);
    stick.borrow().bytes[capture..capture + 7].copy_from_slice(b"CAPTURE");
    // Its FAT has changed too, as a FAT does when files come.
    stick.borrow().bytes[data + 32 * 512 + 40] ^= 0x7f;
    stick.borrow().operations = 0;
    (plan, folder, image, stick)
}

fn assert_good(image: &Path, stick: &Fake) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("stick");
    fs::write(&path, &stick.borrow().bytes).unwrap();
    let map = Image::open(image).unwrap().map;
    let mut disk = fs::File::open(&path).unwrap();
    assert_eq!(verify::read_map(&mut disk).unwrap(), map);
    let table = Table::read_strict(map.form, &mut disk, fs::metadata(&path).unwrap().len()).unwrap();
    let data = table.stretches(u64::MAX)[1].1;
    let mut boot = map;
    boot.extents.retain(|extent| extent.offset < data);
    verify::check_extents(&mut disk, &boot, None, &mut on).unwrap();
    let data = usize::try_from(data).unwrap();
    assert_eq!(&stick.borrow().bytes[data + (5 << 20)..][..7], b"CAPTURE", "the data volume is kept");
}

#[test]
fn nothing_changed_means_nothing_written() {
    let (_plan, _folder, image, stick) = made();
    let before = stick.borrow().bytes.clone();
    for fully in [false, true] {
        let updated = bring(&image, &stick, fully, &mut on).unwrap();
        assert_eq!((updated.changed, updated.seen.written.bytes, updated.fully), (0, 0, fully));
        assert!(stick.borrow().bytes == before);
    }
}

#[test]
fn only_what_changed_is_written_and_captures_stay() {
    let (_plan, _folder, _image, stick) = made();
    let (plan, _other_folder, other) = small_with(77);
    let updated = bring(&other, &stick, false, &mut on).unwrap();
    let content = plan.partitions[0].volume.content_len();
    assert!(updated.changed > 0 && updated.changed < content, "{updated:?} of {content}");
    assert_good(&other, &stick);
}

#[test]
fn another_medium_takes_over_the_data_volume_with_its_serial_number() {
    let (plan, _folder, _image, stick) = made();
    let spec = whiteglove_core::media::Spec {
        media: whiteglove_core::media_card::MediaId([7; 16]),
        boot_size: Some(33 << 20),
        data_size: Some(33 << 20),
        ..crate::testing::spec_with(vec![whiteglove_core::media::Item::inline("EFI/BOOT/BOOTX64.EFI", vec![1; 9])])
    };
    let next = MediaPlan::new(spec).unwrap();
    let (_next_folder, image) = crate::testing::built(&next);
    bring(&image, &stick, false, &mut on).unwrap();
    assert_good(&image, &stick);
    let data = usize::try_from(plan.partitions[1].offset()).unwrap();
    let serial = next.partitions[1].volume.serial.to_le_bytes();
    for sector in [0, 6] {
        assert_eq!(stick.borrow().bytes[data + sector * 512 + 67..][..4], serial);
    }
}

#[test]
fn what_a_person_or_windows_wrote_on_the_boot_volume_is_put_right() {
    let (plan, _folder, image, stick) = made();
    let boot = usize::try_from(plan.partitions[0].offset()).unwrap();
    // A changed FAT makes the whole volume suspect; then a changed file is found as well, wherever it is.
    stick.borrow().bytes[boot + 40 * 512] ^= 1;
    stick.borrow().bytes[boot + (10 << 20)] ^= 1;
    let updated = bring(&image, &stick, false, &mut on).unwrap();
    assert!(updated.fully && updated.changed > 0);
    assert_good(&image, &stick);
}

#[test]
fn a_board_that_refuses_its_table_gets_another_and_captures_stay() {
    let (plan, _folder, _image, stick) = made();
    for form in [Form::Mbr(MbrBoot::Active0c), Form::Mbr(MbrBoot::Efi), Form::Gpt] {
        let next = MediaPlan { form, ..plan.clone() };
        let (_next_folder, image) = crate::testing::built(&next);
        let updated = bring(&image, &stick, false, &mut on).unwrap();
        assert_eq!(updated.changed, 0, "only the ends differ: {updated:?}");
        assert_good(&image, &stick);
    }
}

#[test]
fn asked_for_a_full_comparison_finds_a_single_bit() {
    let (plan, _folder, image, stick) = made();
    let last = usize::try_from(plan.partitions[0].content().end - 5000).unwrap();
    stick.borrow().bytes[last] ^= 1;
    assert!(bring(&image, &stick, true, &mut on).unwrap().changed > 0);
    assert_good(&image, &stick);
}

#[test]
fn pulled_at_any_moment_it_does_not_boot_and_a_second_update_puts_it_right() {
    let (_plan, _folder, _image, made) = made();
    let (_other_plan, _other_folder, other) = small_with(77);
    let bytes = made.borrow().bytes.clone();
    let mut touched = 0;
    for moment in 0.. {
        let stick = Fake::holding(bytes.clone(), Fault::GoneAt(moment));
        let Err(error) = bring(&other, &stick, false, &mut on) else {
            assert!(touched > 8, "there were moments to pull it at");
            return;
        };
        touched += usize::from(error.touched);
        let same = stick.borrow().bytes == bytes;
        assert!(same || error.touched, "{moment}");
        let whole =
            Table::read_strict(Form::Gpt, &mut io::Cursor::new(&stick.borrow().bytes), bytes.len() as u64).is_ok();
        if whole && !same {
            // The very last read failed: unproven, but right.
            assert_good(&other, &stick);
        } else if !same && moment % 3 == 0 {
            // Half of the first block may be blank: then no table is valid at the front, and no firmware finds an MBR.
            assert!(!stick.borrow().bytes[510..].starts_with(&[0x55, 0xaa]) || !stick.borrow().boots());
            stick.borrow().fault = Fault::None;
            let updated = bring(&other, &stick, false, &mut on).unwrap();
            assert!(updated.fully, "after a broken off update nothing is believed");
            assert_good(&other, &stick);
        }
    }
}

#[test]
fn cancelled_while_it_compares_it_is_as_it_was() {
    let (_plan, _folder, image, stick) = made();
    let before = stick.borrow().bytes.clone();
    let error = bring(&image, &stick, true, &mut |_| ControlFlow::Break(())).unwrap_err();
    assert!(!error.touched && matches!(error.cause, Cause::Cancelled));
    assert!(stick.borrow().bytes == before);
}

#[test]
fn what_is_not_ours_or_laid_out_otherwise_is_left_alone() {
    let (plan, _folder, image, stick) = made();
    let foreign = Fake::new(plan.size, Fault::None);
    let error = bring(&image, &foreign, false, &mut on).unwrap_err();
    assert!(!error.touched && matches!(error.cause, Cause::NotOurs), "{error}");
    let spec =
        whiteglove_core::media::Spec { boot_size: Some(34 << 20), data_size: Some(33 << 20), ..crate::testing::spec() };
    let larger = MediaPlan::new(spec).unwrap();
    let (_larger_folder, larger) = crate::testing::built(&larger);
    let before = stick.borrow().bytes.clone();
    let error = bring(&larger, &stick, false, &mut on).unwrap_err();
    assert!(!error.touched && matches!(error.cause, Cause::OtherLayout), "{error}");
    assert!(error.problem().next.contains("Import the captures"));
    assert!(stick.borrow().bytes == before);
}

#[test]
fn others_tools_find_an_updated_stick_clean() {
    let (plan, folder, image) = small();
    let (other, _other_folder, other_image) = small_with(5);
    let path = crate::testing::dirty(folder.path(), "stick", plan.size + (1 << 20), 0x41);
    let open = |_: &ErasePermit| Ok(fs::OpenOptions::new().read(true).write(true).open(&path).unwrap());
    let permit = || crate::testing::stick::permit(plan.size + (1 << 20));
    write(&image, permit(), open, &mut settle, &mut on).unwrap();
    let other_image = Image::open(&other_image).unwrap();
    update(other_image, permit(), open, &mut settle, None, false, &mut on).unwrap();
    assert_clean(&other, &path);
}
