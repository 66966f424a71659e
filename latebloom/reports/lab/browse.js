// The world: facts and questions as a list, with what the model answers to each at this checkpoint.

const PAGE = 12; // rows at a time

// ask: told the tokens of a question that is to be the first one.
function makeBrowser({ lab, ask }) {
  const { world } = lab, whole = new Intl.NumberFormat("en"), lists = listsOf(lab);
  let view = null, list = lists[0], token = world.named[0], rows = [], replies = [], page = 0, stop = () => {}, judged = -1;
  const what = make("select", { "aria-label": "List" }, ...lists.map((one, i) => make("option", { value: i, text: one.name })));
  const only = make("select", { "aria-label": "Which of them" }, ...KEEPS.map((one, i) => one.ofFacts && !world.named.length ? "" : make("option", { value: i, text: one.name })));
  const name = make("div", { class: "of" }), says = make("p", { class: "said", role: "status" }), table = make("div", { class: "wide listed", role: "group", tabindex: 0, "aria-label": "The list" });
  const turn = (text, by) => make("button", { type: "button", text, on: { click: () => { page += by; show(); } } });
  const back = turn("Earlier", -1), on = turn("Later", 1), place = make("span", { class: "faint" });
  const listed = () => kept().map(({ row, reply }) => plain(row, reply));
  const taken = makeOffers("the list", "world", { CSV: () => csvOf(fieldsAbove(listed())), JSON: () => JSON.stringify(listed(), null, 1) });
  const panel = make("details", { class: "panel browsing" }, make("summary", { text: "Browse the world" }),
    make("p", { class: "hint", text: "What is true, what training showed, and what the model has wrong at the checkpoint of the slider. A click on a line asks it." }),
    make("div", { class: "tools" }, make("label", {}, "List ", what), name, make("label", {}, "show ", only)), says, table, make("div", { class: "tools" }, back, on, place), taken);
  const picker = world.named.length ? makePicker({ label: "name", words: world.words, pool: world.named, token, onPick: (one) => { token = one; begin(); } }) : null;
  if (picker) name.append(picker.node);

  const kept = () => rows.map((row, i) => ({ row, reply: replies[i] })).filter(({ row, reply }) => KEEPS[only.value].keeps(row, reply));
  const trainedOn = { true: "trained", false: "never trained" };
  const plain = (row, reply) => ({
    question: row.names.map((one) => world.words[one]).join(" "), answer: row.answers.map((one) => world.words[one]).join("; "), ood: row.ood ? "OOD" : "", training: trainedOn[row.shown] ?? "unknown",
    model: reply ? world.words[reply.token] : "", probability: reply ? reply.probability : "", right: reply ? String(row.answers.includes(reply.token)) : "",
  });

  function line({ row, reply }) {
    const words = row.names.flatMap((one, i) => [i ? " " : "", nameNode(world.words[one], 20)]), right = reply && row.answers.includes(reply.token);
    const some = row.answers.slice(0, 3).flatMap((one, i) => [i ? ", " : "", nameNode(world.words[one], 20)]);
    return make("tr", {},
      make("th", { scope: "row" }, row.tokens ? make("button", { type: "button", class: "line", on: { click: () => ask(row.tokens) } }, ...words) : make("span", {}, ...words)),
      make("td", {}, ...some, row.answers.length > 3 ? ` and ${row.answers.length - 3} more` : row.answers.length ? "" : "not told"),
      make("td", {}, trainedOn[row.shown] ?? "", row.ood ? make("abbr", { title: "rests on an OOD fact: told on its own, never part of a composed question in training", text: "OOD" }) : ""),
      make("td", { class: reply ? right ? "right" : "wrong" : undefined }, ...(reply ? [make("i", { "aria-hidden": "true", text: right ? SIGNS.answer : "\u2715" }), make("span", { class: "visually-hidden", text: right ? "right: " : "wrong: " }), nameNode(world.words[reply.token], 20), ` ${percent(reply.probability)}`] : [row.tokens ? "\u2026" : ""])));
  }
  function show() {
    const all = kept(), pages = Math.max(1, Math.ceil(all.length / PAGE)), focused = [...table.querySelectorAll("button")].indexOf(document.activeElement);
    page = Math.min(Math.max(page, 0), pages - 1);
    table.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...["question", "answer", "training", "the model says"].map((text) => make("th", { scope: "col", text })))),
      make("tbody", {}, ...all.slice(page * PAGE, (page + 1) * PAGE).map(line))));
    if (focused >= 0) table.querySelectorAll("button")[focused]?.focus();
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
    taken.hidden = !all.length;
    place.textContent = all.length ? `${whole.format(page * PAGE + 1)} to ${whole.format(Math.min(all.length, (page + 1) * PAGE))} of ${whole.format(all.length)}` : "none";
    const asked = replies.filter(Boolean).length, right = rows.filter((row, i) => replies[i] && row.answers.includes(replies[i].token)).length;
    const { step } = lab.data.checkpoints[view.number], of = !list.of && world.splits.some((split) => list.name.startsWith(`${split.name}:`) && world.size(split) > rows.length) ? " (evenly spaced; the split has more)" : "";
    says.textContent = rows.length ? `${asked < rows.filter((row) => row.tokens).length ? "So far " : ""}${whole.format(right)} of ${whole.format(asked)} right at step ${whole.format(step)}${of}. ${viewOf(lab).counts(rows, whole)}` : "There are none.";
  }
  // Asks every row at the checkpoint that is shown, in the pauses between other work.
  function judge() {
    stop();
    judged = view.number;
    replies = rows.map(() => null);
    let shown = performance.now();
    stop = inSlices(rows, (row, i) => { if (row.tokens) replies[i] = lab.first(judged, row.tokens); }, (_, ended) => { if (ended || performance.now() - shown > 250) { shown = performance.now(); show(); } });
    show();
  }
  function begin() {
    list = lists[what.value];
    name.hidden = !list.of;
    rows = list.rows(token);
    page = 0;
    judge();
  }
  what.addEventListener("change", begin);
  only.addEventListener("change", () => { page = 0; show(); });
  panel.addEventListener("toggle", () => { if (panel.open) begin(); else stop(); });
  return {
    node: panel,
    draw(now) {
      view = now;
      if (panel.open && judged !== view.number) judge();
    },
  };
}
