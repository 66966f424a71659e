// The recorded pictures of a model that is not inside its page: of all of them, which stand below each
// other where no script runs, one question at one checkpoint is shown.
(() => {
  const box = document.getElementById("recorded");
  if (!box) return;
  const pictures = [...box.querySelectorAll("figure")], texts = (name) => [...new Set(pictures.map((one) => one.dataset[name]))];
  const choice = (label, values, chosen) => {
    const told = box.querySelector(".choices").appendChild(document.createElement("label")), select = document.createElement("select");
    select.setAttribute("aria-label", `${label} of the picture`);
    told.append(`${label} `, select);
    for (const value of values) select.add(new Option(value));
    select.value = chosen;
    select.addEventListener("change", show);
    return select;
  };
  const questions = texts("question"), steps = texts("at");
  const question = choice("Question", questions, questions[0]), at = choice("Checkpoint", steps, steps[steps.length - 1]);
  function show() {
    for (const one of pictures) one.hidden = one.dataset.question !== question.value || one.dataset.at !== at.value;
  }
  show();
})();
