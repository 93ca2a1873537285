//! *Does your API come back when its backend does?*
//!
//! comeback draws a random [plan](model::Plan) of request bursts and backend faults ([`generator`]), executes it against a live
//! stack ([`executor`]), records every event of it as it happens ([`trace`]), and judges the history by invariants that are
//! pure functions of it ([`invariant`]). A [`campaign`] does this many times, makes what failed as small as it can ([`shrink`]), and keeps it.
//!
//! ```text
//! Config ─generator→ Plan ─executor(Stack)→ Trace ─invariants→ Verdict ─┬→ report
//!                     ↑                                                 │ violated
//!                     └───────────── shrink: smaller plans ←────────────┘→ counterexample → traces/
//! ```
//!
//! # The house
//!
//! | module | what it is | uses |
//! |---|---|---|
//! | [`watch`] | a value that many can watch, in the same order in every run | nothing |
//! | [`redact`] | secrets and control characters, at the doors by which texts leave | nothing |
//! | [`model`] | the words: plan, fault, anchor, outcome, limits, verdict; plain data | nothing |
//! | [`generator`] | proptest strategies for plans | `model` |
//! | [`trace`] | events, the recorder, the file, questions put to a history | `model`, `redact` |
//! | [`stack`] | the traits of a service and a probe; drivers for processes, Docker, commands of the user, the demo live and simulated | `model` (the demos: `app`) |
//! | [`load`] | requests, jobs and bursts over a transport | `model`, `trace`, `stack` |
//! | [`nemesis`] | the only caller of faults; the journal of intents; heal | `model`, `trace`, `stack` |
//! | [`observe`] | readiness, logs, exits, resources | `model`, `trace`, `stack` |
//! | [`executor`] | joins these three into one trial | those three, and what they use |
//! | [`latency`] | a fold from history to histograms | `model`, `trace` |
//! | [`invariant`] | one file per invariant, and the judge | `model`, `trace`, `latency` |
//! | [`scenario`] | the fixed plans and what is expected in each | `model`, `trace` |
//! | [`shrink`] | smaller plans that fail in the same way; flaky failures | `model` |
//! | [`strategy`] | generator and shrink as a proptest `Strategy` | `generator`, `shrink`, `model` |
//! | [`campaign`] | generate, execute, check, shrink, save; replay | all of the above but `strategy` |
//! | [`report`] | text from plain data | `model`, `redact`, `trace`, `latency` |
//! | [`app`] | the demo's API and backend, and their bugs | `model` |
//! | [`config`] | `comeback.toml` | `redact`, and the settings of `generator`, `load`, `executor`, `stack` |
//! | [`guide`] | the pages of the guide, also for `comeback help` | nothing |
//! | [`cli`] | one file per verb; chooses the concrete parts | everything |
//!
//! # Architecture invariants
//!
//! * `model` does no I/O and knows nothing of the others; everything in it can be written to a trace.
//! * Every event gets its place from one [recorder](trace::Recorder). Display, anchors, disk and verdict read that one history.
//!   (The recorder lives in `trace` and not in `executor`, because load, nemesis and observers all write to it.)
//! * Nothing is taken from a service before the intent is written down and synced. What gives
//!   something back is written down too, and waits for no disk. Only [`nemesis`] acts.
//! * The harness must not disturb what it measures: nothing that blocks (a sync, a scan of /proc)
//!   is done on the task that sends requests and does faults, nor with the recorder's lock held.
//! * A verdict is a pure function of a trace: it can be computed again, offline, by other limits.
//! * What goes wrong with the harness or the environment is an event ([`Trouble`](trace::EventKind::Trouble)) and makes a trial
//!   inconclusive. It is never a violation.
//! * A trait's file does not construct its implementors; [`cli`] chooses them.
//! * What a simulator can share (`app`, `load`, `executor`) tells the time by tokio's clock, starts no threads, and
//!   iterates over nothing that is hashed. Values are watched through [`watch`], not through tokio's, which wakes by chance.
//!
//! `tests/tidy.rs` holds the code to the table.
//!
//! # What is deliberately absent
//!
//! gRPC, WebSocket and streaming requests; process stacks on systems other than Linux; any retry of a request by the
//! harness, for a retry would hide the failure that is looked for.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod app;
pub mod campaign;
pub mod cli;
pub mod config;
pub mod executor;
pub mod generator;
pub mod guide;
pub mod invariant;
pub mod latency;
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
pub mod watch;
