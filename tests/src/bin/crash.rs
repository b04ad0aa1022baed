//! `crash --cycles N [--seed S]`: kills the server under load, N times, and looks whether anything
//! that it had acknowledged is lost. See `daegeum_tests::crash`.

use std::process::ExitCode;

use daegeum_tests::crash;

const USAGE: &str = "\
crash [--cycles N] [--seed S]

Kills the server (DAEGEUM_BIN, or the one beside this program) under load N times [25] and checks
what it left. The seed is printed; the same seed makes the same requests and the same plan of
kills, though not the same moments.";

fn main() -> ExitCode {
    let Some((cycles, seed)) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    if runtime.block_on(crash::run(cycles, seed)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn arguments(mut typed: impl Iterator<Item = String>) -> Option<(u32, u64)> {
    let (mut cycles, mut seed) = (25, daegeum_tests::secrets::now_s());
    while let Some(name) = typed.next() {
        match name.as_str() {
            "--cycles" => cycles = typed.next()?.parse().ok()?,
            "--seed" => seed = typed.next()?.parse().ok()?,
            _ => return None,
        }
    }
    Some((cycles, seed))
}
