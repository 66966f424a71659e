"use strict";
// The list of runs, their curves over each other, and a question to one of them. All that comes
// from a run is put on the page as text.
(() => {
  const at = (id) => document.getElementById(id);
  const runs = new Map(); // by name, as /api/runs has them
  const records = new Map(); // by name, the evaluations read so far
  const drawn = new Set(); // names of the runs that are drawn
  const HUES = [["#0067a8", "#5cb8f0"], ["#c44e00", "#ff8f52"], ["#00795c", "#35c69d"], ["#a0447c", "#e39cc8"], ["#8f6400", "#e6b53c"], ["#5b5fc7", "#a5a8ff"], ["#767676", "#a3a3a3"]];
  const FIRST = 24; // runs that are drawn without being asked for
  const whole = new Intl.NumberFormat("en");
  const share = (v) => v === undefined || v === null ? "–" : v >= 1 ? "100 %" : (Math.floor(v * 1000 + 1e-9) / 10).toFixed(1) + " %";
  const time = (s) => s === null || s === undefined ? "–" : s < 90 ? s.toFixed(0) + " s" : s < 5400 ? (s / 60).toFixed(0) + " min" : (s / 3600).toFixed(1) + " h";
  const setting = (run) => (run.setting ? run.recipe + ", " + run.setting : run.recipe).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null; // the place on the axis that is read, by the arrow keys
  let sized = false;
  let only = null; // the study whose runs alone are listed

  function element(parent, tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    parent.appendChild(made);
    return made;
  }
  function node(parent, tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.appendChild(made);
    return made;
  }
  async function get(path, query) {
    const asked = new URLSearchParams();
    for (const [key, value] of query) asked.append(key, value);
    const answer = await fetch(path + "?" + asked);
    const told = await answer.json().catch(() => ({ detail: "the server's answer cannot be read" }));
    if (!answer.ok) throw new Error(typeof told.detail === "string" ? told.detail : "this cannot be asked");
    return told;
  }

  // --- Settings and their colours --------------------------------------------------------------
  const places = new Map();
  function hue(name) {
    if (!places.has(name)) places.set(name, places.size % HUES.length);
    return HUES[places.get(name)][dark.matches ? 1 : 0];
  }

  // --- The list --------------------------------------------------------------------------------
  const shownRuns = () => {
    const wanted = at("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    return [...runs.values()].filter((run) => run.name.startsWith(only?.home ?? "") && wanted.every((w) => (run.name + " " + setting(run)).toLowerCase().includes(w)));
  };
  function list() {
    const body = at("runs").tBodies[0];
    body.textContent = "";
    const shown = shownRuns();
    for (const run of shown) {
      const row = element(body, "tr");
      const tick = element(element(row, "td"), "input");
      tick.type = "checkbox";
      tick.checked = drawn.has(run.name);
      tick.disabled = run.status === "damaged";
      tick.setAttribute("aria-label", "draw " + visible(run.name, 120));
      tick.addEventListener("change", () => { tick.checked ? drawn.add(run.name) : drawn.delete(run.name); fetchAll(); });
      const name = element(row, "th", undefined, "run-name");
      name.scope = "row";
      const swatch = element(name, "span", undefined, "swatch");
      if (drawn.has(run.name)) swatch.style.setProperty("--hue", hue(setting(run)));
      if (run.step && run.status !== "damaged") {
        const link = element(name, "a", visible(run.name, 120));
        link.href = "run?name=" + encodeURIComponent(run.name);
      } else element(name, "span", visible(run.name, 120));
      element(row, "td", visible(run.trouble || setting(run), 300), "words");
      element(row, "td", run.status, "state-" + run.status);
      element(row, "td", run.steps ? whole.format(run.step) + " of " + whole.format(run.steps) : "–", "number");
      element(row, "td", time(run.seconds), "number");
      element(row, "td", share(run.accuracy.test_id), "number");
      element(row, "td", share(run.accuracy.test_ood ?? run.accuracy.test_hard), "number");
    }
    at("none").hidden = runs.size > 0;
    at("all").checked = shown.length > 0 && shown.every((run) => drawn.has(run.name) || run.status === "damaged");
    const growing = [...runs.values()].filter((run) => run.status === "growing").length;
    at("count").textContent = whole.format(runs.size) + (runs.size === 1 ? " run" : " runs") + (growing ? ", " + growing + " growing" : "");
  }
  at("filter").addEventListener("input", list);
  // The list as it is filtered, to take along.
  function rowsShown() {
    const splits = [...new Set(shownRuns().flatMap((run) => Object.keys(run.accuracy)))];
    return [["run", "setting", "state", "step", "steps", "seconds", ...splits], ...shownRuns().map((run) => [run.name, setting(run), run.status, run.step, run.steps, run.seconds, ...splits.map((split) => run.accuracy[split])].map((one) => one ?? null))];
  }
  at("runs").parentElement.after(makeOffers("this list", "runs", { CSV: () => csvOf(rowsShown()), JSON: () => JSON.stringify(shownRuns(), null, 1) }));
  at("all").addEventListener("change", () => {
    for (const run of shownRuns()) if (run.status !== "damaged") at("all").checked ? drawn.add(run.name) : drawn.delete(run.name);
    fetchAll();
  });

  // --- The studies -----------------------------------------------------------------------------
  let listed = "[]"; // the studies that are in the table, as text
  function listStudies(studies) {
    if (JSON.stringify(studies) === listed) return; // so that the table stays as it is under a reader's hands
    listed = JSON.stringify(studies);
    const body = at("studies").tBodies[0], held = body.contains(document.activeElement) ? document.activeElement.value : null;
    body.textContent = "";
    at("study-section").hidden = !studies.length;
    for (const study of studies) {
      const row = element(body, "tr"), name = element(row, "th", undefined, "run-name");
      name.scope = "row";
      const button = element(name, "button", visible(study.name, 120), "study");
      Object.assign(button, { type: "button", value: study.name });
      button.addEventListener("click", () => only?.name === study.name ? alone(null) : alone(study));
      element(row, "td", study.kind);
      element(row, "td", whole.format(study.finished) + " of " + whole.format(study.runs), "number");
      element(row, "td", visible(study.verdict, 300) || "–", "words");
      if (study.name === held) button.focus();
    }
    only = studies.find((study) => study.name === only?.name) ?? null;
    sayWhich();
  }
  function sayWhich() {
    for (const button of at("studies").querySelectorAll("button")) button.setAttribute("aria-pressed", button.value === only?.name);
    at("every").hidden = !only;
    at("every").textContent = only ? "Runs of " + visible(only.name, 60) + "; show all" : "";
  }
  // Lists and draws the runs of one study, until it is null: then all are listed.
  function alone(study) {
    only = study;
    at("filter").value = "";
    if (only) {
      drawn.clear();
      for (const run of shownRuns()) if (run.status !== "damaged") drawn.add(run.name);
    }
    sayWhich();
    fetchAll();
  }
  at("every").addEventListener("click", () => { alone(null); at("filter").focus(); });

  // --- The curves ------------------------------------------------------------------------------
  async function fetchAll() {
    list();
    await Promise.all([...drawn].map(async (name) => {
      const known = records.get(name) || [];
      const newest = known.length ? known[known.length - 1].step : -1;
      const run = runs.get(name);
      if (!run || (known.length && run.step === newest)) return;
      try {
        const behind = await get("api/records", [["name", name], ["after", run.step < newest ? -1 : newest]]);
        records.set(name, run.step < newest ? behind : known.concat(behind));
      } catch { records.set(name, known); } // it has no evaluation yet
    }));
    draw();
  }
  // Of each setting its runs' values at every place on the axis that one of them was measured at.
  function curves() {
    const split = at("split").value, seconds = at("axis").value === "seconds";
    const groups = new Map();
    for (const name of drawn) {
      const run = runs.get(name), known = records.get(name);
      if (!run || !known) continue;
      const points = known.map((r) => [seconds ? r.seconds : r.step, r.accuracy[split]]).filter(([x, v]) => typeof x === "number" && typeof v === "number");
      if (points.length) groups.set(setting(run), (groups.get(setting(run)) || []).concat([{ points, ended: run.status === "finished" }]));
    }
    return [...groups].map(([name, members]) => {
      const xs = [...new Set(members.flatMap((m) => m.points.map(([x]) => x)))].sort((a, b) => a - b);
      const rows = xs.map((x) => {
        const values = members.map((m) => between(m, x)).filter((v) => v !== null);
        return { x, n: values.length, low: Math.min(...values), high: Math.max(...values), mean: values.reduce((a, b) => a + b, 0) / values.length };
      });
      return { name, seeds: members.length, rows };
    });
  }
  // A run's value at x, on the line between its neighbours. Where a run has finished it stays at its
  // last value; of one that is growing nothing is known behind that.
  function between({ points, ended }, x) {
    if (x < points[0][0] || (!ended && x > points[points.length - 1][0])) return null;
    let low = 0, high = points.length - 1;
    while (low < high) { const middle = (low + high + 1) >> 1; points[middle][0] <= x ? low = middle : high = middle - 1; }
    const [a, v] = points[low];
    if (low === points.length - 1 || a === x) return v;
    const [b, w] = points[low + 1];
    return v + (w - v) * (x - a) / (b - a);
  }
  function ticks(from, to, most, log) {
    const found = [];
    if (log) {
      for (let e = Math.floor(Math.log10(from)); e <= Math.log10(to); e++) for (const m of Math.log10(to / from) * 3 <= most ? [1, 2, 5] : [1]) if (m * 10 ** e >= from && m * 10 ** e <= to) found.push(m * 10 ** e);
      return found;
    }
    const raw = (to - from) / most, power = 10 ** Math.floor(Math.log10(raw));
    const size = [1, 2, 5, 10].find((m) => m * power >= raw) * power;
    for (let t = Math.ceil(from / size) * size; t <= to; t += size) found.push(Math.round(t * 1e6) / 1e6);
    return found;
  }
  function draw() {
    const holder = at("overlay"), width = Math.max(280, holder.clientWidth), roomy = width > 620;
    const lines = curves().filter((c) => c.rows.length);
    holder.textContent = "";
    at("take").hidden = !lines.length;
    if (!lines.length) { element(holder, "p", "Tick runs in the list to see their curves.", "note"); return; }
    const log = at("axis").value === "log";
    const all = lines.flatMap((c) => c.rows.map((r) => r.x)).filter((x) => !log || x > 0);
    const from = log ? Math.min(...all) : 0, to = Math.max(...all, from + 1);
    const box = { left: 54, right: width - (roomy ? 210 : 14), top: 12, bottom: roomy ? 330 : 250 };
    const x = (s) => box.left + (box.right - box.left) * (log ? Math.log(Math.max(s, from) / from) / Math.log(to / from) : (s - from) / (to - from));
    const y = (v) => box.bottom - 6 - (box.bottom - box.top - 14) * v;
    const svg = node(holder, "svg", { viewBox: "0 0 " + width + " " + (box.bottom + 44), height: box.bottom + 44, tabindex: 0, role: "img", "aria-label": at("split").value + " of " + lines.length + (lines.length === 1 ? " setting" : " settings") + "; arrow keys read the values" });
    node(svg, "rect", { class: "ground", x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top });
    for (const v of [0, 0.25, 0.5, 0.75, 1]) {
      node(svg, "line", { class: "grid", x1: box.left, x2: box.right, y1: y(v), y2: y(v) });
      node(svg, "text", { x: box.left - 7, y: y(v) + 4, "text-anchor": "end" }, 100 * v + " %");
    }
    for (const t of ticks(from, to, roomy ? 9 : 4, log)) {
      node(svg, "line", { class: "axis", x1: x(t), x2: x(t), y1: box.bottom, y2: box.bottom + 4 });
      node(svg, "text", { x: Math.min(x(t), width - 24), y: box.bottom + 18, "text-anchor": "middle" }, whole.format(t));
    }
    node(svg, "text", { x: (box.left + box.right) / 2, y: box.bottom + 37, "text-anchor": "middle" }, at("axis").value === "seconds" ? "seconds of training" : log ? "training steps (log scale)" : "training steps");
    for (const c of lines) {
      const group = node(svg, "g", {}), rows = c.rows.filter((r) => !log || r.x > 0);
      group.style.setProperty("--hue", hue(c.name));
      const there = (r, v) => x(r.x).toFixed(1) + " " + y(v).toFixed(1);
      if (c.seeds > 1) node(group, "path", { class: "band", d: "M" + rows.map((r) => there(r, r.high)).join("L") + "L" + [...rows].reverse().map((r) => there(r, r.low)).join("L") + "Z" });
      node(group, "path", { class: "line", d: "M" + rows.map((r) => there(r, r.mean)).join("L") });
    }
    if (roomy) {
      const ends = lines.map((c) => ({ c, y: y(c.rows[c.rows.length - 1].mean) })).sort((a, b) => a.y - b.y).slice(0, 18);
      let floor = box.top;
      for (const end of ends) {
        end.y = Math.max(end.y, floor);
        floor = end.y + 17;
      }
      for (let i = ends.length - 1, roof = box.bottom; i >= 0; i--, roof -= 17) ends[i].y = Math.min(ends[i].y, roof);
      for (const { c, y: height } of ends) {
        const label = node(svg, "text", { class: "end", x: box.right + 10, y: height + 4 }, visible(c.name, 24) + (c.seeds > 1 ? " ×" + c.seeds : ""));
        label.style.setProperty("--hue", hue(c.name));
        node(label, "title", {}, c.name);
      }
    }
    const pointer = node(svg, "g", {}), tip = element(holder, "div", undefined, "tip");
    tip.hidden = true;
    const xs = [...new Set(all)].sort((a, b) => a - b);
    function read(i) {
      chosen = i === null ? null : Math.min(Math.max(i, 0), xs.length - 1);
      pointer.textContent = tip.textContent = "";
      tip.hidden = chosen === null;
      if (chosen === null) return;
      const place = xs[chosen];
      node(pointer, "line", { class: "cross", x1: x(place), x2: x(place), y1: box.top, y2: box.bottom });
      const table = element(tip, "table"), said = [];
      element(element(table, "caption"), "b", (at("axis").value === "seconds" ? "second " : "step ") + whole.format(place));
      for (const c of lines) {
        const r = [...c.rows].reverse().find((one) => one.x <= place);
        if (!r) continue;
        const row = element(table, "tr");
        element(row, "td", visible(c.name, 80));
        element(row, "td", share(r.mean) + (r.n > 1 ? " (" + share(r.low) + " – " + share(r.high) + ")" : ""));
        said.push(c.name + " " + share(r.mean));
      }
      at("said").textContent = place + ": " + said.join(", ");
      const left = x(place) + 14;
      tip.style.left = Math.max(0, left + tip.offsetWidth > width ? x(place) - tip.offsetWidth - 14 : left) + "px";
    }
    svg.addEventListener("pointermove", (event) => {
      const mouse = (event.clientX - svg.getBoundingClientRect().left) * width / svg.clientWidth;
      let best = 0;
      xs.forEach((one, i) => { if (Math.abs(x(one) - mouse) < Math.abs(x(xs[best]) - mouse)) best = i; });
      read(best);
    });
    svg.addEventListener("pointerleave", () => read(null));
    svg.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      read(chosen === null ? (by > 0 ? 0 : xs.length - 1) : chosen + by);
    });
  }
  // What is drawn, to take along: every point of every line.
  function pointsDrawn() {
    return curves().flatMap((c) => c.rows.map((r) => [c.name, c.seeds, r.x, r.n, r.mean, r.low, r.high]));
  }
  const overWhat = () => at("axis").value === "seconds" ? "seconds" : "step";
  at("take").replaceWith(Object.assign(makeOffers("the curves", "curves", {
    SVG: () => standalone([at("overlay").querySelector("svg")]),
    CSV: () => csvOf([["setting", "runs", overWhat(), "measured", `mean ${at("split").value}`, "lowest", "highest"], ...pointsDrawn()]),
    JSON: () => JSON.stringify({ split: at("split").value, over: overWhat(), lines: curves() }, null, 1),
  }), { id: "take" }));
  for (const id of ["split", "axis"]) at(id).addEventListener("change", draw);
  dark.addEventListener("change", () => { list(); draw(); });
  new ResizeObserver(() => { if (sized) draw(); sized = true; }).observe(at("overlay"));

  // --- Choices -----------------------------------------------------------------------------------
  function choices(select, names, preferred) {
    const before = select.value || preferred;
    if ([...select.options].map((o) => o.value).join("\n") === names.join("\n")) return;
    select.textContent = "";
    for (const name of names) element(select, "option", visible(name, 80)).value = name;
    select.value = names.includes(before) ? before : names.includes(preferred) ? preferred : names[0] || "";
  }
  function fill() {
    const all = [...runs.values()], splits = [...new Set(all.flatMap((run) => Object.keys(run.accuracy)))];
    const measured = (split) => all.filter((run) => split in run.accuracy).length;
    choices(at("split"), splits, measured("test_ood") >= measured("test_id") ? "test_ood" : "test_id");
    const before = at("asked").value;
    choices(at("asked"), [...runs.values()].filter((run) => run.step).map((run) => run.name));
    if (at("asked").value !== before) checkpoints();
  }

  // --- Asking ------------------------------------------------------------------------------------
  async function checkpoints() {
    // Whoever asks before its checkpoints are here asks the newest, and not the step of another run.
    at("at").textContent = "";
    const name = at("asked").value;
    if (!name) return;
    const steps = await get("api/steps", [["name", name]]).catch(() => []);
    if (name !== at("asked").value) return;
    choices(at("at"), steps.reverse().map(String));
    if (steps.length) at("at").value = String(steps[0]);
  }
  at("asked").addEventListener("change", () => { stop(); checkpoints(); });
  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    stop();
    remember();
    ask();
  });

  // --- The question in the address, so that Back returns to the one before and a link brings it -----
  const KEY = "#ask=";
  function remember() {
    const link = KEY + encodeURIComponent(JSON.stringify([at("asked").value, at("at").value, at("question").value]));
    if (link !== location.hash) history.pushState(null, "", link);
  }
  // What the address asks: run, step and question; null where it asks nothing that can be read.
  function remembered() {
    if (!location.hash.startsWith(KEY)) return null;
    try {
      const parts = JSON.parse(decodeURIComponent(location.hash.slice(KEY.length)));
      return Array.isArray(parts) && parts.length === 3 && parts.every((one) => typeof one === "string") ? parts : null;
    } catch { return null; }
  }
  async function recall() {
    const parts = remembered();
    if (!parts) return;
    const [run, step, question] = parts, link = location.hash;
    stop();
    at("question").value = question;
    if (![...at("asked").options].some((one) => one.value === run)) {
      at("answer").replaceChildren(make("p", { class: "warning", text: `The link asks ${visible(run, 120)}, which is not a run of this folder with a checkpoint.` }));
      return;
    }
    at("asked").value = run;
    await checkpoints();
    if (location.hash !== link) return; // Back was pressed once more
    if (step && ![...at("at").options].some((one) => one.value === step)) {
      at("answer").replaceChildren(make("p", { class: "warning", text: `The link asks ${visible(run, 120)} at step ${visible(step, 20)}, of which there is no checkpoint any more.` }));
      return;
    }
    if (step) at("at").value = step;
    ask();
  }
  addEventListener("popstate", recall);
  let asks = 0; // so that an answer that comes late does not take the place of a newer one
  async function ask() {
    const own = ++asks, holder = at("answer"), base = [["name", at("asked").value]];
    if (at("at").value) base.push(["step", at("at").value]);
    let shown, fine = true;
    try {
      shown = await answered(get, base, wordsOf(at("question").value));
    } catch (error) { [shown, fine] = [[make("p", { class: "warning", text: visible(error.message, 400) })], false]; }
    if (own === asks) holder.replaceChildren(...shown);
    return fine && own === asks;
  }

  // --- Play: the same question at every checkpoint, from the first ---------------------------------
  const PAUSE = 700; // milliseconds that an answer stands, at least
  let playing = null; // what tells one playing from the next
  function stop() {
    playing = null;
    at("play").textContent = "Play";
    at("answer").setAttribute("aria-live", "polite");
  }
  at("play").addEventListener("click", async () => {
    if (playing) { stop(); return; }
    const own = playing = {}, steps = [...at("at").options].map((one) => one.value).reverse();
    at("play").textContent = "Stop";
    at("answer").setAttribute("aria-live", "off"); // so that nobody hears every one of them
    for (const step of steps) {
      at("at").value = step;
      if (!await ask() || playing !== own) break;
      await new Promise((done) => setTimeout(done, PAUSE));
      if (playing !== own) break;
    }
    if (playing === own) stop();
  });
  at("at").addEventListener("change", stop);

  // --- Live --------------------------------------------------------------------------------------
  const source = new EventSource("api/events");
  let first = true;
  source.onmessage = (event) => {
    const told = JSON.parse(event.data);
    for (const run of told.runs) runs.set(run.name, run);
    for (const name of told.gone) { runs.delete(name); drawn.delete(name); }
    if (first) for (const run of [...runs.values()].filter((r) => r.status !== "damaged").slice(0, FIRST)) drawn.add(run.name);
    const once = first;
    first = false;
    listStudies(told.studies);
    fill();
    fetchAll();
    if (once) recall();
  };
  source.onopen = () => { at("live").hidden = false; };
  source.onerror = () => { at("live").hidden = true; };
})();
