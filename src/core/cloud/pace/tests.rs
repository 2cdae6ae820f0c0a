use super::*;

fn at(millis: u64) -> Moment {
    Moment::from_millis(1_800_000_000_000 + millis)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn graph() -> Pacer {
    Pacer::new(Limits::of(Service::Graph))
}

/// Sends one request that is answered at once.
fn send(pacer: &mut Pacer, cost: Cost, outcome: Outcome, now: Moment) -> Result<(), Moment> {
    let ticket = pacer.ready(cost, now)?;
    pacer.answered(ticket, outcome, now, 0);
    Ok(())
}

const TWENTY_WRITES: Cost = Cost { reads: 0, writes: 20 };

#[test]
fn a_hundred_writes_go_and_the_next_one_waits_for_the_window() {
    let mut pacer = graph();
    for batch in 0..5 {
        send(&mut pacer, TWENTY_WRITES, Outcome::Answered, at(batch * 100)).unwrap();
    }
    assert_eq!(pacer.ready(Cost::WRITE, at(500)), Err(at(20_001)));
    assert_eq!(pacer.view(at(500)).why, Some(Why::Limit));
    // Reads have room of their own.
    send(&mut pacer, Cost { reads: 20, writes: 0 }, Outcome::Answered, at(500)).unwrap();
    assert_eq!(pacer.ready(TWENTY_WRITES, at(20_000)), Err(at(20_001)));
    send(&mut pacer, TWENTY_WRITES, Outcome::Answered, at(20_001)).unwrap();
    assert_eq!(pacer.ready(Cost::WRITE, at(20_001)), Err(at(20_101)));
}

#[test]
fn what_nobody_waits_for_leaves_half_to_the_rest() {
    let mut pacer = graph();
    for _ in 0..2 {
        let ticket = pacer.ready_idle(TWENTY_WRITES, at(0)).unwrap();
        pacer.answered(ticket, Outcome::Answered, at(0), 0);
    }
    assert_eq!(pacer.ready_idle(TWENTY_WRITES, at(0)), Err(at(20_001)));
    send(&mut pacer, TWENTY_WRITES, Outcome::Answered, at(0)).unwrap();
    let ticket = pacer.ready_idle(TWENTY_WRITES, at(20_001)).unwrap();
    pacer.answered(ticket, Outcome::Answered, at(20_001), 0);
}

#[test]
fn what_is_under_way_counts_until_a_window_after_its_answer() {
    let mut pacer = graph();
    let slow = pacer.ready(Cost { reads: 0, writes: 100 }, at(0)).unwrap();
    // The service may count it at any time now.
    assert_eq!(pacer.ready(Cost::WRITE, at(60_000)), Err(at(61_000)));
    pacer.answered(slow, Outcome::Answered, at(70_000), 0);
    assert_eq!(pacer.ready(Cost::WRITE, at(70_000)), Err(at(90_001)));
}

#[test]
fn what_never_left_does_not_count() {
    let mut pacer = graph();
    let ticket = pacer.ready(Cost { reads: 0, writes: 100 }, at(0)).unwrap();
    pacer.answered(ticket, Outcome::NotSent, at(10), 0);
    assert_eq!(pacer.ready(Cost { reads: 0, writes: 100 }, at(10)), Err(at(510)));
    send(&mut pacer, Cost { reads: 0, writes: 100 }, Outcome::Answered, at(510)).unwrap();
}

#[test]
fn what_is_larger_than_a_window_goes_alone() {
    let mut pacer = graph();
    let large = Cost { reads: 0, writes: 150 };
    send(&mut pacer, Cost::READ, Outcome::Answered, at(0)).unwrap();
    assert_eq!(pacer.ready(large, at(1)), Err(at(20_001)));
    send(&mut pacer, large, Outcome::Answered, at(20_001)).unwrap();
}

#[test]
fn retry_after_is_waited_for_to_its_end_and_the_longest_counts() {
    let mut pacer = graph();
    let (one, two, three) = (
        pacer.ready(Cost::READ, at(0)).unwrap(),
        pacer.ready(Cost::READ, at(0)).unwrap(),
        pacer.ready(Cost::READ, at(0)).unwrap(),
    );
    pacer.answered(one, Outcome::Throttled { wait: Some(secs(30)) }, at(100), 0);
    pacer.answered(two, Outcome::Throttled { wait: Some(secs(10)) }, at(200), 0);
    pacer.answered(three, Outcome::Answered, at(300), 0);
    assert_eq!(pacer.ready(Cost::READ, at(30_099)), Err(at(30_100)));
    assert_eq!(pacer.view(at(300)).why, Some(Why::Asked));
    pacer.hurry(at(300));
    assert_eq!(pacer.ready(Cost::READ, at(400)), Err(at(30_100)), "a person cannot shorten it");
    send(&mut pacer, Cost::READ, Outcome::Answered, at(30_100)).unwrap();
}

#[test]
fn a_service_that_says_zero_is_not_flooded() {
    let mut pacer = graph();
    send(&mut pacer, Cost::READ, Outcome::Throttled { wait: Some(Duration::ZERO) }, at(0)).unwrap();
    assert_eq!(pacer.ready(Cost::READ, at(0)), Err(at(500)));
}

#[test]
fn without_a_retry_after_waits_double_and_are_spread() {
    let mut waits = vec![];
    for jitter in [0, u64::MAX] {
        let (mut pacer, mut now) = (graph(), at(0));
        for _ in 0..11 {
            let ticket = pacer.ready(Cost::READ, now).unwrap();
            pacer.answered(ticket, Outcome::Throttled { wait: None }, now, jitter);
            let next = pacer.ready(Cost::READ, now).unwrap_err();
            waits.push(next.since(now).as_millis());
            now = next;
        }
    }
    assert_eq!(waits[..11], [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 150_000, 150_000]);
    assert!(waits[11..].iter().zip(&waits).all(|(most, least)| least <= most && *most <= 2 * least), "{waits:?}");
    assert!(waits[11..] != waits[..11]);
}

#[test]
fn one_fit_of_the_service_is_one_failure() {
    let mut pacer = graph();
    let tickets: Vec<_> = (0..4).map(|_| pacer.ready(Cost::READ, at(0)).unwrap()).collect();
    for ticket in tickets {
        pacer.answered(ticket, Outcome::Faulty { wait: None }, at(10), 0);
    }
    assert_eq!(pacer.view(at(10)).failures, 1);
    assert_eq!(pacer.ready(Cost::READ, at(10)), Err(at(510)));
}

#[test]
fn after_failures_in_a_row_one_probe_goes_at_a_time() {
    let (mut pacer, mut now) = (graph(), at(0));
    for _ in 0..5 {
        let ticket = pacer.ready(Cost::READ, now).unwrap();
        pacer.answered(ticket, Outcome::Lost, now, 0);
        now = pacer.ready(Cost::READ, now).unwrap_err();
    }
    assert!(pacer.view(now).broken);
    let probe = pacer.ready(Cost::READ, now).unwrap();
    assert_eq!(pacer.ready(Cost::READ, now), Err(now.after(secs(1))));
    assert_eq!(pacer.view(now).why, Some(Why::Probe));
    pacer.answered(probe, Outcome::Answered, now, 0);
    let view = pacer.view(now);
    assert!(!view.broken && view.failures == 0 && view.why.is_none(), "{view:?}");
}

#[test]
fn a_probe_that_nobody_waited_for_does_not_close_the_way_for_ever() {
    let (mut pacer, mut now) = (graph(), at(0));
    for _ in 0..5 {
        let ticket = pacer.ready(Cost::READ, now).unwrap();
        pacer.answered(ticket, Outcome::NotSent, now, 0);
        now = pacer.ready(Cost::READ, now).unwrap_err();
    }
    let probe = pacer.ready(Cost::READ, now).unwrap();
    pacer.answered(probe, Outcome::Abandoned, now, 0);
    assert!(pacer.view(now).broken);
    send(&mut pacer, Cost::READ, Outcome::Answered, now).unwrap();
}

#[test]
fn a_line_that_is_down_is_tried_every_minute_and_at_once_for_a_person() {
    let (mut pacer, mut now) = (graph(), at(0));
    for _ in 0..20 {
        let ticket = pacer.ready(Cost::READ, now).unwrap();
        pacer.answered(ticket, Outcome::NotSent, now, u64::MAX);
        let next = pacer.ready(Cost::READ, now).unwrap_err();
        assert!(next.since(now) <= secs(60));
        now = next;
    }
    let ticket = pacer.ready(Cost::READ, now).unwrap();
    pacer.answered(ticket, Outcome::NotSent, now, 0);
    assert_eq!(pacer.view(now).why, Some(Why::NoLine));
    pacer.hurry(now);
    send(&mut pacer, Cost::READ, Outcome::Answered, now).unwrap();
}

#[test]
fn a_groaning_service_gets_fewer_at_a_time_and_more_when_it_recovers() {
    let mut pacer = graph();
    send(&mut pacer, Cost::READ, Outcome::Throttled { wait: Some(secs(1)) }, at(0)).unwrap();
    let together = |pacer: &mut Pacer, now: Moment| {
        let mut tickets = vec![];
        while let Ok(ticket) = pacer.ready(Cost::READ, now) {
            tickets.push(ticket);
        }
        let count = tickets.len();
        tickets.into_iter().for_each(|ticket| pacer.answered(ticket, Outcome::Answered, now, 0));
        count
    };
    let counts: Vec<_> = (1..8).map(|second| together(&mut pacer, at(second * 1_000))).collect();
    assert_eq!(counts, [2, 3, 4, 4, 4, 4, 4]);
}

#[test]
fn a_refusal_of_the_request_says_that_the_service_works() {
    let mut pacer = graph();
    send(&mut pacer, Cost::READ, Outcome::Lost, at(0)).unwrap();
    let answer = |status| Answer { status, retry_after: None, location: None, body: vec![] };
    for status in [200, 204, 301, 400, 401, 403, 404, 409] {
        assert_eq!(Outcome::of(&Ok(answer(status))), Outcome::Answered, "{status}");
    }
    for status in [408, 500, 502, 503, 504] {
        assert_eq!(Outcome::of(&Ok(answer(status))), Outcome::Faulty { wait: None }, "{status}");
    }
    send(&mut pacer, Cost::READ, Outcome::of(&Ok(answer(404))), at(500)).unwrap();
    assert_eq!(pacer.view(at(500)).failures, 0);
}

#[test]
fn the_worst_part_speaks_for_a_batch() {
    let throttled = |secs: Option<u64>| Outcome::Throttled { wait: secs.map(Duration::from_secs) };
    let all =
        [Outcome::Answered, Outcome::Faulty { wait: None }, throttled(None), throttled(Some(7)), throttled(Some(3))];
    let worst = all.into_iter().fold(Outcome::Answered, Outcome::worst);
    assert_eq!(worst, throttled(Some(7)));
    let worst = all.into_iter().rev().fold(Outcome::Answered, Outcome::worst);
    assert_eq!(worst, throttled(Some(7)));
}

#[test]
fn a_tenant_is_synchronised_once_in_ten_minutes() {
    let mut window = SyncWindow::default();
    assert_eq!(window.ready(at(0)), Ok(()));
    window.answered(Synced::Started, at(0));
    assert_eq!(window.ready(at(599_999)), Err(at(600_000)));
    assert_eq!(window.ready(at(600_000)), Ok(()));
    window.answered(Synced::TooSoon { wait: Some(secs(100)) }, at(600_000));
    assert_eq!(window.ready(at(600_001)), Err(at(700_000)));
    window.answered(Synced::TooSoon { wait: None }, at(700_000));
    assert_eq!(window.ready(at(700_000)), Err(at(1_300_000)));
    window.answered(Synced::Running, at(1_300_000));
    assert_eq!(window.ready(at(1_300_000)), Err(at(1_900_000)));
}

#[test]
fn what_others_asked_for_counts_too_and_a_clock_ahead_does_not_stop_us() {
    let mut window = SyncWindow::default();
    window.seen(at(0), at(200_000));
    assert_eq!(window.ready(at(200_000)), Err(at(600_000)));
    window.seen(at(90_000_000), at(300_000));
    assert_eq!(window.ready(at(300_000)), Err(at(900_000)));
    window.seen(at(0), at(300_000));
    assert_eq!(window.ready(at(300_000)), Err(at(900_000)), "what is known already is not forgotten");
}
