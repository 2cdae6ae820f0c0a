//! Whose packet it is.

use super::*;
use crate::testing;

const DONGLE: Mac = Mac([0x00, 0xe0, 0x4c, 1, 2, 3]);
const THERE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 50);

fn laptop(seed: u8) -> Who {
    Who { uuid: Some(SystemUuid(testing::uuid(seed))), mac: Some(DONGLE), address: None }
}

fn asks(protocol: Protocol) -> Seen {
    Seen::Asked { architecture: Architecture::X64, protocol, boot_server: false, relay: None }
}

fn saw(stories: &mut Stories, at: u64, who: Who, seen: Seen) -> bool {
    stories.observe(Sighting { at: Moment::from_millis(at), port: "e0".into(), who, seen })
}

#[test]
fn a_shared_dongle_tells_two_stories() {
    let mut stories = Stories::default();
    assert!(saw(&mut stories, 0, laptop(1), asks(Protocol::Pxe)));
    assert!(!saw(&mut stories, 4_000, laptop(1), asks(Protocol::Pxe)));
    assert!(saw(&mut stories, 90_000, laptop(2), asks(Protocol::Pxe)));
    // A rival's answer names the address only: it is for who asked last.
    let rival = Seen::Rival { server: Ipv4Addr::new(10, 0, 0, 1), address: Some(THERE), file: None, wins: false };
    saw(&mut stories, 90_001, Who { mac: Some(DONGLE), ..Who::default() }, rival);
    let events = |seed| {
        let story = stories.all().find(|story| story.uuid == laptop(seed).uuid).unwrap();
        story.events().count()
    };
    assert_eq!((events(1), events(2)), (1, 2));
}

#[test]
fn addresses_lead_to_who_has_them() {
    let mut stories = Stories::default();
    saw(&mut stories, 0, laptop(1), asks(Protocol::Pxe));
    saw(&mut stories, 1, laptop(1), Seen::Leased(THERE));
    let fetched = Seen::Fetched { name: "shimx64.efi".into(), size: 9, millis: 3, by: super::super::Carrier::Tftp };
    saw(&mut stories, 2, Who::at(THERE), fetched);
    assert_eq!(stories.at(THERE).unwrap().reached(), Some(Stage::Loader));
    // Somebody who never asked for anything to boot is no story, whatever he fetches.
    let stranger = Who::at(Ipv4Addr::new(10, 0, 0, 9));
    assert!(!saw(&mut stories, 3, stranger, Seen::NotThere { name: "x".into(), by: super::super::Carrier::Http }));
    assert_eq!(stories.all().count(), 1);
}

#[test]
fn retries_are_one_try_and_counted() {
    let mut stories = Stories::default();
    for at in [0, 4_000, 12_000, 28_000, 60_000] {
        saw(&mut stories, at, laptop(1), asks(Protocol::Pxe));
        let told = Seen::Told { file: "shimx64.efi".into(), boot_server: false };
        saw(&mut stories, at + 1, laptop(1), told);
    }
    let story = stories.all().next().unwrap();
    let times: Vec<_> = story.of_this_try().map(|event| event.times).collect();
    assert_eq!((times, story.began), (vec![5, 5], Moment::from_millis(0)));
    saw(&mut stories, 130_000, laptop(1), asks(Protocol::Pxe));
    let story = stories.all().next().unwrap();
    assert_eq!((story.of_this_try().count(), story.began), (1, Moment::from_millis(130_000)));
}

#[test]
fn more_machines_than_a_bench_has_push_the_oldest_out() {
    let mut stories = Stories::default();
    for n in 0..3_000_u32 {
        let [a, b, c, d] = n.to_be_bytes();
        let who = Who { mac: Some(Mac([0, 0x50, a, b, c, d])), ..Who::default() };
        saw(&mut stories, u64::from(n), who, asks(Protocol::Pxe));
    }
    assert_eq!(stories.all().count(), MOST);
    assert_eq!(stories.by_mac.len(), MOST);
}

proptest::proptest! {
    #[test]
    fn nothing_that_is_seen_panics_or_grows(script in proptest::collection::vec((0..4_u8, 0..9_u8, 0..100_000_u64), 0..400)) {
        let mut stories = Stories::default();
        let mut now = 0;
        for (who, what, wait) in script {
            now += wait;
            let who = match who {
                0 => Who { mac: Some(DONGLE), ..Who::default() },
                3 => Who::at(THERE),
                seed => laptop(seed),
            };
            let by = super::super::Carrier::Tftp;
            let seen = match what {
                0 => asks(Protocol::Pxe),
                1 => asks(Protocol::Ipxe),
                2 => Seen::Told { file: "shimx64.efi".into(), boot_server: true },
                3 => Seen::Leased(THERE),
                4 => Seen::Fetched { name: "shimx64.efi".into(), size: 1, millis: 1, by },
                5 => Seen::Fetched { name: "boot/vmlinuz".into(), size: 1, millis: now, by },
                6 => Seen::NotThere { name: format!("x{now}"), by },
                7 => Seen::Hello,
                _ => Seen::Broken { name: "grubx64.efi".into(), had: 1, size: 2, how: "silent".into(), by },
            };
            saw(&mut stories, now, who, seen);
            let around = Around { ports: &[], addresses_elsewhere: false, endpoint_up: true, http_port: 8780, now: Moment::from_millis(now + 50_000) };
            let list = stories.list(&around, |_| None);
            proptest::prop_assert!(list.len() <= 4);
            proptest::prop_assert!(stories.all().all(|story| story.events().count() <= 96));
        }
    }
}
