//! The invariants that every trial is judged by.

use super::Invariant;
use super::accounting::Accounting;
use super::api_stays_up::ApiStaysUp;
use super::bounded_failures::BoundedFailures;
use super::calm_reconnect::CalmReconnect;
use super::explicit_errors::ExplicitErrors;
use super::latency_returns::LatencyReturns;
use super::log_expectations::LogExpectations;
use super::no_hang::NoHang;
use super::no_leak::NoLeak;
use super::recovers::Recovers;

/// The invariants that every trial is judged by. Of two violations that began with the same event,
/// the earlier in this list is the primary one: the consequences of an exit must not count as the
/// first violation.
pub fn standard() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(ApiStaysUp),
        Box::new(NoHang),
        Box::new(Recovers),
        Box::new(BoundedFailures),
        Box::new(ExplicitErrors),
        Box::new(Accounting),
        Box::new(CalmReconnect),
        Box::new(NoLeak),
        Box::new(LatencyReturns),
        Box::new(LogExpectations),
    ]
}
