//! Percentile distributions as HdrHistogram's tools write and plot them (`.hgrm`), in milliseconds.

use std::io::{self, Write};

use hdrhistogram::Histogram;

/// The number of lines for each halving of the distance to 100 %: the default of other tools.
const TICKS_PER_HALF_DISTANCE: u32 = 5;
/// Values are written in milliseconds.
const US_PER_MS: f64 = 1_000.0;

/// Writes a histogram of microseconds as a percentile distribution in milliseconds.
///
/// # Errors
/// When it cannot be written.
pub fn write(histogram: &Histogram<u64>, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:>12} {:>14} {:>10} {:>14}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    )?;
    let mut count = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        count += step.count_since_last_iteration();
        let value = step.value_iterated_to() as f64 / US_PER_MS;
        let quantile = step.quantile_iterated_to();
        write!(out, "{value:12.3} {quantile:14.12} {count:10}")?;
        match quantile < 1.0 {
            true => writeln!(out, " {:14.2}", 1.0 / (1.0 - quantile))?,
            false => writeln!(out)?,
        }
    }
    writeln!(
        out,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]",
        histogram.mean() / US_PER_MS,
        histogram.stdev() / US_PER_MS
    )?;
    writeln!(
        out,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        histogram.max() as f64 / US_PER_MS,
        histogram.len()
    )?;
    writeln!(
        out,
        "#[Buckets = {:12}, SubBuckets     = {:12}]",
        histogram.buckets(),
        // For three significant digits.
        2048
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::histogram;

    #[test]
    fn a_distribution_is_told_as_other_tools_do() {
        let mut latencies = histogram();
        for ms in [10, 20, 20, 30, 400] {
            latencies.saturating_record(ms * 1_000);
        }
        let mut text = Vec::new();
        write(&latencies, &mut text).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }
}
