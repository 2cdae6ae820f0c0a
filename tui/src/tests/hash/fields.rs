use std::sync::Arc;

use whiteglove_core::hwhash;

use super::{page, page_at, whole};
use crate::testing::{self, press, screen};

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
