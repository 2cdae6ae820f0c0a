//! `whiteglove handover`: two of its commands are the customer's, who needs neither bench nor state folder.

use std::path::PathBuf;

use clap::Subcommand;

use super::LaneWord;

#[derive(Debug, Subcommand)]
pub enum HandoverAction {
    /// At the customer: make a key pair. FILE gets the private key, which stays there; FILE.pub and the screen get the
    /// public one, for the bench
    Key {
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// At the bench: seal what registration takes of a batch's laptops for the customer; only those that did not go out before
    Make(HandOverArgs),
    /// At the customer: check who made a sealed file, open it, and write its lists and a summary into a folder
    Open {
        file: PathBuf,
        /// The private key that `handover key` made
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The bench's public key: 64 hex digits, or the file that `whiteglove media key` printed at the bench
        #[arg(long, value_name = "KEY")]
        bench: String,
        /// The folder for the lists
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub struct HandOverArgs {
    /// The customer's public key, or the file that holds it [default: the one the customer is set with]
    #[arg(long, value_name = "KEY")]
    pub to: Option<String>,
    /// The sealed file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The batch [default: the open one]
    #[arg(long)]
    pub batch: Option<String>,
    /// What the customer registers with [default: the customer's lane]
    #[arg(long, value_enum)]
    pub lane: Option<LaneWord>,
    /// The group tag of all laptops in it [default: the batch's, or what came with each]
    #[arg(long, value_name = "TAG")]
    pub group_tag: Option<String>,
    /// Also those that went out before
    #[arg(long)]
    pub all: bool,
    /// Corporate identifiers only: yes, they may change how the whole tenant enrols
    #[arg(long)]
    pub tenant_wide: bool,
}
