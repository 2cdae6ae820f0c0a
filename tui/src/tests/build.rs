//! Building an image page by page, bringing a stick up to date, checking one.

use std::{path::PathBuf, sync::Arc};

use whiteglove_core::{
    control::{Command, Job, Snapshot, Update},
    media::{
        Form, Kind, MbrBoot, Recipe, Windows,
        summary::{Summary, VolumeSummary},
    },
    problem::Problem,
};

use super::media::{one_image, sticks, with_images};
use crate::{
    Model,
    testing::{self, feed, few, image, press, scan, screen, stick, system_disk},
};

fn summary(form: Form) -> Summary {
    let volume = |label: &str, size, content, files, largest: &[(&str, u64)]| VolumeSummary {
        label: label.to_owned(),
        size,
        content,
        files,
        largest: largest.iter().map(|(path, size)| ((*path).to_owned(), *size)).collect(),
    };
    let largest = [
        ("boot/initrd.zst", 31_204_112),
        ("boot/vmlinuz", 12_004_352),
        ("EFI/BOOT/grubx64.efi", 2_604_032),
        ("EFI/BOOT/mmx64.efi", 856_280),
    ];
    let volumes = vec![
        volume("WGBOOT", 536_870_912, 47_604_112, 19, &largest),
        volume("WGDATA", 268_435_456, 41_200, 9, &[("README.TXT", 1_204)]),
    ];
    Summary { form, size: 807_403_520, volumes, notes: vec![], warnings: vec![] }
}

/// The plan page, with the plan on it.
fn planned() -> Model {
    let mut model = sticks(one_image());
    let asked = press(&mut model, "b enter enter enter");
    assert_eq!(asked, [Command::PlanMedia { recipe: Recipe::default() }]);
    feed(&mut model, Update::Planned(Ok(summary(Form::Gpt))));
    model
}

#[test]
fn the_form_is_chosen_first() {
    let mut model = sticks(one_image());
    press(&mut model, "b enter down");
    insta::assert_snapshot!(screen(&model));
    press(&mut model, "enter");
    insta::assert_snapshot!(screen(&model));
    let asked = press(&mut model, "enter");
    let recipe = Recipe { form: Form::Mbr(MbrBoot::Active0c), ..Recipe::default() };
    assert_eq!(asked, [Command::PlanMedia { recipe: recipe.clone() }]);
    assert!(screen(&model).contains("Working it out"));
    // Nothing is built from a plan that nobody has seen.
    assert_eq!(press(&mut model, "enter"), []);
    feed(&mut model, Update::Planned(Ok(summary(recipe.form))));
    let built = press(&mut model, "enter");
    assert_eq!(built, [Command::BuildMedia { out: PathBuf::from("ACME-07-2.img"), recipe }]);
}

#[test]
fn the_plan_is_seen_before_the_first_byte() {
    let mut model = planned();
    insta::assert_snapshot!(screen(&model));
    assert_eq!(
        press(&mut model, "enter"),
        [Command::BuildMedia { out: PathBuf::from("ACME-07-2.img"), recipe: Recipe::default() }]
    );
}

#[test]
fn escape_goes_one_page_back_each_time_and_builds_nothing() {
    let mut model = planned();
    for page in ["its name", "as what?", "what starts from it?", "Images in", "No laptops"] {
        assert_eq!(press(&mut model, "esc").iter().filter(|c| matches!(c, Command::BuildMedia { .. })).count(), 0);
        let shown = screen(&model);
        assert!(shown.contains(page) || page == "No laptops" && shown.contains("ACME-07"), "{page}\n{shown}");
    }
}

#[test]
fn what_is_wrong_with_an_added_folder_is_on_the_plan_with_its_remedy() {
    let mut model = planned();
    press(&mut model, "f '/srv/drivers");
    assert!(screen(&model).contains("Folder: /srv/drivers"));
    let asked = press(&mut model, "enter");
    let recipe = Recipe { add: Some("/srv/drivers".into()), ..Recipe::default() };
    assert_eq!(asked, [Command::PlanMedia { recipe: recipe.clone() }]);
    feed(
        &mut model,
        Update::Planned(Err(Problem::new(
            "autounattend.xml would erase disk 0 of every laptop the stick is put into",
            "DiskConfiguration has WillWipeDisk true and the stick starts Windows Setup by itself.",
            "Take DiskConfiguration out of the file, or make a stick of its own for it.",
        ))),
    );
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "enter"), [], "not built");
    // Another folder, and it is fine.
    press(&mut model, "f");
    for _ in 0..20 {
        press(&mut model, "backspace");
    }
    press(&mut model, "'/srv/d2 enter");
    feed(&mut model, Update::Planned(Ok(summary(Form::Gpt))));
    assert!(screen(&model).contains("/srv/d2; no fault found in it"));
    let built = press(&mut model, "enter");
    let recipe = Recipe { add: Some("/srv/d2".into()), ..recipe };
    assert_eq!(built, [Command::BuildMedia { out: PathBuf::from("ACME-07-2.img"), recipe }]);
}

#[test]
fn a_name_is_never_a_path() {
    for name in ["../x", "/dev/sdb", ".hidden", "a\\b", "ACME-07.img"] {
        let mut model = sticks(one_image());
        assert_eq!(press(&mut model, &format!("b enter enter '{name} enter")), [], "{name}");
    }
    let mut model = sticks(one_image());
    press(&mut model, "b enter enter '../x enter");
    assert!(screen(&model).contains("Use letters, digits, - and _ only."));
    // The first letter replaced the proposal.
    let mut model = sticks(one_image());
    press(&mut model, "b enter enter 'blue enter");
    assert!(screen(&model).contains("The plan of blue.img"));
}

#[test]
fn after_a_build_enter_goes_on_to_the_stick() {
    let mut model = planned();
    press(&mut model, "enter");
    let title = "building /var/lib/whiteglove/media/ACME-07-2.img".to_owned();
    let job = Job { title, ..testing::writing(5_000_000, 2) };
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot { job: Some(job.clone()), ..one_image() })));
    assert!(screen(&model).contains("Wait."));
    let job = Job { outcome: Some(Ok("ACME-07-2.img is ready: 807 MB.".into())), ..job };
    let images = vec![image("ACME-07-2.img", 0), image("ACME-07.img", 180)];
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot { job: Some(job), images, ..few() })));
    assert!(screen(&model).contains("NEXT  Enter: write it to a stick. m: to many."), "{}", screen(&model));
    press(&mut model, "enter");
    let shown = screen(&model);
    assert!(shown.contains("ACME-07-2.img (1.1 GB) will be written."), "{shown}");
}

#[test]
fn a_stick_is_brought_up_to_date_by_its_name() {
    let mut model = sticks(one_image());
    press(&mut model, "u");
    assert!(screen(&model).contains("Captures on it stay."), "{}", screen(&model));
    press(&mut model, "enter");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "'no enter"), []);
    press(&mut model, "backspace backspace");
    assert!(scan(&mut model, "Ultra").is_empty(), "a scanner changes nothing");
    let image = PathBuf::from("ACME-07.img");
    assert_eq!(
        press(&mut model, "enter"),
        [Command::UpdateMedia { image, disk: stick(), typed: "Ultra".into(), fully: false, operator: None }]
    );
}

#[test]
fn escape_from_the_consent_goes_back_to_the_disks_and_then_to_the_images() {
    let mut model = sticks(with_images());
    press(&mut model, "w down enter enter 'Ult esc");
    let shown = screen(&model);
    assert!(shown.contains("BETA-01.img (1.1 GB) will be written.") && shown.contains("▶ SanDisk Ultra"), "{shown}");
    press(&mut model, "esc");
    assert!(screen(&model).contains("▶ BETA-01.img"), "{}", screen(&model));
    press(&mut model, "esc");
    assert!(screen(&model).contains("Disks of this computer"));
}

#[test]
fn checking_proposes_the_stick_or_the_newest_image() {
    let mut model = sticks(one_image());
    press(&mut model, "v");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "enter"), [Command::CheckMedia { what: "/dev/sdb".into(), fully: false }]);
    let mut model = sticks(one_image());
    feed(&mut model, Update::Disks(vec![system_disk()]));
    let what = "/var/lib/whiteglove/media/ACME-07.img".into();
    assert_eq!(press(&mut model, "v enter"), [Command::CheckMedia { what, fully: false }]);
}

#[test]
fn what_starts_from_it_is_chosen_first_and_a_box_is_asked_for_less() {
    let mut model = sticks(one_image());
    press(&mut model, "b");
    insta::assert_snapshot!(screen(&model));
    press(&mut model, "down down down enter");
    let shown = screen(&model);
    assert!(shown.contains("File name: bench-box.img") && !shown.contains("as what?"), "{shown}");
    let recipe = Recipe { kind: Kind::BenchBox, ..Recipe::default() };
    assert_eq!(press(&mut model, "enter"), [Command::PlanMedia { recipe: recipe.clone() }]);
    // Without scripts/box there are no parts.
    let missing = Problem::new("There is no bench box to build.", "No parts.json.", "Run scripts/box first.");
    feed(&mut model, Update::Planned(Err(missing)));
    assert!(screen(&model).contains("next Run scripts/box first."), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter f"), [], "not built, and nothing can be added");
    press(&mut model, "esc enter");
    feed(&mut model, Update::Planned(Ok(summary(Form::Gpt))));
    assert!(screen(&model).contains("Starts         Bench box"), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter"), [Command::BuildMedia { out: PathBuf::from("bench-box.img"), recipe }]);
}

#[test]
fn a_folder_for_a_server_is_written_where_media_lie() {
    let mut model = sticks(one_image());
    press(&mut model, "b enter down down down down enter");
    assert!(screen(&model).contains("File name: ACME-07-2.img"), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter"), []);
    let shown = screen(&model);
    assert!(shown.contains("The plan of ACME-07-2") && !shown.contains("ACME-07-2.img"), "{shown}");
    let out = PathBuf::from("/var/lib/whiteglove/media/ACME-07-2");
    assert_eq!(press(&mut model, "enter"), [Command::ExportNetboot { out }]);
}

#[test]
fn what_may_go_wrong_is_read_before_it_is_built() {
    let mut model = planned();
    press(&mut model, "f '/srv/answers enter");
    let warning = |n: u64| {
        Problem::new(
            format!("autounattend.xml asks for {n} things"),
            "It names a computer that is none, which Setup takes for all of them.",
            "Leave the name out, or make one stick for each.",
        )
    };
    let warnings: Vec<Problem> = (1..=3).map(warning).collect();
    feed(&mut model, Update::Planned(Ok(Summary { warnings, ..summary(Form::Gpt) })));
    insta::assert_snapshot!(screen(&model));
    press(&mut model, "pgdn");
    assert!(screen(&model).contains("README.TXT"), "the rest is there too\n{}", screen(&model));
    assert!(matches!(press(&mut model, "enter")[..], [Command::BuildMedia { .. }]), "a warning forbids nothing");
}

#[test]
fn a_customers_windows_is_asked_for_by_its_iso() {
    let mut model = sticks(one_image());
    press(&mut model, "b down enter enter");
    assert!(screen(&model).contains("from the first slash on"), "{}", screen(&model));
    press(&mut model, "'/iso/win.iso enter");
    assert!(screen(&model).contains("Drivers for it?"), "{}", screen(&model));
    press(&mut model, "enter enter");
    assert!(screen(&model).contains("File name: ACME-07-winpe.img"), "{}", screen(&model));
    let windows = Windows { iso: "/iso/win.iso".into(), ..Windows::default() };
    let recipe = Recipe { kind: Kind::WinPe(windows.clone()), ..Recipe::default() };
    assert_eq!(press(&mut model, "enter"), [Command::PlanMedia { recipe: recipe.clone() }]);
    // Preparing it takes minutes: how far that is stands there.
    let title = "preparing /iso/win.iso".to_owned();
    let job = Job { title, ..testing::writing(5_000_000, 2) };
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot { job: Some(job), ..one_image() })));
    assert!(screen(&model).contains("preparing /iso/win.iso"), "{}", screen(&model));
    feed(&mut model, Update::Snapshot(Arc::new(one_image())));
    let notes = vec!["The boot manager is signed by Windows 2011.".to_owned()];
    feed(&mut model, Update::Planned(Ok(Summary { notes, ..summary(Form::Gpt) })));
    assert!(screen(&model).contains("Know           The boot manager"), "{}", screen(&model));
    assert_eq!(press(&mut model, "enter"), [Command::BuildMedia { out: "ACME-07-winpe.img".into(), recipe }]);

    // For a server, and Setup in the forms that it starts in.
    let mut model = sticks(one_image());
    press(&mut model, "b down enter '/iso/win.iso enter enter down down down down enter enter");
    let out = Some(PathBuf::from("/var/lib/whiteglove/media/ACME-07-winpe"));
    assert_eq!(press(&mut model, "enter"), [Command::ExportWinPe { out, windows }]);
    let mut model = sticks(one_image());
    press(&mut model, "b down down enter '/iso/win.iso enter '/srv/drivers enter");
    let shown = screen(&model);
    assert!(shown.contains("Disc (ISO)") && !shown.contains("MBR with EFI") && !shown.contains("Folder"), "{shown}");
    press(&mut model, "enter");
    let asked = press(&mut model, "enter");
    let [Command::PlanMedia { recipe: Recipe { kind: Kind::WindowsSetup(windows), .. } }] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(windows.drivers.as_deref(), Some(std::path::Path::new("/srv/drivers")));
}
