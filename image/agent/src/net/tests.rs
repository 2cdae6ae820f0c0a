//! The client against BusyBox's DHCP server over a virtual cable, each end in a network namespace of
//! its own. Needs root and `ip`, `busybox`; says so and passes where they are missing.
