//! `whiteglove doctor`: everything the bench stands on, checked without changing anything.

use whiteglove_core::{
    bench::Bench,
    netboot::{Mode, NetworkView, PortState, Program, files},
    problem::Problem,
    sign_in::Expiry,
};
use whiteglove_image::boot::BootEnv;

use super::{netboot::ports_table, print, read_journal};
use crate::{
    clock::now,
    config::Config,
    endpoint,
    journal::{self, Verified},
    registrar::vault::{Effort, Vault},
    session,
};

/// What a check came to.
enum Outcome {
    Good(String),
    /// It works without, and less.
    Lacking(Problem),
    Bad(Problem),
}

/// # Errors
/// Something is bad; it has been printed by then.
pub async fn doctor(config: &Config) -> Result<(), Problem> {
    let (journal, bench) = journal_check(config).await;
    let mut outcomes = vec![journal];
    outcomes.extend(boot_environment(config));
    outcomes.extend(credentials(config));
    let running = session::look(config, None).await.ok().map(|(snapshot, _)| snapshot);
    let network = match &running {
        Some(snapshot) => {
            outcomes.push(match &snapshot.endpoint_problem {
                Some(problem) => Outcome::Bad(problem.clone()),
                None => Outcome::Good(format!("The endpoint answers at {}.", snapshot.endpoints.join(" "))),
            });
            (*snapshot.network).clone()
        }
        None => {
            outcomes.push(match endpoint::try_listen(config).await {
                Ok(()) => Outcome::Good(format!("The endpoint can listen on {}.", config.listen)),
                Err(problem) => Outcome::Bad(problem),
            });
            endpoint::inspect(config, &bench).await
        }
    };
    let boots = network.ports.iter().any(|port| port.mode != Mode::Off);
    outcomes.extend(endpoint::out_of_reach(config.listen).filter(|_| boots).map(Outcome::Bad));
    outcomes.extend(network_checks(&network));
    let bad = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Bad(_))).count();
    let lines = outcomes.iter().map(|outcome| match outcome {
        Outcome::Good(words) => format!("ok    {words}"),
        Outcome::Lacking(problem) => format!("note  {}", indented(problem)),
        Outcome::Bad(problem) => format!("BAD   {}", indented(problem)),
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if !network.ports.is_empty() {
        text.push_str(&format!("\n\n{}", ports_table(&network.ports)));
    }
    print(&text)?;
    match bad {
        0 => Ok(()),
        _ => Err(Problem::new(
            format!("{bad} of these keep the bench from its work."),
            "They are marked BAD above.",
            "Do what stands below each of them, then run whiteglove doctor again.",
        )),
    }
}

fn indented(problem: &Problem) -> String {
    problem.to_string().replace('\n', "\n      ")
}

/// And what it says, for what people decided on the board.
async fn journal_check(config: &Config) -> (Outcome, Bench) {
    if !journal::path_in(&config.state).exists() {
        let words = format!("No journal in {} yet; the first start makes it.", config.state.display());
        return (Outcome::Good(words), Bench::default());
    }
    match read_journal(config).await {
        Ok(Verified { entries, bench, .. }) => {
            (Outcome::Good(format!("The journal is whole: {entries} entries.")), bench)
        }
        Err(problem) => (Outcome::Bad(problem), Bench::default()),
    }
}

fn boot_environment(config: &Config) -> Vec<Outcome> {
    let environment = match BootEnv::open(&config.boot_environment()) {
        Ok(environment) => environment,
        Err(error) => return vec![Outcome::Bad(error.into())],
    };
    let mut outcomes =
        vec![Outcome::Good(format!("The boot environment is whole: kernel {}.", environment.kernel_release))];
    match endpoint::names_served(config, &environment) {
        Ok(names) => {
            let served = |program| files(program, |name| names.iter().any(|known| known == name));
            for program in Program::ALL {
                outcomes.push(match served(program).kinds().as_slice() {
                    [] => Outcome::Lacking(lacking(config, program)),
                    kinds => {
                        Outcome::Good(format!("Network boot has the {} for {}.", program.words(), kinds.join(", ")))
                    }
                });
            }
        }
        Err(problem) => outcomes.push(Outcome::Bad(problem)),
    }
    outcomes
}

fn lacking(config: &Config, program: Program) -> Problem {
    let (why, next) = match program {
        Program::WinPe => (
            "Microsoft's files cannot be shipped with whiteglove.".to_owned(),
            format!("Put yours into {}: README.md lists which.", config.payloads_folder().join("winpe").display()),
        ),
        Program::QuickScan | Program::MemoryTest => (
            "The boot environment was made before it carried it.".to_owned(),
            "Run scripts/bootenv --refresh.".to_owned(),
        ),
    };
    Problem::new(format!("Laptops cannot boot the {} from the network.", program.words()), why, next)
}

/// What is kept for customers, as far as it can be seen without opening the vault.
fn credentials(config: &Config) -> Vec<Outcome> {
    let ours = |customer: &str| config.customer.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(customer));
    let all = Vault::at(&config.state, Effort::USUAL).list().into_iter();
    all.filter(|header| header.as_ref().map_or(true, |header| ours(&header.customer)))
        .map(|header| {
            let header = match header {
                Ok(header) => header,
                Err(error) => return Outcome::Bad(error.problem("One of the credentials cannot be read.")),
            };
            let (customer, service) = (&header.customer, header.service.words());
            let expiry = header.view().expiry(now());
            let problem = Problem::new(
                format!("{customer}'s {} at {service} {}.", header.kind.words(), expiry.words()),
                "Microsoft takes none that is over.",
                "Have a new one made at the app registration, and set it: whiteglove secret set.",
            );
            match expiry {
                Expiry::Over => Outcome::Bad(problem),
                Expiry::Soon(_) | Expiry::Urgent(_) => Outcome::Lacking(problem),
                Expiry::Fine | Expiry::Unknown => Outcome::Good(format!(
                    "{customer} has a credential at {service}: whiteglove sign-in {customer:?} --check tries it."
                )),
            }
        })
        .collect()
}

fn network_checks(network: &NetworkView) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for port in &network.ports {
        outcomes.extend(match &port.state {
            PortState::Off => None,
            PortState::Looking | PortState::Serving => {
                Some(Outcome::Good(format!("{}: {}.", port.interface, port.mode.words())))
            }
            PortState::Beside(server) => Some(Outcome::Lacking(Problem::new(
                format!("{} gives no addresses.", port.interface),
                format!("{server} gives them there; two servers would give laptops the same ones."),
                "Leave it so (boot files are named all the same), or take that server off this network.",
            ))),
            PortState::Waiting(problem) | PortState::Failed(problem) => Some(Outcome::Bad(problem.clone())),
        });
    }
    for rival in &network.rivals {
        let names = rival.file.as_ref().map_or_else(String::new, |file| format!(", and names \"{file}\" to boot"));
        let gives = if rival.gives_addresses { "gives addresses" } else { "answers" };
        outcomes.push(Outcome::Good(format!("On {} another server {} {gives}{names}.", rival.port, rival.server)));
    }
    outcomes
}
