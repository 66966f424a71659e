// The curves of one training: right answers over steps, drawn as wide as there is room.
//
// Hovering, or the arrow keys, read every evaluation in the line below.

// curves: { steps, series: [{ name, values, light, dark, ood, main }] }. title: what is drawn, for whoever
// cannot see it. Returns `show(until)`: draws the training up to a step, on the axis of the whole.
function makeCurves(holder, { curves, title }) {
  const { steps, series } = curves, whole = new Intl.NumberFormat("en"), last = steps[steps.length - 1];
  const first = steps.find((step) => step > 0), reading = make("p", { class: "reading", "aria-live": "polite" });
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const legend = make("ul", { class: "legend" }, ...series.map((one) => make("li", { class: one.ood ? "ood" : undefined, style: { "--light": one.light, "--dark": one.dark }, text: one.name })));
  for (const [name, value] of Object.entries({ role: "img", tabindex: 0, "aria-label": `${title}; arrow keys read the evaluations` })) picture.setAttribute(name, value);
  holder.append(picture, legend, reading);
  let until = last, chosen = -1, x = () => 0;

  const node = (tag, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return picture.appendChild(made);
  };
  const shownSteps = () => steps.map((step, i) => i).filter((i) => steps[i] > 0 && steps[i] <= until);

  function draw() {
    const width = Math.max(picture.clientWidth, 240), height = 220, left = 44, right = width - 12, top = 10, bottom = height - 40;
    x = (step) => left + (right - left) * Math.log(Math.max(step, first) / first) / Math.log(last / first);
    const y = (share) => bottom - 4 - (bottom - top - 8) * share;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.replaceChildren();
    node("rect", { class: "ground", x: left, y: top, width: right - left, height: bottom - top });
    for (const share of [0, 0.5, 1]) {
      node("line", { class: "grid-line", x1: left, x2: right, y1: y(share), y2: y(share) });
      node("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, `${100 * share} %`);
    }
    for (const step of [10, 20, 50, 100, 200, 500, 1000].filter((one) => one >= first && one <= last)) node("text", { x: x(step), y: bottom + 17, "text-anchor": "middle" }, whole.format(step));
    node("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, "training steps (log scale)");
    const drawn = shownSteps();
    for (const one of series) {
      const line = node("path", { class: `line hued${one.ood ? " ood" : ""}`, d: drawn.map((i, at) => `${at ? "L" : "M"}${x(steps[i]).toFixed(1)} ${y(one.values[i]).toFixed(1)}`).join("") });
      line.style.setProperty("--light", one.light);
      line.style.setProperty("--dark", one.dark);
    }
    if (until < last) node("text", { class: "open", x: Math.min(right - 4, x(until) + 10), y: y(0.5), "text-anchor": x(until) > (left + right) / 2 ? "end" : "start" }, "and then?");
    if (drawn.includes(chosen)) node("line", { class: "cross", x1: x(steps[chosen]), x2: x(steps[chosen]), y1: top, y2: bottom });
  }
  function read(i) {
    chosen = i;
    draw();
    reading.textContent = `Step ${whole.format(steps[i])}: ${series.map((one) => `${one.name} ${percent(one.values[i])}`).join(", ")}`;
  }
  const readNearest = (event) => {
    const at = event.clientX - picture.getBoundingClientRect().left;
    read(shownSteps().reduce((best, i) => Math.abs(x(steps[i]) - at) < Math.abs(x(steps[best]) - at) ? i : best));
  };
  picture.addEventListener("pointermove", readNearest);
  picture.addEventListener("pointerdown", readNearest);
  picture.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key], drawn = shownSteps();
    if (move === undefined) return;
    event.preventDefault();
    const at = drawn.indexOf(chosen) < 0 ? drawn.length - 1 : drawn.indexOf(chosen) + move;
    read(drawn[Math.min(drawn.length - 1, Math.max(0, at))]);
  });
  let width = 0;
  new ResizeObserver(() => { if (picture.clientWidth !== width) { width = picture.clientWidth; draw(); } }).observe(picture);
  return (step) => {
    until = step;
    const drawn = shownSteps();
    read(drawn[drawn.length - 1]);
  };
}
