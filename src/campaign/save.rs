//! The files of a campaign: its folder, its summary, and the failing traces that are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::SaveError;
use crate::latency::{self, Latencies};
use crate::model::{Plan, Signature, Summary};
use crate::redact;
use crate::trace::{StackInfo, Trace};
use crate::whole_file;

/// Makes the folder of one campaign below `out`: `TIME-SEED`, with a number if that exists.
///
/// # Errors
/// When it cannot be made.
pub fn run_folder(out: &Path, seed: u64) -> Result<PathBuf, SaveError> {
    fs::create_dir_all(out).map_err(SaveError::at(out))?;
    let time = humantime::format_rfc3339_seconds(SystemTime::now())
        .to_string()
        .replace([':', '-'], "");
    for name in numbered(&format!("{time}-{seed}"), "") {
        let folder = out.join(name);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(SaveError::at(&folder)(error)),
            Ok(()) => return Ok(folder),
        }
    }
    unreachable!("there are endlessly many names")
}

/// The file of a trial's trace.
pub(super) fn trial(folder: &Path, index: u64) -> PathBuf {
    folder.join(format!("trial-{index:04}.jsonl"))
}

/// Removes the files of trials from this index on: they were not finished and will be done again,
/// or they do not count.
///
/// # Errors
/// When it cannot be removed.
pub(super) fn forget_trials(folder: &Path, from: u64) -> Result<(), SaveError> {
    let is_scrap = |name: &str| {
        let name = name.strip_suffix(".jsonl");
        let parts = name.and_then(|name| name.split_once('-'));
        parts.is_some_and(|(what, index)| {
            ["trial", "control", "shrinking"].contains(&what)
                && index.parse().is_ok_and(|index: u64| index >= from)
        })
    };
    for file in fs::read_dir(folder).map_err(SaveError::at(folder))? {
        let path = file.map_err(SaveError::at(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(is_scrap) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a file.
///
/// # Errors
/// When it cannot be removed.
pub(super) fn remove(path: &Path) -> Result<(), SaveError> {
    fs::remove_file(path).map_err(SaveError::at(path))
}

/// Keeps a failing trace in `traces`, named after the stack and the failure. An older trace of that
/// name is never overwritten.
///
/// # Errors
/// When it cannot be copied.
pub(super) fn keep_trace(
    traces: &Path,
    trace: &Path,
    stack: &StackInfo,
    signature: &Signature,
    plan: &Plan,
) -> Result<PathBuf, SaveError> {
    fs::create_dir_all(traces).map_err(SaveError::at(traces))?;
    let stack = stack.file_stem();
    let name = format!("{stack}-{}-{}-{}", signature.slug(), plan.seed, plan.index);
    let kept = whole_file::copy_as_new(trace, traces, numbered(&name, ".jsonl"));
    kept.map_err(SaveError::at(traces))
}

/// Keeps the trace of a trial whose failure is doubted in a folder of the run in which nothing is
/// removed to make room.
///
/// # Errors
/// When it cannot be copied.
pub(super) fn keep_doubted(folder: &Path, index: u64) -> Result<PathBuf, SaveError> {
    let doubted = trial(&folder.join("doubted"), index);
    let copy = || {
        fs::create_dir_all(folder.join("doubted"))?;
        whole_file::copy(&trial(folder, index), &doubted)
    };
    copy().map_err(SaveError::at(&doubted))?;
    Ok(doubted)
}

/// Writes `summary.json` into the campaign's folder, never a partial one.
///
/// # Errors
/// When it cannot be written.
pub(super) fn summary(folder: &Path, summary: &Summary) -> Result<(), SaveError> {
    let path = folder.join("summary.json");
    redact::write_json(&path, summary).map_err(SaveError::at(&path))
}

/// Adds a trial's latencies to `latency.hlog` in the campaign's folder, and returns its size.
///
/// # Errors
/// When it cannot be written.
pub(super) fn latencies(
    folder: &Path,
    trace: &Trace,
    latencies: &Latencies,
) -> Result<u64, SaveError> {
    let path = folder.join("latency.hlog");
    let took = trace.events.last().map_or(0, |event| event.at_us);
    let write = || -> io::Result<u64> {
        let mut file = fs::File::options().append(true).create(true).open(&path)?;
        latency::append(
            latencies,
            trace.header.began(),
            Duration::from_micros(took),
            &mut file,
        )?;
        Ok(file.metadata()?.len())
    };
    write().map_err(SaveError::at(&path))
}

/// `name`, `name-2`, `name-3`, … without end.
fn numbered(name: &str, suffix: &str) -> impl Iterator<Item = String> {
    let (first, name) = (format!("{name}{suffix}"), name.to_owned());
    let suffix = suffix.to_owned();
    std::iter::once(first).chain((2u64..).map(move |n| format!("{name}-{n}{suffix}")))
}
