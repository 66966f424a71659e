// The answer of a run as elements: what it says, what is true, and what each of its states would say.
//
// Names are shown by `nameNode` and `visible` of the report's names.js: as text, cut where they are
// very long, and with whatever cannot be seen in them written out.

// told: what /api/ask gives. lens: what /api/lens gives for the same question.
function answerNodes(told, lens) {
  return [make("p", {}, ...spaced(told.question)), ...statusOf(told), make("ul", { class: "answers" }, ...(told.answers ?? [...told.known, ...told.guesses]).map(guessNode)), ...truthOf(told), ...told.notes.map((note) => make("p", { class: "note", text: visible(note, 500) })), stateTable(lens)];
}

const spaced = (words) => words.flatMap((word, i) => [i ? " " : "", nameNode(word, 40)]);

// What a set of answers rests on.
function statusOf({ status, record }) {
  return status ? [make("p", { text: status + (record ? `; such guesses were right in ${record.right} of ${record.of} trials` : "") })] : [];
}

const guessNode = (guess) => make("li", {}, make("span", { text: percent(guess.probability) }), make("span", {}, nameNode(guess.name, 60), guess.status ? `, ${guess.status}` : ""));

// Whether the first answer is right, and whether training showed the question; of questions with one answer.
function truthOf(told) {
  if (!told.answers) return [];
  const way = told.true_bridges?.length ? [" through ", ...told.true_bridges.flatMap((name, i) => [i ? ", " : "", nameNode(name, 40)])] : [];
  const right = told.truth ? [make("p", {}, told.answers[0].name === told.truth ? "right: the facts say " : "wrong: the facts say ", nameNode(told.truth, 60), ...way)] : [];
  return [...right, make("p", { class: "faint", text: `this question was ${told.shown ? "trained on" : "never trained on"}` })];
}

// A row for each boundary between layers, a column for each token.
function stateTable({ question, states }) {
  const head = make("tr", {}, make("td"), ...question.map((word) => make("th", { scope: "col" }, nameNode(word, 18))));
  const cell = ({ name, probability }) => make("td", {}, make("span", { class: "state", style: { "--share": probability.toFixed(3) } }, nameNode(name, 18), ` ${percent(probability)}`));
  const rows = states.map((state) => make("tr", {}, make("th", { scope: "row", text: `loop ${state.loop}, layer ${state.layer}` }), ...state.guesses.map(cell)));
  return make("div", { class: "wide", role: "group", tabindex: 0, "aria-label": "What every state says" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}
