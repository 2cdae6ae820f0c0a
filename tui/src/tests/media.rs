use std::{path::PathBuf, sync::Arc, time::Duration};

use whiteglove_core::{
    control::{Command, Job, Snapshot, Update},
    disk::Disk,
    problem::Problem,
    sticks::brought::Brought,
};

use crate::{
    Model, Msg,
    testing::{self, NOON, feed, few, image, press, scan, screen, showing, stick, system_disk},
    update,
};

pub(super) fn with_images() -> Snapshot {
    Snapshot { images: vec![image("ACME-07.img", 180), image("BETA-01.img", 90_000)], ..few() }
}

/// The stick screen with a stick and the computer's own disk.
pub(super) fn sticks(snapshot: Snapshot) -> Model {
    let mut model = showing(snapshot);
    assert_eq!(press(&mut model, "m"), [Command::ListDisks]);
    feed(&mut model, Update::Disks(vec![system_disk(), stick()]));
    model
}

pub(super) fn one_image() -> Snapshot {
    Snapshot { images: vec![image("ACME-07.img", 180)], ..few() }
}

/// The page that asks for the name of the stick.
pub(super) fn asked() -> Model {
    let mut model = sticks(one_image());
    press(&mut model, "w enter");
    model
}

fn erases(commands: &[Command]) -> bool {
    commands.iter().any(|command| matches!(command, Command::WriteMedia { .. }))
}

#[test]
fn images_and_disks() {
    insta::assert_snapshot!(screen(&sticks(with_images())), @r##"
    Sticks

    ─ Images in /var/lib/whiteglove/media ───────────────────────────────────────
      IMAGE                                         SIZE   MADE
      ACME-07.img                                 1.1 GB   3m ago
      BETA-01.img                                 1.1 GB   1d ago

    ─ Disks of this computer ────────────────────────────────────────────────────
      NAME                     SIZE  DEVICE        CAN IT BE WRITTEN?
      SanDisk Ultra         15.3 GB  /dev/sdb      yes (USB)
      Samsung SSD 980 PRO… 512.1 GB  /dev/nvme0n1  no: this computer runs from it










    NEXT  Plug a USB stick in, then w: write it. A stick came back: r takes it in.

    Esc back   b build   w write   u update   m many   i import   r return   ? help
    "##);
}

#[test]
fn without_an_image_there_is_one_thing_to_do() {
    let mut model = sticks(few());
    assert!(screen(&model).contains(" NEXT  b: build the first image."));
    assert_eq!(press(&mut model, "w"), []);
    assert!(screen(&model).contains("There is no image yet. b: build one first."));
}

#[test]
fn choosing_a_disk_says_why_not_this_one() {
    let mut model = sticks(with_images());
    press(&mut model, "w");
    assert!(screen(&model).contains("▶ ACME-07.img"));
    press(&mut model, "enter down");
    insta::assert_snapshot!(screen(&model), @r##"
    Sticks

    ─ Which stick is erased and written? ────────────────────────────────────────
      ACME-07.img (1.1 GB) will be written.

    ─ Disks of this computer ────────────────────────────────────────────────────
      NAME                     SIZE  DEVICE        CAN IT BE WRITTEN?
      SanDisk Ultra         15.3 GB  /dev/sdb      yes (USB)
    ▶ Samsung SSD 980 PRO… 512.1 GB  /dev/nvme0n1  no: this computer runs from it

      This one cannot be written: this computer runs from it.










    NEXT  Down, Up: choose the stick. Enter: go on. Nothing is erased yet.

    Enter choose   Down next   Up previous   d look again   Esc back
    "##);
    assert_eq!(press(&mut model, "enter"), []);
    assert!(screen(&model).contains("cannot be written: this computer runs from it."), "{}", screen(&model));
}

#[test]
fn a_stick_that_is_too_small_is_not_offered() {
    let mut model = sticks(one_image());
    feed(&mut model, Update::Disks(vec![Disk { size_bytes: 1_000_000_000, ..stick() }]));
    press(&mut model, "w enter");
    assert!(screen(&model).contains("it is too small, the image needs 1.1 GB"), "{}", screen(&model));
}

#[test]
fn the_name_of_the_stick_is_asked_for() {
    insta::assert_snapshot!(screen(&asked()), @r##"
    Sticks

     EVERYTHING ON THIS STICK WILL BE ERASED

       Name             Ultra
       Size             15.3 GB
       Device           /dev/sdb (USB)
       Maker            SanDisk
       Serial number    4C530001220714
       It becomes       ACME-07.img, 1.1 GB
       It brings back   the bench looks ...

      To erase it, type its name:  Ultra
      > █







    NEXT  Compare name and size with the stick. Type the name, then Enter erases
          it. Esc: back.
    Enter go on   Esc back
    "##);
}

#[test]
fn an_untyped_name_erases_nothing() {
    let mut model = asked();
    for typed in ["enter", "y enter", "'yes enter", "'/dev/sdb enter", "'Ultra2 enter"] {
        assert!(!erases(&press(&mut model, typed)), "{typed}");
        for _ in 0..10 {
            press(&mut model, "backspace");
        }
    }
    press(&mut model, "'Cruzer enter");
    insta::assert_snapshot!(screen(&model), @r##"
    Sticks

     EVERYTHING ON THIS STICK WILL BE ERASED

       Name             Ultra
       Size             15.3 GB
       Device           /dev/sdb (USB)
       Maker            SanDisk
       Serial number    4C530001220714
       It becomes       ACME-07.img, 1.1 GB
       It brings back   the bench looks ...

      To erase it, type its name:  Ultra
      > Cruzer█

     NO  Ultra will not be erased.
       why  Its name is "Ultra", not "Cruzer".
       next Type the name exactly as it is shown beside the disk.



    NEXT  Compare name and size with the stick. Type the name, then Enter erases
          it. Esc: back.
    Enter go on   Esc back
    "##);
}

#[test]
fn the_typed_name_goes_to_the_bench() {
    let mut model = asked();
    let commands = press(&mut model, "'ultra enter");
    let image = PathBuf::from("ACME-07.img");
    assert_eq!(
        commands,
        [Command::WriteMedia { image, disk: stick(), typed: "ultra".into(), discard: false, operator: None }]
    );
}

#[test]
fn a_scanner_erases_nothing() {
    let mut model = asked();
    assert!(!erases(&scan(&mut model, "Ultra")));
    assert!(screen(&model).contains("That came from a scanner. If it is right, press Enter yourself."));
    assert!(erases(&press(&mut model, "enter")));
}

#[test]
fn a_stick_that_is_unplugged_ends_the_question() {
    let mut model = asked();
    press(&mut model, "'Ultra");
    // Another stick under the same name.
    feed(&mut model, Update::Disks(vec![Disk { diskseq: Some(13), ..stick() }]));
    assert!(!erases(&press(&mut model, "enter")));
    assert!(screen(&model).contains("Ultra is gone"), "{}", screen(&model));
}

#[test]
fn the_choice_stays_with_its_disk() {
    let mut model = sticks(one_image());
    let second =
        Disk { path: "/dev/sdc".into(), number: (8, 32), model: "Cruzer".into(), diskseq: Some(14), ..stick() };
    feed(&mut model, Update::Disks(vec![stick(), second.clone()]));
    press(&mut model, "w down");
    feed(&mut model, Update::Disks(vec![second]));
    press(&mut model, "enter");
    assert!(screen(&model).contains("type its name:  Cruzer"), "{}", screen(&model));
}

fn writing() -> Model {
    let mut model = showing(one_image());
    press(&mut model, "m");
    feed(&mut model, Update::Disks(vec![stick(), system_disk()]));
    for tick in 0..=40 {
        let now = NOON.after(Duration::from_millis(tick * 250));
        let done = 5_000_000 * tick;
        let job = Job { started: NOON, ..testing::writing(done, 0) };
        let snapshot = Snapshot { job: Some(job), ..one_image() };
        update(&mut model, Msg::Update(Update::Snapshot(Arc::new(snapshot))), now);
    }
    model
}

#[test]
fn writing_shows_rate_and_time_left() {
    let model = writing();
    let now = NOON.after(Duration::from_secs(10));
    insta::assert_snapshot!(crate::render_to_string(&model, 80, 24, now), @r##"
    Sticks

    ─ Writing ACME-07.img to Ultra ──────────────────────────────────────────────
      writing
      ███████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  17%
      200.0 MB of 1.1 GB   20.0 MB/s   48s left   running 10s

    ─ Images in /var/lib/whiteglove/media ───────────────────────────────────────
      IMAGE                                         SIZE   MADE
      ACME-07.img                                 1.1 GB   3m ago

    ─ Disks of this computer ────────────────────────────────────────────────────
      NAME                     SIZE  DEVICE        CAN IT BE WRITTEN?
      SanDisk Ultra         15.3 GB  /dev/sdb      yes (USB)
      Samsung SSD 980 PRO… 512.1 GB  /dev/nvme0n1  no: this computer runs from it






    NEXT  Wait. Leave the stick in. c: cancel. Esc: to the board, the job goes on.

    Esc back   b build   w write   u update   m many   i import   r return   ? help
    "##);
}

#[test]
fn one_thing_at_a_time_and_cancel_asks() {
    let mut model = writing();
    assert_eq!(press(&mut model, "b w i"), []);
    assert!(screen(&model).contains("One thing at a time"));
    assert_eq!(press(&mut model, "c enter n"), []);
    assert_eq!(press(&mut model, "c y"), [Command::CancelJob]);
}

fn ended(outcome: Result<String, Problem>) -> Model {
    let mut model = writing();
    let job = Job { outcome: Some(outcome), started: NOON, ..testing::writing(1_153_433_600, 0) };
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot { job: Some(job), ..one_image() })));
    model
}

#[test]
fn a_result_stays_until_it_is_put_away() {
    let mut model = ended(Ok("Ultra is written and read back: every byte is right. Take it out and label it.".into()));
    assert_eq!(model.bell, 1);
    insta::assert_snapshot!(screen(&model), @r##"
    Sticks

    ─ Writing ACME-07.img to Ultra ──────────────────────────────────────────────
      DONE  Ultra is written and read back: every byte is right. Take it out and
            label it.

    ─ Images in /var/lib/whiteglove/media ───────────────────────────────────────
      IMAGE                                         SIZE   MADE
      ACME-07.img                                 1.1 GB   3m ago

    ─ Disks of this computer ────────────────────────────────────────────────────
      NAME                     SIZE  DEVICE        CAN IT BE WRITTEN?
      SanDisk Ultra         15.3 GB  /dev/sdb      yes (USB)
      Samsung SSD 980 PRO… 512.1 GB  /dev/nvme0n1  no: this computer runs from it







    NEXT  w: write a stick. Enter: put the result away. Esc: to the board.

    Esc back   b build   w write   u update   m many   i import   r return   ? help
    "##);
    press(&mut model, "enter");
    assert!(!screen(&model).contains("DONE"));
}

#[test]
fn a_failure_says_what_to_do_next() {
    let model = ended(Err(Problem::new(
        "Ultra holds other bytes than were written",
        "4,194,304 bytes at offset 67,108,864 read back differently; the stick is worn out or a fake.",
        "Throw it away and write another stick.",
    )));
    insta::assert_snapshot!(screen(&model), @r##"
    Sticks

    ─ Writing ACME-07.img to Ultra ──────────────────────────────────────────────
     FAILED  Ultra holds other bytes than were written.
       why  4,194,304 bytes at offset 67,108,864 read back differently; the stick
            is worn out or a fake.
       next Throw it away and write another stick.

    ─ Images in /var/lib/whiteglove/media ───────────────────────────────────────
      IMAGE                                         SIZE   MADE
      ACME-07.img                                 1.1 GB   3m ago

    ─ Disks of this computer ────────────────────────────────────────────────────
      NAME                     SIZE  DEVICE        CAN IT BE WRITTEN?
      SanDisk Ultra         15.3 GB  /dev/sdb      yes (USB)
      Samsung SSD 980 PRO… 512.1 GB  /dev/nvme0n1  no: this computer runs from it





    NEXT  Do what stands after "next". Enter: put the result away.

    Esc back   b build   w write   u update   m many   i import   r return   ? help
    "##);
}

#[test]
fn how_a_job_ended_is_said_once() {
    let problem = Problem::new("Ultra was pulled", "It is gone from this computer.", "Plug it in and write it again.");
    let mut model = ended(Err(problem.clone()));
    feed(&mut model, Update::Problem(problem));
    assert!(screen(&model).contains(" NEXT  Do what stands after \"next\"."), "{}", screen(&model));
    assert!(!screen(&model).contains("ERROR"));
    press(&mut model, "esc");
    assert!(screen(&model).contains(" FAILED: Writing ACME-07.img to Ultra: Ultra was pulled"));
    press(&mut model, "x");
    assert!(!screen(&model).contains("pulled"));
    let mut model = ended(Ok("Ultra is ready.".into()));
    feed(&mut model, Update::Done("Ultra is ready.".into()));
    assert_eq!(screen(&model).matches("Ultra is ready.").count(), 1);
}

#[test]
fn importing_proposes_the_stick_that_is_plugged_in() {
    let mut model = sticks(few());
    press(&mut model, "i");
    insta::assert_snapshot!(screen(&model), @r##"
    Sticks

    ─ Import what a stick or a file brings ──────────────────────────────────────
      Captures of a stick that came back: give its device or the folder it is
      mounted at.
      Hashes that Windows or WinPE made (CSV, OA3.xml): give the file, or the
      folder with them.

      From: /dev/sdb█

      Importing twice does no harm: what is here already stays one laptop.
      To empty the stick too, after the import: Esc, then r.









    NEXT  Enter: import from there, or type another place.

    Enter go on   Esc back
    "##);
    assert_eq!(press(&mut model, "enter"), [Command::Import { from: "/dev/sdb".into() }]);
    let mounted = Disk { mounted: vec!["/media/WGDATA".into()], ..stick() };
    feed(&mut model, Update::Disks(vec![mounted]));
    assert_eq!(press(&mut model, "i enter"), [Command::Import { from: "/media/WGDATA".into() }]);
    press(&mut model, "i");
    update(&mut model, Msg::Paste("/srv/returned\n".into()), NOON);
    assert_eq!(press(&mut model, "enter"), [Command::Import { from: "/srv/returned".into() }]);
}

fn captures(captures: usize, logs: usize) -> Brought {
    Brought { captures, logs, ..Brought::default() }
}

/// The stick screen, where the bench has looked at the stick.
fn returned(brought: Brought) -> Model {
    let mut model = sticks(one_image());
    feed(&mut model, Update::Looked { disk: Box::new(stick()), brought: Ok(brought) });
    model
}

#[test]
fn sticks_are_looked_at_and_other_disks_are_not() {
    let mut model = showing(one_image());
    press(&mut model, "m");
    let listed = |model: &mut Model| update(model, Msg::Update(Update::Disks(vec![system_disk(), stick()])), NOON);
    assert_eq!(listed(&mut model), [Command::LookAt { disk: stick() }]);
    feed(&mut model, Update::Looked { disk: Box::new(stick()), brought: Ok(captures(3, 1)) });
    assert_eq!(listed(&mut model), [], "once is enough");
    insta::assert_snapshot!(screen(&model));
    // Not while one is written, nor from elsewhere.
    let mut model = writing();
    assert_eq!(listed(&mut model), []);
    let mut model = showing(one_image());
    assert_eq!(listed(&mut model), []);
}

#[test]
fn a_stick_that_came_back_is_emptied_by_its_name() {
    let mut model = returned(captures(3, 1));
    assert_eq!(press(&mut model, "r"), [Command::ListDisks]);
    assert!(screen(&model).contains("Which stick came back?"), "{}", screen(&model));
    press(&mut model, "enter");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "'Cruzer enter"), []);
    for _ in 0..6 {
        press(&mut model, "backspace");
    }
    assert_eq!(scan(&mut model, "Ultra"), [], "a scanner erases nothing");
    assert_eq!(press(&mut model, "enter"), [Command::Collect { disk: stick(), typed: "Ultra".into() }]);
}

#[test]
fn what_was_taken_in_and_erased_is_on_the_screen_line_by_line() {
    let words = "Import of /dev/sdb: 2 new, 1 here already, 1 sets of logs.\nErased from the stick: 5 files (91 kB). No \
                 capture is left on it.\nLine by line: /var/lib/whiteglove/reports/1764-sdb.txt";
    let model = ended(Ok(words.to_owned()));
    insta::assert_snapshot!(screen(&model));
}

#[test]
fn what_a_stick_would_lose_is_said_before_it_is_written() {
    let consent = |brought| {
        let mut model = returned(brought);
        press(&mut model, "w enter");
        model
    };
    let mut model = consent(captures(3, 0));
    insta::assert_snapshot!(screen(&model));
    let image = PathBuf::from("ACME-07.img");
    let write = |discard| Command::WriteMedia {
        image: image.clone(),
        disk: stick(),
        typed: "Ultra".into(),
        discard,
        operator: None,
    };
    assert_eq!(press(&mut model, "'Ultra enter"), [write(false)]);
    let mut model = consent(captures(3, 0));
    assert_eq!(press(&mut model, "'discard space 'Ultra enter"), [write(true)]);
    let mut model = consent(captures(3, 0));
    assert_eq!(press(&mut model, "'discard enter"), []);
    // A bench box's own stick is never taken for one of laptops.
    let shown = screen(&consent(Brought { bench: true, ..Brought::default() }));
    assert!(shown.contains("It brings back   the journal of a bench box"), "{shown}");
    assert!(shown.contains("unless you give that up:  discard Ultra"), "{shown}");
    let shown = screen(&consent(Brought::default()));
    assert!(shown.contains("It brings back   nothing") && !shown.contains("discard"), "{shown}");
}
