//! `--color`.

use anstream::ColorChoice;
use clap::ValueEnum;

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR`, `CLICOLOR=0` or `TERM=dumb` says otherwise; also elsewhere
    /// with `CLICOLOR_FORCE=1`.
    #[default]
    Auto,
    /// Also in files and pipes.
    Always,
    /// Nowhere.
    Never,
}

impl ColorWhen {
    /// Makes it so, for clap's messages too.
    pub fn apply(self) {
        let choice = match self {
            ColorWhen::Auto => ColorChoice::Auto,
            ColorWhen::Always => ColorChoice::Always,
            ColorWhen::Never => ColorChoice::Never,
        };
        choice.write_global();
    }

    /// Whether even a terminal is not to show any.
    pub fn is_never() -> bool {
        ColorChoice::global() == ColorChoice::Never
    }
}
