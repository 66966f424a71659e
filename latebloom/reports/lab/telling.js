// What is said of a question: the facts behind it, its answers, and how its grid is read.

const captionOf = (lab) => `Each cell names what its state would answer if the model stopped there: a column is a token, a row a layer, the darker the surer; ${SIGNS.bridge} is a ${lab.world.roles.bridge}, ${SIGNS.answer} the right answer.`;

// The facts that an answer follows from, and whether training showed the question itself.
function tellFacts(lab, tokens, truth) {
  const { words } = lab.world, parts = truth.answers ? tellSetFacts(lab, truth) : tellPath(lab, truth);
  const shown = { true: "Trained on this very question.", false: "Never trained on this question." }[truth.shown];
  if (shown) parts.push(make("span", { class: "seen", text: ` ${shown}` }));
  return parts;
}

// The facts behind a question with one answer.
function tellPath(lab, truth) {
  const { words } = lab.world, parts = [], chain = lab.data.derives === "chain";
  truth.path.forEach((fact, i) => {
    if (!chain || i === 0) parts.push(nameNode(words[fact.subject], 24));
    parts.push(make("span", { class: "arrow" }, " \u2014 ", nameNode(words[fact.relation], 20), " \u2192 "), nameNode(words[fact.object], 24, { class: fact.object === truth.answer && (i === truth.path.length - 1 || !chain) ? "answer" : "bridge" }));
    if (fact.ood) parts.push(make("abbr", { title: "an OOD fact: told on its own, never part of a composed question in training", text: "OOD" }));
    if (!chain) parts.push("; ");
  });
  if (truth.answer !== null && !chain) parts.push("so ", nameNode(words[truth.answer], 20, { class: "answer" }));
  if (truth.answer === null) parts.push("The facts do not tell the answer.");
  return parts;
}

function tellAnswers(lab, result, truth) {
  if (truth.answers) return tellSet(lab, result.number, result, truth);
  return result.answers.slice(0, 3).map((guess) => guess.token === truth.answer ? guessLine(lab, guess, "answer", { heard: "right" }) : guessLine(lab, guess, "other"));
}

// A guess as a line of a list. role: whose sign it bears, if any; aside: what is said behind its name; heard: what is
// said to those who do not see the sign.
function guessLine(lab, { token, probability }, role, { aside = "", heard = "" } = {}) {
  return make("li", { class: role, style: { "--share": probability.toFixed(3) } }, make("span", { class: "bar" }),
    make("span", { class: "says" }, SIGNS[role] ? make("i", { text: SIGNS[role], "aria-hidden": "true" }) : "", nameNode(lab.world.words[token], 30), aside ? make("small", { class: "faint", text: aside }) : ""),
    make("span", { class: "share", text: percent(probability) }), heard ? make("span", { class: "visually-hidden", text: heard }) : "");
}
