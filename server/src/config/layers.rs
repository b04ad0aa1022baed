//! The layers of settings: defaults, then the sandbox's, the file, the environment, the flags; the later wins. An
//! unknown name is a problem, not ignored.

use std::{collections::BTreeMap, fmt};

use super::{
    kubernetes,
    settings::{ENVIRONMENT_PREFIX, SECTIONS, Setting},
    value::{NOTHING_SHOWN, Value},
};

/// The origin of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default.
    Default,
    /// `--sandbox`.
    Sandbox,
    /// The configuration file.
    File,
    /// This environment variable.
    Environment(String),
    /// This flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Sandbox => f.write_str("sandbox"),
            Self::File => f.write_str("file"),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The variable that names the configuration file; it is no setting itself.
pub const CONFIG_FILE_VARIABLE: &str = "DAEGEUM_CONFIG";

/// The layered texts, by setting.
#[derive(Default)]
pub(super) struct Layers {
    said: BTreeMap<String, (String, Origin)>,
    problems: Vec<String>,
}

impl Layers {
    /// Sets one setting's text, over earlier layers.
    pub(super) fn put(&mut self, path: &str, text: String, origin: Origin) {
        self.said.insert(path.to_owned(), (text, origin));
    }

    /// Adds a configuration file.
    pub(super) fn put_file(&mut self, text: &str) {
        match text.parse::<toml::Table>() {
            Ok(table) => self.put_table("", table),
            // The error's own rendering quotes the line, which may contain a secret.
            Err(error) => self.problems.push(match error.span() {
                Some(span) => {
                    let before = text.get(..span.start).unwrap_or_default();
                    let line = before.matches('\n').count().saturating_add(1);
                    format!("the file is not TOML at line {line}: {}", error.message())
                }
                None => format!("the file is not TOML: {}", error.message()),
            }),
        }
    }

    fn put_table(&mut self, prefix: &str, table: toml::Table) {
        for (key, value) in table {
            let path = format!("{prefix}{key}");
            match value {
                toml::Value::Table(inner) => self.put_table(&format!("{path}."), inner),
                value => match text_of(value) {
                    Some(text) => self.put(&path, text, Origin::File),
                    None => self.problems.push(format!(
                        "{path}: expected a text, a whole number, true, false or a list of texts"
                    )),
                },
            }
        }
    }

    /// Adds the variables that begin with `DAEGEUM_`, and below them the older names of some settings. One of ours
    /// that names no setting is a problem, unless Kubernetes sets it: it is most likely a misspelled secret.
    pub(super) fn put_environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)> + Clone,
    ) {
        for (name, text) in variables.clone() {
            if let Some(setting) = all().find(|setting| setting.alias() == Some(&*name)) {
                self.put(setting.path, text, Origin::Environment(name));
            }
        }
        for (name, text) in variables.filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)) {
            match all().find(|setting| setting.environment() == name) {
                Some(setting) => self.put(setting.path, text, Origin::Environment(name)),
                None if name == CONFIG_FILE_VARIABLE || kubernetes::makes(&name, &text) => {}
                None => {
                    let hint = nearest(&name, all().map(Setting::environment));
                    self.problems
                        .push(format!("{name}: no setting has this name{hint}"));
                }
            }
        }
    }

    /// Whether anyone but the sandbox sets a setting that starts with `prefix`.
    pub(super) fn configured_under(&self, prefix: &str) -> bool {
        self.said
            .iter()
            .any(|(path, (_, origin))| path.starts_with(prefix) && *origin != Origin::Sandbox)
    }
}

/// A scalar's text; a list's with commas.
fn text_of(value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        toml::Value::Array(values) => values
            .into_iter()
            .map(|value| {
                value
                    .as_str()
                    .filter(|text| !text.contains(','))
                    .map(str::to_owned)
            })
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(",")),
        _ => None,
    }
}

/// Reads typed settings out of the layers and collects the problems.
pub(super) struct Reader<'a> {
    layers: &'a Layers,
    /// All problems, in words.
    pub(super) problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Starts with the problems of the layers and the unknown names.
    pub(super) fn new(layers: &'a Layers) -> Self {
        let mut problems = layers.problems.clone();
        for path in layers
            .said
            .keys()
            .filter(|path| !all().any(|one| one.path == *path))
        {
            let hint = nearest(path, all().map(|setting| setting.path.to_owned()));
            problems.push(format!("{path}: no setting has this name{hint}"));
        }
        Self { layers, problems }
    }

    /// The value of the setting at `path`; `None` if its text is invalid.
    pub(super) fn read<T: Value>(&mut self, path: &str) -> Option<T> {
        let (text, origin) = self.layers.said_of(path);
        if T::SHOWS && self.layers.is_blank(path) {
            return self.wrong(format!("{path} (from {origin}): {NOTHING_SHOWN}"));
        }
        match T::parse(text) {
            Ok(value) => Some(value),
            Err(wrong) if T::SECRET => self.wrong(format!("{path} (from {origin}) {wrong}")),
            Err(wrong) => self.wrong(format!("{path} = {text:?} (from {origin}): {wrong}")),
        }
    }

    fn wrong<T>(&mut self, problem: String) -> Option<T> {
        self.problems.push(problem);
        None
    }
}

impl Layers {
    /// Whether something was said of a setting that is spaces alone.
    fn is_blank(&self, path: &str) -> bool {
        let said = self.said.get(path);
        said.is_some_and(|(text, _)| !text.is_empty() && text.trim().is_empty())
    }

    /// The text of a setting and its origin.
    pub(super) fn said_of(&self, path: &str) -> (&str, Origin) {
        if let Some((text, origin)) = self.said.get(path) {
            return (text.trim(), origin.clone());
        }
        let default = all().find(|setting| setting.path == path);
        (
            default.map_or("", |setting| setting.default),
            Origin::Default,
        )
    }
}

/// Every setting there is.
pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|section| section.settings)
}

/// `; did you mean …?` when a name is at most three letters away.
fn nearest(name: &str, names: impl Iterator<Item = String>) -> String {
    names
        .map(|candidate| (distance(name, &candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, candidate)| format!("; did you mean {candidate}?"))
        .unwrap_or_default()
}

/// How many letters to insert, drop or change to get from one name to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (above, from_letter) in (1_usize..).zip(from.chars()) {
        let mut left = above;
        let mut diagonal = above.saturating_sub(1);
        let mut next = vec![left];
        for (up, to_letter) in row.iter().skip(1).zip(to.chars()) {
            let changed = diagonal.saturating_add(usize::from(from_letter != to_letter));
            diagonal = *up;
            left = changed
                .min(left.saturating_add(1))
                .min(up.saturating_add(1));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        for (from, to, letters) in [
            ("", "", 0),
            ("a", "", 1),
            ("kitten", "sitting", 3),
            ("limits", "limit", 1),
        ] {
            assert_eq!(distance(from, to), letters, "{from} {to}");
        }
    }

    #[test]
    fn a_list_is_a_text_with_commas() {
        let mut layers = Layers::default();
        layers.put_file("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]");
        assert_eq!(
            layers.said_of("trusted_proxies"),
            ("10.0.0.0/8,::1", Origin::File)
        );
        layers.put_file("listen = 1.5\nlog = { level = [1] }");
        assert_eq!(layers.problems.len(), 2);
    }

    #[test]
    fn a_broken_file_is_placed_without_repeating_its_line() {
        let mut layers = Layers::default();
        layers.put_file("listen = \"127.0.0.1:1\"\nadmin_key = hunter2hunter2\n");
        assert!(
            layers.problems[0].contains("line 2"),
            "{:?}",
            layers.problems
        );
        assert!(
            !layers.problems[0].contains("hunter2"),
            "{:?}",
            layers.problems
        );
    }
}
