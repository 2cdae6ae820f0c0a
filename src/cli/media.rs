//! What a person can type of media.

use std::path::PathBuf;

use clap::Subcommand;
use whiteglove_core::media::{Form, Generation};

#[derive(Debug, Subcommand)]
pub enum MediaAction {
    /// Show what a medium would be, down to its last extent, and write nothing
    Plan(What),
    /// Build a medium for the open batch, or a bench box
    Build {
        #[command(flatten)]
        what: What,
        /// The image; for a tree, its folder
        #[arg(long, value_name = "FILE", required_unless_present = "to_netboot")]
        out: Option<PathBuf>,
        /// Windows PE: where this bench itself gives it to laptops that boot from the network
        #[arg(long, conflicts_with_all = ["out", "form", "media"])]
        to_netboot: bool,
        /// Build this medium anew instead of a new one; the same inputs give the same bytes
        #[arg(long, value_name = "NUMBER")]
        media: Option<String>,
    },
    /// Write an image to a USB stick; asks for the stick's name. Captures and logs that it brings back are imported first
    Write {
        image: PathBuf,
        #[arg(long, value_name = "DEV")]
        to: PathBuf,
        /// The stick's name, instead of typing it when asked
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Give up what the stick brings back, instead of importing it
        #[arg(long)]
        discard: bool,
        /// Who makes it, for the record [default: the setting, or who is logged in]
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
    },
    /// Bring a stick to another image: only what differs is written, captures on it stay
    Update {
        image: PathBuf,
        #[arg(long, value_name = "DEV")]
        to: PathBuf,
        /// The stick's name, instead of typing it when asked
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Compare everything, instead of believing the stick while its file systems are as they were written
        #[arg(long)]
        full: bool,
        /// Who makes it, for the record [default: the setting, or who is logged in]
        #[arg(long, value_name = "NAME")]
        operator: Option<String>,
    },
    /// Write an image to every stick that is plugged in from now on; asks once. A stick that brings captures back is
    /// left alone; on the board bench mode imports them first
    Bench(BenchArgs),
    /// Look into an ISO of Windows: its images, who signed its loaders, what does not fit a stick
    Windows {
        iso: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// Will the laptops on the bench and on its order list start this medium? By model, from what their firmware trusts;
    /// fails if one that was seen refuses it
    Preflight {
        /// A stick, an image, an ISO of Windows or a network boot tree [default: what was built last for the open batch]
        what: Option<PathBuf>,
        /// A medium that this bench built, by its number
        #[arg(long, value_name = "NUMBER", conflicts_with = "what")]
        media: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// List the disks of this machine and whether they may be erased
    Disks,
    /// List the media this bench made
    List,
    /// List the sticks this bench wrote: when, how fast lately, and whether to retire them
    Sticks {
        #[arg(long)]
        json: bool,
    },
    /// Is this what a bench made? Checks signatures, tables, file systems and files of a stick, whole, or an image;
    /// writes nothing
    Check {
        /// Like /dev/sdb, or an image
        what: PathBuf,
        /// Read every byte, not only what fits into seconds
        #[arg(long)]
        full: bool,
        /// The bench's public key, as `media key` prints it there [default: this bench's own]
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// Print the public key by which others check what this bench made
    Key,
    /// Accept nothing made with a lost or retired medium any more
    Revoke { media: String },
    /// Check an image or a stick against its own extent map
    Verify { image: PathBuf },
}

/// A medium, besides where it goes.
#[derive(Debug, clap::Args)]
pub struct What {
    /// What starts from it
    #[arg(long, value_enum, default_value_t = KindWord::QuickScan)]
    pub kind: KindWord,
    /// gpt: a stick. mbr, or if that is refused too mbr-efi: a stick for boards that refuse it. iso: virtual media, for
    /// UEFI and BIOS. tree: for a TFTP or HTTP server, the same as `netboot export`
    #[arg(long, value_name = "FORM", default_value_t, value_parser = form)]
    pub form: Made,
    /// Put everything in this folder on the boot volume too
    #[arg(long, value_name = "DIR")]
    pub add: Option<PathBuf>,
    #[command(flatten)]
    pub windows: WindowsArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Windows (--kind winpe and setup)")]
pub struct WindowsArgs {
    /// The customer's own ISO of Windows; `media windows ISO` says what is on it
    #[arg(long, value_name = "FILE")]
    pub iso: Option<PathBuf>,
    /// Who signed the boot manager, and so which laptops start it: 2011, 2023, or as-is for the one the ISO starts by
    /// [default: the batch's]
    #[arg(long, value_name = "GENERATION")]
    pub loader: Option<Generation>,
    /// Folder with oa3tool.exe of the Windows ADK; PCPKsp.dll and curl.exe come out of the ISO if they are not in it
    /// [default: payloads/tools in the state folder]
    #[arg(long, value_name = "DIR")]
    pub tools: Option<PathBuf>,
    /// Folder of unpacked drivers that Windows PE or Setup loads
    #[arg(long, value_name = "DIR")]
    pub drivers: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KindWord {
    /// Our agent, which captures who a laptop is
    QuickScan,
    /// The customer's Windows PE, which captures by Microsoft's own tool
    Winpe,
    /// The customer's Windows, to be installed
    Setup,
    /// A bench: a PC started from it shows the board, serves laptops and keeps its journal on the stick
    Box,
}

#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    pub image: PathBuf,
    /// Sticks of these sizes, as printed on them; all others are left alone
    #[arg(long, value_name = "14G..70G")]
    pub size: whiteglove_core::sticks::size::Window,
    /// Only sticks at these ports, which become positions 1, 2, 3 and so on
    #[arg(long, value_name = "2-1.1,2-1.2", value_delimiter = ',')]
    pub ports: Vec<String>,
    /// Erase this many sticks, then end
    #[arg(long, value_name = "N")]
    pub max: Option<usize>,
    /// Also those that are plugged in already
    #[arg(long)]
    pub plugged_in: bool,
    /// The words that arm the bench, instead of typing them when asked
    #[arg(long, value_name = "WORDS")]
    pub confirm: Option<String>,
    /// Who makes them, for the record [default: the setting, or who is logged in]
    #[arg(long, value_name = "NAME")]
    pub operator: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// What a medium is made as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    Image(Form),
    Tree,
}

impl Default for Made {
    fn default() -> Self {
        Self::Image(Form::default())
    }
}

impl std::fmt::Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Image(form) => form.fmt(f),
            Self::Tree => f.write_str("tree"),
        }
    }
}

fn form(word: &str) -> Result<Made, String> {
    if word == Made::Tree.to_string() {
        return Ok(Made::Tree);
    }
    word.parse().map(Made::Image).map_err(|_| {
        let words: Vec<_> = Form::ALL.into_iter().map(Form::word).collect();
        format!("a medium is one of: {}, tree", words.join(", "))
    })
}
