//! Writes the JavaScript around the checkout's wasm module.

fn main() {}
