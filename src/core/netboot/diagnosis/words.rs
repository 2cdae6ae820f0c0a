//! Each finding in words: what happened, why, and what to do next.

use super::{Diagnosis, Finding, Standing};
use crate::{
    dhcp::netboot::{Architecture, Protocol},
    netboot::{Program, Stage},
    preflight::THIRD_PARTY_SETTING,
    problem::Problem,
};

impl Finding {
    pub fn diagnosis(&self, http_port: u16) -> Diagnosis {
        let (standing, headline) = match self {
            Self::UnderWay(stage) => (Standing::UnderWay, under_way(*stage)),
            Self::Arrived => (Standing::Arrived, "booted: the agent reported"),
            Self::Delivered(Program::QuickScan) => (Standing::AsTold, "quick scan delivered"),
            Self::Delivered(Program::WinPe) => (Standing::AsTold, "WinPE delivered"),
            Self::Delivered(Program::MemoryTest) => (Standing::AsTold, "memory test delivered"),
            Self::ToItsDisk => (Standing::AsTold, "sent to its own disk"),
            Self::LeftAlone => (Standing::AsTold, "left alone"),
            Self::NoPayload(..) => (Standing::Stuck, "nothing to boot for this kind of machine"),
            Self::NoBootEnvironment => (Standing::Stuck, "no boot environment on the bench"),
            Self::WantsCredentials => (Standing::Stuck, "firmware wants signed boot files (BIS)"),
            Self::PoolFull => (Standing::Stuck, "no address left for it"),
            Self::NotServing(_) => (Standing::Stuck, "the bench does not serve here"),
            Self::RivalFile { .. } => (Standing::Stuck, "another server's boot file wins"),
            Self::NoAddress => (Standing::Stuck, "nobody gives it an address"),
            Self::OtherNetwork { .. } => (Standing::Stuck, "it is in another network (VLAN?)"),
            Self::Relayed(_) => (Standing::Stuck, "it asks from another network"),
            Self::OfferNotTaken => (Standing::Stuck, "our offer was not taken"),
            Self::NeverFetched { .. } => (Standing::Stuck, "told what to load, never came for it"),
            Self::Stalled { .. } => (Standing::Stuck, "loading broke off"),
            Self::LoaderRefused { .. } => (Standing::Stuck, "loader delivered, firmware refused it"),
            Self::NoCardDriver => (Standing::Stuck, "iPXE loaded, network card silent"),
            Self::Missing { .. } => (Standing::Stuck, "a file is missing on the bench"),
            Self::SecondSilent => (Standing::Stuck, "stopped before the kernel"),
            Self::AgentSilent { .. } => (Standing::Stuck, "started, but the agent is silent"),
            Self::NeverSeen { .. } => (Standing::UnderWay, "not seen on the network"),
        };
        Diagnosis { standing, headline: headline.to_owned(), problem: self.problem(http_port) }
    }

    fn problem(&self, http_port: u16) -> Option<Problem> {
        let (what, why, next) = match self {
            Self::UnderWay(_) | Self::Arrived => return None,
            Self::Delivered(program) => {
                return Some(Problem::new(
                    format!("The {} was delivered to this laptop.", program.words()),
                    "From there on it says nothing to the bench.",
                    match program {
                        Program::MemoryTest => {
                            "Read its screen. If it says Access Denied, Secure Boot is on: nobody signs a memory test; switch \
                             Secure Boot off for the test, and on again afterwards."
                        }
                        Program::WinPe | Program::QuickScan => "Read its screen.",
                    },
                ));
            }
            Self::ToItsDisk => (
                "This laptop was sent on to its own disk.".to_owned(),
                "It has been captured, or somebody chose that for it; so a laptop left in network-boot order never loops.",
                "To scan it again press n and choose quick scan, then boot it from the network once more.".to_owned(),
            ),
            Self::LeftAlone => (
                "This machine is not answered.".to_owned(),
                "Somebody chose to leave it alone.",
                "If it is one of ours after all, press n and choose automatic.".to_owned(),
            ),
            Self::NoPayload(architecture, protocol) => no_payload(*architecture, *protocol),
            Self::NoBootEnvironment => (
                "There is nothing to boot on this bench.".to_owned(),
                "The boot environment was never made, or its files changed since.",
                "Run scripts/bootenv, then restart whiteglove.".to_owned(),
            ),
            Self::WantsCredentials => (
                "The firmware wants boot files with a signature of the Boot Integrity Services.".to_owned(),
                "BIS is on in its setup; no boot server signs for it any more.",
                "Turn BIS off in the firmware setup, or use a stick.".to_owned(),
            ),
            Self::PoolFull => (
                "No address is left for this laptop.".to_owned(),
                "Every address of the pool is leased.",
                "Widen first and last of that [[netboot]] in the configuration, or shorten its lease.".to_owned(),
            ),
            Self::NotServing(why) => (
                "The bench saw this laptop ask and could not answer.".to_owned(),
                why.as_str(),
                "Press s for the network screen: it says what to do about that port.".to_owned(),
            ),
            Self::RivalFile { server, file } => {
                return Some(Problem::new(
                    format!("This laptop follows another boot server, {server}."),
                    format!("It names \"{file}\", and firmware prefers that to our offer."),
                    format!(
                        "Switch network boot off on {server} (options 60, 66 and 67), or give the bench a switch of \
                         its own and mode = \"own\"."
                    ),
                ));
            }
            Self::NoAddress => (
                "Nobody gives this laptop an address.".to_owned(),
                "In proxy mode the network's own DHCP server has to, and none was seen to answer.",
                "Check that the bench switch is connected to that network; on an isolated switch press s and choose own \
                 DHCP."
                    .to_owned(),
            ),
            Self::OtherNetwork { server, address, ours: (own, prefix) } => {
                return Some(Problem::new(
                    "This laptop is in another network than the bench.".to_owned(),
                    format!("{server} offers it {address}, and we are at {own}/{prefix}. A wrong VLAN, most likely."),
                    format!(
                        "Plug it into a port of the bench's VLAN, or let the router between the two pass UDP 69 and 4011 and \
                         TCP {http_port}."
                    ),
                ));
            }
            Self::Relayed(relay) => {
                return Some(Problem::new(
                    "This laptop asks from behind a router.".to_owned(),
                    format!("Its question came through {relay}, and our answer goes back there; it was not taken."),
                    "Plug it into the bench switch. If it has to stay there, let the router pass UDP 67, 69 and 4011.",
                ));
            }
            Self::OfferNotTaken => (
                "This laptop did not take our offer.".to_owned(),
                "It asked, we answered, and it asked nothing further: the answer was lost, came before the firmware \
                 listened, or the firmware was interrupted.",
                "Try once more and wait a minute. If it stays so: switch off spanning tree on that port (or turn on \
                 PortFast), or set delay = 1 for that [[netboot]]."
                    .to_owned(),
            ),
            Self::NeverFetched { file } => {
                return Some(Problem::new(
                    format!("This laptop was told to load {file} and never came for it."),
                    format!(
                        "Its way to UDP port 69 (or TCP {http_port} for HTTP Boot) of the bench is closed, or it left through \
                         another network card."
                    ),
                    "Check this box's firewall: `nft list ruleset`. Unplug other cables and docks of the laptop.",
                ));
            }
            Self::Stalled { file, how } => {
                return Some(Problem::new(
                    format!("Loading {file} broke off."),
                    format!("{how}. A cable, a dongle or a switch port that loses packets, or the laptop was switched off."),
                    "Try another cable and another port of the switch, then boot it again.",
                ));
            }
            Self::LoaderRefused { file, tries } => {
                let often = if *tries > 1 { format!(", {tries} times") } else { String::new() };
                return Some(Problem::new(
                    format!("{file} was delivered whole{often}, and the laptop did not start it."),
                    "Firmware with Secure Boot on refuses it silently if \"Microsoft 3rd Party UEFI CA\" is off, as it is on \
                     Secured-core laptops.",
                    format!("In the firmware setup turn on {THIRD_PARTY_SETTING}, then boot it again."),
                ));
            }
            Self::NoCardDriver => (
                "iPXE was delivered, and then nothing came.".to_owned(),
                "It uses the network card through its own ROM, which some cards do badly.",
                "Try the laptop's other network port or a USB network adapter; or use a stick.".to_owned(),
            ),
            Self::Missing { file } => {
                return Some(Problem::new(
                    format!("This laptop asked for {file}, which the bench does not have."),
                    "The boot environment is incomplete or older than this program.",
                    "Run scripts/bootenv --refresh, then restart whiteglove.",
                ));
            }
            Self::SecondSilent => (
                "This laptop stopped before it loaded the kernel.".to_owned(),
                "GRUB or iPXE runs and its network does not, or it shows an error.",
                "Read what it shows. Switch it off for ten seconds and try again; if it stays so, use a stick.".to_owned(),
            ),
            Self::AgentSilent { endpoint_up: false } => (
                "The laptop started, and cannot report.".to_owned(),
                "The bench's own endpoint does not listen.",
                "Look at the error on the board; the agent keeps trying and goes on by itself.".to_owned(),
            ),
            Self::AgentSilent { endpoint_up: true } => {
                return Some(Problem::new(
                    "Kernel and agent were delivered, and the agent never reported.",
                    format!(
                        "No driver for its network card is in the boot environment, or TCP port {http_port} of the bench is \
                         closed."
                    ),
                    "Read the laptop's screen: it says which. Try a USB network adapter (Realtek or ASIX), or check this \
                     box's firewall with `nft list ruleset`.",
                ));
            }
            Self::NeverSeen { serving: true } => (
                "Nothing was heard from this laptop on the network.".to_owned(),
                "Its firmware did not ask: network boot is off, the cable is in a port that is not the bench's, or it uses \
                 another network card.",
                "Check the link lights. In the firmware setup turn on the network stack (PXE or HTTP Boot), then choose the \
                 network in its boot menu (F12; HP: F9)."
                    .to_owned(),
            ),
            Self::NeverSeen { serving: false } => (
                "Nothing was heard from this laptop on the network.".to_owned(),
                "The bench serves no network.",
                "Press s and turn a port on, or boot the laptop from a stick.".to_owned(),
            ),
        };
        Some(Problem::new(what, why, next))
    }
}

fn under_way(stage: Stage) -> &'static str {
    match stage {
        Stage::Asked => "asking",
        Stage::Told => "answered, waiting for it to load",
        Stage::Fetching => "loading its first file",
        Stage::Loader => "starting the loader",
        Stage::Second => "loading the kernel",
        Stage::System => "starting the agent",
        Stage::Agent => "booted",
    }
}

fn no_payload(architecture: Architecture, protocol: Protocol) -> (String, &'static str, String) {
    let how = match protocol {
        Protocol::Pxe => "PXE",
        Protocol::Http => "HTTP Boot",
        Protocol::Ipxe => "iPXE",
    };
    let next = match architecture {
        Architecture::X64 => {
            "Choose another program for it (n). The memory test and WinPE need their files: whiteglove doctor says which \
             are there."
        }
        Architecture::Bios => {
            "Switch its firmware from legacy to UEFI boot; or run scripts/bootenv, which brings iPXE for it."
        }
        _ => {
            "Boot it into Windows setup, export its hash there (Ctrl+Shift+D, or the diagnostics export), then import the file."
        }
    };
    (
        format!("The bench has nothing to boot for {architecture} by {how}."),
        "Each kind of processor needs a boot environment of its own, and whiteglove's is for x64.",
        next.to_owned(),
    )
}
