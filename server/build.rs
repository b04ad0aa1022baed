//! Rebuilds the server when what it embeds has changed.

use std::path::Path;

fn main() {
    // A path that is not there would rebuild the server every time; its parent changes when it comes to be.
    let dist = Path::new("web/dist");
    let watched = if dist.exists() {
        dist
    } else {
        Path::new("web")
    };
    println!("cargo:rerun-if-changed={}", watched.display());
}
