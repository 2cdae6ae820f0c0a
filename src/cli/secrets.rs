//! `whiteglove secret` and `whiteglove sign-in`.

use std::path::PathBuf;

use clap::Subcommand;
use whiteglove_core::date::Date;

#[derive(Debug, Subcommand)]
pub enum SecretAction {
    /// Keep by what the bench signs in at a customer's tenant
    Set(SetArgs),
    /// List what is kept, and what ends soon; never the secrets themselves
    List {
        #[arg(long)]
        json: bool,
    },
    /// Destroy all that is kept for a customer
    Forget { customer: String },
    /// Open the vault of the running bench, until it stops
    Unlock {
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Make the vault, or change its passphrase
    Passphrase {
        #[command(flatten)]
        passphrase: PassphraseArgs,
        /// The new passphrase is the only line of this file (- is standard input), instead of typing it
        #[arg(long, value_name = "FILE")]
        new_from: Option<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
pub struct PassphraseArgs {
    /// The vault's passphrase is the only line of this file (- is standard input), instead of typing it
    #[arg(long, value_name = "FILE")]
    pub passphrase_from: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct SetArgs {
    pub customer: String,
    /// Application (client) ID of the app registration
    #[arg(long, value_name = "ID")]
    pub client_id: String,
    /// At which service
    #[arg(long = "for", value_enum, value_name = "SERVICE", default_value = "graph")]
    pub service: ServiceWord,
    /// The tenant where the application signs in, if it is not the customer's: a partner's
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    #[command(flatten)]
    pub proof: ProofArgs,
    /// A refresh token of a person who consented once, for Partner Center; - is standard input
    #[arg(long, value_name = "FILE")]
    pub refresh_from: Option<PathBuf>,
    /// The last day of the secret, like 2027-03-01; a certificate says it itself
    #[arg(long, value_name = "DATE")]
    pub expires: Option<Date>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct ProofArgs {
    /// The value of a client secret is the only line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub secret_from: Option<PathBuf>,
    /// A certificate and its RSA key, both as PEM in one file; - is standard input
    #[arg(long, value_name = "PEM")]
    pub certificate: Option<PathBuf>,
    /// Nothing secret: a person signs in with a code each shift
    #[arg(long)]
    pub person: bool,
}

#[derive(Debug, clap::Args)]
pub struct SignInArgs {
    pub customer: String,
    /// At which service
    #[arg(long = "for", value_enum, value_name = "SERVICE", default_value = "graph")]
    pub service: ServiceWord,
    /// The application, if none is kept for the customer
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Ask for these rights too
    #[arg(long, value_enum, value_name = "RIGHT")]
    pub also: Vec<RightWord>,
    /// Ask nobody to sign in: see whether what is kept is good for the service
    #[arg(long, conflicts_with_all = ["client_id", "also", "end"])]
    pub check: bool,
    /// The shift is over: forget who signed in
    #[arg(long, conflicts_with_all = ["client_id", "also"])]
    pub end: bool,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum ServiceWord {
    Graph,
    PartnerCenter,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum RightWord {
    /// Read apps and policies, to look for what makes pre-provisioning fail
    Lint,
    /// Wipe or reset managed devices
    Wipe,
}
