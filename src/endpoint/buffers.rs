//! How much the kernel keeps for a socket. More than the system grants everybody takes a privilege; without it there is
//! what there is.

use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};

pub(super) fn receive(socket: &impl AsFd, bytes: usize) {
    if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
        let _ = setsockopt(socket, sockopt::RcvBuf, &bytes);
    }
}

pub(super) fn send(socket: &impl AsFd, bytes: usize) {
    if setsockopt(socket, sockopt::SndBufForce, &bytes).is_err() {
        let _ = setsockopt(socket, sockopt::SndBuf, &bytes);
    }
}
