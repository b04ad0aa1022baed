//! The server as a program of its own: the built binary over a directory, to be read and killed.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

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

/// A port that was free a moment ago.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// A running server.
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Program {
    /// Starts `daegeum serve` over `data` with these variables and arguments. It may not listen yet.
    pub fn start(data: &Path, variables: &[(String, String)], arguments: &[&str]) -> Self {
        let address = free_address();
        let mut command = Command::new(path());
        command.args(["serve", "--listen", &address.to_string(), "--data"]);
        command.arg(data).args(arguments);
        command.envs(variables.iter().cloned());
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = child.stderr(Stdio::null()).spawn();
        Self {
            child: child.expect("the server can be started"),
            address,
        }
    }

    /// Where it is called.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it to stop, and returns what it had logged.
    pub fn stop(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill").success());
        let mut log = String::new();
        let mut out = self.child.stdout.take().expect("a pipe");
        out.read_to_string(&mut log).expect("text");
        (self.child.wait().expect("an end"), log)
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        // It may have ended by itself; then there is nothing to kill.
        self.child.kill().ok();
        self.child.wait().expect("an end");
    }
}

/// Runs another of its commands to the end.
pub fn run(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(path());
    let output = command.args(arguments).arg("--data").arg(data).output();
    output.expect("the server can be run")
}
