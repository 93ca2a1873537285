//! The options that all verbs have, and which verb is asked for.

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use super::kit::{Exit, Format, Output, interrupt, stream};
use super::verbs;

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

#[derive(Debug, Subcommand)]
enum Verb {
    Run(verbs::Run),
    Replay(verbs::ReplayArgs),
    Regress(verbs::RegressArgs),
    Check(verbs::CheckArgs),
    Shrink(verbs::Shrink),
    Report(verbs::ReportArgs),
    Send(verbs::Send),
    Fault(verbs::FaultArgs),
    Watch(verbs::Watch),
    Init(verbs::Init),
    Doctor(verbs::Doctor),
    Heal(verbs::Heal),
    Demo(verbs::Demo),
    Help(verbs::Help),
    Completions(verbs::Completions),
    Man(verbs::ManPages),
    #[command(hide = true)]
    DemoPart(verbs::DemoPart),
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
    /// When it cannot be done; [`Exit::of_error`] gives the exit code.
    pub fn run(self) -> anyhow::Result<Exit> {
        let output = Output {
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
                Verb::Completions(completions) => completions.run(&output),
                Verb::Man(pages) => pages.run(&output),
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
