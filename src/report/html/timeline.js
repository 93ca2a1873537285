// Lets a reader move through the timelines, by mouse and keys. Each `section.timeline` holds its data as JSON; times are in
// microseconds since the trial's start.
// All data is inserted into the page as text, never as markup.
(() => {
  const NAMES = ["ok", "failed", "unknown: no answer", "still open when the trial ended", "no answer within the limit"];
  const { time } = Panels;
  // A moment on the clock of the trial, as `model::moment` writes it.
  const moment = (us) => (Math.floor(us / 1e3) / 1e3).toFixed(3) + " s";
  const charts = [];

  class Timeline extends Picture {
    constructor(section) {
      super();
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

    listen(section) {
      const c = this.chart;
      // A finger does not hover. The mouse events that follow a tap would hide at once what it has opened.
      c.addEventListener("pointermove", (e) => { if (e.pointerType !== "touch") this.hover(e); });
      c.addEventListener("pointerleave", (e) => { if (e.pointerType !== "touch" && !this.held) this.tip.hidden = true; });
      c.addEventListener("wheel", (e) => { if (e.ctrlKey || e.metaKey || document.activeElement === c) { e.preventDefault(); this.zoom(e.deltaY < 0 ? 0.8 : 1.25, this.us(e.offsetX)); } }, { passive: false });
      c.addEventListener("pointerdown", (e) => { this.held = { x: e.offsetX, from: this.from, to: this.to }; c.setPointerCapture(e.pointerId); });
      c.addEventListener("pointermove", (e) => { if (this.held) { const d = (this.held.x - e.offsetX) / (this.right - this.left) * (this.held.to - this.held.from); this.view(this.held.from + d, this.held.to + d); } });
      c.addEventListener("pointerup", (e) => { const moved = this.held && Math.abs(this.held.x - e.offsetX) > 3; this.held = null; if (!moved) { const hit = this.hit(e.offsetX, e.offsetY, e.pointerType === "touch" ? 14 : 4); if (hit) this.choose(hit); } });
      c.addEventListener("keydown", (e) => this.key(e));
      c.addEventListener("focus", () => { if (!this.chosen && this.rows.length) this.step(1, (row) => this.x(row.to) >= 0); });
      c.addEventListener("blur", () => { this.tip.hidden = true; });
      const jump = (e) => { if (e.buttons || e.type === "pointerdown") { const mid = this.us(e.offsetX, this.ends), half = (this.to - this.from) / 2; this.view(mid - half, mid + half); } };
      this.overview.addEventListener("pointerdown", jump);
      this.overview.addEventListener("pointermove", jump);
      section.querySelectorAll("button").forEach((b) => b.addEventListener("click", () => {
        if (b.dataset.do === "in") this.zoom(0.5); else if (b.dataset.do === "out") this.zoom(2); else if (b.dataset.do === "all") { this.whole(); this.draw(); } else this.nextProof();
      }));
    }

    view(from, to) {
      const [first, last] = this.ends, length = Math.min(Math.max(to - from, 50), last - first);
      from = Math.min(Math.max(from, first), last - length);
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
      if (to < this.from || from > this.to || (from < this.from && to > this.to)) { const [first, last] = this.ends; this.from = Math.min(Math.max(from - length * 0.3, first), last - length); this.to = this.from + length; }
      this.draw();
      this.details.textContent = this.words(what);
      const y = what.row ? this.rowY(what.row) + this.lane : 30;
      this.place(Math.min(Math.max(this.x(from), this.left), this.right), y, this.details.textContent);
    }

    words({ row, mark, band }) {
      if (band) return `${band.fault ?? band.backend}: ${band.what}\n${band.backend} away from ${moment(band.from)}` + (band.to === null ? ", and never ready again" : ` to ${moment(band.to)}: ${time(band.to - band.from)}`);
      if (mark) return `${moment(mark.at)}  ${mark.text}\nevent #${mark.seq}` + (this.proofs.has(mark.seq) ? ", proves a finding" : "");
      const d = this.data, r = d.requests, i = row.i, lines = [];
      lines.push(`request ${r.id[i]} (${d.kinds[r.kind[i]]}, of ${d.origins[r.origin[i]]}): ${row.outcome === WAITED && row.accepted >= 0 ? "accepted as a job that never finished" : NAMES[row.outcome]}`);
      lines.push(`due at ${moment(row.from)}` + (r.late[i] > 1000 ? `, sent ${time(r.late[i])} late` : "") + (r.accepted[i] >= 0 ? `, accepted as a job after ${time(r.accepted[i])}` : ""));
      lines.push(row.outcome < OPEN ? `ended at ${moment(row.to)}, after ${time(r.took[i])}` : `waited for until ${moment(row.to)}: at least ${time(row.to - row.from)}`);
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
  }

  const all = () => charts.forEach((chart) => chart.draw());
  document.querySelectorAll("section.timeline").forEach((section) => charts.push(section.drawn = new Timeline(section)));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  addEventListener("beforeprint", () => { document.documentElement.classList.add("print"); all(); });
  addEventListener("afterprint", () => { document.documentElement.classList.remove("print"); all(); });
  document.addEventListener("click", (e) => {
    const link = e.target.closest("a[data-seq]");
    const chart = link && charts.find((chart) => chart.trial === link.dataset.trial);
    if (!chart || !chart.show(Number(link.dataset.seq))) return;
    e.preventDefault();
    chart.chart.focus({ preventScroll: true });
    chart.chart.scrollIntoView({ block: "center" });
  });
  document.querySelectorAll("button.copy").forEach((button) => {
    const code = button.parentElement.querySelector("code");
    button.hidden = false;
    button.addEventListener("click", async () => {
      // Where the clipboard is not allowed, the command is at least selected.
      try { await navigator.clipboard.writeText(code.textContent); button.textContent = "copied"; }
      catch { getSelection().selectAllChildren(code); button.textContent = "selected"; }
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
  });
  document.documentElement.dataset.drawn = String(charts.length);
})();
