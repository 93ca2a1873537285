//! The command line: one short file per verb. This is the only place that chooses concrete parts
//! (which driver, which transport) and the only user of the configuration.

mod bar;
mod check;
mod demo;
mod demo_part;
mod doctor;
mod exit;
mod fault;
mod folder;
mod heal;
mod help;
mod init;
mod interrupt;
mod known;
mod output;
mod pace;
mod progress;
mod regress;
mod replay;
mod report;
mod run;
mod saved;
mod scope;
mod seconds;
mod send;
mod session;
mod shrink;
mod source;
mod stream;
mod waiting;
mod watch;

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

pub use exit::{Exit, words};
pub use stream::say;

/// Does your API come back when its backend does?
///
/// comeback generates random interleavings of request bursts and backend faults, executes each
/// against a live stack, records every event in a trace, and checks invariants over it.
#[derive(Debug, Parser)]
#[command(
    version,
    disable_help_subcommand = true,
    after_help = "Example: comeback run --demo stuck-busy --seed 1\n\n\
    Exit codes: 0 everything held; 1 a violation; 2 bad usage, configuration or file; \
    3 inconclusive; 130 interrupted (after healing)."
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// What is written to standard output. With `json` it is one document and nothing else.
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    /// Show no progress, only the result.
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// What is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// A report for people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Run),
    Replay(replay::ReplayArgs),
    Regress(regress::RegressArgs),
    Check(check::CheckArgs),
    Shrink(shrink::Shrink),
    Report(report::ReportArgs),
    Send(send::Send),
    Fault(fault::FaultArgs),
    Watch(watch::Watch),
    Init(init::Init),
    Doctor(doctor::Doctor),
    Heal(heal::Heal),
    Demo(demo::Demo),
    Help(help::Help),
    #[command(hide = true)]
    DemoPart(demo_part::DemoPart),
}

impl Cli {
    /// Sends the program's own diagnostics to standard error; `COMEBACK_LOG` selects them, as in
    /// `COMEBACK_LOG=comeback=debug`.
    pub fn start_tracing(&self) {
        let filter =
            EnvFilter::try_from_env("COMEBACK_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(stream::Diagnostics)
            .with_ansi(false)
            .init();
    }

    /// Does what the arguments ask for.
    ///
    /// # Errors
    /// When it cannot be done; [`Exit::of_error`] tells the exit code.
    pub fn run(self) -> anyhow::Result<Exit> {
        let output = output::Output {
            format: self.format,
            quiet: self.quiet,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let exit = runtime.block_on(async {
            match self.verb {
                Verb::Run(run) => run.run(&output).await,
                Verb::Replay(replay) => replay.run(&output).await,
                Verb::Regress(regress) => regress.run(&output).await,
                Verb::Check(check) => check.run(&output),
                Verb::Shrink(shrink) => shrink.run(&output).await,
                Verb::Report(report) => report.run(&output),
                Verb::Send(send) => send.run(&output).await,
                Verb::Fault(fault) => fault.run(&output).await,
                Verb::Watch(watch) => watch.run(&output).await,
                Verb::Init(init) => init.run(&output).await,
                Verb::Doctor(doctor) => doctor.run(&output).await,
                Verb::Heal(heal) => heal.run(&output).await,
                Verb::Demo(demo) => demo.run().await,
                Verb::Help(help) => help.run(&output),
                Verb::DemoPart(part) => part.run().await,
            }
        });
        // A task that still reads from somewhere must not keep the process from ending.
        runtime.shutdown_background();
        match interrupt::has_panicked() {
            true => exit.map(|_| Exit::Inconclusive),
            false => exit,
        }
    }
}
