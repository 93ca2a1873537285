//! What was seen on a link, in words.

use super::Tone;
use crate::model::{ClosedBy, Direction};
use crate::trace::EventKind;

/// An event of a link: its backend, its text and its tone; none for any other event.
pub(super) fn link_words(kind: &EventKind) -> Option<(&str, String, Tone)> {
    use Tone::{Bad, Plain};
    Some(match kind {
        EventKind::LinkOpened {
            backend,
            connection,
            ..
        } => (backend, format!("dialled (connection {connection})"), Plain),
        EventKind::LinkFailed {
            backend,
            connection,
            reason,
        } => {
            let text = format!("dialled in vain (connection {connection}): {reason}");
            (backend, text, Bad)
        }
        EventKind::LinkFirstByte {
            backend,
            connection,
            direction,
        } => {
            let what = match direction {
                Direction::ToBackend => "first byte of a request",
                Direction::FromBackend => "first byte of a reply",
            };
            (backend, format!("{what} on connection {connection}"), Plain)
        }
        EventKind::LinkClosed {
            backend,
            connection,
            by,
            to_backend_bytes,
            from_backend_bytes,
        } => {
            let (who, tone) = match by {
                ClosedBy::Api => ("the API", Plain),
                ClosedBy::Backend => ("the backend", Plain),
                ClosedBy::Fault => ("the fault", Bad),
                ClosedBy::Link => ("the link", Bad),
            };
            let text = format!(
                "{who} ended connection {connection} after {to_backend_bytes} bytes to the backend and {from_backend_bytes} from it"
            );
            (backend, text, tone)
        }
        EventKind::LinkCounted {
            backend,
            opened,
            closed,
        } => {
            let text = format!("{opened} more connections were opened and {closed} ended");
            (backend, text, Plain)
        }
        _ => return None,
    })
}
