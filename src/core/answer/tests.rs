use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    autopilot::{Join, Profile},
    lint::{self, Check, Content, File, Finding, Severity},
    unattend::{Architecture, Disk, Erase, Language, Unattend},
};
use crate::clock::Moment;

mod made;

/// 2026-11-25T00:00:00Z.
const NOW: Moment = Moment::from_millis(1_795_564_800_000);

fn file(path: &str, bytes: impl Into<Vec<u8>>) -> File {
    let bytes = bytes.into();
    File { path: path.to_owned(), size: bytes.len() as u64, content: Content::Whole(bytes) }
}

fn unread(path: &str, size: u64) -> File {
    File { path: path.to_owned(), size, content: Content::Unread }
}

fn lint(files: &[File]) -> Vec<Finding> {
    lint::check(files, NOW)
}

/// An answer file with this in one component of one pass.
fn answer(pass: &str, component: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<unattend xmlns=\"urn:schemas-microsoft-com:unattend\">\r\n\
         <settings pass=\"{pass}\"><component name=\"{component}\" processorArchitecture=\"amd64\">{inside}</component>\
         </settings></unattend>\r\n"
    )
}

fn setup(inside: &str) -> File {
    file("Autounattend.xml", answer("windowsPE", "Microsoft-Windows-Setup", inside))
}

fn oobe(inside: &str) -> File {
    file("autounattend.xml", answer("oobeSystem", "Microsoft-Windows-Shell-Setup", inside))
}

fn disks(guard: &str, wipe: &str) -> String {
    format!(
        "<DiskConfiguration>{guard}<Disk><DiskID>0</DiskID><WillWipeDisk>{wipe}</WillWipeDisk></Disk></DiskConfiguration>"
    )
}

const GUARD: &str = "<Disk><DiskID>1</DiskID><ModifyPartitions><ModifyPartition><Label>X</Label></ModifyPartition>\
                     </ModifyPartitions></Disk>";

fn profile() -> Profile {
    Profile {
        tenant_id: "6F9619FF-8B86-D011-B42D-00CF4FC964FF".to_owned(),
        tenant_domain: "contoso.example".to_owned(),
        name: "B\u{fc}ro".to_owned(),
        join: Join::Entra,
        standard_user: true,
        hide_privacy: true,
        hide_licence: true,
        skip_keyboard: false,
        only_this_tenant: true,
        device_name: Some("BER-%SERIAL%".to_owned()),
        language: Some("de-DE".to_owned()),
        correlation_id: None,
    }
}

const PROFILE: &str = "AutopilotConfigurationFile.json";

fn profile_with(change: impl FnOnce(String) -> String) -> File {
    file(PROFILE, change(String::from_utf8(profile().file().unwrap()).unwrap()))
}

/// A boot manager as far as this linter looks.
fn loader(path: &str, signed_by: &str) -> File {
    file(path, [b"MZ\x90\0", signed_by.as_bytes(), &[0; 64]].concat())
}

const OF_2011: &str = "Microsoft Windows Production PCA 2011";
const OF_2023: &str = "Windows UEFI CA 2023";

fn boot_wim(build: u32, revision: u32) -> File {
    let xml = format!(
        "\u{feff}<WIM><IMAGE INDEX=\"1\"><WINDOWS><VERSION><BUILD>{build}</BUILD><SPBUILD>{revision}</SPBUILD></VERSION>\
         </WINDOWS></IMAGE></WIM>"
    );
    let bytes = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    File { path: "sources/boot.wim".to_owned(), size: 500_000_000, content: Content::WimXml(bytes) }
}

/// `{"alg":"none"}`, `{"exp":N}`, no seal to speak of.
fn token(expires: u64) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    format!("{}.{}.c2VhbA", part("{\"alg\":\"none\"}"), part(&format!("{{\"exp\":{expires}}}")))
}

/// Files that trip a check and nothing else, and files beside them that trip nothing.
type Case = (Check, Vec<Vec<File>>, Vec<Vec<File>>);

/// One for each check.
fn cases() -> Vec<Case> {
    let utf16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let plain = String::from_utf8(profile().file().unwrap()).unwrap();
    let script = |text: &str| vec![file("scripts/go.ps1", text)];
    let panther = "sources/$OEM$/$$/Panther/unattend.xml";
    let sound_oobe = answer("oobeSystem", "Microsoft-Windows-Shell-Setup", "<TimeZone>UTC</TimeZone>");
    vec![
        (
            Check::PpkgInRoot,
            vec![vec![unread("Join.PPKG", 9)], vec![unread("a.ppkg", 9)]],
            vec![vec![unread("ppkg/Join.ppkg", 9)]],
        ),
        (
            Check::TwoAnswerFiles,
            vec![
                vec![oobe("<TimeZone>UTC</TimeZone>"), file(panther, sound_oobe.clone())],
                vec![unread("sources/Autounattend.xml", 9), setup("<X/>")],
            ],
            // What setup needs, and what Windows needs afterwards: one each.
            vec![vec![setup("<X/>"), file(panther, sound_oobe)]],
        ),
        (
            Check::WipeWithoutGuard,
            vec![
                vec![setup(&disks("", "true"))],
                vec![setup(&disks("", "TRUE"))],
                vec![setup(&disks(&GUARD.replace(">1<", ">0<"), "true"))],
                vec![setup(&disks(&format!("<WillShowUI>Never</WillShowUI>{GUARD}"), "true"))],
                vec![setup(&disks("<Disk><DiskID>1</DiskID></Disk>", "true"))],
            ],
            vec![vec![setup(&disks(GUARD, "true"))], vec![setup(&disks("", "false"))]],
        ),
        (
            Check::ProfileNotAscii,
            vec![
                vec![file(PROFILE, [b"\xef\xbb\xbf", plain.as_bytes()].concat())],
                vec![file(PROFILE, utf16(&plain))],
                vec![profile_with(|text| text.replace("\\u00fc", "\u{fc}"))],
            ],
            vec![vec![file(PROFILE, plain.clone())]],
        ),
        (
            Check::SecretInClear,
            vec![
                vec![file(
                    "autounattend.xml",
                    answer(
                        "specialize",
                        "Microsoft-Windows-Shell-Setup",
                        "<UserAccounts><AdministratorPassword><Value>UABhAHM=</Value><PlainText>false</PlainText></AdministratorPassword></UserAccounts>",
                    ),
                )],
                vec![file(
                    "wifi.xml",
                    "<WLANProfile><MSM><security><sharedKey><protected>false</protected><keyMaterial>bench1234</keyMaterial></sharedKey></security></MSM></WLANProfile>",
                )],
                script("$ClientSecret = 'abc~1234567890'"),
                script("Connect -App_Secret abcdefghij"),
                script("-----BEGIN PRIVATE KEY-----"),
                script(&format!("$t = \"{}\"", token(1_900_000_000))),
                script("https://x.blob.core/y?sv=1&se=2027-01-01T00:00:00Z&sig=abc"),
            ],
            vec![
                vec![oobe(
                    "<UserAccounts><AdministratorPassword><Value></Value></AdministratorPassword></UserAccounts>",
                )],
                vec![file(
                    "wifi.xml",
                    "<WLANProfile><sharedKey><protected>true</protected><keyMaterial>01AB</keyMaterial></sharedKey></WLANProfile>",
                )],
                script("$ClientSecret = $env:SECRET_OF_BENCH"),
                script("# the client secret is asked for, appsecret: none"),
                script("eyJub3Q.a.token and 1.2.3"),
            ],
        ),
        (
            Check::TokenExpired,
            vec![script(&format!("$t = '{}'", token(1_600_000_000))), script("https://x/y?se=2025-12-31&sig=abc")],
            vec![script("https://x/y?house=1&sig=")],
        ),
        (
            Check::LoaderMismatch,
            vec![
                vec![loader("EFI/Boot/bootx64.efi", OF_2023), loader("bootmgr.efi", OF_2011)],
                vec![loader("EFI/Boot/bootx64.efi", OF_2023), boot_wim(22_621, 1)],
                vec![loader("efi/boot/bootaa64.efi", OF_2023), boot_wim(19_045, 4290)],
            ],
            vec![
                vec![loader("EFI/Boot/bootx64.efi", OF_2023), loader("bootmgr.efi", &format!("{OF_2011}{OF_2023}"))],
                vec![loader("EFI/Boot/bootx64.efi", OF_2023), boot_wim(22_631, 3447)],
                vec![loader("EFI/Boot/bootx64.efi", OF_2011), boot_wim(19_045, 1)],
                vec![loader("EFI/Boot/bootx64.efi", "Microsoft Corporation UEFI CA 2011")],
            ],
        ),
        (
            Check::OverFourGib,
            vec![vec![unread("sources/install.wim", 1 << 32)], vec![unread("big.iso", 1 << 40)]],
            vec![vec![unread("sources/install.swm", (1 << 32) - 1)]],
        ),
        (
            Check::BootStlMissing,
            vec![vec![boot_wim(26_100, 1742)]],
            vec![vec![boot_wim(26_200, 1), unread("EFI/Microsoft/Boot/boot.stl", 9)], vec![boot_wim(22_631, 1)]],
        ),
        (
            Check::NotWellFormed,
            vec![
                vec![file("Autounattend.xml", "<unattend><settings></unattend>")],
                vec![file("unattend.xml", "")],
                vec![file("unattend.xml", "<unattend>")],
                vec![file("unattend.xml", "<!DOCTYPE unattend [<!ENTITY a 'b'>]><unattend>&a;</unattend>")],
                vec![file("unattend.xml", b"<unattend>\xfc</unattend>".to_vec())],
                vec![file("unattend.xml", "<unattend/><unattend/>")],
                vec![file("unattend.xml", "<html/>")],
                vec![file("unattend.xml", "<a>".repeat(100))],
            ],
            vec![
                vec![file("other.xml", "<html>")],
                vec![file(
                    "unattend.xml",
                    utf16(&answer("oobeSystem", "X", "&lt;&#38;<![CDATA[<]]>").replace("utf-8", "utf-16")),
                )],
            ],
        ),
        (
            Check::AnswerFileName,
            vec![vec![file("answers/win11.xml", answer("windowsPE", "X", ""))]],
            vec![vec![file("answers/unattend.xml", answer("windowsPE", "X", ""))]],
        ),
        (
            Check::Architecture,
            vec![vec![file("unattend.xml", answer("oobeSystem", "X", "").replace("amd64", "x64"))]],
            vec![vec![file("unattend.xml", answer("oobeSystem", "X", "").replace("amd64", "arm64"))]],
        ),
        (
            Check::ComputerName,
            vec![
                vec![oobe("<ComputerName>BER-%SERIAL%</ComputerName>")],
                vec![oobe("<ComputerName>A-NAME-TOO-LONG-1</ComputerName>")],
                vec![oobe("<ComputerName></ComputerName>")],
            ],
            vec![vec![oobe("<ComputerName>*</ComputerName>")], vec![oobe("<ComputerName>BER-1</ComputerName>")]],
        ),
        (
            Check::ProductKey,
            vec![vec![setup("<UserData><ProductKey><Key>AAAAA-BBBBB-CCCCC-DDDDD</Key></ProductKey></UserData>")]],
            vec![vec![setup("<UserData><ProductKey><Key></Key></ProductKey></UserData>")]],
        ),
        (
            Check::LicenceInClear,
            vec![vec![setup("<UserData><ProductKey><Key>BCDFG-HJKMN-PQRTV-WXY23-46789</Key></ProductKey></UserData>")]],
            vec![vec![setup("<UserData><ProductKey><WillShowUI>OnError</WillShowUI></ProductKey></UserData>")]],
        ),
        (
            Check::SkipsAutopilot,
            vec![
                vec![oobe("<OOBE><HideOnlineAccountScreens>true</HideOnlineAccountScreens></OOBE>")],
                vec![oobe(
                    "<UserAccounts><LocalAccounts><LocalAccount><Name>x</Name></LocalAccount></LocalAccounts></UserAccounts>",
                )],
                vec![oobe("<AutoLogon><Enabled>true</Enabled></AutoLogon>")],
                vec![file(
                    "unattend.xml",
                    answer("oobeSystem", "Microsoft-Windows-Deployment", "<Reseal><Mode>Audit</Mode></Reseal>"),
                )],
                vec![file(
                    "unattend.xml",
                    answer(
                        "specialize",
                        "Microsoft-Windows-UnattendedJoin",
                        "<Identification><JoinDomain>x</JoinDomain></Identification>",
                    ),
                )],
                vec![oobe(
                    "<RunSynchronous><RunSynchronousCommand><Path>reg add ... /v BypassNRO</Path></RunSynchronousCommand></RunSynchronous>",
                )],
            ],
            vec![vec![oobe("<OOBE><HideEULAPage>true</HideEULAPage><SkipMachineOOBE>false</SkipMachineOOBE></OOBE>")]],
        ),
        (
            Check::LanguagePreset,
            vec![vec![file(
                "unattend.xml",
                answer("oobeSystem", "Microsoft-Windows-International-Core", "<UILanguage>de-DE</UILanguage>"),
            )]],
            vec![vec![file(
                "unattend.xml",
                answer("specialize", "Microsoft-Windows-International-Core", "<UILanguage>de-DE</UILanguage>"),
            )]],
        ),
        (
            Check::ProfileName,
            vec![vec![file("profiles/berlin.json", plain.clone())]],
            vec![vec![file("autopilot/autopilotconfigurationfile.json", plain.clone())]],
        ),
        (
            Check::ProfileShape,
            vec![
                vec![file(PROFILE, "{")],
                vec![file(PROFILE, "[]")],
                vec![file(PROFILE, "7")],
                vec![profile_with(|text| text.replace("6f9619ff", "6f9619f"))],
                vec![profile_with(|text| text.replace("\"Version\": 2049", "\"Version\": 1"))],
                vec![profile_with(|text| text.replace("BER-%SERIAL%", "BER-%serial%"))],
                vec![profile_with(|text| {
                    text.replace("CloudAssignedForcedEnrollment\": 1", "CloudAssignedForcedEnrollment\": 0")
                })],
                vec![profile_with(|text| text.replacen("contoso.example", "fabrikam.example", 1))],
            ],
            vec![vec![file("package.json", "{\"name\": \"x\"}")]],
        ),
        (
            Check::SelfDeploying,
            vec![vec![profile_with(|text| {
                text.replace("\"CloudAssignedOobeConfig\": 286", "\"CloudAssignedOobeConfig\": 382")
            })]],
            vec![vec![file(PROFILE, plain.clone())]],
        ),
        (
            Check::TwoProfiles,
            vec![vec![file(PROFILE, plain.clone()), file(&format!("old/{PROFILE}"), plain.clone())]],
            vec![vec![file(PROFILE, plain.clone()), file("a.json", "{}")]],
        ),
        (Check::NoPreProvisioning, vec![vec![file(PROFILE, plain)]], vec![vec![file("a.json", "{}")]]),
    ]
}

/// The note that goes with every profile is no hazard of the file's own.
fn checks_of(findings: &[Finding]) -> BTreeSet<Check> {
    let all: BTreeSet<Check> = findings.iter().map(|finding| finding.check).collect();
    match all.len() {
        1 => all,
        _ => all.into_iter().filter(|check| *check != Check::NoPreProvisioning).collect(),
    }
}

#[test]
fn each_check_has_files_that_trip_it_alone_and_files_that_do_not() {
    let mut seen = BTreeSet::new();
    for (check, trips, passes) in cases() {
        seen.insert(check);
        for (number, files) in trips.iter().enumerate() {
            let findings = lint(files);
            assert_eq!(checks_of(&findings), [check].into(), "{} {number}: {findings:?}", check.word());
            for finding in &findings {
                assert!(finding.evidence.len() > 5 && finding.remedy.len() > 5, "{finding:?}");
            }
        }
        for (number, files) in passes.iter().enumerate() {
            let findings: Vec<_> =
                lint(files).into_iter().filter(|finding| finding.severity != Severity::Note).collect();
            assert!(findings.is_empty(), "{} {number}: {findings:?}", check.word());
        }
    }
    assert_eq!(seen, Check::ALL.iter().copied().collect());
    let words: BTreeSet<&str> = Check::ALL.iter().map(|check| check.word()).collect();
    assert_eq!(words.len(), Check::ALL.len());
}

#[test]
fn findings_repeat_no_secret_and_no_control_character() {
    for (_, trips, _) in cases() {
        for finding in trips.iter().flat_map(|files| lint(files)) {
            let said = format!("{finding:?}");
            for secret in ["abc~1234567890", "bench1234", "UABhAHM", "eyJ", "sig=abc", "BCDFG"] {
                assert!(!said.contains(secret), "{said}");
            }
        }
    }
    let findings = lint(&[file("evil\u{1b}[2J.ppkg", ""), oobe("<ComputerName>\u{9b}31m</ComputerName>")]);
    assert!(findings.iter().all(|finding| !format!("{}{}", finding.file, finding.evidence).contains(char::is_control)));
}

#[test]
fn the_worst_stands_first_and_names_the_rest() {
    let findings =
        lint(&[setup(&disks("", "true")), unread("a.ppkg", 1), file("x/win.xml", answer("windowsPE", "X", ""))]);
    let severities: Vec<Severity> = findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Error, Severity::Error, Severity::Warning]);
    let problem = findings[1].problem(1);
    assert_eq!(problem.what, "a.ppkg cannot go on a stick: ppkg-in-root.");
    assert!(problem.why.ends_with("One more is in the way."), "{problem}");
}

#[test]
fn a_wim_says_where_it_describes_itself() {
    let mut header = vec![0; 208];
    header[..8].copy_from_slice(b"MSWIM\0\0\0");
    header[72..80].copy_from_slice(&(1000_u64 | 2 << 56).to_le_bytes());
    header[80..88].copy_from_slice(&5000_u64.to_le_bytes());
    header[88..96].copy_from_slice(&1000_u64.to_le_bytes());
    assert_eq!(lint::wim_xml_place(&header, 6000), Some(5000..6000));
    assert_eq!(lint::wim_xml_place(&header, 5999), None);
    assert_eq!(lint::wim_xml_place(&header[..90], 6000), None);
    header[79] = 4;
    assert_eq!(lint::wim_xml_place(&header, 6000), None);
    assert_eq!(lint::wim_xml_place(b"PK", 6000), None);
}
