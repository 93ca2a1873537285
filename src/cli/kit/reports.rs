//! Reports as files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use super::stream;
use crate::invariant::standard;
use crate::model::Summary;
use crate::redact::{self, Clean};
use crate::report::{self, Unreadable, html, junit};

/// Writes the reports of a run into its folder.
///
/// # Errors
/// When the folder's files cannot be read, or a report cannot be written.
pub fn write_beside(summary: &Summary) -> anyhow::Result<()> {
    let folder = Path::new(&summary.run);
    let report = report::Report::of_run(folder)?;
    report.unreadable.iter().for_each(say_unreadable);
    let page = folder.join("report.html");
    write(&page, |out| html::write(&report, &page, out))?;
    write_junit(&report, &folder.join("junit.xml"))
}

/// Says on standard error, also where everything else is kept from it, that a trace cannot be read.
pub fn say_unreadable(unreadable: &Unreadable) {
    stream::say(&format!("comeback: {unreadable}"));
}

/// Writes JUnit XML.
///
/// # Errors
/// When it cannot be written.
pub fn write_junit(report: &report::Report, path: &Path) -> anyhow::Result<()> {
    let invariants = standard();
    let names: Vec<&str> = invariants
        .iter()
        .map(|invariant| invariant.name())
        .collect();
    let text = junit::junit(report, &names)?;
    write(path, |out| out.write_all(text.as_bytes()))
}

/// Writes a file anew, fit to be shown.
///
/// # Errors
/// When it cannot be written.
pub fn write(
    path: &Path,
    content: impl FnOnce(&mut Clean<BufWriter<File>>) -> io::Result<()>,
) -> anyhow::Result<()> {
    redact::write_file(path, content).with_context(|| format!("cannot write {}", path.display()))
}
