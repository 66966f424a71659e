// A question to guess at: what follows it stays closed until the reader has chosen.

const guesses = [];

// form: radios, a button and an output; `data-opens` is the id of what it opens, `data-right` the right
// choice. onOpen: called once, when it is opened.
function makeGuess(form, onOpen = () => {}) {
  const after = document.getElementById(form.dataset.opens), said = form.querySelector("output"), button = form.querySelector("button");
  after.hidden = true;
  const open = () => {
    if (!after.hidden) return;
    after.hidden = false;
    button.hidden = true;
    onOpen();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = new FormData(form).get("guess");
    if (chosen === null) {
      said.textContent = "Choose one first: a wrong guess is worth more than none.";
      return;
    }
    said.textContent = chosen === form.dataset.right ? "That is what happens. Read on:" : "It comes out otherwise. Read on:";
    open();
  });
  guesses.push(open);
}
