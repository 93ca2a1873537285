//! What a journal tells of a run that died: how each service is undone, and which acts it may have
//! been in the middle of.

use std::collections::BTreeMap;

use super::journal::{Owner, Record};
use crate::model::Act;
use crate::stack::Lease;

/// What a journal tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Whose journal it is.
    pub owner: Option<Owner>,
    /// Whether what was done is meant to stay until somebody asks for its undoing.
    pub deliberate: bool,
    /// What there is to undo, each once, in the order in which it was first written down.
    pub charges: Vec<Charge>,
}

/// Something to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// How it is undone.
    pub lease: Lease,
    /// The acts on the service that were announced and, for all the journal tells, not done to
    /// their end.
    pub doubts: Vec<Doubt>,
}

/// An act that was announced and, for all the journal tells, not done to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// The act.
    pub act: Act,
    /// When it was announced, in milliseconds of the monotonic clock, if that is known.
    pub at_ms: Option<u64>,
}

impl Account {
    /// Reads a journal's records.
    pub fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let mut account = Account::default();
        let mut leases: Vec<(String, Lease)> = Vec::new();
        let mut doubts: BTreeMap<String, Vec<Doubt>> = BTreeMap::new();
        for record in records {
            match record {
                Record::Owner(owner) => account.owner = Some(owner),
                Record::Deliberate => account.deliberate = true,
                Record::Lease { service, lease } => {
                    if !leases.iter().any(|(_, known)| *known == lease) {
                        leases.push((service, lease));
                    }
                }
                Record::Intent {
                    service,
                    act,
                    at_ms,
                } => {
                    let open = doubts.entry(service).or_default();
                    open.push(Doubt { act, at_ms });
                }
                Record::Done { service, act } => {
                    let open = doubts.entry(service).or_default();
                    if let Some(place) = open.iter().rposition(|doubt| doubt.act == act) {
                        open.remove(place);
                    }
                }
            }
        }
        let charge = |(service, lease)| Charge {
            doubts: doubts.get(&service).cloned().unwrap_or_default(),
            lease,
        };
        account.charges = leases.into_iter().map(charge).collect();
        account
    }
}
