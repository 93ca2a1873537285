//! Changes one thing in a text of JSON lines, so that what comes of it is still JSON.
//!
//! Bytes that are changed at random are hardly ever JSON, and then nothing is tried but the parser. So two changes of three
//! are made here: a number becomes an extreme one, a text becomes another one of the same file, a field or a line goes, comes
//! twice or changes places. The rest are libFuzzer's own.

use fastrand::Rng;
use serde_json::{Value, json};

/// Numbers at which sums overflow, and those around zero.
const EXTREMES: [u64; 9] = [
    0,
    1,
    1_000,
    u32::MAX as u64,
    1 << 53,
    i64::MAX as u64 / 1_000,
    i64::MAX as u64,
    u64::MAX / 1_000,
    u64::MAX,
];

/// Changes the first `size` bytes of `data`, and returns how many there are then, at most `max_size`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut rng = Rng::with_seed(seed.into());
    let changed = match rng.u8(..3) {
        0 => None,
        _ => changed(&data[..size], &mut rng),
    };
    match changed {
        Some(text) if text.len() <= max_size => {
            data[..text.len()].copy_from_slice(&text);
            text.len()
        }
        _ => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}

/// The text with one to four changes; none where no line of it is JSON.
fn changed(text: &[u8], rng: &mut Rng) -> Option<Vec<u8>> {
    let lines = text.split(|byte| *byte == b'\n');
    let mut lines: Vec<Value> = lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    if lines.is_empty() {
        lines.push(serde_json::from_slice(text).ok()?);
    }
    let all = lines.clone();
    for _ in 0..rng.usize(1..=4) {
        match rng.u8(..4) {
            0 => change_list(&mut lines, rng),
            _ => {
                let place = rng.usize(..lines.len());
                change_part(&mut lines[place], &all, rng);
            }
        }
        if lines.is_empty() {
            return None;
        }
    }
    if rng.bool() {
        renumber(&mut lines);
    }
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, &line).ok()?;
        text.push(b'\n');
    }
    Some(text)
}

fn change_list(list: &mut Vec<Value>, rng: &mut Rng) {
    if list.is_empty() {
        return;
    }
    let (place, other) = (rng.usize(..list.len()), rng.usize(..list.len()));
    match rng.u8(..4) {
        0 => drop(list.remove(place)),
        1 => list.insert(other, list[place].clone()),
        2 => list.swap(place, other),
        _ => list.truncate(place.max(1)),
    }
}

/// Goes down to some part of a value, and changes it.
fn change_part(value: &mut Value, all: &[Value], rng: &mut Rng) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let place = rng.usize(..fields.len());
            let name = fields.keys().nth(place).cloned().unwrap_or_default();
            match rng.u8(..12) {
                0 => drop(fields.remove(&name)),
                1 => {
                    let other = fields.values().nth(rng.usize(..fields.len())).cloned();
                    fields.insert(name, other.unwrap_or_default());
                }
                _ => {
                    if let Some(field) = fields.get_mut(&name) {
                        change_part(field, all, rng);
                    }
                }
            }
        }
        Value::Array(list) if !list.is_empty() => match rng.u8(..3) {
            0 => change_list(list, rng),
            _ => {
                let place = rng.usize(..list.len());
                change_part(&mut list[place], all, rng);
            }
        },
        Value::Number(number) => *value = other_number(number.as_u64(), rng),
        Value::Bool(yes) => *yes = !*yes,
        Value::String(text) if rng.u8(..4) == 0 => text.push(rng.char(..)),
        _ => *value = leaf(all, rng),
    }
}

fn other_number(number: Option<u64>, rng: &mut Rng) -> Value {
    let number = number.unwrap_or(0);
    match rng.u8(..8) {
        0 => json!(number.wrapping_add(1)),
        1 => json!(number.wrapping_sub(1)),
        2 => json!(number.wrapping_mul(rng.u64(2..1_000))),
        3 => json!(number / rng.u64(2..1_000)),
        4 => json!(-1),
        5 => json!([1e300, -0.5, 1e-9, 0.999_999][rng.usize(..4)]),
        _ => json!(EXTREMES[rng.usize(..EXTREMES.len())]),
    }
}

/// A text or number from anywhere in the file.
fn leaf(all: &[Value], rng: &mut Rng) -> Value {
    let mut value = &all[rng.usize(..all.len())];
    loop {
        value = match value {
            Value::Object(fields) if !fields.is_empty() => {
                let place = rng.usize(..fields.len());
                fields.values().nth(place).unwrap_or(&Value::Null)
            }
            Value::Array(list) if !list.is_empty() => &list[rng.usize(..list.len())],
            leaf => return leaf.clone(),
        };
    }
}

/// Gives the events of a trace the numbers and an order of time that a recorder gives, so that what is behind them is tried too.
fn renumber(lines: &mut [Value]) {
    let mut latest_us = 0;
    let events = lines.iter_mut().filter(|line| line.get("event").is_some());
    for (seq, event) in events.enumerate() {
        let at_us = event["at_us"].as_u64().unwrap_or(0);
        latest_us = latest_us.max(at_us);
        event["seq"] = json!(seq);
        event["at_us"] = json!(latest_us);
    }
}
