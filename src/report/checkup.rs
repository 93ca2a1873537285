//! The result of `comeback doctor`: the checks of a configuration and its stack.

use std::fmt::Write;

use serde::Serialize;

use super::Scope;
use crate::redact;

/// The checks of a configuration and its stack, in the order in which to fix them.
#[derive(Debug, Default, Serialize)]
pub struct Checkup {
    /// The checks.
    pub checks: Vec<Check>,
    /// What may be touched, and what each driver can do; none if the stack was not found.
    pub scope: Option<Scope>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// The result.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do about it; empty if nothing is wrong.
    pub remedy: String,
}

/// The result of a check. The greatest is the one to fix first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Fine,
    /// As it should be, but worth knowing before a run.
    Notice,
    /// Wrong in the environment: something does not run, or is not permitted.
    Environment,
    /// Wrong in the configuration.
    Configuration,
}

impl Checkup {
    /// Adds a check that found nothing wrong.
    pub fn fine(&mut self, what: impl Into<String>, found: impl Into<String>) {
        self.add(what, Health::Fine, found, "");
    }

    /// Adds something worth knowing.
    pub fn notice(&mut self, what: impl Into<String>, found: impl Into<String>) {
        self.add(what, Health::Notice, found, "");
    }

    /// Adds something wrong in the environment.
    pub fn environment(
        &mut self,
        what: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(what, Health::Environment, found, remedy);
    }

    /// Adds something wrong in the configuration.
    pub fn configuration(
        &mut self,
        what: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(what, Health::Configuration, found, remedy);
    }

    fn add(
        &mut self,
        what: impl Into<String>,
        health: Health,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.checks.push(Check {
            what: redact::foreign(&what.into()),
            health,
            found: redact::foreign(&found.into()),
            remedy: redact::foreign(&remedy.into()),
        });
    }

    /// The worst result.
    pub fn health(&self) -> Health {
        let all = self.checks.iter().map(|check| check.health);
        all.max().unwrap_or(Health::Fine)
    }

    /// A line for each check, with the remedy below those that failed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for check in &self.checks {
            let mark = match check.health {
                Health::Fine => '✓',
                Health::Notice => '!',
                Health::Environment | Health::Configuration => '✗',
            };
            let found = check.found.replace('\n', "\n    ");
            let _ = writeln!(text, "{mark} {}: {found}", check.what);
            if !check.remedy.is_empty() {
                let _ = writeln!(text, "    → {}", check.remedy);
            }
        }
        if let Some(scope) = &self.scope {
            let _ = writeln!(text, "\n{}\n{}", scope.text(), scope.abilities());
        }
        let checks = self.checks.iter();
        let wrong = checks.filter(|check| check.health > Health::Notice);
        let _ = match wrong.count() {
            0 => match self.health() {
                Health::Fine => write!(text, "\nAll is fine."),
                _ => write!(
                    text,
                    "\nNothing is wrong; see what is marked `!` before a run."
                ),
            },
            1 => write!(text, "\n1 thing is wrong."),
            n => write!(text, "\n{n} things are wrong."),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_mended_before_the_environment() {
        let mut checkup = Checkup::default();
        checkup.fine("engine", "it answers");
        assert_eq!(checkup.health(), Health::Fine);
        checkup.notice("restart of db", "it forgets /run");
        checkup.configuration(
            "request job",
            "failed (404): no such page",
            "correct its `path`",
        );
        checkup.environment("api", "it does not run", "start it");
        assert_eq!(checkup.health(), Health::Configuration);
        assert_eq!(
            checkup.text(),
            "✓ engine: it answers\n\
             ! restart of db: it forgets /run\n\
             ✗ request job: failed (404): no such page\n    → correct its `path`\n\
             ✗ api: it does not run\n    → start it\n\n\
             2 things are wrong."
        );
    }
}
