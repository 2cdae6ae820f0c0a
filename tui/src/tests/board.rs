use std::sync::Arc;

use whiteglove_core::{
    control::{Command, Snapshot, Update},
    device::DeviceId,
    problem::Problem,
};

use crate::{
    Exit, Model, Msg, Theme, render_to_svg,
    testing::{self, MONOCHROME, NOON, ago, feed, few, many, press, row, screen, showing, showing_at, snapshot_with},
    update, view,
};

#[test]
fn an_empty_board_says_what_to_do() {
    insta::assert_snapshot!(screen(&showing(snapshot_with([]))), @r##"
    whiteglove   bench-1   batch ACME-07           0 arrived   0 captured   0 held
    Laptops report to http://192.168.77.1:8780


      No laptops yet.

      1  m: make a stick. There, b builds the image and w writes it.
      2  Put the stick and a network cable into a laptop and switch it on.
         Choose the stick in its boot menu: F12 (Lenovo, Dell), F9 (HP).
      3  The laptop appears here by itself. Its disk is not touched.

         Without a stick: s turns network boot on.
         A stick came back from laptops without network: m, then i imports it.
         Laptops of another customer or batch: b.







    NEXT  Follow the steps above.

    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn before_the_bench_has_spoken() {
    let model = Model::new(MONOCHROME, (80, 24));
    let text = screen(&model);
    assert!(text.contains("Waiting for the bench ..."), "{text}");
    assert_eq!(view::wake(&model, NOON), None);
}

#[test]
fn every_stage_and_what_to_look_at() {
    insta::assert_snapshot!(screen(&showing(few())), @r##"
    whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
    Laptops report to http://192.168.77.1:8780
    3 laptops need you (a)
       #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
       3 ● CAPTURED PF3K9Q2R    ThinkPad X1 … ✓ ready  41m
       5 ▲ HELD     PF3K9Q2R    ThinkPad X1 … ✗ STOP   33m  same serial as #3
       8 ● CAPTURED 5CG1284XYZ  HP EliteBook… ✗ STOP   25m  No TPM 2.0
       9 ● CAPTURED 8GQ7T14     Latitude 7440 ! warn   13m  Secure Boot is off
      12 ○ ARRIVED  8GQ7T20     Latitude 7440 ·        10m  look at its screen
      14 ● CAPTURED PF4A01BC    ThinkPad T14… ✓ ready   1m
      15 ○ ARRIVED  PF4A01BD    ThinkPad T14… ·         8s  being read ...










    NEXT  a: go to the first laptop that needs you.

    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn simulated_laptops_are_marked() {
    let mut snapshot = few();
    let rows = snapshot.rows.iter().cloned().map(|mut row| {
        row.simulated = row.device.0 != 3;
        row
    });
    snapshot.rows = Arc::new(rows.collect());
    snapshot.simulated = true;
    let mut model = showing(snapshot);
    press(&mut model, "a");
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
     Laptops report to http://192.168.77.1:8780
     SIMULATED   These laptops are not real. They come from "whiteglove demo".
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
        3 ● CAPTURED PF3K9Q2R    ThinkPad X1 … ✓ ready  41m
    ▶   5~▲ HELD     PF3K9Q2R    ThinkPad X1 … ✗ STOP   33m  same serial as #3
        8~● CAPTURED 5CG1284XYZ  HP EliteBook… ✗ STOP   25m  No TPM 2.0
        9~● CAPTURED 8GQ7T14     Latitude 7440 ! warn   13m  Secure Boot is off
       12~○ ARRIVED  8GQ7T20     Latitude 7440 ·        10m  look at its screen
       14~● CAPTURED PF4A01BC    ThinkPad T14… ✓ ready   1m
       15~○ ARRIVED  PF4A01BD    ThinkPad T14… ·         8s  being read ...









     NEXT  #5: same serial as #3. Enter: see why it is held, and what to do.

     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
    // Everywhere, all the time.
    for keys in ["enter", "esc m", "b", "esc esc e", "esc ?"] {
        press(&mut model, keys);
        assert!(screen(&model).contains("SIMULATED"), "after {keys}");
    }
}

#[test]
fn an_endpoint_that_is_down_is_the_first_thing_to_repair() {
    let down = |snapshot| Snapshot { endpoints: vec![], endpoint_problem: Some(testing::port_in_use()), ..snapshot };
    insta::assert_snapshot!(screen(&showing(down(snapshot_with([])))), @r##"
    whiteglove   bench-1   batch ACME-07           0 arrived   0 captured   0 held
    LAPTOPS CANNOT REPORT   Port 8780 is in use.


    STOP  Port 8780 is in use.
      why  Another program on this computer listens there; perhaps a second
           whiteglove.
      next Close the other program, or set another port under "listen" in the
           configuration, and start again.

      No laptops yet.

      1  m: make a stick. There, b builds the image and w writes it.
      2  Put the stick and a network cable into a laptop and switch it on.
         Choose the stick in its boot menu: F12 (Lenovo, Dell), F9 (HP).
      3  The laptop appears here by itself. Its disk is not touched.

         Without a stick: s turns network boot on.
         A stick came back from laptops without network: m, then i imports it.
         Laptops of another customer or batch: b.

    NEXT  Close the other program, or set another port under "listen" in the
          configuration, and start again.
    Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
    let text = screen(&showing(down(few())));
    assert!(text.contains(" LAPTOPS CANNOT REPORT   Port 8780 is in use."), "{text}");
    assert!(text.contains(" NEXT  Close the other program"), "{text}");
}

#[test]
fn a_wide_board() {
    let mut model = showing_at(few(), (120, 40));
    press(&mut model, "a a");
    insta::assert_snapshot!(screen(&model), @r##"
     whiteglove   bench-1   batch ACME-07                                                   2 arrived   4 captured   1 held
     Laptops report to http://192.168.77.1:8780
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL                  VERDICT SIGNAL    AGE  ARRIVED  LOOK AT
        3 ● CAPTURED PF3K9Q2R    ThinkPad X1 Carbon Ge… ✓ ready agent     41m      41m
        5 ▲ HELD     PF3K9Q2R    ThinkPad X1 Carbon Ge… ✗ STOP  agent     33m      33m  same serial as #3
    ▶   8 ● CAPTURED 5CG1284XYZ  HP EliteBook 840 G10   ✗ STOP  agent     25m      25m  No TPM 2.0
        9 ● CAPTURED 8GQ7T14     Latitude 7440          ! warn  stick     13m      13m  Secure Boot is off
       12 ○ ARRIVED  8GQ7T20     Latitude 7440          ·       agent     10m      10m  look at its screen
       14 ● CAPTURED PF4A01BC    ThinkPad T14 Gen 4 (2… ✓ ready agent      1m       2m
       15 ○ ARRIVED  PF4A01BD    ThinkPad T14 Gen 4 (2… ·       agent      8s       8s  being read ...


























     NEXT  #8: No TPM 2.0. It cannot be pre-provisioned like this. Enter: see what to repair.

     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn ascii_without_colour_reads_the_same() {
    let mut model = Model::new(Theme { colour: false, ascii: true }, (80, 24));
    feed(&mut model, Update::Snapshot(Arc::new(few())));
    press(&mut model, "a");
    let text = screen(&model);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text, @r##"
     whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
     Laptops report to http://192.168.77.1:8780
     3 laptops need you (a)
        #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
        3 * CAPTURED PF3K9Q2R    ThinkPad X1 ~ + ready  41m
    >   5 ! HELD     PF3K9Q2R    ThinkPad X1 ~ X STOP   33m  same serial as #3
        8 * CAPTURED 5CG1284XYZ  HP EliteBook~ X STOP   25m  No TPM 2.0
        9 * CAPTURED 8GQ7T14     Latitude 7440 ! warn   13m  Secure Boot is off
       12 o ARRIVED  8GQ7T20     Latitude 7440 -        10m  look at its screen
       14 * CAPTURED PF4A01BC    ThinkPad T14~ + ready   1m
       15 o ARRIVED  PF4A01BD    ThinkPad T14~ -         8s  being read ...










     NEXT  #5: same serial as #3. Enter: see why it is held, and what to do.

     Enter open   / find   a needs you   o order   m sticks   s network   ? help
    "##);
}

#[test]
fn a_window_that_is_too_small_says_so() {
    let mut model = showing(few());
    update(&mut model, Msg::Resize { width: 60, height: 20 }, NOON);
    assert_eq!(
        screen(&model).trim_end(),
        "This window is 60 x 20. The board needs 80 x 24. Make it\nlarger, or the letters smaller."
    );
}

#[test]
fn the_board_follows_the_newest_until_a_row_is_chosen() {
    let mut model = showing(many(60));
    assert!(screen(&model).contains("   60 "));
    assert!(screen(&model).contains(" 45 to 60 of 60"));
    press(&mut model, "home down down");
    assert_eq!(model.board.selected, Some(DeviceId(3)));
    // News at the end moves nothing.
    let before = screen(&model);
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot { at: ago(0), ..many(60) })));
    assert_eq!(screen(&model), before);
    feed(&mut model, Update::Snapshot(Arc::new(many(75))));
    assert_eq!(model.board.selected, Some(DeviceId(3)));
    assert!(screen(&model).contains(" 1 to 16 of 75"), "{}", screen(&model));
    press(&mut model, "esc");
    assert!(screen(&model).contains(" 60 to 75 of 75"), "{}", screen(&model));
}

#[test]
fn pages_and_ends() {
    let mut model = showing(many(60));
    press(&mut model, "home");
    assert_eq!(model.board.selected, Some(DeviceId(1)));
    press(&mut model, "pgdn");
    assert_eq!(model.board.selected, Some(DeviceId(16)));
    press(&mut model, "end down down");
    assert_eq!(model.board.selected, Some(DeviceId(60)));
    press(&mut model, "pgup up");
    assert_eq!(model.board.selected, Some(DeviceId(44)));
}

#[test]
fn find_narrows_the_board_as_it_is_typed() {
    let mut model = showing(few());
    press(&mut model, "/ 'latitude");
    insta::assert_snapshot!(screen(&model), @r##"
    whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
    Laptops report to http://192.168.77.1:8780
    Find: latitude█  2 found
       #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
       9 ● CAPTURED 8GQ7T14     Latitude 7440 ! warn   13m  Secure Boot is off
      12 ○ ARRIVED  8GQ7T20     Latitude 7440 ·        10m  look at its screen















    NEXT  Type a part of the serial number, model or stage. Enter: done. Esc: show
          all.
    Enter done   Down choose   Esc show all
    "##);
    press(&mut model, "enter");
    assert!(screen(&model).contains("Only \"latitude\": 2 of 7. Esc shows all."));
    press(&mut model, "down");
    assert_eq!(model.board.selected, Some(DeviceId(12)), "the newest of those found");
    press(&mut model, "esc / 'xyzzy enter");
    assert!(screen(&model).contains("No laptop matches \"xyzzy\""));
    press(&mut model, "esc");
    assert!(screen(&model).contains("PF4A01BD"));
}

#[test]
fn find_by_stage_and_by_number() {
    let mut model = showing(few());
    press(&mut model, "/ 'held");
    assert!(screen(&model).contains("1 found"));
    press(&mut model, "esc / '#8");
    assert!(screen(&model).contains("1 found"));
    // The only one found is opened.
    let commands = press(&mut model, "enter");
    assert_eq!(commands, [Command::Watch(Some(DeviceId(8)))]);
}

#[test]
fn needs_you_goes_round_the_ones_that_wait() {
    let mut model = showing(few());
    let mut visited = vec![];
    for _ in 0..4 {
        press(&mut model, "a");
        visited.push(model.board.selected.unwrap().0);
    }
    // Held, cannot be pre-provisioned, silent since its hello, and from the start.
    assert_eq!(visited, [5, 8, 12, 5]);
    let mut model = showing(snapshot_with([row(1, "PF1", "X", 5)]));
    press(&mut model, "a");
    assert!(screen(&model).contains("No laptop needs you."));
}

#[test]
fn the_newest_problem_stays_until_it_is_seen() {
    let old = (ago(300), Problem::new("an older problem", "why", "next"));
    let new = (ago(60), Problem::new("capture refused", "It was sealed for another bench.", "Write the stick anew."));
    let mut model = showing(Snapshot { problems: vec![new.clone(), old], ..few() });
    assert!(screen(&model).contains(" ERROR 1m ago: Capture refused."));
    assert!(screen(&model).contains(" NEXT  e: read what went wrong"));
    press(&mut model, "e");
    insta::assert_snapshot!(screen(&model), @r##"
    Problems

       1m ago  Capture refused.
       why  It was sealed for another bench.
       next Write the stick anew.

       5m ago  An older problem.
       why  Why.
       next Next.












    NEXT  Do what stands after "next". Esc: back.

    Esc back   Down scroll   ? help
    "##);
    press(&mut model, "esc");
    assert!(!screen(&model).contains("ERROR"));
    // What is told and kept is shown once.
    feed(&mut model, Update::Problem(new.1));
    assert_eq!(model.problems().len(), 2);
    let told = Problem::new("no such device", "It is not on the board.", "Look again.");
    update(&mut model, Msg::Update(Update::Problem(told)), NOON.after(std::time::Duration::from_secs(60)));
    assert_eq!(model.bell, 1);
    assert!(screen(&model).contains("No such device."));
    press(&mut model, "x");
    assert!(model.unseen_problem().is_none());
}

#[test]
fn a_job_is_seen_from_the_board() {
    let mut model = showing(Snapshot { job: Some(testing::writing(461_373_440, 18)), ..few() });
    assert!(screen(&model).contains(" Writing ACME-07.img to Ultra: writing 40%   (m: look)"));
    let mut done = testing::writing(1_153_433_600, 18);
    done.outcome = Some(Ok("Written and read back.".into()));
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot { job: Some(done), ..few() })));
    assert!(screen(&model).contains(" DONE: Writing ACME-07.img to Ultra"));
    press(&mut model, "x");
    assert!(!screen(&model).contains("DONE"));
}

#[test]
fn quitting_asks_first() {
    let mut model = showing(few());
    press(&mut model, "q");
    insta::assert_snapshot!(screen(&model), @r##"
    whiteglove   bench-1   batch ACME-07           2 arrived   4 captured   1 held
    Laptops report to http://192.168.77.1:8780
    3 laptops need you (a)
       #   STAGE    SERIAL      MODEL         VERDICT  AGE  LOOK AT
       3 ● CAPTURED PF3K9Q2R    ThinkPad X1 … ✓ ready  41m
       5 ▲ HELD     PF3K9Q2R    ThinkPad X1 … ✗ STOP   33m  same serial as #3
       8 ● CAPTURED 5CG1284XYZ  HP EliteBook… ✗ STOP   25m  No TPM 2.0
       9 ● ┌─ Quit? ──────────────────────────────────────────────────────┐off
      12 ○ │                                                              │een
      14 ● │ The bench ends with the board that started it; laptops       │
      15 ○ │ cannot report until it is started again. A bench that was    │
           │ started on its own goes on. All that was captured is kept.   │
           │                                                              │
           │  y yes, do it   Esc no, go back                              │
           │                                                              │
           └──────────────────────────────────────────────────────────────┘





    NEXT  a: go to the first laptop that needs you.

    y yes, do it   Esc no, go back
    "##);
    press(&mut model, "enter");
    assert_eq!(model.exit, None, "a scanner's Enter is no yes");
    press(&mut model, "esc ctrl-c y");
    assert_eq!(model.exit, Some(Exit::Quit));
    let mut model = showing(few());
    press(&mut model, "m ctrl-c ctrl-c");
    assert_eq!(model.exit, Some(Exit::Quit));
}

#[test]
fn the_picture_is_the_same_every_time() {
    let model = showing(few());
    let svg = render_to_svg(&model, 80, 24, NOON);
    assert_eq!(svg, render_to_svg(&model, 80, 24, NOON));
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains(">5CG1284XYZ<") || svg.contains("5CG1284XYZ"));
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
}

#[test]
fn the_screen_sleeps_while_nothing_ages() {
    let at = |model: &Model| view::wake(model, NOON).map(|at| at.since(NOON).as_secs());
    assert_eq!(at(&showing(snapshot_with([]))), None);
    assert_eq!(at(&showing(snapshot_with([row(1, "PF1", "X", 8)]))), Some(1));
    assert_eq!(at(&showing(snapshot_with([row(1, "PF1", "X", 90)]))), Some(30));
    assert_eq!(at(&showing(snapshot_with([row(1, "PF1", "X", 7_200)]))), Some(3_600));
    let running = Snapshot { job: Some(testing::writing(5, 1)), ..snapshot_with([]) };
    assert_eq!(at(&showing(running)), Some(1));
}
