//! Secrets at rest: credentials of each customer, sealed with a key of that customer, which is sealed with the key of
//! the vault, which a passphrase or the system opens.
//!
//! ```text
//! vault/locks                 the vault's key, once for each way to open it
//! vault/CUSTOMER/key          the customer's key: without it nothing of theirs can be read again
//! vault/CUSTOMER/graph        a credential; who and until when stand in the clear, and are sealed with it
//! ```
//! Invariants: a file counts for the customer, tenant and service it was made for and no other; what a person forgets
//! loses its key; files are written whole or not at all; a file of one customer is never read for another.

mod error;
mod file;
mod seal;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use whiteglove_core::{
    blob::Blob,
    clock::Moment,
    cloud::Service,
    date::Date,
    secret::Secret,
    sign_in::{CredentialKind, CredentialView, VaultState},
};
use zeroize::Zeroizing;

pub(crate) use error::VaultError;
use file::Kind;
pub(crate) use seal::Effort;
use seal::SealKey;

use super::credential::Kept;

/// Shorter ones are found by trying.
const SHORTEST_PASSPHRASE: usize = 10;
const SERVICES: [Service; 2] = [Service::Graph, Service::PartnerCenter];

#[derive(Debug)]
pub(crate) struct Vault {
    folder: PathBuf,
    effort: Effort,
    /// Once it is open.
    key: Option<SealKey>,
    /// What the system gave, if it does.
    system: Option<SealKey>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Locks {
    locks: Vec<Lock>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Lock {
    Passphrase { effort: Effort, salt: Blob, sealed: Blob },
    System { sealed: Blob },
}

#[derive(Debug, Serialize, Deserialize)]
struct KeyFile {
    customer: String,
    tenant: String,
    sealed: Blob,
}

/// What of a credential stands in the clear: it is shown and warned of while the vault is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) customer: String,
    /// The customer's.
    pub(crate) tenant: String,
    pub(crate) service: Service,
    /// Where the application signs in: the customer's tenant, or a partner's.
    pub(crate) signs_in_at: String,
    pub(crate) client_id: String,
    pub(crate) kind: CredentialKind,
    pub(crate) expires: Option<Date>,
    pub(crate) set: Moment,
}

impl Header {
    pub(crate) fn view(&self) -> CredentialView {
        CredentialView { client_id: self.client_id.clone(), kind: self.kind, expires: self.expires }
    }
}

#[derive(Serialize, Deserialize)]
struct CredentialFile {
    header: Header,
    /// `None`: there is nothing secret.
    sealed: Option<Blob>,
}

/// Whose file it is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) customer: &'a str,
    pub(crate) tenant: &'a str,
}

impl Vault {
    pub(crate) fn at(state: &Path, effort: Effort) -> Self {
        Self { folder: state.join("vault"), effort, key: None, system: None }
    }

    pub(crate) fn state(&self) -> VaultState {
        match &self.key {
            Some(_) => VaultState::Open,
            None if self.locks_path().exists() => VaultState::Locked,
            None => VaultState::Absent,
        }
    }

    /// What systemd decrypted for us opens the vault; it makes one if there is none.
    pub(crate) fn open_by_system(&mut self, credential: &[u8]) -> Result<(), VaultError> {
        if credential.len() < 32 {
            return Err(VaultError::WeakSystemKey);
        }
        let system = SealKey::of_system(credential);
        let Some(locks) = self.locks()? else {
            let key = SealKey::random().map_err(VaultError::Random)?;
            self.add_lock(vec![], Lock::System { sealed: seal_vault_key(&system, &key)? })?;
            (self.key, self.system) = (Some(key), Some(system));
            return Ok(());
        };
        let sealed = locks.iter().find_map(|lock| match lock {
            Lock::System { sealed } => Some(sealed),
            Lock::Passphrase { .. } => None,
        });
        let opened = sealed.map(|sealed| system.open_key(sealed, VAULT_KEY));
        // Also where it does not open yet: the passphrase will tell it the vault's key.
        self.system = Some(system);
        match opened {
            Some(Some(key)) => {
                self.key = Some(key);
                Ok(())
            }
            Some(None) => Err(VaultError::OtherSystemKey),
            None => Ok(()),
        }
    }

    pub(crate) fn unlock(&mut self, passphrase: &Secret) -> Result<(), VaultError> {
        let locks = self.locks()?.ok_or(VaultError::NoVault)?;
        let found = locks.iter().find_map(|lock| match lock {
            Lock::Passphrase { effort, salt, sealed } => Some((effort, salt, sealed)),
            Lock::System { .. } => None,
        });
        let (effort, salt, sealed) = found.ok_or(VaultError::NoPassphrase)?;
        let lock = SealKey::of_passphrase(passphrase, &salt.0, *effort)
            .ok_or_else(|| VaultError::Damaged(self.locks_path()))?;
        let key = lock.open_key(sealed, VAULT_KEY).ok_or(VaultError::WrongPassphrase)?;
        // From the next start on the system opens it, even if its key was made anew.
        if let Some(system) = &self.system
            && self.key.is_none()
        {
            let sealed = seal_vault_key(system, &key)?;
            let others = locks.into_iter().filter(|lock| !matches!(lock, Lock::System { .. })).collect();
            self.add_lock(others, Lock::System { sealed })?;
        }
        self.key = Some(key);
        Ok(())
    }

    /// Makes the vault, or changes by what an open one is opened.
    pub(crate) fn set_passphrase(&mut self, passphrase: &Secret) -> Result<(), VaultError> {
        if passphrase.expose().chars().count() < SHORTEST_PASSPHRASE {
            return Err(VaultError::ShortPassphrase(SHORTEST_PASSPHRASE));
        }
        let locks = self.locks()?;
        let key = match (&self.key, &locks) {
            (Some(key), _) => key.clone(),
            (None, Some(_)) => return Err(VaultError::Locked),
            (None, None) => SealKey::random().map_err(VaultError::Random)?,
        };
        let mut salt = vec![0; 16];
        seal::fill(&mut salt).map_err(VaultError::Random)?;
        let lock = SealKey::of_passphrase(passphrase, &salt, self.effort)
            .ok_or_else(|| VaultError::Unusable(self.locks_path(), "argon2id does not work here".to_owned()))?;
        let sealed = seal_vault_key(&lock, &key)?;
        let others = locks.unwrap_or_default().into_iter().filter(|lock| matches!(lock, Lock::System { .. })).collect();
        self.add_lock(others, Lock::Passphrase { effort: self.effort, salt: Blob(salt), sealed })?;
        self.key = Some(key);
        Ok(())
    }

    /// Replaces what was there for this service.
    pub(crate) fn set(&self, header: &Header, kept: &Kept) -> Result<(), VaultError> {
        let owner = Owner { customer: &header.customer, tenant: &header.tenant };
        let is_secret = header.kind != CredentialKind::Person || kept.refresh.is_some();
        let sealed = match is_secret {
            false => None,
            true => {
                let key = self.key_to_seal(owner)?;
                // At once large enough: a text that grows leaves copies of itself behind.
                let mut plain = Zeroizing::new(Vec::with_capacity(64 << 10));
                serde_json::to_writer(&mut *plain, kept).map_err(|error| VaultError::Random(error.to_string()))?;
                Some(key.seal(&plain, &beside(header)?).map_err(VaultError::Random)?)
            }
        };
        let path = self.credential_path(&header.customer, header.service);
        file::make_folder(&self.customer_folder(&header.customer))?;
        file::write(&path, Kind::Credential, &CredentialFile { header: header.clone(), sealed })
    }

    /// What stands in the clear; the vault may be locked.
    pub(crate) fn header(&self, customer: &str, service: Service) -> Result<Option<Header>, VaultError> {
        Ok(self.credential_file(customer, service)?.map(|file| file.header))
    }

    /// `Ok(None)`: none is set.
    pub(crate) fn credential(&self, owner: Owner<'_>, service: Service) -> Result<Option<(Header, Kept)>, VaultError> {
        let Some(CredentialFile { header, sealed }) = self.credential_file(owner.customer, service)? else {
            return Ok(None);
        };
        let path = || self.credential_path(owner.customer, service);
        if !header.tenant.eq_ignore_ascii_case(owner.tenant) {
            return Err(VaultError::OtherTenant { customer: header.customer, tenant: header.tenant });
        }
        let Some(sealed) = sealed else {
            return match header.kind {
                CredentialKind::Person => {
                    Ok(Some((header, Kept { key: super::credential::Key::Person, refresh: None })))
                }
                _ => Err(VaultError::Damaged(path())),
            };
        };
        let key = self.customer_key(owner)?.ok_or_else(|| VaultError::Damaged(self.key_path(owner.customer)))?;
        let plain = key.open(&sealed, &beside(&header)?).ok_or_else(|| VaultError::Changed(path()))?;
        let kept = serde_json::from_slice(&plain).map_err(|_| VaultError::Damaged(path()))?;
        Ok(Some((header, kept)))
    }

    /// Destroys the customer's key first: from then on nothing of theirs can be read, whatever becomes of the rest.
    /// `false`: there was nothing.
    pub(crate) fn forget(&self, customer: &str) -> Result<bool, VaultError> {
        let folder = self.customer_folder(customer);
        if !folder.exists() {
            return Ok(false);
        }
        let unusable = |path: &Path, error: std::io::Error| VaultError::Unusable(path.to_owned(), error.to_string());
        let paths = SERVICES.map(|service| self.credential_path(customer, service));
        for path in std::iter::once(self.key_path(customer)).chain(paths) {
            file::destroy(&path).map_err(|error| unusable(&path, error))?;
        }
        fs::remove_dir_all(&folder).map_err(|error| unusable(&folder, error))?;
        Ok(true)
    }

    /// All credentials, and the files that cannot be read.
    pub(crate) fn list(&self) -> Vec<Result<Header, VaultError>> {
        let Ok(folders) = fs::read_dir(&self.folder) else { return vec![] };
        let mut all = vec![];
        for folder in folders.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()) {
            for service in SERVICES {
                let path = folder.join(file_name(service));
                match file::read::<CredentialFile>(&path, Kind::Credential) {
                    Ok(None) => {}
                    Ok(Some(file)) => {
                        let at_home = self.customer_folder(&file.header.customer) == folder;
                        all.push(if at_home { Ok(file.header) } else { Err(swapped(&path, &file.header.customer)) });
                    }
                    Err(error) => all.push(Err(error)),
                }
            }
        }
        all
    }

    fn credential_file(&self, customer: &str, service: Service) -> Result<Option<CredentialFile>, VaultError> {
        let path = self.credential_path(customer, service);
        let Some(file) = file::read::<CredentialFile>(&path, Kind::Credential)? else { return Ok(None) };
        if folded(&file.header.customer) != folded(customer) || file.header.service != service {
            return Err(swapped(&path, &file.header.customer));
        }
        Ok(Some(file))
    }

    /// `Ok(None)`: the customer has none, or it was destroyed.
    fn customer_key(&self, owner: Owner<'_>) -> Result<Option<SealKey>, VaultError> {
        let path = self.key_path(owner.customer);
        let vault = self.key.as_ref().ok_or(VaultError::Locked)?;
        let Some(file) = file::read::<KeyFile>(&path, Kind::Key)? else { return Ok(None) };
        if folded(&file.customer) != folded(owner.customer) {
            return Err(swapped(&path, &file.customer));
        }
        if !file.tenant.eq_ignore_ascii_case(owner.tenant) {
            return Err(VaultError::OtherTenant { customer: file.customer, tenant: file.tenant });
        }
        let key = vault.open_key(&file.sealed, &key_beside(owner)).ok_or(VaultError::Changed(path))?;
        Ok(Some(key))
    }

    /// The customer's key as it is, or a new one: for a new customer, another tenant, or in place of a damaged one.
    fn key_to_seal(&self, owner: Owner<'_>) -> Result<SealKey, VaultError> {
        let vault = match (&self.key, self.state()) {
            (Some(key), _) => key,
            (None, VaultState::Absent) => return Err(VaultError::NoVault),
            (None, _) => return Err(VaultError::Locked),
        };
        if let Ok(Some(key)) = self.customer_key(owner) {
            return Ok(key);
        }
        // What was sealed with another key is worth nothing any more.
        self.forget(owner.customer)?;
        let key = SealKey::random().map_err(VaultError::Random)?;
        let sealed = vault.seal_key(&key, &key_beside(owner)).map_err(VaultError::Random)?;
        file::make_folder(&self.folder)?;
        file::make_folder(&self.customer_folder(owner.customer))?;
        let file = KeyFile { customer: owner.customer.to_owned(), tenant: owner.tenant.to_owned(), sealed };
        file::write(&self.key_path(owner.customer), Kind::Key, &file)?;
        Ok(key)
    }

    fn locks(&self) -> Result<Option<Vec<Lock>>, VaultError> {
        Ok(file::read::<Locks>(&self.locks_path(), Kind::Locks)?.map(|file| file.locks))
    }

    fn add_lock(&self, mut locks: Vec<Lock>, lock: Lock) -> Result<(), VaultError> {
        locks.push(lock);
        file::make_folder(&self.folder)?;
        file::write(&self.locks_path(), Kind::Locks, &Locks { locks })
    }

    fn locks_path(&self) -> PathBuf {
        self.folder.join("locks")
    }

    /// A name that a person typed never becomes a path.
    fn customer_folder(&self, customer: &str) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(b"whiteglove customer\0");
        hash.update(folded(customer));
        self.folder.join(hex::encode(&hash.finalize()[..12]))
    }

    fn key_path(&self, customer: &str) -> PathBuf {
        self.customer_folder(customer).join("key")
    }

    fn credential_path(&self, customer: &str, service: Service) -> PathBuf {
        self.customer_folder(customer).join(file_name(service))
    }
}

const VAULT_KEY: &[u8] = b"whiteglove vault key";

fn seal_vault_key(lock: &SealKey, key: &SealKey) -> Result<Blob, VaultError> {
    lock.seal_key(key, VAULT_KEY).map_err(VaultError::Random)
}

fn key_beside(owner: Owner<'_>) -> Vec<u8> {
    let tenant = owner.tenant.to_ascii_lowercase();
    format!("whiteglove customer key\0{}\0{tenant}", folded(owner.customer)).into_bytes()
}

fn beside(header: &Header) -> Result<Vec<u8>, VaultError> {
    let header = serde_json::to_string(header).map_err(|error| VaultError::Random(error.to_string()))?;
    Ok(format!("whiteglove credential\0{header}").into_bytes())
}

fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn file_name(service: Service) -> &'static str {
    match service {
        Service::Graph => "graph",
        Service::PartnerCenter => "partner-center",
    }
}

fn swapped(path: &Path, whose: &str) -> VaultError {
    VaultError::Swapped { path: path.to_owned(), whose: whose.to_owned() }
}

#[cfg(test)]
mod tests;
