//! Binds the addresses that settings name, and explains why one cannot be bound.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Which setting names the address, and how another is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The setting's name.
    pub setting: &'static str,
    /// The ways to set it.
    pub ways: &'static str,
}

/// The API's address.
pub const API: Place = Place {
    setting: "listen",
    ways: "--listen ADDRESS:PORT, DAEGEUM_LISTEN, or `listen` in the file of settings",
};
/// The addresses of the sandbox's simulators.
pub const SIMULATORS: Place = Place {
    setting: "sandbox_ports",
    ways: "--sandbox-ports BASE, DAEGEUM_SANDBOX_PORTS, or leave it out: the system then chooses one",
};
/// The addresses of the simulators when they run alone.
pub const SIMULATORS_ALONE: Place = Place {
    setting: "--ports",
    ways: "--ports BASE, or leave it out: the system then chooses one",
};
/// The address of the metrics.
pub const FIGURES: Place = Place {
    setting: "metrics.listen",
    ways: "DAEGEUM_METRICS_LISTEN, or `listen` under [metrics] in the file of settings",
};

/// Binds, or says which setting is in the way and what to do.
pub async fn bind(address: SocketAddr, place: Place) -> Result<TcpListener, String> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| refused(address, place, &error))
}

/// The reason why the address cannot be bound, and the remedy.
pub fn refused(address: SocketAddr, place: Place, error: &io::Error) -> String {
    let Place { setting, ways } = place;
    let why = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there already, perhaps another daegeum; stop it, or choose another port"
                .to_owned()
        }
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address; choose one that it has".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "the system does not let this user listen there; choose a port from 1024 on".to_owned()
        }
        _ => format!("{error}; choose another address"),
    };
    format!("{setting} = {address}: {why} ({ways})")
}
