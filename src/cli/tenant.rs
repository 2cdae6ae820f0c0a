//! `whiteglove tenant` and `whiteglove profile`: what people ask of a customer's tenant.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use whiteglove_core::cloud::lifecycle::Edition;

#[derive(Debug, Args)]
pub struct WhoseTenant {
    /// The customer [default: that of the open batch]
    #[arg(long, value_name = "NAME")]
    pub customer: Option<String>,
}

/// How a person agrees to what would be changed.
#[derive(Debug, Args)]
pub struct Consent {
    #[command(flatten)]
    pub whose: WhoseTenant,
    /// Carry out the plan with this digest, without asking; it was shown before
    #[arg(long, value_name = "DIGEST")]
    pub yes_plan: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum TenantAction {
    /// Look for what would make a batch fail there; what may not be read is said. Fails if there is an error
    Lint {
        #[command(flatten)]
        whose: WhoseTenant,
        /// The batch that relies on it [default: the open one]
        #[arg(long)]
        batch: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Reset a laptop from afar: its registration stays, its disk does not
    Wipe {
        serial: String,
        /// Files of its user stay
        #[arg(long)]
        keep_user_data: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Take a laptop out of the tenant: managed device, user and registration, in this order
    Offboard {
        serial: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Lift the laptops of a group to another edition of Windows by a product key
    Edition {
        /// The name of the policy
        policy: String,
        #[arg(long, value_enum)]
        to: EditionWord,
        /// A file with the key and nothing else
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        #[arg(long)]
        group: String,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProfileAction {
    /// List the deployment profiles of the tenant
    List {
        #[command(flatten)]
        whose: WhoseTenant,
        #[arg(long)]
        json: bool,
    },
    /// Make one from a TOML file
    Create {
        file: PathBuf,
        #[command(flatten)]
        consent: Consent,
    },
    /// Give one to a group of devices
    Assign {
        profile: String,
        /// The group's name
        #[arg(long, required_unless_present = "all_devices", conflicts_with = "all_devices")]
        group: Option<String>,
        #[arg(long)]
        all_devices: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete one that is assigned to nobody
    Delete {
        profile: String,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum EditionWord {
    Pro,
    ProEducation,
    ProWorkstation,
    Education,
    Enterprise,
}

impl EditionWord {
    pub(crate) fn edition(self) -> Edition {
        match self {
            Self::Pro => Edition::Pro,
            Self::ProEducation => Edition::ProEducation,
            Self::ProWorkstation => Edition::ProWorkstation,
            Self::Education => Edition::Education,
            Self::Enterprise => Edition::Enterprise,
        }
    }
}
