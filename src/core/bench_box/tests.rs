use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn check(settings: Value) -> Result<Settings, String> {
    let written: Written = serde_json::from_value(settings).map_err(|error| error.to_string())?;
    Settings::check(written, "4F1C")
}

fn text(settings: &Settings, path: &str) -> Option<String> {
    settings.files().into_iter().find(|file| file.path == path).map(|file| file.text)
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl anna";

#[test]
fn nothing_said_is_a_name_and_dhcp() {
    let settings = check(json!({})).unwrap();
    assert_eq!(settings, Settings::of_number("4F1C"));
    let files = settings.files();
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["etc/hostname", "etc/hosts"]);
    assert_eq!(files[0].text, "whiteglove-4F1C\n");
}

#[test]
fn everything_that_can_be_said_ends_up_where_debian_looks() {
    let settings = check(json!({
        "hostname": "bench-oslo", "keyboard": "ch(fr)", "timezone": "Europe/Oslo", "ntp": ["10.0.0.1", "ntp.example.com"],
        "ssh_keys": [KEY], "console_password": "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7",
        "network": [{"port": "AA:bb:cc:dd:ee:0f", "address": "10.77.0.1/24", "gateway": "10.77.0.254", "dns": ["10.77.0.253"]}],
    }))
    .unwrap();
    assert_eq!(text(&settings, "etc/hostname").unwrap(), "bench-oslo\n");
    assert!(text(&settings, "etc/default/keyboard").unwrap().contains("XKBLAYOUT=\"ch\"\nXKBVARIANT=\"fr\"\n"));
    assert_eq!(
        text(&settings, "run/systemd/timesyncd.conf.d/box.conf").unwrap(),
        "[Time]\nNTP=10.0.0.1 ntp.example.com\n"
    );
    let keys = settings.files().into_iter().find(|file| file.path == "root/.ssh/authorized_keys").unwrap();
    assert_eq!((keys.text, keys.mode), (format!("{KEY}\n"), 0o600));
    assert_eq!(settings.timezone(), Some("Europe/Oslo"));
    assert!(settings.console_password().unwrap().starts_with("$y$"));
    insta::assert_snapshot!(text(&settings, "run/systemd/network/10-box-0.network").unwrap(), @"
    [Match]
    MACAddress=aa:bb:cc:dd:ee:0f

    [Network]
    Address=10.77.0.1/24
    MulticastDNS=no
    LLMNR=no
    Gateway=10.77.0.254
    DNS=10.77.0.253
    ConfigureWithoutCarrier=yes

    [Link]
    RequiredForOnline=no
    ");
}

#[test]
fn what_cannot_be_is_said_with_what_it_should_look_like() {
    for (settings, words) in [
        (json!({"host": "x"}), "unknown field `host`"),
        (json!({"hostname": "bench_1"}), "'hostname' must be"),
        (json!({"keyboard": "de\"; reboot; \""}), "'keyboard' must be"),
        (json!({"timezone": "../../etc/shadow"}), "'timezone' must be"),
        (json!({"ntp": ["a b"]}), "'ntp' must list"),
        (json!({"ssh_keys": ["command=\"sh\" ssh-ed25519 AAAA"]}), "'ssh_keys' must list public keys"),
        (json!({"ssh_keys": ["-----BEGIN OPENSSH PRIVATE KEY-----"]}), "'ssh_keys' must list public keys"),
        (json!({"console_password": "hunter2"}), "never the password itself"),
        (json!({"network": [{"port": "e0", "address": "10.0.0.1"}]}), "[[network]] of 'e0': 'address' must be"),
        (json!({"network": [{"port": "e*", "address": "10.0.0.1/24"}]}), "'port' must be"),
        (json!({"network": [{"port": "e0", "address": "10.0.0.1/24", "gateway": "fe80::1"}]}), "'gateway' must be"),
    ] {
        let why = check(settings.clone()).unwrap_err();
        assert!(why.contains(words), "{settings}: {why}");
    }
}

proptest! {
    /// Whoever writes the stick's settings gets no line into a file of the system but the one meant for it.
    #[test]
    fn no_value_brings_a_line_of_its_own(
        text in "[ -~\n\r\t\"$]{1,40}",
        field in 0..5_usize,
    ) {
        let name = ["hostname", "keyboard", "timezone", "console_password", "ntp"][field];
        let value = if name == "ntp" { json!([text]) } else { json!(text) };
        if let Ok(settings) = check(json!({name: value})) {
            prop_assert!(!text.contains(['\n', '\r', '"', ' ']), "{text:?}");
            let lines: usize = settings.files().iter().map(|file| file.text.lines().count()).sum();
            let own = match name { "keyboard" => 5, "ntp" => 2, _ => 0 };
            prop_assert_eq!(lines, 1 + 3 + own);
        }
    }

    #[test]
    fn a_key_is_one_line(comment in "\\PC{0,40}|[\n\r]ssh-rsa .{0,20}") {
        if let Ok(settings) = check(json!({"ssh_keys": [format!("{KEY} {comment}")]})) {
            prop_assert_eq!(text(&settings, "root/.ssh/authorized_keys").unwrap().lines().count(), 1);
        }
    }
}
