//! When to stop: at SIGTERM (a service manager) or SIGINT (someone at a terminal).

use std::{future::Future, io};

use tokio::signal::unix::{SignalKind, signal};

/// Ready at the first of the two. Listening begins at the call, so that no signal is missed.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
