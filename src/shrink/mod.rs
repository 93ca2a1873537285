//! A failing plan made smaller, where a failure may show only now and then and each run costs
//! seconds.
//!
//! A run that fails in the same way is proof: what it did without is not needed. A run that passes
//! is weak evidence. So the belief about which steps are needed is a distribution, the next removal
//! is the one whose run is most informative, and no plan is run again just to be sure. The rate
//! guard is the exception: a small plan that fails far less often than the original is worth
//! little, so the rates of both are compared before the result counts. Plans are executed by
//! [`Executions`].

mod belief;
mod bisection;
mod choice;
mod driver;
mod executions;
mod explain;
mod foreseen;
mod guard;
mod passes;
mod places;
mod rates;
mod record;
mod reduce;
mod runs;
mod shrunk;
mod steps;
mod threshold;

pub use bisection::Bracket;
pub use driver::shrink;
pub use executions::{Execution, Executions, Purpose};
pub use explain::explain;
pub use foreseen::{Foreseen, KnownRun, foresee};
pub use passes::{other_faults, smaller_plans, with_fault, without};
pub use places::{Places, all, bits};
pub use rates::Rates;
pub use reduce::{Reduced, reduce};
pub use shrunk::{Boundary, Ending, Found, Need, Shrunk};
pub use threshold::CONFIDENCE;
