//! `comeback man`: the manual pages.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::cli::kit::{Exit, Output, folder, reports};
use crate::model::{ALIKE, suggestion};

/// Print a manual page, or write all of them into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  comeback man run | man -l -\n  \
    comeback man --out ~/.local/share/man/man1")]
pub struct ManPages {
    /// The command to print the page of. Without one, the page of comeback itself is printed.
    #[arg(value_name = "COMMAND")]
    verb: Option<String>,
    /// Write all pages into this folder instead, as comeback.1, comeback-run.1 and so on.
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    out: Option<PathBuf>,
}

impl ManPages {
    pub fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let mut cli = Cli::command();
        cli.build();
        if let Some(folder) = &self.out {
            folder::make("--out", folder)?;
            let mut written = Vec::new();
            write_all(&cli, folder, &mut written)?;
            let text = format!(
                "{} pages are in {}; `man -l FILE` shows one.",
                written.len(),
                folder.display()
            );
            output.document(&written, &text)?;
            return Ok(Exit::Success);
        }
        let (name, command) = match &self.verb {
            None => ("comeback", &cli),
            Some(verb) => (verb.as_str(), named(&cli, verb)?),
        };
        output.text(name, &page(command)?)?;
        Ok(Exit::Success)
    }
}

/// The command of this name.
fn named<'a>(cli: &'a Command, name: &str) -> anyhow::Result<&'a Command> {
    let verbs = || cli.get_subcommands().filter(|verb| !verb.is_hide_set());
    if let Some(verb) = verbs().find(|verb| verb.get_name() == name) {
        return Ok(verb);
    }
    let remedy = match suggestion(name, verbs().map(Command::get_name), ALIKE) {
        Some(alike) => format!("did you mean `{alike}`?"),
        None => "`comeback help` lists them".to_owned(),
    };
    bail!("there is no command called `{name}`; {remedy}");
}

fn page(command: &Command) -> anyhow::Result<String> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}

/// Writes the page of a command and those of the commands below it.
fn write_all(command: &Command, folder: &Path, written: &mut Vec<String>) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let file = format!("{name}.1");
    let text = page(command)?;
    reports::write(&folder.join(&file), |out| out.write_all(text.as_bytes()))?;
    written.push(file);
    command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .try_for_each(|verb| write_all(verb, folder, written))
}
