//! Runs other programs: with their output, captured, with a time limit, or in place of this process. Every failure
//! names the command line.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Failure, While};

/// Runs with our terminal; anything but success is a failure.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let line = shown(command);
    let status = command.status().when(&line)?;
    succeeded(&line, status)
}

/// The program's stdout; its stderr is in the failure if there is one.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let line = shown(command);
    let output = command.stdin(Stdio::null()).output().when(&line)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let (status, said) = (output.status, said.trim());
        return Err(Failure::new(format!("`{line}` failed ({status}): {said}")));
    }
    String::from_utf8(output.stdout).when(&line)
}

/// Like [`run`], silent on stdout, and killed when it takes longer than `limit`: for programs
/// that go to the network and may hang there.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Result<(), Failure> {
    let line = shown(command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().when(&line)?;
    // Drained by a thread of its own: a full pipe would stop the child for good.
    let listener = child.stderr.take().map(|mut pipe| {
        std::thread::spawn(move || {
            let mut said = Vec::new();
            // An unreadable pipe only costs us the explanation, not the outcome.
            let read = pipe.read_to_end(&mut said);
            read.map(|_| said).unwrap_or_default()
        })
    });
    let status = wait_at_most(limit, &mut child).when(&line)?;
    let Some(status) = status else {
        let seconds = limit.as_secs();
        return Err(Failure::new(format!(
            "`{line}` gave no answer in {seconds} s"
        )));
    };
    let said = listener
        .and_then(|thread| thread.join().ok())
        .unwrap_or_default();
    succeeded(&line, status).map_err(|failure| {
        Failure::new(format!(
            "{failure}: {}",
            String::from_utf8_lossy(&said).trim()
        ))
    })
}

/// `None` when the time was up and the child has been killed.
fn wait_at_most(limit: Duration, child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Becomes the program, so that signals and the exit code are its own. Comes back only to say
/// why that could not be.
#[cfg(unix)]
pub(crate) fn become_program(command: &mut Command) -> Failure {
    use std::os::unix::process::CommandExt;
    let line = shown(command);
    Failure::new(format!("{line}: {}", command.exec()))
}

/// The nearest thing where a process cannot be replaced: the same exit code.
#[cfg(not(unix))]
pub(crate) fn become_program(command: &mut Command) -> Failure {
    let line = shown(command);
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => Failure::new(format!("{line}: {error}")),
    }
}

/// The failure of a status that is not success.
pub(crate) fn succeeded(line: &str, status: ExitStatus) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{line}` failed ({status})")))
}

/// The command as one could type it, with the program's folder left out.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(|word| quoted(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/opt/bin/cargo");
        command.args(["test", "a name", "--target=x"]);
        assert_eq!(shown(&command), "cargo test 'a name' --target=x");
    }

    #[test]
    fn a_program_that_fails_is_named_with_what_it_said() {
        let said = output(Command::new("cargo").arg("no-such-subcommand"));
        let failure = said.expect_err("cargo has no such subcommand").to_string();
        assert!(
            failure.starts_with("`cargo no-such-subcommand` failed"),
            "{failure}"
        );
        assert!(failure.contains("no such command"), "{failure}");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_ended() {
        let hung = run_within(Duration::from_millis(20), Command::new("sleep").arg("600"));
        assert_eq!(hung, Err(Failure::new("`sleep 600` gave no answer in 0 s")));
    }
}
