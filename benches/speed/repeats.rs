//! Two things in turn, and what their figures are.

use std::fmt;
use std::fs;

/// The figures of one side.
#[derive(Debug, Clone)]
pub struct Figures(Vec<f64>);

impl Figures {
    /// These figures.
    pub fn of(figures: Vec<f64>) -> Self {
        Figures(figures)
    }

    /// The median.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Figures {
    /// The median and the least and greatest figure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let digits = if self.median() < 10.0 { 2 } else { 0 };
        write!(
            f,
            "{:.digits$} ({least:.digits$}–{most:.digits$})",
            self.median()
        )
    }
}

/// Runs one and the other in turn: A B A B. The first pair warms up, and does not count.
///
/// # Errors
/// The first error of either.
pub fn in_turn(
    repeats: usize,
    mut one: impl FnMut() -> anyhow::Result<f64>,
    mut other: impl FnMut() -> anyhow::Result<f64>,
) -> anyhow::Result<(Figures, Figures)> {
    let mut figures = (Vec::new(), Vec::new());
    for nth in 0..=repeats {
        let pair = (one()?, other()?);
        if nth > 0 {
            figures.0.push(pair.0);
            figures.1.push(pair.1);
        }
    }
    Ok((Figures(figures.0), Figures(figures.1)))
}

/// Runs something that has no peer. The first run warms up, and does not count.
///
/// # Errors
/// Its first error.
pub fn alone(
    repeats: usize,
    mut one: impl FnMut() -> anyhow::Result<f64>,
) -> anyhow::Result<Figures> {
    one()?;
    let figures = (0..repeats).map(|_| one());
    Ok(Figures(figures.collect::<Result<_, _>>()?))
}

/// Says one row: what was measured, both sides and their ratio.
pub fn row(what: &str, unit: &str, (one, other): &(Figures, Figures)) {
    let ratio = one.median() / other.median();
    println!("| {what} | {one} {unit} | {other} {unit} | {ratio:.2} |");
}

/// The head of a table of such rows.
pub fn head(peer: &str) {
    println!("| | comeback | {peer} | ratio |\n|---|---|---|---|");
}

/// How many tasks ran or waited on this machine in the last minute.
///
/// # Errors
/// When the kernel does not tell.
pub fn load() -> anyhow::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or("?").to_owned())
}
