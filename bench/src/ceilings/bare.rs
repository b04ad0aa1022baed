//! The first ceiling: hyper alone. It reads the whole request and answers at once.

use std::future::ready;
use std::net::SocketAddr;

use super::serve;
use super::sizes::Sizes;
use crate::failure::Failure;

/// Serves until killed.
pub(crate) fn run(listen: SocketAddr, sizes: &Sizes) -> Result<(), Failure> {
    serve(listen, sizes, |_| ready(true))
}
