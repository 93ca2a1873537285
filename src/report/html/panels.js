"use strict";
// The panels below the requests: in flight, share that did not succeed, latency, processor time, memory. Each is drawn
// by a timeline `t`, whose scale, colors and labels it shares.
const Panels = (() => {
  const digits = (number) => +number.toPrecision(3);
  // As `model::duration` writes it, but from a minute on without the smaller unit.
  const time = (us) => us < 1e3 ? us + " µs" : us < 999500 ? digits(us / 1e3) + " ms" : us < 59.95e6 ? digits(us / 1e6) + " s" : digits(us / 6e7) + " min";
  const power = (us) => us < 1e3 ? us + " µs" : us < 1e6 ? us / 1e3 + " ms" : us / 1e6 + " s";
  const bytes = (n) => n < 1 << 20 ? digits(n / 1024) + " KiB" : n < 1 << 30 ? digits(n / (1 << 20)) + " MiB" : digits(n / (1 << 30)) + " GiB";
  const below = (sorted, value) => { let low = 0, high = sorted.length; while (low < high) { const mid = (low + high) >> 1; if (sorted[mid] <= value) low = mid + 1; else high = mid; } return low; };

  // How many requests were in flight at each time.
  function inFlight(t) {
    const starts = t.rows.map((row) => row.from), ends = t.rows.map((row) => row.to).sort((a, b) => a - b);
    // The number changes upwards only where a request starts.
    const counts = starts.map((at, i) => i + 1 - below(ends, at - 1)), most = counts.reduce((a, b) => Math.max(a, b), 1);
    return { name: "in flight", height: 38, most: String(most), draw(g, top, bottom) {
      g.fillStyle = t.colors.open;
      for (let x = t.left; x < t.right; x++) {
        const [from, to] = [t.us(x), t.us(x + 1)], first = below(starts, from);
        let count = first - below(ends, from);
        for (let i = first; i < starts.length && starts[i] <= to; i++) count = Math.max(count, counts[i]);
        if (count > 0) { const h = Math.max(count / most * (bottom - top - 4), 1); g.fillRect(x, bottom - h, 1, h); }
      }
    } };
  }

  // The share of the requests due in each slice of time that failed, or of which nobody knows.
  function errors(t) {
    return { name: "not ok", height: 46, most: "100 %", draw(g, top, bottom) {
      const rough = (t.to - t.from) / Math.max((t.right - t.left) / 8, 1), unit = 10 ** Math.floor(Math.log10(rough));
      const slice = [1, 2, 5, 10].map((f) => f * unit).find((s) => s >= rough), slices = new Map();
      for (const row of t.rows) {
        if (row.from < t.from - slice || row.from > t.to) continue;
        const nth = Math.floor(row.from / slice), counts = slices.get(nth) ?? TONES.map(() => 0);
        counts[row.outcome]++; slices.set(nth, counts);
      }
      for (const [nth, counts] of slices) {
        const all = counts.reduce((a, b) => a + b), x = t.x(nth * slice), wide = Math.max(t.x((nth + 1) * slice) - x - 1, 1);
        let y = bottom;
        for (const outcome of [1, 2, WAITED, OPEN]) {
          const h = counts[outcome] / all * (bottom - top - 4);
          y -= h; g.fillStyle = t.colors[TONES[outcome]]; g.fillRect(x, y, wide, h);
        }
        if (counts[0] === all) { g.fillStyle = t.colors.ok; g.fillRect(x, bottom - 1.5, wide, 1.5); }
      }
    } };
  }

  // Each request's latency at the time when it was due, on a logarithmic scale. Of one that was given up only a lower
  // bound is known: an arrow upwards.
  function latency(t) {
    const of = (row) => Math.max(row.to - row.from, 1);
    let least = Infinity, longest = 1;
    for (const row of t.rows) { least = Math.min(least, of(row)); longest = Math.max(longest, of(row)); }
    const low = Math.floor(Math.log10(least)), high = Math.max(Math.ceil(Math.log10(longest)), low + 1);
    const panel = { name: "latency", height: 150, y: (row, top, bottom) => bottom - 4 - (Math.log10(of(row)) - low) / (high - low) * (bottom - top - 12), ticks(g, top, bottom) {
      for (let tick = low; tick <= high; tick++) {
        const y = bottom - 4 - (tick - low) / (high - low) * (bottom - top - 12);
        g.fillStyle = t.colors.line; g.fillRect(t.left, y, t.right - t.left, 1);
        // The highest one stands below the panel's name.
        t.gutter(g, power(10 ** tick), tick === high ? top + 26 : y + 4, "right");
      }
    }, draw(g, top, bottom) {
      const near = (row) => row.from >= t.from && row.from <= t.to, place = (row) => [t.x(row.from), panel.y(row, top, bottom)];
      const size = t.rows.length > 5000 ? 1.5 : 3;
      for (const outcome of [0, OPEN, 2, WAITED, 1]) {
        g.fillStyle = g.strokeStyle = t.colors[TONES[outcome]]; g.lineWidth = 1.2;
        for (const row of t.rows) {
          if (row.outcome !== outcome || !near(row)) continue;
          const [x, y] = place(row);
          if (outcome >= OPEN) { g.beginPath(); g.moveTo(x - size, y); g.lineTo(x, y - size * 2); g.lineTo(x + size, y); g.closePath(); if (outcome === OPEN) g.stroke(); else g.fill(); }
          else if (size < 3 || outcome === 0) g.fillRect(x - size / 2, y - size / 2, size, size);
          else if (outcome === 2) { g.beginPath(); g.arc(x, y, 2.5, 0, 7); g.stroke(); }
          else { g.beginPath(); g.moveTo(x - 2.5, y - 2.5); g.lineTo(x + 2.5, y + 2.5); g.moveTo(x - 2.5, y + 2.5); g.lineTo(x + 2.5, y - 2.5); g.stroke(); }
        }
      }
    } };
    return panel;
  }

  // Lines over time, one for each service.
  function lines(t, name, words, series) {
    const values = series.flatMap((one) => one.points.map((point) => point[1])), most = Math.max(...values.slice(0, 1e5), 0);
    if (!(most > 0)) return null;
    return { name: series.length === 1 ? `${name} ${series[0].service}` : name, height: 24 + 14 * Math.max(series.length, 1), most: words(most), draw(g, top, bottom) {
      series.forEach((one, nth) => {
        g.strokeStyle = t.colors[["ok", "fault", "unknown", "ready"][nth % 4]]; g.lineWidth = 1.5; g.beginPath();
        one.points.forEach(([at, value], i) => { const x = t.x(at), y = bottom - 2 - value / most * (bottom - top - 6); if (i) g.lineTo(x, y); else g.moveTo(x, y); });
        g.stroke();
        g.fillStyle = g.strokeStyle;
        if (series.length > 1) t.label(g, one.service, t.right - 4, top + 11 + 12 * nth, t.left, t.right, "right");
      });
    } };
  }

  function resources(t) {
    const services = t.data.resources;
    const cpu = services.map(({ service, at, cpu }) => ({ service, points: at.map((us, i) => [us, i && us > at[i - 1] ? Math.max(cpu[i] - cpu[i - 1], 0) / (us - at[i - 1]) * 100 : 0]) }));
    const memory = services.map(({ service, at, memory }) => ({ service, points: at.map((us, i) => [us, memory[i]]).filter((point) => point[1] > 0) })).filter((one) => one.points.length);
    return [lines(t, "CPU", (most) => digits(most) + " %", cpu), lines(t, "memory", bytes, memory)];
  }

  // Of a selection of the requests, neither shares nor numbers can be told.
  const all = (t) => [...(t.data.sent === t.rows.length ? [errors(t), inFlight(t)] : []), ...resources(t)];
  return { time, of: (t) => t.rows.length ? [latency(t), ...all(t)].filter(Boolean) : resources(t).filter(Boolean) };
})();
