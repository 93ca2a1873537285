//! Failures that were saved in a folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::stream;
use crate::campaign::Saved;
use crate::model::{Fate, Regressed};
use crate::trace::{self, StackInfo, Trace};

/// The traces of a folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let path = folder.display();
    if folder.is_file() {
        bail!(
            "{path} is no folder: name the one that holds the traces, or use `comeback replay {path}`"
        );
    }
    trace::files(folder).with_context(|| {
        format!("cannot read the folder {path}; `comeback run` makes it when it finds a failure, or name another one")
    })
}

/// A failing trace without its events; none of one that has not failed.
///
/// # Errors
/// Why it cannot be read, with what to do about it.
pub fn failure(path: &Path) -> Result<Option<Trace>, String> {
    let trace = Trace::read(path)
        .map_err(|error| format!("{error} (fix it, or move it out of the folder)"))?;
    let judgement = trace.judgement.as_ref();
    let has_failed = judgement.is_some_and(|j| j.signature.is_some());
    let events = Vec::new();
    Ok(has_failed.then_some(Trace { events, ..trace }))
}

/// The saved failures of a stack in a folder, and the traces that cannot be read. These are
/// reported on standard error, also with `--quiet`: a failure that one of them holds is not
/// replayed, and somebody has to know.
///
/// # Errors
/// When the folder cannot be read.
pub fn failures_of(
    stack: &StackInfo,
    folder: &Path,
) -> anyhow::Result<(Vec<Saved>, Vec<Regressed>)> {
    let (mut saved, mut unreadable) = (Vec::new(), Vec::new());
    for path in files(folder)? {
        match failure(&path) {
            Err(because) => {
                stream::say(&format!("not replayed: {because}"));
                let name = path.display().to_string();
                unreadable.push(Regressed::not_replayed(name, Fate::Unreadable, because));
            }
            Ok(None) => {}
            Ok(Some(trace)) => {
                let its = &trace.header.stack;
                if (&its.name, &its.variant) == (&stack.name, &stack.variant) {
                    saved.push(Saved { path, trace });
                }
            }
        }
    }
    Ok((saved, unreadable))
}
