//! The template of a kind's requests and polls.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{HeaderMap, Method, header::HeaderValue};

use super::expectation::AnswerExpectation;
use super::json_text::JsonText;
use super::placeholder::Text;
use super::scope::PlaceholderScope;
use super::syntax::{self, check_pointer};
use super::values::Values;
use super::{ExchangeError, HttpRequest, LoadError};
use crate::model::RequestKind;

/// A request kind with all its placeholders parsed.
#[derive(Debug)]
pub(super) struct Template {
    method: Method,
    path: Text,
    headers: Vec<(HeaderName, Text)>,
    json: Option<JsonText>,
    /// The poll of its job, for a kind that becomes one.
    pub poll: Option<PollTemplate>,
    /// What the response must be.
    pub expectation: AnswerExpectation,
    /// What the placeholders refer to.
    pub scope: PlaceholderScope,
}

/// The path of a job's poll.
#[derive(Debug)]
pub(super) struct PollTemplate(Text);

impl Template {
    /// Parses a kind. `followed` is the kind that it follows.
    ///
    /// # Errors
    /// Names the offending key. The value of a header is not shown.
    pub fn new(kind: &RequestKind, followed: Option<&Template>) -> Result<Self, LoadError> {
        let bad = |place: &str, message: String| LoadError::Kind {
            kind: kind.name.clone(),
            place: place.to_owned(),
            message,
        };
        let method = Method::from_bytes(kind.method.as_bytes())
            .map_err(|_| bad("method", format!("`{}` is not an HTTP method", kind.method)))?;
        let mut scope = PlaceholderScope::after(followed.map(|followed| &followed.scope));
        let path = Text::parse_before_job(&kind.path, &mut scope)
            .map_err(|message| bad("path", message))?;
        let mut headers = Vec::new();
        for (name, value) in &kind.headers {
            let header = header(name, value, &mut scope);
            headers.push(header.map_err(|message| bad(&format!("headers.{name}"), message))?);
        }
        let json = kind
            .json
            .as_ref()
            .map(|json| JsonText::parse_before_job(json, &mut scope))
            .transpose()
            .map_err(|message| bad("json", message))?;
        let mut answered = scope.clone().sent();
        let expectation = AnswerExpectation::parse(kind, &mut answered)
            .map_err(|(place, message)| bad(&format!("expect.{place}"), message))?;
        let mut polled = scope.clone();
        let poll = kind
            .job
            .as_ref()
            .map(|job| PollTemplate::parse(&job.poll, &mut polled))
            .transpose()
            .map_err(|message| bad("job.poll", message))?;
        for later in [answered, polled] {
            scope.pointers.extend(later.pointers);
        }
        let job = kind.job.as_ref();
        let pointers = [
            ("expect.echo", kind.expect.echo.as_deref()),
            ("job.id", job.map(|job| job.id.as_str())),
            ("job.state", job.map(|job| job.state.as_str())),
            ("job.message", job.and_then(|job| job.message.as_deref())),
        ];
        for (place, pointer) in pointers {
            let checked = pointer.map_or(Ok(()), check_pointer);
            checked.map_err(|message| bad(place, message))?;
        }
        Ok(Template {
            method,
            path,
            headers,
            json,
            poll,
            expectation,
            scope,
        })
    }

    /// Makes a request.
    ///
    /// # Errors
    /// When a filled-in value is invalid in a header.
    pub fn request(&self, values: &mut Values) -> Result<HttpRequest, ExchangeError> {
        let path = self.path.fill_path(values);
        let mut headers = HeaderMap::new();
        for (name, text) in &self.headers {
            let mut value =
                HeaderValue::from_str(&text.fill(values)).map_err(|_| ExchangeError::Harness {
                    message: format!(
                        "the header `{name}` is invalid with its placeholders filled in"
                    ),
                })?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        let body = self.json.as_ref().map(|json| json.fill(values));
        if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(HttpRequest {
            method: self.method.clone(),
            path,
            headers,
            body: body.map(|json| Bytes::from(json.to_string())),
        })
    }
}

impl PollTemplate {
    fn parse(path: &str, scope: &mut PlaceholderScope) -> Result<Self, String> {
        let text = Text::parse(path, scope)?;
        if !text.names_job() {
            return Err(format!(
                "`{path}` does not contain the job's id: write `{{id}}` where it belongs"
            ));
        }
        Ok(PollTemplate(text))
    }

    /// Makes the request that polls a job. It has the headers of the request that became the job.
    pub fn request(&self, submitted: &HeaderMap, id: &str, values: &mut Values) -> HttpRequest {
        id.clone_into(&mut values.job);
        let mut request = HttpRequest::get(&self.0.fill_path(values));
        request.headers.clone_from(submitted);
        request.headers.remove(CONTENT_TYPE);
        request
    }
}

fn header(
    name: &str,
    value: &str,
    scope: &mut PlaceholderScope,
) -> Result<(HeaderName, Text), String> {
    let (parsed, _) = syntax::header(name, value)?;
    // The value may be a secret, so the error does not show it.
    let text = Text::parse_before_job(value, scope).map_err(|_| {
        format!("the value of the header `{name}` has an unknown placeholder; write `{{{{` for a literal brace")
    })?;
    Ok((parsed, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Draw;
    use crate::load::tests::scripted::{job_kind, plain_kind};
    use serde_json::json;

    fn values(number: u64) -> Values {
        let draw = Draw {
            seed: 1,
            index: 2,
            token_prefix: "t".to_owned(),
        };
        Values {
            token: draw.token(number),
            number,
            job: String::new(),
            picks: draw.picks(number),
            drawn: Vec::new(),
            after: None,
        }
    }

    #[test]
    fn path_headers_and_nested_strings_are_filled_in() {
        let mut kind = plain_kind();
        kind.path = "/a/{n}?t={token}".to_owned();
        kind.headers = [("x-id".to_owned(), "id {token}".to_owned())].into();
        kind.json = Some(json!({"z": ["{n}", {"{n}": "{token}"}], "a": 1, "b": null}));
        let request = Template::new(&kind, None)
            .unwrap()
            .request(&mut values(4))
            .unwrap();
        assert_eq!(request.path, "/a/4?t=t-00000004");
        assert_eq!(request.headers["x-id"], "id t-00000004");
        assert_eq!(request.headers[CONTENT_TYPE], "application/json");
        let body = r#"{"z":["4",{"{n}":"t-00000004"}],"a":1,"b":null}"#;
        assert_eq!(request.body.unwrap(), body);
    }

    #[test]
    fn the_same_number_draws_the_same_request_and_others_differ() {
        let mut kind = plain_kind();
        kind.json = Some(json!(["{pick:a|b|c|d}", "{pick:1|2|3|4}", "{pick:x|y}"]));
        let template = Template::new(&kind, None).unwrap();
        let body = |number| template.request(&mut values(number)).unwrap().body;
        assert_eq!(body(3), body(3));
        assert!((0..10).any(|number| body(number) != body(3)));
    }

    #[test]
    fn a_number_is_drawn_as_a_number() {
        let mut kind = plain_kind();
        kind.json = Some(json!({"tokens": {"$pick": [20, 400]}}));
        let template = Template::new(&kind, None).unwrap();
        let body = |number| template.request(&mut values(number)).unwrap().body.unwrap();
        let drawn: std::collections::BTreeSet<_> = (0..20).map(body).collect();
        let both = [&br#"{"tokens":20}"#[..], br#"{"tokens":400}"#];
        assert_eq!(drawn.iter().collect::<Vec<_>>(), both);
        for wrong in [
            json!({"$pick": []}),
            json!({"$pick": 1}),
            json!({"$pick": [1], "a": 1}),
        ] {
            kind.json = Some(json!([wrong]));
            let error = Template::new(&kind, None).unwrap_err().to_string();
            assert!(error.contains("list the values to draw from"), "{error}");
        }
    }

    #[test]
    fn a_header_s_value_shows_in_no_debug_output_and_no_error() {
        let mut kind = plain_kind();
        kind.headers = [("x-key".to_owned(), "hush".to_owned())].into();
        let request = Template::new(&kind, None)
            .unwrap()
            .request(&mut values(0))
            .unwrap();
        assert!(!format!("{request:?}").contains("hush"));
        for secret in ["hush{", "{hush}", "hu\nsh"] {
            kind.headers = [("x-key".to_owned(), secret.to_owned())].into();
            if let Err(error) = Template::new(&kind, None) {
                let error = error.to_string();
                assert!(
                    error.contains("x-key") && !error.contains("hush"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn the_poll_names_the_job_and_bears_the_same_headers() {
        let mut kind = job_kind();
        kind.json = Some(json!({}));
        kind.headers = [("x-key".to_owned(), "{pick:a|b|c|d|e|f}".to_owned())].into();
        let template = Template::new(&kind, None).unwrap();
        let mut values = values(0);
        let submitted = template.request(&mut values).unwrap().headers;
        let poll = template
            .poll
            .unwrap()
            .request(&submitted, "a/b c?", &mut values);
        assert_eq!(poll.path, "/response/a%2Fb%20c%3F");
        assert_eq!(poll.headers["x-key"], submitted["x-key"]);
        assert!(!poll.headers.contains_key(CONTENT_TYPE));
    }

    #[test]
    fn a_bad_kind_is_refused_with_the_part_that_offends() {
        type Spoil = fn(&mut RequestKind);
        let spoilers: [(&str, Spoil); 16] = [
            ("method", |kind| kind.method = "GE T".to_owned()),
            ("path", |kind| kind.path = "/{tokn}".to_owned()),
            ("path", |kind| kind.path = "/{id}".to_owned()),
            ("json", |kind| kind.json = Some(json!({"a": ["{x}"]}))),
            ("headers.a b", |kind| {
                drop(kind.headers.insert("a b".to_owned(), String::new()))
            }),
            ("headers.a", |kind| {
                drop(kind.headers.insert("a".to_owned(), "{x}".to_owned()))
            }),
            ("expect.echo", |kind| {
                kind.expect.echo = Some("token".to_owned())
            }),
            ("expect.json./a", |kind| {
                drop(kind.expect.json.insert("/a".to_owned(), json!("{pick}")))
            }),
            ("expect.json./a", |kind| {
                kind.path = "/{pick:a|b}/{pick:c|d}".to_owned();
                drop(kind.expect.json.insert("/a".to_owned(), json!("{pick}")))
            }),
            ("expect.json./a", |kind| {
                drop(
                    kind.expect
                        .json
                        .insert("/a".to_owned(), json!(["{pick:a|b}"])),
                )
            }),
            ("expect.json.a", |kind| {
                drop(kind.expect.json.insert("a".to_owned(), json!(1)))
            }),
            ("expect.headers.x", |kind| {
                drop(
                    kind.expect
                        .headers
                        .insert("x".to_owned(), "{id}".to_owned()),
                )
            }),
            ("expect.text", |kind| {
                kind.expect.text = Some("up{x=\"1\"} 1".to_owned())
            }),
            ("expect.regex", |kind| {
                kind.expect.regex = Some("(".to_owned())
            }),
            ("job.poll", |kind| {
                kind.job.as_mut().unwrap().poll = "/r".to_owned()
            }),
            ("job.state", |kind| {
                kind.job.as_mut().unwrap().state = "status".to_owned()
            }),
        ];
        Template::new(&job_kind(), None).unwrap();
        for (place, spoil) in spoilers {
            let mut kind = job_kind();
            spoil(&mut kind);
            let error = Template::new(&kind, None).unwrap_err().to_string();
            assert!(error.contains(&format!("`job`, {place}: ")), "{error}");
        }
    }
}
