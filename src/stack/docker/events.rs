//! The engine's event stream, narrowed to one container.

use std::collections::HashMap;
use std::time::SystemTime;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::Stream;

use super::stamp;

/// What happens to a container since a moment. The engine keeps its latest events, so a moment just past
/// loses nothing.
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
    Box::pin(docker.events(Some(options)))
}
