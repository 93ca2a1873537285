//! A table of Markdown as aligned text.

use super::plain_words::{width_of, wrapped};

/// What stands between two columns.
const GAP: usize = 2;

/// No column is made narrower than this, or than it is.
const NARROWEST: usize = 12;

/// The cells of a row without its first `|`. A `\|` is no border.
pub fn cells(row: &str) -> Vec<String> {
    let row = row.trim_end().trim_end_matches('|').replace("\\|", "\0");
    let cells = row.split('|').map(|cell| cell.trim().replace('\0', "|"));
    cells.collect()
}

/// The rows as lines. Where they are wider than the terminal, the widest columns are wrapped.
pub fn lines(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |nth| rows.iter().filter_map(move |row| row.get(nth));
    let widest = |nth| widest(nth).map(|cell: &String| width_of(cell)).max();
    let mut widths: Vec<usize> = (0..columns).filter_map(widest).collect();
    let room = width.saturating_sub(GAP * columns.saturating_sub(1));
    while widths.iter().sum::<usize>() > room
        && let Some(widest) = widths.iter_mut().max()
        && *widest > NARROWEST
    {
        *widest -= 1;
    }
    rows.iter()
        .flat_map(|row| row_lines(row, &widths))
        .collect()
}

fn row_lines(row: &[String], widths: &[usize]) -> Vec<String> {
    let cells = row.iter().zip(widths);
    let cells: Vec<Vec<String>> = cells
        .map(|(cell, width)| wrapped(cell, *width, 0))
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |nth: usize| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let text = cell.get(nth).map_or("", String::as_str);
            line.push_str(text);
            line.push_str(&" ".repeat(width.saturating_sub(width_of(text)) + GAP));
        }
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}
