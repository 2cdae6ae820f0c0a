//! What may be wrong with the vault; each is something else to do for a person.

use std::path::PathBuf;

use whiteglove_core::problem::Problem;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VaultError {
    #[error("there is no vault yet")]
    NoVault,
    #[error("the vault is locked")]
    Locked,
    #[error("the passphrase is not the right one")]
    WrongPassphrase,
    #[error("no passphrase was set; only the system's own key opens the vault")]
    NoPassphrase,
    #[error("it is shorter than {0} characters, which can be found by trying")]
    ShortPassphrase(usize),
    #[error("the key that the system gives (whiteglove-vault) has less than 32 bytes")]
    WeakSystemKey,
    #[error("the key that the system gives (whiteglove-vault) is not the one that locked the vault")]
    OtherSystemKey,
    #[error("{0} is damaged")]
    Damaged(PathBuf),
    #[error("{0} was changed by somebody: its check sum is right and its seal is not")]
    Changed(PathBuf),
    #[error("{path} is in the wrong place: it was made for {whose}, or for another service")]
    Swapped { path: PathBuf, whose: String },
    #[error("what is kept for {customer} was set for the tenant {tenant}")]
    OtherTenant { customer: String, tenant: String },
    #[error("{0} was written by a newer whiteglove")]
    Newer(PathBuf),
    #[error("{0}: {1}")]
    Unusable(PathBuf, String),
    #[error("{0}")]
    Random(String),
}

impl VaultError {
    pub(crate) fn problem(&self, what: &str) -> Problem {
        let next = match self {
            Self::NoVault => "Make one by setting a passphrase: whiteglove secret passphrase.",
            Self::Locked => "Type its passphrase: whiteglove secret unlock, or on the board.",
            Self::WrongPassphrase => {
                "Try again. If nobody knows it any more, move the folder `vault` away and set every secret anew."
            }
            Self::NoPassphrase => {
                "Start whiteglove as the service that systemd gives the key to, and set a passphrase there too: \
                 whiteglove secret passphrase."
            }
            Self::ShortPassphrase(_) => "Take four or more words that do not belong together.",
            Self::WeakSystemKey => "Make it of 32 random bytes; README.md has the commands.",
            Self::OtherSystemKey => {
                "Type the passphrase once (whiteglove secret unlock): the vault takes the system's new key then."
            }
            Self::Damaged(_) => "Set it anew: whiteglove secret set; or restore the file from your copy.",
            Self::Changed(_) | Self::Swapped { .. } => {
                "Find out who can write in the state folder. Then forget what is kept for the customer and set it anew: \
                 whiteglove secret forget, whiteglove secret set."
            }
            Self::OtherTenant { .. } => {
                "Set the credential of the tenant that the customer has now: whiteglove secret set."
            }
            Self::Newer(_) => "Use that version, or restore your copy from before it.",
            Self::Unusable(..) => "Check the permissions of the state folder and the space on its disk.",
            Self::Random(_) => "Try again; restart the machine if it stays so.",
        };
        Problem::new(what, self.to_string(), next)
    }
}
