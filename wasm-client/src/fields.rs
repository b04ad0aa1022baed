//! Reads and builds JavaScript objects, field by field.
//!
//! Written by hand instead of with serde, whose code for these few fields was half of the module.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::host;

/// An object that is read.
pub struct Fields<'v>(pub &'v JsValue);

/// The field that is not what it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong(pub &'static str);

impl Fields<'_> {
    /// The value of a field; `undefined` if it is absent.
    pub fn value(&self, name: &str) -> JsValue {
        // It fails for non-objects, which have no fields.
        Reflect::get(self.0, &name.into()).unwrap_or_default()
    }

    /// The items of a list; none if it is no list.
    pub fn list(&self, name: &str) -> Array {
        // `Array::from` would throw for what cannot be iterated, past all that waits for an answer.
        self.value(name).dyn_into().unwrap_or_default()
    }

    /// The first field that has none of these names.
    pub fn other_than(&self, names: &[&str]) -> Option<String> {
        // `Object.keys` would throw for `undefined`, past all that waits for an answer.
        let object = Some(self.0).filter(|value| value.is_object())?;
        let keys = Object::keys(object.unchecked_ref::<Object>());
        keys.iter()
            .filter_map(|key| key.as_string())
            .find(|key| !names.contains(&&**key))
    }

    /// A text that has to be there.
    pub fn text(&self, name: &'static str) -> Result<String, Wrong> {
        self.value(name).as_string().ok_or(Wrong(name))
    }

    /// A text, if one is there.
    pub fn maybe_text(&self, name: &'static str) -> Result<Option<String>, Wrong> {
        let value = self.value(name);
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        value.as_string().map(Some).ok_or(Wrong(name))
    }

    /// A function, if one is there.
    pub fn maybe_function(&self, name: &'static str) -> Result<Option<Function>, Wrong> {
        let value = self.value(name);
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        value.dyn_into().map(Some).map_err(|_| Wrong(name))
    }

    /// A whole number, if anything is there.
    pub fn maybe_whole(&self, name: &'static str) -> Result<Option<u64>, Wrong> {
        let value = self.value(name);
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        host::whole(&value).map(Some).ok_or(Wrong(name))
    }

    /// A whole number from 0 to 2⁵³ − 1 that has to be there.
    pub fn whole(&self, name: &'static str) -> Result<u64, Wrong> {
        host::whole(&self.value(name)).ok_or(Wrong(name))
    }
}

/// An object with these fields.
pub fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new().into();
    for (name, value) in fields {
        set(&object, name, &value);
    }
    object
}

/// Sets one field of an object of ours.
pub fn set(object: &JsValue, name: &str, value: &JsValue) {
    // It fails for what is no object or is frozen; ours is neither.
    let _was_set = Reflect::set(object, &name.into(), value);
}

/// A text, or null.
pub fn or_null(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from)
}
