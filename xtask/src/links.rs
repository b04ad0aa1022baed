//! Relative links in the repository's documents lead to files that exist.
//!
//! Links to the web are not followed: a check must not fail because somebody's server is down.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo;
use crate::failure::{Failure, While};

/// Everything a reader is sent to: the documents in the root and all below `docs/`.
pub(crate) fn check() -> Result<(), Failure> {
    let root = cargo::root();
    let mut documents = markdown_in(&root)?;
    collect_below(&root.join("docs"), &mut documents)?;
    let mut broken = Vec::new();
    for document in &documents {
        let text = fs::read_to_string(document).when(document.display())?;
        for (line, target) in relative_links(&text) {
            if !leads_somewhere(document, &target) {
                let name = document.strip_prefix(&root).unwrap_or(document);
                broken.push(format!("\n  {}:{line}: {target}", name.display()));
            }
        }
    }
    if broken.is_empty() {
        println!("links in {} documents lead somewhere", documents.len());
        return Ok(());
    }
    Err(Failure::new(format!(
        "links that lead nowhere:{}",
        broken.concat()
    )))
}

fn markdown_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).when(folder.display())?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths
        .collect::<Result<Vec<_>, _>>()
        .when(folder.display())?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    Ok(paths)
}

fn collect_below(folder: &Path, documents: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Ok(());
    }
    documents.extend(markdown_in(folder)?);
    for entry in fs::read_dir(folder).when(folder.display())? {
        let path = entry.when(folder.display())?.path();
        if path.is_dir() {
            collect_below(&path, documents)?;
        }
    }
    Ok(())
}

fn leads_somewhere(document: &Path, target: &str) -> bool {
    let folder = document.parent().unwrap_or(document);
    folder.join(target).exists()
}

/// Line number and path of each `[text](path)` and `[label]: path` outside code, without anchors,
/// titles, and whatever has a scheme.
fn relative_links(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut links = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let line = without_code(line);
            let inline = line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next());
            let reference = line
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("]: "));
            let targets = inline.chain(reference.map(|(_, target)| target));
            links.extend(
                targets
                    .filter_map(path_of)
                    .map(|path| (number, path.to_owned())),
            );
        }
    }
    links
}

/// The line with what is between backticks left out.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn path_of(target: &str) -> Option<&str> {
    let target = target.trim().split(' ').next()?;
    let target = target.trim_start_matches('<').trim_end_matches('>');
    let path = target.split('#').next()?;
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    (!path.is_empty() && !elsewhere).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_found_and_nothing_else() {
        let text = "See [a](docs/a.md#part), [b](https://b.example/) and [c](#here).\n\
                    `[code](no.md)` and [d](d.md \"title\")\n\
                    ```\n[e](no.md)\n```\n\
                    [f]: docs/f.md\n\
                    [g](mailto:g@example.com) ![picture](p.svg)";
        let paths = relative_links(text);
        let expected = [
            (1, "docs/a.md"),
            (2, "d.md"),
            (6, "docs/f.md"),
            (7, "p.svg"),
        ];
        assert_eq!(paths, expected.map(|(line, path)| (line, path.to_owned())));
    }

    #[test]
    fn a_link_is_read_from_its_documents_folder() {
        let document = cargo::root().join("xtask/README.md");
        assert!(leads_somewhere(&document, "Cargo.toml"));
        assert!(leads_somewhere(&document, "../Cargo.toml"));
        assert!(!leads_somewhere(&document, "xtask/Cargo.toml"));
    }
}
