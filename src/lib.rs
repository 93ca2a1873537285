//! *Does your API come back when its backend does?*
//!
//! comeback draws random plans of request bursts and backend faults, executes each against a live
//! stack, and judges what happened. This is its library: test your own stack from a Rust test.
//!
//! ```no_run
//! use std::cell::RefCell;
//! use std::path::Path;
//!
//! use comeback::LiveStack;
//! use comeback::model::Verdict;
//! use comeback::strategy::plans;
//! use proptest::test_runner::{Config, TestCaseError, TestRunner};
//!
//! // The stack that `comeback.toml` describes is brought up, and left as it was found at the end.
//! let stack = RefCell::new(LiveStack::open(Path::new("comeback.toml"))?);
//! let plans = plans(stack.borrow().space());
//! let config = Config {
//!     // Each execution takes seconds.
//!     max_shrink_iters: 10,
//!     // The seed of a failure is kept, and tried first from then on.
//!     source_file: Some(file!()),
//!     ..Config::with_cases(20)
//! };
//! TestRunner::new(config).run(&plans, |plan| {
//!     let trace = stack.borrow_mut().execute(&plan);
//!     let trace = trace.map_err(|error| TestCaseError::reject(error.to_string()))?;
//!     match trace.verdict() {
//!         Verdict::Holds => Ok(()),
//!         // proptest now makes the plan smaller, and shows the smallest one that fails.
//!         Verdict::Violated => Err(TestCaseError::fail("the API did not come back")),
//!         // The environment's fault, not the API's: another plan is drawn instead.
//!         Verdict::Inconclusive => Err(TestCaseError::reject("undecided")),
//!     }
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The public parts are [`LiveStack`], [`strategy`], [`model`] (plans, faults, limits, verdicts),
//! the reading side of [`trace`], [`generator::Space`] and [`invariant`]. Everything else is the
//! program's own and may change. The [`guide`] explains the program itself, one page a topic.
//!
//! # One trial's way through the files
//!
//! ```text
//! Config ─generator→ Plan ─executor(Stack)→ Trace ─invariants→ Verdict ─┬→ report
//!                     ↑                                                 │ violated
//!                     └──────────── shrink: smaller plans ←─────────────┘→ saved in traces/
//! ```
//!
//! 1. A plan is drawn: `generator/opening.rs` holds the first ones, `generator/interleaving.rs` the
//!    random ones. Its words (step, fault, anchor, burst) are in `model/`; a new kind of fault
//!    begins in `model/fault.rs`, and `.github/CONTRIBUTING.md` lists the other files in order.
//! 2. `campaign/trial_queue.rs` gives the plan to a stack, and the stack's runner executes it:
//!    `campaign/live_runner.rs`, or `demo/sim/simulated_runner.rs`. One trace, one verdict.
//! 3. `executor/trial.rs` is the trial itself, phase by phase: set-up (`setup.rs`), baseline
//!    (`rounds.rs`), the plan (`steps.rs` waits for `anchors.rs`), healing, recovery
//!    (`recovery_probes.rs` probes until success is sustained; `stack/backoff.rs` spaces the
//!    probes, `trace/streak.rs` says what sustained is), and what the API uses when it is
//!    idle (`idle_api.rs`). `start.rs` brings the stack up before the first trial, and `reset.rs`
//!    restarts it between trials.
//! 4. A fault is done by `nemesis/` and nobody else: the intent is written to the journal, then the
//!    driver acts. A kill is done in `stack/process/reach.rs`, in `stack/docker/container.rs` (by
//!    `direct_kill.rs` where that can be done without the engine), by a command that
//!    `stack/command/driver.rs` chooses, or, simulated, in `demo/sim/service.rs`. Faults of the
//!    network are asked of a link by `stack/link/driver.rs`, and done in `link/`: by
//!    `link/flow.rs` for each byte, and by `link/link_listener.rs` for new connections.
//! 5. A request goes from `load/burst.rs` through `load/client.rs` to `load/pooled.rs` or
//!    `load/unpooled.rs`; `load/template.rs` makes it, and `load/expectation.rs` reads its answer.
//!    An accepted job is followed in `load/job.rs`.
//! 6. Every event is put in order by `trace/recorder.rs`. `trace/event.rs` lists them, and
//!    `trace/query.rs` answers questions about them. The file is described in `trace/format.rs`,
//!    written by `trace/writer.rs` and read by `trace/lines.rs`.
//! 7. `invariant/judge.rs` asks each invariant, one file each: whether an API recovers is decided
//!    in `invariant/recovers.rs`.
//! 8. What failed is tried again without its faults (`campaign/control.rs`), made smaller
//!    (`campaign/shrinking.rs`, `shrink/`), and saved (`campaign/save.rs`).
//! 9. `report/` says it: `terminal.rs` for people, `html/` for the page (`html/drawing.rs` prepares
//!    the timeline's data, `html/picture.js` draws it), `junit.rs` and the others for machines.
//!
//! How to add a fault, an invariant or a driver, file by file, is in `.github/CONTRIBUTING.md`.
//!
//! # The house
//!
//! Each row uses only rows above it. `tests/offline/tidy.rs` reads this table and holds the code to
//! it.
//!
//! | module | what it is | may use |
//! |---|---|---|
//! | [`watched`] | a value that many can watch, in the same order in every run | nothing |
//! | [`whole_file`] | files that get their names when they are complete | nothing |
//! | [`redact`] | secrets and control characters, at the doors by which texts leave | `whole_file` |
//! | [`model`] | the words: plan, fault, anchor, outcome, limits, verdict; plain data | nothing |
//! | [`guide`] | the pages of the guide, also for `comeback help` | nothing |
//! | [`trace`] | events, the recorder, the file, questions put to a history | `watched`, `whole_file`, `redact`, `model` |
//! | [`generator`] | proptest strategies for plans | `model` |
//! | [`app`] | the demo's API and backend, and their bugs | `watched`, `model` |
//! | [`link`] | a proxy between the API and a backend: forwards, disturbs, observes | `model` |
//! | [`stack`] | the traits of a service and a probe; drivers for processes, Docker and own commands | `watched`, `model`, `link` |
//! | [`load`] | requests, jobs and bursts over a transport | `watched`, `model`, `trace`, `stack` |
//! | [`nemesis`] | the only caller of faults; the journal of intents; heal | `model`, `trace`, `stack` |
//! | [`observe`] | readiness, logs, exits, resources, links | `watched`, `model`, `link`, `trace`, `stack` |
//! | [`executor`] | joins `load`, `nemesis` and `observe` into one trial | `watched`, `model`, `trace`, `stack`, `load`, `nemesis`, `observe` |
//! | [`latency`] | a fold from history to histograms | `model`, `trace` |
//! | [`invariant`] | one file per invariant, and the judge | `model`, `trace` |
//! | [`scenario`] | the fixed plans and what is expected in each | `model`, `trace` |
//! | [`shrink`] | smaller plans that fail in the same way; flaky failures | `model` |
//! | [`campaign`] | generate, execute, check, shrink, save; replay | all above |
//! | [`strategy`] | generator and shrink as a proptest `Strategy` | `generator`, `shrink`, `model` |
//! | [`demo`] | the demo as a stack, live and simulated | all above |
//! | [`report`] | text from plain data | `redact`, `model`, `trace`, `latency` |
//! | [`config`] | `comeback.toml` | `redact`, `model`, `link`, `generator`, `load`, `executor` |
//! | [`assembly`] | from a configuration to concrete parts; [`LiveStack`] | all above |
//! | [`cli`] | `verbs/`, one file or folder each, and `kit/`, what they share | all above |
//!
//! # Architecture invariants
//!
//! * `model` does no I/O and knows nothing of the others; everything in it can be written to a
//!   trace.
//! * Every event gets its place from one [recorder](trace::Recorder). Display, anchors, disk and
//!   verdict read that one history. (The recorder lives in `trace` and not in `executor`, because
//!   load, nemesis and observers all write to it.)
//! * Nothing is taken from a service before the intent is written down and synced. What gives
//!   something back is written down too, and waits for no disk. Only [`nemesis`] acts.
//! * The harness must not disturb what it measures: nothing that blocks (a sync, a scan of /proc)
//!   is done on the task that sends requests and does faults, nor with the recorder's lock held.
//! * A verdict is a pure function of a trace: it can be computed again, offline, by other limits.
//! * What goes wrong with the harness or the environment is an event
//!   ([`Trouble`](trace::EventKind::Trouble)) and makes a trial inconclusive. It is never a
//!   violation.
//! * A trait's file does not construct its implementors; [`assembly`] and [`demo`] choose them.
//! * What a simulator can share (`app`, `load`, `executor`) tells the time by tokio's clock, starts
//!   no threads, and iterates over nothing that is hashed. Values are watched through [`watched`],
//!   not through tokio's, which wakes by chance.
//!
//! # What is deliberately absent
//!
//! gRPC, WebSocket and streaming requests; process stacks on systems other than Linux; any retry of
//! a request by the harness, for a retry would hide the failure that is looked for.

#![deny(clippy::print_stdout, clippy::print_stderr)]
// Without the command line, much of what it alone uses is not called.
#![cfg_attr(not(feature = "cli"), expect(dead_code))]

pub mod app;
pub mod assembly;
pub mod campaign;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod demo;
pub mod executor;
pub mod generator;
pub mod guide;
pub mod invariant;
pub mod latency;
pub mod link;
pub mod load;
pub mod model;
pub mod nemesis;
pub mod observe;
pub mod redact;
pub mod report;
pub mod scenario;
pub mod shrink;
pub mod stack;
pub mod strategy;
pub mod trace;
pub mod watched;
pub mod whole_file;

pub use assembly::LiveStack;
