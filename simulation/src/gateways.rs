//! The gateways as the server reaches them over the network.

use bytes::Bytes;
use daegeum_server::world::{BoxFuture, Outbound, Undelivered};

use crate::town::Town;

/// All gateways. Clones are the same.
#[derive(Clone, Default)]
pub struct Gateways {}

impl Gateways {
    /// When a gateway does something of its own accord.
    pub fn next_due_ns(&self) -> Option<u64> {
        None
    }

    /// Lets them do it.
    pub fn wake(&self, _: &Town) {}

    /// Sends the server's request to the gateway it is for.
    pub fn send(&self, _: Outbound) -> BoxFuture<Result<http::Response<Bytes>, Undelivered>> {
        let nobody = Undelivered::NotSent("no gateway of this name".to_owned());
        Box::pin(std::future::ready(Err(nobody)))
    }
}
