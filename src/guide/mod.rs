//! The guide, one page a topic. `comeback help TOPIC` prints the same pages in a terminal.
//!
//! Start with the [quick start](quick_start). Each page is a Markdown file beside this one.

mod page;

pub use page::Page;

/// Makes a module of documentation and a [`Page`] of each file. In Markdown the first definition of
/// a link counts: the ones put before a page lead to the other modules here, and the page's own, at
/// its end, to the other files.
macro_rules! pages {
    ($($module:ident, $topic:literal;)*) => {
        $(
            #[doc = "[quick-start]: crate::guide::quick_start\n[how-a-trial-works]: crate::guide::how_a_trial_works\n[your-stack]: crate::guide::your_stack\n[network-faults]: crate::guide::network_faults\n[requests]: crate::guide::requests\n[judged]: crate::guide::judged\n[no-hang]: crate::guide::no_hang\n[recovers]: crate::guide::recovers\n[bounded-failures]: crate::guide::bounded_failures\n[explicit-errors]: crate::guide::explicit_errors\n[accounting]: crate::guide::accounting\n[api-stays-up]: crate::guide::api_stays_up\n[calm-reconnect]: crate::guide::calm_reconnect\n[no-leak]: crate::guide::no_leak\n[latency-returns]: crate::guide::latency_returns\n[log-expectations]: crate::guide::log_expectations\n[reading-a-report]: crate::guide::reading_a_report\n[scenarios]: crate::guide::scenarios\n[shrinking]: crate::guide::shrinking\n[replay-and-regress]: crate::guide::replay_and_regress\n[every-night]: crate::guide::every_night\n[rust-tests]: crate::guide::rust_tests\n[safety]: crate::guide::safety\n[inconclusive]: crate::guide::inconclusive\n[configuration]: crate::guide::configuration\n[words]: crate::guide::words\n"]
            #[doc = include_str!(concat!($topic, ".md"))]
            pub mod $module {}
        )*

        /// All pages, in the order in which they are best read.
        pub const PAGES: &[Page] = &[
            $(Page { topic: $topic, text: include_str!(concat!($topic, ".md")) },)*
        ];
    };
}

pages! {
    quick_start, "quick-start";
    how_a_trial_works, "how-a-trial-works";
    your_stack, "your-stack";
    network_faults, "network-faults";
    requests, "requests";
    judged, "judged";
    no_hang, "no-hang";
    recovers, "recovers";
    bounded_failures, "bounded-failures";
    explicit_errors, "explicit-errors";
    accounting, "accounting";
    api_stays_up, "api-stays-up";
    calm_reconnect, "calm-reconnect";
    no_leak, "no-leak";
    latency_returns, "latency-returns";
    log_expectations, "log-expectations";
    reading_a_report, "reading-a-report";
    scenarios, "scenarios";
    shrinking, "shrinking";
    replay_and_regress, "replay-and-regress";
    every_night, "every-night";
    rust_tests, "rust-tests";
    safety, "safety";
    inconclusive, "inconclusive";
    configuration, "configuration";
    track_record, "track-record";
    words, "words";
}
