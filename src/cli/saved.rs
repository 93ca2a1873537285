//! The traces of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::output::Output;
use crate::campaign::Saved;
use crate::trace::{StackInfo, Trace};

/// The traces of a folder, by name.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let path = folder.display();
    if folder.is_file() {
        bail!(
            "{path} is no folder: name the one that holds the traces, or use `comeback replay {path}`"
        );
    }
    let entries = fs::read_dir(folder).with_context(|| {
        format!("cannot read the folder {path}; `comeback run` makes it when it finds a failure, or name another one")
    })?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry
            .with_context(|| format!("cannot read the folder {path}"))?
            .path();
        if file
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// The saved failures of a stack in a folder. What cannot be read is told, and left out.
///
/// # Errors
/// When the folder cannot be read.
pub fn failures_of(
    stack: &StackInfo,
    folder: &Path,
    output: &Output,
) -> anyhow::Result<Vec<Saved>> {
    let mut saved = Vec::new();
    for path in files(folder)? {
        let trace = match Trace::read(&path) {
            Ok(trace) => trace,
            Err(error) => {
                if !output.quiet {
                    eprintln!("not replayed: {error} (mend it, or move it out of the folder)");
                }
                continue;
            }
        };
        let judgement = trace.judgement.as_ref();
        let has_failed = judgement.is_some_and(|j| j.signature.is_some());
        let its = &trace.header.stack;
        if has_failed && (&its.name, &its.variant) == (&stack.name, &stack.variant) {
            let events = Vec::new();
            saved.push(Saved {
                path,
                trace: Trace { events, ..trace },
            });
        }
    }
    Ok(saved)
}
