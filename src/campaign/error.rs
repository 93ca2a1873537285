//! Why a campaign could not go on.

use super::{LedgerError, SaveError, SimulationError};
use crate::nemesis::NemesisError;
use crate::trace::TraceError;

/// A campaign that could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The stack could not be brought up, reset or released.
    #[error(transparent)]
    Stack(#[from] NemesisError),
    /// A trace could not be written or read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A file of the campaign could not be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// What a campaign remembers could not be written or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A world could not be made.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
}
