//! The options that all verbs have, and which verb is asked for.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use serde_json::json;
use tracing_subscriber::EnvFilter;

use super::kit::{ColorWhen, Exit, Format, Output, interrupt, stream, words};
use super::verbs;

const EXAMPLE_AND_EXITS: &str = "Example: comeback run --demo stuck-busy --seed 1\n\n\
    Exit codes: 0 everything held; 1 a violation; 2 bad usage, configuration or file; \
    3 inconclusive; 4 nothing to replay; 130 interrupted (after healing).";

const ENVIRONMENT: &str = "Environment variables:\n  \
    NO_COLOR             no colours, whatever its value; `--color` says otherwise\n  \
    CLICOLOR_FORCE       colours also in files and pipes, unless 0\n  \
    TERM                 `dumb`: no colours and no progress bar\n  \
    DOCKER_HOST          the container engine, such as unix:///run/docker.sock\n  \
    XDG_RUNTIME_DIR      where Podman's socket is looked for, if Docker has none\n  \
    COMEBACK_STATE_DIR   where journals are kept, which undo what a killed run left behind\n                       \
    [default: $XDG_STATE_HOME/comeback, else ~/.local/state/comeback]\n  \
    COMEBACK_LOG         comeback's own diagnostics, such as comeback=debug\n\
    A comeback.toml reads others by ${NAME}.";

/// Does your API come back when its backend does?
///
/// comeback generates random interleavings of request bursts and backend faults, executes each
/// against a live stack, records every event in a trace, and checks invariants over it.
#[derive(Debug, Parser)]
#[command(
    version,
    disable_help_subcommand = true,
    after_help = EXAMPLE_AND_EXITS,
    after_long_help = format!("{EXAMPLE_AND_EXITS}\n\n{ENVIRONMENT}")
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// What is written to standard output. With `json` it is one document and nothing else.
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    /// When to use colours.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    color: ColorWhen,
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
    Link(verbs::LinkArgs),
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
    /// Does what the arguments ask for, and says what went wrong; how the program ends.
    pub fn perform(arguments: &[OsString]) -> Exit {
        // What cannot be parsed is answered in the format and the colours asked for, too.
        let color =
            given(arguments, "--color").and_then(|when| ColorWhen::from_str(when, false).ok());
        color.unwrap_or_default().apply();
        let is_json = given(arguments, "--format") == Some("json");
        let exit = match Self::parsed(arguments) {
            Ok(cli) => {
                start_tracing();
                cli.run().unwrap_or_else(|error| {
                    let exit = Exit::of_error(&error);
                    let words = words(&error);
                    stream::say(&format!("comeback: {words}"));
                    refuse(is_json, &words, exit);
                    exit
                })
            }
            Err(error) => {
                // Standard output or standard error may be closed.
                let _ = error.print();
                if matches!(
                    error.kind(),
                    ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
                ) {
                    return Exit::Success;
                }
                let rendered = error.to_string();
                let words = rendered.strip_prefix("error: ").unwrap_or(&rendered);
                refuse(is_json, words.trim_end(), Exit::Usage);
                Exit::Usage
            }
        };
        if exit == Exit::Interrupted {
            refuse(is_json, "interrupted before there was a result", exit);
        }
        exit
    }

    fn parsed(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = with_negative_numbers(Self::command());
        let matches = command.try_get_matches_from_mut(arguments)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }

    fn run(self) -> anyhow::Result<Exit> {
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
                Verb::Link(link) => link.run().await,
                Verb::Init(init) => init.run(&output).await,
                Verb::Doctor(doctor) => doctor.run(&output).await,
                Verb::Heal(heal) => heal.run(&output).await,
                Verb::Demo(demo) => demo.run(&output).await,
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

/// Sends the program's own diagnostics to standard error; `COMEBACK_LOG` selects them, as in
/// `COMEBACK_LOG=comeback=debug`.
fn start_tracing() {
    let filter = EnvFilter::try_from_env("COMEBACK_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stream::Diagnostics)
        .with_ansi(false)
        .init();
}

/// Takes `-1` for the value that it is meant to be, so that the answer says what is wrong with it.
fn with_negative_numbers(command: Command) -> Command {
    command
        .allow_negative_numbers(true)
        .mut_subcommands(with_negative_numbers)
}

/// The value that an option is given, also if the arguments as a whole cannot be parsed.
fn given<'a>(arguments: &'a [OsString], option: &str) -> Option<&'a str> {
    let texts = arguments
        .iter()
        .map(|argument| argument.to_str().unwrap_or_default());
    let mut own = texts.take_while(|text| *text != "--");
    while let Some(text) = own.next() {
        match text.strip_prefix(option) {
            Some("") => return own.next(),
            Some(value) if value.starts_with('=') => return value.strip_prefix('='),
            _ => {}
        }
    }
    None
}

/// Writes the document of a command that has no result, where one is asked for and none was
/// written.
fn refuse(is_json: bool, error: &str, exit: Exit) {
    if is_json && !stream::has_written() {
        let output = Output {
            format: Format::Json,
            quiet: false,
        };
        let document = json!({ "error": error, "exit_code": exit.number() });
        // If standard output cannot be written to, standard error has said what is wrong.
        let _ = output.document(&document, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_among_arguments_that_cannot_be_parsed() {
        let format = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            given(&arguments, "--format").map(str::to_owned)
        };
        assert_eq!(format("run --nope --format json").as_deref(), Some("json"));
        assert_eq!(format("--format=json rn").as_deref(), Some("json"));
        assert_eq!(format("run --formatted json"), None);
        assert_eq!(format("run -- --format json"), None);
        assert_eq!(format("run --format"), None);
    }

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        with_negative_numbers(Cli::command()).debug_assert();
    }
}
