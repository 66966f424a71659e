// The recorded pictures of a model that is not inside its page: of all of them, which stand below each
// other where no script runs, one question or line at one checkpoint is shown.
(() => {
  const box = document.getElementById("recorded");
  if (!box) return;
  const pictures = [...box.querySelectorAll("figure")], choices = box.querySelector(".choices");
  const texts = (name) => [...new Set(pictures.map((one) => one.dataset[name]))];
  // A list of values, each with the text that stands for it.
  const choice = (label, values, textOf, chosen) => {
    const told = choices.appendChild(document.createElement("label")), select = document.createElement("select");
    select.setAttribute("aria-label", `${label} of the picture`);
    told.append(`${label} `, select);
    for (const value of values) select.add(new Option(textOf(value), value));
    select.value = chosen;
    select.addEventListener("change", show);
    return select;
  };
  // Two lines may begin alike, and so are told apart by their numbers.
  const numbers = texts("number"), steps = texts("at"), asked = choices.dataset.asked;
  const question = choice(asked[0].toUpperCase() + asked.slice(1), numbers, (number) => pictures.find((one) => one.dataset.number === number).dataset.question, numbers[0]);
  const at = choice("Checkpoint", steps, (step) => step, steps[steps.length - 1]);
  function show() {
    for (const one of pictures) {
      one.hidden = one.dataset.number !== question.value || one.dataset.at !== at.value;
      // What is asked for is read from the last columns.
      const grid = one.querySelector(".wide");
      if (!one.hidden) grid.scrollLeft = grid.scrollWidth;
    }
  }
  show();
})();
