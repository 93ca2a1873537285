//! How the page is laid out, in a real browser: on a phone, on paper, and the timeline's places.

use serde_json::Value;

use super::browser::Browser;
use super::page::{campaign, open};
use crate::support::desk::Desk;
use crate::support::long_trace;

/// Keeps what is written and filled on each canvas from now on, in the places where it is drawn.
const LISTEN: &str = "(() => {
    window.written = []; window.filled = [];
    const proto = CanvasRenderingContext2D.prototype, { fillText, fillRect } = proto;
    proto.fillText = function (text, x, y) { written.push({ canvas: this.canvas.className, text, x, y, wide: this.measureText(text).width }); fillText.call(this, text, x, y); };
    proto.fillRect = function (x, y, w, h) { filled.push({ canvas: this.canvas.className, x, y, w, h }); fillRect.call(this, x, y, w, h); };
})()";

const WHOLE: &str = "document.querySelector(\"button[data-do='all']\").click()";

fn stuck_busy(browser: &mut Browser) -> Desk {
    let desk = Desk::new();
    let page = campaign(&desk, "--demo stuck-busy --seed 1");
    open(browser, &page);
    desk
}

#[test]
fn a_failure_is_told_in_plain_words_with_its_plan_as_a_diagram() {
    let Some(mut browser) = Browser::start_or_skip("a_failure_is_told_in_plain_words") else {
        return;
    };
    let _desk = stuck_busy(&mut browser);
    let text = |browser: &mut Browser, place: &str| {
        let text = browser.ask(&format!("document.querySelector('{place}').innerText"));
        text.as_str().unwrap().to_owned()
    };
    let headline = text(&mut browser, "h1");
    assert!(
        headline.contains("After 2 kills of backend, "),
        "{headline}"
    );
    let head = text(&mut browser, ".masthead");
    let version = format!("comeback {}", env!("CARGO_PKG_VERSION"));
    for part in ["demo stuck-busy", " UTC", "page written on ", &version] {
        assert!(head.contains(part), "{part}: {head}");
    }
    let count = |browser: &mut Browser, place: &str| {
        browser.ask(&format!("document.querySelectorAll('{place}').length"))
    };
    assert_eq!(count(&mut browser, ".sequence .fault"), 2);
    assert_eq!(count(&mut browser, ".sequence .burst"), 1);
    assert!(text(&mut browser, ".sequence").contains("needed"));
    // What was not judged has no tick.
    let unjudged = text(&mut browser, ".findings tr.unjudged .badge");
    assert_eq!(unjudged, "– not judged");
    assert_eq!(
        count(&mut browser, ".command .copy:not([hidden])"),
        count(&mut browser, ".command")
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn nothing_scrolls_sideways_on_a_phone() {
    let Some(mut browser) = Browser::start_or_skip("nothing_scrolls_sideways_on_a_phone") else {
        return;
    };
    let desk = Desk::new();
    for campaign_of in [
        "--demo stuck-busy --seed 1",
        "--demo healthy --plans 2 --seed 1",
    ] {
        let page = campaign(&desk, campaign_of);
        browser.resize(360);
        open(&mut browser, &page);
        let wide = browser.ask("document.documentElement.scrollWidth");
        assert_eq!(wide, 360, "{campaign_of}");
        // What is read first does not scroll inside its box, either.
        let wider = browser.ask(
            "[...document.querySelectorAll('h1, .masthead, .headline, .sequence, .explanation, .timeline')]
                .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className || e.tagName)",
        );
        assert_eq!(wider, serde_json::json!([]), "{campaign_of}");
    }
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn every_label_of_a_timeline_is_whole_and_inside_its_band() {
    let Some(mut browser) = Browser::start_or_skip("every_label_of_a_timeline_is_whole") else {
        return;
    };
    let _desk = stuck_busy(&mut browser);
    browser.ask(LISTEN);
    for width in [360, 700, 1250] {
        browser.resize(width);
        for zoom in ["all", "in", "in"] {
            browser.ask("void (written.length = 0)");
            browser.ask(&format!(
                "document.querySelector(\"button[data-do='{zoom}']\").click()"
            ));
            let count = browser.ask("written.length").as_u64();
            assert!(count > Some(15), "{width}: {count:?} labels");
            let outside = browser.ask(
                "(() => {
                    const t = document.querySelector('section.timeline').drawn, width = t.chart.clientWidth;
                    const fault = (l) => t.data.windows.find(w => l.text.split(' ')[0] === w.fault);
                    const inside = (l, from, to) => l.x >= from - 1 && l.x + l.wide <= to + 1;
                    return written.filter(l => {
                        const w = fault(l);
                        // A name in the margin must not reach into the grid, nor anything else
                        // into the margin.
                        const row = l.y > 20 && l.y < t.chart.clientHeight - 10;
                        if (w) return !inside(l, Math.max(t.x(w.from), t.left), Math.min(t.x(w.to ?? t.most), t.right));
                        return !inside(l, 0, width) || row && l.x < t.left && !inside(l, 0, t.left);
                    }).map(l => l.text);
                })()",
            );
            assert_eq!(outside, serde_json::json!([]), "{width} px, {zoom}");
        }
    }
}

#[test]
fn timeline_and_overview_have_one_scale() {
    let Some(mut browser) = Browser::start_or_skip("timeline_and_overview_have_one_scale") else {
        return;
    };
    let _desk = stuck_busy(&mut browser);
    browser.ask(LISTEN);
    browser.ask(WHOLE);
    // The faults' bands are drawn from top to bottom on both.
    let bands = |browser: &mut Browser, canvas: &str, tall: &str| -> Vec<(f64, f64)> {
        let bands = browser.ask(&format!(
            "(t => filled.filter(r => r.canvas === '{canvas}' && {tall} && r.w > 3).map(r => [r.x, r.w]))(document.querySelector('section.timeline').drawn)"
        ));
        serde_json::from_value::<Vec<(f64, f64)>>(bands).unwrap()
    };
    let chart = bands(&mut browser, "chart", "r.y === t.top - 4 && r.h > 100");
    let overview = bands(&mut browser, "overview", "r.y === 0 && r.h === 56");
    assert_eq!((chart.len(), overview.len()), (2, 2));
    for ((x, wide), (below, below_wide)) in chart.into_iter().zip(overview) {
        assert!((x - below).abs() < 1.0, "{x} is above {below}");
        assert!((wide - below_wide).abs() < 1.0, "{wide} above {below_wide}");
    }
    let ends = browser.ask(
        "(t => [t.from, t.to].map(us => [t.x(us), t.x(us, t.ends)]))(document.querySelector('section.timeline').drawn)",
    );
    let ends: Vec<[f64; 2]> = serde_json::from_value::<Vec<[f64; 2]>>(ends).unwrap();
    assert!(ends.iter().all(|[x, below]| (x - below).abs() < 1.0));
}

#[test]
fn a_page_fits_on_four_sheets_of_paper() {
    let Some(mut browser) = Browser::start_or_skip("a_page_fits_on_four_sheets") else {
        return;
    };
    let _desk = stuck_busy(&mut browser);
    let pages = browser.pages();
    assert!((1..=4).contains(&pages), "{pages} pages");
    let is_as_before = browser.ask("document.documentElement.classList.contains('print')");
    assert_eq!(is_as_before, Value::Bool(false));
}

#[test]
fn no_panel_of_a_long_timeline_covers_another() {
    let Some(mut browser) = Browser::start_or_skip("no_panel_of_a_long_timeline") else {
        return;
    };
    let desk = Desk::new();
    long_trace::write(&desk.path().join("long.jsonl"), 20_000).unwrap();
    let report = desk.run("report long.jsonl --html page.html --quiet");
    assert_eq!(report.code, 0, "{}", report.stderr);
    open(&mut browser, &desk.path().join("page.html"));
    browser.ask(LISTEN);
    browser.ask(WHOLE);
    let beyond = browser.ask(
        "(t => t.panels.map(p => [p.name, filled.filter(r => r.canvas === 'chart' && Math.abs(r.y + r.h - p.bottom) < 0.1 && r.y < p.top).length]))
            (document.querySelector('section.timeline').drawn)",
    );
    let expected = [("latency", 0), ("not ok", 0), ("in flight", 0)];
    assert_eq!(beyond, serde_json::json!(expected));
}
