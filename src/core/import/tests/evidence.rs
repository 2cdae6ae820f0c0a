//! The evidence of our script for Windows.

use serde_json::{Value, json};

use super::*;

fn evidence() -> Value {
    json!({
        "format": "whiteglove-windows-capture", "version": 1, "stick": "5a", "taken_utc": "2026-11-25T10:11:12Z",
        "serial": "PF000001", "product_key_id": "3305000000007", "hardware_hash": hash("PF000001"),
        "manufacturer": "LENOVO", "model": "21CB", "model_version": "ThinkPad", "system_uuid": "x",
        "windows_version": "10.0.26100", "windows_revision": "1742", "windows_edition": "Professional",
        "secure_boot": true, "tenant_domain": "",
        "tpm": {"present": true, "enabled": true, "activated": true, "owned": false, "ready": true, "information": 0,
            "spec": "2.0, 0, 1.38", "manufacturer": "IFX", "manufacturer_version": "7.85.4555.0", "problem": ""},
    })
}

fn read_with(change: impl FnOnce(&mut Value)) -> Read {
    let mut value = evidence();
    change(&mut value);
    // As ConvertTo-Json of Windows PowerShell lays it out.
    import(serde_json::to_string_pretty(&value).unwrap().replace('\n', "\r\n").as_bytes())
}

#[test]
fn it_is_one_entry_with_all_columns() {
    let read = read_with(|_| ());
    assert_eq!((read.format.clone(), read.said()), (Ok(Format::WindowsScript), vec![]));
    let entry = read.entry();
    assert_eq!(
        (entry.lane, entry.manufacturer.as_str(), entry.model.as_str()),
        (Lane::WindowsScript, "LENOVO", "21CB")
    );
    assert_eq!(entry.product_key_id.as_ref().map(|id| id.as_str()), Some("3305000000007"));
    assert!(entry.hash.is_some());
}

#[test]
fn what_stops_pre_provisioning_is_remarked() {
    for (path, value, said) in [
        ("/tpm/present", json!(false), "Windows saw no TPM: pre-provisioning fails until it is switched on"),
        ("/tpm/spec", json!("1.2, 2, 3"), "the TPM (IFX 7.85.4555.0) is version 1.2: pre-provisioning needs 2.0"),
        ("/tpm/enabled", json!(false), "the TPM (IFX 7.85.4555.0) is switched off"),
        ("/tpm/ready", json!(false), "Windows says the TPM (IFX 7.85.4555.0) is not ready, reason 0x0"),
        ("/secure_boot", json!(false), "Secure Boot is off"),
        (
            "/tenant_domain",
            json!("a.example\u{1b}[2J"),
            "the laptop knows an Autopilot profile of a.example[2J already",
        ),
        ("/windows_edition", json!("Core"), "it runs Windows Home, which Autopilot refuses (0x80180022)"),
    ] {
        assert_eq!(read_with(|evidence| *evidence.pointer_mut(path).unwrap() = value).said(), [said], "{path}");
    }
}

#[test]
fn other_json_is_none_of_ours() {
    for file in [
        "{",
        "{}",
        "{\"format\": \"other\", \"version\": 1}",
        "{\"format\": \"whiteglove-windows-capture\", \"version\": 2}",
    ] {
        let problem = import(file.as_bytes()).format.unwrap_err();
        assert!(problem.next.contains("type a on that laptop"), "{file}: {problem}");
    }
    assert!(
        import(format!("{{\"x\": \"{}\"}}", "a".repeat(70_000)).as_bytes())
            .format
            .unwrap_err()
            .why
            .contains("too long")
    );
    let mixed = read_with(|evidence| evidence["serial"] = json!("PF000002"));
    assert!(mixed.refused()[0].contains("two rows were mixed"), "{mixed:?}");
}
