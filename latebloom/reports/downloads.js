// The curves to take along: the picture as it is drawn now, and the numbers behind it.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent), holder = document.getElementById("chart");

  // A row for each evaluation.
  function table() {
    const head = ["step", "seconds", "loss", ...data.series.map((one) => one.name)];
    return csvOf([head, ...data.steps.map((step, i) => [step, data.seconds[i], data.loss[i], ...data.series.map((one) => one.values[i])])]);
  }
  function numbers() {
    const accuracy = Object.fromEntries(data.series.map((one) => [one.name, one.values]));
    return JSON.stringify({ step: data.steps, seconds: data.seconds, loss: data.loss, accuracy, phases: data.phases }, null, 1);
  }

  const kinds = { SVG: () => standalone([holder.querySelector("svg")]), CSV: table, JSON: numbers };
  document.getElementById("take").append(makeOffers("the curves", "curves", kinds));
})();
