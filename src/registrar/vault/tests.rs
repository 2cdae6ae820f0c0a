//! What is kept can be had again with the right key, by the right customer, from unchanged files, and in no other way.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{file::Part, *};
use crate::registrar::credential::Key;

const TENANT: &str = "00000000-0000-4000-8000-00000000aa07";
const OTHER_TENANT: &str = "00000000-0000-4000-8000-00000000bb08";
const PASSPHRASE: &str = "correct horse battery";
const ACME: Owner<'_> = Owner { customer: "ACME", tenant: TENANT };

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn kept(text: &str) -> Kept {
    Kept { key: Key::Secret(secret(text)), refresh: Some(secret("0.refresh")) }
}

fn header(owner: Owner<'_>, service: Service) -> Header {
    Header {
        customer: owner.customer.to_owned(),
        tenant: owner.tenant.to_owned(),
        service,
        signs_in_at: owner.tenant.to_owned(),
        client_id: "app-1".to_owned(),
        kind: CredentialKind::Secret,
        expires: "2027-03-01".parse().ok(),
        set: Moment::from_millis(5),
    }
}

/// Open, with a secret of ACME for Graph in it.
fn vault() -> (Vault, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = Vault::at(folder.path(), Effort::TEST);
    vault.set_passphrase(&secret(PASSPHRASE)).unwrap();
    vault.set(&header(ACME, Service::Graph), &kept("s3cret~value")).unwrap();
    (vault, folder)
}

fn again(folder: &TempDir) -> Vault {
    Vault::at(folder.path(), Effort::TEST)
}

fn opened(folder: &TempDir) -> Vault {
    let mut vault = again(folder);
    vault.unlock(&secret(PASSPHRASE)).unwrap();
    vault
}

fn read(vault: &Vault, owner: Owner<'_>) -> Result<Option<Kept>, VaultError> {
    vault.credential(owner, Service::Graph).map(|found| found.map(|(_, kept)| kept))
}

/// All files below, by their path from there.
fn files(folder: &TempDir) -> Vec<PathBuf> {
    let mut open = vec![folder.path().join("vault")];
    let mut files = vec![];
    while let Some(path) = open.pop() {
        match path.is_dir() {
            true => open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path())),
            false => files.push(path),
        }
    }
    files.sort();
    files
}

#[test]
fn what_is_kept_survives_a_restart_and_needs_the_passphrase() {
    let (vault, folder) = vault();
    assert_eq!(read(&vault, ACME), Ok(Some(kept("s3cret~value"))));
    let mut later = again(&folder);
    assert_eq!(later.state(), VaultState::Locked);
    assert_eq!(read(&later, ACME), Err(VaultError::Locked));
    // Who and until when is told all the same.
    assert_eq!(later.list(), [Ok(header(ACME, Service::Graph))]);
    assert_eq!(later.unlock(&secret("correct horse batterx")), Err(VaultError::WrongPassphrase));
    assert_eq!(later.state(), VaultState::Locked);
    later.unlock(&secret(PASSPHRASE)).unwrap();
    assert_eq!(
        read(&later, Owner { customer: " acme", tenant: &TENANT.to_uppercase() }),
        Ok(Some(kept("s3cret~value")))
    );
    assert_eq!(read(&later, Owner { customer: "Globex", tenant: TENANT }), Ok(None));
    assert_eq!(later.credential(ACME, Service::PartnerCenter).unwrap(), None);
}

#[test]
fn files_are_ours_alone_and_hold_nothing_in_the_clear() {
    let (vault, folder) = vault();
    for path in files(&folder) {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("s3cret") && !text.contains("refresh") && !text.contains("correct"), "{text}");
        assert!(!path.to_string_lossy().contains("ACME"), "a name becomes no path");
    }
    assert_eq!(files(&folder).len(), 3);
    assert_eq!(format!("{vault:?}").matches("Some(SealKey)").count(), 1);
}

#[test]
fn every_byte_of_every_file_counts() {
    let (_, folder) = vault();
    for path in files(&folder) {
        let good = fs::read(&path).unwrap();
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            fs::write(&path, &bad).unwrap();
            let mut vault = again(&folder);
            let result = vault.unlock(&secret(PASSPHRASE)).and_then(|()| read(&vault, ACME));
            let told = matches!(result, Err(VaultError::Damaged(_) | VaultError::Newer(_)));
            assert!(told, "{} at {index}: {result:?}", path.display());
        }
        for length in 0..good.len() {
            fs::write(&path, &good[..length]).unwrap();
            let mut vault = again(&folder);
            let result = vault.unlock(&secret(PASSPHRASE)).and_then(|()| read(&vault, ACME));
            assert!(matches!(result, Err(VaultError::Damaged(_))), "{} cut at {length}: {result:?}", path.display());
        }
        fs::write(&path, good).unwrap();
    }
    assert_eq!(read(&opened(&folder), ACME), Ok(Some(kept("s3cret~value"))), "and they are whole again");
}

/// Somebody who knows how the files are made changes one, and makes its check sum right again.
fn forge(path: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let text = fs::read_to_string(path).unwrap();
    let (first, body) = text.split_once('\n').unwrap();
    let mut value = serde_json::from_str(body).unwrap();
    change(&mut value);
    let body = value.to_string();
    let words = first.rsplit_once(' ').unwrap().0;
    fs::write(path, format!("{words} {}\n{body}", hex::encode(Sha256::digest(&body)))).unwrap();
}

/// One bit of sealed bytes is another.
fn turn(sealed: &mut serde_json::Value, index: usize) {
    let mut bytes: Blob = serde_json::from_value(sealed.clone()).unwrap();
    bytes.0[index] ^= 1;
    *sealed = serde_json::to_value(bytes).unwrap();
}

#[test]
fn a_forged_check_sum_does_not_help() {
    let (vault, folder) = vault();
    let key = vault.key_path("ACME");
    let credential = vault.credential_path("ACME", Service::Graph);
    let good = fs::read(&credential).unwrap();
    let length = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let value: serde_json::Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
        serde_json::from_value::<Blob>(value["sealed"].clone()).unwrap().0.len()
    };
    for index in 0..length(&credential) {
        forge(&credential, |file| turn(&mut file["sealed"], index));
        assert_eq!(read(&opened(&folder), ACME), Err(VaultError::Changed(credential.clone())), "{index}");
        fs::write(&credential, &good).unwrap();
    }
    type Change<'a> = &'a dyn Fn(&mut serde_json::Value);
    let changes: [Change<'_>; 5] = [
        &|file| file["header"]["client_id"] = "another".into(),
        &|file| file["header"]["signs_in_at"] = OTHER_TENANT.into(),
        &|file| file["header"]["expires"] = "2099-01-01".into(),
        &|file| file["header"]["kind"] = "certificate".into(),
        &|file| file["header"]["set"] = 6.into(),
    ];
    for change in changes {
        forge(&credential, change);
        assert_eq!(read(&opened(&folder), ACME), Err(VaultError::Changed(credential.clone())));
        fs::write(&credential, &good).unwrap();
    }
    // As if there never had been a secret.
    forge(&credential, |file| file["sealed"] = serde_json::Value::Null);
    assert_eq!(read(&opened(&folder), ACME), Err(VaultError::Damaged(credential.clone())));
    fs::write(&credential, &good).unwrap();
    let good = fs::read(&key).unwrap();
    for index in 0..length(&key) {
        forge(&key, |file| turn(&mut file["sealed"], index));
        assert_eq!(read(&opened(&folder), ACME), Err(VaultError::Changed(key.clone())), "{index}");
        fs::write(&key, &good).unwrap();
    }
    // Of the locks it looks like a wrong passphrase; parameters that would take for ever are not tried.
    let locks = vault.locks_path();
    let good = fs::read(&locks).unwrap();
    forge(&locks, |file| turn(&mut file["locks"][0]["passphrase"]["sealed"], 30));
    assert_eq!(again(&folder).unlock(&secret(PASSPHRASE)), Err(VaultError::WrongPassphrase));
    fs::write(&locks, &good).unwrap();
    forge(&locks, |file| file["locks"][0]["passphrase"]["effort"]["memory-kib"] = u32::MAX.into());
    assert_eq!(again(&folder).unlock(&secret(PASSPHRASE)), Err(VaultError::Damaged(locks)));
}

#[test]
fn the_file_of_another_customer_or_service_is_not_taken() {
    let (vault, _folder) = vault();
    let globex = Owner { customer: "Globex", tenant: OTHER_TENANT };
    vault.set(&header(globex, Service::Graph), &kept("of globex")).unwrap();
    vault.set(&header(ACME, Service::PartnerCenter), &kept("for partners")).unwrap();
    let ours = vault.credential_path("ACME", Service::Graph);
    let (credential, key) = (fs::read(&ours).unwrap(), fs::read(vault.key_path("ACME")).unwrap());
    // A credential, as it is.
    fs::copy(vault.credential_path("Globex", Service::Graph), &ours).unwrap();
    let swapped = VaultError::Swapped { path: ours.clone(), whose: "Globex".into() };
    assert_eq!(read(&vault, ACME), Err(swapped.clone()));
    assert!(vault.list().contains(&Err(swapped)), "and the list tells");
    // With another name on it, by somebody who knows how: the seal has the name in it.
    forge(&ours, |file| (file["header"]["customer"], file["header"]["tenant"]) = ("ACME".into(), TENANT.into()));
    assert_eq!(read(&vault, ACME), Err(VaultError::Changed(ours.clone())));
    // With its key.
    fs::copy(vault.key_path("Globex"), vault.key_path("ACME")).unwrap();
    assert!(matches!(read(&vault, ACME), Err(VaultError::Swapped { .. })));
    forge(&vault.key_path("ACME"), |file| (file["customer"], file["tenant"]) = ("ACME".into(), TENANT.into()));
    assert_eq!(read(&vault, ACME), Err(VaultError::Changed(vault.key_path("ACME"))));
    fs::write(vault.key_path("ACME"), key).unwrap();
    // The same customer's other service.
    fs::copy(vault.credential_path("ACME", Service::PartnerCenter), &ours).unwrap();
    assert!(matches!(read(&vault, ACME), Err(VaultError::Swapped { .. })));
    forge(&ours, |file| file["header"]["service"] = "graph".into());
    assert_eq!(read(&vault, ACME), Err(VaultError::Changed(ours.clone())));
    fs::write(&ours, credential).unwrap();
    assert_eq!(read(&vault, ACME), Ok(Some(kept("s3cret~value"))));
    assert_eq!(read(&vault, globex), Ok(Some(kept("of globex"))));
}

#[test]
fn a_customer_that_has_another_tenant_now_has_no_credential_for_it() {
    let (vault, _folder) = vault();
    let moved = Owner { customer: "ACME", tenant: OTHER_TENANT };
    let told = VaultError::OtherTenant { customer: "ACME".into(), tenant: TENANT.into() };
    assert_eq!(read(&vault, moved), Err(told));
    vault.set(&header(moved, Service::Graph), &kept("new")).unwrap();
    assert_eq!(read(&vault, moved), Ok(Some(kept("new"))));
}

#[test]
fn what_is_forgotten_cannot_be_read_even_from_a_copy() {
    let (vault, folder) = vault();
    let globex = Owner { customer: "Globex", tenant: OTHER_TENANT };
    vault.set(&header(globex, Service::Graph), &kept("of globex")).unwrap();
    let path = vault.credential_path("ACME", Service::Graph);
    let copy = fs::read(&path).unwrap();
    assert_eq!((vault.forget("acme "), vault.forget("ACME")), (Ok(true), Ok(false)));
    assert_eq!(read(&vault, ACME), Ok(None));
    // It needs no open vault, and leaves the others alone.
    assert_eq!(again(&folder).forget("nobody"), Ok(false));
    assert_eq!(read(&vault, globex), Ok(Some(kept("of globex"))));
    file::make_folder(path.parent().unwrap()).unwrap();
    fs::write(&path, &copy).unwrap();
    assert!(read(&vault, ACME).is_err(), "its key is gone");
    vault.set(&header(ACME, Service::Graph), &kept("new")).unwrap();
    fs::write(&path, &copy).unwrap();
    assert_eq!(read(&vault, ACME), Err(VaultError::Changed(path)), "nor does the next key open it");
}

#[test]
fn a_key_is_overwritten_before_its_name_goes() {
    let (vault, folder) = vault();
    let (key, link) = (vault.key_path("ACME"), folder.path().join("held"));
    fs::hard_link(&key, &link).unwrap();
    let before = fs::read(&link).unwrap();
    vault.forget("ACME").unwrap();
    let after = fs::read(&link).unwrap();
    assert!(after.len() == before.len() && after.iter().all(|byte| *byte == 0));
}

#[test]
fn a_crash_between_write_and_rename_leaves_the_old_one() {
    let (vault, folder) = vault();
    let path = vault.credential_path("ACME", Service::Graph);
    drop(Part::prepare(&path, b"half of somethi").unwrap());
    assert_eq!(read(&opened(&folder), ACME), Ok(Some(kept("s3cret~value"))));
    vault.set(&header(ACME, Service::Graph), &kept("newer")).unwrap();
    assert_eq!(read(&opened(&folder), ACME), Ok(Some(kept("newer"))));
    assert_eq!(files(&folder).len(), 3, "nothing lies about");
    // A key without a credential is a customer of whom nothing is kept.
    fs::remove_file(&path).unwrap();
    assert_eq!(read(&opened(&folder), ACME), Ok(None));
    // What lies there under the name of a part may lead elsewhere.
    let victim = folder.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    std::os::unix::fs::symlink(&victim, path.with_extension("part")).unwrap();
    vault.set(&header(ACME, Service::Graph), &kept("newest")).unwrap();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    assert_eq!(read(&vault, ACME), Ok(Some(kept("newest"))));
}

#[test]
fn the_passphrase_is_changed_only_while_the_vault_is_open() {
    let (mut vault, folder) = vault();
    assert_eq!(again(&folder).set_passphrase(&secret("another passphrase")), Err(VaultError::Locked));
    assert_eq!(vault.set_passphrase(&secret("short")), Err(VaultError::ShortPassphrase(10)));
    vault.set_passphrase(&secret("another passphrase")).unwrap();
    let mut later = again(&folder);
    assert_eq!(later.unlock(&secret(PASSPHRASE)), Err(VaultError::WrongPassphrase));
    later.unlock(&secret("another passphrase")).unwrap();
    assert_eq!(read(&later, ACME), Ok(Some(kept("s3cret~value"))));
}

#[test]
fn the_system_opens_it_and_so_does_the_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = again(&folder);
    assert_eq!(vault.open_by_system(&[7; 31]), Err(VaultError::WeakSystemKey));
    vault.open_by_system(&[7; 32]).unwrap();
    vault.set(&header(ACME, Service::Graph), &kept("s3cret~value")).unwrap();
    let mut later = again(&folder);
    assert_eq!(later.unlock(&secret(PASSPHRASE)), Err(VaultError::NoPassphrase));
    assert_eq!(later.open_by_system(&[8; 32]), Err(VaultError::OtherSystemKey));
    assert_eq!(later.state(), VaultState::Locked);
    let mut later = again(&folder);
    later.open_by_system(&[7; 32]).unwrap();
    assert_eq!(read(&later, ACME), Ok(Some(kept("s3cret~value"))));
    later.set_passphrase(&secret(PASSPHRASE)).unwrap();
    assert_eq!(read(&opened(&folder), ACME), Ok(Some(kept("s3cret~value"))));
    // The machine's key was made anew: the passphrase tells the new one the vault's key.
    let mut later = again(&folder);
    assert_eq!(later.open_by_system(&[9; 40]), Err(VaultError::OtherSystemKey));
    later.unlock(&secret(PASSPHRASE)).unwrap();
    let mut later = again(&folder);
    later.open_by_system(&[9; 40]).unwrap();
    assert_eq!(read(&later, ACME), Ok(Some(kept("s3cret~value"))));
    assert_eq!(again(&folder).open_by_system(&[7; 32]), Err(VaultError::OtherSystemKey));
    // And a vault that had a passphrase first.
    let (_, folder) = super::tests::vault();
    let mut later = again(&folder);
    later.open_by_system(&[7; 32]).unwrap();
    assert_eq!(later.state(), VaultState::Locked);
    later.unlock(&secret(PASSPHRASE)).unwrap();
    let mut later = again(&folder);
    later.open_by_system(&[7; 32]).unwrap();
    assert_eq!(later.state(), VaultState::Open);
}

#[test]
fn without_a_vault_only_what_is_no_secret_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let vault = again(&folder);
    assert_eq!(vault.state(), VaultState::Absent);
    assert_eq!(vault.set(&header(ACME, Service::Graph), &kept("x")), Err(VaultError::NoVault));
    assert_eq!(vault.list(), []);
    let person = Header { kind: CredentialKind::Person, ..header(ACME, Service::Graph) };
    let nothing = Kept { key: Key::Person, refresh: None };
    vault.set(&person, &nothing).unwrap();
    assert_eq!(vault.credential(ACME, Service::Graph), Ok(Some((person, nothing))));
}

#[test]
fn every_trouble_says_what_to_do_and_no_secret() {
    let path = || PathBuf::from("/s/vault/x");
    let all = [
        VaultError::NoVault,
        VaultError::Locked,
        VaultError::WrongPassphrase,
        VaultError::NoPassphrase,
        VaultError::ShortPassphrase(10),
        VaultError::WeakSystemKey,
        VaultError::OtherSystemKey,
        VaultError::Damaged(path()),
        VaultError::Changed(path()),
        VaultError::Swapped { path: path(), whose: "Globex".into() },
        VaultError::OtherTenant { customer: "ACME".into(), tenant: TENANT.into() },
        VaultError::Newer(path()),
        VaultError::Unusable(path(), "no space".into()),
        VaultError::Random("no randomness".into()),
    ];
    let told: Vec<_> = all.iter().map(|error| error.problem("The vault stays locked.").to_string()).collect();
    insta::assert_snapshot!(told.join("\n"));
}
