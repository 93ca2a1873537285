//! `comeback help`: the guide in the terminal, and the help of a verb.

use std::fmt::Write;

use anyhow::bail;
use clap::{Args, Command, CommandFactory};

use crate::cli::Cli;
use crate::cli::kit::{Exit, Output};
use crate::guide::{PAGES, Page};
use crate::model::{ALIKE, suggestion};

/// Read a page of the guide, or the help of a command.
#[derive(Debug, Args)]
#[command(after_help = "Example: comeback help no-hang")]
pub struct Help {
    /// A page of the guide, such as `no-hang` or `safety`, or a command, such as `run`. Without
    /// one, all are listed.
    topic: Option<String>,
}

impl Help {
    pub fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let mut cli = Cli::command();
        let Some(topic) = &self.topic else {
            let text = overview(&mut cli);
            output.text("", &text)?;
            return Ok(Exit::Success);
        };
        let text = match (PAGES.iter().find(|page| page.topic == topic), &mut cli) {
            (Some(page), _) => {
                let topics: Vec<&str> = PAGES.iter().map(|page| page.topic).collect();
                output.page(topic, &page.printed(), &topics)?;
                return Ok(Exit::Success);
            }
            (None, cli) => match verb(cli, topic) {
                Some(verb) => verb.render_long_help().to_string().trim_end().to_owned(),
                None => bail!(unknown(topic, cli)),
            },
        };
        output.text(topic, &text)?;
        Ok(Exit::Success)
    }
}

/// The commands, as `--help` lists them, and the pages of the guide.
fn overview(cli: &mut Command) -> String {
    let mut text = cli.render_help().to_string();
    text.push_str("\nTopics, for `comeback help TOPIC`:\n");
    for page in PAGES {
        let _ = writeln!(text, "  {:<20} {}", page.topic, meaning(page));
    }
    text.trim_end().to_owned()
}

/// What a page is about, in one line: its title or, where that is only the name of an invariant,
/// what the page of all invariants says of it.
fn meaning(page: &Page) -> &'static str {
    let judged = PAGES.iter().find(|page| page.topic == "judged");
    let rows = judged.into_iter().flat_map(|page| page.text.lines());
    let mut cells = rows.filter_map(|row| row.strip_prefix("| [")?.split_once("] | "));
    let found = cells.find(|(invariant, _)| *invariant == page.topic);
    found.map_or(page.title(), |(_, meaning)| meaning.trim_end_matches(" |"))
}

fn verb<'a>(cli: &'a mut Command, name: &str) -> Option<&'a mut Command> {
    cli.build();
    cli.find_subcommand_mut(name)
        .filter(|verb| !verb.is_hide_set())
}

fn unknown(topic: &str, cli: &Command) -> String {
    let verbs = cli.get_subcommands().filter(|verb| !verb.is_hide_set());
    let names = verbs
        .map(Command::get_name)
        .chain(PAGES.iter().map(|page: &Page| page.topic));
    let remedy = match suggestion(topic, names, ALIKE) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`comeback help` lists them".to_owned(),
    };
    format!("there is no topic and no command called `{topic}`; {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_is_listed_by_its_name_twice() {
        for page in PAGES {
            assert_ne!(meaning(page), page.topic);
        }
    }
}
