use whiteglove_core::{
    control::{Command, ScanAnswer, Tone, Update},
    device::DeviceId,
};

use crate::{
    Model, Msg,
    testing::{NOON, compared, feed, few, press, row, said, scan, screen, showing, snapshot_with},
    update,
};

fn sent(code: &str) -> Vec<Command> {
    vec![Command::Scan { code: code.to_owned(), on: None }]
}

fn answer(model: &mut Model, said: ScanAnswer) -> Vec<Command> {
    update(model, Msg::Update(Update::Scanned(Box::new(said))), NOON)
}

#[test]
fn a_scan_asks_the_bench_and_blocks_nothing() {
    let mut model = showing(few());
    assert_eq!(scan(&mut model, "5cg1284xyz"), sent("5cg1284xyz"));
    assert!(screen(&model).contains(" Scanned: 5cg1284xyz ..."));
    // The next one goes out before the first is answered, and keys work.
    assert_eq!(scan(&mut model, "PF4A01BC"), sent("PF4A01BC"));
    press(&mut model, "down");
    assert_eq!(model.board.selected, Some(DeviceId(15)));
}

#[test]
fn the_answer_jumps_to_the_laptop() {
    let mut model = showing(few());
    scan(&mut model, "5cg1284xyz");
    answer(&mut model, said(Tone::Good, "FOUND", "5CG1284XYZ", Some(8), "#8 HP EliteBook 840 G10 CAPTURED"));
    assert_eq!(model.board.selected, Some(DeviceId(8)));
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
     Laptops report to http://192.168.77.1:8780
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
        3 ● CAPTURED PF3K9Q2R    ThinkPad X1 … ✓ ready  41m
    ────────────────────────────────────────────────────────────────────────────────

                                  ███ ███ █ █ █  █ ██
                                  █   █ █ █ █ ██ █ █ █
                                  ██  █ █ █ █ █ ██ █ █
                                  █   █ █ █ █ █  █ █ █
                                  █   ███ ███ █  █ ██

                                      ✓ 5CG1284XYZ

                            #8 HP EliteBook 840 G10 CAPTURED

    ────────────────────────────────────────────────────────────────────────────────


     Scanned: ✓ 5CG1284XYZ
     NEXT  #8: No TPM 2.0. It cannot be pre-provisioned like this. Enter: see what
           to repair.
     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
    assert_eq!(model.bell, 0, "good news rings no bell");
    // It goes by itself, and the list keeps it.
    update(&mut model, Msg::Tick, NOON.after(std::time::Duration::from_secs(3)));
    assert!(screen(&model).contains(" Scanned: ✓ 5CG1284XYZ"), "{}", screen(&model));
}

#[test]
fn a_laptop_that_is_not_here_stays_on_the_screen_until_a_key() {
    let mut model = showing(few());
    scan(&mut model, "PF9ZZZZZ");
    let text = "No laptop with this number has reported here. Boot it from a stick, then scan it again.";
    answer(&mut model, said(Tone::Attention, "NOT HERE", "PF9ZZZZZ", None, text));
    assert_eq!(model.bell, 1);
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
     Laptops report to http://192.168.77.1:8780
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
        3 ● CAPTURED PF3K9Q2R    ThinkPad X1 … ✓ ready  41m
    ────────────────────────────────────────────────────────────────────────────────

                            █  █ ███ ███    █ █ ███ ██  ███
                            ██ █ █ █  █     █ █ █   █ █ █
                            █ ██ █ █  █     ███ ██  ██  ██
                            █  █ █ █  █     █ █ █   █ █ █
                            █  █ ███  █     █ █ ███ █ █ ███

                                       ! PF9ZZZZZ

        No laptop with this number has reported here. Boot it from a stick, then
                                     scan it again.

    ────────────────────────────────────────────────────────────────────────────────

     Scanned: ! PF9ZZZZZ NOT HERE
     NEXT  Do what the box says. Any key or the next scan puts it away.

     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
    update(&mut model, Msg::Tick, NOON.after(std::time::Duration::from_secs(600)));
    assert!(model.flash.is_some());
    // The next scan takes its place.
    scan(&mut model, "PF4A01BC");
    assert!(model.flash.is_none());
    answer(&mut model, said(Tone::Again, "FOUND", "PF4A01BC", Some(14), "#14 CAPTURED"));
    press(&mut model, "down");
    assert!(screen(&model).contains(" Scanned: = PF4A01BC   ! PF9ZZZZZ NOT HERE"), "{}", screen(&model));
}

#[test]
fn a_wrong_customer_is_a_full_stop() {
    let mut model = showing(compared());
    scan(&mut model, "8GQ7T14");
    let text = "This laptop belongs to Fabrikam. Take it off this bench now. Nothing of it may be registered or \
                shipped for the open batch.";
    answer(&mut model, said(Tone::Wrong, "WRONG CUSTOMER", "8GQ7T14", Some(6), text));
    assert_eq!(model.bell, 3);
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           1 arrived   6 captured   3 held
     Laptops report to http://192.168.77.1:8780                5 of 12 expected (o)
     6 laptops need you (a)
        #   STAGE    SERIAL       MODEL     VERDICT MATCH     AGE  LOOK AT
        1 ● CAPTURED PF3K9Q31     ThinkPad… ✓ ready match     41m
    ────────────────────────────────────────────────────────────────────────────────

              █   █ ██  ███ █  █  ██     ██ █ █  ██ ███ ███ █   █ ███ ██
              █   █ █ █ █ █ ██ █ █      █   █ █ █    █  █ █ ██ ██ █   █ █
              █ █ █ ██  █ █ █ ██ █ █    █   █ █  █   █  █ █ █ █ █ ██  ██
              ██ ██ █ █ █ █ █  █ █ █    █   █ █   █  █  █ █ █   █ █   █ █
              █   █ █ █ ███ █  █  ██     ██ ███ ██   █  ███ █   █ ███ █ █

                                       ✗ 8GQ7T14

       This laptop belongs to Fabrikam. Take it off this bench now. Nothing of it
                    may be registered or shipped for the open batch.

    ────────────────────────────────────────────────────────────────────────────────

     Scanned: ✗ 8GQ7T14 WRONG CUSTOMER
     NEXT  Do what the box says. Any key or the next scan puts it away.

     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn an_answer_that_does_not_fit_large_letters_is_still_shown() {
    let mut model = showing(few());
    let title = "SOMETHING NOBODY THOUGHT OF: ÄÖÜ";
    answer(&mut model, said(Tone::Attention, title, "X", None, &"many words ".repeat(80)));
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
     Laptops report to http://192.168.77.1:8780
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
        3 ● CAPTURED PF3K9Q2R    ThinkPad X1 … ✓ ready  41m
    ────────────────────────────────────────────────────────────────────────────────

                          !  SOMETHING NOBODY THOUGHT OF: ÄÖÜ

                                          ! X

      many words many words many words many words many words many words many words
      many words many words many words many words many words many words many words
      many words many words many words many words many words many words many words
      many words many words many words many words many words many words many words
      many words many words many words many words many words many words many words
      many words many words many words many words many words many words many words

    ────────────────────────────────────────────────────────────────────────────────

     Scanned: ! X SOMETHING NOBODY THOUGHT OF: ÄÖÜ
     NEXT  Do what the box says. Any key or the next scan puts it away.

     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn the_last_five_scans_are_kept_with_their_tone() {
    let mut model = showing(few());
    for (n, tone) in
        [Tone::Wrong, Tone::Good, Tone::Again, Tone::Attention, Tone::Good, Tone::Good].into_iter().enumerate()
    {
        answer(&mut model, said(tone, "T", &format!("S{n}"), None, "text"));
    }
    press(&mut model, "down");
    assert!(screen(&model).contains(" Scanned: ✓ S5   ✓ S4   ! S3 T   = S2   ✓ S1\n"), "{}", screen(&model));
}

#[test]
fn a_laptop_that_the_scan_took_in_is_marked_when_its_row_comes() {
    let mut model = showing(few());
    scan(&mut model, "PF5NEW01");
    answer(&mut model, said(Tone::Good, "EXPECTED", "PF5NEW01", Some(16), "#16 It is on the order."));
    assert_eq!(model.board.selected, None);
    let mut rows = few().rows.as_ref().clone();
    rows.push(row(16, "PF5NEW01", "X", 0));
    feed(&mut model, Update::Snapshot(std::sync::Arc::new(snapshot_with(rows))));
    assert_eq!(model.board.selected, Some(DeviceId(16)));
}

#[test]
fn a_scan_ends_a_filter_that_hides_the_laptop() {
    let mut model = showing(few());
    press(&mut model, "/ 'latitude enter");
    answer(&mut model, said(Tone::Good, "FOUND", "PF4A01BC", Some(14), "#14"));
    assert_eq!(model.board.selected, Some(DeviceId(14)));
    assert!(model.board.filter.is_empty());
}

#[test]
fn a_scan_into_the_find_line_is_a_scan() {
    let mut model = showing(few());
    press(&mut model, "/ 'pf");
    assert_eq!(scan(&mut model, "1S21HMCTO1WWPF4A01BC"), sent("1S21HMCTO1WWPF4A01BC"));
    assert_eq!(model.board.filter, "pf", "what a person typed stays");
}

#[test]
fn a_scan_on_a_laptops_page_opens_the_other_page() {
    let mut model = showing(few());
    press(&mut model, "a enter");
    let other = said(Tone::Good, "FOUND", "PF4A01BC", Some(14), "#14");
    assert_eq!(answer(&mut model, other.clone()), [Command::Watch(Some(DeviceId(14)))]);
    assert!(screen(&model).contains(" Laptop #14 PF4A01BC"));
    // Its own page stays as it is, wherever it was scrolled to.
    assert_eq!(answer(&mut model, other), []);
}

#[test]
fn a_scan_answers_no_question() {
    // The serial number holds the y that would release the laptop.
    let mut model = showing(snapshot_with([row(1, "YYNN1234", "X", 5)]));
    press(&mut model, "down enter p");
    assert_eq!(scan(&mut model, "YYNN1234"), sent("YYNN1234"));
    answer(&mut model, said(Tone::Good, "FOUND", "YYNN1234", Some(1), "#1 X CAPTURED."));
    assert!(screen(&model).contains("First finish what is on the screen, or press Esc."));
    assert_eq!(press(&mut model, "y").len(), 1);
}

#[test]
fn a_paste_is_a_scan() {
    let mut model = showing(few());
    let commands = update(&mut model, Msg::Paste("\n  PF4A01BC \n".to_owned()), NOON);
    assert_eq!(commands, sent("PF4A01BC"));
}

#[test]
fn a_scan_the_bench_refused_waits_for_no_answer() {
    let mut model = showing(few());
    scan(&mut model, "PF4A01BC");
    feed(&mut model, Update::Problem(whiteglove_core::problem::Problem::new("no such device", "why", "next")));
    assert!(model.asked.is_none());
}
