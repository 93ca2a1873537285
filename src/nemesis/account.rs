//! What a journal says about a run that died: how to undo each service, and which acts may be
//! incomplete.

use std::collections::BTreeMap;

use super::journal::{Owner, Record};
use crate::model::Act;
use crate::stack::Lease;

/// The content of a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The process it belongs to.
    pub owner: Option<Owner>,
    /// Whether the harm is meant to stay until somebody asks to undo it.
    pub deliberate: bool,
    /// What there is to undo, without duplicates, in the order of the journal.
    pub charges: Vec<Charge>,
}

/// Something to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// How it is undone.
    pub lease: Lease,
    /// The acts on the service that may be incomplete.
    pub doubts: Vec<Doubt>,
}

/// An act that the journal announces, but does not report as done.
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
