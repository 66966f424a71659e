"use strict";
// Draws the curves from the numbers in #data, again whenever the width changes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const holder = document.getElementById("chart");
  const reading = document.getElementById("reading");
  const scaleButton = document.getElementById("scale");
  const hidden = new Set();
  let log = data.log;
  let chosen = null; // index of the evaluation that is read
  let at = null; // step of the checkpoint that the laboratory shows
  let mark = () => {};

  const steps = data.steps;
  const last = steps.length - 1;
  const whole = new Intl.NumberFormat("en");
  const share = (v) => v === null ? "–" : v >= 1 ? "100 %" : (Math.floor(v * 1000 + 1e-9) / 10).toFixed(1) + " %";

  function node(parent, tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.appendChild(made);
    return made;
  }

  const hue = (s) => "--light: " + s.light + "; --dark: " + s.dark;
  const kind = (s) => (s.main ? " main" : "") + (s.ood ? " ood" : "");

  // Heights at least `gap` apart and within [low, high], nearest to the wanted ones.
  function spread(wanted, gap, low, high) {
    const n = wanted.length;
    if (n > 1) gap = Math.min(gap, (high - low) / (n - 1));
    const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
    const pools = [];
    order.forEach((i, place) => {
      let mean = wanted[i] - place * gap, size = 1;
      while (pools.length && pools[pools.length - 1][0] > mean) {
        const [m, k] = pools.pop();
        mean = (m * k + mean * size) / (k + size);
        size += k;
      }
      pools.push([mean, size]);
    });
    const flat = pools.flatMap(([mean, size]) => Array(size).fill(mean));
    const heights = Array(n);
    order.forEach((i, place) => {
      heights[i] = Math.min(Math.max(flat[place], low), high - (n - 1) * gap) + place * gap;
    });
    return heights;
  }

  // Round steps for the axis, few enough for its width.
  function ticks(low, high, most) {
    const found = [];
    if (log) {
      const decades = Math.log10(high / low);
      const parts = decades * 3 <= most ? [1, 2, 5] : [1];
      for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++)
        for (const m of parts) if (m * 10 ** e >= low && m * 10 ** e <= high) found.push(m * 10 ** e);
      return found;
    }
    const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
    const size = Math.max(1, [1, 2, 5, 10].find((m) => m * power >= raw) * power);
    for (let t = Math.ceil(low / size) * size; t <= high; t += size) found.push(t);
    return found;
  }

  function draw() {
    const width = Math.max(280, holder.clientWidth);
    const roomy = width > 620;
    const box = { left: 54, right: width - (roomy ? 190 : 14), top: 24, bottom: roomy ? 344 : 264 };
    const low = { top: box.bottom + 22, bottom: box.bottom + 106 };
    const first = steps.find((s) => s > 0) || 1;
    const from = log ? first : Math.min(0, steps[0]);
    const to = Math.max(steps[last], from + 1);
    const along = (s) => log ? Math.log(Math.max(s, from) / from) / Math.log(to / from) : (s - from) / (to - from);
    const x = (s) => box.left + (box.right - box.left) * along(s);
    const y = (v) => box.bottom - 6 - (box.bottom - box.top - 14) * v;

    holder.textContent = "";
    const svg = node(holder, "svg", {
      viewBox: "0 0 " + width + " " + (low.bottom + 42), height: low.bottom + 42, tabindex: 0, role: "img",
      "aria-label": "Accuracy by split over training steps; arrow keys read the evaluations",
    });
    for (const panel of [box, low]) node(svg, "rect", { class: "ground", x: box.left, y: panel.top, width: box.right - box.left, height: panel.bottom - panel.top });
    const names = [];
    data.phases.forEach(([name, start, end], i) => {
      const a = i === 0 ? box.left : x(start), b = x(end);
      for (const panel of [box, low]) node(svg, "rect", { class: "ground-" + name, x: a, y: panel.top, width: Math.max(0, b - a), height: panel.bottom - panel.top });
      names.push({ name, wide: b - a, at: (a + b) / 2, half: 3.9 * name.length });
    });
    // Names of the widest phases first; one that would cover another is left out.
    const placed = [];
    for (const n of names.sort((a, b) => b.wide - a.wide)) {
      n.at = Math.min(Math.max(n.at, box.left + n.half), box.right - n.half);
      if (placed.some((o) => Math.abs(o.at - n.at) < o.half + n.half)) continue;
      placed.push(n);
      node(svg, "text", { class: "ink-" + n.name, x: n.at, y: box.top - 8, "text-anchor": "middle" }, n.name);
    }
    for (const v of [0, 0.25, 0.5, 0.75, 1]) {
      node(svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: y(v), y2: y(v) });
      node(svg, "text", { x: box.left - 7, y: y(v) + 4, "text-anchor": "end" }, 100 * v + " %");
    }
    node(svg, "line", { class: "axis", x1: box.left, x2: box.right, y1: low.bottom, y2: low.bottom });
    for (const t of ticks(from, to, roomy ? 9 : 4)) {
      node(svg, "line", { class: "axis", x1: x(t), x2: x(t), y1: low.bottom, y2: low.bottom + 4 });
      const name = whole.format(t), edge = x(t) + 4 * name.length > width;
      node(svg, "text", { x: edge ? width - 2 : x(t), y: low.bottom + 18, "text-anchor": edge ? "end" : "middle" }, name);
    }
    node(svg, "text", { x: (box.left + box.right) / 2, y: low.bottom + 36, "text-anchor": "middle" }, log ? "training steps (log scale)" : "training steps");

    const path = (values, height) => values.map((v, i) => v === null || (log && steps[i] <= 0) ? "" :
      (i > 0 && values[i - 1] !== null && !(log && steps[i - 1] <= 0) ? "L" : "M") + x(steps[i]).toFixed(1) + " " + height(v).toFixed(1)).join("");
    const shown = data.series.filter((s) => !hidden.has(s.name) && s.values.some((v) => v !== null));
    for (const s of [...shown].sort((a, b) => a.main - b.main)) {
      const group = node(svg, "g", { style: hue(s) });
      node(group, "path", { class: "line" + kind(s), d: path(s.values, y) });
      const at = steps.indexOf(s.sustained);
      if (s.sustained !== null && at >= 0) node(group, "circle", { class: "dot", cx: x(s.sustained), cy: y(s.values[at]), r: 5, "stroke-width": 2 });
    }
    if (roomy) {
      const ends = shown.map((s) => s.values.filter((v) => v !== null).pop());
      // Heights grow downwards here, so the order of equal ends is turned round as well.
      const heights = spread(ends.map(y).reverse(), 17, y(1), box.bottom).reverse();
      shown.forEach((s, i) => {
        const group = node(svg, "g", { style: hue(s) });
        node(group, "line", { class: "lead", x1: box.right, y1: y(ends[i]), x2: box.right + 18, y2: heights[i] });
        node(group, "text", { class: "end" + (s.main ? " main" : ""), x: box.right + 22, y: heights[i] + 4 }, s.name + "  " + share(ends[i]));
      });
    }

    const losses = data.loss.filter((v) => v !== null);
    const positive = losses.length > 0 && Math.min(...losses) > 0;
    const bend = positive ? Math.log : (v) => v;
    const bottom = bend(Math.min(...losses)), top = bend(Math.max(...losses));
    const z = (v) => low.bottom - 6 - (low.bottom - low.top - 12) * (top > bottom ? (bend(v) - bottom) / (top - bottom) : 0.5);
    if (losses.length) {
      node(svg, "path", { class: "line loss", d: path(data.loss, z) });
      for (const v of top > bottom ? [Math.min(...losses), Math.max(...losses)] : [losses[0]]) node(svg, "text", { x: box.left - 7, y: z(v) + 4, "text-anchor": "end" }, v < 1e-3 && positive ? v.toExponential(0) : v.toPrecision(2));
      node(svg, "text", { x: roomy ? box.right + 22 : box.right - 6, y: roomy ? z(losses[losses.length - 1]) + 4 : low.top + 14, "text-anchor": roomy ? "start" : "end" }, "training loss" + (positive ? " (log)" : ""));
    }

    const pointer = node(svg, "g", {});
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.hidden = true;
    holder.appendChild(tip);

    function read(i) {
      chosen = i;
      pointer.textContent = "";
      tip.hidden = i === null;
      if (i === null) return;
      const at = x(steps[i]);
      node(pointer, "line", { class: "cross", x1: at, x2: at, y1: box.top, y2: low.bottom });
      const rows = shown.filter((s) => s.values[i] !== null).sort((a, b) => b.values[i] - a.values[i]);
      for (const s of rows) node(node(pointer, "g", { style: hue(s) }), "circle", { class: "dot", cx: at, cy: y(s.values[i]), r: 4 });
      tip.textContent = "";
      const head = document.createElement("b");
      head.textContent = "step " + whole.format(steps[i]);
      tip.append(head, data.seconds[i] === null ? "" : ", " + whole.format(Math.round(data.seconds[i])) + " s");
      const table = tip.appendChild(document.createElement("table"));
      const add = (name, value, style) => {
        const row = table.insertRow();
        const cell = row.insertCell();
        cell.textContent = name;
        if (style) { cell.className = "name"; cell.setAttribute("style", style); }
        row.insertCell().textContent = value;
      };
      for (const s of rows) add(s.name, share(s.values[i]), hue(s));
      if (data.loss[i] !== null) add("loss", data.loss[i].toPrecision(3));
      const left = at + 14 + tip.offsetWidth < width ? at + 14 : Math.max(0, at - 14 - tip.offsetWidth);
      tip.style.left = left + "px";
      reading.textContent = "Step " + steps[i] + ": " + rows.map((s) => s.name + " " + share(s.values[i])).join(", ");
    }

    function nearest(event) {
      const area = svg.getBoundingClientRect();
      const px = (event.clientX - area.left) * width / area.width;
      let best = 0;
      for (let i = 1; i <= last; i++) if (Math.abs(x(steps[i]) - px) < Math.abs(x(steps[best]) - px)) best = i;
      read(best);
    }
    svg.addEventListener("pointermove", nearest);
    svg.addEventListener("pointerdown", nearest);
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") read(null); });
    svg.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (event.key === "Escape") read(null);
      if (move === undefined) return;
      event.preventDefault();
      read(Math.min(last, Math.max(0, (chosen === null ? (move > 0 ? -1 : last + 1) : chosen) + move)));
    });
    if (chosen !== null) read(chosen);

    // The checkpoint that the laboratory shows; a click asks for the one nearest to where it is.
    const here = node(svg, "line", { class: "here", y1: box.top, y2: low.bottom });
    mark = () => {
      here.setAttribute("visibility", at === null || (log && at <= 0) ? "hidden" : "visible");
      if (at !== null) for (const end of ["x1", "x2"]) here.setAttribute(end, x(log ? Math.max(at, from) : at));
    };
    mark();
    svg.addEventListener("click", () => { if (chosen !== null) document.dispatchEvent(new CustomEvent("latebloom:go", { detail: steps[chosen] })); });
  }

  const legend = document.getElementById("legend");
  for (const s of data.series) {
    const button = legend.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = kind(s).trim();
    button.setAttribute("style", hue(s));
    button.setAttribute("aria-pressed", "true");
    button.textContent = s.name;
    button.addEventListener("click", () => {
      const hide = !hidden.has(s.name);
      if (hide) hidden.add(s.name); else hidden.delete(s.name);
      button.setAttribute("aria-pressed", String(!hide));
      draw();
    });
  }
  const positives = steps.filter((s) => s > 0);
  if (positives.length < 2) scaleButton.hidden = true;
  scaleButton.setAttribute("aria-pressed", String(log));
  scaleButton.addEventListener("click", () => {
    log = !log;
    scaleButton.setAttribute("aria-pressed", String(log));
    draw();
  });

  document.addEventListener("latebloom:at", (event) => { at = event.detail; mark(); });
  draw();
  let drawnFor = holder.clientWidth;
  window.addEventListener("resize", () => {
    if (holder.clientWidth !== drawnFor) { drawnFor = holder.clientWidth; draw(); }
  });
})();
