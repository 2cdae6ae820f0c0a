//! Hears from the kernel that a device appeared (netlink family KOBJECT_UEVENT, group 1).

use std::{io, os::fd::OwnedFd, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{
        AddressFamily, RecvFlags, SocketFlags, SocketType, bind,
        netlink::{self, SocketAddrNetlink},
        recv, socket_with,
    },
};

/// The kernel's own broadcasts; group 2 would be udev's.
const KERNEL: u32 = 1;
/// Devices come in bursts; one look at all of them is enough.
const BURST: Duration = Duration::from_millis(30);

#[derive(Debug)]
pub(super) struct Uevents(OwnedFd);

impl Uevents {
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::KOBJECT_UEVENT),
        )?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self(socket))
    }

    /// Waits until devices changed; `true` if one was added. Returns after 10 s at the latest, so
    /// that an overrun socket, which loses events, costs no more than that.
    pub(super) fn wait(&self) -> bool {
        let mut added = false;
        let mut patience = Duration::from_secs(10);
        while self.readable(patience) {
            let mut buffer = [0; 8192];
            match recv(&self.0, &mut buffer[..], RecvFlags::DONTWAIT) {
                // `add@/devices/...`, then NUL-separated variables. A driver that binds may reveal
                // more (`bind@`), and a disk that gets its medium says `change@`.
                Ok((_, length)) => {
                    added |= ["add@", "bind@", "change@"]
                        .iter()
                        .any(|word| buffer[..length.min(16)].starts_with(word.as_bytes()));
                }
                Err(_) => added = true,
            }
            patience = BURST;
        }
        added
    }

    fn readable(&self, patience: Duration) -> bool {
        let timeout = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(1),
            tv_nsec: patience.subsec_nanos().into(),
        };
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        matches!(poll(&mut fds, Some(&timeout)), Ok(ready) if ready > 0)
    }
}
