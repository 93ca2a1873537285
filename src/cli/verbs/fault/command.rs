//! What may be done to a backend by hand.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::link::LinkFaultArgs;
use super::target::Target;
use crate::cli::kit::seconds;
use crate::model::Act;

/// What may be done to a backend by hand.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum FaultCommand {
    /// Ask it to end, and kill it after the grace.
    #[command(after_help = "Example: comeback fault stop db --grace 5s")]
    Stop {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        grace: Grace,
    },
    /// Start it, and wait until it is ready.
    #[command(after_help = "Example: comeback fault start db")]
    Start {
        #[command(flatten)]
        target: Target,
    },
    /// Stop or kill it, start it, and wait until it is ready.
    #[command(after_help = "Example: comeback fault restart db --outage 45s")]
    Restart {
        #[command(flatten)]
        target: Target,
        /// Kill it at once instead of asking it to end.
        #[arg(long, conflicts_with = "grace")]
        kill: bool,
        #[command(flatten)]
        grace: Grace,
        /// How long to leave it down.
        #[arg(long, default_value = "0", value_name = "TIME", value_parser = seconds)]
        outage: Duration,
    },
    /// Kill it at once.
    #[command(after_help = "Example: comeback fault kill db")]
    Kill {
        #[command(flatten)]
        target: Target,
    },
    /// Freeze it: connections stay open, and nothing answers.
    #[command(after_help = "Example: comeback fault pause db")]
    Pause {
        #[command(flatten)]
        target: Target,
    },
    /// Disturb the connections that lead through its link, and lift that again.
    #[command(
        after_help = "Faults: reset, refuse, accept-close, half-open, black-hole, one-way, idle-close, truncate,\nslow, trickle. \
        `comeback help network-faults` says what each does.\n\nExamples:\n  comeback fault link half-open db\n  \
        comeback fault link slow db --latency 2s --for 1m"
    )]
    Link(LinkFaultArgs),
    /// Thaw it, and wait until it is ready.
    #[command(after_help = "Example: comeback fault unpause db")]
    Unpause {
        #[command(flatten)]
        target: Target,
    },
}

/// How patient a stop is.
#[derive(Debug, Clone, Args)]
pub(super) struct Grace {
    /// How long it may take to end before it is killed: seconds, or a duration such as `500ms`.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = seconds)]
    grace: Duration,
}

impl FaultCommand {
    /// To which backend.
    pub(super) fn target(&self) -> &Target {
        match self {
            FaultCommand::Stop { target, .. }
            | FaultCommand::Start { target }
            | FaultCommand::Restart { target, .. }
            | FaultCommand::Kill { target }
            | FaultCommand::Pause { target }
            | FaultCommand::Unpause { target } => target,
            FaultCommand::Link(link) => &link.target,
        }
    }

    /// The acts, and how long to wait between them.
    pub(super) fn acts(&self) -> (Vec<Act>, Duration) {
        let stop = |grace: &Grace| Act::Stop {
            grace_ms: grace.grace.as_millis() as u64,
        };
        match self {
            FaultCommand::Stop { grace, .. } => (vec![stop(grace)], Duration::ZERO),
            FaultCommand::Start { .. } => (vec![Act::Start], Duration::ZERO),
            FaultCommand::Restart {
                kill,
                grace,
                outage,
                ..
            } => {
                let end = if *kill { Act::Kill } else { stop(grace) };
                (vec![end, Act::Start], *outage)
            }
            FaultCommand::Kill { .. } => (vec![Act::Kill], Duration::ZERO),
            FaultCommand::Pause { .. } => (vec![Act::Pause], Duration::ZERO),
            FaultCommand::Unpause { .. } => (vec![Act::Unpause], Duration::ZERO),
            FaultCommand::Link(link) => {
                let acts = vec![Act::Disturb(link.fault()), Act::Lift];
                (acts, link.lasts.unwrap_or_default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::model::LinkFault;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        command: FaultCommand,
    }

    fn acts(words: &[&str]) -> (Vec<Act>, u128) {
        let line = Line::try_parse_from([&["fault"], words].concat()).unwrap();
        let (acts, outage) = line.command.acts();
        (acts, outage.as_millis())
    }

    #[test]
    fn a_restart_stops_or_kills_and_starts() {
        let stop = |grace_ms| Act::Stop { grace_ms };
        assert_eq!(acts(&["restart"]), (vec![stop(10_000), Act::Start], 0));
        assert_eq!(
            acts(&["restart", "ray", "--kill", "--outage", "1.5"]),
            (vec![Act::Kill, Act::Start], 1_500)
        );
        let half_open = Act::Disturb(LinkFault::HalfOpen);
        assert_eq!(
            acts(&["link", "half-open", "db", "--for", "2"]),
            (vec![half_open, Act::Lift], 2_000)
        );
        assert!(Line::try_parse_from(["fault", "link", "melt", "db"]).is_err());
        assert_eq!(acts(&["stop", "--grace", "1"]), (vec![stop(1_000)], 0));
        assert!(Line::try_parse_from(["fault", "restart", "--kill", "--grace", "1"]).is_err());
    }
}
