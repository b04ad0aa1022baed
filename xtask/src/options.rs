//! Reading a command's own options: `--name value` and `--name=value`, flags, and the rest.

use crate::Stop;

/// A parsed command line; unused arguments are an error.
pub(crate) struct Options {
    words: Vec<String>,
    help: &'static str,
}

impl Options {
    pub(crate) fn new(args: &[String], help: &'static str) -> Self {
        Self {
            words: args.to_vec(),
            help,
        }
    }

    /// Whether help is what is asked for, before any `--`.
    pub(crate) fn wants_help(&self) -> bool {
        let own = self.words.iter().take_while(|word| *word != "--");
        own.into_iter().any(|word| word == "--help" || word == "-h")
    }

    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// All values of an option, split at commas.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<String>, Stop> {
        let mut values = Vec::new();
        let mut kept = Vec::new();
        let mut words = std::mem::take(&mut self.words).into_iter();
        while let Some(word) = words.next() {
            let value = if word == name {
                let value = words.next();
                Some(value.ok_or_else(|| self.usage(&format!("{name} needs a value")))?)
            } else {
                word.strip_prefix(name)
                    .and_then(|rest| rest.strip_prefix('='))
                    .map(str::to_owned)
            };
            match value {
                Some(value) => values.extend(value.split(',').map(str::to_owned)),
                None => kept.push(word),
            }
        }
        self.words = kept;
        Ok(values)
    }

    /// Refuses what is left.
    pub(crate) fn finish(self) -> Result<(), Stop> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(self.usage(&format!("`{word}` means nothing here"))),
        }
    }

    /// The remaining arguments, for another program: without the first `--`, which was for us.
    pub(crate) fn rest(mut self) -> Vec<String> {
        if let Some(at) = self.words.iter().position(|word| word == "--") {
            self.words.remove(at);
        }
        self.words
    }

    pub(crate) fn usage(&self, complaint: &str) -> Stop {
        Stop::Usage(format!("{complaint}\n\n{}", self.help))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Options {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::new(&words, "help")
    }

    #[test]
    fn a_list_may_be_written_in_any_usual_way() {
        let mut given = options("--only fmt,unit --list --only=wasm");
        assert_eq!(
            given.list("--only").ok().expect("well formed"),
            ["fmt", "unit", "wasm"]
        );
        assert!(given.flag("--list"));
        assert!(given.finish().is_ok());
    }

    #[test]
    fn a_missing_value_and_a_stray_word_are_refused() {
        assert!(options("--only").list("--only").is_err());
        assert!(options("--onyl fmt").finish().is_err());
        let mut longer = options("--onlyfmt");
        assert!(longer.list("--only").ok().expect("not ours").is_empty());
    }

    #[test]
    fn what_follows_the_dashes_is_not_ours() {
        assert!(!options("-- --help").wants_help());
        assert!(options("--help -- x").wants_help());
        assert_eq!(
            options("-- --listen x -- y").rest(),
            ["--listen", "x", "--", "y"]
        );
    }
}
