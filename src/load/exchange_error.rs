//! Decides whether the API or the harness caused a failed exchange.

use std::error::Error;
use std::io;

use super::ExchangeError;
use crate::model::UnknownReason;

/// Classifies an error of an HTTP library. Walks its chain of sources from the outside in; the
/// first recognized error decides.
///
/// An error that nobody recognizes is the harness's own: it makes a trial inconclusive, where a
/// wrong charge would make it a false alarm. So is a host name that cannot be resolved.
pub(crate) fn exchange_error(error: &(dyn Error + 'static)) -> ExchangeError {
    let message = words(error);
    match links(error).find_map(at_fault) {
        Some(AtFault::Api(reason)) => ExchangeError::Unanswered { reason, message },
        Some(AtFault::Harness) | None => ExchangeError::Harness { message },
    }
}

enum AtFault {
    Api(UnknownReason),
    Harness,
}

fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error))
}

/// The next error in the chain. An `io::Error` hides the error that it was made from in `source()`.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let hidden = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .map(|error| error as &(dyn Error + 'static));
    hidden.or_else(|| error.source())
}

fn at_fault(error: &(dyn Error + 'static)) -> Option<AtFault> {
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        of_http(error)
    } else if let Some(error) = error.downcast_ref::<rustls::Error>() {
        Some(of_tls(error))
    } else {
        error.downcast_ref::<io::Error>().and_then(of_io)
    }
}

fn of_http(error: &hyper::Error) -> Option<AtFault> {
    if error.is_parse() {
        Some(AtFault::Api(UnknownReason::Garbled))
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        Some(AtFault::Api(UnknownReason::Reset))
    } else if error.is_user() {
        Some(AtFault::Harness)
    } else {
        None
    }
}

fn of_tls(error: &rustls::Error) -> AtFault {
    match error {
        // Which certificates to trust is a matter of the configuration.
        rustls::Error::InvalidCertificate(_) => AtFault::Harness,
        _ => AtFault::Api(UnknownReason::Garbled),
    }
}

fn of_io(error: &io::Error) -> Option<AtFault> {
    use io::ErrorKind::*;
    let reason = match error.kind() {
        ConnectionRefused | HostUnreachable | NetworkUnreachable => UnknownReason::Refused,
        ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected | UnexpectedEof => {
            UnknownReason::Reset
        }
        // The kernel's own timeout for connecting or for unacknowledged data.
        TimedOut => UnknownReason::TimedOut,
        // From hyper's decoder of chunked bodies. An error of the TLS library is deeper in the
        // chain.
        InvalidData | InvalidInput if error.raw_os_error().is_none() => {
            return match error.get_ref() {
                Some(hidden) if hidden.is::<rustls::Error>() => None,
                _ => Some(AtFault::Api(UnknownReason::Garbled)),
            };
        }
        _ => return None,
    };
    Some(AtFault::Api(reason))
}

/// The messages of all errors in the chain. Repetitions are left out, because some libraries repeat
/// the message of the source.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for link in links(error).map(ToString::to_string) {
        if text.is_empty() {
            text = link;
        } else if !text.contains(&link) {
            text = format!("{text}: {link}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(error: io::Error) -> Option<UnknownReason> {
        match exchange_error(&error) {
            ExchangeError::Unanswered { reason, .. } => Some(reason),
            ExchangeError::Harness { .. } => None,
        }
    }

    #[test]
    fn errors_of_the_operating_system_are_told_apart() {
        use rustix::io::Errno;
        for (errno, expected) in [
            (Errno::CONNREFUSED, Some(UnknownReason::Refused)),
            (Errno::CONNRESET, Some(UnknownReason::Reset)),
            (Errno::PIPE, Some(UnknownReason::Reset)),
            (Errno::TIMEDOUT, Some(UnknownReason::TimedOut)),
            (Errno::MFILE, None),
            (Errno::NFILE, None),
            (Errno::ADDRNOTAVAIL, None),
            (Errno::INVAL, None),
        ] {
            assert_eq!(reason(errno.into()), expected, "{errno}");
        }
    }

    #[test]
    fn errors_inside_an_io_error_are_seen() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            reason(io::Error::other(refused)),
            Some(UnknownReason::Refused)
        );
        let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, untrusted);
        assert_eq!(reason(wrapped), None);
        let plain = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, plain);
        assert_eq!(reason(wrapped), Some(UnknownReason::Garbled));
    }
}
