// The laboratory: two questions side by side, what every state says, what comes of moving one.

// One question: its fields, the facts behind it, the answer, its grid.
function makeQuestion({ lab, side, title, onAsk, onNext }) {
  let shown = null; // the grid, as downloads want it
  const { world } = lab, view = viewOf(lab), facts = make("p", { class: "facts" });
  const answers = make("ol", { class: "answers" }), grid = make("div"), splits = world.splits.filter((split) => world.size(split));
  const choice = make("select", { "aria-label": `Where the ${title.toLowerCase()} comes from` }, make("option", { value: "", text: "in no split", disabled: true, hidden: true }), ...splits.map((split, i) => make("option", { value: i, text: split.name })));
  const next = make("button", { type: "button", text: "Another", on: { click: () => onNext(splits[choice.value || splits.length - 1]) } });
  choice.addEventListener("change", () => onNext(splits[choice.value]));
  const fields = view.makeFields({ lab, title, onAsk });
  const node = make("section", { class: "question", "aria-labelledby": `title-${side}` }, make("h3", { id: `title-${side}`, text: title }), fields.node,
    make("div", { class: "from" }, choice, next, ...fields.tools), facts, answers, grid, makeDownloads("this grid", `${title.toLowerCase().replace(" ", "-")}`, () => [shown]));
  let asked = "";
  return {
    node,
    show(result, truth, drawn, step) {
      shown = { lab, result, truth, title, step };
      fields.show(result, truth);
      const [split] = truth.splits;
      choice.value = split ? splits.indexOf(split) : "";
      choice.title = split ? split.holds : "";
      facts.replaceChildren(...view.tellTruth(lab, result.tokens, truth));
      answers.replaceChildren(...view.tellAnswers(lab, result, truth));
      keepScrolled(grid, drawn, result.tokens.join(".") === asked);
      asked = result.tokens.join(".");
    },
  };
}

// Puts a grid into its place. One that is wider than the page stays where it was scrolled to; of another
// question its end is shown, where the answer comes.
function keepScrolled(place, drawn, same) {
  const before = place.firstElementChild?.scrollLeft ?? 0;
  place.replaceChildren(drawn);
  drawn.scrollLeft = same ? before : drawn.scrollWidth;
}

function startLaboratory(root) {
  const text = (id) => document.getElementById(id).textContent;
  const lab = makeLaboratory(JSON.parse(text("lab-data")), (number) => text(`weights-${number}`)), { world } = lab, view = viewOf(lab), { noun } = view;
  const layers = lab.data.config.n_layers, last = lab.data.checkpoints.length - 1, show = makeReadout();
  const state = { number: last, a: null, b: null, picked: null }, placing = makePlacing(), turns = {};
  const titles = { a: `First ${noun}`, b: `Second ${noun}` }, says = make("p", { class: "visually-hidden", "aria-live": "polite" });

  // Another question of a split, one after the other.
  const nextOf = (side, split) => {
    const key = side + split.name, at = turns[key] = ((turns[key] ?? (side === "a" ? -1 : 0)) + 1) % world.size(split);
    return world.row(split, at).tokens;
  };
  const ask = (side, tokens) => { state[side] = tokens; state.picked = null; placing.restore("a", []); render(); };
  const questions = Object.fromEntries(["a", "b"].map((side) => [side, makeQuestion({ lab, side, title: titles[side], onAsk: (tokens) => ask(side, tokens), onNext: (split) => ask(side, nextOf(side, split)) })]));
  const training = makeTraining({ checkpoints: lab.data.checkpoints, curves: JSON.parse(text("data")), restored: lab.data.restored, rings: view.rings, onMove: (number) => { state.number = number; render(); } });
  const outcome = make("div", { class: "outcome" });
  const title = lab.data.title ?? "this run", askFirst = (tokens) => { ask("a", tokens); };
  const comparing = makeComparing({ lab, title, ask: askFirst, onShow: show, onChange: () => writeAddress() });
  const growing = makeGrowing({ lab });
  const browser = makeBrowser({ lab, ask: (tokens) => { askFirst(tokens); questions.a.node.scrollIntoView({ block: "start" }); } });
  root.append(...training.nodes, make("div", { class: "pair" }, questions.a.node, questions.b.node), make("p", { class: "note", text: view.caption(lab) }), outcome, growing.node, comparing.node, browser.node, says);
  root.classList.add(`of-${world.reads}`);

  const act = (side, place) => {
    const { picked } = state, own = side === "c" ? placing.target : side;
    if (picked && picked.side !== own) {
      placing.place(picked.side, picked.place, place);
      state.picked = null;
    } else if (side !== "c") state.picked = picked && samePlace(picked.place, place) ? null : { side, place };
    render();
    if (state.picked) says.textContent = `Picked a state of the ${titles[side].toLowerCase()}. Choose a place in the other ${noun} and press Enter; Escape lets it go.`;
  };
  makeDragging(root, (from, to) => {
    if (from.side === (to.side === "c" ? placing.target : to.side)) return;
    placing.place(from.side, from.place, to.place);
    state.picked = null;
    render();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.picked) { state.picked = null; says.textContent = "Let go."; render(); }
    const command = (event.ctrlKey || event.metaKey) && event.target.tagName !== "INPUT" ? event.key : "";
    if (command === "z" && placing.canUndo) { event.preventDefault(); placing.undo(); render(); }
    if ((command === "Z" || command === "y") && placing.canRedo) { event.preventDefault(); placing.redo(); render(); }
  });

  const words = (tokens, { position }) => nameNode(world.words[tokens[position]], 30);
  const history = makeHistory({
    placing, onGo: (i) => { state.picked = null; render(); history.focus(i); },
    tell({ target, puts }) {
      const { from, to } = puts[puts.length - 1], runs = Object.fromEntries(["a", "b"].map((side) => [side, lab.run(state.number, state[side])]));
      return [...tellSource(lab, from, runs[otherSide(target)]), " → ", `${boundaryName(runs[target].loops, layers, to.loop, to.boundary)}, at `, words(runs[target].tokens, to), ` of the ${titles[target].toLowerCase()}`];
    },
  });

  function drawOutcome(runs, truths) {
    history.draw();
    const target = runs[placing.target], source = runs[otherSide(placing.target)];
    const button = (label, action, disabled) => make("button", { type: "button", text: label, disabled, on: { click: action } });
    const suggests = [state.a, state.b].some((tokens) => world.stepsOf(tokens).length);
    const tools = make("div", { class: "tools" },
      suggests ? button("Suggest a state to move", () => {
        const place = suggest(lab, state.number, target, source);
        if (place) placing.place(otherSide(placing.target), place, place);
        render();
        if (!place) says.textContent = outcome.querySelector(".hint").textContent = "At this checkpoint no single state on the way, moved to the same place, brings the answer that follows from it.";
      }) : "",
      button("Undo", () => { placing.undo(); render(); }, !placing.canUndo), button("Redo", () => { placing.redo(); render(); }, !placing.canRedo), button("Clear", () => { placing.clear(); render(); }, !placing.puts.length),
      hasAddress() && button("Copy link", (event) => { navigator.clipboard?.writeText(location.href).then(() => { event.target.textContent = "Copied"; }, () => { event.target.textContent = "Copy the address"; }); }) || "");
    // A picked state can be replaced where it stands, too.
    const replacing = () => {
      if (!state.picked) return [];
      const { side, place } = state.picked;
      return [makeReplacing(lab, runs[side].tokens, place, (from) => { placing.place(otherSide(side), from, place); state.picked = null; render(); })];
    };
    const hint = make("p", { class: "hint" }), heading = make("h3", { id: "title-c", text: "Intervene" });
    if (!placing.puts.length) {
      hint.textContent = state.picked ? `A state of the ${titles[state.picked.side].toLowerCase()} is picked: choose a place in the other ${noun}, or replace it.`
        : view.invites;
      outcome.replaceChildren(heading, hint, ...replacing(), tools, history.node);
      return null;
    }
    const result = runPlaced(lab, state.number, target, source, placing.puts), cone = coneOf(lab.data.config, result.n, result.loops, placing.puts.map((put) => put.to));
    const best = (run, { loop, boundary, position }) => run.cells[loop][boundary][position].best[0].token;
    const changed = (place) => best(result, place) !== best(target, place);
    const [before] = target.answers, [after] = result.answers, word = (token, role) => nameNode(world.words[token], 30, { class: role });
    const both = { answers: [truths.a.answer, truths.b.answer], found: [...truths.a.found, ...truths.b.found] };
    const named = (token) => both.answers.includes(token) ? "answer" : "";
    hint.replaceChildren(...(after.token === before.token ? ["The answer stays ", word(after.token, named(after.token)), `, now with ${percent(after.probability)}.`]
      : ["The answer changes from ", word(before.token, named(before.token)), ` (${percent(before.probability)}) to `, word(after.token, named(after.token)), ` (${percent(after.probability)})`, after.token === truths[otherSide(placing.target)].answer ? `, the answer of the other ${noun}.` : "."]));
    const guesses = (title, { answers }) => make("div", {}, make("h4", { text: title }), make("ol", { class: "answers" }, ...answers.slice(0, 3).map((guess) => guessLine(lab, guess, named(guess.token) || "other"))));
    const beforeAfter = make("div", { class: "before-after" }, guesses("before", target), guesses("after", result));
    const list = make("ol", { class: "history" }, ...placing.puts.map(({ from, to }) => make("li", {}, ...tellSource(lab, from, source), ", put onto ", `${boundaryName(target.loops, layers, to.loop, to.boundary)}, at `, word(target.tokens[to.position]))));
    const scrolled = outcome.querySelector(".wide")?.scrollLeft, drawn = makeGrid({
      lab, result, truth: both, side: "c", label: `${titles[placing.target]}, with what was put into it`, marks: { puts: placing.puts.map((put) => put.to), cone, changed }, onAct: (place) => act("c", place), onShow: show,
    });
    outcome.replaceChildren(heading, hint, beforeAfter, ...replacing(), list, tools, history.node, drawn, make("p", { class: "note", text: `The ${titles[placing.target].toLowerCase()} with what was put into it (double line): only what is not hatched can depend on it, and underlined names are others than before. Marked is what belongs to either ${noun}.` }), makeDownloads("this grid", "grid", () => [{ lab, result, truth: both, title: `${titles[placing.target]}, with what was put into it`, step: lab.data.checkpoints[state.number].step }]));
    drawn.scrollLeft = scrolled ?? drawn.scrollWidth;
    return result;
  }

  // The probability of the right answer at every checkpoint, found in the pauses between other work.
  let waiting = null;
  function followTraining(tokens, truth) {
    clearTimeout(waiting);
    const own = lab.data.checkpoints.map(() => null);
    training.show(state.number, own);
    if (truth.answer === null) return;
    const step = (i) => {
      if (i > last) return training.show(state.number, own);
      const { answers, cells, loops, n } = lab.pass(i, tokens);
      const named = answers.find((one) => one.token === truth.answer);
      own[i] = named ? named.probability : cells[loops - 1][layers][n - 1].shares[truth.answer];
      waiting = setTimeout(step, 0, i + 1);
    };
    waiting = setTimeout(step, 60, 0);
  }

  function writeAddress() {
    const { step } = lab.data.checkpoints[state.number];
    const link = writeLink({ step, a: state.a, b: state.b, target: placing.target, puts: placing.puts, beside: comparing.step });
    if (started) showAddress(link);
  }

  let followed = "";
  function render() {
    const began = performance.now(), focused = document.activeElement?.closest?.("[data-place]");
    const again = focused && [focused.closest("[data-side]").dataset.side, focused.dataset.place];
    const runs = { a: lab.run(state.number, state.a), b: lab.run(state.number, state.b) }, truths = { a: world.truthOf(state.a), b: world.truthOf(state.b) };
    for (const side of ["a", "b"]) questions[side].show(runs[side], truths[side], makeGrid({
      lab, result: runs[side], truth: truths[side], side, label: titles[side], marks: { picked: state.picked?.side === side ? state.picked.place : undefined }, onAct: (place) => act(side, place), onShow: show,
    }), lab.data.checkpoints[state.number].step);
    drawOutcome(runs, truths);
    show(null);
    if (again) root.querySelector(`[data-side="${again[0]}"] [data-place="${again[1]}"]`)?.focus();
    comparing.draw({ number: state.number, tokens: state.a });
    growing.draw({ number: state.number, tokens: state.a });
    browser.draw({ number: state.number });
    writeAddress();
    const key = state.a.join(".");
    if (key !== followed) { followed = key; followTraining(state.a, truths.a); } else training.move(state.number);
    root.dataset.milliseconds = (performance.now() - began).toFixed(1);
    says.textContent = `${outcome.querySelector(".hint").textContent}`;
  }

  let started = false;
  const restore = () => {
    const link = readLink(lab, location.hash);
    if (!link) return false;
    Object.assign(state, { number: link.number, a: link.a, b: link.b, picked: null });
    placing.restore(link.target, link.puts);
    if (link.beside !== null) comparing.restore(link.beside);
    return true;
  };
  if (!restore()) {
    const judged = world.splits.filter((split) => world.size(split) && split.judged), splits = judged.length ? judged : world.splits.filter((split) => world.size(split));
    state.a = nextOf("a", splits[splits.length - 1]);
    state.b = world.besideOf(state.a);
  }
  render();
  started = true;
  window.addEventListener("hashchange", () => { if (restore()) render(); });
  window.latebloom = lab.api;
}

startLaboratory(document.getElementById("lab"));
