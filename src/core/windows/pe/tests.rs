use super::*;
use crate::{
    media_card::{BoxKey, MediaId, MediaToken},
    script::batch::Batch,
};

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

fn file(name: &str) -> String {
    let found = injected().into_iter().find(|(path, _)| path.ends_with(name)).unwrap();
    String::from_utf8(found.1).unwrap()
}

#[test]
fn every_file_is_ascii_with_crlf() {
    for (path, bytes) in injected() {
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n')), "{path}");
        assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "{path}");
        // A line of cmd.exe has 8191 characters, with its values put in.
        assert!(text.lines().all(|line| line.len() < 700), "{path}");
    }
}

/// Values that may stand outside of quotation marks: ours, those of a card that was checked, and what `clean` left.
const TAME: &[&str] = &[
    "CODE",
    "FAILED",
    "HERE",
    "KEPT",
    "LOADED",
    "MODEL",
    "N",
    "ODD",
    "OTHER",
    "ROOT",
    "ROUND",
    "TRIES",
    "UNKEPT",
    "UNSENT",
    "WG_BATCH",
    "WG_BENCH",
    "WG_ENDPOINTS",
];

#[test]
fn the_script_holds_together() {
    let batch = Batch::read(&file("start.cmd")).unwrap_or_else(|why| panic!("{why}"));
    let fallen_into: Vec<_> = batch.labels.difference(&batch.jumps).collect();
    assert!(fallen_into.is_empty() && batch.jumps.is_subset(&batch.labels), "{fallen_into:?} {:?}", batch.jumps);
    let given = ["DATE", "ERRORLEVEL", "SystemRoot", "TIME"];
    let unset: Vec<_> =
        batch.used.iter().filter(|name| !batch.set.contains(*name) && !given.contains(&name.as_str())).collect();
    // A card sets these, by a loop over their names.
    let of_card: Vec<_> = unset.iter().filter(|name| !name.starts_with("WG_")).collect();
    assert!(of_card.is_empty(), "{unset:?}");
    let wild: Vec<_> = batch.bare.iter().filter(|name| !TAME.contains(&name.as_str())).collect();
    assert!(wild.is_empty(), "outside of quotation marks: {wild:?}");
    for words in file("start.cmd").lines().filter_map(|line| line.trim_start().strip_prefix("echo ")) {
        assert!(words.len() < 80, "{words}");
    }
}

#[test]
fn the_script_reads_what_a_card_has_and_calls_what_is_injected() {
    let script = file("start.cmd");
    for line in text(&medium()).lines() {
        let name = line.strip_prefix("set ").unwrap().split('=').next().unwrap();
        assert!(script.contains(&format!("set \"{name}=\"\r\n")), "{name} of an earlier card stays");
        assert!(script.matches(name).count() >= 3, "{name} is not used");
    }
    // The characters that it lets through are those that a card is made of.
    let delimiters = script.split("eol=_ delims=").nth(1).unwrap().split('"').next().unwrap();
    for character in (' '..='~').filter(|c| *c != '"') {
        assert_eq!(delimiters.contains(character), is_harmless(character), "{character:?}");
    }
    for path in [OA3TOOL, PCPKSP, CURL, CARD, "whiteglove/OA3.cfg"] {
        let name = path.rsplit('/').next().unwrap();
        assert!(script.contains(name), "{name}");
    }
    assert!(file("OA3.cfg").contains(".\\input.xml") && file("winpeshl.ini").contains("\\whiteglove\\start.cmd"));
    for verdict in [Verdict::Ok, Verdict::Look, Verdict::Refused] {
        let answer = Answer::new(verdict).text();
        assert!(script.contains(answer.trim_end()), "{answer}");
    }
    assert!(script.contains(&format!("%1{}\"", crate::api::WINPE)));
    for header in [crate::api::WINPE_MEDIA, crate::api::WINPE_PASS] {
        assert!(script.contains(&format!("--header \"{header}: ")), "{header}");
    }
}
