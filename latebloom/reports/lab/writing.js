// The field of a sentence: its words so far, to be written on by hand or by the model.

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
  return {
    node: make("div", { class: "writing" }, make("label", { for: id, text: "Words so far" }), field, said), tools: [on, less, next.node],
    show(result) {
      shown = result.tokens;
      [{ token: likeliest }] = result.answers;
      said.hidden = true;
      field.value = words();
      on.disabled = likeliest === 0 || !world.asks([...shown, likeliest]);
      less.disabled = shown.length < 2;
    },
  };
}

// How the line goes on that the sentence is taken from, and what each rule would choose next.
function tellLine(lab, tokens, truth) {
  const { words } = lab.world, { line, answer, rules, among } = truth, parts = [];
  if (line && tokens.length >= line.toldFrom) {
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
  const rows = result.answers.slice(0, MOST_WORDS).map(({ token, probability }) => {
    const role = lab.world.roleOf(token, result.tokens, truth, position);
    return make("li", { class: role, style: { "--share": probability.toFixed(3) } }, make("span", { class: "bar" }),
      make("span", { class: "says" }, SIGNS[role] ? make("i", { text: SIGNS[role], "aria-hidden": "true" }) : "", nameNode(words[token], 30)), make("span", { class: "share", text: percent(probability) }), SIGNS[role] ? make("span", { class: "visually-hidden", text: roles[role] }) : "");
  });
  const among = truth.among ?? [], shares = result.endShares, total = among.reduce((sum, token) => sum + shares[token], 0);
  if (!among.length || !lab.data.competing) return rows;
  const first = among.reduce((best, token) => shares[token] > shares[best] ? token : best);
  return [...rows, make("li", { class: "part" }, make("span", {}, `Of the ${lab.data.competing} it puts `, nameNode(words[first], 24, { class: first === truth.answer ? "answer" : "bridge" }), ` first, with ${percent(shares[first] / Math.max(total, 1e-12))} of what they have: ${first === truth.answer ? "right" : "wrong"}.`))];
}
