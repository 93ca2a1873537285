//! What a service that has ended by itself said last.

use super::group::GroupEnding;
use crate::model::duration;

/// What programs say when something that they need is still held, in lower case.
const HELD: [&str; 5] = [
    "address already in use",
    "address in use",
    "lock file",
    "shared memory block",
    "already running",
];

/// An end that nobody asked for, in words that follow "it" or "it has": the exit code, how long it
/// lived, and the last lines of its log.
pub(super) fn tell(ending: &GroupEnding, lines: &[String]) -> String {
    let code = ending
        .code
        .map_or(String::new(), |code| format!(" with code {code}"));
    let lived = duration(ending.lived);
    let mut text = format!("ended by itself{code}, {lived} after its start");
    let is_held = |line: &String| {
        let line = line.to_lowercase();
        HELD.iter().any(|held| line.contains(held))
    };
    if lines.iter().any(is_held) {
        text.push_str(", for something that it needs is held by another process, or by what is left of the one before");
    }
    match lines {
        [] => text.push_str(", without a word"),
        [line] => text.push_str(&format!(", saying: {line}")),
        lines => text.push_str(&format!(", saying:\n{}", lines.join("\n"))),
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn all_last_lines_are_told_and_what_is_held_is_named() {
        let ending = GroupEnding {
            code: Some(1),
            lived: Duration::from_micros(41_900),
            is_by_itself: true,
            left: None,
        };
        let told = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            tell(&ending, &lines)
        };
        assert_eq!(
            told(&[]),
            "ended by itself with code 1, 41.9 ms after its start, without a word"
        );
        assert_eq!(
            told(&["Traceback", "OSError: no"]),
            "ended by itself with code 1, 41.9 ms after its start, saying:\nTraceback\nOSError: no"
        );
        let held = told(&["OSError: [Errno 98] Address already in use"]);
        assert!(held.contains("is held by another process"), "{held}");
    }
}
