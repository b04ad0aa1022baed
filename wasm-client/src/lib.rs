//! Daegeum's checkout for browsers and Node: bindings over the engine's rules, and fetch.
