//! A customer and a batch made on a real terminal: what the screen shows is what the journal has.

use std::fs;

use crate::{pty::Terminal, support::Bench};

#[test]
fn a_customer_and_its_batch_are_made_and_opened_on_the_screen() {
    let bench = Bench::new();
    let mut board = Terminal::running(&bench.command());
    board.shows("No laptops yet");
    board.press("b");
    board.shows("c: set the first customer");
    board.press("cn");
    board.shows("New customer");
    board.press("Contoso\t00000000-0000-4000-8000-00000000aa07\t\t\t\t\tSALES KIOSK");
    // The whole form from here: F10.
    board.type_key("\x1b[21~");
    board.shows("Contoso is a customer of this bench now.");
    board.press("c");
    board.shows("BATCH");
    board.press("n");
    board.shows("New batch");
    board.press("rollout\t");
    // Its customer, the order, and the first tag of that customer.
    board.type_key("\x1b[C");
    board.press("\tPO-1\t");
    board.type_key("\x1b[C");
    board.shows("SALES");
    board.type_key("\x1b[21~");
    board.shows("Batch 'rollout' is there.");
    // It is marked already.
    board.press("\r");
    board.shows("STICKS OF spring ARE NOT TAKEN ANY MORE");
    board.press("y");
    board.shows("Batch 'rollout' is open.");
    board.press("\x1b");
    board.shows("Contoso   batch rollout");
    let listed = bench.says(&["batch", "list"]);
    let open = listed.lines().find(|line| line.starts_with('*')).unwrap();
    for word in ["rollout", "Contoso", "PO-1", "SALES"] {
        assert!(open.contains(word), "{listed}");
    }
    assert!(bench.says(&["customer", "show", "contoso"]).contains("00000000-0000-4000-8000-00000000aa07"));
    board.quit();
}

#[test]
fn a_file_is_taken_whole_or_not_at_all() {
    let bench = Bench::new();
    let path = bench.folder.path().join("c.toml");
    fs::write(&path, "[[customer]]\nname = 'ACME'\n[[customer]]\nname = 'Fabrikam'\ngroup-tags = ['a', 'A']\n")
        .unwrap();
    let mut board = Terminal::running(&bench.command());
    board.shows("No laptops yet");
    board.press("bcf");
    board.shows("Customers from a file");
    // Pasted, as a terminal does it.
    board.type_key(&format!("\x1b[200~{}\x1b[201~", path.display()));
    board.type_key("\x1b[21~");
    board.shows("because of 'Fabrikam'");
    assert!(!bench.says(&["customer", "list"]).contains("ACME"));
    fs::write(&path, "[[customer]]\nname = 'ACME'\n[[customer]]\nname = 'Fabrikam'\ngroup-tags = ['a']\n").unwrap();
    board.type_key("\x1b[21~");
    board.shows("2 taken from the file; 2 of them are new or were changed.");
    let listed = bench.says(&["customer", "list"]);
    assert!(listed.contains("ACME") && listed.contains("Fabrikam"), "{listed}");
    board.press("\x1b\x1b");
    board.shows("No laptops yet");
    board.quit();
}
