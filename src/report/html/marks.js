// The marks of plots and the bars of tables say more when they are pointed at. A finger cannot point, and keys cannot
// either: a tap shows the words of the nearest mark in a line of text, and so do focus and the arrow keys.
(() => {
  const REACH = 28;
  const words = (mark) => mark.querySelector("title")?.textContent ?? mark.title;
  document.querySelectorAll("svg.plot, td.bars").forEach((area) => {
    const marks = area.matches("svg") ? [...area.querySelectorAll("title")].map((title) => title.parentNode) : [...area.querySelectorAll("[title]")];
    if (!marks.length) return;
    const line = document.createElement("p");
    line.className = "details"; line.hidden = true;
    line.setAttribute("role", "status");
    if (area.matches("svg")) area.after(line); else area.append(line);
    area.setAttribute("tabindex", "0");
    let chosen = -1;
    const show = (nth) => {
      chosen = (nth + marks.length) % marks.length;
      marks.forEach((mark, i) => mark.classList.toggle("chosen", i === chosen));
      line.textContent = words(marks[chosen]);
      line.hidden = false;
    };
    area.addEventListener("click", (e) => {
      const away = marks.map((mark) => {
        const { left, right, top, bottom } = mark.getBoundingClientRect();
        return Math.hypot(Math.max(left - e.clientX, 0, e.clientX - right), Math.max(top - e.clientY, 0, e.clientY - bottom));
      });
      const nearest = away.indexOf(Math.min(...away));
      if (away[nearest] <= REACH) show(nearest);
    });
    area.addEventListener("focus", () => { if (chosen < 0) show(0); });
    area.addEventListener("keydown", (e) => {
      const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
      if (way && !e.ctrlKey && !e.altKey && !e.metaKey) { e.preventDefault(); show(chosen + way); }
    });
  });
})();
