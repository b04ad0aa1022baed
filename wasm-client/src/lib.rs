//! Daegeum's checkout for browsers and Node: bindings over the engine's rules, and fetch.
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "./platform.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn request(url: &str) -> Result<JsValue, JsValue>;
}

/// x
#[wasm_bindgen]
pub async fn load(handle: JsValue) -> Result<JsValue, JsValue> {
    request(&handle.as_string().unwrap_or_default()).await
}
