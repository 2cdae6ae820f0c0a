//! What iPXE is told. All names are relative: iPXE completes them with the URL it had the script from, so
//! one text serves every address, port and protocol.
//!
//! Written for every iPXE since 2019, which is what network cards and hypervisors have in their ROMs.

use super::KERNEL_ARGUMENTS;

/// The text of `boot.ipxe`: starts the agent on BIOS and UEFI.
///
/// UEFI hands archives to the kernel by name, hence `initrd=`; BIOS does not mind. `shim` is for a signed
/// iPXE with Secure Boot on; others skip it or, before 2023, do not know it.
pub fn ipxe_script() -> String {
    let load = format!(
        "\
kernel boot/vmlinuz {KERNEL_ARGUMENTS} initrd=initrd.zst initrd=media.cpio || goto failed
initrd boot/initrd.zst || goto failed
initrd boot/media.cpio || goto failed
shim shimx64.efi ||
boot ||
"
    );
    script("starts the agent over the network", "starting over the network", "", &load)
}

/// The text of `memtest.ipxe`.
pub fn memtest_script() -> String {
    let choose = "\
set program memtest.bin
iseq ${platform} efi && set program memtest.efi ||
";
    let load = "\
kernel ${program} || goto failed
boot ||
";
    script("starts the memory test", "starting the memory test", choose, load)
}

/// `load` ends by starting what it loaded, and goes to `failed` when that cannot be had.
pub(super) fn script(about: &str, starting: &str, choose: &str, load: &str) -> String {
    format!(
        "\
#!ipxe
# whiteglove: {about}.
{choose}:start
set tries:int32 0
:again
inc tries
echo whiteglove: {starting}
imgfree
{load}:failed
iseq ${{tries}} {TRIES} && goto stopped ||
echo whiteglove: that did not work (try ${{tries}} of {TRIES}), once more in 3 seconds
sleep 3
goto again
:stopped
echo
echo whiteglove could not start this machine over the network.
echo The bench is off, the line to it is broken, or this machine refuses it.
echo Check both. What iPXE says above helps whoever looks after the bench.
prompt Press any key to try again. ||
goto start
"
    )
}

/// A switch port that has just come up drops packets for some seconds.
const TRIES: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_relative_every_jump_has_its_label_and_every_word_is_on_the_screen() {
        for text in [ipxe_script(), memtest_script()] {
            assert!(text.starts_with("#!ipxe\n") && text.is_ascii() && !text.contains("://"));
            for line in text.lines() {
                // A BIOS screen has 80 columns.
                assert!(!line.starts_with("echo") || line.len() < 80, "{line}");
                if let Some((_, label)) = line.split_once("goto ") {
                    let label = label.split_whitespace().next().unwrap();
                    assert!(text.contains(&format!("\n:{label}\n")), "{label}");
                }
            }
        }
    }

    #[test]
    fn uefi_finds_both_archives_by_the_last_part_of_their_names() {
        let text = ipxe_script();
        for name in ["initrd.zst", "media.cpio"] {
            assert!(text.contains(&format!(" initrd={name}")) && text.contains(&format!("initrd boot/{name} ")));
        }
    }
}
