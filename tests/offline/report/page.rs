//! The page as a reader meets it, in a real browser.

use std::fs;
use std::path::{Path, PathBuf};

use comeback::model::Outcome;
use comeback::trace::{EventKind, Trace};
use serde_json::Value;

use super::browser::Browser;
use crate::support::desk::Desk;
use crate::support::long_trace;

/// What a text from a stack would do to a page that does not escape it.
const EVIL: &str = "</script><img src=x onerror=alert(1)><b>\"'&amp;\u{2028}</b><!--";

#[test]
fn a_found_stuck_busy_is_told_by_timeline_plots_and_keyboard() {
    let Some(mut browser) = Browser::start_or_skip("a_found_stuck_busy_is_told") else {
        return;
    };
    let desk = Desk::new();
    let page = campaign(&desk, "--demo stuck-busy --seed 1");
    open(&mut browser, &page);
    assert_drawn(&mut browser);
    assert!(
        browser
            .ask("document.querySelector('h1').innerText")
            .as_str()
            .unwrap()
            .contains("violated")
    );
    assert_eq!(
        browser.ask("document.querySelectorAll('.badge.violated').length > 1"),
        true
    );

    // A link to a proof leads into the timeline, and tells what it proves.
    browser.ask("document.querySelector('.headline .evidence a:nth-child(2)').click()");
    let details = browser.ask("document.querySelector('.details').innerText");
    assert!(
        details.as_str().unwrap().contains("proves a finding"),
        "{details}"
    );
    // The arrow keys go on from there.
    browser.press("ArrowRight");
    let next = browser.ask("document.querySelector('.details').innerText");
    assert!(
        next != details && next.as_str().unwrap().starts_with("request "),
        "{next}"
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn a_healthy_campaign_of_a_live_demo_is_told() {
    let Some(mut browser) = Browser::start_or_skip("a_healthy_campaign_is_told") else {
        return;
    };
    let desk = Desk::new();
    let run = desk.run("run --demo healthy --seed 1 --plans 2 --quiet --format json");
    let run: Value = serde_json::from_str(&run.stdout).unwrap();
    let page = desk
        .path()
        .join(run["run"].as_str().unwrap())
        .join("report.html");
    open(&mut browser, &page);
    assert_drawn(&mut browser);
    assert_eq!(
        browser.ask("document.querySelectorAll('.trials tbody tr').length"),
        2
    );
    // A bar for each of the two request kinds of each trial that had a fault, and a link to the
    // trace.
    let bars = browser.ask("document.querySelectorAll('.trials .bar').length");
    assert!(bars.as_u64() >= Some(2), "{bars}");
    let links = browser
        .ask("[...document.querySelectorAll('.trials tbody a')].map(a => a.getAttribute('href'))");
    assert_eq!(
        links,
        serde_json::json!(["./trial-0000.jsonl", "./trial-0001.jsonl"])
    );
    assert_eq!(
        browser.ask("document.querySelectorAll('.badge.violated').length"),
        0
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn a_hundred_thousand_requests_are_drawn_and_can_be_pointed_at() {
    let Some(mut browser) = Browser::start_or_skip("a_hundred_thousand_requests_are_drawn") else {
        return;
    };
    let desk = Desk::new();
    let trace = desk.path().join("long.jsonl");
    long_trace::write(&trace, 100_000).unwrap();
    let report = desk.run("report long.jsonl --html page.html --quiet");
    assert_eq!(report.code, 0, "{}", report.stderr);
    let page = desk.path().join("page.html");
    let size = fs::metadata(&page).unwrap().len();
    assert!(size < 10 << 20, "{size} bytes");
    open(&mut browser, &page);
    assert_drawn(&mut browser);
    let drawn = "JSON.parse(document.querySelector('section.timeline script').textContent).requests.id.length";
    assert_eq!(browser.ask(drawn), 100_000);
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn nothing_from_a_stack_becomes_markup() {
    let Some(mut browser) = Browser::start_or_skip("nothing_from_a_stack_becomes_markup") else {
        return;
    };
    let desk = Desk::new();
    campaign(&desk, "--demo stuck-busy --seed 1");
    let kept = fs::read_dir(desk.path().join("traces"))
        .unwrap()
        .next()
        .unwrap();
    let mut trace = Trace::read(&kept.unwrap().path()).unwrap();
    soil(&mut trace);
    trace.write(&desk.path().join("evil.jsonl")).unwrap();
    let report = desk.run("report evil.jsonl --html page.html --quiet");
    assert_eq!(report.code, 0, "{}", report.stderr);
    open(&mut browser, &desk.path().join("page.html"));
    assert_drawn(&mut browser);
    assert_eq!(browser.ask("document.querySelectorAll('img, b').length"), 0);
    // What would turn a line over is shown as its code.
    let shown = EVIL.replace('\u{2028}', "\\u{2028}");
    // It is there all the same, as text: in the story, in the notes and in the timeline's details.
    for place in [
        ".explanation",
        ".shrinking",
        ".story",
        ".note",
        ".environment",
        ".findings",
    ] {
        let text = browser.ask(&format!(
            "[...document.querySelectorAll('{place}')].map(e => e.textContent).join()"
        ));
        assert!(text.as_str().unwrap().contains(&shown), "{place}");
    }
    browser.ask("document.querySelector('canvas.chart').focus()");
    browser.press("ArrowDown");
    let details = browser.ask("document.querySelector('.details').textContent");
    assert!(details.as_str().unwrap().contains(&shown), "{details}");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

/// Puts markup wherever a stack can put a text into a trace.
fn soil(trace: &mut Trace) {
    let evil = || EVIL.to_owned();
    trace.header.stack.name = evil();
    trace.header.stack.variant = Some(evil());
    trace.notes.push(serde_json::json!({ EVIL: EVIL }));
    let number = serde_json::json!({
        "step": EVIL, "what": EVIL, "unit": EVIL, "value": 1, "fails_from": 1, "passes_at": 0, "text": EVIL
    });
    let step = serde_json::json!({"step": EVIL, "needed": 0.5});
    let explanation =
        serde_json::json!({"rules": 2, "text": EVIL, "steps": [step], "numbers": [number]});
    trace
        .notes
        .push(serde_json::json!({"explanation": explanation}));
    for kind in &mut trace.header.stack.kinds {
        kind.name += EVIL;
    }
    for finding in trace.judgement.iter_mut().flat_map(|j| &mut j.findings) {
        finding.message += EVIL;
    }
    for event in &mut trace.events {
        match &mut event.kind {
            EventKind::Log { line, service, .. } => (*line, *service) = (evil(), evil()),
            EventKind::Sent { kind, .. } => *kind += EVIL,
            EventKind::NotReady { detail, .. } => *detail = evil(),
            EventKind::Accepted { job, .. } => *job = evil(),
            EventKind::Ended {
                outcome: Outcome::Failed { message, .. } | Outcome::Unknown { message, .. },
                ..
            } => *message = evil(),
            _ => {}
        }
    }
}

/// The page of a simulated campaign.
pub(super) fn campaign(desk: &Desk, arguments: &str) -> PathBuf {
    let run = desk.run(&format!("run --sim {arguments} --quiet --format json"));
    let run: Value = serde_json::from_str(&run.stdout).unwrap();
    desk.path()
        .join(run["run"].as_str().unwrap())
        .join("report.html")
}

pub(super) fn open(browser: &mut Browser, page: &Path) {
    browser.prefer("light");
    browser.open(page);
}

/// The timeline and the plots are there in both schemes, and a request that is pointed at tells
/// about itself.
fn assert_drawn(browser: &mut Browser) {
    assert!(
        browser
            .ask("document.querySelectorAll('svg.plot path').length")
            .as_u64()
            > Some(1)
    );
    // Any pixel of the chart that is not clear was drawn; how many colours there are tells more.
    let colours = "(() => {
        const c = document.querySelector('canvas.chart'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, seen = new Set();
        for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add((d[i] << 16) + (d[i + 1] << 8) + d[i + 2]);
        return seen.size;
    })()";
    for scheme in ["dark", "light"] {
        browser.prefer(scheme);
        browser.drawn();
        assert!(browser.ask(colours).as_u64() > Some(8), "{scheme}");
    }
    browser.ask("document.querySelector('canvas.chart').scrollIntoView({ block: 'center' })");
    let place = browser.ask(
        "(() => { const r = document.querySelector('canvas.chart').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()",
    );
    let place: Vec<f64> = serde_json::from_value(place).unwrap();
    let told = (0..400).any(|step| {
        let (column, row) = (step % 40, step / 40);
        let x = place[0] + place[2] * (f64::from(column) + 0.5) / 40.0;
        let y = place[1] + 46.0 + (place[3] - 66.0) * (f64::from(row) + 0.5) / 10.0;
        browser.point(x, y);
        let tip =
            browser.ask("(t => t.hidden ? '' : t.textContent)(document.querySelector('.tip'))");
        tip.as_str()
            .is_some_and(|tip| tip.starts_with("request ") && tip.contains("due at"))
    });
    assert!(told, "no request told about itself");
}
