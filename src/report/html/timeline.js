"use strict";
// Draws the timelines. Each `section.timeline` holds its data as JSON; times are in microseconds since the trial's start.
// All data is inserted into the page as text, never as markup.
(() => {
  const NAMES = ["ok", "failed", "unknown", "not ended"];
  // As `model::duration` writes it, but from a minute on without the smaller unit.
  const digits = (number) => +number.toPrecision(3);
  const time = (us) => us < 1e3 ? us + " µs" : us < 999500 ? digits(us / 1e3) + " ms" : us < 59.95e6 ? digits(us / 1e6) + " s" : digits(us / 6e7) + " min";
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const charts = [];

  class Timeline {
    constructor(section) {
      this.trial = section.dataset.trial;
      this.data = JSON.parse(section.querySelector("script[type='application/json']").textContent);
      [this.chart, this.overview, this.tip, this.details] = ["canvas.chart", "canvas.overview", ".tip", ".details"].map((s) => section.querySelector(s));
      this.unpack();
      this.least = 0;
      this.most = Math.max(this.data.until, 1);
      this.begin();
      this.chosen = null;
      this.listen(section);
      new ResizeObserver(() => this.draw()).observe(this.chart);
    }

    // Gives each request a lane of its own for as long as it lasts.
    unpack() {
      const { requests: r, until } = this.data, n = r.id.length, ends = [];
      this.rows = []; this.lanes = []; this.bySeq = new Map();
      let at = 0;
      const order = [];
      for (let i = 0; i < n; i++) { at += r.intended[i]; order.push({ i, from: at, to: r.took[i] < 0 ? until : at + r.took[i], outcome: r.outcome[i] }); }
      order.sort((a, b) => a.from - b.from || a.i - b.i);
      for (const row of order) {
        let lane = 0;
        while (lane < ends.length && ends[lane] > row.from) lane++;
        if (lane === ends.length) this.lanes.push([]);
        ends[lane] = row.to + 1;
        row.lane = lane;
        row.place = this.rows.length;
        this.rows.push(row); this.lanes[lane].push(row);
        this.bySeq.set(r.seq[row.i], row);
        if (r.end[row.i] >= 0) this.bySeq.set(r.end[row.i], row);
      }
      this.proofs = new Set(this.data.proofs);
      this.backends = [...new Set(this.data.windows.map((w) => w.backend))];
      this.tones = this.rows.map((row) => this.proves(row));
    }

    proves(row) { const r = this.data.requests; return this.proofs.has(r.seq[row.i]) || this.proofs.has(r.end[row.i]); }
    whole() { const pad = (this.most - this.data.from) * 0.01; this.from = Math.max(0, this.data.from - pad); this.to = this.most + pad; }
    // First show the faults and what follows them: a trial that waits long for a recovery has a long, uneventful end.
    begin() {
      this.whole();
      const last = Math.max(...this.data.windows.map((w) => w.to ?? w.from), 0), length = (last - this.data.from) * 5;
      if (last && this.data.from + length < this.most * 0.7) this.to = this.data.from + length;
    }
    x(us) { return (us - this.from) / (this.to - this.from) * this.width; }
    us(x) { return this.from + x / this.width * (this.to - this.from); }

    listen(section) {
      const c = this.chart;
      c.addEventListener("mousemove", (e) => this.hover(e));
      c.addEventListener("mouseleave", () => { if (!this.held) this.tip.hidden = true; });
      c.addEventListener("wheel", (e) => { if (e.ctrlKey || document.activeElement === c || this.width) { e.preventDefault(); this.zoom(e.deltaY < 0 ? 0.8 : 1.25, this.us(e.offsetX)); } }, { passive: false });
      c.addEventListener("pointerdown", (e) => { this.held = { x: e.offsetX, from: this.from, to: this.to }; c.setPointerCapture(e.pointerId); });
      c.addEventListener("pointermove", (e) => { if (this.held) { const d = (this.held.x - e.offsetX) / this.width * (this.held.to - this.held.from); this.view(this.held.from + d, this.held.to + d); } });
      c.addEventListener("pointerup", (e) => { const moved = this.held && Math.abs(this.held.x - e.offsetX) > 3; this.held = null; if (!moved) { const hit = this.hit(e.offsetX, e.offsetY); if (hit) this.choose(hit); } });
      c.addEventListener("keydown", (e) => this.key(e));
      c.addEventListener("focus", () => { if (!this.chosen && this.rows.length) this.step(1, (row) => this.x(row.to) >= 0); });
      c.addEventListener("blur", () => { this.tip.hidden = true; });
      const jump = (e) => { if (e.buttons || e.type === "pointerdown") { const mid = e.offsetX / this.overview.clientWidth * this.most, half = (this.to - this.from) / 2; this.view(mid - half, mid + half); } };
      this.overview.addEventListener("pointerdown", jump);
      this.overview.addEventListener("pointermove", jump);
      section.querySelectorAll("button").forEach((b) => b.addEventListener("click", () => {
        if (b.dataset.do === "in") this.zoom(0.5); else if (b.dataset.do === "out") this.zoom(2); else if (b.dataset.do === "all") { this.whole(); this.draw(); } else this.nextProof();
      }));
    }

    view(from, to) {
      const length = Math.min(Math.max(to - from, 50), this.most * 1.02);
      from = Math.min(Math.max(from, -this.most * 0.01), this.most * 1.01 - length);
      this.from = from; this.to = from + length;
      this.tip.hidden = true;
      this.draw();
    }
    zoom(factor, around = (this.from + this.to) / 2) { this.view(around - (around - this.from) * factor, around + (this.to - around) * factor); }

    key(e) {
      const bad = (row) => row.outcome !== 0, any = () => true, quarter = (this.to - this.from) / 4;
      const acts = {
        ArrowRight: () => e.shiftKey ? this.view(this.from + quarter, this.to + quarter) : this.step(1, any),
        ArrowLeft: () => e.shiftKey ? this.view(this.from - quarter, this.to - quarter) : this.step(-1, any),
        ArrowDown: () => this.step(1, bad), ArrowUp: () => this.step(-1, bad),
        Home: () => { this.chosen = null; this.step(1, any); }, End: () => { this.chosen = null; this.step(-1, any); },
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => { this.whole(); this.draw(); },
        Escape: () => { this.chosen = null; this.tip.hidden = true; this.draw(); },
      };
      if (acts[e.key] && !e.ctrlKey && !e.altKey && !e.metaKey) { e.preventDefault(); acts[e.key](); }
    }

    step(way, wanted) {
      let place = this.chosen?.row ? this.chosen.row.place + way : way > 0 ? 0 : this.rows.length - 1;
      while (this.rows[place] && !wanted(this.rows[place])) place += way;
      if (this.rows[place]) this.choose({ row: this.rows[place] });
    }

    nextProof() {
      const seqs = [...this.proofs].sort((a, b) => a - b);
      if (!seqs.length) return;
      const next = seqs.find((seq) => seq > (this.proof ?? -1)) ?? seqs[0];
      this.show(next);
    }

    // Shows an event of the trial; false if the timeline does not have it.
    show(seq) {
      const row = this.bySeq.get(seq), mark = this.data.marks.find((m) => m.seq === seq);
      if (!row && !mark) return false;
      this.proof = seq;
      this.choose(row ? { row } : { mark });
      return true;
    }

    choose(what) {
      this.chosen = what;
      const [from, to] = what.row ? [what.row.from, what.row.to] : [what.mark.at, what.mark.at];
      const length = this.to - this.from;
      if (to < this.from || from > this.to || (from < this.from && to > this.to)) { const mid = from; this.from = mid - length * 0.3; this.to = this.from + length; }
      this.draw();
      this.details.textContent = this.words(what);
      const y = what.row ? this.laneY(what.row.lane) + this.lane : 30;
      this.place(Math.min(Math.max(this.x(from), 0), this.width), y, this.details.textContent);
    }

    words({ row, mark, band }) {
      if (band) return `${band.fault ?? band.backend}: ${band.what}\n${band.backend} away from ${time(band.from)}` + (band.to === null ? ", and never ready again" : ` to ${time(band.to)}: ${time(band.to - band.from)}`);
      if (mark) return `${time(mark.at)}  ${mark.text}\nevent #${mark.seq}` + (this.proofs.has(mark.seq) ? ", proves a finding" : "");
      const d = this.data, r = d.requests, i = row.i, lines = [];
      lines.push(`request ${r.id[i]} (${d.kinds[r.kind[i]]}, of ${d.origins[r.origin[i]]}): ${NAMES[row.outcome]}`);
      lines.push(`due at ${time(row.from)}` + (r.late[i] > 1000 ? `, sent ${time(r.late[i])} late` : "") + (r.accepted[i] >= 0 ? `, accepted as a job after ${time(r.accepted[i])}` : ""));
      lines.push(r.took[i] < 0 ? "it has not ended" : `ended at ${time(row.to)}, after ${time(r.took[i])}`);
      if (d.messages[r.message[i]]) lines.push(d.messages[r.message[i]]);
      lines.push(`events #${r.seq[i]}` + (r.end[i] >= 0 ? `, #${r.end[i]}` : "") + (this.proves(row) ? ": proves a finding" : ""));
      return lines.join("\n");
    }

    place(x, y, text) {
      this.tip.textContent = text;
      this.tip.hidden = false;
      const width = this.tip.offsetWidth;
      this.tip.style.left = Math.max(0, x + 14 + width > this.width ? x - width - 14 : x + 14) + "px";
      this.tip.style.top = y + 14 + "px";
    }

    hover(e) {
      if (this.held) return;
      const hit = this.hit(e.offsetX, e.offsetY);
      if (!hit) { this.tip.hidden = true; return; }
      this.place(e.offsetX, e.offsetY, this.words(hit));
    }

    // What is drawn at a place: a band in its row, a mark at its line, or the nearest request.
    hit(x, y) {
      const at = this.us(x), near = (this.to - this.from) / this.width * 4;
      if (y < this.top) {
        const mark = this.data.marks.filter((m) => Math.abs(m.at - at) <= near).sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))[0];
        const row = Math.floor((y - 20) / 20);
        const band = this.data.windows.findLast((w) => w.backend === this.backends[row] && w.from - near <= at && at <= (w.to ?? this.most) + near);
        return band ? { band } : mark ? { mark } : null;
      }
      const middle = Math.floor((y - this.top) / this.lane), reach = this.lane < 6 ? Math.ceil(4 / this.lane) : 0;
      let best = null, least = Infinity;
      for (let lane = Math.max(0, middle - reach); lane <= Math.min(this.lanes.length - 1, middle + reach); lane++) {
        const rows = this.lanes[lane];
        let low = 0, high = rows.length;
        while (low < high) { const mid = (low + high) >> 1; if (rows[mid].from <= at) low = mid + 1; else high = mid; }
        for (const row of [rows[low - 1], rows[low]]) {
          if (!row) continue;
          const away = at < row.from ? row.from - at : at > row.to ? at - row.to : 0;
          const distance = away + Math.abs(lane - middle) * near * 0.1;
          if (away <= near && distance < least) { least = distance; best = row; }
        }
      }
      return best && { row: best };
    }

    laneY(lane) { return this.top + lane * this.lane; }

    prepare(canvas, height) {
      const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
      canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
      canvas.style.height = height + "px";
      const g = canvas.getContext("2d");
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
      g.clearRect(0, 0, width, height);
      g.font = "11px system-ui, sans-serif";
      return g;
    }

    draw() {
      this.width = this.chart.clientWidth;
      if (!this.width) return;
      const lanes = Math.max(this.lanes.length, 1);
      this.lane = Math.min(14, Math.max(2, 420 / lanes));
      this.top = 20 + 20 * this.backends.length + 6;
      const bottom = this.top + lanes * this.lane + 6;
      this.colors = Object.fromEntries(["ok", "failed", "unknown", "open", "fault", "fault-ground", "ready", "proof", "ink", "soft", "line", "ground"].map((n) => [n, color(n)]));
      const g = this.prepare(this.chart, bottom + 20);
      this.drawAxis(g, bottom);
      this.drawPhases(g, bottom);
      this.drawBands(g, bottom);
      this.drawRows(g);
      this.drawMarks(g, bottom);
      this.drawChosen(g, bottom);
      this.drawOverview();
    }

    drawAxis(g, bottom) {
      const rough = (this.to - this.from) / Math.max(this.width / 110, 2), power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
      g.textAlign = "center";
      for (let us = Math.ceil(Math.max(this.from, 0) / step) * step; us <= this.to; us += step) {
        const x = this.x(us);
        g.fillStyle = this.colors.line; g.fillRect(x, 20, 1, bottom - 20);
        g.fillStyle = this.colors.soft;
        const digits = Math.max(0, -Math.floor(Math.log10(step / 1e6) + 1e-9));
        g.fillText((us / 1e6).toFixed(Math.min(digits, 6)) + " s", x, bottom + 14);
      }
    }

    drawPhases(g, bottom) {
      g.textAlign = "left";
      this.data.phases.forEach(([name, at], n) => {
        const x = this.x(at), next = n + 1 < this.data.phases.length ? this.x(this.data.phases[n + 1][1]) : this.x(this.data.until);
        if (next < 0 || x > this.width) return;
        g.fillStyle = this.colors.soft;
        g.fillRect(x, 2, 1, 16);
        const left = Math.max(x, 0) + 4;
        if (next - left > g.measureText(name).width + 4) g.fillText(name, left, 13);
      });
    }

    drawBands(g, bottom) {
      const c = this.colors;
      this.data.windows.forEach((w) => {
        const left = this.x(w.from), right = w.to === null ? this.width : this.x(w.to), wide = Math.max(right - left, 2);
        if (right < 0 || left > this.width) return;
        g.fillStyle = c["fault-ground"];
        g.fillRect(left, this.top - 4, wide, bottom - this.top + 4);
        const y = 20 + 20 * this.backends.indexOf(w.backend);
        g.save();
        g.beginPath(); g.rect(left, y + 2, wide, 16); g.clip();
        g.fillRect(left, y + 2, wide, 16);
        g.strokeStyle = c.fault; g.lineWidth = 1.5;
        g.beginPath();
        for (let x = Math.max(left, -20) - 16; x < Math.min(right, this.width) + 16; x += 8) { g.moveTo(x, y + 18); g.lineTo(x + 16, y + 2); }
        g.stroke();
        g.restore();
        g.strokeRect(left, y + 2, wide, 16);
        const label = `${w.fault ?? ""} ${w.what}`.trim(), room = this.width - Math.max(left, 0);
        g.textAlign = "left";
        const next = Math.min(...this.data.windows.filter((o) => o !== w && o.backend === w.backend && o.from > w.from).map((o) => this.x(o.from)), this.width);
        const text = [label, w.fault ?? "", ""].find((t) => g.measureText(t).width + 10 < next - Math.max(left, 0));
        if (text) {
          const size = g.measureText(text).width;
          g.fillStyle = c.ground; g.globalAlpha = 0.85; g.fillRect(Math.max(left, 0) + 3, y + 4, size + 4, 12); g.globalAlpha = 1;
          g.fillStyle = c.ink; g.fillText(text, Math.max(left, 0) + 5, y + 14);
        }
        if (w.to !== null) { g.fillStyle = c.ready; g.fillRect(right - 1, 20, 2.5, bottom - 20); }
      });
    }

    drawRows(g) {
      const c = this.colors, h = Math.max(this.lane - (this.lane > 5 ? 3 : this.lane > 3 ? 1 : 0), 1);
      // Failed requests are drawn last, so that nothing covers them.
      const shown = [[], [], [], []];
      for (const row of this.rows) if (row.to >= this.from && row.from <= this.to) shown[row.outcome].push(row);
      const bar = (row) => { const left = Math.max(this.x(row.from), -9), right = Math.min(this.x(row.to), this.width + 9); return [left, this.laneY(row.lane), Math.max(right - left, 1)]; };
      g.fillStyle = c.ok;
      for (const row of shown[0]) { const [x, y, w] = bar(row), thin = Math.max(h * 0.4, 1); g.fillRect(x, y + (h - thin) / 2, w, thin); }
      if (h >= 6) for (const row of shown[0]) { const [x, y, w] = bar(row); g.beginPath(); g.arc(x + w, y + h / 2, 2.6, 0, 7); g.fill(); }
      g.strokeStyle = c.open; g.lineWidth = 1.5; g.setLineDash([2, 3]);
      for (const row of shown[3]) { const [x, y, w] = bar(row); g.beginPath(); g.moveTo(x, y + h / 2); g.lineTo(x + w, y + h / 2); g.stroke(); }
      g.setLineDash([]);
      g.fillStyle = c.unknown; g.strokeStyle = c.unknown;
      for (const row of shown[2]) {
        const [x, y, w] = bar(row);
        if (w < 8) g.fillRect(x, y, w, h);
        else { g.lineWidth = h * 0.8; g.setLineDash([4, 3]); g.beginPath(); g.moveTo(x, y + h / 2); g.lineTo(x + w, y + h / 2); g.stroke(); g.setLineDash([]); }
        if (h >= 6) { g.lineWidth = 1.5; g.beginPath(); g.arc(x + w, y + h / 2, 4, 0, 7); g.fillStyle = c.ground; g.fill(); g.stroke(); g.fillStyle = c.unknown; }
      }
      g.fillStyle = c.failed; g.strokeStyle = c.failed;
      for (const row of shown[1]) {
        const [x, y, w] = bar(row);
        g.fillRect(x, y, w, h);
        if (h >= 6) { g.lineWidth = 2; g.beginPath(); g.moveTo(x + w - 4, y + h / 2 - 4); g.lineTo(x + w + 4, y + h / 2 + 4); g.moveTo(x + w - 4, y + h / 2 + 4); g.lineTo(x + w + 4, y + h / 2 - 4); g.stroke(); }
      }
      if (this.proofs.size) {
        g.strokeStyle = c.proof; g.lineWidth = 1.5;
        for (const row of this.rows) if (this.tones[row.place] && row.to >= this.from && row.from <= this.to) { const [x, y, w] = bar(row); g.strokeRect(x - 1.5, y - 1.5, w + 3, h + 3); }
      }
    }

    drawMarks(g, bottom) {
      for (const mark of this.data.marks) {
        if (mark.ready || this.bySeq.has(mark.seq) || !this.proofs.has(mark.seq)) continue;
        const x = this.x(mark.at);
        g.fillStyle = this.colors.proof;
        g.beginPath(); g.moveTo(x - 4, bottom); g.lineTo(x + 4, bottom); g.lineTo(x, bottom - 7); g.fill();
      }
    }

    drawChosen(g, bottom) {
      if (!this.chosen) return;
      const { row, mark } = this.chosen, x = this.x(row ? row.from : mark.at);
      g.strokeStyle = this.colors.ink; g.lineWidth = 1;
      g.setLineDash([3, 3]); g.beginPath(); g.moveTo(x, 20); g.lineTo(x, bottom); g.stroke(); g.setLineDash([]);
      if (row) { g.lineWidth = 2; g.strokeRect(x - 3, this.laneY(row.lane) - 3, Math.max(this.x(row.to) - x, 1) + 6, this.lane + 4); }
    }

    // How many requests were sent in each column, from the bottom: ok, unknown, failed.
    drawOverview() {
      const height = 56, g = this.prepare(this.overview, height), c = this.colors, wide = 3, n = Math.max(1, Math.floor(this.overview.clientWidth / wide));
      const counts = Array.from({ length: n }, () => [0, 0, 0, 0]);
      for (const row of this.rows) counts[Math.min(n - 1, Math.floor(row.from / this.most * n))][row.outcome]++;
      const most = Math.max(1, ...counts.map((k) => k[0] + k[1] + k[2] + k[3])), at = (us) => us / this.most * n * wide;
      for (const w of this.data.windows) { g.fillStyle = c["fault-ground"]; g.fillRect(at(w.from), 0, Math.max(at(w.to ?? this.most) - at(w.from), 1), height); }
      counts.forEach((k, i) => {
        let y = height;
        for (const [outcome, name] of [[0, "ok"], [3, "open"], [2, "unknown"], [1, "failed"]]) {
          if (!k[outcome]) continue;
          const h = Math.max(k[outcome] / most * (height - 4), 1);
          y -= h; g.fillStyle = c[name]; g.fillRect(i * wide, y, wide - (outcome === 2 ? 1 : 0), h);
        }
      });
      g.strokeStyle = c.ink; g.lineWidth = 1.5;
      g.strokeRect(Math.max(at(this.from), 1), 1, Math.min(at(this.to), n * wide - 1) - Math.max(at(this.from), 1), height - 2);
    }
  }

  const all = () => charts.forEach((chart) => chart.draw());
  document.querySelectorAll("section.timeline").forEach((section) => charts.push(new Timeline(section)));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  addEventListener("beforeprint", () => { document.documentElement.classList.add("print"); document.querySelectorAll("details").forEach((d) => { d.open = true; }); all(); });
  addEventListener("afterprint", () => { document.documentElement.classList.remove("print"); all(); });
  document.addEventListener("click", (e) => {
    const link = e.target.closest("a[data-seq]");
    const chart = link && charts.find((chart) => chart.trial === link.dataset.trial);
    if (!chart || !chart.show(Number(link.dataset.seq))) return;
    e.preventDefault();
    chart.chart.focus({ preventScroll: true });
    chart.chart.scrollIntoView({ block: "center" });
  });
  document.documentElement.dataset.drawn = String(charts.length);
})();
