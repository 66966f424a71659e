// The field of a sentence: its words so far, to be written on by hand or by the model, or taken from a line
// up to whichever of its words is to be asked for.

// A list of the words of a line, judged ones first. onPick: told the tokens before the one that was picked.
function makeWordChoice({ world, title, onPick }) {
  const choice = make("select", { "aria-label": `Ask for which word of the ${title.toLowerCase()}` }), node = make("label", { class: "word-choice" }, "Ask for ", choice);
  let line = null;
  choice.addEventListener("change", () => { world.pickFrom(line); onPick(line.tokens.slice(0, Number(choice.value))); });
  const fill = () => {
    const places = [...line.tokens.keys()].slice(1), judged = new Set(line.askedAt);
    const group = (label, some) => some.length ? [make("optgroup", { label }, ...some.map((at) => make("option", { value: at, text: `word ${at}, ${visible(world.words[line.tokens[at]], 16)}` })))] : [];
    choice.replaceChildren(...group("judged", places.filter((at) => judged.has(at))), ...group("others", places.filter((at) => !judged.has(at))));
  };
  return {
    node,
    show(tokens, truth) {
      const same = truth.line === line;
      line = truth.line;
      node.hidden = line === null;
      if (line && !same) fill();
      choice.value = tokens.length;
    },
  };
}

// title: of the sentence. onAsk: told the tokens that are to be read.
function makeSentenceField({ lab, title, onAsk }) {
  const { world } = lab, id = `sentence-${title.toLowerCase().replaceAll(" ", "-")}`;
  const field = make("input", { id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": `${id}-said` }), said = make("p", { id: `${id}-said`, class: "said warning", role: "status", hidden: true });
  let shown = null;
  const words = () => world.spell(shown).slice(1).join(" ");
  const read = () => {
    if (shown && field.value === words()) return;
    try {
      onAsk(world.read(field.value.split(/\s+/).filter(Boolean)));
    } catch (error) {
      said.hidden = false;
      said.textContent = `This cannot be read: ${visible(error.message, 200)}.`;
    }
  };
  field.addEventListener("change", read);
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); read(); } });
  // A word that was picked or that the model says, put behind; as long as the page shows so many.
  const behind = (token) => { const longer = world.asks([...shown, token]); if (longer) onAsk(longer); };
  let likeliest = null;
  const on = make("button", { type: "button", text: "Write on what it says", on: { click: () => behind(likeliest) } });
  const less = make("button", { type: "button", text: "One word less", on: { click: () => onAsk(shown.slice(0, -1)) } });
  const next = makePicker({ label: "or write on", words: world.words, pool: world.pools[0], token: world.pools[0][0], onPick: behind });
  const choice = makeWordChoice({ world, title, onPick: onAsk });
  return {
    node: make("div", { class: "writing" }, make("label", { for: id, text: "Words so far" }), field, said), tools: [choice.node, on, less, next.node],
    show(result, truth) {
      shown = result.tokens;
      [{ token: likeliest }] = result.answers;
      said.hidden = true;
      field.value = words();
      on.disabled = likeliest === 0 || !world.asks([...shown, likeliest]);
      less.disabled = shown.length < 2;
      choice.show(shown, truth);
    },
  };
}

// How the line goes on that the sentence is taken from, and what each rule would choose next.
function tellLine(lab, tokens, truth) {
  const { words } = lab.world, { line, tells, answer, rules } = truth, parts = [];
  if (tells) {
    parts.push("In the corpus it goes on: ", nameNode(words[line.tokens[tokens.length]], 24, { class: "answer" }), ` ${line.tokens.slice(tokens.length + 1).map((token) => visible(words[token], 24)).join(" ")}. `);
  } else if (answer !== null) parts.push("Next comes ", nameNode(words[answer], 24, { class: "answer" }), ". ");
  else parts.push("This page does not know what comes next. ");
  rules.forEach(([name, token], i) => parts.push(i ? "; " : "By rule: ", make("span", { class: "faint", text: `${name.replaceAll("_", " ")} ` }), nameNode(words[token], 24, { class: token === answer ? "answer" : "bridge" }), i === rules.length - 1 ? ". " : ""));
  const shown = { true: "Trained on this very line.", false: "Never trained on this line." }[truth.shown];
  if (shown) parts.push(make("span", { class: "seen", text: shown }));
  return parts;
}

const MOST_WORDS = 5; // of the next words that are written out

// The next words, and which of those that compete comes first.
function tellWords(lab, result, truth) {
  const { words, roles } = lab.world, position = result.n - 1;
  const rows = result.answers.slice(0, MOST_WORDS).map((guess) => {
    const role = lab.world.roleOf(guess.token, result.tokens, truth, position);
    return guessLine(lab, guess, role, { heard: SIGNS[role] ? roles[role] : "" });
  });
  const among = truth.among ?? [], shares = result.endShares, total = among.reduce((sum, token) => sum + shares[token], 0);
  if (!among.length || !lab.data.competing) return rows;
  const first = among.reduce((best, token) => shares[token] > shares[best] ? token : best);
  return [...rows, make("li", { class: "part" }, make("span", {}, `Of the ${lab.data.competing} it puts `, nameNode(words[first], 24, { class: first === truth.answer ? "answer" : "bridge" }), ` first, with ${percent(shares[first] / Math.max(total, 1e-12))} of what they have: ${first === truth.answer ? "right" : "wrong"}.`))];
}
