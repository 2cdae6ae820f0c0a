//! Error codes typed or scanned where labels are.

use super::*;

#[test]
fn an_error_code_gets_its_card_and_changes_nothing() {
    let mut shop = shop();
    shop.boots(&laptop("PF000001", 1));
    for code in ["0x80180014", "0X80180014\r\n", "80180014", "2149056532", "-2145910764"] {
        let (answer, written) = shop.scan(code, None);
        assert_eq!(
            (answer.title.as_str(), answer.tone, answer.device, written),
            ("ERROR CODE", Tone::Attention, None, 0)
        );
        assert_eq!(answer.shown, "0x80180014: Set up once already");
        assert!(answer.text.contains("Do not try again."), "{}", answer.text);
    }
    assert_eq!(shop.scan("806", None).0.shown, "806: Registered already in this tenant");
    // Beside an open laptop it is no label of that: nothing is compared, nobody is held.
    assert_eq!(shop.scan("0x80180014", Some(1)), (shop.scan("0x80180014", None).0, 0));
    let (unknown, _) = shop.scan("0x80070005", None);
    assert_eq!(unknown.title, "UNKNOWN CODE");
    assert!(unknown.text.contains("access denied"), "{}", unknown.text);
}

#[test]
fn a_laptop_that_is_called_like_a_code_comes_first() {
    let mut shop = shop();
    shop.boots(&laptop("80180014", 1));
    assert_eq!(shop.scan("80180014", None).0.device, Some(number(1)));
    shop.expects(&["80180018"]);
    assert_eq!(shop.says("80180018", None), ("EXPECTED".to_owned(), Tone::Good));
    // On no list here: then it is a code.
    assert_eq!(shop.says("80180022", None), ("ERROR CODE".to_owned(), Tone::Attention));
    shop.order("autumn", Some("Globex"), vec![line(Some("80180026"), None)]);
    assert_eq!(shop.says("80180026", None).1, Tone::Wrong);
}

#[test]
fn every_card_fits_on_the_board() {
    let mut shop = shop();
    for card in crate::explain::cards() {
        for key in card.keys {
            let (answer, _) = shop.scan(&key.to_string(), None);
            assert!(answer.text.len() <= 440, "{key}: {}", answer.text.len());
        }
    }
}
