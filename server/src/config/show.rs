//! The settings as people read them: `--print-config`, and the table in `docs/settings.md`.

use std::fmt::{self, Write};

use super::{
    Config,
    settings::{SECTIONS, Section, Setting},
};

impl Config {
    /// The configuration in force as TOML, each value with where it comes from, secrets hidden.
    pub fn to_toml(&self) -> String {
        let mut toml = String::new();
        let written = SECTIONS
            .iter()
            .try_for_each(|section| self.write_section(&mut toml, section));
        debug_assert!(written.is_ok(), "writing to a String does not fail");
        toml
    }

    fn write_section(&self, toml: &mut String, section: &Section) -> fmt::Result {
        if let Some(table) = section.prefix.strip_suffix('.') {
            writeln!(toml, "\n[{table}]")?;
        }
        let shown = self.settings.shown();
        for setting in section.settings {
            let key = setting
                .path
                .strip_prefix(section.prefix)
                .unwrap_or(setting.path);
            let value = shown.iter().find(|(path, _)| *path == setting.path);
            let origin = self.origins.iter().find(|(path, _)| *path == setting.path);
            if let (Some((_, value)), Some((_, origin))) = (value, origin) {
                writeln!(toml, "{key} = {value} # {origin}")?;
            }
        }
        Ok(())
    }
}

/// `docs/settings.md`.
pub fn settings_table() -> Result<String, fmt::Error> {
    let mut page = String::from(
        "# Settings\n\n\
         Generated from the table in `server/src/config/settings.rs`.\n\n\
         A setting is looked up in this order, the later wins: its default, what `--sandbox` sets, \
         the TOML file (`--config FILE` or `DAEGEUM_CONFIG`), files in the folder that \
         `CREDENTIALS_DIRECTORY` names (`daegeum_data_key` for `DAEGEUM_DATA_KEY`; systemd and \
         containers hand secrets over so), the environment, the flag. A name \
         that no setting has is an error. `daegeum serve --print-config` shows the result and where \
         each value comes from, secrets hidden.\n",
    );
    for section in SECTIONS {
        let table = section
            .prefix
            .strip_suffix('.')
            .map(|name| format!("[{name}]"));
        let title = table.unwrap_or_else(|| "Top of the file".into());
        write!(page, "\n## {title}\n\n{}\n\n", section.about.trim())?;
        page.push_str("| Setting | Environment | Default | Meaning |\n|---|---|---|---|\n");
        section
            .settings
            .iter()
            .try_for_each(|setting| write_row(&mut page, setting))?;
    }
    Ok(page)
}

fn write_row(page: &mut String, setting: &Setting) -> fmt::Result {
    let Setting {
        path,
        default,
        about,
        kind,
        ..
    } = setting;
    let default = if default.is_empty() {
        "–".into()
    } else {
        format!("`{default}`")
    };
    let mut variable = format!("`{}`", setting.environment());
    if let Some(alias) = setting.alias() {
        write!(variable, " or `{alias}`")?;
    }
    writeln!(
        page,
        "| `{path}` | {variable} | {default} |{about} ({kind}) |"
    )
}
