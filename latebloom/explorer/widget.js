// The explorer's question and answer in a notebook's cell; Python answers its messages.

function render({ model, el }) {
  const waiting = new Map();
  let count = 0;
  const hear = (told) => {
    const one = waiting.get(told?.number);
    if (!one) return;
    waiting.delete(told.number);
    if (told.detail === undefined) one.done(told.answer); else one.failed(new Error(told.detail));
  };
  model.on("msg:custom", hear);
  const get = (path, query) => new Promise((done, failed) => {
    waiting.set(++count, { done, failed });
    model.send({ number: count, path, query: query.filter(([key]) => key !== "name") });
  });
  const at = make("select", { "aria-label": "checkpoint" }), question = make("input", { type: "text", "aria-label": "question", placeholder: "names with spaces between; those with spaces inside in quotes", autocomplete: "off" });
  const answer = make("div", { class: "latebloom-answer", "aria-live": "polite" });
  const form = make("form", { on: { submit: async (event) => {
    event.preventDefault();
    try {
      answer.replaceChildren(...await answered(get, at.value ? [["step", at.value]] : [], wordsOf(question.value)));
    } catch (error) { answer.replaceChildren(make("p", { class: "warning", text: visible(error.message, 400) })); }
  } } }, make("label", {}, "checkpoint ", at), question, make("button", { type: "submit", text: "Ask" }));
  el.replaceChildren(make("div", { class: "latebloom" }, form, answer, make("p", { class: "note", text: "Nothing in the field asks a held-out question. Below the answer stands what each state of the model would answer; a click on a cell puts something else in its place." })));
  get("api/steps", []).then((steps) => at.replaceChildren(...[...steps].reverse().map((step) => make("option", { value: step, text: `step ${step}` }))));
  return () => model.off("msg:custom", hear);
}

export default { render };
