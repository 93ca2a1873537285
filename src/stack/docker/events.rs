//! The engine's events of one container.

use std::collections::HashMap;
use std::future::ready;
use std::time::SystemTime;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt};

use super::stamp;

/// The events of a container since a moment. The engine keeps recent events, so none is lost if the
/// moment is just past.
pub(super) fn of(
    docker: &Docker,
    id: &str,
    since: SystemTime,
) -> impl Stream<Item = Result<EventMessage, Error>> + Unpin + Send + use<> {
    let filters = HashMap::from([("type", vec!["container"]), ("container", vec![id])]);
    let options = EventsOptionsBuilder::default()
        .since(&stamp::query(since))
        .filters(&filters)
        .build();
    // The engine's filter also matches containers whose name begins with this id.
    let id = id.to_owned();
    let is_its = move |event: &Result<EventMessage, Error>| {
        let actor = event.as_ref().ok().and_then(|event| event.actor.as_ref());
        let whose = actor.and_then(|actor| actor.id.as_deref());
        whose.is_none_or(|whose| whose == id)
    };
    Box::pin(
        docker
            .events(Some(options))
            .filter(move |event| ready(is_its(event))),
    )
}
