//! Laptops in Windows PE that hand in their own hash.

use super::*;
use crate::windows::pe::{Answer, Verdict};

fn hands_in(shop: &mut Shop, media: MediaId, entry: Entry) -> Result<Answer, Problem> {
    let admitted = shop.bench.decide_winpe(media, entry, shop.now)?;
    shop.write(admitted.records);
    Ok(shop.bench.winpe_answer(admitted.device, &admitted.outcome))
}

fn of(laptop: &Laptop, seconds: u32) -> Entry {
    Entry { lane: Lane::Oa3, ..laptop.entry(seconds) }
}

#[test]
fn the_laptop_is_here_and_what_it_sends_twice_is_written_once() {
    let mut shop = shop();
    // Of a laptop without a TPM, so that the bench has something to say.
    let blind = laptop("PF000001", 1).without_tpm();
    let answer = hands_in(&mut shop, SPRING, of(&blind, 5)).unwrap();
    assert_eq!(answer.verdict, Verdict::Look);
    let text = answer.text();
    assert!(text.contains("#1: PF000001, LENOVO 21CB\r\nbatch spring: captured, new on this bench\r\n"), "{text}");
    assert!(shop.device(1).is_here() && shop.device(1).signal == Signal::WindowsPe);
    let words = format!("Windows hash from OA3.xml of Windows PE, medium {SPRING}, line 1");
    assert_eq!(shop.history(1), ["started Windows PE", words.as_str()]);
    let before = shop.journal.len();
    for seconds in [5, 3] {
        let again = hands_in(&mut shop, SPRING, of(&blind, seconds)).unwrap();
        assert!(again.text().contains("known already"), "{}", again.text());
    }
    assert_eq!(shop.journal.len(), before, "neither the same one nor an older one is news");
    assert!(hands_in(&mut shop, SPRING, of(&blind, 50_000_000)).unwrap().text().contains("added to what was known"));
}

#[test]
fn a_medium_of_another_batch_hands_in_nothing() {
    let mut shop = shop();
    let problem = hands_in(&mut shop, AUTUMN, of(&laptop("PF000001", 1), 5)).unwrap_err();
    assert!(problem.what.contains("belongs to batch 'autumn'"), "{problem}");
    let problem = hands_in(&mut shop, MediaId([9; 16]), of(&laptop("PF000001", 1), 5)).unwrap_err();
    assert!(problem.what.contains("unknown"), "{problem}");
    shop.write(vec![Record::MediaRevoked { media: SPRING }]);
    let problem = hands_in(&mut shop, SPRING, of(&laptop("PF000001", 1), 5)).unwrap_err();
    assert!(problem.what.contains("reported lost"), "{problem}");
    assert!(shop.present().is_empty());
}

#[test]
fn a_laptop_that_somebody_has_to_look_at_says_so_on_its_own_screen() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    let answer = hands_in(&mut shop, SPRING, of(&laptop("PF000001", 2), 5)).unwrap();
    assert_eq!((answer.verdict, shop.stage(2)), (Verdict::Look, StageName::Held));
    let text = answer.text();
    assert!(text.contains("held, and a person has to look") && text.contains("\r\n  next: "), "{text}");
}
