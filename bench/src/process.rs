//! Starts measured processes, waits for them, and never leaves one behind.
//!
//! Each is started through this program itself (`hold`), which asks the kernel to kill it when we die, however we
//! die, and then executes it.

use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

use crate::client::Client;
use crate::failure::{Failure, While};

const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A free port.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).when("a free port")?;
    listener.local_addr().when("a free port")
}

/// The command that starts `program` so that it dies with us.
pub(crate) fn held(program: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe().when("this program")?);
    command.arg("hold").arg(program).stdin(Stdio::null());
    Ok(command)
}

/// Runs `hold`: returns only if it failed.
pub(crate) fn hold(words: &[OsString]) -> Failure {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return Failure::new(format!("asking to die with the parent: {error}"));
    }
    let Some((program, args)) = words.split_first() else {
        return Failure::new("hold what?");
    };
    let error = Command::new(program).args(args).exec();
    Failure::new(format!("{}: {error}", program.display()))
}

/// A server under measurement; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From its start to its first healthy answer.
    pub(crate) started_in: Duration,
}

impl Server {
    /// Starts it, its output in `log`, and waits until `/healthz` answers 200.
    pub(crate) fn start(
        mut command: Command,
        address: SocketAddr,
        log: &Path,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let out = File::create(log).when(log.display())?;
        let errors = out.try_clone().when(log.display())?;
        command.stdout(out).stderr(errors);
        let begin = Instant::now();
        let child = command.spawn().when("starting a server")?;
        let mut server = Self {
            child,
            address,
            started_in: Duration::ZERO,
        };
        while !server.is_healthy() {
            if let Some(status) = server.child.try_wait().when("a server")? {
                let said = last_lines(log);
                return Err(Failure::new(format!("a server ended, {status}:\n{said}")));
            }
            if begin.elapsed() > patience {
                let (waited, said) = (patience.as_secs(), last_lines(log));
                return Err(Failure::new(format!(
                    "not healthy after {waited} s:\n{said}"
                )));
            }
            sleep(LOOK_EVERY);
        }
        server.started_in = begin.elapsed();
        Ok(server)
    }

    fn is_healthy(&self) -> bool {
        let client = Client::connect(self.address);
        let status = client.and_then(|mut client| client.get("/healthz", "").map(|a| a.status));
        status == Ok(200)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and fails unless it does so by itself and says it went well.
    pub(crate) fn stop(mut self, patience: Duration) -> Result<Duration, Failure> {
        let begin = Instant::now();
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Failure::new("a process id"))?;
        kill_process(pid, Signal::TERM).when("stopping a server")?;
        let status = wait(&mut self.child, patience)?;
        if status.success() {
            Ok(begin.elapsed())
        } else {
            Err(Failure::new(format!("a server stopped with {status}")))
        }
    }

    /// As a power cord does it, as far as the process is concerned.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs to its end, bounded, and gives what it printed.
pub(crate) fn output(
    mut command: Command,
    log: &Path,
    patience: Duration,
) -> Result<(Duration, String), Failure> {
    let out = File::create(log).when(log.display())?;
    let errors = out.try_clone().when(log.display())?;
    let begin = Instant::now();
    let mut child = command
        .stdout(out)
        .stderr(errors)
        .spawn()
        .when("starting")?;
    let status = wait(&mut child, patience);
    if status.is_err() {
        // It ran out of time and is not waited for any more.
        let _ = child.kill();
        let _ = child.wait();
    }
    let elapsed = begin.elapsed();
    let said = last_lines(log);
    match status? {
        status if status.success() => Ok((elapsed, said)),
        status => Err(Failure::new(format!("{status}:\n{said}"))),
    }
}

fn wait(child: &mut Child, patience: Duration) -> Result<ExitStatus, Failure> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().when("waiting for a process")? {
            return Ok(status);
        }
        if begin.elapsed() > patience {
            let waited = patience.as_secs();
            return Err(Failure::new(format!("a process did not end in {waited} s")));
        }
        sleep(LOOK_EVERY);
    }
}

/// The end of a log, for the error message.
fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| error.to_string());
    let mut lines: Vec<_> = text.lines().rev().take(12).collect();
    lines.reverse();
    lines.join("\n")
}
