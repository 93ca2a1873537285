//! The description of a stack in its traces.

use std::collections::BTreeMap;

use crate::load::Connections;
use crate::model::RequestKind;
use crate::stack::Stack;
use crate::trace::{KindInfo, StackInfo};

/// The description of a stack in its traces.
pub fn stack_info(
    name: &str,
    variant: Option<&str>,
    stack: &Stack,
    kinds: &[RequestKind],
    connections: Connections,
) -> StackInfo {
    let kind = |kind: &RequestKind| KindInfo {
        name: kind.name.clone(),
        job: kind.job.is_some(),
        states: kind.job.iter().flat_map(|job| job.states.clone()).collect(),
        echo: kind.expect.echo.is_some(),
    };
    StackInfo {
        name: name.to_owned(),
        variant: variant.map(str::to_owned),
        backends: stack
            .backends
            .iter()
            .map(|backend| backend.name.clone())
            .collect(),
        executed: BTreeMap::new(),
        kinds: kinds.iter().map(kind).collect(),
        connections: connections.name().to_owned(),
        api_observed: stack.api.is_some(),
        simulated: false,
    }
}
