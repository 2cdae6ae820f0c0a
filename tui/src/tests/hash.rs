use std::sync::Arc;

use whiteglove_core::{
    control::{Command, Sheet, Snapshot, Update},
    hwhash,
};

use crate::{
    Model, Theme,
    testing::{self, feed, few, press, screen, showing_at},
};

fn page_at(sheet: Sheet, size: (u16, u16)) -> Model {
    let mut model = showing_at(few(), size);
    press(&mut model, &format!("/ '#{} enter", sheet.device.id.0));
    feed(&mut model, Update::Watched(Some(Arc::new(sheet))));
    assert_eq!(press(&mut model, "f"), []);
    model
}

fn page(sheet: Sheet) -> Model {
    page_at(sheet, (80, 24))
}

/// Everything on it, however far down.
fn whole(sheet: Sheet, keys: &str) -> String {
    let mut model = page_at(sheet, (80, 90));
    press(&mut model, keys);
    let text = screen(&model);
    assert!(!text.contains("more lines"), "{text}");
    text
}

#[test]
fn a_hash_made_on_linux_is_experimental_and_says_where_each_field_comes_from() {
    insta::assert_snapshot!(screen(&page(testing::linux_hash())), @r##"
    Hardware hash of #3 PF3K9Q2R                                    made on Linux

     EXPERIMENTAL  made on Linux; not compared with Windows for this model yet
      model    LENOVO 21HMCTO1WW
      batch    relies on: hash made on Linux

    ─ Fields, and where they come from ──────────────────────────────────────────
    * critical: Windows' own check insists on it   · a blank
      ToolVersion              9                           the bench's clock
      ToolBuild                10.0.26100.1742
      OSType                   FullOS
      OsCpuArchitecture        x64
      OsBuild                  10.0.26100.1742
      OsSystemTime             2026-11-22T10:53:20Z
      OsLocalTime              2026-11-22T11:53:20+01:00
                               risk low: differs every time, and is not matched
      ProcessorArchitecture    x64                         /proc/cpuinfo
      ProcessorPackages        1
      ProcessorCores           10
                                                       ↓ 65 more lines: Down, PgDn

    NEXT  c: how to find out whether Windows would make the same hash.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
    insta::assert_snapshot!(whole(testing::linux_hash(), ""), @r##"
    Hardware hash of #3 PF3K9Q2R                                    made on Linux

     EXPERIMENTAL  made on Linux; not compared with Windows for this model yet
      model    LENOVO 21HMCTO1WW
      batch    relies on: hash made on Linux

    ─ Fields, and where they come from ──────────────────────────────────────────
    * critical: Windows' own check insists on it   · a blank
      ToolVersion              9                           the bench's clock
      ToolBuild                10.0.26100.1742
      OSType                   FullOS
      OsCpuArchitecture        x64
      OsBuild                  10.0.26100.1742
      OsSystemTime             2026-11-22T10:53:20Z
      OsLocalTime              2026-11-22T11:53:20+01:00
                               risk low: differs every time, and is not matched
      ProcessorArchitecture    x64                         /proc/cpuinfo
      ProcessorPackages        1
      ProcessorCores           10
      ProcessorThreads         12
      ProcessorHyperThreading  yes
      TotalPhysicalRAM         16 GiB                      SMBIOS types 16, 17
      SmbiosRamMaximumCapacity 64 GiB
      SmbiosRamSlots           2
      SmbiosRamArrayCount      1
      SmbiosRamErrorCorrection none
      ProcessorManufacturer    GenuineIntel                /proc/cpuinfo
      DiskCapacity             512 GB                      sysfs
      DiskBusType              NVMe
      IncursSeekPenalty        no
      TrimEnabled              yes
    * DiskSerialNumber         0025_38B8_31B0_1234.|EXAMPL NVMe identifier
                               E MZVL2512 NVME|
                               risk medium: depends on the storage driver that
                               Windows has
    * MacAddress 1             02:00:00:00:00:01,          permanent address
                               Ethernet, PCI
    * MacAddress 2             02:00:00:00:00:02, Wi-Fi,
                               PCI
                               risk medium: which adapters Windows lists
      ChassisType              notebook (10)               SMBIOS type 3
      PowerPlatformRole        mobile
      OpticalDiskDrive         no
      DigitizerSupportID       none
      MaximumTouches           0
    * TPMVersion               TPM-Version:2.0             TPM2_GetCapability
                               -Level:0-Revision:1.59-Vend
                               orID:'TEST'-Firmware:458837
                               .298516480
      TPM EkPub                9191919191919191..91919191, TPM, 0x81010001
                               ·256 bytes, SHA-256
                               1d9916f5c839dcd3..
    * EkPubHash                1d9916f5c839dcd37af837820c2
                               9319d21e612aada4d8ea10cdc45
                               2a3834a1b7
      OfflineDeviceId          1d9916f5c839dcd37af837820c2 SHA-256 of the
                               9319d21e612aada4d8ea10cdc45 endorsement key
                               2a3834a1b7
      OfflineDeviceIdMethod    TPM_EK
      OfflineDeviceIdStatus    0, flag 0
    * SmbiosUuid               04030291-0605-0807-090a-0b0 SMBIOS type 1
                               c0d0e0f10
    * SmbiosSystemSerialNumber PF3K9Q2R                    SMBIOS type 1
      SmbiosFirmwareVendor     LENOVO                      SMBIOS type 0
    * SmbiosSystemManufacturer LENOVO                      SMBIOS type 1
    * SmbiosSystemProductName  21HMCTO1WW                  SMBIOS type 1
      SmbiosSkuNumber          LENOVO_MT_21HM              SMBIOS type 1
    * SmbiosSystemFamily       ThinkPad X1                 SMBIOS type 1
      SmbiosSystemVersion      ThinkPad X1 Carbon Gen 11   SMBIOS type 1
      SmbiosBoardManufacturer  LENOVO                      SMBIOS type 2
      SmbiosBoardProduct       21HMCTO1WW                  SMBIOS type 2
      SmbiosBoardVersion       ·                           SMBIOS type 2
    * ProductKeyID             3311000000001               MSDM table
      DiskSSNKernel            0025_38B8_31B0_1234.|EXAMPL NVMe identifier
                               E MZVL2512 NVME|
                               risk medium: depends on the storage driver that
                               Windows has

    ─ Left out of it ────────────────────────────────────────────────────────────
      ProductKeyPkPn           only Windows' own tables tell it
      GpuName                  WinPE has none either

    ─ Digest ────────────────────────────────────────────────────────────────────
      SHA-256  3508c50f1de150229a2e13d8ffe74ef5b696da96eee76650de856e41e002c3e6



    NEXT  c: how to find out whether Windows would make the same hash.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

/// As the agent makes it, not only as the canned one is.
#[test]
fn every_record_of_a_hash_that_was_really_made_has_a_source_beside_it() {
    let mut sheet = testing::ready();
    let capture = sheet.device.capture.as_mut().map(Arc::make_mut).unwrap();
    let made = hwhash::make(capture, testing::ago(3_600)).unwrap();
    capture.hash = Some(made.clone());
    let text = screen(&page_at(sheet, (200, 120)));
    for source in &made.sources {
        let words = source.source.trim_start_matches("left out: ");
        assert!(text.contains(words) && text.contains(&source.risk), "{source:?}\n{text}");
    }
    // The reason is the agent's own: this TPM answers, but its key is of another kind.
    let missing = "EkPubHash                the TPM gave no RSA 2048 endorsement key";
    assert!(text.contains(missing), "{text}");
    assert!(!text.contains("left out:"), "{text}");
}

#[test]
fn a_wide_window_breaks_fewer_lines() {
    insta::assert_snapshot!(screen(&page_at(testing::linux_hash(), (120, 40))), @r##"
    Hardware hash of #3 PF3K9Q2R                                                                            made on Linux

     EXPERIMENTAL  made on Linux; not compared with Windows for this model yet
      model    LENOVO 21HMCTO1WW
      batch    relies on: hash made on Linux

    ─ Fields, and where they come from ──────────────────────────────────────────────────────────────────────────────────
    * critical: Windows' own check insists on it   · a blank
      ToolVersion              9                                                 the bench's clock
      ToolBuild                10.0.26100.1742
      OSType                   FullOS
      OsCpuArchitecture        x64
      OsBuild                  10.0.26100.1742
      OsSystemTime             2026-11-22T10:53:20Z
      OsLocalTime              2026-11-22T11:53:20+01:00
                               risk low: differs every time, and is not matched
      ProcessorArchitecture    x64                                               /proc/cpuinfo
      ProcessorPackages        1
      ProcessorCores           10
      ProcessorThreads         12
      ProcessorHyperThreading  yes
      TotalPhysicalRAM         16 GiB                                            SMBIOS types 16, 17
      SmbiosRamMaximumCapacity 64 GiB
      SmbiosRamSlots           2
      SmbiosRamArrayCount      1
      SmbiosRamErrorCorrection none
      ProcessorManufacturer    GenuineIntel                                      /proc/cpuinfo
      DiskCapacity             512 GB                                            sysfs
      DiskBusType              NVMe
      IncursSeekPenalty        no
      TrimEnabled              yes
    * DiskSerialNumber         0025_38B8_31B0_1234.|EXAMPLE MZVL2512 NVME|       NVMe identifier
                               risk medium: depends on the storage driver that Windows has
    * MacAddress 1             02:00:00:00:00:01, Ethernet, PCI                  permanent address
    * MacAddress 2             02:00:00:00:00:02, Wi-Fi, PCI
                                                                                               ↓ 37 more lines: Down, PgDn

    NEXT  c: how to find out whether Windows would make the same hash.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

#[test]
fn missing_critical_fields_are_said_first() {
    insta::assert_snapshot!(screen(&page(testing::lacking_hash())), @r##"
    Hardware hash of #3 PF3K9Q2R                                    made on Linux

     EXPERIMENTAL  made on Linux; not compared with Windows for this model yet
      model    LENOVO 21HMCTO1WW
      batch    relies on: hash made on Linux
     MISSING  4 critical fields: Windows' own check calls this hash bad.
      DiskSerialNumber         no internal disk was seen
                               If it has one: turn RAID or VMD off in the
                               firmware setup.
      TpmVersion               the TPM did not answer
                               See that it is on in the firmware setup.
      EkPubHash                the TPM did not answer
                               See that it is on in the firmware setup.
      ProductKeyId             no Windows key in the firmware
                               Nothing: normal for a laptop sold without Windows.

    ─ Fields, and where they come from ──────────────────────────────────────────
    * critical: Windows' own check insists on it   · a blank
      ToolVersion              9                           the bench's clock
                                                       ↓ 51 more lines: Down, PgDn

    NEXT  Do what stands beside each missing field, then capture this laptop
          again.
    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

#[test]
fn a_hash_of_windows_says_which_way_it_came() {
    insta::assert_snapshot!(screen(&page(testing::windows_hash())), @r##"
    Hardware hash of #3 PF3K9Q2R                                  made by Windows

     IMPORTED  made by Windows, imported 13m ago
      lane     OA3.xml
      from     OA3-PF3K9Q2R.xml, line 1
      made     1h ago, by the clock of that machine

    ─ Fields ────────────────────────────────────────────────────────────────────
    * critical: Windows' own check insists on it   · a blank
      ToolVersion              9
      ToolBuild                10.0.26100.1742
      OSType                   FullOS
      OsCpuArchitecture        x64
      OsBuild                  10.0.26100.1742
      OsSystemTime             2026-11-22T10:53:20Z
      OsLocalTime              2026-11-22T11:53:20+01:00
      ProcessorArchitecture    x64
      ProcessorPackages        1
      ProcessorCores           10
                                                       ↓ 46 more lines: Down, PgDn

    NEXT  Tab: why there is no hash made on Linux.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

#[test]
fn winpe_without_the_tpm_driver_is_told_what_it_lacks() {
    let text = screen(&page(testing::winpe_hash()));
    assert!(text.contains("IMPORTED  made by WinPE, imported 13m ago"), "{text}");
    assert!(text.contains("MISSING  2 critical fields"), "{text}");
    assert!(text.contains("Add PCPKsp.dll to WinPE; see that the TPM is on."), "{text}");
}

#[test]
fn tab_and_the_arrows_go_from_one_hash_to_the_other() {
    let mut model = page(testing::agreeing_hashes());
    let linux = screen(&model);
    assert!(linux.contains("ACCEPTED"), "{linux}");
    press(&mut model, "down tab");
    let windows = screen(&model);
    assert!(windows.contains("IMPORTED"), "{windows}");
    press(&mut model, "tab");
    assert_eq!(screen(&model), linux);
    press(&mut model, "right right");
    assert_eq!(screen(&model), windows);
    press(&mut model, "left");
    assert_eq!(screen(&model), linux);
    press(&mut model, "c right");
    assert_eq!(screen(&model), windows);
}

#[test]
fn where_there_is_no_hash_the_page_says_how_to_get_one() {
    let mut model = page(testing::no_hash());
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                    made on Linux

     NO HASH  This laptop has no hash made on Linux.
       why  The agent that read it sent none: its stick is an old one, or it could
            not make one.
       next Boot it again from a new stick. If that brings none either, make the
            hash with Windows or WinPE: whiteglove import FILE.














    NEXT  Do what stands after "next". Esc: back.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
    press(&mut model, "tab");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                  made by Windows

     NO HASH  There is no hash of this laptop that Windows made.
       why  Nobody imported one: neither OA3.xml of WinPE's oa3tool, nor a CSV of
            Get-WindowsAutopilotInfo or of Windows setup.
       next Capture this very unit with Windows or WinPE, then: whiteglove import
            FILE.














    NEXT  Do what stands after "next". Esc: back.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
    press(&mut model, "c");
    insta::assert_snapshot!(screen(&model), @r##"
    Hardware hash of #3 PF3K9Q2R                                     side by side

     NO TEST  There is nothing to compare: this laptop has no hash yet.
       why  The agent that read it sent none: its stick is an old one, or it could
            not make one.
       next Boot it from a whiteglove stick, then capture the same unit with
            Windows or WinPE: whiteglove import FILE.














    NEXT  Do what stands after "next". Esc: back.

    Esc back   Tab other hash   c compare   d differences   f fields   ? help
    "##);
}

#[test]
fn a_laptop_that_was_not_read_yet_says_so() {
    let mut sheet = testing::no_hash();
    sheet.device.capture = None;
    let text = screen(&page(sheet));
    assert!(text.contains("why  Our agent has not read it yet."), "{text}");
}

#[test]
fn what_the_agent_found_in_the_way_is_the_reason() {
    let text = screen(&page(testing::hash_not_made()));
    assert!(text.contains("why  The firmware gave no SMBIOS table."), "{text}");
}

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
fn scrolling_stops_at_the_end_and_a_new_page_begins_at_the_top() {
    let mut model = page(testing::agreeing_hashes());
    let top = screen(&model);
    press(&mut model, "end down pgdn");
    let end = screen(&model);
    assert!(end.contains("SHA-256"), "{end}");
    press(&mut model, "up down");
    assert_eq!(screen(&model), end);
    press(&mut model, "c");
    assert!(screen(&model).contains("ACCEPTED"));
    press(&mut model, "pgdn f");
    assert_eq!(screen(&model), top);
    press(&mut model, "pgdn pgup");
    assert_eq!(screen(&model), top);
}

#[test]
fn back_goes_to_the_laptop_which_is_still_watched() {
    for key in ["esc", "q", "backspace"] {
        let mut model = page(testing::linux_hash());
        assert_eq!(press(&mut model, &format!("c {key}")), []);
        assert!(screen(&model).contains("Laptop #3"), "{key}");
    }
    let mut model = page(testing::linux_hash());
    assert_eq!(press(&mut model, "esc esc"), [Command::Watch(None)]);
}

#[test]
fn help_and_problems_come_back_to_the_page() {
    let mut model = page(testing::linux_hash());
    press(&mut model, "c");
    let before = screen(&model);
    press(&mut model, "?");
    assert!(screen(&model).contains("Keys: The hardware hash"), "{}", screen(&model));
    press(&mut model, "esc");
    assert_eq!(screen(&model), before);
    press(&mut model, "e");
    assert!(screen(&model).contains("Nothing went wrong so far."));
    press(&mut model, "esc");
    assert_eq!(screen(&model), before);
}

#[test]
fn the_hash_of_another_laptop_is_not_shown() {
    let mut model = page(testing::linux_hash());
    feed(&mut model, Update::Watched(Some(Arc::new(testing::no_tpm()))));
    assert!(screen(&model).contains("Fetching what is known of this laptop"));
    feed(&mut model, Update::Snapshot(Arc::new(Snapshot::default())));
    press(&mut model, "c d tab end home");
    assert!(screen(&model).contains("Fetching what is known of this laptop"));
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
