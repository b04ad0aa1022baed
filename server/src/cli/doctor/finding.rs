//! The findings, for people and for programs.

use std::fmt::{self, Write as _};

use serde::Serialize;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Payments work, but the operator should look.
    Warn,
    /// Payments do not work, or will soon not.
    Fail,
}

/// One examined thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The thing.
    pub about: &'static str,
    /// The severity.
    pub state: State,
    /// The observation.
    pub found: String,
    /// The remedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
}

/// All findings.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// All is well here.
    pub fn ok(&mut self, about: &'static str, found: impl Into<String>) {
        self.add(about, State::Ok, found.into(), None);
    }

    /// The operator should look.
    pub fn warn(&mut self, about: &'static str, found: impl Into<String>, todo: impl Into<String>) {
        self.add(about, State::Warn, found.into(), Some(todo.into()));
    }

    /// Something does not work.
    pub fn fail(&mut self, about: &'static str, found: impl Into<String>, todo: impl Into<String>) {
        self.add(about, State::Fail, found.into(), Some(todo.into()));
    }

    fn add(&mut self, about: &'static str, state: State, found: String, todo: Option<String>) {
        self.0.push(Finding {
            about,
            state,
            found,
            todo,
        });
    }

    /// Whether nothing failed.
    pub fn well(&self) -> bool {
        self.0.iter().all(|finding| finding.state != State::Fail)
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::json!({ "ok": self.well(), "findings": self.0 }).to_string()
    }

    fn count(&self, state: State) -> usize {
        let such = self.0.iter().filter(|finding| finding.state == state);
        such.count()
    }
}

/// One line each, and a summary.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            let state = match finding.state {
                State::Ok => "ok  ",
                State::Warn => "warn",
                State::Fail => "fail",
            };
            write!(
                f,
                "{state}  {:<16}  {}",
                finding.about,
                one_line(&finding.found)
            )?;
            match &finding.todo {
                Some(todo) => writeln!(f, " → {}", one_line(todo))?,
                None => f.write_char('\n')?,
            }
        }
        match (self.count(State::Fail), self.count(State::Warn)) {
            (0, 0) => writeln!(f, "All is well."),
            (fails, warns) => writeln!(f, "{fails} to correct, {warns} to look at."),
        }
    }
}

/// Text from another machine stays in one line and cannot control the terminal.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_one_line_each_with_their_remedy() {
        let mut findings = Findings::default();
        assert!(findings.to_string().contains("All is well."));
        findings.ok("settings", "valid");
        findings.warn("clock", "7 s\x1b[31m off\nreally", "let NTP set it");
        assert!(findings.well());
        findings.fail("toss key", "refused", "take another");
        assert!(!findings.well());
        assert_eq!(
            findings.to_string(),
            "ok    settings          valid\n\
             warn  clock             7 s [31m off really → let NTP set it\n\
             fail  toss key          refused → take another\n\
             1 to correct, 1 to look at.\n"
        );
        let json: serde_json::Value = serde_json::from_str(&findings.to_json()).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["findings"][0].get("todo"), None);
        assert_eq!(json["findings"][1]["state"], "warn");
    }
}
