//! Only the nemesis injects faults. It writes each act to a journal before it does it, and undoes
//! everything in every case.

mod account;
mod acts;
mod journal;
mod nemesis;
mod settling;

pub use account::{Account, Charge, Doubt};
pub use acts::{FaultAct, fault_acts};
pub use journal::{Journal, JournalError, Owner, Record, monotonic_ms};
use nemesis::ACT_LIMIT;
pub use nemesis::{Nemesis, NemesisError, bring_up, do_act, heal};
pub use settling::{Settling, SettlingStep};
