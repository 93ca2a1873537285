//! What a look at a configuration and its stack found.

use std::fmt::Write;

use serde::Serialize;

use super::Scope;
use crate::redact;

/// What a look at a configuration and its stack found, in the order in which somebody would mend
/// it.
#[derive(Debug, Default, Serialize)]
pub struct Checkup {
    /// What was checked.
    pub checks: Vec<Check>,
    /// What may be touched, and what each driver can do; none where the stack was not found.
    pub scope: Option<Scope>,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do about it; empty where all is fine.
    pub remedy: String,
}

/// How something is. The worst is the one to be mended first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Fine,
    /// As it should be, and worth knowing before anything is done.
    Notice,
    /// The environment is at fault: something does not run, or may not be done.
    Environment,
    /// The configuration is at fault.
    Configuration,
}

impl Checkup {
    /// Something is as it should be.
    pub fn fine(&mut self, what: impl Into<String>, found: impl Into<String>) {
        self.add(what, Health::Fine, found, "");
    }

    /// Something is worth knowing.
    pub fn notice(&mut self, what: impl Into<String>, found: impl Into<String>) {
        self.add(what, Health::Notice, found, "");
    }

    /// The environment is at fault.
    pub fn environment(
        &mut self,
        what: impl Into<String>,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(what, Health::Environment, found, remedy);
    }

    /// The configuration is at fault.
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

    /// The worst that was found.
    pub fn health(&self) -> Health {
        let all = self.checks.iter().map(|check| check.health);
        all.max().unwrap_or(Health::Fine)
    }

    /// A line for each check, and what to do below those that failed.
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
        let wrong = self
            .checks
            .iter()
            .filter(|check| check.health > Health::Notice);
        let _ = match wrong.count() {
            0 => write!(text, "\nAll is fine."),
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
