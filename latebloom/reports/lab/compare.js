// Comparing: the first question, put to this model and to another checkpoint or another run.

// title: of this run. ask: told the tokens of a question that is to be the first one. onChange: called
// when something else is compared with.
function makeComparing({ lab, title, ask, onShow, onChange }) {
  const whole = new Intl.NumberFormat("en"), nameOf = ({ step }) => stepName(step);
  const { noun } = viewOf(lab);
  let other = null, view = null, follows = true, chosen = 0, stop = () => {}; // other: { lab, title }
  const says = make("p", { class: "said", role: "status" }), pair = make("div", { class: "pair" }), counts = make("div", { class: "counts" });
  let grids = []; // those that are shown, as downloads want them
  const taken = makeDownloads("these grids", "compared", () => grids);
  const which = make("select", { "aria-label": "Compare with" }), at = make("select", { "aria-label": "Checkpoint of the other model" });
  const differ = make("button", { type: "button", text: `Find a ${noun} that only one of them gets right` }), count = make("button", { type: "button", text: "Count over the splits" });
  const files = makeFileChoice({ text: "Choose another report\u2026", accept: ".html,.htm,.json", onFile: takeFile });
  const keep = make("button", { type: "button", text: "Save this laboratory (JSON)", on: { click: () => save("laboratory.json", "application/json", writeCarried(lab.data, lab.data.checkpoints.map((_, i) => lab.packed(i)))) } });
  const known = { own: { lab, title } };
  const numberOf = () => follows ? nearestTo(other.lab.data.checkpoints, lab.data.checkpoints[view.number].step) : chosen;

  const panel = make("details", { class: "panel comparing" }, make("summary", { text: "Compare with another checkpoint, or another run" }),
    make("p", { class: "hint", text: `The first ${noun} is put to both. Another run comes from its report.html: choose the file, or drop it anywhere on this page. Nothing in the file runs, and nothing leaves this page.` }),
    make("div", { class: "tools" }, make("label", {}, "Compare with ", which), make("label", {}, "its checkpoint ", at), ...files, keep),
    says, pair, taken, make("div", { class: "tools" }, differ, count), counts);

  function fill() {
    which.replaceChildren(make("option", { value: "own", text: "another checkpoint of this run" }), known.file ? make("option", { value: "file", text: visible(known.file.title, 60) }) : "");
    which.value = other === known.file ? "file" : "own";
    at.replaceChildren(other === known.own ? "" : make("option", { value: "", text: "the nearest to the slider" }), ...other.lab.data.checkpoints.map((one, i) => make("option", { value: i, text: nameOf(one) })));
    at.value = follows ? "" : chosen;
  }
  function choose(to) {
    other = to;
    follows = false;
    chosen = to === known.own ? Math.floor((lab.data.checkpoints.length - 1) / 2) : to.lab.data.checkpoints.length - 1;
    fill();
    redraw();
  }
  async function takeFile(file) {
    panel.open = true;
    says.className = "said";
    says.textContent = `Reading ${visible(file.name, 60)} \u2026`;
    try {
      if (file.size > LARGEST_FILE) throw new BadFile(`it has more than ${LARGEST_FILE / 1e6} MB`);
      known.file = readCarried(await file.text(), file.name);
      window.latebloom.other = known.file.lab.api;
      choose(known.file);
      says.textContent = `${visible(known.file.title, 60)} stands beside this run.`;
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      says.className = "said warning";
      says.textContent = `${visible(file.name, 60)} cannot be compared: ${visible(error.message, 300)}.`;
    }
    panel.scrollIntoView({ block: "nearest" });
  }

  // One side: what it is, its answers, its grid.
  function side(id, one, number, asked, words) {
    const node = make("div", { role: "group", "aria-labelledby": `title-${id}` }, make("h4", { id: `title-${id}` }, nameNode(one.title, 60), `, ${nameOf(one.lab.data.checkpoints[number])}`));
    if (asked.why) { node.append(make("p", { class: "note" }, ...asked.why)); return node; }
    const result = one.lab.run(number, asked.tokens), truth = one.lab.world.truthOf(asked.tokens);
    grids.push({ lab: one.lab, result, truth, title: one.title, step: one.lab.data.checkpoints[number].step });
    if (words !== null && truth.answer !== null && one.lab.world.words[truth.answer] !== words) node.append(make("p", { class: "note" }, "In the facts of this run the answer is ", nameNode(one.lab.world.words[truth.answer], 40), "."));
    node.append(make("ol", { class: "answers" }, ...viewOf(one.lab).tellAnswers(one.lab, result, truth)), makeGrid({ lab: one.lab, result, truth, side: id, label: `The first ${noun}, answered by ${visible(one.title, 60)}`, onShow }));
    return node;
  }
  function draw(now) {
    view = now;
    stop();
    counts.replaceChildren();
    if (!panel.open) return;
    if (!other) return choose(known.own);
    const truth = lab.world.truthOf(view.tokens), answer = truth.answer === null ? null : lab.world.words[truth.answer];
    grids = [];
    pair.replaceChildren(side("m", known.own, view.number, { tokens: view.tokens }, answer), side("o", other, numberOf(), inOtherWorld(lab, other.lab, view.tokens), answer));
  }
  const redraw = () => { draw(view); onChange(); };

  // Held-out questions; those that a run is judged by first, the hardest of them before the others.
  const heldOut = () => {
    const splits = lab.world.splits.filter((split) => lab.world.size(split) && !split.trained).reverse();
    return [...splits.filter((split) => split.judged), ...splits.filter((split) => !split.judged)];
  };
  // Runs of two seeds have two worlds, in which the same question may have two answers.
  const facts = (items) => {
    const apart = items.filter((item) => sameTruth(lab, other.lab, item) === false).length;
    return apart ? ` The facts of the two runs differ: ${percent(apart / items.length)} of these questions have another answer there.` : "";
  };
  let tried = 0; // so that the next search goes on behind the last
  differ.addEventListener("click", () => {
    stop();
    const all = heldOut().flatMap((split) => sharedQuestions(lab, other.lab, split)), items = all.map((_, i) => all[(tried + i) % all.length]);
    let found = null;
    const look = (item) => { tried++; const both = askBoth(lab, view.number, other.lab, numberOf(), item); if (both.mine !== both.theirs) found = { item, both }; return found !== null; };
    stop = inSlices(items, look, (done, ended) => {
      says.className = "said";
      if (!ended) { says.textContent = `Asked both ${done} questions \u2026`; return; }
      if (found) ask(found.item.mine);
      says.textContent = found ? `A question of ${found.item.split.name} that ${found.both.mine ? "this model" : "the other model"} alone gets right.` : `Of ${items.length} held-out questions there is none that only one of them gets right.`;
    });
  });
  count.addEventListener("click", () => {
    stop();
    const items = lab.world.splits.filter((split) => lab.world.size(split)).flatMap((split) => sharedQuestions(lab, other.lab, split)), rows = new Map();
    const ask = (item) => {
      const row = rows.get(item.split.name) ?? { n: 0, mine: 0, theirs: 0, differ: 0 }, both = askBoth(lab, view.number, other.lab, numberOf(), item);
      rows.set(item.split.name, { n: row.n + 1, mine: row.mine + both.mine, theirs: row.theirs + both.theirs, differ: row.differ + !both.same });
    };
    stop = inSlices(items, ask, (done, ended) => {
      says.className = "said";
      says.textContent = ended ? `Both were asked ${whole.format(items.length)} questions.` : `Asked both ${done} of ${items.length} questions \u2026`;
      const counted = [...rows].map(([split, row]) => ({ split, asked: row.n, "right here": row.mine / row.n, "right there": row.theirs / row.n, differ: row.differ / row.n }));
      counts.replaceChildren(make("div", { class: "wide", role: "group", tabindex: 0, "aria-label": "Counts over the splits" }, tableOf(["split", "asked", "right here", "right there", "differ"], counted.map(({ split, asked, ...shares }) => [split, whole.format(asked), ...Object.values(shares).map(percent)]))),
        ended ? makeOffers("these counts", "counts", { CSV: () => csvOf(fieldsAbove(counted)), JSON: () => JSON.stringify(counted, null, 1) }) : "",
        make("p", { class: "note", text: `Asked: at most ${EACH} questions of a split, evenly spaced. Right is what follows from the facts of each run. Differ: questions to which the two give different answers.${facts(items)}` }));
    });
  });
  which.addEventListener("change", () => choose(known[which.value]));
  at.addEventListener("change", () => { follows = at.value === ""; chosen = Number(at.value); redraw(); });
  panel.addEventListener("toggle", redraw);
  takeDroppedFiles({ onFile: takeFile, onOver: (over) => panel.classList.toggle("over", over) });
  return {
    node: panel, draw,
    // The step of another checkpoint of this run that is compared with; null where nothing is, or a file.
    get step() { return panel.open && other === known.own ? lab.data.checkpoints[chosen].step : null; },
    // Compares with that checkpoint of this run.
    restore(step) {
      const number = lab.data.checkpoints.findIndex((one) => one.step === step);
      if (number < 0) return;
      other = known.own; follows = false; chosen = number; panel.open = true;
      fill();
    },
  };
}

// A table: names of its columns, and rows of texts; all but the first are numbers.
function tableOf(columns, rows) {
  return make("table", {}, make("thead", {}, make("tr", {}, ...columns.map((name, i) => make("th", { scope: "col", class: i ? "number" : undefined, text: name })))),
    make("tbody", {}, ...rows.map(([first, ...rest]) => make("tr", {}, make("th", { scope: "row", text: first }), ...rest.map((text) => make("td", { class: "number", text }))))));
}
