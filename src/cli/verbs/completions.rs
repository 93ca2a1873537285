//! `comeback completions`: what lets a shell complete comeback's arguments.

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::cli::kit::{Exit, Output};

/// Print a script that lets a shell complete comeback's commands and options.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    comeback completions bash > ~/.local/share/bash-completion/completions/comeback\n  \
    comeback completions zsh > ~/.zfunc/_comeback        # a folder of your $fpath\n  \
    comeback completions fish > ~/.config/fish/completions/comeback.fish")]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut offered(), "comeback", &mut script);
        output.text(&self.shell.to_string(), &String::from_utf8(script)?)?;
        Ok(Exit::Success)
    }
}

/// The command line without what `--help` hides, which clap_complete would offer.
fn offered() -> Command {
    let cli = Cli::command();
    let verbs = cli.get_subcommands().filter(|verb| !verb.is_hide_set());
    Command::new("comeback")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .args(cli.get_arguments().cloned())
        .subcommands(verbs.cloned())
}
