//! Hand-over at the customer's side: a key pair, and opening what the bench sealed. Needs no state folder.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use whiteglove_core::{
    handover::{self, Bundle, BundleError, MAX_SEALED, NotAKey, Recipient, RecipientSecret, SealError},
    media::sign::PublicKey,
    problem::Problem,
};
use zeroize::Zeroizing;

use super::csv::whole;

const SUMMARY: &str = "summary.txt";

/// Makes a key pair: the private half in `out`, the public one beside it.
///
/// # Errors
/// There is something in its place, or it cannot be written.
pub(crate) fn make_key(out: &Path) -> Result<(Recipient, PathBuf), Problem> {
    let failed = |path: &Path, error: &io::Error| {
        let (why, next) = match error.kind() {
            io::ErrorKind::AlreadyExists => (
                format!("{} is there already.", path.display()),
                "Use that key, or name another file. A key that was overwritten would leave sealed files that nobody can open.",
            ),
            _ => (
                format!("{} cannot be written: {error}.", path.display()),
                "Check that the folder is there and may be written to.",
            ),
        };
        Problem::new("No key was made.", why, next)
    };
    let mut public = out.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    if public.exists() {
        return Err(failed(&public, &io::ErrorKind::AlreadyExists.into()));
    }
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *entropy).map_err(|error| {
        Problem::new("No key was made.", format!("No randomness: {error}."), "Start the machine anew.")
    })?;
    let secret = RecipientSecret::from_entropy(*entropy);
    let write = |path: &Path, mode: u32, text: &str| -> io::Result<()> {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write(out, 0o600, &secret.to_text()).map_err(|error| failed(out, &error))?;
    write(&public, 0o644, &format!("{}\n", secret.public())).map_err(|error| failed(&public, &error))?;
    Ok((secret.public(), public))
}

/// A customer's public key: as it stands on the command line, or in a file.
///
/// # Errors
/// It is none.
pub(crate) fn recipient(text: &str) -> Result<Recipient, Problem> {
    let bad = |why: String| {
        Problem::new(
            "This is no customer's key.",
            why,
            "The customer makes it with `whiteglove handover key --out FILE` and sends what that prints, or FILE.pub.",
        )
    };
    let error = match text.parse() {
        Ok(key) => return Ok(key),
        Err(error) => error,
    };
    match fs::read_to_string(text) {
        Ok(held) => held.parse().map_err(|error: NotAKey| bad(format!("{text}: {error}."))),
        Err(_) => Err(bad(format!("{error}; and there is no such file."))),
    }
}

/// A bench's public key, likewise.
///
/// # Errors
/// It is none.
pub(crate) fn bench_key(text: &str) -> Result<PublicKey, Problem> {
    match text.parse() {
        Ok(key) => Ok(key),
        Err(_) => crate::check::read_key(Path::new(text)),
    }
}

/// Opens a sealed file and writes what is in it into a folder.
///
/// # Errors
/// What is wrong with the file or a key; or the folder cannot be written, or holds other files of these names.
pub(crate) fn open(file: &Path, key: &Path, bench: &PublicKey, out: &Path) -> Result<Bundle, Problem> {
    let unreadable = |path: &Path, why: String| {
        Problem::new(
            "Nothing was opened.",
            format!("{}: {why}.", path.display()),
            "Check that it is there and that you may read it.",
        )
    };
    let text = fs::read_to_string(key).map(Zeroizing::new).map_err(|error| unreadable(key, error.to_string()))?;
    let secret = RecipientSecret::parse(&text).map_err(|_| {
        Problem::new(
            "Nothing was opened.",
            format!("{} is no private key.", key.display()),
            "Name the file that `whiteglove handover key --out FILE` made, not FILE.pub.",
        )
    })?;
    let size = fs::metadata(file).map_err(|error| unreadable(file, error.to_string()))?.len();
    if size > MAX_SEALED as u64 {
        return Err(refused(file, SealError::Oversized(usize::try_from(size).unwrap_or(usize::MAX)), &secret));
    }
    let bytes = fs::read(file).map_err(|error| unreadable(file, error.to_string()))?;
    let content = handover::open(&bytes, &secret, bench).map_err(|error| refused(file, error, &secret))?;
    let bundle = Bundle::parse(&content).map_err(|error| {
        let next = match error {
            BundleError::Newer(_) => "Take the whiteglove that the bench has.",
            BundleError::Malformed(_) | BundleError::Name(_) => {
                "It is genuine; ask the bench which whiteglove made it."
            }
        };
        Problem::new("Nothing was opened.", format!("{}: {error}.", file.display()), next)
    })?;
    fs::create_dir_all(out).map_err(|error| unwritten(out, &error))?;
    for part in &bundle.parts {
        place(out, &part.name, &part.bytes.0)?;
    }
    place(out, SUMMARY, bundle.summary().as_bytes())?;
    Ok(bundle)
}

/// The very same bytes may be there: it was opened before.
fn place(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Problem> {
    let path = folder.join(name);
    match fs::read(&path) {
        Ok(there) if there == bytes => return Ok(()),
        Ok(_) => {
            return Err(Problem::new(
                "Not everything was opened.",
                format!("There is another file {}.", path.display()),
                "Name a new folder for each sealed file.",
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unwritten(&path, &error)),
    }
    let part = folder.join(format!(".{name}.part"));
    whole(&part, &path, bytes).map_err(|error| {
        drop(fs::remove_file(&part));
        unwritten(&path, &error)
    })
}

fn unwritten(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        "Not everything was opened.",
        format!("{} cannot be written: {error}.", path.display()),
        "Check that the folder has room and may be written to, then open it again.",
    )
}

fn refused(file: &Path, error: SealError, secret: &RecipientSecret) -> Problem {
    let own = secret.public().brief();
    let next = match error {
        SealError::Foreign => "Name the file that `whiteglove handover make` made.".to_owned(),
        SealError::Cut(..) => "Have it sent again; it did not arrive whole.".to_owned(),
        SealError::OtherBench(_) => {
            "Ask the bench by telephone for its key (`whiteglove media key` prints it there). If it is not that one, do not \
             use the file."
                .to_owned()
        }
        SealError::OtherRecipient(_) => {
            format!("Use the private key that belongs to it; yours ends in {own}. Or have the bench seal it for yours.")
        }
        SealError::Oversized(_) | SealError::Forged | SealError::WeakKey(_) => {
            "Have it sent again. If it fails again, somebody changes it on the way: take another one.".to_owned()
        }
    };
    Problem::new("Nothing was opened.", format!("{}: {error}.", file.display()), next)
}
