use super::{page, page_at, whole};
use crate::{
    Theme,
    testing::{self, press, screen},
};

#[test]
fn one_hash_is_no_comparison() {
    let mut model = page(testing::linux_hash());
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                     side by side

     NO TEST  Whether Windows would make the same hash is not known.
       why  To know it, the hash made on Linux is laid beside one that Windows or
            WinPE made of the same unit.
       next Capture this very unit with Windows or WinPE, then: whiteglove import
            FILE. One unit of each model is enough; the result counts for its
            model.













    NEXT  Do what stands after "next". f: the hash that is there.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
    let text = whole(testing::windows_hash(), "c");
    assert!(text.contains("NO TEST  Only Windows made a hash of this laptop"), "{text}");
}

#[test]
fn hashes_that_agree_stand_side_by_side() {
    let mut model = page(testing::agreeing_hashes());
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                     side by side

     ACCEPTED  The hash made on Linux says the same of this laptop as Windows'
               own.
       why  Every critical field is the same. Compared with OA3-PF3K9Q2R.xml, line
            1.
       next Nothing to do: this unit counts for its model, LENOVO 21HMCTO1WW.
      model accepted: one laptop of this model agreed with Windows

    ─ Critical fields: none of 14 differs ───────────────────────────────────────
       (· is a blank)           made on Linux            made by Windows
    =  DiskSerialNumber         0025_38B8_31B0_1234.|EXA 0025_38B8_31B0_1234.|EXA
                                MPLE MZVL2512 NVME|      MPLE MZVL2512 NVME|
    =  MacAddress 1             02:00:00:00:00:01,       02:00:00:00:00:01,
                                Ethernet, PCI            Ethernet, PCI
    =  MacAddress 2             02:00:00:00:00:02,       02:00:00:00:00:02,
                                Wi-Fi, PCI               Wi-Fi, PCI
    =  TPMVersion               TPM-Version:2.0          TPM-Version:2.0
                                -Level:0-Revision:1.59-V -Level:0-Revision:1.59-V
                                                       ↓ 60 more lines: Down, PgDn

    NEXT  Nothing to do: both say the same of this laptop. Esc: back.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
    let text = whole(testing::agreeing_hashes(), "c");
    assert!(!text.contains('≠'), "{text}");
}

#[test]
fn a_difference_is_marked_by_a_sign_and_its_blanks_are_seen() {
    let mut model = page_at(testing::differing_hashes(), (80, 40));
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                     side by side

     DIFFERS  The hash made on Linux differs from Windows' own in
              DiskSerialNumber.
       why  A laptop registered with it may not be recognised at first start.
            Compared with OA3-PF3K9Q2R.xml, line 1.
       next Register LENOVO 21HMCTO1WW with hashes that Windows or WinPE made:
            identity = "windows-hash" in the configuration.
      model NOT accepted: differs from Windows in DiskSerialNumber

    ─ Critical fields: 1 of 14 differs ──────────────────────────────────────────
       (· is a blank)           made on Linux            made by Windows
    ≠  DiskSerialNumber         0025_38B8_31B0_1234.|EXA ······S64KNX0T000001|EXA
                                MPLE MZVL2512 NVME|      MPLE MZVL2512 NVME|
    =  MacAddress 1             02:00:00:00:00:01,       02:00:00:00:00:01,
                                Ethernet, PCI            Ethernet, PCI
    =  MacAddress 2             02:00:00:00:00:02,       02:00:00:00:00:02,
                                Wi-Fi, PCI               Wi-Fi, PCI
    =  TPMVersion               TPM-Version:2.0          TPM-Version:2.0
                                -Level:0-Revision:1.59-V -Level:0-Revision:1.59-V
                                endorID:'TEST'-Firmware: endorID:'TEST'-Firmware:
                                458837.298516480         458837.298516480
    =  TPM EkPub                9191919191919191..919191 9191919191919191..919191
                                91, 256 bytes, SHA-256   91, 256 bytes, SHA-256
                                1d9916f5c839dcd3..       1d9916f5c839dcd3..
    =  EkPubHash                1d9916f5c839dcd37af83782 1d9916f5c839dcd37af83782
                                0c29319d21e612aada4d8ea1 0c29319d21e612aada4d8ea1
                                0cdc452a3834a1b7         0cdc452a3834a1b7
    =  OfflineDeviceId          1d9916f5c839dcd37af83782 1d9916f5c839dcd37af83782
                                0c29319d21e612aada4d8ea1 0c29319d21e612aada4d8ea1
                                0cdc452a3834a1b7         0cdc452a3834a1b7
    =  OfflineDeviceIdMethod    TPM_EK                   TPM_EK
    =  SmbiosUuid               04030291-0605-0807-090a- 04030291-0605-0807-090a-
                                0b0c0d0e0f10             0b0c0d0e0f10
    =  SmbiosSystemSerialNumber PF3K9Q2R                 PF3K9Q2R
                                                       ↓ 46 more lines: Down, PgDn

    NEXT  Do what stands after "next". d: only what differs.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

#[test]
fn only_the_differences_on_demand() {
    let mut model = page(testing::differing_hashes());
    press(&mut model, "d");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                only what differs

     DIFFERS  The hash made on Linux differs from Windows' own in
              DiskSerialNumber.
       why  A laptop registered with it may not be recognised at first start.
            Compared with OA3-PF3K9Q2R.xml, line 1.
       next Register LENOVO 21HMCTO1WW with hashes that Windows or WinPE made:
            identity = "windows-hash" in the configuration.
      model NOT accepted: differs from Windows in DiskSerialNumber

    ─ Critical fields: 1 of 14 differs ──────────────────────────────────────────
       (· is a blank)           made on Linux            made by Windows
    ≠  DiskSerialNumber         0025_38B8_31B0_1234.|EXA ······S64KNX0T000001|EXA
                                MPLE MZVL2512 NVME|      MPLE MZVL2512 NVME|

    ─ Other fields, which do not count: 4 of 36 differ ──────────────────────────
       (· is a blank)           made on Linux            made by Windows
    ≠  OsSystemTime             2026-11-22T10:53:20Z     2026-11-22T11:13:20Z
    ≠  OsLocalTime              2026-11-22T11:53:20+01:0 2026-11-22T12:13:20+01:0
                                                        ↓ 4 more lines: Down, PgDn

    NEXT  Do what stands after "next". d: only what differs.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
    press(&mut model, "d");
    let everything = screen(&model);
    assert!(everything.contains("side by side"), "{everything}");
    press(&mut model, "d c");
    assert!(screen(&model).contains("Fields, and where they come from"));
}

#[test]
fn two_columns_of_a_wide_window() {
    let mut model = page_at(testing::differing_hashes(), (120, 40));
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                                                             side by side

     DIFFERS  The hash made on Linux differs from Windows' own in DiskSerialNumber.
       why  A laptop registered with it may not be recognised at first start. Compared with OA3-PF3K9Q2R.xml, line 1.
       next Register LENOVO 21HMCTO1WW with hashes that Windows or WinPE made: identity = "windows-hash" in the
            configuration.
      model NOT accepted: differs from Windows in DiskSerialNumber

    ─ Critical fields: 1 of 14 differs ──────────────────────────────────────────────────────────────────────────────────
       (· is a blank)           made on Linux                                made by Windows
    ≠  DiskSerialNumber         0025_38B8_31B0_1234.|EXAMPLE MZVL2512 NVME|  ······S64KNX0T000001|EXAMPLE MZVL2512 NVME|
    =  MacAddress 1             02:00:00:00:00:01, Ethernet, PCI             02:00:00:00:00:01, Ethernet, PCI
    =  MacAddress 2             02:00:00:00:00:02, Wi-Fi, PCI                02:00:00:00:00:02, Wi-Fi, PCI
    =  TPMVersion               TPM-Version:2.0 -Level:0-Revision:1.59-Vendo TPM-Version:2.0 -Level:0-Revision:1.59-Vendo
                                rID:'TEST'-Firmware:458837.298516480         rID:'TEST'-Firmware:458837.298516480
    =  TPM EkPub                9191919191919191..91919191, 256 bytes,       9191919191919191..91919191, 256 bytes,
                                SHA-256 1d9916f5c839dcd3..                   SHA-256 1d9916f5c839dcd3..
    =  EkPubHash                1d9916f5c839dcd37af837820c29319d21e612aada4d 1d9916f5c839dcd37af837820c29319d21e612aada4d
                                8ea10cdc452a3834a1b7                         8ea10cdc452a3834a1b7
    =  OfflineDeviceId          1d9916f5c839dcd37af837820c29319d21e612aada4d 1d9916f5c839dcd37af837820c29319d21e612aada4d
                                8ea10cdc452a3834a1b7                         8ea10cdc452a3834a1b7
    =  OfflineDeviceIdMethod    TPM_EK                                       TPM_EK
    =  SmbiosUuid               04030291-0605-0807-090a-0b0c0d0e0f10         04030291-0605-0807-090a-0b0c0d0e0f10
    =  SmbiosSystemSerialNumber PF3K9Q2R                                     PF3K9Q2R
    =  SmbiosSystemManufacturer LENOVO                                       LENOVO
    =  SmbiosSystemProductName  21HMCTO1WW                                   21HMCTO1WW
    =  SmbiosSystemFamily       ThinkPad X1                                  ThinkPad X1
    =  ProductKeyID             3311000000001                                3311000000001

    ─ Other fields, which do not count: 4 of 36 differ ──────────────────────────────────────────────────────────────────
       (· is a blank)           made on Linux                                made by Windows
    ≠  OsSystemTime             2026-11-22T10:53:20Z                         2026-11-22T11:13:20Z
    ≠  OsLocalTime              2026-11-22T11:53:20+01:00                    2026-11-22T12:13:20+01:00
    ≠  DiskSSNKernel            0025_38B8_31B0_1234.|EXAMPLE MZVL2512 NVME|  ······S64KNX0T000001|EXAMPLE MZVL2512 NVME|
    ≠  ProductKeyPkPn           (not in it)                                  [TH]X19-00001
                                                                                               ↓ 32 more lines: Down, PgDn

    NEXT  Do what stands after "next". d: only what differs.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

#[test]
fn the_hash_of_another_machine_is_no_test() {
    let mut model = page(testing::hashes_of_two());
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                     side by side

     OTHER MACHINE  These two hashes are of two machines: this is no test.
       why  This laptop's own hash says serial number PF3K9Q2R; the one from
            OA3-PF3K9Q2R.xml, line 1, says serial number PF3K9Q7X.
       next Compare the label under the laptop with both. Then capture this very
            unit with Windows or WinPE: whiteglove import FILE.
      model experimental: not compared with Windows for this model yet

    ─ Critical fields: 6 of 14 differ ───────────────────────────────────────────
       (· is a blank)           made on Linux            made by Windows
    ≠  DiskSerialNumber         0025_38B8_31B0_1234.|EXA 0025_38B8_31B0_9999.|EXA
                                MPLE MZVL2512 NVME|      MPLE MZVL2512 NVME|
    ≠  TPM EkPub                9191919191919191..919191 b3b3b3b3b3b3b3b3..b3b3b3
                                91, 256 bytes, SHA-256   b3, 256 bytes, SHA-256
                                1d9916f5c839dcd3..       574dc98033226db6..
    ≠  EkPubHash                1d9916f5c839dcd37af83782 574dc98033226db6a0e54699
                                0c29319d21e612aada4d8ea1 daac8cb025bdd007a1906dd5
                                0cdc452a3834a1b7         aed358359ed5a58d
                                                       ↓ 60 more lines: Down, PgDn

    NEXT  Do what stands after "next". d: only what differs.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

#[test]
fn signs_of_plain_ascii_where_nothing_else_can_be_shown() {
    let mut model = page_at(testing::differing_hashes(), (80, 60));
    model.theme = Theme { colour: true, ascii: true };
    press(&mut model, "c");
    let text = screen(&model);
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("\n != DiskSerialNumber"), "{text}");
}

#[test]
fn nothing_in_a_hash_leaves_its_column() {
    let mut sheet = testing::differing_hashes();
    if let Some(comparison) = &mut sheet.comparison {
        for field in &mut comparison.fields {
            field.left = Some(format!("\u{1b}[2J\u{202e}{}\n日本語", "x".repeat(400)));
            field.name.push_str("WithANameThatIsLongerThanItsColumn");
        }
    }
    let mut model = page_at(sheet, (80, 90));
    press(&mut model, "c");
    let text = screen(&model);
    assert!(text.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 80), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}
