//! Ctrl-C, SIGTERM, a closed terminal, and defects of comeback itself: each ends a command early,
//! healed.

use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use super::stream;
use crate::assembly::Signals;
use crate::campaign::Interrupt;
use crate::invariant::is_guarded;
use crate::watched;

/// Whether a part of this process has panicked.
static HAS_PANICKED: AtomicBool = AtomicBool::new(false);

/// Turns signals into a request to end early; `then` says on standard error what is done first. A
/// panic of any task or thread asks for the same: a run that lost a part of itself must not go on.
/// Only a panic in the check of an invariant does not, for it costs no more than the trial that is
/// judged.
///
/// # Errors
/// When the signals cannot be listened for.
pub fn on_signals(then: &'static str) -> std::io::Result<Interrupt> {
    let (sender, receiver) = watched::channel(false);
    let mut signals = Signals::listen()?;
    let on_panic = sender.clone();
    panic::set_hook(Box::new(move |panic| {
        // It is caught, and reported with the trial that it makes inconclusive.
        if is_guarded() {
            return;
        }
        HAS_PANICKED.store(true, Ordering::Relaxed);
        on_panic.send_replace(true);
        stream::say(&format!(
            "comeback: this is a defect of comeback, please report it: {panic}; {then}"
        ));
    }));
    tokio::spawn(async move {
        loop {
            signals.next().await;
            // The terminal may be gone, so nothing is said before it is done.
            sender.send_replace(true);
            stream::say(&format!("comeback: interrupted; {then}"));
        }
    });
    Ok(Interrupt::new(receiver))
}

/// Whether a part of this process has panicked, so that no result can be trusted.
pub fn has_panicked() -> bool {
    HAS_PANICKED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::invariant::{Invariant, judge};
    use crate::model::{Finding, Limits};
    use crate::trace::View;
    use crate::trace::script::{Script, limits};

    /// The hook counts for a whole process, so it is tried in one of its own: this test, started by
    /// itself.
    const IN_A_PROCESS_OF_ITS_OWN: &str = "COMEBACK_TEST_OF_PANICS";

    #[test]
    fn a_panic_of_any_task_or_thread_asks_the_run_to_end() {
        if let Ok(place) = std::env::var(IN_A_PROCESS_OF_ITS_OWN) {
            panic_in(&place);
            return;
        }
        for place in ["task", "thread"] {
            let itself = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--nocapture"])
                .arg(
                    "cli::kit::interrupt::tests::a_panic_of_any_task_or_thread_asks_the_run_to_end",
                )
                .env(IN_A_PROCESS_OF_ITS_OWN, place)
                .output()
                .unwrap();
            let said = String::from_utf8(itself.stderr).unwrap();
            assert!(itself.status.success(), "{place}: {said}");
            for part in ["defect of comeback", "beyond repair", "healing first"] {
                assert!(said.contains(part), "{place}: {said}");
            }
        }
    }

    #[test]
    fn a_panic_in_the_check_of_one_invariant_does_not_end_the_run() {
        if std::env::var_os(IN_A_PROCESS_OF_ITS_OWN).is_some() {
            panic_in_a_check();
            return;
        }
        let itself = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg(
                "cli::kit::interrupt::tests::a_panic_in_the_check_of_one_invariant_does_not_end_the_run",
            )
            .env(IN_A_PROCESS_OF_ITS_OWN, "check")
            .output()
            .unwrap();
        let said = String::from_utf8(itself.stderr).unwrap();
        assert!(itself.status.success(), "{said}");
        assert!(!said.contains("too many requests"), "{said}");
    }

    #[tokio::main(flavor = "current_thread")]
    async fn panic_in_a_check() {
        let interrupt = on_signals("healing first").unwrap();
        let trace = Script::new(&["sync"]).finish(100);
        let judgement = judge(&trace, &limits(), &[Box::new(Buggy)]);
        let reason = judgement.inconclusive.unwrap();
        assert!(reason.starts_with("the check buggy failed: "), "{reason}");
        assert!(!interrupt.is_requested() && !has_panicked());
        // What panics afterwards, or elsewhere meanwhile, is another matter.
        drop(tokio::spawn(async { panic!("beyond repair") }).await);
        assert!(interrupt.is_requested() && has_panicked());
    }

    /// An invariant with a defect.
    struct Buggy;

    impl Invariant for Buggy {
        fn name(&self) -> &'static str {
            "buggy"
        }
        fn check(&self, _view: &View<'_>, _limits: &Limits) -> Finding {
            panic!("too many requests")
        }
    }

    /// Ends only when the run is asked to.
    #[tokio::main(flavor = "current_thread")]
    async fn panic_in(place: &str) {
        let interrupt = on_signals("healing first").unwrap();
        assert!(!has_panicked());
        match place {
            "task" => drop(tokio::spawn(async { panic!("beyond repair") })),
            _ => drop(std::thread::spawn(|| panic!("beyond repair"))),
        }
        let limit = std::time::Duration::from_secs(30);
        let asked = tokio::time::timeout(limit, interrupt.requested()).await;
        assert!(asked.is_ok(), "the run goes on");
        assert!(has_panicked());
    }
}
