//! `comeback report`: what a run or a trace shows, for people and for other tools.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use crate::cli::kit::reports::{say_unreadable, write, write_junit};
use crate::cli::kit::{Exit, Format, Output};
use crate::latency::histogram;
use crate::model::Summary;
use crate::report::{self, ReportJson, hgrm, html, prometheus, terminal};

/// Report what a run or saved traces show, on the terminal and as files.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback report runs/20261124T020000Z-1 --html report.html\n  \
    comeback report traces/*.jsonl\n\n\
    Exit codes: 0 the report was made; 2 a trace cannot be read (it is reported, and so are the others), \
    or another file."
)]
pub struct ReportArgs {
    /// The folder of one run, or traces.
    #[arg(required_unless_present = "schema", value_name = "RUN|TRACE")]
    about: Vec<PathBuf>,
    /// Write a page with a timeline, that needs no network.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the percentile distribution of the requests that succeeded; beside it
    /// FILE-STAGE-OUTCOME.hgrm for each stage and outcome, and FILE.hlog, an interval log of them.
    #[arg(long, value_name = "FILE")]
    hgrm: Option<PathBuf>,
    /// Write a text file for Prometheus' node exporter.
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
    /// Compare the run with another one, and report what is significantly worse.
    #[arg(long, value_name = "RUN")]
    against: Option<PathBuf>,
    /// Only print the JSON schema of summary.json.
    #[arg(long, conflicts_with_all = ["about", "html", "junit", "hgrm", "prometheus", "against"])]
    schema: bool,
}

impl ReportArgs {
    pub fn run(self, output: &Output) -> anyhow::Result<Exit> {
        if self.schema {
            let schema = schemars::schema_for!(Summary);
            output.document(&schema, &serde_json::to_string_pretty(&schema)?)?;
            return Ok(Exit::Success);
        }
        let report = self.report()?;
        report.unreadable.iter().for_each(say_unreadable);
        if let Some(path) = &self.html {
            write(path, |out| html::write(&report, path, out))?;
        }
        if let Some(path) = &self.junit {
            write_junit(&report, path)?;
        }
        if let Some(path) = &self.hgrm {
            write_hgrm(&report, path)?;
        }
        if let Some(path) = &self.prometheus {
            let text = prometheus::prometheus(&report);
            write(path, |out| out.write_all(text.as_bytes()))?;
        }
        let is_about_nothing = report.campaign.is_none() && report.trials.is_empty();
        if !is_about_nothing || output.format == Format::Json {
            output.document(&ReportJson::of(&report), &terminal::report(&report))?;
        }
        Ok(match report.unreadable.is_empty() {
            true => Exit::Success,
            false => Exit::Usage,
        })
    }

    fn report(&self) -> anyhow::Result<report::Report> {
        let runs = self.about.iter().filter(|path| path.is_dir()).count();
        match (runs, &self.about[..]) {
            (0, traces) if self.against.is_none() => Ok(report::Report::of_traces(traces)),
            (0, _) => bail!("--against compares runs: name the folder of a run, not traces"),
            (1, [folder]) => {
                let report = report::Report::of_run(folder)?;
                Ok(match &self.against {
                    Some(other) => report.against(other)?,
                    None => report,
                })
            }
            _ => bail!("name the folder of one run, or any number of traces"),
        }
    }
}

/// Writes the percentile distributions, and the interval log beside them.
fn write_hgrm(report: &report::Report, path: &Path) -> anyhow::Result<()> {
    let latencies = report.latencies();
    let mut ok = histogram();
    for (stage, outcome, of_stage) in latencies.histograms() {
        if outcome == "ok" {
            ok += of_stage;
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{stem}-{stage}-{outcome}.hgrm");
        write(&path.with_file_name(name), |out| hgrm::write(of_stage, out))?;
    }
    write(path, |out| hgrm::write(&ok, out))?;
    write(&path.with_extension("hlog"), |out| report.interval_log(out))
}
