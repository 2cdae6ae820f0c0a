//! Lists for the portals, asked for page by page.

use std::{path::PathBuf, sync::Arc};

use whiteglove_core::{
    control::{Command, Job, Snapshot, Update},
    disk::Disk,
    lane::{Ask, Lane},
    problem::Problem,
};

use crate::{
    Model,
    testing::{self, feed, few, press, screen, showing, stick},
};

fn asked() -> Model {
    let mut model = showing(few());
    assert_eq!(press(&mut model, "l"), [Command::ListDisks]);
    model
}

fn ask(lane: Lane) -> Ask {
    Ask { lane, batch: Some("ACME-07".into()), group_tag: None, all: false, tenant_wide: lane == Lane::Corporate }
}

const FOLDER: &str = "/var/lib/whiteglove/lists";

#[test]
fn a_list_is_asked_for_page_by_page() {
    let mut model = asked();
    insta::assert_snapshot!(screen(&model));
    press(&mut model, "enter enter");
    assert!(screen(&model).contains("Only those that did not go out before"), "{}", screen(&model));
    press(&mut model, "enter");
    assert!(screen(&model).contains("One group tag for all of them?"), "{}", screen(&model));
    press(&mut model, "enter");
    assert!(screen(&model).contains(&format!("Folder: {FOLDER}")), "{}", screen(&model));
    let export = Command::Export { ask: ask(Lane::Intune), out: PathBuf::from(FOLDER) };
    assert_eq!(press(&mut model, "enter"), [export]);
    assert!(screen(&model).contains("The bench is asked ..."), "{}", screen(&model));
}

#[test]
fn everything_that_can_be_said_of_a_list_is_asked() {
    let mut model = asked();
    press(&mut model, "down enter 'BETA-01 enter down enter 'KIOSK enter");
    for _ in 0..30 {
        press(&mut model, "backspace");
    }
    assert_eq!(press(&mut model, "'lists enter"), [], "where would that be");
    assert!(screen(&model).contains("from the first slash on"), "{}", screen(&model));
    for _ in 0..30 {
        press(&mut model, "backspace");
    }
    let out = PathBuf::from("/media/stick");
    let ask = Ask { batch: Some("BETA-01".into()), group_tag: Some("KIOSK".into()), all: true, ..ask(Lane::Partner) };
    assert_eq!(press(&mut model, "'/media/stick enter"), [Command::Export { ask, out }]);
}

#[test]
fn what_changes_a_whole_tenant_is_asked_for_by_a_word() {
    let mut model = asked();
    press(&mut model, "down down enter");
    insta::assert_snapshot!(screen(&model));
    assert_eq!(press(&mut model, "enter 'y enter"), []);
    assert!(screen(&model).contains("Only yes goes on."), "{}", screen(&model));
    press(&mut model, "backspace");
    press(&mut model, "'yes enter enter enter");
    let export = Command::Export { ask: ask(Lane::Corporate), out: PathBuf::from(FOLDER) };
    assert_eq!(press(&mut model, "enter"), [export], "no group tag there");
}

#[test]
fn a_mounted_stick_is_proposed_and_escape_goes_back_page_by_page() {
    let mut model = showing(few());
    feed(&mut model, Update::Disks(vec![Disk { mounted: vec!["/media/jana/STICK".into()], ..stick() }]));
    press(&mut model, "l enter enter enter enter");
    assert!(screen(&model).contains("Folder: /media/jana/STICK"), "{}", screen(&model));
    for page in ["One group tag", "Which of its laptops?", "of which batch?", "for which portal?", "Laptops report to"]
    {
        assert_eq!(press(&mut model, "esc"), []);
        assert!(screen(&model).contains(page), "{page}\n{}", screen(&model));
    }
}

fn ended(outcome: Result<String, Problem>) -> Model {
    let mut model = asked();
    press(&mut model, "enter enter enter enter enter");
    let title = format!("exporting for Intune to {FOLDER}");
    let job = Job { title, outcome: Some(outcome), ..testing::writing(10, 1) };
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot { job: Some(job), ..few() })));
    model
}

#[test]
fn what_became_of_it_is_on_the_screen() {
    let words = "Exported for Intune: 2 laptops of batch 'ACME-07', in /var/lib/whiteglove/lists.\n  \
                 intune-ACME-07-001.csv  2 laptops\nLEFT OUT: 1 laptop\n  #3 PF000003: It has no hardware hash.\n\
                 Laptop by laptop: /var/lib/whiteglove/reports/1-export-intune.txt";
    let mut model = ended(Ok(words.into()));
    insta::assert_snapshot!(screen(&model));
    press(&mut model, "enter");
    assert!(screen(&model).contains("Laptops report to") && !screen(&model).contains("DONE"), "{}", screen(&model));
    let problem = Problem::new("Nothing was exported.", "The folder cannot be written.", "Choose another.");
    let mut model = ended(Err(problem));
    assert!(screen(&model).contains("FAILED  Nothing was exported."), "{}", screen(&model));
    assert_eq!(press(&mut model, "l"), [Command::ListDisks]);
    assert!(screen(&model).contains("for which portal?"));
    // The bench says no without beginning.
    let mut model = asked();
    press(&mut model, "enter enter enter enter enter");
    let nothing = Problem::new("Nothing is to be exported.", "All 4 went out before.", "Add those, with all.");
    feed(&mut model, Update::Problem(nothing));
    assert!(screen(&model).contains("NO LIST  Nothing is to be exported."), "{}", screen(&model));
}
