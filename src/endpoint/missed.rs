//! Who asked for what is not there. A loader looks for a dozen such names; whoever asks for more is no loader and must
//! not fill a laptop's story.

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
    time::Duration,
};

use whiteglove_core::clock::Moment;

const WHILE: Duration = Duration::from_secs(1);
/// Of one client.
const MOST_NAMES: usize = 16;
const MOST_CLIENTS: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Missed {
    since: Moment,
    names: HashMap<Ipv4Addr, HashSet<String>>,
}

impl Missed {
    /// Whether it is worth telling: the first time within a second, and not one of many.
    pub(super) fn is_news(&mut self, client: Ipv4Addr, name: &str, now: Moment) -> bool {
        if now.since(self.since) >= WHILE || now < self.since {
            self.since = now;
            self.names.clear();
        }
        if self.names.len() >= MOST_CLIENTS && !self.names.contains_key(&client) {
            return false;
        }
        let names = self.names.entry(client).or_default();
        names.len() < MOST_NAMES && names.insert(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_names_is_told_in_part_and_hides_nobody_else() {
        let mut missed = Missed::default();
        let [loader, flood] = [1, 2].map(|last| Ipv4Addr::new(192, 168, 7, last));
        let at = Moment::from_millis;
        let told = (0..10_000).filter(|n| missed.is_news(flood, &n.to_string(), at(5_000))).count();
        assert_eq!(told, MOST_NAMES);
        assert!(missed.is_news(loader, "revocations.efi", at(5_100)));
        assert!(!missed.is_news(loader, "revocations.efi", at(5_999)));
        assert!(missed.is_news(loader, "revocations.efi", at(6_100)));
        assert!(missed.is_news(loader, "revocations.efi", at(10)), "the clock was set back");
        for n in 0..100_000_u32 {
            missed.is_news(Ipv4Addr::from(n), "name", at(11));
        }
        assert!(missed.names.len() <= MOST_CLIENTS);
    }
}
