//! How late requests are sent at a fixed rate, beside tokio's own timer.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep_until};

use crate::{Effort, load, repeats};

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let server = load::Server::start()?;
    repeats::head("tokio's timer");
    for rate in [100, 1_000, 5_000] {
        let count = if effort.brief { rate / 10 } else { 2 * rate };
        let late = repeats::in_turn(
            effort.repeats,
            || runtime.block_on(server.lateness_us(count, rate)),
            || Ok(runtime.block_on(bare(count, rate))),
        )?;
        repeats::row(&format!("late at {rate}/s, p99"), "µs", &late);
    }
    Ok(())
}

/// The 99th percentile of how late tokio's timer wakes at a rate, in microseconds.
async fn bare(count: u32, rate: u32) -> f64 {
    let start = Instant::now();
    let mut late = Vec::new();
    for nth in 0..count {
        let due = start + Duration::from_secs(1) * nth / rate;
        sleep_until(due).await;
        late.push(due.elapsed().as_micros() as f64);
    }
    percentile(late, 99)
}

/// A percentile of some figures.
pub fn percentile(figures: Vec<f64>, percent: usize) -> f64 {
    per_mille(figures, 10 * percent)
}

/// The same, in thousandths.
pub fn per_mille(mut figures: Vec<f64>, per_mille: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    let place = figures.len() * per_mille / 1_000;
    figures.get(place).copied().unwrap_or(f64::NAN)
}
