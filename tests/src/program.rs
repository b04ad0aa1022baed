//! The server as a separate process: the built binary over a directory, to be read and killed.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use reqwest::Method;

use crate::caller::{Answer, Caller};
use crate::until;

/// The built server: what `DAEGEUM_BIN` names, or the one beside this program.
pub fn path() -> PathBuf {
    if let Some(named) = std::env::var_os("DAEGEUM_BIN") {
        return named.into();
    }
    let own = std::env::current_exe().expect("this program has a path");
    let folders = own.ancestors().skip(1).take(2);
    let mut found = folders.map(|folder| folder.join("daegeum"));
    found.find(|file| file.is_file()).unwrap_or_else(|| {
        panic!("build the server first (cargo build -p daegeum-server), or say DAEGEUM_BIN")
    })
}

/// An address unique to this process and program: its own loopback address with a free port. A free port of 127.0.0.1
/// could be taken by another program before the server listens.
fn free_address() -> SocketAddr {
    static STARTED: AtomicU16 = AtomicU16::new(0);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let own = STARTED.fetch_add(1, Ordering::Relaxed) % 254 + 1;
    let own = u8::try_from(own).expect("below 255");
    let host = Ipv4Addr::new(127, 64 | (high & 63), low, own);
    let listener = TcpListener::bind((host, 0)).expect("a port");
    listener.local_addr().expect("an address")
}

/// A running server.
pub struct Program {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Program {
    /// Starts `daegeum serve` over `data` with these variables and arguments, its standard output
    /// and error going to `log`. It may not listen yet.
    pub fn start(
        data: &Path,
        variables: &[(String, String)],
        arguments: &[&str],
        log: &Path,
    ) -> Self {
        let address = free_address();
        let out = File::create(log).expect("a log");
        let errors = out.try_clone().expect("the same log");
        let mut command = command();
        command.args(["serve", "--listen", &address.to_string(), "--data"]);
        command.arg(data).args(arguments);
        command.envs(variables.iter().cloned()).stdin(Stdio::null());
        let child = command.stdout(out).stderr(errors).spawn();
        Self {
            child: child.expect("the server can be started"),
            address,
            log: log.to_owned(),
        }
    }

    /// Waits until it takes requests; one that ends instead fails the test.
    pub async fn ready(&mut self) {
        let stranger = Caller::new(&self.base());
        until("the server is ready", || {
            let ended = self.child.try_wait().expect("a child");
            assert!(
                ended.is_none(),
                "the server ended with {ended:?} instead of serving: {}",
                fs::read_to_string(&self.log).expect("its log")
            );
            let look = Answer::try_to(stranger.request(Method::GET, "/readyz"));
            async { look.await.is_ok_and(|answer| answer.status == 200) }
        })
        .await;
    }

    /// The server's address.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill").success());
        self.child.wait().expect("an end")
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        // It may have ended by itself; then there is nothing to kill.
        self.child.kill().ok();
        self.child.wait().expect("an end");
    }
}

impl Drop for Program {
    /// A test that fails leaves no server behind.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The program, without the settings of the test's own environment.
fn command() -> Command {
    let mut command = Command::new(path());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DAEGEUM_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs another of its commands to the end.
pub fn run(arguments: &[&str], data: &Path) -> Output {
    run_with(arguments, data, &[])
}

/// The same, with these variables.
pub fn run_with(arguments: &[&str], data: &Path, variables: &[(String, String)]) -> Output {
    let mut command = command();
    command.envs(variables.iter().cloned());
    let output = command.args(arguments).arg("--data").arg(data).output();
    output.expect("the server can be run")
}
