//! The import section of a WebAssembly module, read just far enough to name each import.
//!
//! Layout: WebAssembly core specification, binary format. A module is a magic number, a version
//! and sections (id byte, LEB128 length, body); imports are section 2, at most one.

const HEADER: &[u8] = b"\0asm\x01\0\0\0";
const IMPORTS: u8 = 2;

/// `module.name` of every import, in order; an error says what is wrong with the bytes.
pub(super) fn of(module: &[u8]) -> Result<Vec<String>, String> {
    let body = module
        .strip_prefix(HEADER)
        .ok_or("not a WebAssembly module of version 1")?;
    let mut module = Reader(body);
    while !module.0.is_empty() {
        let id = module.byte()?;
        let section = module.prefixed()?;
        if id == IMPORTS {
            return Reader(section).imports();
        }
    }
    Ok(Vec::new())
}

/// The remaining bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn imports(&mut self) -> Result<Vec<String>, String> {
        let count = self.number()?;
        (0..count).map(|_| self.import()).collect()
    }

    fn import(&mut self) -> Result<String, String> {
        let module = String::from_utf8_lossy(self.prefixed()?).into_owned();
        let name = String::from_utf8_lossy(self.prefixed()?).into_owned();
        self.skip_description()?;
        Ok(format!("{module}.{name}"))
    }

    /// function: type · table: reference type, limits · memory: limits · global: type, mutability
    /// · tag: attribute, type
    fn skip_description(&mut self) -> Result<(), String> {
        match self.byte()? {
            0 => self.number().map(drop),
            1 => self.byte().and_then(|_| self.skip_limits()),
            2 => self.skip_limits(),
            3 => self.byte().and_then(|_| self.byte()).map(drop),
            4 => self.byte().and_then(|_| self.number()).map(drop),
            kind => Err(format!("import of unknown kind {kind}")),
        }
    }

    fn skip_limits(&mut self) -> Result<(), String> {
        let has_maximum = self.byte()? & 1 == 1;
        self.number()?;
        if has_maximum {
            self.number()?;
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, String> {
        let (first, rest) = self.0.split_first().ok_or("the module ends too early")?;
        self.0 = rest;
        Ok(*first)
    }

    /// An unsigned LEB128 number: seven bits a byte, the lowest first, the top bit says "more".
    fn number(&mut self) -> Result<u64, String> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number does not end".to_owned())
    }

    fn prefixed(&mut self) -> Result<&'a [u8], String> {
        let length = usize::try_from(self.number()?).map_err(|error| error.to_string())?;
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or("the module ends too early")?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &[&[u8]]) -> Vec<u8> {
        [HEADER, &sections.concat()].concat()
    }

    #[test]
    fn a_module_without_an_import_section_imports_nothing() {
        let types = [1, 4, 1, 0x60, 0, 0];
        assert_eq!(of(&module(&[&types])), Ok(vec![]));
        assert_eq!(of(HEADER), Ok(vec![]));
    }

    #[test]
    fn every_kind_of_import_is_named() {
        let body = [
            &[5][..],
            b"\x03env\x03now\x00\x85\x01", // function of type 133, two bytes
            b"\x03env\x01t\x01\x70\x01\x01\x80\x02", // table with a maximum
            b"\x03env\x06memory\x02\x00\x11", // memory without one
            b"\x03env\x01g\x03\x7f\x01",   // mutable global
            b"\x01a\x01e\x04\x00\x07",     // exception tag
        ]
        .concat();
        let length = u8::try_from(body.len()).expect("short");
        let imports = [&[IMPORTS, length][..], &body].concat();
        let custom = [0, 3, 1, b'x', 9];
        assert_eq!(
            of(&module(&[&custom, &imports])).expect("well formed"),
            ["env.now", "env.t", "env.memory", "env.g", "a.e"]
        );
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(of(b"\x7fELF").is_err());
        assert!(
            of(&module(&[&[IMPORTS, 9, 1]])).is_err(),
            "cut in a section"
        );
        assert!(
            of(&module(&[&[IMPORTS, 1, 1]])).is_err(),
            "cut in an import"
        );
        assert!(
            of(&module(&[&[1, 0x80, 0x80, 0x80]])).is_err(),
            "endless length"
        );
    }
}
