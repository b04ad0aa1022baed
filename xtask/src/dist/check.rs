//! Tests the Debian package through its life: installed under an earlier version's number, started over data of an older
//! version, upgraded, started again, removed and purged. Both packages have the same program: the upgrade is the
//! package's, and the older version is in the data alone.
//!
//! dpkg is given a folder as its root, so this machine's own packages are neither read nor touched. That needs root's
//! rights, as every installation does.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::{built, containerfile, package};
use crate::cargo::{Profile, root};
use crate::failure::{Failure, While};
use crate::process;
use crate::stages::Outcome;

/// Sorts before every version there is.
const VERSION_BEFORE: &str = "0.0.1";
/// `systemd-analyze security` at most; 10 is no protection at all, and a service that listens cannot be at 0.
const EXPOSURE_MAX: &str = "20";
const PATIENCE: Duration = Duration::from_mins(2);

/// Lives it through, with the program of this profile.
pub(crate) fn check(profile: Profile) -> Result<Outcome, Failure> {
    let id = process::output(Command::new("id").arg("-u"))?;
    if id.trim() != "0" || process::output(Command::new("dpkg").arg("--version")).is_err() {
        let what = "not checked: installing a package needs dpkg and root's rights";
        return Ok(Outcome::NotChecked(what.to_owned()));
    }
    built(profile)?;
    let work = root().join("target/package-check");
    if work.exists() {
        fs::remove_dir_all(&work).when(work.display())?;
    }
    let before = package(profile, Some(VERSION_BEFORE), &made(&work.join("before"))?)?;
    let now = package(profile, None, &made(&work.join("now"))?)?;
    containerfile(&now, &work.join("now"))?;
    let machine = Machine::new(&work.join("machine"))?;

    machine.dpkg(&["--install"], Some(&before))?;
    let left_out = [machine.has_user()?, machine.has_a_hardened_unit()?];
    let left_out: Vec<&str> = left_out.into_iter().flatten().collect();
    let keys = machine.gets_older_data()?;
    machine.serves(&keys)?;
    println!(
        "this program was installed as version {VERSION_BEFORE}, and started over an older version's data"
    );

    fs::write(machine.path("etc/daegeum/daegeum.toml"), "# ours\n").when("its settings")?;
    machine.dpkg(&["--force-confold", "--install"], Some(&now))?;
    let settings =
        fs::read_to_string(machine.path("etc/daegeum/daegeum.toml")).when("its settings")?;
    holds(
        settings == "# ours\n",
        "an upgrade keeps settings that were changed",
    )?;
    machine.serves(&keys)?;
    machine.verifies()?;
    println!("the package was upgraded, the program started again, and its data verifies");

    machine.dpkg(&["--remove", "daegeum"], None)?;
    holds(
        !machine.path("usr/bin/daegeum").exists(),
        "the program is gone",
    )?;
    holds(
        machine.path("etc/daegeum/daegeum.toml").exists(),
        "settings outlive a removal",
    )?;
    machine.dpkg(&["--purge", "daegeum"], None)?;
    holds(
        !machine.path("etc/daegeum/daegeum.toml").exists(),
        "settings are purged",
    )?;
    holds(machine.journal().exists(), "nothing takes the journal away")?;
    println!("it was removed and purged, and the journal is still there");
    fs::remove_dir_all(&work).when(work.display())?;
    if left_out.is_empty() {
        return Ok(Outcome::Checked);
    }
    let what = format!("not checked: {}", left_out.join("; "));
    Ok(Outcome::NotChecked(what))
}

fn made(folder: &Path) -> Result<PathBuf, Failure> {
    fs::create_dir_all(folder).when(folder.display())?;
    Ok(folder.to_owned())
}

fn holds(is_so: bool, what: &str) -> Result<(), Failure> {
    if is_so {
        return Ok(());
    }
    Err(Failure::new(format!("this is not so: {what}")))
}

/// A folder that packages are installed into.
struct Machine {
    root: PathBuf,
}

/// The older directory's keys, as credentials.
struct Keys {
    folder: PathBuf,
    merchant: String,
}

impl Machine {
    fn new(folder: &Path) -> Result<Self, Failure> {
        for part in [
            "var/lib/dpkg/info",
            "var/lib/dpkg/updates",
            "etc",
            "var/lib/daegeum/journal",
        ] {
            made(&folder.join(part))?;
        }
        let status = folder.join("var/lib/dpkg/status");
        fs::write(&status, "").when(status.display())?;
        Ok(Self {
            root: folder.to_owned(),
        })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn journal(&self) -> PathBuf {
        self.path("var/lib/daegeum/journal/00000001.seg")
    }

    /// dpkg with this folder for its root: the scripts of the package run outside of it and are told where it is, and
    /// what the package depends on is this machine's.
    fn dpkg(&self, args: &[&str], package: Option<&Path>) -> Result<(), Failure> {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(&self.root);
        dpkg.args(["--force-script-chrootless", "--force-depends"]);
        dpkg.args(args).args(package).env("LC_ALL", "C.UTF-8");
        dpkg.stdout(Stdio::null());
        process::run(&mut dpkg)
    }

    /// Checks the user that the package makes; what is left out, if this machine cannot make one.
    fn has_user(&self) -> Result<Option<&'static str>, Failure> {
        if process::output(Command::new("systemd-sysusers").arg("--version")).is_err() {
            return Ok(Some("the service's user needs systemd-sysusers"));
        }
        let users = fs::read_to_string(self.path("etc/passwd")).when("its users")?;
        holds(
            users.lines().any(|user| user.starts_with("daegeum:")),
            "the service's user is made",
        )?;
        Ok(None)
    }

    /// Checks the unit; what is left out, if this machine cannot.
    fn has_a_hardened_unit(&self) -> Result<Option<&'static str>, Failure> {
        if process::output(Command::new("systemd-analyze").arg("--version")).is_err() {
            return Ok(Some("the unit's protection needs systemd-analyze"));
        }
        let places = ["lib/systemd/system", "usr/lib/systemd/system"];
        let units = places.map(|place| self.path(place).join("daegeum.service"));
        let unit = units.iter().find(|unit| unit.exists());
        let unit = unit.ok_or_else(|| Failure::new("the package has no unit"))?;
        let mut security = Command::new("systemd-analyze");
        security.args([
            "security",
            "--offline=true",
            "--no-pager",
            "--threshold",
            EXPOSURE_MAX,
        ]);
        process::output(security.arg(unit))?;
        Ok(None)
    }

    /// Puts a data directory there that an older version left, and its keys where systemd would hand them over.
    fn gets_older_data(&self) -> Result<Keys, Failure> {
        let golden = root().join("tests/tests/golden/directory-1");
        let data = self.path("var/lib/daegeum");
        for name in ["keyring", "marker.json"] {
            fs::copy(golden.join(name), data.join(name)).when(name)?;
        }
        for name in ["00000001.seg", "00000002.seg"] {
            let packed = golden.join(format!("journal/{name}.gz"));
            let file = fs::File::open(&packed).when(packed.display())?;
            let mut segment = fs::File::create(data.join("journal").join(name)).when(name)?;
            std::io::copy(&mut GzDecoder::new(file), &mut segment).when(name)?;
        }
        let text = fs::read_to_string(golden.join("secrets.json")).when("its secrets")?;
        let secrets: Value = serde_json::from_str(&text).when("its secrets")?;
        let folder = made(&self.path("run/credentials"))?;
        let secret = |name: &str| {
            let secret = secrets.get(name).and_then(Value::as_str);
            secret.ok_or_else(|| Failure::new(format!("the golden directory has no {name}")))
        };
        let admins = format!("{}:{}", secret("admin_name")?, secret("admin")?);
        for (name, text) in [
            ("merchant_key", secret("merchant")?),
            ("admin_keys", &admins),
            ("buyer_jwt_secret", secret("buyer_jwt_secret")?),
            ("mock_webhook_secret", secret("mock_webhook_secret")?),
            ("data_key", secret("data_key")?),
        ] {
            let place = folder.join(format!("daegeum_{name}"));
            fs::write(&place, format!("{text}\n")).when(place.display())?;
        }
        Ok(Keys {
            folder,
            merchant: secret("merchant")?.to_owned(),
        })
    }

    /// Starts the installed program as the unit does, reads the feed of the older version's events, and stops it.
    fn serves(&self, keys: &Keys) -> Result<(), Failure> {
        let address = free_address()?;
        let log = self.path("run/log");
        let out = fs::File::create(&log).when(log.display())?;
        let mut serve = Command::new(self.path("usr/bin/daegeum"));
        serve.env_clear().env("CREDENTIALS_DIRECTORY", &keys.folder);
        serve.env("DAEGEUM_GATEWAYS_MOCK", "true");
        serve.args(["serve", "--listen", &address.to_string(), "--data"]);
        serve.arg(self.path("var/lib/daegeum"));
        let server = serve.stdout(out).spawn().when("the installed program")?;
        let mut server = Server(server);
        let began = Instant::now();
        while !get(address, "/readyz", &keys.merchant).is_ok_and(|answer| answer.contains(" 200 "))
        {
            if let Some(status) = server.0.try_wait().when("the installed program")? {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(Failure::new(format!(
                    "the installed program ended ({status}): {said}"
                )));
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::new("the installed program is not ready"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let feed = get(address, "/api/v1/events?limit=1", &keys.merchant)?;
        holds(
            feed.contains("\"last\":783"),
            "the older version's events are there",
        )?;
        let page = get(address, "/checkout", &keys.merchant)?;
        holds(page.contains("text/html"), "the checkout page is served")?;
        let id = server.0.id().to_string();
        process::run(Command::new("kill").args(["-TERM", &id]))?;
        let status = server.0.wait().when("the installed program")?;
        process::succeeded("daegeum serve", status)
    }

    fn verifies(&self) -> Result<(), Failure> {
        let mut verify = Command::new(self.path("usr/bin/daegeum"));
        verify
            .arg("verify")
            .arg("--data")
            .arg(self.path("var/lib/daegeum"));
        let said = process::output(&mut verify)?;
        holds(said.contains("Everything holds."), "the data verifies")
    }
}

/// Killed if the check fails before it has stopped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A port that was free a moment ago.
fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").when("a port")?;
    listener.local_addr().when("a port")
}

/// An answer, head and body.
fn get(address: SocketAddr, path: &str, bearer: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address).when(address)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {bearer}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).when(path)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).when(path)?;
    Ok(answer)
}
