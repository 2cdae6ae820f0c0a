//! A pacer against a service that counts for itself, with a clock that jumps from event to event.

#![allow(clippy::cast_possible_truncation, reason = "times of a simulation")]

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;

const START: u64 = 1_800_000_000_000;

/// What the service does with everything that arrives in a time.
#[derive(Debug, Clone, Copy)]
enum Mood {
    /// 429, and says how long this will last.
    Throttles,
    /// 429, and says nothing.
    ThrottlesSilently,
    Fails,
    /// Swallows them.
    Swallows,
    /// Cannot be reached.
    Away,
}

#[derive(Debug, Clone)]
struct Bad {
    from: u64,
    until: u64,
    mood: Mood,
}

#[derive(Debug, Clone)]
struct Case {
    jobs: Vec<Cost>,
    bad: Vec<Bad>,
    /// To the service and back, milliseconds; taken in turn.
    ways: Vec<(u64, u64)>,
    jitter: Vec<u64>,
}

#[derive(Debug)]
enum Event {
    Arrives { ticket: Ticket, job: Cost, back: u64 },
    Answer { ticket: Ticket, job: Cost, outcome: Outcome },
}

struct Run {
    took: u64,
    requests: u32,
}

/// Milliseconds until all is done.
fn run(case: &Case, limits: Limits) -> Result<Run, TestCaseError> {
    let mut pacer = Pacer::new(limits);
    let mut queue: VecDeque<Cost> = case.jobs.iter().copied().collect();
    let mut events: BTreeMap<(u64, u64), Event> = BTreeMap::new();
    let mut seen: VecDeque<(u64, Cost)> = VecDeque::new();
    let (mut now, mut number, mut forbidden_until, mut left) = (0_u64, 0_u64, 0_u64, case.jobs.len());
    let mut requests = 0;
    let at = |now: u64| Moment::from_millis(START + now);
    let last_bad = case.bad.iter().map(|bad| bad.until).max().unwrap_or(0);
    let windows = case.jobs.len() as u64 + 1;
    let deadline = last_bad + 2 * 300_000 + windows * 30_000;
    while left > 0 {
        prop_assert!(now <= deadline, "it starves: {left} left at {now}");
        let mut wake = u64::MAX;
        while let Some(job) = queue.front().copied() {
            match pacer.ready(job, at(now)) {
                Ok(ticket) => {
                    prop_assert!(now >= forbidden_until, "sent at {now}, asked to wait until {forbidden_until}");
                    queue.pop_front();
                    let (there, back) = case.ways[number as usize % case.ways.len()];
                    number += 1;
                    requests += 1;
                    events.insert((now + there, number), Event::Arrives { ticket, job, back });
                }
                Err(next) => {
                    prop_assert!(next > at(now), "a time that is over");
                    wake = next.millis() - START;
                    break;
                }
            }
        }
        let next_event = events.first_key_value().map_or(u64::MAX, |(key, _)| key.0);
        now = wake.min(next_event);
        prop_assert!(now < u64::MAX, "nothing will ever happen again");
        while let Some(entry) = events.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                Event::Arrives { ticket, job, back } => {
                    let mood = case.bad.iter().find(|bad| (bad.from..bad.until).contains(&now));
                    let outcome = match mood.map(|bad| (bad.mood, bad.until)) {
                        None => Outcome::Answered,
                        Some((Mood::Away, _)) => Outcome::NotSent,
                        Some((Mood::Swallows, _)) => Outcome::Lost,
                        Some((Mood::Fails, _)) => Outcome::Faulty { wait: None },
                        Some((Mood::ThrottlesSilently, _)) => Outcome::Throttled { wait: None },
                        Some((Mood::Throttles, until)) => {
                            Outcome::Throttled { wait: Some(Duration::from_secs((until - now).div_ceil(1_000))) }
                        }
                    };
                    if outcome != Outcome::NotSent {
                        seen.push_back((now, job));
                        while seen.front().is_some_and(|(at, _)| at + limits.window.as_millis() as u64 <= now) {
                            seen.pop_front();
                        }
                        let writes: u32 = seen.iter().map(|(_, cost)| cost.writes).sum();
                        let any: u32 = seen.iter().map(|(_, cost)| cost.writes + cost.reads).sum();
                        prop_assert!(writes <= limits.writes && any <= limits.any, "{writes} writes, {any} in all");
                    }
                    number += 1;
                    events.insert((now + back, number), Event::Answer { ticket, job, outcome });
                }
                Event::Answer { ticket, job, outcome } => {
                    let jitter = case.jitter[number as usize % case.jitter.len()];
                    pacer.answered(ticket, outcome, at(now), jitter);
                    match outcome {
                        Outcome::Answered => left -= 1,
                        _ => queue.push_back(job),
                    }
                    if let Outcome::Throttled { wait: Some(wait) } = outcome {
                        forbidden_until = forbidden_until.max(now + wait.as_millis() as u64);
                    }
                }
            }
        }
    }
    Ok(Run { took: now, requests })
}

fn cost() -> impl Strategy<Value = Cost> {
    prop_oneof![
        Just(Cost::READ),
        Just(Cost::WRITE),
        (1..=20_u32).prop_map(|reads| Cost { reads, writes: 0 }),
        (1..=20_u32).prop_map(|writes| Cost { reads: 0, writes }),
    ]
}

fn bad() -> impl Strategy<Value = Bad> {
    let mood = prop_oneof![
        Just(Mood::Throttles),
        Just(Mood::ThrottlesSilently),
        Just(Mood::Fails),
        Just(Mood::Swallows),
        Just(Mood::Away),
    ];
    (0..120_000_u64, 1..90_000_u64, mood).prop_map(|(from, length, mood)| Bad { from, until: from + length, mood })
}

fn case(bad: impl Strategy<Value = Vec<Bad>>) -> impl Strategy<Value = Case> {
    let ways = prop::collection::vec((0..3_000_u64, 0..3_000_u64), 1..20);
    let jitter = prop::collection::vec(any::<u64>(), 1..20);
    (prop::collection::vec(cost(), 1..60), bad, ways, jitter).prop_map(|(jobs, bad, ways, jitter)| Case {
        jobs,
        bad,
        ways,
        jitter,
    })
}

fn total(jobs: &[Cost], of: impl Fn(&Cost) -> u32) -> u64 {
    jobs.iter().map(|cost| u64::from(of(cost))).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever the service does: its limits are kept, its wishes too, and all gets done in the end.
    #[test]
    fn limits_and_wishes_are_kept_and_all_gets_done(case in case(prop::collection::vec(bad(), 0..5))) {
        run(&case, Limits::of(Service::Graph))?;
        run(&case, Limits::of(Service::PartnerCenter))?;
    }

    /// On a good day a request goes out once, and the time is nearly what the limits leave.
    #[test]
    fn on_a_good_day_it_is_near_the_floor(case in case(Just(vec![]))) {
        let limits = Limits::of(Service::Graph);
        let done = run(&case, limits)?;
        prop_assert_eq!(done.requests as usize, case.jobs.len());
        let slowest = case.ways.iter().map(|(there, back)| there + back).max().unwrap_or(0);
        // A request that does not fit any more leaves up to nineteen places of its window empty.
        let writes = total(&case.jobs, |cost| cost.writes).div_ceil(u64::from(limits.writes - 19));
        let all = total(&case.jobs, |cost| cost.reads + cost.writes).div_ceil(u64::from(limits.any - 19));
        let windows = writes.max(all).saturating_sub(1);
        let in_turn = (case.jobs.len() as u64).div_ceil(u64::from(limits.at_once)) * slowest;
        prop_assert!(
            done.took <= windows * (20_001 + slowest) + in_turn + slowest,
            "{} ms for {windows} windows", done.took
        );
    }
}

/// 500 laptops on a usual day: imports of a hundred, a look at each state by list, each registration read twice.
#[test]
fn five_hundred_laptops_take_no_longer_than_the_limits_make_them() {
    let mut jobs = vec![Cost::WRITE; 5];
    jobs.extend([Cost::READ; 10]);
    jobs.extend([Cost { reads: 20, writes: 0 }; 50]);
    jobs.extend([TWENTY_WRITES; 25]);
    let case = Case { jobs, bad: vec![], ways: vec![(150, 250), (200, 300)], jitter: vec![7] };
    let done = run(&case, Limits::of(Service::Graph)).unwrap();
    // 505 writes are five windows to wait for; reads fit beside them.
    let floor = 5 * 20_000;
    assert!(done.took >= floor && done.took <= floor * 11 / 10, "{} ms", done.took);
}

const TWENTY_WRITES: Cost = Cost { reads: 0, writes: 20 };
