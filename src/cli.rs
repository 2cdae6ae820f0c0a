//! What a person can type. No command is the board.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use whiteglove_core::lane::Lane;

mod handover;
mod media;
mod registration;
mod secrets;
mod tenant;

pub use handover::{HandOverArgs, HandoverAction};
pub use media::{BenchArgs, KindWord, Made, MediaAction, What, WindowsArgs};
pub use registration::{ChangeArgs, RegistrationAction};
pub use secrets::{PassphraseArgs, RightWord, SecretAction, ServiceWord, SetArgs, SignInArgs};
pub use tenant::{Consent, EditionWord, ProfileAction, TenantAction, WhoseTenant};

#[derive(Debug, Parser)]
#[command(name = "whiteglove", version, about = "Pre-provisioning bench for Windows Autopilot: capture, check, prove")]
pub struct Cli {
    /// Configuration file [default: ~/.config/whiteglove/config.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the journal, the key and images [default: ~/.local/state/whiteglove]
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Option<Action>,
}

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Serve laptops without the board; a board started elsewhere attaches to it
    Serve,
    /// Show the board of the bench that serves from the state folder; waits until there is one
    Attach,
    /// List the devices on the bench
    Devices {
        /// One JSON array, everything the journal knows of each device
        #[arg(long)]
        json: bool,
    },
    /// Look after the journal
    #[command(subcommand)]
    Journal(JournalAction),
    /// Build and write boot media
    #[command(subcommand)]
    Media(MediaAction),
    /// Import sealed captures of a returned stick (its folder, device or image), and hashes that Windows made:
    /// OA3.xml, Autopilot, Partner Center and devicelink CSV, or a folder of them
    Import {
        /// A stick's device or image, the folder it is mounted at, a file, or a folder of files
        from: PathBuf,
        /// FROM is a stick: erase from it what is on the bench then; asks for the stick's name
        #[arg(long)]
        erase: bool,
        /// The stick's name, instead of typing it when asked
        #[arg(long, value_name = "NAME", requires = "erase")]
        name: Option<String>,
    },
    /// Register laptops at the service the customer uses: these, or all of the open batch that can go
    Register {
        devices: Vec<u64>,
        /// Who says so [default: the operator in the settings]
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// What became of registration, and whether a laptop is safe to boot
    #[command(subcommand)]
    Registration(RegistrationAction),
    /// Look into hardware hashes: files of any kind that `import` takes, `device:7`, `-`, or the text itself
    #[command(subcommand)]
    Hash(HashAction),
    /// Write what registration takes of the captured laptops into files: only those that did not go out before
    Export(ExportArgs),
    /// Lists sealed for the customer, who registers the laptops: no credential comes to the bench
    #[command(subcommand)]
    Handover(HandoverAction),
    /// Whose laptops are prepared here
    #[command(subcommand)]
    Customer(CustomerAction),
    /// By what the bench signs in at its customers' tenants; kept sealed, and never shown
    #[command(subcommand)]
    Secret(SecretAction),
    /// Sign in at a customer's tenant with a code, for this shift
    SignIn(SignInArgs),
    /// A customer's tenant: is it in order? Reset laptops, take them out, lift their edition
    #[command(subcommand)]
    Tenant(TenantAction),
    /// Deployment profiles of a customer's tenant
    #[command(subcommand)]
    Profile(ProfileAction),
    /// Laptops of one customer that are prepared alike
    #[command(subcommand)]
    Batch(BatchAction),
    /// What the customer ordered for a batch
    #[command(subcommand)]
    Order(OrderAction),
    /// Make answer files for Windows setup, look through them, preview computer names
    #[command(subcommand)]
    Answer(AnswerAction),
    /// Tell the bench a scanned code: a serial number, a product key id, a setup QR code
    Scan {
        code: String,
        /// It is the label of this device: compare the two
        #[arg(long, value_name = "DEVICE")]
        on: Option<u64>,
    },
    /// Report what the registration service says of a device
    Probe {
        device: u64,
        #[arg(value_enum)]
        says: ProbeWord,
    },
    /// A held device is the laptop it clashes with, after its board was replaced
    SameLaptop { device: u64 },
    /// Let a held device go on
    Release { device: u64 },
    /// Tell a waiting laptop what to do next
    Tell {
        device: u64,
        #[arg(value_enum)]
        order: OrderWord,
    },
    /// Boot laptops from the network
    #[command(subcommand)]
    Netboot(NetbootAction),
    /// What an error code means, what to do now and whom to call: 0x80180014, 806, ZtdDeviceAlreadyAssigned, HTTP 429,
    /// or words of the message
    Explain {
        #[arg(required_unless_present = "all", allow_hyphen_values = true)]
        codes: Vec<String>,
        /// List every code that is known
        #[arg(long, conflicts_with = "codes")]
        all: bool,
        #[arg(long)]
        json: bool,
    },
    /// Check everything the bench stands on, and say what to do about what is wrong
    Doctor,
    /// A bench to look at without hardware: simulated laptops, kept apart from the real journal
    Demo(DemoArgs),
    /// Make the boot environment from unpacked Debian packages (scripts/bootenv calls this)
    #[command(subcommand)]
    Bootenv(BootenvAction),
    /// The bench box: what scripts/box and the box itself call (a stick: media build --kind box)
    #[command(subcommand)]
    Box(BoxAction),
}

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    #[arg(value_enum)]
    pub lane: LaneWord,
    /// The folder for the files
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The batch [default: the open one]
    #[arg(long)]
    pub batch: Option<String>,
    /// The group tag of all laptops in it [default: what came with each]
    #[arg(long, value_name = "TAG")]
    pub group_tag: Option<String>,
    /// Also those that went out before
    #[arg(long)]
    pub all: bool,
    /// Corporate identifiers only: yes, they may change how the whole tenant enrols
    #[arg(long)]
    pub tenant_wide: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum LaneWord {
    /// Windows Autopilot devices, by hardware hash: the list that the Intune portal imports
    Intune,
    /// Partner Center's list
    Partner,
    /// Corporate identifiers: maker, model and serial number, for device preparation
    Corporate,
    /// Device association: what each laptop's own Windows setup exported, one file for each
    Association,
}

impl LaneWord {
    pub(crate) fn lane(self) -> Lane {
        match self {
            Self::Intune => Lane::Intune,
            Self::Partner => Lane::Partner,
            Self::Corporate => Lane::Corporate,
            Self::Association => Lane::Association,
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum OrderWord {
    PowerOff,
    BootNext,
    SetClock,
    Stay,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum ProbeWord {
    /// Nobody has registered it
    Free,
    /// Registered in the customer's own tenant (error 806)
    Ours,
    /// Locked by another company (error 808)
    OtherCompany,
}

#[derive(Debug, Subcommand)]
pub enum NetbootAction {
    /// Write a tree that any TFTP and HTTP server can give out, with settings for dnsmasq and nginx
    Export {
        /// A new folder
        dir: PathBuf,
    },
    /// The networks the bench serves, other servers seen there, who asks, what is being loaded
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Why did this laptop not boot? What was seen of it on the network, and what to do next
    Why {
        device: u64,
        #[arg(long)]
        json: bool,
    },
    /// Choose what laptops boot from the network when they ask next
    Boot {
        #[arg(value_enum)]
        what: BootWord,
        #[arg(required = true)]
        devices: Vec<u64>,
    },
    /// Choose how the bench lives on a network; stays so until it is changed
    Mode {
        interface: String,
        #[arg(value_enum)]
        mode: ModeWord,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum BootWord {
    /// What the batch boots until it is captured, its own disk from then on
    Automatic,
    /// Our agent, once
    QuickScan,
    /// The customer's own Windows PE, once
    #[value(name = "winpe")]
    WinPe,
    /// Once
    MemoryTest,
    LocalDisk,
    /// Not answered at all
    Ignore,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum ModeWord {
    /// Silent
    Off,
    /// Beside a DHCP server: names boot files, never gives an address
    Proxy,
    /// The bench's own network: gives addresses too
    Own,
}

#[derive(Debug, Subcommand)]
pub enum AnswerAction {
    /// Make one from a few settings; what the linter calls an error is not written
    Make {
        #[arg(value_enum)]
        kind: AnswerKind,
        /// The settings, TOML
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Look for what goes wrong with such files on a stick; fails if there is an error
    Lint {
        /// Files, each by itself, or folders that are to be the root of a stick
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// What laptops would be called by a naming template; fails if two get the same name
    Names {
        /// Like BER-%SERIAL% or LAP%RAND:6%
        template: String,
        /// Serial numbers [default: those of all devices on the bench]
        serials: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum AnswerKind {
    /// autounattend.xml
    Autounattend,
    /// AutopilotConfigurationFile.json, for user-driven setup of reimaged laptops
    Autopilot,
}

#[derive(Debug, Subcommand)]
pub enum CustomerAction {
    /// Take a customer from a TOML file, or what changed of one
    Set {
        file: PathBuf,
        /// Why it is changed although laptops are in its batches
        #[arg(long, value_name = "WHY")]
        reason: Option<String>,
    },
    /// List the customers of this bench
    List {
        #[arg(long)]
        json: bool,
    },
    /// Print a customer as the file that sets it
    Show { name: String },
}

#[derive(Debug, Subcommand)]
pub enum BatchAction {
    /// Take a batch from a TOML file, or what changed of one; a CSV file has one batch a line
    Set {
        file: PathBuf,
        /// Why it is changed although laptops are in it
        #[arg(long, value_name = "WHY")]
        reason: Option<String>,
    },
    /// Captures belong to this batch from here on
    Open { name: String },
    /// List the batches of the customer at work
    List {
        /// Of all customers
        #[arg(long)]
        all: bool,
        #[arg(long)]
        json: bool,
    },
    /// Print a batch as the file that sets it
    Show { name: String },
}

#[derive(Debug, Subcommand)]
pub enum OrderAction {
    /// Add a list to what a batch expects: CSV with a column of serial numbers or product key ids
    Import {
        file: PathBuf,
        /// The batch it belongs to [default: the open one]
        #[arg(long)]
        batch: Option<String>,
        /// The customer; a laptop on another customer's list is stopped
        #[arg(long)]
        customer: Option<String>,
    },
    /// List what the open batch expects, and what is missing
    List {
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum HashAction {
    /// Print every field
    Decode {
        what: String,
        #[arg(long)]
        json: bool,
    },
    /// Say of every hash in it whether it is whole and what it lacks; fails if one is no good
    Validate {
        what: String,
        #[arg(long)]
        json: bool,
    },
    /// Two hashes field by field. `device:7 FILE` is the acceptance test of that model: FILE is imported, its
    /// result remembered
    Compare {
        left: String,
        right: String,
        #[arg(long)]
        json: bool,
    },
    /// The hashes of a device: where each field comes from, and what its model's acceptance test said
    Show {
        /// Its number on the board
        device: u64,
        #[arg(long)]
        json: bool,
        /// Only the text of the hash, as registration takes it
        #[arg(long, conflicts_with = "json")]
        text: bool,
    },
    /// Models whose hash made on Linux was compared with Windows' own
    Models,
}

#[derive(Debug, Subcommand)]
pub enum JournalAction {
    /// Check every entry against the chain, from the first to the last
    Verify,
}

#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// How many laptops
    #[arg(long, default_value_t = 24)]
    pub laptops: u64,
    /// The same seed gives the same laptops
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Seconds over which they are switched on
    #[arg(long, default_value_t = 30)]
    pub over: u64,
    /// No board: wait until all have had their say, then list them
    #[arg(long)]
    pub headless: bool,
    /// Measure instead: this many clients send one capture per laptop as fast as they can
    #[arg(long, value_name = "CLIENTS")]
    pub load: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub enum BootenvAction {
    /// Build it
    Build {
        /// Debian packages, unpacked
        #[arg(long, value_name = "DIR")]
        root: PathBuf,
        /// The static agent
        #[arg(long, value_name = "FILE")]
        agent: PathBuf,
        /// [default: the state folder's bootenv]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Compress less, to be quick
        #[arg(long)]
        fast: bool,
    },
    /// Check every file of it
    Check {
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum BoxAction {
    /// Complete the parts of a bench box by the boot loaders and a list of digests
    Pack {
        /// Where scripts/box put the kernel, the initramfs and the two squashfs files
        dir: PathBuf,
        /// The boot environment with the boot loaders
        #[arg(long, value_name = "DIR")]
        bootenv: PathBuf,
        /// Of the Debian archive they were made from, in seconds since 1970
        #[arg(long, value_name = "SECONDS")]
        date: u64,
    },
    /// Put a box's settings into place when it starts
    Settings {
        /// The folder with box.toml and whiteglove.toml, as far as the stick has them
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// The stick's own number
        #[arg(long, value_name = "XXXX")]
        number: String,
        /// The root of the box's file system
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
}
