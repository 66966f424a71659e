// The answer of a run as elements: what it says, what is true, and what each of its states would say.
//
// Names are shown by `nameNode` and `visible` of the report's names.js: as text, cut where they are
// very long, and with whatever cannot be seen in them written out.

// The words of a question as it is typed; names with spaces inside stand in quotes.
const wordsOf = (text) => [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2]);

// Asks, and gives what is to be shown. get(path, pairs): the answer of the API. base: pairs that say which
// run and checkpoint. asked: the words; none: a held-out question.
async function answered(get, base, asked) {
  const example = asked.length ? null : await get("api/lens", base), query = base.concat((example?.question ?? asked).map((word) => ["q", word]));
  const told = await get("api/ask", query);
  if (isChoice(told)) return choiceNodes(told);
  return [...answerNodes(told), ...makeMoving(get, base, example ?? await get("api/lens", query), marksOf(told))];
}

// Whether the answer is a choice among the entities of a table of numbers, such as `half-life above 24`.
const isChoice = (told) => told.untold !== undefined;

// told: what /api/ask gives.
function answerNodes(told) {
  return [make("p", {}, ...spaced(told.question)), ...statusOf(told), make("ul", { class: "answers" }, ...(told.answers ?? [...told.known, ...told.guesses]).map(guessNode)), ...truthOf(told), ...told.notes.map((note) => make("p", { class: "note", text: visible(note, 500) }))];
}

const spaced = (words) => words.flatMap((word, i) => [i ? " " : "", nameNode(word, 40)]);

// What an answer rests on, in the words of `latebloom ask`.
const STATUS = {
  told: "told: the table holds the answer", follows: "follows: told facts lead to the answer",
  inferred: "inferred: one fact on the way was never told", "never told": "never told: nothing in the table leads to an answer",
};
function statusOf({ status, record }) {
  return status ? [make("p", { text: (STATUS[status] ?? status) + (record ? `; such guesses were right in ${record.right} of ${record.of} trials` : "") })] : [];
}

const guessNode = (guess) => make("li", {}, make("span", { text: percent(guess.probability) }), make("span", {}, nameNode(guess.name, 60), guess.status ? `, ${guess.status}` : ""));

// Whether the first answer is right, and whether training showed the question; of questions with one answer.
function truthOf(told) {
  if (!told.answers) return [];
  const way = told.true_bridges?.length ? [" through ", ...told.true_bridges.flatMap((name, i) => [i ? ", " : "", nameNode(name, 40)])] : [];
  const right = told.truth ? [make("p", {}, told.answers[0].name === told.truth ? "right: the facts say " : "wrong: the facts say ", nameNode(told.truth, 60), ...way)] : [];
  return [...right, make("p", { class: "faint", text: `this question was ${told.shown ? "trained on" : "never trained on"}` })];
}

const MOST_UNTOLD = 10; // entities without a number that are named

// The entities that a question chooses, with what the table says and what the model recalls of each.
function choiceNodes(told) {
  const { question, unit, told: chosen, untold, model_names: named, model_adds: added } = told, inUnit = (number) => `${Number(number.toPrecision(6))}${unit ? ` ${visible(unit, 20)}` : ""}`;
  const row = (one) => make("tr", {}, make("th", { scope: "row" }, nameNode(one.name, 60)), make("td", { class: "number", text: inUnit(one.number) }), make("td", { class: "number", text: inUnit(one.recalled) }), make("td", { class: "number", text: percent(one.probability) }));
  const head = make("tr", {}, ...["name", "the table says", "the model recalls", "how surely"].map((text, i) => make("th", { scope: "col", class: i ? "number" : undefined, text })));
  const table = make("div", { class: "wide", role: "group", tabindex: 0, "aria-label": "What the question chooses" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...chosen.map(row))));
  const wrongly = added ? `, and ${added} more wrongly` : "";
  return [
    make("p", {}, ...spaced(question)), make("p", { text: chosen.length ? `${told.status}: the table chooses ${chosen.length}; the model names ${named} of them${wrongly}` : `${told.status}: no number of the table lies there` }), ...chosen.length ? [table] : [],
    ...untold.length ? [make("p", { class: "faint" }, "left out, since the table has no number of them: ", ...untold.slice(0, MOST_UNTOLD).flatMap((name, i) => [i ? ", " : "", nameNode(name, 40)]), untold.length > MOST_UNTOLD ? ` and ${untold.length - MOST_UNTOLD} more` : "")] : [],
    make("p", { class: "note", text: "There is no lens of a selection: it is read from one recalled value of every entity, not from one pass of the model. Ask for a single value to see its states." }),
  ];
}
