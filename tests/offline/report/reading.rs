//! What a reader who sees the page for the first time has to understand, in a real browser.

use serde_json::{Value, json};

use super::browser::Browser;
use super::page::{campaign, open};
use crate::support::desk::Desk;

/// A failure of no-hang, whose headline counts jobs; some probes were open when the trial ended.
const HUNG: &str = "--demo stuck-busy --seed 6";

fn opened(browser: &mut Browser, arguments: &str) -> Desk {
    let desk = Desk::new();
    let page = campaign(&desk, arguments);
    open(browser, &page);
    desk
}

fn text(browser: &mut Browser, place: &str) -> String {
    let text = browser.ask(&format!("document.querySelector('{place}').innerText"));
    text.as_str().unwrap().to_owned()
}

#[test]
fn as_many_jobs_never_finish_as_the_headline_says_and_the_legend_explains_each_mark() {
    let Some(mut browser) = Browser::start_or_skip("as_many_jobs_never_finish") else {
        return;
    };
    let _desk = opened(&mut browser, HUNG);
    let headline = text(&mut browser, "h1");
    let said = headline
        .split(' ')
        .find_map(|word| word.parse::<u64>().ok());
    assert!(
        headline.contains("accepted jobs never finished"),
        "{headline}"
    );
    // Bars, arrows to the right and arrows upwards are counted as they are drawn.
    browser.ask(
        "(() => {
            const proto = CanvasRenderingContext2D.prototype, { strokeRect, closePath } = proto;
            window.hollow = 0; window.upwards = 0;
            proto.strokeRect = function (...a) { const t = timeline(); if (this.canvas === t.chart && this.strokeStyle === t.colors.unknown) hollow++; strokeRect.apply(this, a); };
            proto.closePath = function () { upwards++; closePath.call(this); };
            window.timeline = () => document.querySelector('section.timeline').drawn;
            timeline().lane = 14; document.querySelector(\"button[data-do='all']\").click();
        })()",
    );
    assert_eq!(browser.ask("hollow").as_u64(), said, "{headline}");
    let legend = |browser: &mut Browser, words: &str| {
        let entry = format!(
            "[...document.querySelectorAll('.legend li')].find(li => li.innerText.includes('{words}'))"
        );
        browser.ask(&format!("Number(({entry})?.dataset.count ?? 0)"))
    };
    let never = legend(&mut browser, "never finished");
    assert_eq!(never.as_u64(), said, "{headline}");
    let open = legend(&mut browser, "still open when the trial ended");
    assert!(open.as_u64() > Some(0), "{open}");
    // The latency of both is a lower bound, and no other is.
    let bounds = never.as_u64().unwrap() + open.as_u64().unwrap();
    assert_eq!(browser.ask("upwards"), bounds);
    assert!(text(&mut browser, ".legend").contains("at least this long"));
    // Every request has a mark that is explained.
    let explained = browser.ask(
        "[...document.querySelectorAll('.legend li')].map(li => Number(li.dataset.count ?? 0)).reduce((a, b) => a + b)",
    );
    assert_eq!(explained, browser.ask("timeline().rows.length"));
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn there_is_one_clock_one_badge_and_one_name_of_the_trial() {
    let Some(mut browser) = Browser::start_or_skip("there_is_one_clock") else {
        return;
    };
    let _desk = opened(&mut browser, HUNG);
    let badges =
        browser.ask("document.querySelectorAll('h1 .badge, article#t0 > h2 .badge').length");
    assert_eq!(badges, 1);
    assert_eq!(
        text(&mut browser, "article#t0 > h2"),
        "Trial 1 of 1 (seed 6, plan 0, shrunk)"
    );
    let other = browser.ask(
        "[...document.querySelectorAll('.story td:nth-child(2)')].map(td => td.innerText).filter(at => !/^\\d+\\.\\d{3} s$/.test(at))",
    );
    assert_eq!(other, json!([]));
    let when = text(&mut browser, ".headline dt:nth-of-type(2) + dd");
    assert!(when.starts_with("At 0."), "{when}");
    browser.ask("document.querySelector('canvas.chart').focus()");
    let details = text(&mut browser, ".timeline .details");
    assert!(details.contains("due at 0."), "{details}");
}

#[test]
fn the_diagram_says_how_long_outages_were_and_what_is_needed_beside_the_step() {
    let Some(mut browser) = Browser::start_or_skip("the_diagram_says_how_long") else {
        return;
    };
    let _desk = opened(&mut browser, "--demo stuck-busy --seed 1");
    for width in [360, 1250] {
        browser.resize(width);
        let apart = browser.ask(
            "[...document.querySelectorAll('.sequence .why')].map(why => {
                const middle = e => (r => (r.left + r.right) / 2)(e.getBoundingClientRect());
                return Math.abs(middle(why) - middle(why.parentElement.querySelector('.act')));
            })",
        );
        let apart: Vec<f64> = serde_json::from_value(apart).unwrap();
        assert!(
            apart.len() == 3 && apart.iter().all(|px| *px < 2.0),
            "{width}: {apart:?}"
        );
    }
    let fault = text(&mut browser, ".sequence .fault");
    assert!(
        fault.contains("away for 1") && fault.contains("(planned "),
        "{fault}"
    );
}

#[test]
fn the_text_of_plots_is_readable_on_a_phone() {
    let Some(mut browser) = Browser::start_or_skip("the_text_of_plots_is_readable") else {
        return;
    };
    let _desk = opened(&mut browser, HUNG);
    for width in [320, 360, 479, 640, 1250] {
        browser.resize(width);
        let texts = "[...document.querySelectorAll('svg.plot text')].filter(t => t.getClientRects().length)";
        let least = browser.ask(&format!(
            "Math.min(...{texts}.map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a))"
        ));
        assert!(least.as_f64() >= Some(9.9), "{width}: {least} px");
        let cut = browser.ask(&format!(
            "{texts}.filter(t => {{ const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();
                return a.left < b.left - 1 || a.right > b.right + 1; }}).map(t => t.textContent)"
        ));
        assert_eq!(cut, json!([]), "{width}");
    }
}

#[test]
fn what_a_mark_says_opens_by_a_tap_and_by_keys() {
    let Some(mut browser) = Browser::start_or_skip("what_a_mark_says_opens") else {
        return;
    };
    let _desk = opened(&mut browser, HUNG);
    let line = "document.querySelector('.shrinking .details').innerText";
    browser.ask("document.querySelector('svg.plot.shrunk').focus()");
    let first = browser.ask(line);
    assert!(
        first.as_str().unwrap().starts_with("execution 1 "),
        "{first}"
    );
    browser.press("ArrowRight");
    let next = browser.ask(line);
    assert!(next.as_str().unwrap().starts_with("execution 2 "), "{next}");
    // A finger need not be exact.
    let mut tap = |place: &str| {
        let place = browser.ask(place);
        let [x, y]: [f64; 2] = serde_json::from_value(place).unwrap();
        browser.tap(x, y);
    };
    tap("(() => {
        const marks = document.querySelectorAll('svg.plot.shrunk .run'), mark = marks[marks.length - 1];
        mark.scrollIntoView({ block: 'center' });
        const r = mark.getBoundingClientRect();
        return [r.right + 9, r.bottom + 9];
    })()");
    tap("(() => {
        const t = document.querySelector('section.timeline').drawn, row = t.rows[0];
        t.chart.scrollIntoView({ block: 'center' });
        const r = t.chart.getBoundingClientRect();
        return [r.left + t.x(row.from) - 10, r.top + t.rowY(row) + t.lane / 2];
    })()");
    let tip = text(&mut browser, ".tip");
    assert!(
        tip.starts_with("request ") && tip.contains("baseline"),
        "{tip}"
    );
    let is_hidden = browser.ask("document.querySelector('.tip').hidden");
    assert_eq!(is_hidden, false);
    let last = browser.ask(line);
    let runs = browser.ask("document.querySelectorAll('svg.plot.shrunk .run').length");
    let begins = format!("execution {runs} ");
    assert!(last.as_str().unwrap().starts_with(&begins), "{last}");
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
fn a_healthy_simulated_campaign_has_a_row_of_bars_for_each_trial() {
    let Some(mut browser) = Browser::start_or_skip("a_healthy_simulated_campaign") else {
        return;
    };
    let _desk = opened(&mut browser, "--demo healthy --plans 6 --seed 1");
    let bars = browser.ask(
        "[...document.querySelectorAll('.trials tbody tr')].map(tr => tr.querySelectorAll('.bar').length)",
    );
    let bars: Vec<u64> = serde_json::from_value(bars).unwrap();
    assert!(
        bars.len() == 6 && bars.iter().all(|bars| *bars == 2),
        "{bars:?}"
    );
    browser.ask("document.querySelector('td.bars').focus()");
    let said = browser.ask("document.querySelector('td.bars .details').innerText");
    assert!(said.as_str().unwrap().starts_with("job: "), "{said}");
    assert_eq!(
        browser.ask("document.querySelectorAll('.trials a').length"),
        Value::from(0)
    );
}
