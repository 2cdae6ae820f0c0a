//! Signing in at a customer's tenant: the real binary against the fake of Entra, Graph and Partner Center.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

use sha2::{Digest, Sha256};

use crate::{
    pty::Terminal,
    support::{
        Bench,
        cloud::{
            Cloud,
            contract::Host,
            curl::{CLIENT, MANAGED, SERVICE},
            entra::{App, Certificate, Person},
            site::file,
            text::to_base64_url,
            world::Pace,
        },
        tool,
    },
};

const SECRET: &str = "mark.of~a-client-secret";
const PASSPHRASE: &str = "mark of a passphrase";
const WATCH: &str = "DeviceManagementManagedDevices.Read.All";

struct Site {
    bench: Bench,
    cloud: Cloud,
    tenant: String,
    /// The passphrase in a file.
    key: String,
}

impl Site {
    /// ACME is a tenant of the fake, which knows this application.
    fn new(app: App) -> Self {
        let cloud = Cloud::started(Pace::QUICK);
        let tenant = {
            let mut world = cloud.world();
            let tenant = world.add_tenant("ACME");
            tenant.apps.push(App { client: CLIENT.to_owned(), ..app });
            tenant.id.clone()
        };
        let mut bench = Bench::without_boot_environment();
        let [authority, graph, partner] = [Host::Entra, Host::Graph, Host::Partner].map(|host| cloud.url(host));
        bench.config +=
            &format!("[cloud.global]\nauthority = '{authority}'\ngraph = '{graph}'\npartner_center = '{partner}'\n");
        let customer = file(&bench, "acme.toml", &format!("name = 'ACME'\ntenant = '{tenant}'\n"));
        bench.says(&["customer", "set", &customer]);
        let key = file(&bench, "passphrase", &format!("{PASSPHRASE}\n"));
        Self { bench, cloud, tenant, key }
    }

    fn set(&self, proof: &[&str]) -> String {
        let set = ["secret", "set", "ACME", "--client-id", CLIENT, "--passphrase-from", &self.key];
        self.bench.says(&[&set, proof].concat())
    }

    fn set_secret(&self, secret: &str) {
        let path = file(&self.bench, "secret", secret);
        let said = self.set(&["--secret-from", &path, "--expires", "2099-01-01"]);
        assert!(said.contains("Microsoft Graph is set for ACME."), "{said}");
        fs::remove_file(path).unwrap();
    }

    fn check(&self) -> [&str; 5] {
        ["sign-in", "ACME", "--check", "--passphrase-from", &self.key]
    }
}

fn roles() -> Vec<String> {
    [SERVICE, MANAGED].map(str::to_owned).to_vec()
}

#[test]
fn an_application_signs_in_by_its_secret() {
    let site = Site::new(App { secret: Some(SECRET.to_owned()), roles: roles(), ..App::default() });
    let none = site.bench.complains(&site.check());
    assert!(none.contains("Nobody has said as whom"), "{none}");
    site.set_secret(SECRET);
    let list = site.bench.says(&["secret", "list"]);
    assert!(list.contains("ACME") && list.contains("2099-01-01") && list.contains(CLIENT), "{list}");
    let good = site.bench.says(&site.check());
    assert_eq!(good, "Microsoft Graph lets the bench in for ACME.\n");
    // What has ended is told by those who look; the secret itself is not needed for that.
    let path = file(&site.bench, "secret", SECRET);
    site.set(&["--secret-from", &path, "--expires", "2020-01-31"]);
    let list = site.bench.says(&["secret", "list"]);
    assert!(list.contains("2020-01-31") && list.contains("has expired"), "{list}");
    let doctor = String::from_utf8(site.bench.run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("BAD   ACME's secret at Microsoft Graph has expired."), "{doctor}");
    let other = file(&site.bench, "other", "another passphrase\n");
    let wrong = site.bench.complains(&["sign-in", "ACME", "--check", "--passphrase-from", &other]);
    assert!(wrong.contains("not the right one"), "{wrong}");
    // What is wrong at Entra is told as what to do about it.
    site.set_secret("not.the~right-one");
    let refused = site.bench.complains(&site.check());
    assert!(refused.contains("AADSTS7000215") && refused.contains("whiteglove secret set"), "{refused}");
    let app = |change: &dyn Fn(&mut App)| change(&mut site.cloud.world().tenant(&site.tenant).apps[0]);
    app(&|app| app.client = "gone".to_owned());
    assert!(site.bench.complains(&site.check()).contains("AADSTS700016"));
    app(&|app| app.client = CLIENT.to_owned());
    // Rights that are missing are told by name, and at the latest by the service.
    site.set_secret(SECRET);
    app(&|app| app.roles = vec![SERVICE.to_owned()]);
    assert!(site.bench.says(&site.check()).contains(&format!("lacks rights that the bench uses: {WATCH}.")));
    app(&|app| app.roles = vec![]);
    assert!(site.bench.complains(&site.check()).contains("It answers 403"));
    let gone = site.bench.says(&["secret", "forget", "acme"]);
    assert!(gone.contains("destroyed here") && gone.contains("app registration"), "{gone}");
    assert!(site.bench.complains(&site.check()).contains("Nobody has said as whom"));
    assert!(site.bench.says(&["secret", "list"]).starts_with("Nothing is kept."));
}

#[test]
fn an_application_signs_in_by_a_certificate() {
    let fixture = |name: &str| format!("{}/tests/fixtures/sign-in/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    let site = Site::new(App { roles: roles(), ..App::default() });
    let der = |name: &str| site.bench.folder.path().join(name);
    let openssl = |arguments: &str| {
        let (good, said) = tool("openssl", &arguments.split(' ').collect::<Vec<_>>());
        assert!(good, "{said}");
    };
    let (certificate, key) = (fixture("certificate"), fixture("key"));
    openssl(&format!("x509 -in {certificate} -outform DER -out {}", der("der").display()));
    openssl(&format!("rsa -in {key} -RSAPublicKey_out -outform DER -out {}", der("pub").display()));
    let registered = Certificate {
        thumbprint: to_base64_url(&Sha256::digest(fs::read(der("der")).unwrap())),
        public_key: fs::read(der("pub")).unwrap(),
    };
    let both = fs::read_to_string(certificate).unwrap() + &fs::read_to_string(key).unwrap();
    let pem = file(&site.bench, "app.pem", &both);
    site.set(&["--certificate", &pem]);
    assert!(site.bench.says(&["secret", "list"]).contains("2052-11-28"), "its last day is its own");
    let unknown = site.bench.complains(&site.check());
    assert!(unknown.contains("AADSTS700027"), "{unknown}");
    site.cloud.world().tenant(&site.tenant).apps[0].certificate = Some(registered);
    for _ in 0..2 {
        assert!(site.bench.says(&site.check()).contains("lets the bench in"), "each statement is a new one");
    }
}

#[test]
fn a_person_signs_in_on_a_running_bench() {
    let scopes = [SERVICE, WATCH].map(str::to_owned).to_vec();
    let mut site = Site::new(App { scopes, person: Person::SignsIn(1), ..App::default() });
    // Nothing secret is kept: no vault is needed.
    site.bench.says(&["secret", "set", "ACME", "--client-id", CLIENT, "--person"]);
    let alone = site.bench.complains(&["sign-in", "ACME"]);
    assert!(alone.contains("No bench runs here"), "{alone}");
    site.bench.start();
    let said = site.bench.says(&["sign-in", "ACME"]);
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("Open https://microsoft.com/devicelogin on any device and enter the code "), "{said}");
    assert!(lines[1].starts_with("Signed in for ACME"), "{said}");
    assert!(site.bench.says(&site.check()).contains("lets the bench in for ACME"));
    // Only what the shift needs; nobody consented to more.
    let more = site.bench.complains(&["sign-in", "ACME", "--also", "wipe"]);
    assert!(more.contains("AADSTS65001"), "{more}");
    site.cloud.world().tenant(&site.tenant).apps[0].person = Person::Declines;
    assert!(site.bench.complains(&["sign-in", "ACME"]).contains("declined"));
    site.cloud.world().tenant(&site.tenant).apps[0].person = Person::Blocked;
    assert!(site.bench.complains(&["sign-in", "ACME"]).contains("Conditional Access"));
    // The shift ends with the bench.
    site.bench.stop();
    site.bench.start();
    assert!(site.bench.complains(&site.check()).contains("nobody is signed in"));
}

#[test]
fn the_vault_of_a_running_bench_is_opened_at_the_terminal() {
    let mut site = Site::new(App { secret: Some(SECRET.to_owned()), roles: roles(), ..App::default() });
    site.bench.start();
    // Typed twice, and never seen.
    let typing = |arguments: &[&str]| {
        let mut command = site.bench.command();
        command.args(arguments);
        Terminal::running(&command)
    };
    let mut terminal = typing(&["secret", "passphrase"]);
    terminal.shows("New passphrase:");
    terminal.press(&format!("{PASSPHRASE}x\u{7f}\r"));
    terminal.shows("The same again:");
    terminal.press(&format!("{PASSPHRASE}\r"));
    terminal.shows("The passphrase is set");
    assert!(!terminal.contents().contains("mark"), "{}", terminal.contents());
    let path = file(&site.bench, "secret", SECRET);
    site.bench.says(&["secret", "set", "ACME", "--client-id", CLIENT, "--secret-from", &path]);
    site.bench.stop();
    site.bench.start();
    let seen = |site: &Site| site.bench.snapshot().unwrap()["sign_ins"]["vault"].clone();
    assert_eq!(seen(&site), "locked");
    let locked = site.bench.complains(&["sign-in", "ACME", "--check"]);
    assert!(locked.contains("There is no terminal"), "{locked}");
    let typing = |arguments: &[&str]| {
        let mut command = site.bench.command();
        command.args(arguments);
        Terminal::running(&command)
    };
    let mut terminal = typing(&["secret", "unlock"]);
    terminal.shows("Passphrase of the vault:");
    terminal.press("\u{3}");
    terminal.shows("It was given up");
    let mut terminal = typing(&["secret", "unlock"]);
    terminal.shows("Passphrase of the vault:");
    terminal.press(&format!("{PASSPHRASE}\r"));
    terminal.shows("The vault is open");
    assert_eq!(seen(&site), "open");
    // What is open needs no passphrase any more.
    assert!(site.bench.says(&["sign-in", "ACME", "--check"]).contains("lets the bench in"));
}

#[test]
fn systemd_opens_the_vault() {
    let mut site = Site::new(App { secret: Some(SECRET.to_owned()), roles: roles(), ..App::default() });
    let credentials = site.bench.folder.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::write(credentials.join("whiteglove-vault"), [0xa5; 32]).unwrap();
    let by_system = |site: &mut Site| {
        let mut command = site.bench.command();
        command.env("CREDENTIALS_DIRECTORY", &credentials);
        site.bench.spawn(command);
        site.bench.url();
    };
    by_system(&mut site);
    let path = file(&site.bench, "secret", SECRET);
    site.bench.says(&["secret", "set", "ACME", "--client-id", CLIENT, "--secret-from", &path]);
    site.bench.stop();
    by_system(&mut site);
    assert!(site.bench.says(&["sign-in", "ACME", "--check"]).contains("lets the bench in"));
    site.bench.stop();
    // Another machine's key: told, and the bench works on without.
    fs::write(credentials.join("whiteglove-vault"), [0x5a; 32]).unwrap();
    by_system(&mut site);
    let snapshot = site.bench.snapshot().unwrap();
    assert_eq!(snapshot["sign_ins"]["vault"], "locked");
    assert!(snapshot["problems"].to_string().contains("is not the one that locked the vault"), "{snapshot}");
}

/// All files below a folder.
fn below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

#[test]
fn no_secret_is_written_shown_or_logged_even_when_everything_is_logged() {
    let scopes = [SERVICE, WATCH].map(str::to_owned).to_vec();
    let app =
        App { secret: Some(SECRET.to_owned()), roles: roles(), scopes, person: Person::SignsIn(1), ..App::default() };
    let site = Site::new(app);
    let log = site.bench.folder.path().join("log");
    let mut command = site.bench.command();
    command.env("RUST_LOG", "trace").arg("serve").stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
    let mut child = command.spawn().unwrap();
    site.bench.url();
    let attached = {
        let mut control = std::os::unix::net::UnixStream::connect(site.bench.state().join("control.sock")).unwrap();
        control.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
        std::thread::spawn(move || {
            let mut seen = vec![];
            let mut reader = BufReader::new(&mut control);
            let mut line = String::new();
            while seen.len() < 10_000 && reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                seen.append(&mut std::mem::take(&mut line).into_bytes());
            }
            seen
        })
    };
    site.set_secret("not.the~right-one");
    let mut told = site.bench.complains(&site.check());
    site.set_secret(SECRET);
    told += &site.bench.says(&site.check());
    told += &site.bench.says(&["sign-in", "ACME"]);
    told += &site.bench.says(&site.check());
    told += &site.bench.says(&["secret", "list", "--json"]);
    child.kill().unwrap();
    child.wait().unwrap();
    let shown = attached.join().unwrap();
    let world = site.cloud.world();
    let (tokens, refresh) = (world.sign_ins.tokens.keys(), world.sign_ins.refresh.keys());
    let mut marks: Vec<String> = [SECRET, "not.the~right-one", PASSPHRASE].map(str::to_owned).to_vec();
    marks.extend(tokens.chain(refresh).cloned());
    assert!(marks.len() >= 6, "tokens were given: {marks:?}");
    let encoded = |text: &str| text.replace(' ', "%20").replace('~', "%7E");
    let marks: Vec<_> = marks.iter().flat_map(|mark| [mark.clone(), encoded(mark)]).collect();
    let found = |bytes: &[u8]| marks.iter().find(|mark| memchr::memmem::find(bytes, mark.as_bytes()).is_some());
    let logged = fs::read(&log).unwrap();
    assert!(memchr::memmem::find(&logged, b"TRACE").is_some(), "everything is logged");
    assert_eq!(found(&logged), None, "in the log");
    assert_eq!(found(told.as_bytes()), None, "on the terminal");
    assert!(!shown.is_empty());
    assert_eq!(found(&shown), None, "on another terminal");
    for path in below(&site.bench.state()).into_iter().filter(|path| path.is_file()) {
        assert_eq!(found(&fs::read(&path).unwrap()), None, "{}", path.display());
    }
}
