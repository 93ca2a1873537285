//! Tables for the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::model::{Percentiles, duration_us};

/// A plain table. The first `words` columns are aligned to the left, the others to the right.
pub fn table(header: &[&str], words: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// A table of latencies. Each row has a name (the column `first`) and an outcome.
pub(super) fn latencies<'a>(
    first: &str,
    rows: impl IntoIterator<Item = ([&'a str; 2], &'a Percentiles)>,
) -> String {
    let rows = rows.into_iter().map(|(names, latency)| {
        let names = names.into_iter().map(str::to_owned);
        let times_us = [
            latency.p50_us,
            latency.p90_us,
            latency.p99_us,
            latency.max_us,
        ];
        let times = times_us.into_iter().map(duration_us);
        names
            .chain([latency.count.to_string()])
            .chain(times)
            .collect()
    });
    let header = [first, "outcome", "count", "p50", "p90", "p99", "max"];
    table(&header, 2, rows)
}
