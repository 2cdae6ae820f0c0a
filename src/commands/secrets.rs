//! `whiteglove secret` and `whiteglove sign-in`: what people hand over, and what they may see of it.

mod input;

use std::io::IsTerminal;

use serde::Serialize;
use whiteglove_core::{
    cloud::{Service, endpoints::Permission},
    control::{Command, Snapshot},
    customer::TenantId,
    problem::Problem,
    sign_in::{Ask, CredentialKind, CredentialView, Expiry, NewCredential, NewProof, SignInState, VaultState},
};

use super::{columns, print, print_json};
use crate::{
    cli::{PassphraseArgs, RightWord, SecretAction, ServiceWord, SetArgs, SignInArgs},
    clock::now,
    config::Config,
    registrar::vault::{Effort, Vault},
    session::{self, Conversation},
};

/// # Errors
/// What was given is not right, or the bench's own answer.
pub async fn secret(config: &Config, action: SecretAction) -> Result<(), Problem> {
    match action {
        SecretAction::Set(args) => set(config, args).await,
        SecretAction::List { json } => list(config, json).await,
        SecretAction::Forget { customer } => super::ask(config, Command::SignIn(Ask::Forget { customer })).await,
        SecretAction::Unlock { passphrase } => {
            let mut bench = running(config, "nobody would use the open vault").await?;
            let passphrase = input::passphrase(&passphrase, "Passphrase of the vault: ")?;
            print(&bench.ask(Command::SignIn(Ask::Unlock { passphrase })).await?)
        }
        SecretAction::Passphrase { passphrase, new_from } => {
            let mut bench = session::converse(config).await?;
            let set = async {
                open(&mut bench, &passphrase).await?;
                let new = PassphraseArgs { passphrase_from: new_from };
                let passphrase = input::new_passphrase(&new)?;
                bench.ask(Command::SignIn(Ask::SetPassphrase { passphrase })).await
            };
            let done = set.await;
            bench.finish().await?;
            print(&done?)
        }
    }
}

/// # Errors
/// The bench's own answer, or that nobody signed in.
pub async fn sign_in(config: &Config, args: SignInArgs) -> Result<(), Problem> {
    let (customer, service) = (args.customer, service(args.service));
    if args.check {
        let mut bench = session::converse(config).await?;
        let check = async {
            open(&mut bench, &args.passphrase).await?;
            bench.ask(Command::SignIn(Ask::Check { customer, service })).await
        };
        let done = check.await;
        bench.finish().await?;
        return print(&done?);
    }
    let mut bench = running(config, "a sign-in lives in its memory only").await?;
    if args.end {
        return print(&bench.ask(Command::SignIn(Ask::End { customer })).await?);
    }
    let mut permissions = Permission::USUAL.to_vec();
    permissions.extend(args.also.into_iter().map(|right| match right {
        RightWord::Lint => Permission::Lint,
        RightWord::Wipe => Permission::Wipe,
    }));
    let begin = Ask::Begin { customer: customer.clone(), service, client_id: args.client_id, permissions };
    print(&bench.ask(Command::SignIn(begin)).await?)?;
    let mut asked = false;
    let ended = bench.until(|snapshot| {
        let state = state_of(snapshot, &customer, service)?;
        // What is shown may be a moment old, from before the code.
        asked |= matches!(state, SignInState::Code { .. });
        (asked && !matches!(state, SignInState::Code { .. })).then(|| state.clone())
    });
    match ended.await? {
        SignInState::Failed(problem) => Err(problem),
        SignInState::SignedIn { who, .. } => {
            let who = who.map_or_else(String::new, |who| format!(" as {who}"));
            print(&format!("Signed in for {customer}{who}, until the bench stops or the shift ends (--end)."))
        }
        _ => Err(Problem::new(
            format!("Nobody signed in for {customer}."),
            "The sign-in was ended before the code was entered.",
            "Begin again: whiteglove sign-in.",
        )),
    }
}

fn state_of<'a>(snapshot: &'a Snapshot, customer: &str, service: Service) -> Option<&'a SignInState> {
    let is_it = |name: &str| name.trim().eq_ignore_ascii_case(customer.trim());
    let view = snapshot.sign_ins.list.iter().find(|view| is_it(&view.customer) && view.service == service)?;
    Some(&view.state)
}

async fn set(config: &Config, args: SetArgs) -> Result<(), Problem> {
    let tenant = args.tenant.map(TenantId::try_from).transpose().map_err(|_| {
        Problem::new(
            "The credential was not set.",
            "The tenant is no GUID.",
            "Copy the tenant ID from Entra's overview.",
        )
    })?;
    let sources = [&args.proof.secret_from, &args.proof.certificate, &args.refresh_from];
    let files: Vec<_> = sources.into_iter().flatten().filter(|file| file.as_os_str() != "-").cloned().collect();
    let proof = match (args.proof.secret_from, args.proof.certificate) {
        (Some(file), _) => NewProof::Secret(input::line(&file)?),
        (None, Some(file)) => NewProof::Certificate(input::all(&file)?),
        (None, None) => NewProof::Person,
    };
    let refresh = args.refresh_from.as_deref().map(input::line).transpose()?;
    if matches!(proof, NewProof::Secret(_)) && args.expires.is_none() {
        eprintln!("Nothing can warn before this secret ends: give its last day too (--expires).");
    }
    let is_secret = refresh.is_some() || proof != NewProof::Person;
    let new = NewCredential {
        customer: args.customer,
        service: service(args.service),
        tenant,
        client_id: args.client_id,
        proof,
        refresh,
        expires: args.expires,
    };
    let mut bench = session::converse(config).await?;
    let set = async {
        if is_secret && open(&mut bench, &args.passphrase).await? == VaultState::Absent {
            eprintln!("There is no vault yet; this passphrase will open it from now on.");
            let passphrase = input::new_passphrase(&args.passphrase)?;
            bench.ask(Command::SignIn(Ask::SetPassphrase { passphrase })).await?;
        }
        bench.ask(Command::SignIn(Ask::Set(Box::new(new)))).await
    };
    let done = set.await;
    bench.finish().await?;
    print(&done?)?;
    for file in files {
        eprintln!("Remove {} (shred -u): the vault has its own copy.", file.display());
    }
    Ok(())
}

/// Asks for the passphrase if the vault is locked. How it was.
async fn open(bench: &mut Conversation, args: &PassphraseArgs) -> Result<VaultState, Problem> {
    let vault = bench.first().await?.sign_ins.vault;
    if vault == VaultState::Locked {
        let passphrase = input::passphrase(args, "Passphrase of the vault: ")?;
        bench.ask(Command::SignIn(Ask::Unlock { passphrase })).await?;
    }
    Ok(vault)
}

/// The bench that serves; a command of its own would be over at once.
async fn running(config: &Config, because: &str) -> Result<Conversation, Problem> {
    let bench = session::converse(config).await?;
    if bench.is_elsewhere() {
        return Ok(bench);
    }
    bench.finish().await?;
    Err(Problem::new(
        "No bench runs here.",
        format!("Nothing serves from {}, and {because}.", config.state.display()),
        "Start `whiteglove` or `whiteglove serve`, or name another folder: whiteglove --state DIR.",
    ))
}

fn service(word: ServiceWord) -> Service {
    match word {
        ServiceWord::Graph => Service::Graph,
        ServiceWord::PartnerCenter => Service::PartnerCenter,
    }
}

#[derive(Serialize)]
struct Listed {
    customer: String,
    service: Service,
    #[serde(flatten)]
    credential: CredentialView,
    note: String,
}

/// From the files: what stands in the clear needs no open vault and no running bench.
async fn list(config: &Config, json: bool) -> Result<(), Problem> {
    let (good, bad): (Vec<_>, Vec<_>) =
        Vault::at(&config.state, Effort::USUAL).list().into_iter().partition(Result::is_ok);
    let ours = |customer: &str| config.customer.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(customer));
    let mut listed: Vec<(Listed, Expiry)> = good
        .into_iter()
        .flatten()
        .filter(|header| ours(&header.customer))
        .map(|header| {
            let credential = header.view();
            let expiry = credential.expiry(now());
            let note = expiry.words();
            (Listed { customer: header.customer, service: header.service, credential, note }, expiry)
        })
        .collect();
    listed.sort_by(|(a, _), (b, _)| (&a.customer, a.service).cmp(&(&b.customer, b.service)));
    if json {
        print_json(&listed.iter().map(|(listed, _)| listed).collect::<Vec<_>>())?;
    } else if listed.is_empty() {
        print("Nothing is kept. whiteglove secret set keeps what a customer's tenant knows the bench by.")?;
    } else {
        let running = session::look(config, None).await.ok().map(|(snapshot, _)| snapshot);
        let head = ["customer", "service", "signs in by", "application", "last day", "state", ""].map(str::to_owned);
        let lines = listed.iter().map(|(listed, expiry)| {
            let state = running.as_ref().and_then(|seen| state_of(seen, &listed.customer, listed.service));
            [
                listed.customer.clone(),
                listed.service.words().to_owned(),
                listed.credential.kind.words().to_owned(),
                listed.credential.client_id.clone(),
                last_day(&listed.credential),
                state.map(SignInState::words).unwrap_or_default(),
                painted(&listed.note, *expiry),
            ]
        });
        print(&columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))?;
    }
    // A damaged file says nothing of whose it is; a bench that is locked to one customer tells all the same.
    match bad.into_iter().find_map(Result::err) {
        Some(error) => Err(error.problem("One of the credentials cannot be read.")),
        None => Ok(()),
    }
}

fn last_day(credential: &CredentialView) -> String {
    match (credential.expires, credential.kind) {
        (Some(date), _) => date.to_string(),
        (None, CredentialKind::Secret) => "not said".to_owned(),
        (None, _) => String::new(),
    }
}

fn painted(note: &str, expiry: Expiry) -> String {
    let colour = match expiry {
        Expiry::Unknown | Expiry::Fine => return String::new(),
        Expiry::Soon(_) => 33,
        Expiry::Urgent(_) | Expiry::Over => 31,
    };
    match std::io::stdout().is_terminal() {
        true => format!("\x1b[{colour}m{note}\x1b[0m"),
        false => note.to_owned(),
    }
}
