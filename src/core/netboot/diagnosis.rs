//! "Why did this laptop not boot?" The furthest point that a machine reached, how long ago, and who else
//! spoke to it, turned into a named finding with the next step.

use std::{net::Ipv4Addr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Mode, PortState, PortView, Program, Seen, Stage, Story, Withheld, files::is_own_disk, story::Role};
use crate::{
    clock::Moment,
    dhcp::netboot::{Architecture, Protocol},
    problem::Problem,
};

mod words;

/// After our offer the firmware asks port 4011 or fetches within its own four seconds; it hears the other
/// server's offer for as long again.
const OFFER_TAKEN: Duration = Duration::from_secs(12);
/// From one file to the next. shim and GRUB ask at once, slow firmware verifies for some seconds.
const NEXT_FILE: Duration = Duration::from_secs(20);
/// A transfer that stands still.
const STALLED: Duration = Duration::from_secs(15);
/// From the initramfs to the agent's first word: drivers, a switch port that learns for 50 s, an address.
const AGENT: Duration = Duration::from_secs(100);

/// What the bench knows of the network beside the story itself.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    pub ports: &'a [PortView],
    /// Another server was seen to give addresses lately.
    pub addresses_elsewhere: bool,
    /// Where the agent reports to.
    pub endpoint_up: bool,
    /// On this port.
    pub http_port: u16,
    pub now: Moment,
}

/// How a machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing is wrong so far.
    UnderWay,
    /// The agent spoke.
    Arrived,
    /// It was told to go elsewhere, and went.
    AsTold,
    /// Somebody has to do something.
    Stuck,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    pub standing: Standing,
    /// In a few words.
    pub headline: String,
    /// What it means and what to do; none while all is well.
    pub problem: Option<Problem>,
}

/// What the story comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    UnderWay(Stage),
    Arrived,
    /// It has what somebody chose for it; from there on it says nothing to us.
    Delivered(Program),
    ToItsDisk,
    LeftAlone,
    NoPayload(Architecture, Protocol),
    NoBootEnvironment,
    WantsCredentials,
    PoolFull,
    /// We saw it ask and were not serving on that network.
    NotServing(String),
    /// Firmware prefers what this server names.
    RivalFile {
        server: Ipv4Addr,
        file: String,
    },
    /// Nobody gives it an address; a proxy never does.
    NoAddress,
    /// Somebody gives it an address that cannot reach us.
    OtherNetwork {
        server: Ipv4Addr,
        address: Ipv4Addr,
        ours: (Ipv4Addr, u8),
    },
    /// It asks through a router.
    Relayed(Ipv4Addr),
    /// Our offer, and nothing after it.
    OfferNotTaken,
    /// It was told a file and never fetched it.
    NeverFetched {
        file: String,
    },
    Stalled {
        file: String,
        how: String,
    },
    /// The first file arrived whole; the machine did not start it.
    LoaderRefused {
        file: String,
        tries: u32,
    },
    /// iPXE was loaded and does not speak.
    NoCardDriver,
    /// GRUB or iPXE runs and lacks a file.
    Missing {
        file: String,
    },
    SecondSilent,
    /// Kernel and initramfs arrived; the agent never spoke.
    AgentSilent {
        endpoint_up: bool,
    },
    /// Not one packet.
    NeverSeen {
        serving: bool,
    },
}

/// Of a machine that was seen.
pub(super) fn diagnose(story: &Story, around: &Around<'_>) -> Diagnosis {
    finding(story, around).diagnosis(around.http_port)
}

/// Of a machine of which nothing was seen.
pub(super) fn never_seen(around: &Around<'_>) -> Diagnosis {
    let serving = around.ports.iter().any(|port| matches!(port.state, PortState::Serving | PortState::Beside(_)));
    Finding::NeverSeen { serving }.diagnosis(around.http_port)
}

fn finding(story: &Story, around: &Around<'_>) -> Finding {
    let quiet = around.now.since(story.last);
    let Some(reached) = story.reached() else { return Finding::UnderWay(Stage::Asked) };
    if is_own_disk(&first_told(story)) && reached < Stage::Loader {
        return Finding::ToItsDisk;
    }
    if let Some(program) = delivered(story) {
        return Finding::Delivered(program);
    }
    let waiting = |patience: Duration| quiet < patience;
    match reached {
        Stage::Agent => Finding::Arrived,
        Stage::Asked | Stage::Told => asked(story, around, reached),
        Stage::Fetching => match broken(story) {
            Some(found) => found,
            None if waiting(STALLED) => Finding::UnderWay(reached),
            None => Finding::Stalled { file: first_told(story), how: "it stopped asking".to_owned() },
        },
        Stage::Loader | Stage::Second if waiting(NEXT_FILE) => Finding::UnderWay(reached),
        Stage::Loader | Stage::Second => stopped(story, reached),
        Stage::System if waiting(AGENT) => Finding::UnderWay(reached),
        Stage::System => Finding::AgentSilent { endpoint_up: around.endpoint_up },
    }
}

/// A program of its own was loaded whole.
fn delivered(story: &Story) -> Option<Program> {
    story.of_this_try().find_map(|event| match &event.seen {
        Seen::Fetched { name, .. } if matches!(name.as_str(), "memtest.efi" | "memtest.bin") => {
            Some(Program::MemoryTest)
        }
        Seen::Fetched { name, .. } if name.starts_with("winpe/") && name.ends_with(".wim") => Some(Program::WinPe),
        _ => None,
    })
}

/// It has a loader, perhaps more, and then nothing came for a while.
fn stopped(story: &Story, reached: Stage) -> Finding {
    if let Some(found) = broken(story) {
        return found;
    }
    let last = story.of_this_try().next_back().map(|event| &event.seen);
    match last {
        Some(Seen::Fetching { name, .. } | Seen::Probed { name, .. }) => {
            return Finding::Stalled { file: name.clone(), how: "it stopped asking".to_owned() };
        }
        Some(Seen::NotThere { name, .. }) if Role::of(name) != Role::Loader => {
            return Finding::Missing { file: name.clone() };
        }
        _ => {}
    }
    let loader_is_last = matches!(last, Some(Seen::Fetched { .. } | Seen::Asked { .. } | Seen::Told { .. }));
    match reached {
        // Whoever looks for its revocations runs.
        Stage::Loader if !loader_is_last => Finding::SecondSilent,
        Stage::Loader if story.architecture == Some(Architecture::Bios) => Finding::NoCardDriver,
        Stage::Loader => Finding::LoaderRefused { file: last_fetched(story), tries: story.loaders_in_vain + 1 },
        _ => Finding::SecondSilent,
    }
}

/// It asked, and did not begin to fetch.
fn asked(story: &Story, around: &Around<'_>, reached: Stage) -> Finding {
    let withheld = story.of_this_try().rev().find_map(|event| match event.seen {
        Seen::Withheld(why) => Some(why),
        _ => None,
    });
    let port = around.ports.iter().find(|port| port.interface == story.port);
    match withheld {
        Some(Withheld::Ignored) => return Finding::LeftAlone,
        Some(Withheld::NoPayload(architecture, protocol)) => return Finding::NoPayload(architecture, protocol),
        Some(Withheld::NoBootEnvironment) => return Finding::NoBootEnvironment,
        Some(Withheld::Credentials) => return Finding::WantsCredentials,
        Some(Withheld::PoolFull) => return Finding::PoolFull,
        None => {}
    }
    if reached == Stage::Asked
        && let Some(problem) = port.and_then(|port| port.state.problem())
    {
        return Finding::NotServing(problem.what.clone());
    }
    // Retries keep the story fresh, so what counts is when it began.
    if around.now.since(story.began) < OFFER_TAKEN {
        return Finding::UnderWay(reached);
    }
    let rivals = || {
        story.of_this_try().filter_map(|event| match &event.seen {
            Seen::Rival { server, address, file, wins } => Some((*server, *address, file.clone(), *wins)),
            _ => None,
        })
    };
    if let Some((server, file)) = rivals().find_map(|(server, _, file, wins)| Some((server, file.filter(|_| wins)?))) {
        return Finding::RivalFile { server, file };
    }
    let ours = port.and_then(|port| port.address);
    let elsewhere = |address: Ipv4Addr, (own, prefix): (Ipv4Addr, u8)| {
        let shift = 32 - u32::from(prefix.min(32));
        (u64::from(address.to_bits()) >> shift) != (u64::from(own.to_bits()) >> shift)
    };
    if let Some(ours) = ours
        && let Some((server, address)) =
            rivals().find_map(|(server, address, ..)| Some((server, address.filter(|at| elsewhere(*at, ours))?)))
    {
        return Finding::OtherNetwork { server, address, ours };
    }
    if let Some(relay) = story.of_this_try().find_map(|event| match event.seen {
        Seen::Asked { relay, .. } => relay,
        _ => None,
    }) {
        return Finding::Relayed(relay);
    }
    let own = port.is_some_and(|port| port.mode == Mode::Own && port.state == PortState::Serving);
    if !own && !around.addresses_elsewhere && rivals().all(|(_, address, ..)| address.is_none()) {
        return Finding::NoAddress;
    }
    let by_boot_server =
        story.of_this_try().any(|event| matches!(event.seen, Seen::Told { boot_server: true, .. } | Seen::Leased(_)));
    match by_boot_server {
        true => Finding::NeverFetched { file: first_told(story) },
        false => Finding::OfferNotTaken,
    }
}

fn broken(story: &Story) -> Option<Finding> {
    // What was mended since is no trouble.
    match story.of_this_try().rev().find(|event| matches!(event.seen, Seen::Broken { .. } | Seen::Fetched { .. })) {
        Some(super::Event { seen: Seen::Broken { name, how, .. }, .. }) => {
            Some(Finding::Stalled { file: name.clone(), how: how.clone() })
        }
        _ => None,
    }
}

fn first_told(story: &Story) -> String {
    let told = story.of_this_try().rev().find_map(|event| match &event.seen {
        Seen::Told { file, .. } => Some(file.clone()),
        _ => None,
    });
    told.unwrap_or_else(|| "its boot file".to_owned())
}

fn last_fetched(story: &Story) -> String {
    let fetched = story.of_this_try().rev().find_map(|event| match &event.seen {
        Seen::Fetched { name, .. } => Some(name.clone()),
        _ => None,
    });
    fetched.unwrap_or_else(|| first_told(story))
}

#[cfg(test)]
mod tests;
