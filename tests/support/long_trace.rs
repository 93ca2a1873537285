//! A long trace, made up: an open loop of jobs around two faults. A job has five events (sent, accepted, polled twice, ended), and each
//! second one a line of the log.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Requests are due this often.
const EVERY_US: u64 = 1_000;

/// Writes a trace of about so many requests. The faults lie at a third and at two thirds; what is sent during them fails, and some
/// time after the second one jobs never finish.
pub fn write(path: &Path, requests: u64) -> io::Result<()> {
    let mut out = Out {
        file: BufWriter::new(File::create(path)?),
        seq: 0,
    };
    writeln!(out.file, "{HEADER}")?;
    writeln!(out.file, "{PLAN}")?;
    out.event(0, r#""event":"phase","phase":"baseline""#)?;
    out.event(10, r#""event":"phase","phase":"plan""#)?;
    let whole = requests * EVERY_US;
    let mut waiting: Vec<(u64, u64, bool)> = Vec::new();
    let mut proof = 0;
    for request in 0..requests {
        let at = 100 + request * EVERY_US;
        for (third, fault) in [(1, "f1"), (2, "f2")] {
            if request == requests * third / 3 {
                out.event(
                    at,
                    &format!(
                        r#""event":"fault-intent","step":"{fault}","backend":"db","act":"kill""#
                    ),
                )?;
                out.event(at, &format!(r#""event":"fault-acted","step":"{fault}","backend":"db","act":"kill","took_us":900"#))?;
            }
            if request == requests * third / 3 + requests / 20 {
                out.event(
                    at,
                    &format!(
                        r#""event":"ready","backend":"db","fault":"{fault}","not_ready_us":{}"#,
                        at - 500
                    ),
                )?;
            }
        }
        let since_fault = (request * 3 % requests) / 3;
        let away = request * 3 >= requests && since_fault < requests / 20;
        let stuck = request * 3 >= requests * 2 && since_fault > requests / 20 && request % 50 == 0;
        out.event(at, &format!(r#""event":"sent","request":{request},"origin":"b1","kind":"job","token":"t-{request}","intended_us":{at}"#))?;
        out.event(
            at,
            &format!(
                r#""event":"accepted","request":{request},"job":"job-{request}","latency_us":900"#
            ),
        )?;
        out.event(at, &format!(r#""event":"polled","request":{request},"status":200,"state":"QUEUED","latency_us":800"#))?;
        out.event(at, &format!(r#""event":"polled","request":{request},"status":200,"state":"RUNNING","latency_us":800"#))?;
        if request % 2 == 0 {
            out.event(
                at,
                r#""event":"log","service":"api","line":"took a job from the queue""#,
            )?;
        }
        let took = if stuck {
            200_000
        } else {
            3_000 + (request * 7_919) % 20_000
        };
        waiting.push((at + took, request, !stuck && !away));
        if stuck && proof == 0 {
            proof = out.seq;
        }
        waiting.retain(|(end, request, ok)| {
            let due = *end <= at;
            if due {
                let took = end - (100 + request * EVERY_US);
                out.end(at, *request, *ok, took).unwrap();
            }
            !due
        });
    }
    for (end, request, ok) in waiting {
        let took = end - (100 + request * EVERY_US);
        out.end(whole + 300_000, request, ok, took)?;
    }
    out.event(whole + 400_000, r#""event":"phase","phase":"drain""#)?;
    writeln!(
        out.file,
        r#"{{"verdict":{{"verdict":"violated","signature":"v1/no-hang/job/job-never-terminal/kill","findings":[{{"invariant":"no-hang","verdict":"violated","reason":"job-never-terminal","kind":"job","message":"some jobs never finished","evidence":[{proof}]}}]}}}}"#
    )?;
    out.file.flush()
}

struct Out {
    file: BufWriter<File>,
    seq: u64,
}

impl Out {
    fn event(&mut self, at_us: u64, rest: &str) -> io::Result<()> {
        writeln!(
            self.file,
            r#"{{"seq":{},"at_us":{at_us},{rest}}}"#,
            self.seq
        )?;
        self.seq += 1;
        Ok(())
    }

    fn end(&mut self, at_us: u64, request: u64, ok: bool, took: u64) -> io::Result<()> {
        let outcome = match (ok, took < 100_000) {
            (true, _) => r#""outcome":"ok""#,
            (false, true) => r#""outcome":"failed","status":503,"message":"the database is away""#,
            (false, false) => {
                r#""outcome":"unknown","reason":"job-not-terminal","message":"the last state was QUEUED""#
            }
        };
        self.event(at_us, &format!(r#""event":"ended","request":{request},{outcome},"exchange":"poll","latency_us":{took}"#))
    }
}

const HEADER: &str = r#"{"comeback_trace":1,"comeback":"0.1.0","generator":1,"stack":{"name":"shop","backends":["db"],"kinds":[{"name":"job","job":true,"echo":false}],"connections":"fresh","api_observed":true},"limits":{"answer_ms":1000,"job_ms":1500,"recovery_ms":2000,"grace_ms":null,"failures":null,"stragglers":0},"trials_since_reset":0,"started_at":"2026-01-01T00:00:00Z"}"#;
const PLAN: &str = r#"{"plan":{"seed":7,"index":0,"steps":[{"id":"b1","anchor":{"at":{"offset_ms":0}},"burst":{"count":100000,"concurrency":256,"pace":{"open":{"rate_per_s":1000.0}},"mix":{"job":1}}},{"id":"f1","anchor":{"at":{"offset_ms":0}},"fault":{"backend":"db","kind":"kill","outage_ms":5000}},{"id":"f2","anchor":{"at":{"offset_ms":0}},"fault":{"backend":"db","kind":"kill","outage_ms":5000}}]}}"#;
