use super::*;
use crate::media_card::{BoxKey, MediaId, MediaToken};

fn medium() -> MediaCard {
    MediaCard {
        media: MediaId([0x5a; 16]),
        box_key: BoxKey([2; 32]),
        token: MediaToken::new([3; 32]),
        endpoints: vec!["http://192.168.7.1:8780".into(), "http://10.0.0.7:8780/".into()],
        batch: "autumn 2026".into(),
        bench: "north".into(),
        data_volume: Some(1),
    }
}

fn text(card: &MediaCard) -> String {
    String::from_utf8(super::card(card)).unwrap()
}

#[test]
fn a_card_reads_like_this() {
    insta::assert_snapshot!(text(&medium()).replace("\r\n", "\n"), @"
    set WG_MEDIA=5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a
    set WG_PASS=16b36813b5ee1d16c54593825585b2f7c5bfc9d25de4a77b74e587db50bdebdb
    set WG_BENCH=north
    set WG_BATCH=autumn 2026
    set WG_ENDPOINTS=http://192.168.7.1:8780 http://10.0.0.7:8780
    set WG_SAVE=yes
    ");
}

#[test]
fn no_name_and_no_address_breaks_out_of_a_card() {
    let nasty = [
        "a & format c: & rem",
        "x\r\nset PATH=D:\\",
        "%COMSPEC% !x! ^ | < > \" ' ` ( ) ; , ~ * ?",
        "\u{fc}\u{1F4BE}\u{0}",
        "=",
        "",
        "   ",
        &"x".repeat(5000),
    ];
    for words in nasty {
        let card = MediaCard { bench: words.into(), batch: words.into(), ..medium() };
        let card = MediaCard { endpoints: vec![format!("http://{words}"), words.into()], ..card };
        let text = text(&card);
        let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
        assert_eq!(lines.len(), 6, "{text:?}");
        assert!(text.len() < 1024, "{}", text.len());
        for (line, name) in lines.iter().zip(["MEDIA", "PASS", "BENCH", "BATCH", "ENDPOINTS", "SAVE"]) {
            let value = line.strip_prefix(&format!("set WG_{name}=")).unwrap();
            assert!(value.chars().all(|c| is_harmless(c) && c != '='), "{line:?}");
            assert_eq!(value.trim(), value, "{line:?}");
        }
        let allowed = ["http://a", "http://x", "set WG_ENDPOINTS="];
        assert!(allowed.iter().any(|start| lines[4].starts_with(start)), "{text}");
    }
}

#[test]
fn a_disc_has_no_volume_to_save_to() {
    assert!(text(&MediaCard { data_volume: None, ..medium() }).contains("set WG_SAVE=no\r\n"));
}

#[test]
fn a_pass_proves_the_token_and_is_not_the_token() {
    let token = MediaToken::new([3; 32]);
    let pass = Pass::of(&token);
    assert_ne!(pass.to_string(), hex::encode(token.bytes()));
    assert_eq!(pass.to_string().parse(), Ok(pass));
    assert!(pass.is_of(&token) && !pass.is_of(&MediaToken::new([4; 32])));
    for bad in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
        assert!(bad.parse::<Pass>().is_err(), "{bad}");
    }
    assert!(!"0".repeat(64).parse::<Pass>().unwrap().is_of(&token));
}
