use crate::{
    keymap::{Binding, cap, footer},
    screen::{ask, bench, board, choose, detail, hash, help, lists, media, network, order, pages, problems, why},
    testing::{MONOCHROME, few, press, screen, showing, showing_at},
};

#[test]
fn help_starts_with_the_screen_it_was_asked_on() {
    let mut model = showing(few());
    press(&mut model, "?");
    insta::assert_snapshot!(screen(&model), @r##"
    Help

    ─ Keys: Board ───────────────────────────────────────────────────────────────
      Enter             Open the laptop: all that is known, what is missing, what
                        to do
      /                 Show only laptops whose serial, model or stage contains
                        what you type
      a                 Go to the next laptop that waits for a person
      o                 The order list: what is expected, what is here, what is
                        missing
      m                 Sticks: build an image, write one, import a returned one
      l                 Lists for Intune, Partner Center and corporate
                        identifiers: write them into a folder
      b                 Batches and customers: which is open; open another one,
                        make one, change one
      r                 Register the chosen laptop, the marked ones or all
                        captured ones; after a question
      g                 Registration: what waits, what the service says, and
                        signing in there
                                                      ↓ 391 more lines: Down, PgDn

    NEXT  Down and Up move. Esc: back to where you were.

    Esc close help   Down scroll   PgDn page down
    "##);
    press(&mut model, "esc m ?");
    assert!(screen(&model).contains("Keys: Sticks"));
    press(&mut model, "?");
    assert!(screen(&model).contains(" Sticks"), "back where it was");
}

#[test]
fn help_explains_the_words_of_the_board() {
    let mut model = showing_at(few(), (80, 160));
    press(&mut model, "?");
    let text = screen(&model);
    for word in [
        "○ ARRIVED",
        "● CAPTURED",
        "▲ HELD",
        "agent",
        "stick",
        "operator",
        "import",
        "scan",
        "STOP",
        "warning",
        "note",
        "✓ ready",
        "! warn",
        "✗ STOP",
        "match",
        "unlisted",
        "CUSTOMER",
        "network",
        "✗ STUCK",
        "proxy",
        "own",
    ] {
        assert!(text.contains(&format!("   {word}")), "{word}\n{text}");
    }
    assert!(text.contains("A scan"), "{text}");
}

fn every_label<A>(name: &str, table: &[Binding<A>]) {
    let line = footer(table, MONOCHROME, 80).to_string();
    for binding in table {
        assert!(!binding.help.is_empty());
        let label = format!("{} {}", cap(binding.keys[0]), binding.label);
        assert!(binding.label.is_empty() || line.contains(&label), "{name}: {label:?} is cut off: {line}");
    }
    let mut keys: Vec<_> = table.iter().flat_map(|binding| binding.keys).map(|key| cap(*key)).collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "{name}: a key is bound twice");
}

#[test]
fn every_footer_fits_the_smallest_window() {
    every_label("board", board::KEYS);
    every_label("find", board::FIND_KEYS);
    every_label("detail", detail::KEYS);
    every_label("media", media::KEYS);
    every_label("lists", lists::KEYS);
    every_label("choice", pages::CHOICE_KEYS);
    every_label("pick", pages::PICK_KEYS);
    every_label("plan", media::PLAN_KEYS);
    every_label("bench", bench::KEYS);
    every_label("teach", bench::TEACH_KEYS);
    every_label("text", pages::TEXT_KEYS);
    every_label("problems", problems::KEYS);
    every_label("help", help::KEYS);
    every_label("ask", ask::KEYS);
    every_label("probe", ask::PROBE_KEYS);
    every_label("order", order::KEYS);
    every_label("hash", hash::KEYS);
    every_label("network", network::KEYS);
    every_label("why", why::KEYS);
    every_label("choose", choose::KEYS);
}
