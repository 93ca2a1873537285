//! Describes how a service ended by itself, with its last log lines.

use super::group::GroupEnding;
use crate::model::duration;

/// What programs print when a resource they need is still in use, in lower case.
const HELD: [&str; 5] = [
    "address already in use",
    "address in use",
    "lock file",
    "shared memory block",
    "already running",
];

/// Describes an end that was not requested: the exit code, the lifetime, and the last log lines.
/// The text continues a sentence that begins with "it" or "it has".
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
        text.push_str(", because another process, perhaps one left over from the previous start, holds something that it needs");
    }
    match lines {
        [] => text.push_str(", without any output"),
        [line] => text.push_str(&format!("; its last line: {line}")),
        lines => text.push_str(&format!("; its last lines:\n{}", lines.join("\n"))),
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
            "ended by itself with code 1, 41.9 ms after its start, without any output"
        );
        assert_eq!(
            told(&["Traceback", "OSError: no"]),
            "ended by itself with code 1, 41.9 ms after its start; its last lines:\nTraceback\nOSError: no"
        );
        let held = told(&["OSError: [Errno 98] Address already in use"]);
        assert!(held.contains("another process"), "{held}");
    }
}
