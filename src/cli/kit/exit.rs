//! Exit codes.

use std::process::ExitCode;

use crate::assembly::AssemblyError;
use crate::campaign::CampaignError;
use crate::model::Verdict;
use crate::nemesis::{JournalError, NemesisError};
use crate::report::without_os_number;
use crate::stack::DriverError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything held, or was done.
    Success,
    /// 1: a violation.
    Violated,
    /// 2: bad usage, configuration or file.
    Usage,
    /// 3: inconclusive; the environment or the harness failed.
    Inconclusive,
    /// 4: there was nothing to replay.
    Nothing,
    /// 130: interrupted, after healing.
    Interrupted,
}

impl Exit {
    /// The code for the operating system.
    pub fn code(self) -> ExitCode {
        ExitCode::from(self.number())
    }

    /// The code as a number.
    pub fn number(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Violated => 1,
            Exit::Usage => 2,
            Exit::Inconclusive => 3,
            Exit::Nothing => 4,
            Exit::Interrupted => 130,
        }
    }

    /// The exit that belongs to an error: the environment's errors are inconclusive, the user's own
    /// are bad usage.
    pub fn of_error(error: &anyhow::Error) -> Self {
        let environment = error.is::<CampaignError>()
            || error.is::<NemesisError>()
            || error.is::<JournalError>()
            || error.is::<DriverError>()
            || error
                .downcast_ref()
                .is_some_and(AssemblyError::is_of_the_environment);
        if environment {
            Exit::Inconclusive
        } else {
            Exit::Usage
        }
    }
}

/// An error and its causes, in one line. Many errors give their cause in their own words; it is not
/// said twice.
pub fn words(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    without_os_number(&text)
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Holds => Exit::Success,
            Verdict::Violated => Exit::Violated,
            Verdict::Inconclusive => Exit::Inconclusive,
        }
    }
}
