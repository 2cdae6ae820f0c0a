//! What we make ourselves: as text, refused, and by the linter's word.

use super::*;

#[test]
fn a_profile_is_what_windows_reads() {
    let text = String::from_utf8(profile().file().unwrap()).unwrap();
    insta::assert_snapshot!(text.replace("\r\n", "\n"));
    assert_eq!(profile().file(), profile().file());
}

#[test]
fn an_answer_file_has_a_guard_before_what_it_erases() {
    let text = String::from_utf8(everything().file().unwrap()).unwrap();
    insta::assert_snapshot!(text);
    let nothing = String::from_utf8(Unattend::default().file().unwrap()).unwrap();
    assert!(!nothing.contains("Disk") && !nothing.contains("oobeSystem"), "{nothing}");
}

fn everything() -> Unattend {
    let german = Language { language: "de-DE".into(), keyboard: Some("0407:00000407".into()), region: None };
    Unattend {
        architecture: Architecture::Amd64,
        setup: Some(german.clone()),
        windows: Some(german),
        time_zone: Some("W. Europe Standard Time".into()),
        computer_name: Some("*".into()),
        product_key: Some("BCDFG-HJKMN-PQRTV-WXY23-46789".into()),
        image: Some("Windows 11 Pro <\"R&D\">".into()),
        disk: Some(Disk { erase: Erase::EverythingOnDisk0 }),
        accept_licence: true,
    }
}

#[test]
fn what_windows_would_not_take_is_refused() {
    type Change = fn(&mut Unattend);
    for (change, why) in [
        ((|a| a.computer_name = Some("BER-%SERIAL%".into())) as Change, "computer_name cannot be used"),
        (|a| a.product_key = Some("1".into()), "product_key is no product key"),
        (|a| a.time_zone = Some("a\nb".into()), "time_zone is empty"),
        (|a| a.image = Some(String::new()), "image is empty"),
        (|a| a.setup = Some(Language { language: "german".into(), keyboard: None, region: None }), "no language"),
        (
            |a| a.windows = Some(Language { language: "de-DE".into(), keyboard: Some("qwertz".into()), region: None }),
            "no keyboard",
        ),
    ] {
        let mut answers = everything();
        change(&mut answers);
        let problem = answers.file().unwrap_err();
        assert!(problem.why.to_lowercase().contains(&why.to_lowercase()), "{problem}");
    }
    type ChangeProfile = fn(&mut Profile);
    for (change, why) in [
        ((|p| p.tenant_id = "contoso".into()) as ChangeProfile, "tenant_id is no GUID"),
        (|p| p.tenant_domain = "contoso".into(), "tenant_domain is no domain"),
        (|p| p.name = String::new(), "name is empty"),
        (|p| p.device_name = Some("%serial%".into()), "device_name cannot be used"),
        (|p| p.language = Some("deutsch".into()), "language"),
        (|p| p.correlation_id = Some("7".into()), "correlation_id is no GUID"),
        (|p| (p.skip_keyboard, p.language) = (true, None), "skip_keyboard without a language"),
    ] {
        let mut wanted = profile();
        change(&mut wanted);
        let problem = wanted.file().unwrap_err();
        assert!(problem.why.to_lowercase().contains(&why.to_lowercase()), "{problem}");
    }
}

fn locale() -> impl Strategy<Value = String> {
    prop_oneof![Just("de-DE".to_owned()), Just("en-US".to_owned()), Just("sr-Latn-RS".to_owned())]
}

fn languages() -> impl Strategy<Value = Option<Language>> {
    let keyboard = prop_oneof![Just(None), Just(Some("0407:00000407".to_owned())), locale().prop_map(Some)];
    let one = (locale(), keyboard, prop::option::of(locale()));
    prop::option::of(one.prop_map(|(language, keyboard, region)| Language { language, keyboard, region }))
}

proptest! {
    /// Whatever can be made passes the linter, and says what was asked.
    #[test]
    fn our_own_answer_files_pass(
        (setup, windows) in (languages(), languages()),
        words in prop::option::of("[ -~\u{e4}\u{4e2d}]{1,40}[a-z]"),
        name in prop::option::of("[A-Z][A-Z0-9-]{0,12}[A-Z0-9]"),
        (wipe, arm, licence, key) in any::<(bool, bool, bool, bool)>(),
    ) {
        let answers = Unattend {
            architecture: if arm { Architecture::Arm64 } else { Architecture::Amd64 },
            setup, windows, time_zone: words.clone(), computer_name: name, image: words,
            product_key: key.then(|| "BCDFG-HJKMN-PQRTV-WXY23-46789".to_owned()),
            disk: wipe.then_some(Disk { erase: Erase::EverythingOnDisk0 }),
            accept_licence: licence,
        };
        let bytes = answers.file().unwrap();
        let findings = lint(&[file("autounattend.xml", bytes.clone())]);
        prop_assert!(findings.iter().all(|finding| finding.severity != Severity::Error), "{findings:?}");
        let text = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(text.matches("<WillWipeDisk>true</WillWipeDisk>").count(), usize::from(wipe));
    }

    #[test]
    fn our_own_profiles_pass(
        name in "[ -~\u{e4}\u{4e2d}\u{1f600}]{1,40}[a-z]",
        (hybrid, user, privacy, licence, keyboard, tenant) in any::<(bool, bool, bool, bool, bool, bool)>(),
        language in locale(),
        device in prop::option::of(prop_oneof![Just("L%RAND:5%".to_owned()), Just("%SERIAL%".to_owned())]),
    ) {
        let wanted = Profile {
            name, standard_user: user, hide_privacy: privacy, hide_licence: licence, skip_keyboard: keyboard,
            only_this_tenant: tenant, join: if hybrid { Join::Hybrid } else { Join::Entra },
            language: Some(language), device_name: device, ..profile()
        };
        let bytes = wanted.file().unwrap();
        prop_assert!(bytes.is_ascii());
        let findings = lint(&[file(PROFILE, bytes)]);
        prop_assert!(findings.iter().all(|finding| finding.check == Check::NoPreProvisioning), "{findings:?}");
    }

    /// Anybody's bytes.
    #[test]
    fn nonsense_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "[<>/a-z&;#\"'=! -]{0,200}") {
        for path in ["autounattend.xml", PROFILE, "x.ps1", "efi/boot/bootx64.efi"] {
            lint(&[file(path, bytes.clone()), file(&format!("a/{path}"), text.clone())]);
        }
        lint::wim_xml_place(&bytes, 1 << 20);
    }
}
