//! A request kind, ready to be sent and to have its answers read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::claims::Claims;
use super::expected::Expected;
use super::parsed_answer::{Cut, ParsedAnswer, cut, plain_text};
use super::template::{PollTemplate, Template};
use super::values::{Past, Values};
use super::{Draw, ExchangeError, HttpRequest, LoadError};
use crate::model::{Job, KindName, Outcome, RequestKind};
use crate::trace::Mismatch;

/// Checks that requests of these kinds can be made: methods and headers are valid, placeholders
/// stand for something, JSON pointers are such, and what a kind follows is an earlier one.
///
/// # Errors
/// Names the kind, and the part of it that offends. A header's value is not repeated.
pub fn check(kinds: &[RequestKind]) -> Result<(), LoadError> {
    Kind::all(kinds).map(drop)
}

/// A request kind, ready to be sent and to have its answers read.
pub(super) struct Kind {
    template: Template,
    job: Option<Job>,
    /// Where the API echoes the token.
    pub echo: Option<String>,
    /// The kind that it follows.
    pub after: Option<KindName>,
    /// What others that follow it need of its answers, as JSON pointers; none if nobody follows it.
    needed: Option<BTreeSet<String>>,
}

/// A request under way: what it takes to send it and to recognize its answer.
pub(super) struct Draft {
    /// What is sent.
    pub request: HttpRequest,
    /// What its placeholders stand for.
    pub values: Values,
    /// What its answer has to be.
    pub expected: Arc<Expected>,
}

/// What the answer to a request's own exchange makes of it.
pub(super) enum Submitted<'k> {
    /// It has ended, and the answer echoes this token.
    Ended(Outcome, Option<String>),
    /// It has failed: the answer is not what was expected.
    Mismatched(Outcome, Mismatch),
    /// It has become the job of this id, to be polled by this template.
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
                    message: format!("no earlier request is called `{name}`"),
                })?),
            };
            let template = Template::new(kind, followed.as_ref().map(|first| &first.template))?;
            if let Some(followed) = followed {
                let needed = followed.needed.get_or_insert_default();
                needed.extend(template.scope.pointers.iter().cloned());
            }
            let kind_ready = Kind {
                template,
                job: kind.job.clone(),
                echo: kind.expect.echo.clone(),
                after: kind.after.clone(),
                needed: None,
            };
            ready.insert(kind.name.clone(), kind_ready);
        }
        Ok(ready)
    }

    /// Makes the request of this number, which follows that one.
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

    /// Reads the answer to a request's own exchange.
    ///
    /// # Errors
    /// When what decides may lie in what was not read of it.
    pub fn submitted(
        &self,
        draft: &Draft,
        answer: &ParsedAnswer,
        claims: &Claims,
    ) -> Result<Submitted<'_>, Cut> {
        if !draft.expected.status_fits(answer) {
            return Ok(Submitted::Ended(failed(answer), None));
        }
        if let Some(mismatch) = claims.mismatch(&draft.expected, answer)? {
            return Ok(Submitted::Mismatched(failed(answer), mismatch));
        }
        if let Some(mismatch) = self.lacks(answer)? {
            return Ok(Submitted::Mismatched(failed(answer), mismatch));
        }
        let Some((job, poll)) = self.job.as_ref().zip(self.template.poll.as_ref()) else {
            let echo = answer.echo(self.echo.as_deref(), &draft.values.token)?;
            return Ok(Submitted::Ended(Outcome::Ok, echo));
        };
        // An answer that accepts a job without naming it misses what the configuration expects.
        Ok(match answer.field(&job.id)? {
            Some(id) => Submitted::AcceptedJob(job, poll, id),
            None => Submitted::Ended(failed(answer), None),
        })
    }

    /// Where an answer lacks something that others need who follow it.
    fn lacks(&self, answer: &ParsedAnswer) -> Result<Option<Mismatch>, Cut> {
        for pointer in self.needed.iter().flatten() {
            let found = answer.value(pointer)?;
            if found.and_then(plain_text).is_none() {
                return Ok(Some(Mismatch {
                    place: pointer.clone(),
                    expected: "a text or number".to_owned(),
                    got: found.map(|value| cut(value.to_string())),
                    asked_by: None,
                }));
            }
        }
        Ok(None)
    }

    /// What is to be remembered of a request of this kind if it succeeds; none if nobody follows
    /// it.
    pub fn past(&self, draft: &Draft, answer: &ParsedAnswer) -> Option<Past> {
        let value = |pointer: &String| {
            let value = answer.value(pointer).ok().flatten()?;
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

fn failed(answer: &ParsedAnswer) -> Outcome {
    Outcome::Failed {
        status: answer.status,
        job_state: None,
        message: answer.message(),
    }
}
