use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Cursor,
    os::unix::fs::FileExt,
};

use proptest::prelude::*;
use whiteglove_core::{
    media::{Form, Item, Part, Source, Spec, piece::Piece, tree::Tree},
    media_card::MediaId,
};

use super::*;
use crate::{
    testing::{assert_clean, built, dirty, extract, noise, on, plan, said, spec, spec_with, tool},
    verify::{VerifyError, verify},
};

#[test]
fn an_image_is_clean_to_others_and_reads_back() {
    for form in sticks() {
        let plan = MediaPlan::new(Spec { form, ..spec() }).unwrap();
        let (_folder, path) = built(&plan);
        assert_clean(&plan, &path);
        assert_eq!(verify(&path, Some(&plan), &mut on).unwrap().form, form);
        verify(&path, None, &mut on).unwrap();
        let other = sticks().find(|other| *other != form).unwrap();
        let other = MediaPlan { form: other, ..plan };
        assert!(matches!(verify(&path, Some(&other), &mut on), Err(VerifyError::OtherPlan)));
    }
}

#[test]
fn a_used_disk_ends_up_as_clean_as_a_new_one() {
    let plan = plan();
    let (folder, new) = built(&plan);
    let map = verify(&new, Some(&plan), &mut on).unwrap();
    for fill in [0x41, 0xff] {
        let used = dirty(folder.path(), "used.img", plan.size, fill);
        let mut file = OpenOptions::new().read(true).write(true).open(&used).unwrap();
        build(&plan, &mut file, &mut on).unwrap();
        assert_clean(&plan, &used);
        assert_eq!(verify(&used, Some(&plan), &mut on).unwrap(), map);
        // All but free space is the same bytes.
        let (new, used) = (fs::read(&new).unwrap(), fs::read(&used).unwrap());
        for extent in plan.extents() {
            let range =
                usize::try_from(extent.offset).unwrap()..usize::try_from(extent.offset + extent.length).unwrap();
            assert!(new[range.clone()] == used[range], "{extent:?}");
        }
    }
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    for form in Form::ALL {
        let straight = Spec { form, ..spec() };
        let mut turned = straight.clone();
        turned.contents.boot.reverse();
        let (_a, first) = built(&MediaPlan::new(straight).unwrap());
        let (_b, second) = built(&MediaPlan::new(turned).unwrap());
        assert!(fs::read(first).unwrap() == fs::read(second).unwrap(), "{form}");
    }
}

#[test]
fn mtools_lists_and_copies_what_was_planned() {
    let plan = plan();
    let (folder, path) = built(&plan);
    let volume = extract(&plan, Part::Boot, &path);
    let image = volume.path().to_string_lossy().into_owned();
    let Some(output) = tool("mdir", &["-i", &image, "-/", "-b", "::"]) else { return };
    let mut listed: Vec<String> = said(&output).lines().map(|l| l.trim_start_matches("::").to_owned()).collect();
    listed.sort();
    let boot = &plan.partition(Part::Boot).unwrap().volume;
    let directories = boot.directories.iter().filter(|d| !d.is_root()).map(|d| format!("{}/", d.path));
    let mut planned: Vec<String> = directories.chain(boot.files.iter().map(|f| f.path.clone())).collect();
    planned.sort();
    // mtools spells what is outside the basic plane its own way; compare the rest exactly.
    let plain = |names: &[String]| names.iter().filter(|n| n.is_ascii()).cloned().collect::<Vec<_>>();
    assert_eq!(plain(&listed), plain(&planned));
    assert_eq!(listed.len(), planned.len());
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let output = tool("mcopy", &["-i", &image, "-s", "::", &out.to_string_lossy()]).unwrap();
    assert!(output.status.success(), "{}", said(&output));
    for file in boot.files.iter().filter(|f| f.path.is_ascii()) {
        let Source::Inline(bytes) = &file.source else { unreachable!() };
        assert!(fs::read(out.join(&file.path[1..])).unwrap() == *bytes, "{}", file.path);
    }
}

#[test]
fn files_lie_where_the_plan_says_in_one_piece() {
    let plan = plan();
    let (_folder, path) = built(&plan);
    let image = fs::read(path).unwrap();
    for partition in &plan.partitions {
        for file in &partition.volume.files {
            let Source::Inline(bytes) = &file.source else { unreachable!() };
            let at = usize::try_from(partition.offset() + partition.volume.geometry.cluster_offset(file.first_cluster))
                .unwrap();
            assert!(bytes.is_empty() || image[at..at + bytes.len()] == bytes[..], "{}", file.path);
        }
    }
}

#[test]
fn thousands_of_files_in_one_directory_are_clean_and_quick() {
    let boot: Vec<Item> =
        (0..8000u64).map(|n| Item::inline(format!("drivers/package number {n:05}.cab"), noise(n, 300))).collect();
    let plan = MediaPlan::new(Spec { boot_size: Some(80 << 20), ..spec_with(boot) }).unwrap();
    let (_folder, path) = built(&plan);
    assert_clean(&plan, &path);
    verify(&path, Some(&plan), &mut on).unwrap();
}

#[test]
fn a_file_inside_a_disc_goes_on_the_medium_as_if_it_lay_there_alone() {
    let folder = tempfile::tempdir().unwrap();
    let disc = folder.path().join("win.iso");
    let bytes = noise(3, 9_000_000);
    fs::write(&disc, &bytes).unwrap();
    // In pieces that are out of order, with a hole between them.
    let pieces = vec![Piece::new(5_000_001, 4_000_000 - 1), Piece::hole(700), Piece::new(17, 4_999_000)];
    let content = [&bytes[5_000_001..9_000_000], &[0; 700], &bytes[17..4_999_017]].concat();
    let inside = Item::inside("sources/boot.wim", content.len() as u64, disc.clone(), pieces);
    let plan = MediaPlan::new(spec_with(vec![inside])).unwrap();
    let alone = MediaPlan::new(spec_with(vec![Item::inline("sources/boot.wim", content)])).unwrap();
    let ((_a, one), (_b, other)) = (built(&plan), built(&alone));
    assert!(fs::read(&one).unwrap() == fs::read(other).unwrap());
    verify(&one, Some(&plan), &mut on).unwrap();
    // A disc that was cut off since is no source.
    File::options().write(true).open(&disc).unwrap().set_len(8_000_000).unwrap();
    let error = build_file(&plan, &folder.path().join("cut.img"), &mut on).unwrap_err();
    assert!(matches!(error, BuildError::Source(SourceError::Read { .. })), "{error}");
}

#[test]
fn a_source_that_changes_leaves_no_image() {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (folder.path().join("install.wim"), folder.path().join("stick.img"));
    fs::write(&source, noise(1, 48_000_000)).unwrap();
    let boot = vec![Item::host("install.wim", 48_000_000, source.clone())];
    let plan = MediaPlan::new(Spec { boot_size: Some(80 << 20), ..spec_with(boot) }).unwrap();
    let only_the_source = || fs::read_dir(folder.path()).unwrap().count() == 1;

    // Before it is opened.
    for length in [47_999_999, 48_000_001] {
        OpenOptions::new().write(true).open(&source).unwrap().set_len(length).unwrap();
        let error = build_file(&plan, &out, &mut on).unwrap_err();
        assert!(matches!(error, BuildError::Source(SourceError::Changed { found, .. }) if found == length), "{error}");
        assert!(error.problem().next.contains("build again"));
        assert!(only_the_source());
    }
    // While it is read; the file is longer than what is read ahead.
    for length in [6_000_000, 49_000_000] {
        OpenOptions::new().write(true).open(&source).unwrap().set_len(48_000_000).unwrap();
        let mut change = |_| {
            OpenOptions::new().write(true).open(&source).unwrap().set_len(length).unwrap();
            ControlFlow::Continue(())
        };
        let error = build_file(&plan, &out, &mut change).unwrap_err();
        assert!(matches!(error, BuildError::Source(SourceError::Changed { found, .. }) if found == length), "{error}");
        assert!(only_the_source());
    }
    fs::remove_file(&source).unwrap();
    assert!(matches!(build_file(&plan, &out, &mut on), Err(BuildError::Source(SourceError::Read { .. }))));
    fs::create_dir(&source).unwrap();
    assert!(matches!(build_file(&plan, &out, &mut on), Err(BuildError::Source(SourceError::Read { .. }))));
    assert!(only_the_source());
}

#[test]
fn cancelling_leaves_no_image_and_keeps_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("stick.img");
    fs::write(&out, b"the image of yesterday").unwrap();
    let mut left = 2;
    let mut cancel = |_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(matches!(build_file(&plan(), &out, &mut cancel), Err(BuildError::Cancelled)));
    assert_eq!(fs::read(&out).unwrap(), b"the image of yesterday");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("no such folder/stick.img");
    assert!(matches!(build_file(&plan(), &nowhere, &mut on), Err(BuildError::Out { .. })));
    // A device's name is not taken for a file's.
    let device = folder.path().join("sdb");
    std::os::unix::fs::symlink("/dev/null", &device).unwrap();
    assert!(matches!(build_file(&plan(), &device, &mut on), Err(BuildError::Out { .. })));
    assert!(device.is_symlink());
}

#[test]
fn progress_reaches_its_total() {
    let mut seen = Vec::new();
    let mut watch = |p: Progress| {
        seen.push((p.done, p.total));
        ControlFlow::Continue(())
    };
    let plan = plan();
    let mut image = Cursor::new(Vec::new());
    build(&plan, &mut image, &mut watch).unwrap();
    assert!(seen.is_sorted() && seen.iter().all(|(_, total)| *total == seen[0].1));
    assert_eq!(seen.last().map(|(done, total)| done == total), Some(true));
}

#[test]
fn damage_anywhere_is_found() {
    sticks().for_each(damage_is_found);
}

fn damage_is_found(form: Form) {
    let plan = MediaPlan::new(Spec { form, ..spec() }).unwrap();
    let (_folder, path) = built(&plan);
    let good = fs::read(&path).unwrap();
    let image = OpenOptions::new().write(true).open(&path).unwrap();
    for extent in plan.extents() {
        let at = extent.offset + extent.length.min(1024) / 2;
        let byte = good[usize::try_from(at).unwrap()];
        image.write_all_at(&[byte ^ 0x10], at).unwrap();
        let error = verify(&path, Some(&plan), &mut on).unwrap_err();
        // In either table the other one still reads; that they are not both whole is what counts.
        assert!(matches!(error, VerifyError::Digest { .. } | VerifyError::Table(_)), "{extent:?}: {error}");
        image.write_all_at(&[byte], at).unwrap();
    }
    fs::write(&path, &good[..good.len() - 512]).unwrap();
    assert!(verify(&path, Some(&plan), &mut on).is_err());
    fs::write(&path, b"MZ").unwrap();
    assert!(matches!(verify(&path, None, &mut on), Err(VerifyError::Map(MapError::Missing))));
    fs::write(&path, &good).unwrap();
    let other = MediaPlan::new(Spec { media: MediaId([1; 16]), form, ..spec() }).unwrap();
    assert!(matches!(verify(&path, Some(&other), &mut on), Err(VerifyError::OtherPlan)));
}

#[test]
fn a_volume_filled_to_its_last_cluster_is_clean() {
    let empty = MediaPlan::new(spec_with(vec![])).unwrap();
    let free = u64::from(empty.partitions[0].volume.free_clusters()) * 512;
    let exact = vec![Item::inline("all", noise(1, usize::try_from(free).unwrap()))];
    let plan = MediaPlan::new(spec_with(exact)).unwrap();
    assert_eq!(plan.partitions[0].volume.free_clusters(), 0);
    let (_folder, path) = built(&plan);
    assert_clean(&plan, &path);
    verify(&path, Some(&plan), &mut on).unwrap();
    let more = vec![Item::inline("all", noise(1, usize::try_from(free).unwrap() + 1))];
    assert!(MediaPlan::new(spec_with(more)).is_err());
}

/// Trees of a few names that like to collide, with sizes around the edges of clusters.
fn trees() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let name = prop_oneof![
        "[a-zA-Z0-9]{1,8}(\\.[a-zA-Z]{1,3})?",
        "long name [a-c]{0,3} \\.[a-z]{2,5}",
        "[a-z\u{e4}\u{f6}\u{4e2d}+, ]{1,40}[a-z]",
        "[a-z ]{120,240}x",
    ];
    let path = prop::collection::vec(name, 1..4).prop_map(|names| names.join("/"));
    let size = prop_oneof![0usize..3, 510usize..515, 4094usize..4099, 0usize..20_000];
    prop::collection::btree_map(path, size.prop_map(|size| noise(size as u64, size)), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the plan accepts reads back through somebody else's code as exactly that.
    #[test]
    fn any_tree_reads_back(tree in trees()) {
        // One name too many (`a` beside `a/b`, `X` beside `x`) would refuse the whole tree: leave it out.
        let mut boot: Vec<Item> = Vec::new();
        for (path, bytes) in tree {
            boot.push(Item::inline(path, bytes));
            if Tree::grow(boot.clone()).is_err() {
                boot.pop();
            }
        }
        let plan = MediaPlan::new(Spec { boot_size: Some(34 << 20), data_size: Some(34 << 20), ..spec_with(boot) }).unwrap();
        let (_folder, path) = built(&plan);
        verify(&path, Some(&plan), &mut on).unwrap();
        assert_clean(&plan, &path);
    }
}

/// Discs have tests of their own.
fn sticks() -> impl Iterator<Item = Form> {
    Form::ALL.into_iter().filter(|form| form.is_stick())
}
