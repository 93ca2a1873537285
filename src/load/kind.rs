//! A request kind: makes requests and judges their responses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::claims::Claims;
use super::expected::Expected;
use super::reading::{Cut, Reading, cut, plain_text};
use super::template::{PollTemplate, Template};
use super::values::{Past, Values};
use super::{Draw, ExchangeError, HttpRequest, LoadError};
use crate::model::{Job, KindName, Outcome, RequestKind};
use crate::trace::Mismatch;

/// Checks that requests of these kinds can be made: methods, headers and JSON pointers are valid,
/// every placeholder has a meaning, and a kind only follows an earlier one.
///
/// # Errors
/// Names the kind and the offending key. The value of a header is not shown.
pub fn check(kinds: &[RequestKind]) -> Result<(), LoadError> {
    Kind::all(kinds).map(drop)
}

/// A request kind: makes requests and judges their responses.
pub(super) struct Kind {
    template: Template,
    job: Option<Job>,
    /// The JSON pointer to the echoed token.
    pub echo: Option<String>,
    /// The kind that this one follows.
    pub after: Option<KindName>,
    /// The JSON pointers that following kinds read in this kind's responses; `None` if no kind
    /// follows it.
    needed: Option<BTreeSet<String>>,
}

/// A request that is ready to be sent.
pub(super) struct Draft {
    /// The request itself.
    pub request: HttpRequest,
    /// The values of its placeholders.
    pub values: Values,
    /// What its response must be.
    pub expected: Arc<Expected>,
}

/// What became of a request after its own exchange.
pub(super) enum Submitted<'k> {
    /// It has ended, and the response echoes this token.
    Ended(Outcome, Option<String>),
    /// It has failed: the response is not what was expected.
    Mismatched(Outcome, Mismatch),
    /// It has become the job with this id. The template polls it.
    AcceptedJob(&'k Job, &'k PollTemplate, String),
}

impl Kind {
    /// Parses all kinds.
    ///
    /// # Errors
    /// As [`check`].
    pub fn all(kinds: &[RequestKind]) -> Result<BTreeMap<KindName, Kind>, LoadError> {
        let mut ready: BTreeMap<KindName, Kind> = BTreeMap::new();
        for kind in kinds {
            let followed = match &kind.after {
                None => None,
                Some(name) => Some(ready.get_mut(name).ok_or_else(|| LoadError::Kind {
                    kind: kind.name.clone(),
                    place: "after".to_owned(),
                    message: format!("there is no earlier request `{name}`"),
                })?),
            };
            let template = Template::new(kind, followed.as_ref().map(|first| &first.template))?;
            if let Some(followed) = followed {
                let needed = followed.needed.get_or_insert_default();
                needed.extend(template.scope.pointers.iter().cloned());
            }
            let parsed = Kind {
                template,
                job: kind.job.clone(),
                echo: kind.expect.echo.clone(),
                after: kind.after.clone(),
                needed: None,
            };
            ready.insert(kind.name.clone(), parsed);
        }
        Ok(ready)
    }

    /// Makes the request with this number. `after` is the request that it follows.
    pub fn draft(
        &self,
        draw: &Draw,
        number: u64,
        after: Option<Arc<Past>>,
    ) -> Result<Draft, ExchangeError> {
        let mut values = Values {
            token: draw.token(number),
            number,
            job: String::new(),
            picks: draw.picks(number),
            drawn: Vec::new(),
            after,
        };
        let request = self.template.request(&mut values)?;
        let expected = Arc::new(self.template.expectation.fill(&mut values));
        Ok(Draft {
            request,
            values,
            expected,
        })
    }

    /// Judges the response to a request's own exchange.
    ///
    /// # Errors
    /// When the part of the body that was not read may decide.
    pub fn submitted(
        &self,
        draft: &Draft,
        reading: &Reading,
        claims: &Claims,
    ) -> Result<Submitted<'_>, Cut> {
        if !draft.expected.status_fits(reading) {
            return Ok(Submitted::Ended(failed(reading), None));
        }
        if let Some(mismatch) = claims.mismatch(&draft.expected, reading)? {
            return Ok(Submitted::Mismatched(failed(reading), mismatch));
        }
        if let Some(mismatch) = self.lacks(reading)? {
            return Ok(Submitted::Mismatched(failed(reading), mismatch));
        }
        let Some((job, poll)) = self.job.as_ref().zip(self.template.poll.as_ref()) else {
            let echo = reading.echo(self.echo.as_deref(), &draft.values.token)?;
            return Ok(Submitted::Ended(Outcome::Ok, echo));
        };
        // A response without a job id is not what the configuration describes.
        Ok(match reading.field(&job.id)? {
            Some(id) => Submitted::AcceptedJob(job, poll, id),
            None => Submitted::Ended(failed(reading), None),
        })
    }

    /// The first value that following requests need and the response does not have.
    fn lacks(&self, reading: &Reading) -> Result<Option<Mismatch>, Cut> {
        for pointer in self.needed.iter().flatten() {
            let found = reading.value(pointer)?;
            if found.and_then(plain_text).is_none() {
                return Ok(Some(Mismatch {
                    place: pointer.clone(),
                    expected: "a string or number".to_owned(),
                    got: found.map(|value| cut(value.to_string())),
                    asked_by: None,
                }));
            }
        }
        Ok(None)
    }

    /// What to remember of a request if it succeeds; `None` if no kind follows this one.
    pub fn past(&self, draft: &Draft, reading: &Reading) -> Option<Past> {
        let value = |pointer: &String| {
            let value = reading.value(pointer).ok().flatten()?;
            Some((pointer.clone(), value.clone()))
        };
        Some(Past {
            number: draft.values.number,
            token: draft.values.token.clone(),
            drawn: draft.values.drawn.clone(),
            answer: self.needed.as_ref()?.iter().filter_map(value).collect(),
        })
    }
}

fn failed(reading: &Reading) -> Outcome {
    Outcome::Failed {
        status: reading.status,
        job_state: None,
        message: reading.message(),
    }
}
