//! Writes the JavaScript around the checkout's wasm module: `daegeum-bindgen MODULE FOLDER` leaves
//! `core.js` and `core_bg.wasm` there.
//!
//! A program of its own because the module and what reads it have to be of one release of
//! wasm-bindgen: here both are Cargo.lock's. wasm-bindgen's own program brings an HTTP server and
//! takes minutes to install.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

/// What the files are called.
const NAME: &str = "core";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder] = args.as_slice() else {
        eprintln!("daegeum-bindgen MODULE FOLDER");
        return ExitCode::from(2);
    };
    match write(module, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{module}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `web` output is an ES module that takes the wasm from whoever loads it: the one form that plain
/// modules, bundlers and Node all run. Where the wasm is, the package's own entries say, since a
/// bundler moves files and an address written here would be none. Its types are written by hand.
fn write(module: &str, folder: &str) -> Result<(), impl std::fmt::Display> {
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?;
    bindgen
        .input_path(module)
        .out_name(NAME)
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen.generate(folder)
}
