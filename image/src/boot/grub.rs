//! What GRUB is told. The signed GRUB reads exactly one file of ours; a menu would only be a way to
//! boot something else.

/// The kernel's arguments. The last console is the one the agent's output goes to: the screen.
pub const KERNEL_ARGUMENTS: &str = "rdinit=/init console=ttyS0,115200 console=tty0 quiet loglevel=3 panic=30";

/// The text of `/EFI/BOOT/grub.cfg`, where trixie's GRUB looks first, and of `/EFI/debian/grub.cfg`,
/// where it looks next and bookworm's looks first. Keep both: the same stick boots with either.
///
/// `read` is not among the modules of the signed GRUB and none can be added under Secure Boot, so
/// the wait for a key is an interruptible sleep.
/// `$root` is the partition GRUB was loaded from; nothing searches other disks, so a laptop's own
/// disk cannot put itself in front.
pub fn grub_cfg() -> String {
    start(
        "starts the agent from this stick. Made by `whiteglove media build`",
        "starting",
        [
            "whiteglove could not start from this stick.",
            "The stick is damaged, or a file on it was changed.",
            "Try again; if it happens again, write the stick anew at the bench.",
        ],
    )
}

/// The text of `/grub/grub.cfg`, where Debian's network GRUB looks, by TFTP and by HTTP alike.
///
/// `$root` is the server GRUB was loaded from, so one text serves every bench and both protocols.
pub fn network_grub_cfg() -> String {
    start(
        "starts the agent over the network. Made by `whiteglove netboot export`",
        "starting over the network",
        [
            "whiteglove could not start over the network.",
            "The server does not give out all files of the export, or one was changed.",
            "Check the cable and try again; if it happens again, tell whoever looks after the server.",
        ],
    )
}

/// `failed`: what happened, why, and what to do next.
fn start(about: &str, starting: &str, [what, why, next]: [&str; 3]) -> String {
    format!(
        "\
# whiteglove: {about}; do not edit.
set timeout=0
set timeout_style=hidden
set pager=0

echo 'whiteglove: {starting}'
if linux /boot/vmlinuz {KERNEL_ARGUMENTS}; then
  if initrd /boot/initrd.zst /boot/media.cpio; then
    boot
  fi
fi

echo ''
echo '{what}'
echo '{why}'
echo '{next}'
echo ''
echo 'Press Esc to switch this laptop off.'
sleep --interruptible 3600
halt
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_the_first_program_and_the_card_is_the_second_initrd() {
        let text = grub_cfg();
        assert!(text.contains("linux /boot/vmlinuz rdinit=/init "));
        assert!(text.contains("initrd /boot/initrd.zst /boot/media.cpio;"));
    }

    #[test]
    fn no_other_disk_is_ever_searched_and_no_menu_is_offered() {
        for text in [grub_cfg(), network_grub_cfg()] {
            assert!(!text.contains("search"));
            assert!(!text.contains("menuentry"));
            assert!(text.is_ascii());
        }
    }
}
