// The curves to take along: the picture as it is drawn now, and the numbers behind it.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent), holder = document.getElementById("chart");
  const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-size", "font-weight", "font-family"];

  // The picture by itself: what the page's style says of each part is written into it.
  function picture() {
    const drawn = holder.querySelector("svg"), alone = drawn.cloneNode(true), parts = drawn.querySelectorAll("*");
    alone.querySelectorAll("*").forEach((part, i) => {
      const style = getComputedStyle(parts[i]);
      for (const name of DRAWN) part.setAttribute(name, style.getPropertyValue(name));
      part.removeAttribute("class");
      part.removeAttribute("style");
    });
    for (const [name, value] of Object.entries({ xmlns: "http://www.w3.org/2000/svg", width: drawn.clientWidth, style: `background: ${getComputedStyle(document.body).backgroundColor}` })) alone.setAttribute(name, value);
    return new XMLSerializer().serializeToString(alone);
  }
  // A row for each evaluation.
  function table() {
    const head = ["step", "seconds", "loss", ...data.series.map((one) => one.name)];
    return csvOf([head, ...data.steps.map((step, i) => [step, data.seconds[i], data.loss[i], ...data.series.map((one) => one.values[i])])]);
  }
  function numbers() {
    const accuracy = Object.fromEntries(data.series.map((one) => [one.name, one.values]));
    return JSON.stringify({ step: data.steps, seconds: data.seconds, loss: data.loss, accuracy, phases: data.phases }, null, 1);
  }

  const KINDS = { SVG: ["curves.svg", "image/svg+xml", picture], CSV: ["curves.csv", "text/csv", table], JSON: ["curves.json", "application/json", numbers] };
  for (const button of document.querySelectorAll("#take button")) {
    const [name, type, content] = KINDS[button.textContent];
    button.addEventListener("click", () => save(name, type, content()));
  }
})();
