// The training: a slider over the checkpoints that the page holds, beside the accuracy curves.

// curves: what page.js draws as well. restored: [step, share] of what a trace found. rings: what `own` shows, in
// words. onMove: told the number of a checkpoint that is to be shown. What
// is shown besides is `own`, for each checkpoint the probability of the right answer to the question.
function makeTraining({ checkpoints, curves, restored = [], rings = "how probable the right answer to the first question was", onMove }) {
  const last = checkpoints.length - 1;
  const slider = make("input", { type: "range", min: 0, max: last, step: 1, value: last, "aria-label": "Checkpoint" });
  const play = make("button", { type: "button", text: "Play" }), told = make("output", { class: "step" });
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("aria-hidden", "true");
  play.disabled = slider.disabled = last === 0; // there is nowhere to go
  let timer = null, number = last, own = checkpoints.map(() => null);

  const node = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return picture.appendChild(made);
  };
  const steps = curves.steps, first = steps.find((step) => step > 0) ?? 1, end = Math.max(steps[steps.length - 1], checkpoints[last].step, 1);
  const log = curves.log && end > first;
  let width = 600, height = 74;
  const x = (step) => 8 + (width - 16) * (log ? Math.log(Math.max(step, first) / first) / Math.log(end / first) : step / end);
  const y = (share) => height - 8 - (height - 16) * share;
  const phaseAt = (step) => checkpoints.find((one) => one.step === step)?.phase;

  function draw() {
    width = Math.max(picture.clientWidth, 200);
    height = Math.max(picture.clientHeight, 40);
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.replaceChildren();
    for (const series of curves.series.filter((one) => one.main || curves.series.length < 3)) {
      const line = node("path", { class: `line${series.ood ? " ood" : ""}`, d: series.values.map((v, i) => v === null ? "" : `${i && series.values[i - 1] !== null ? "L" : "M"}${x(steps[i]).toFixed(1)} ${y(v).toFixed(1)}`).join("") });
      line.style.setProperty("--light", series.light);
      line.style.setProperty("--dark", series.dark);
      line.classList.add("hued");
    }
    const tip = (made, text) => made.append(svgNode("title", {}, text));
    if (restored.length) node("path", { class: "line restored", d: restored.map(([step, share], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(share).toFixed(1)}`).join("") });
    for (const [step, share] of restored) tip(node("circle", { class: "spot", cx: x(step), cy: y(share), r: 5 }), `${stepName(step)}: ${percent(share)} brought back`);
    node("line", { class: "cross", x1: x(checkpoints[number].step), x2: x(checkpoints[number].step), y1: 2, y2: height - 2 });
    own.forEach((share, i) => { if (share !== null) tip(node("circle", { class: `own${i === number ? " here" : ""}`, cx: x(checkpoints[i].step), cy: y(share), r: i === number ? 5 : 3.5 }), `${stepName(checkpoints[i].step)}: ${percent(share)}`); });
  }
  function move(to) {
    number = to;
    slider.value = to;
    const { step } = checkpoints[to], phase = step > 0 ? phaseAt(step) : "", text = stepName(step) + (phase ? `, ${phase}` : "");
    told.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    draw();
    document.dispatchEvent(new CustomEvent("latebloom:at", { detail: step }));
  }
  const halt = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  slider.addEventListener("input", () => { halt(); onMove(Number(slider.value)); });
  play.addEventListener("click", () => {
    if (timer) return halt();
    if (number === last) onMove(0);
    play.textContent = "Stop";
    timer = setInterval(() => { if (number >= last) halt(); else onMove(number + 1); if (number >= last) halt(); }, 800);
  });
  const nearest = (step) => checkpoints.reduce((best, one, i) => Math.abs(x(one.step) - x(step)) < Math.abs(x(checkpoints[best].step) - x(step)) ? i : best, 0);
  picture.addEventListener("pointerdown", (event) => {
    const area = picture.getBoundingClientRect(), at = event.clientX - area.left;
    halt();
    onMove(checkpoints.reduce((best, one, i) => Math.abs(x(one.step) - at) < Math.abs(x(checkpoints[best].step) - at) ? i : best, 0));
  });
  new ResizeObserver(() => { if (picture.clientWidth && Math.max(picture.clientWidth, 200) !== width) draw(); }).observe(picture);
  document.addEventListener("latebloom:go", (event) => { halt(); onMove(nearest(event.detail)); });
  const bar = make("div", { class: "training" }, make("div", { class: "strip" }, picture), make("div", { class: "moves" }, play, slider, told));
  const names = curves.series.filter((one) => one.main).map((one) => one.name), lines = names.length ? `the accuracy of ${names.join(" and ")}` : "the accuracy of each split";
  const note = make("p", { class: "note", text: `Lines: ${lines} over training. Rings: ${rings} at each checkpoint that this page holds.${restored.length ? " Dotted: the share of answers that moving the bridge from another question brings back (latebloom trace); where it rises beside held-out accuracy, the circuit forms." : ""}` });
  return { nodes: [bar, note], move, show(to, shares) { own = shares; move(to); } };
}
