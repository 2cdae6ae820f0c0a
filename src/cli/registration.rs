//! What a person can type about registration.

use clap::{Subcommand, ValueEnum};
use whiteglove_core::registration::{Condition, Wanted};

#[derive(Debug, Subcommand)]
pub enum RegistrationAction {
    /// How far the laptops of the open batch's customer are
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Whether a laptop is safe to boot: every condition, where it is known from, since when, and what to do
    Show {
        device: u64,
        #[arg(long)]
        json: bool,
    },
    /// Do not register these after all; what the service has stays there
    Drop {
        #[arg(required = true)]
        devices: Vec<u64>,
    },
    /// Take the responsibility for a condition that does not hold; the journal keeps who and why
    Override {
        device: u64,
        condition: ConditionWord,
        #[arg(long, value_name = "NAME")]
        by: String,
        #[arg(long, value_name = "WHY")]
        reason: String,
    },
    /// Set group tag, user and name of the registration as the batch says
    Amend(ChangeArgs),
    /// Let a laptop be provisioned once more that was already (0x80180014)
    Unblock(ChangeArgs),
    /// Delete the registration; shows what it deletes first
    Delete(ChangeArgs),
    /// Try what laptops need of the network in the technician phase, from this bench
    TestNetwork,
}

#[derive(Debug, clap::Args)]
pub struct ChangeArgs {
    pub device: u64,
    /// Who says so [default: the operator in the settings]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// The laptop's serial number, instead of typing it when asked
    #[arg(long, value_name = "SERIAL")]
    pub confirm: Option<String>,
}

impl RegistrationAction {
    /// What it changes at the service, if it does.
    pub(crate) fn change(&self) -> Option<(Wanted, &ChangeArgs)> {
        match self {
            Self::Amend(args) => Some((Wanted::Amend, args)),
            Self::Unblock(args) => Some((Wanted::Unblock, args)),
            Self::Delete(args) => Some((Wanted::Deregister, args)),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct ConditionWord(pub(crate) Condition);

impl ValueEnum for ConditionWord {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ConditionWord; Condition::ALL.len()] = {
            let mut words = [ConditionWord(Condition::Imported); Condition::ALL.len()];
            let mut n = 0;
            while n < words.len() {
                words[n] = ConditionWord(Condition::ALL[n]);
                n += 1;
            }
            words
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.word()).help(self.0.words()))
    }
}
