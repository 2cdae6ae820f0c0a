use std::sync::Arc;

use proptest::prelude::{ProptestConfig, proptest};
use whiteglove_core::control::{Command, Sheet, Snapshot, Update};

use crate::{
    Model,
    testing::{self, feed, few, press, screen, showing_at},
};

mod compare;
mod fields;

fn page_at(sheet: Sheet, size: (u16, u16)) -> Model {
    let mut model = showing_at(few(), size);
    press(&mut model, &format!("/ '#{} enter", sheet.device.id.0));
    feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
    assert_eq!(press(&mut model, "f"), []);
    model
}

fn page(sheet: Sheet) -> Model {
    page_at(sheet, (80, 24))
}

/// Everything on it, however far down.
fn whole(sheet: Sheet, keys: &str) -> String {
    let mut model = page_at(sheet, (80, 90));
    press(&mut model, keys);
    let text = screen(&model);
    assert!(!text.contains("more lines"), "{text}");
    text
}

#[test]
fn tab_and_the_arrows_go_from_one_hash_to_the_other() {
    let mut model = page(testing::agreeing_hashes());
    let linux = screen(&model);
    assert!(linux.contains("ACCEPTED"), "{linux}");
    press(&mut model, "down tab");
    let windows = screen(&model);
    assert!(windows.contains("IMPORTED"), "{windows}");
    press(&mut model, "tab");
    assert_eq!(screen(&model), linux);
    press(&mut model, "right right");
    assert_eq!(screen(&model), windows);
    press(&mut model, "left");
    assert_eq!(screen(&model), linux);
    press(&mut model, "c right");
    assert_eq!(screen(&model), windows);
}

#[test]
fn scrolling_stops_at_the_end_and_a_new_page_begins_at_the_top() {
    let mut model = page(testing::agreeing_hashes());
    let top = screen(&model);
    press(&mut model, "end down pgdn");
    let end = screen(&model);
    assert!(end.contains("SHA-256"), "{end}");
    press(&mut model, "up down");
    assert_eq!(screen(&model), end);
    press(&mut model, "c");
    assert!(screen(&model).contains("ACCEPTED"));
    press(&mut model, "pgdn f");
    assert_eq!(screen(&model), top);
    press(&mut model, "pgdn pgup");
    assert_eq!(screen(&model), top);
}

#[test]
fn back_goes_to_the_laptop_which_is_still_watched() {
    for key in ["esc", "q", "backspace"] {
        let mut model = page(testing::linux_hash());
        assert_eq!(press(&mut model, &format!("c {key}")), []);
        assert!(screen(&model).contains("Laptop #3"), "{key}");
    }
    let mut model = page(testing::linux_hash());
    assert_eq!(press(&mut model, "esc esc"), [Command::Watch(None)]);
}

#[test]
fn help_and_problems_come_back_to_the_page() {
    let mut model = page(testing::linux_hash());
    press(&mut model, "c");
    let before = screen(&model);
    press(&mut model, "?");
    assert!(screen(&model).contains("Keys: The hardware hash"), "{}", screen(&model));
    press(&mut model, "esc");
    assert_eq!(screen(&model), before);
    press(&mut model, "e");
    assert!(screen(&model).contains("Nothing went wrong so far."));
    press(&mut model, "esc");
    assert_eq!(screen(&model), before);
}

#[test]
fn the_hash_of_another_laptop_is_not_shown() {
    let mut model = page(testing::linux_hash());
    feed(&mut model, Update::Watched(Some(Arc::new(testing::no_tpm()))));
    assert!(screen(&model).contains("Fetching what is known of this laptop"));
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot::default())));
    press(&mut model, "c d tab end home");
    assert!(screen(&model).contains("Fetching what is known of this laptop"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_hash_says_and_whatever_is_pressed_it_is_drawn_as_text(
        words in ".{0,90}",
        keys in proptest::collection::vec(
            proptest::sample::select(vec!["c", "d", "f", "tab", "left", "right", "down", "up", "pgdn", "pgup", "end", "home"]),
            0..12,
        ),
        size in (80_u16..=160, 24_u16..=60),
    ) {
        let mut model = page_at(testing::hashes_saying(&words), size);
        press(&mut model, &keys.join(" "));
        let text = screen(&model);
        assert_eq!(text.lines().count(), usize::from(size.1));
        assert!(!text.chars().any(|c| c != '\n' && c.is_control()), "{text:?}");
    }
}
