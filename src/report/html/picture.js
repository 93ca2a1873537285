// The timeline's picture: where everything is, and how it is drawn. What a reader does with it is in timeline.js.
// The colours of a request's ends, by their numbers in `RequestEnd`.
const TONES = ["ok", "failed", "unknown", "open", "unknown"], OPEN = 3, WAITED = 4;
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
class Picture {
  // Gives each request a lane of its own for as long as it lasts, among those of its kind and load.
  unpack() {
    const { requests: r, until } = this.data, n = r.id.length;
    this.rows = []; this.bySeq = new Map();
    let at = 0;
    const order = [];
    for (let i = 0; i < n; i++) { at += r.intended[i]; order.push({ i, from: at, to: r.took[i] < 0 ? until : at + r.took[i], outcome: r.outcome[i] }); }
    order.sort((a, b) => a.from - b.from || a.i - b.i);
    const pairs = new Set(order.map((row) => r.kind[row.i] + " " + r.origin[row.i])), groups = new Map();
    // With more loads than can be named, only the kinds are kept apart.
    const both = pairs.size <= 8;
    for (const row of order) {
      const kind = r.kind[row.i], origin = both ? r.origin[row.i] : -1, key = kind + " " + origin;
      if (!groups.has(key)) groups.set(key, { kind: this.data.kinds[kind], load: both ? this.data.origins[origin] : "", lanes: [], ends: [] });
      const group = groups.get(key), { lanes, ends } = group;
      let lane = 0;
      while (lane < ends.length && ends[lane] > row.from) lane++;
      if (lane === ends.length) lanes.push([]);
      ends[lane] = row.to + 1;
      row.group = group; row.lane = lane;
      row.place = this.rows.length;
      row.accepted = r.accepted[row.i];
      this.rows.push(row); lanes[lane].push(row);
      this.bySeq.set(r.seq[row.i], row);
      if (r.end[row.i] >= 0) this.bySeq.set(r.end[row.i], row);
    }
    this.groups = [...groups.values()];
    this.proofs = new Set(this.data.proofs);
    this.backends = [...new Set(this.data.windows.map((w) => w.backend))];
    this.tones = this.rows.map((row) => this.proves(row));
    this.panels = Panels.of(this);
  }

  proves(row) { const r = this.data.requests; return this.proofs.has(r.seq[row.i]) || this.proofs.has(r.end[row.i]); }
  // The whole trial, which is also what the overview shows.
  get ends() { const pad = (this.most - this.data.from) * 0.01; return [Math.max(0, this.data.from - pad), this.most + pad]; }
  whole() { [this.from, this.to] = this.ends; }
  // First show the faults and what follows them: a trial that waits long for a recovery has a long, uneventful end.
  begin() {
    this.whole();
    const last = Math.max(...this.data.windows.map((w) => w.to ?? w.from), 0), length = (last - this.data.from) * 5;
    if (last && this.data.from + length < this.most * 0.7) this.to = this.data.from + length;
  }
  // The one scale of both: the grid's edges are the same, and so are all places when the whole trial is shown.
  scale() { this.width = this.chart.clientWidth; this.left = this.width < 480 ? 66 : 120; this.right = this.width - 20; }
  x(us, [from, to] = [this.from, this.to]) { return this.left + (us - from) / (to - from) * (this.right - this.left); }
  us(x, [from, to] = [this.from, this.to]) { return from + (x - this.left) / (this.right - this.left) * (to - from); }

  // What is drawn at a place: a band in its row, a mark at its line, or the nearest request within a reach in pixels.
  hit(x, y, reach = 4) {
    const at = this.us(x), near = (this.to - this.from) / (this.right - this.left) * reach;
    if (x < this.left || x > this.right) return null;
    if (y < this.top) {
      const mark = this.data.marks.filter((m) => Math.abs(m.at - at) <= near).sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))[0];
      const row = Math.floor((y - 20) / 20);
      const band = this.data.windows.findLast((w) => w.backend === this.backends[row] && w.from - near <= at && at <= (w.to ?? this.most) + near);
      return band ? { band } : mark ? { mark } : null;
    }
    const panel = this.panels.find((panel) => panel.y && panel.top <= y && y <= panel.bottom);
    if (panel) {
      let best = null, least = reach * 2;
      for (const row of this.rows) {
        if (Math.abs(row.from - at) > near * 2) continue;
        const away = Math.hypot(this.x(row.from) - x, panel.y(row, panel.top, panel.bottom) - y);
        if (away < least) { least = away; best = row; }
      }
      return best && { row: best };
    }
    const lanes = this.lane < reach * 1.5 ? Math.ceil(reach / this.lane) : 0;
    let best = null, least = Infinity;
    for (const group of this.groups) {
      if (y < group.top || y > group.bottom) continue;
      const middle = Math.floor((y - group.top) / this.lane);
      for (let lane = Math.max(0, middle - lanes); lane <= Math.min(group.lanes.length - 1, middle + lanes); lane++) {
        const rows = group.lanes[lane];
        let low = 0, high = rows.length;
        while (low < high) { const mid = (low + high) >> 1; if (rows[mid].from <= at) low = mid + 1; else high = mid; }
        for (const row of [rows[low - 1], rows[low]]) {
          if (!row) continue;
          const away = at < row.from ? row.from - at : at > row.to ? at - row.to : 0;
          const distance = away + Math.abs(lane - middle) * near * 0.1;
          if (away <= near && distance < least) { least = distance; best = row; }
        }
      }
    }
    return best && { row: best };
  }

  rowY(row) { return row.group.top + row.lane * this.lane; }

  // Writes a text between two edges. One that has no room is left out, for half a text misleads.
  label(g, text, x, y, left, right, align = "left") {
    const size = g.measureText(text).width, start = x - { left: 0, center: size / 2, right: size }[align];
    if (start < left - 0.5 || start + size > right + 0.5) return false;
    g.textAlign = "left";
    g.fillText(text, start, y);
    this.labels.push({ text, from: start, to: start + size, left, right });
    return true;
  }
  // A text in the margin, where the lanes have their names, shortened if it must be.
  gutter(g, text, y, align = "left", color = "soft") {
    const room = this.left - 10;
    while (text.length > 2 && g.measureText(text).width > room) text = text.replace(/…$/, "").slice(0, -1) + "…";
    g.fillStyle = this.colors[color];
    this.label(g, text, align === "left" ? 4 : this.left - 6, y, 2, this.left - 4, align);
  }

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
    this.scale();
    if (!this.width) return;
    this.labels = [];
    this.colors = Object.fromEntries(["ok", "failed", "unknown", "open", "fault", "fault-ground", "ready", "proof", "ink", "soft", "line", "ground"].map((n) => [n, color(n)]));
    const lanes = Math.max(this.groups.reduce((sum, group) => sum + group.lanes.length, 0), 1);
    this.lane = Math.min(14, Math.max(2, (document.documentElement.classList.contains("print") ? 200 : 380) / lanes));
    this.logTop = 20 + 20 * this.backends.length;
    this.top = this.logTop + 18;
    let y = this.top + 4;
    for (const group of this.groups) { group.top = y; y += Math.max(group.lanes.length * this.lane, this.width < 480 && group.load ? 27 : 14) + 5; group.bottom = y - 3; }
    this.rowsEnd = y;
    for (const panel of this.panels) { panel.top = y; panel.bottom = y += panel.height; }
    const bottom = y + 4, g = this.prepare(this.chart, bottom + 20);
    this.drawNames(g);
    this.drawAxis(g, bottom);
    this.drawPhases(g, bottom);
    this.within(g, bottom + 20, () => {
      this.drawBands(g, bottom);
      this.drawLog(g);
      this.drawRows(g);
    });
    for (const panel of this.panels) {
      panel.ticks?.(g, panel.top, panel.bottom);
      this.within(g, panel.bottom, () => panel.draw(g, panel.top, panel.bottom), panel.top);
    }
    this.within(g, bottom + 20, () => { this.drawMarks(g, bottom); this.drawChosen(g, bottom); });
    this.drawOverview();
  }

  // Draws inside the grid only, from one height to another.
  within(g, bottom, draw, top = 0) {
    g.save(); g.beginPath(); g.rect(this.left - 3, top, this.right - this.left + 6, bottom - top);
    g.clip(); draw(); g.restore();
  }

  drawNames(g) {
    this.backends.forEach((name, row) => this.gutter(g, name, 20 + 20 * row + 14, "left", "ink"));
    this.gutter(g, "log", this.logTop + 13, "left", "ink");
    for (const { kind, load, top, bottom } of this.groups) {
      const two = bottom - top >= 26;
      this.gutter(g, two || !load ? kind : `${kind}, ${load}`, top + 10, "left", "ink");
      if (two && load) this.gutter(g, load, top + 23);
    }
    for (const panel of this.panels) {
      g.fillStyle = this.colors.line; g.fillRect(0, panel.top, this.right, 1);
      this.gutter(g, panel.name, panel.top + 13, "left", "ink");
      if (panel.most && panel.height >= 30) this.gutter(g, panel.most, panel.top + 26);
    }
    g.fillStyle = this.colors.line; g.fillRect(this.left, 20, 1, this.rowsEnd - 20);
  }

  drawAxis(g, bottom) {
    const rough = (this.to - this.from) / Math.max((this.right - this.left) / 90, 2), power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
    for (let us = Math.ceil(Math.max(this.from, 0) / step) * step; us <= this.to; us += step) {
      const x = this.x(us);
      g.fillStyle = this.colors.line; g.fillRect(x, 20, 1, bottom - 20);
      g.fillStyle = this.colors.soft;
      const digits = Math.max(0, -Math.floor(Math.log10(step / 1e6) + 1e-9));
      this.label(g, (us / 1e6).toFixed(Math.min(digits, 6)) + " s", x, bottom + 14, 0, this.width, "center");
    }
  }

  // Log lines as thin ticks, and exits, acts and troubles as thick ones.
  drawLog(g) {
    g.fillStyle = this.colors.soft;
    for (const at of this.data.logs) g.fillRect(this.x(at), this.logTop + 6, 1, 8);
    g.fillStyle = this.colors.ink;
    for (const mark of this.data.marks) if (!mark.ready && !this.bySeq.has(mark.seq)) g.fillRect(this.x(mark.at) - 1, this.logTop + 3, 2, 13);
  }

  drawPhases(g) {
    this.data.phases.forEach(([name, at], n) => {
      const x = this.x(at), next = n + 1 < this.data.phases.length ? this.x(this.data.phases[n + 1][1]) : this.x(this.data.until);
      if (next < this.left || x > this.right) return;
      g.fillStyle = this.colors.soft;
      if (x >= this.left) g.fillRect(x, 2, 1, 16);
      this.label(g, name, Math.max(x, this.left) + 4, 13, this.left, Math.min(next, this.right));
    });
  }

  drawBands(g, bottom) {
    const c = this.colors;
    this.data.windows.forEach((w) => {
      const left = this.x(w.from), right = w.to === null ? this.right : this.x(w.to), wide = Math.max(right - left, 2);
      if (right < this.left || left > this.right) return;
      g.fillStyle = c["fault-ground"];
      g.fillRect(left, this.top - 4, wide, bottom - this.top + 4);
      const y = 20 + 20 * this.backends.indexOf(w.backend);
      g.save();
      g.beginPath(); g.rect(left, y + 2, wide, 16); g.clip();
      g.fillRect(left, y + 2, wide, 16);
      g.strokeStyle = c.fault; g.lineWidth = 1.5;
      g.beginPath();
      for (let x = Math.max(left, this.left - 20) - 16; x < Math.min(right, this.right) + 16; x += 8) { g.moveTo(x, y + 18); g.lineTo(x + 16, y + 2); }
      g.stroke();
      g.restore();
      g.strokeRect(left, y + 2, wide, 16);
      const end = Math.min(left + wide, this.right);
      const start = Math.max(left, this.left) + 5;
      const text = [`${w.fault ?? ""} ${w.what}`.trim(), w.fault ?? ""].find((t) => t && start + g.measureText(t).width + 3 < end);
      if (text) {
        g.fillStyle = c.ground; g.globalAlpha = 0.85; g.fillRect(start - 2, y + 4, g.measureText(text).width + 4, 12); g.globalAlpha = 1;
        g.fillStyle = c.ink; this.label(g, text, start, y + 14, Math.max(left, this.left), end);
      }
      if (w.to !== null) { g.fillStyle = c.ready; g.fillRect(right - 1, 20, 2.5, bottom - 20); }
    });
  }

  drawRows(g) {
    const c = this.colors, h = Math.max(this.lane - (this.lane > 5 ? 3 : this.lane > 3 ? 1 : 0), 1);
    // Failed requests are drawn last, so that nothing covers them.
    const shown = TONES.map(() => []);
    for (const row of this.rows) if (row.to >= this.from && row.from <= this.to) shown[row.outcome].push(row);
    const bar = (row) => { const left = Math.max(this.x(row.from), this.left - 9), right = Math.min(this.x(row.to), this.right + 9); return [left, this.rowY(row), Math.max(right - left, 1)]; };
    g.fillStyle = c.ok;
    for (const row of shown[0]) { const [x, y, w] = bar(row), thin = Math.max(h * 0.4, 1); g.fillRect(x, y + (h - thin) / 2, w, thin); }
    if (h >= 6) for (const row of shown[0]) { const [x, y, w] = bar(row); g.beginPath(); g.arc(x + w, y + h / 2, 2.6, 0, 7); g.fill(); }
    g.strokeStyle = c.open; g.lineWidth = 1.5; g.setLineDash([2, 3]);
    for (const row of shown[OPEN]) { const [x, y, w] = bar(row); g.beginPath(); g.moveTo(x, y + h / 2); g.lineTo(x + w, y + h / 2); g.stroke(); }
    g.setLineDash([]);
    g.fillStyle = c.unknown; g.strokeStyle = c.unknown;
    for (const row of [...shown[2], ...shown[WAITED]]) {
      const [x, y, w] = bar(row);
      if (row.accepted >= 0) {
        // A job: a line until it was accepted, then a hollow bar for as long as it was waited for.
        const at = Math.max(Math.min(this.x(row.from + row.accepted), x + w), x);
        g.fillRect(x, y + h / 2 - 0.5, at - x, 1);
        g.globalAlpha = 0.18; g.fillRect(at, y, x + w - at, h); g.globalAlpha = 1;
        g.lineWidth = 1; if (h >= 4) g.strokeRect(at, y + 0.5, x + w - at, h - 1); else g.fillRect(at, y, x + w - at, 0.7);
      } else if (w < 8) g.fillRect(x, y, w, h);
      else { g.lineWidth = h * 0.8; g.setLineDash([4, 3]); g.beginPath(); g.moveTo(x, y + h / 2); g.lineTo(x + w, y + h / 2); g.stroke(); g.setLineDash([]); }
      // A circle where the connection ended; an arrow where the limit passed, and nobody knows what came later.
      g.beginPath();
      const size = Math.min(5, this.lane / 2);
      if (row.outcome === WAITED) { g.moveTo(x + w - 2, y + h / 2 - size); g.lineTo(x + w + size, y + h / 2); g.lineTo(x + w - 2, y + h / 2 + size); g.fill(); }
      else if (h >= 6) { g.lineWidth = 1.5; g.arc(x + w, y + h / 2, 4, 0, 7); g.fillStyle = c.ground; g.fill(); g.stroke(); g.fillStyle = c.unknown; }
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
    if (row) { g.lineWidth = 2; g.strokeRect(x - 3, this.rowY(row) - 3, Math.max(this.x(row.to) - x, 1) + 6, this.lane + 4); }
  }

  // How many requests were sent in each column, from the bottom: ok, unknown, failed.
  drawOverview() {
    const height = 56, g = this.prepare(this.overview, height), c = this.colors, wide = 3, n = Math.max(1, Math.ceil((this.right - this.left) / wide));
    const counts = Array.from({ length: n }, () => TONES.map(() => 0)), at = (us) => this.x(us, this.ends);
    for (const row of this.rows) counts[Math.min(n - 1, Math.max(0, Math.floor((at(row.from) - this.left) / wide)))][row.outcome]++;
    const most = Math.max(1, ...counts.map((k) => k.reduce((a, b) => a + b)));
    this.gutter(g, "sent", 16, "left", "ink"); this.gutter(g, "whole trial", 30);
    for (const w of this.data.windows) { g.fillStyle = c["fault-ground"]; g.fillRect(at(w.from), 0, Math.max(at(w.to ?? this.most) - at(w.from), 1), height); }
    counts.forEach((k, i) => {
      let y = height;
      for (const outcome of [0, OPEN, 2, WAITED, 1]) {
        if (!k[outcome]) continue;
        const h = Math.max(k[outcome] / most * (height - 4), 1), tone = TONES[outcome];
        y -= h; g.fillStyle = c[tone]; g.fillRect(this.left + i * wide, y, wide - (tone === "unknown" ? 1 : 0), h);
      }
    });
    g.strokeStyle = c.ink; g.lineWidth = 1.5;
    g.strokeRect(Math.max(at(this.from), this.left), 1, Math.min(at(this.to), this.right) - Math.max(at(this.from), this.left), height - 2);
  }
}
