//! Timelines of one transfer. Every flight is checked against the file by `simulation`; here the numbers tell.

use super::*;

fn at(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

/// EDK2, GRUB, Windows: all of them ask for the size.
fn asking(block: u16, window: Option<u16>) -> Options {
    Options { block: Some(block), size: Some(0), timeout: None, window }
}

fn ack(block: u16) -> Packet<'static> {
    Packet::Ack(block)
}

fn error(code: ErrorCode) -> Packet<'static> {
    Packet::Error { code, text: "User aborted".to_owned() }
}

/// A flight of these blocks, first to last.
#[track_caller]
fn assert_sends(step: &Step, blocks: std::ops::RangeInclusive<u64>) {
    let Step::Send(flight) = step else { panic!("{step:?} instead of {blocks:?}") };
    assert_eq!(flight.first..=flight.first + u64::from(flight.count) - 1, blocks);
}

/// Started and opened at 0 ms, with the first flight sent.
fn opened(blocks: u64, window: Option<u16>) -> Transfer {
    let (mut transfer, step) = Transfer::start(&asking(512, window), blocks * 512 - 1, &Offer::default(), at(0));
    assert!(matches!(step, Step::Control(_)));
    assert_sends(&transfer.on_packet(&ack(0), at(0)), 1..=u64::from(window.unwrap_or(1)).min(blocks));
    transfer
}

#[test]
fn without_options_the_first_block_is_the_answer() {
    let (mut transfer, step) = Transfer::start(&Options::default(), 600, &Offer::default(), at(0));
    assert_sends(&step, 1..=1);
    assert_eq!(transfer.shape(), Shape { size: 600, block: 512 });
    assert_sends(&transfer.on_packet(&ack(1), at(1)), 2..=2);
    assert_eq!(transfer.on_packet(&ack(2), at(2)), Step::Done(Ended::Delivered));
    assert_eq!(transfer.on_packet(&ack(2), at(3)), Step::Wait);
    assert_eq!(transfer.on_time(at(100_000)), Step::Wait);
}

#[test]
fn options_only_go_down_and_the_timeout_stays() {
    let grant = |asked| Offer::default().grant(&asked, 7);
    let wish = |block, window| Options { block: Some(block), size: None, timeout: Some(9), window: Some(window) };
    assert_eq!(grant(wish(65_464, 65_535)), wish(1468, 64));
    assert_eq!(grant(wish(8, 1)), wish(8, 1));
    let size_only = Options { size: Some(0), ..Options::default() };
    assert_eq!(grant(size_only), Options { size: Some(7), ..Options::default() });
    assert_eq!(grant(Options::default()), Options::default());
    // A client that sends a size gets the true one.
    assert_eq!(grant(Options { size: Some(99), ..Options::default() }).size, Some(7));
}

#[test]
fn a_size_beyond_four_gigabytes_is_told_whole() {
    let (_, step) = Transfer::start(&asking(1024, None), 5 << 30, &Offer::default(), at(0));
    assert_eq!(step, Step::Control(b"\0\x06blksize\x001024\0tsize\x005368709120\0".to_vec()));
}

#[test]
fn edk2_probes_for_the_size_and_that_is_no_failure() {
    let (mut transfer, step) = Transfer::start(&asking(1468, Some(4)), 900_000, &Offer::default(), at(0));
    assert_eq!(step, Step::Control(b"\0\x06blksize\x001468\0tsize\x00900000\0windowsize\x004\0".to_vec()));
    assert_eq!(transfer.on_packet(&error(ErrorCode::Options), at(3)), Step::Done(Ended::Probe));
    assert_eq!(transfer.stats().sent, 0);
    assert_eq!(transfer.on_time(at(60_000)), Step::Wait);
}

#[test]
fn a_client_that_stops_later_aborted() {
    let mut transfer = opened(9, None);
    let code = ErrorCode::DiskFull;
    let ended = Ended::Aborted { code, text: "User aborted".to_owned() };
    assert_eq!(transfer.on_packet(&error(code), at(3)), Step::Done(ended));
}

#[test]
fn exact_multiples_and_empty_files_end_with_an_empty_block() {
    let (mut transfer, _) = Transfer::start(&Options::default(), 512, &Offer::default(), at(0));
    let Step::Send(flight) = transfer.on_packet(&ack(1), at(1)) else { panic!() };
    assert_eq!(flight.datagrams().collect::<Vec<_>>(), [([0, 3, 0, 2], 512..512)]);
    assert_eq!(transfer.on_packet(&ack(2), at(2)), Step::Done(Ended::Delivered));

    let (mut empty, step) = Transfer::start(&Options::default(), 0, &Offer::default(), at(0));
    let Step::Send(flight) = step else { panic!() };
    assert_eq!(flight.datagrams().collect::<Vec<_>>(), [([0, 3, 0, 1], 0..0)]);
    assert_eq!(empty.on_packet(&ack(1), at(1)), Step::Done(Ended::Delivered));
}

/// GRUB acknowledges old blocks again; a server that answers doubles every packet from there on.
#[test]
fn a_stale_acknowledgement_in_lock_step_is_not_answered() {
    let mut transfer = opened(9, None);
    assert_sends(&transfer.on_packet(&ack(1), at(1)), 2..=2);
    for time in [1, 2, 100] {
        assert_eq!(transfer.on_packet(&ack(1), at(time)), Step::Wait);
        assert_eq!(transfer.on_packet(&ack(0), at(time)), Step::Wait);
        assert_eq!(transfer.on_packet(&ack(3), at(time)), Step::Wait, "never sent");
    }
    assert_sends(&transfer.on_packet(&ack(2), at(101)), 3..=3);
    assert_eq!(transfer.stats().resent, 0);
}

#[test]
fn a_lost_opening_is_sent_four_times_at_most() {
    let (mut transfer, first) = Transfer::start(&asking(512, None), 5, &Offer::default(), at(0));
    assert_eq!(transfer.on_time(at(299)), Step::Wait);
    assert_eq!(transfer.on_time(at(300)), first);
    assert_eq!(transfer.on_time(at(900)), first);
    assert_eq!(transfer.on_packet(&ack(7), at(901)), Step::Wait);
    assert_eq!(transfer.on_time(at(2_100)), first);
    assert_eq!(transfer.on_time(at(4_499)), Step::Wait);
    assert_eq!(transfer.on_time(at(4_500)), Step::Done(Ended::NoAnswer));
}

#[test]
fn a_repeated_request_fetches_a_lost_opening_but_a_doubled_one_does_not() {
    let (mut transfer, first) = Transfer::start(&asking(512, None), 5, &Offer::default(), at(0));
    assert_eq!(transfer.on_repeated_request(at(1)), Step::Wait);
    for time in [100, 200, 300] {
        assert_eq!(transfer.on_repeated_request(at(time)), first);
    }
    assert_eq!(transfer.on_repeated_request(at(400)), Step::Wait, "four in all");
    assert_sends(&transfer.on_packet(&ack(0), at(401)), 1..=1);
    assert_eq!(transfer.on_repeated_request(at(1_000)), Step::Wait);
}

#[test]
fn a_window_goes_out_for_each_acknowledgement() {
    let mut transfer = opened(10, Some(4));
    assert_sends(&transfer.on_packet(&ack(4), at(1)), 5..=8);
    assert_sends(&transfer.on_packet(&ack(8), at(2)), 9..=10);
    assert_eq!(transfer.on_packet(&ack(10), at(3)), Step::Done(Ended::Delivered));
    assert_eq!((transfer.stats().sent, transfer.stats().resent), (5_119, 0));
}

#[test]
fn inside_the_window_means_resend_from_there() {
    let mut transfer = opened(99, Some(16));
    assert_sends(&transfer.on_packet(&ack(4), at(1)), 5..=20);
    assert_eq!(transfer.stats().resent, 12);
    // EDK2 reports the gap for each block behind it; these are the echo of the first flight.
    for _ in 6..=16 {
        assert_eq!(transfer.on_packet(&ack(4), at(1)), Step::Wait);
    }
    assert_sends(&transfer.on_packet(&ack(20), at(2)), 21..=36);
}

#[test]
fn the_first_block_of_a_window_lost_is_reported_by_the_last_number() {
    let mut transfer = opened(99, Some(16));
    assert_sends(&transfer.on_packet(&ack(16), at(1)), 17..=32);
    assert_sends(&transfer.on_packet(&ack(16), at(2)), 17..=32);
    for time in [2, 3, 4] {
        assert_eq!(transfer.on_packet(&ack(16), at(time)), Step::Wait, "once per round trip");
    }
    assert_sends(&transfer.on_packet(&ack(16), at(20)), 17..=32);
}

#[test]
fn a_gap_that_may_be_the_echo_of_a_resend_waits_for_milliseconds_only() {
    let mut transfer = opened(64, Some(4));
    assert_sends(&transfer.on_packet(&ack(1), at(0)), 2..=5);
    assert_sends(&transfer.on_packet(&ack(5), at(0)), 6..=9);
    // Block 6 is lost as well, and the client says so once.
    assert_eq!(transfer.on_packet(&ack(5), at(0)), Step::Wait);
    assert_eq!(transfer.due(), at(4));
    assert_sends(&transfer.on_time(at(4)), 6..=9);
    assert_sends(&transfer.on_packet(&ack(9), at(5)), 10..=13);
}

#[test]
fn a_client_that_acknowledges_each_block_of_a_window_is_not_sent_all_of_them_each_time() {
    let mut transfer = opened(10_000, Some(16));
    for block in 1..10_000 {
        transfer.on_packet(&ack(block), at(u64::from(block)));
    }
    let stats = transfer.stats();
    assert!(stats.sent < 4 * stats.size, "{stats:?}");
}

#[test]
fn a_client_that_goes_silent_is_nudged_then_sent_everything_again() {
    let mut transfer = opened(99, Some(4));
    assert_sends(&transfer.on_packet(&ack(4), at(1)), 5..=8);
    assert_eq!(transfer.on_time(at(20)), Step::Wait);
    assert_sends(&transfer.on_time(at(21)), 8..=8);
    assert_sends(&transfer.on_time(at(221)), 5..=8);
    assert_eq!(transfer.due(), at(621));
    assert_sends(&transfer.on_time(at(621)), 5..=8);
    assert_sends(&transfer.on_packet(&ack(8), at(700)), 9..=12);
}

/// The acknowledgement was lost: the nudge brings it again, and its own echo is no report of a gap.
#[test]
fn a_needless_nudge_costs_one_block() {
    let mut transfer = opened(99, Some(4));
    assert_sends(&transfer.on_time(at(20)), 4..=4);
    assert_sends(&transfer.on_packet(&ack(4), at(21)), 5..=8);
    assert_eq!(transfer.on_packet(&ack(4), at(22)), Step::Wait);
    assert_eq!(transfer.stats().resent, 1);
}

/// GRUB stops acknowledging once 50 packets wait for it to unpack.
#[test]
fn a_stall_of_most_of_a_minute_is_survived_cheaply() {
    let mut transfer = opened(99, None);
    transfer.on_packet(&ack(1), at(1));
    let mut now = transfer.due();
    while now < at(59_000) {
        assert_sends(&transfer.on_time(now), 2..=2);
        now = transfer.due();
    }
    assert!(transfer.stats().resent < 25, "{:?}", transfer.stats());
    assert_sends(&transfer.on_packet(&ack(2), now), 3..=3);
    assert_eq!(transfer.stats().progress, now);
}

#[test]
fn a_minute_without_progress_ends_it() {
    let mut transfer = opened(99, Some(4));
    let mut now = at(0);
    let ended = loop {
        now = transfer.due().max(now);
        // It still talks, but it never gets further.
        transfer.on_packet(&ack(0), now);
        now = transfer.due().max(now);
        if let Step::Done(ended) = transfer.on_time(now) {
            break ended;
        }
    };
    assert_eq!(ended, Ended::Silent);
    assert!((60_000..70_000).contains(&now.millis()), "{now:?}");
}

#[test]
fn the_last_acknowledgement_may_be_lost() {
    let mut transfer = opened(2, None);
    assert_sends(&transfer.on_packet(&ack(1), at(1)), 2..=2);
    let mut resends = 0;
    let ended = loop {
        match transfer.on_time(transfer.due()) {
            Step::Send(flight) => resends += u64::from(flight.count),
            Step::Done(ended) => break ended,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((ended, resends), (Ended::Unconfirmed, 3));
    assert_eq!(transfer.stats().confirmed, 512);
}

/// Firmware with eight receive buffers that was busy for three seconds: everything ran over, and it asks again.
#[test]
fn a_client_that_slept_through_the_end_is_still_served() {
    let mut transfer = opened(4, Some(4));
    for time in [20, 220, 620] {
        assert!(matches!(transfer.on_time(at(time)), Step::Send(_)));
    }
    assert_eq!(transfer.on_time(at(3_000)), Step::Wait);
    assert_sends(&transfer.on_packet(&ack(0), at(3_000)), 1..=4);
    assert_eq!(transfer.on_packet(&ack(4), at(3_001)), Step::Done(Ended::Delivered));
}

#[test]
fn a_closed_port_says_so() {
    assert_eq!(opened(99, Some(4)).on_unreachable(), Step::Done(Ended::Gone));
    assert_eq!(opened(3, Some(4)).on_unreachable(), Step::Done(Ended::Unconfirmed));
}

#[test]
fn the_wire_wraps_and_the_transfer_does_not() {
    let mut transfer = opened(140_000, Some(64));
    let mut acked = 64_u64;
    while acked < 140_000 {
        let next = (acked + 64).min(140_000);
        assert_sends(&transfer.on_packet(&ack(wire(acked)), at(acked)), acked + 1..=next);
        acked = next;
    }
    assert_eq!(transfer.on_packet(&ack(wire(140_000)), at(acked)), Step::Done(Ended::Delivered));
    assert_eq!((transfer.stats().confirmed, transfer.stats().resent), (140_000 * 512 - 1, 0));
}
