// Trees over training: the projected tree of a sentence at every checkpoint, beside the gold one.
//
// A *series* is { name, words, gold, steps, treeAt(i): spans or null }. That of the first sentence is
// computed here, from the weights that the page holds; others were kept by `latebloom trees`.

const LONGEST_TREE = 40; // words: the work grows with their cube

// The series that `latebloom trees` kept.
const keptSeries = (lab) => (lab.data.grown ?? []).map(({ words, gold, trees }) => ({
  name: `kept: ${words.slice(0, 8).join(" ")}${words.length > 8 ? " \u2026" : ""}`, words, gold, steps: trees.map(([step]) => step), treeAt: (i) => trees[i][1],
}));

// The series of a sentence, which grows in the pauses between other work; `begin(onTree)` begins it.
function liveSeries(lab, tokens) {
  const { line } = lab.world.truthOf(tokens), whole = line !== null && line.gold.words > 0;
  const sentence = whole ? line.tokens.slice(0, line.gold.words + 1) : tokens, { loops } = lab.world.shapeOf(tokens);
  const trees = lab.data.checkpoints.map(() => null), words = lab.world.spell(sentence).slice(1), n = words.length;
  let stop = () => {};
  return {
    name: "the first sentence", words, gold: whole ? line.gold.spans : [], steps: lab.data.checkpoints.map((one) => one.step), treeAt: (i) => trees[i],
    // The checkpoint that is shown first, then the others.
    begin(first, onTree) {
      if (n < 2 || n > LONGEST_TREE) return;
      const order = [first, ...trees.keys()].filter((number, i, all) => all.indexOf(number) === i);
      let projection = null;
      stop = inSlices(order.flatMap((number) => Array.from({ length: n }, (_, begin) => ({ number, begin }))), ({ number, begin }) => {
        if (!begin) projection = makeProjection(lab.modelAt(number), sentence, loops);
        projection.look(begin);
        if (begin === n - 1) { trees[number] = projection.tree(); onTree(number); }
      }, () => {});
    },
    stop: () => stop(),
  };
}

const keyOf = ([first, last]) => `${first}.${last}`;
// How many brackets of the gold tree a tree has.
const sharedBy = (spans, gold) => { const own = new Set(spans.map(keyOf)); return gold.filter((span) => own.has(keyOf(span))).length; };

// Brackets of two words or more.
const bracketed = (spans) => spans.filter(([first, last]) => last > first);

// A row for each bracket of the gold tree, and of the projected tree at every step that is known.
function rowsOfSeries({ words, gold, steps, treeAt }) {
  const known = new Set(gold.map(keyOf));
  const rows = (tree, step, spans) => bracketed(spans).map(([first, last]) => [tree, step, first + 1, last + 1, words.slice(first, last + 1).join(" "), gold.length ? known.has(keyOf([first, last])) ? "yes" : "no" : null]);
  return [["tree", "step", "first word", "last word", "words", "in gold"], ...rows("gold", null, gold), ...steps.flatMap((step, i) => rows("predicted", step, treeAt(i) ?? []))];
}

// The same for JSON: words, and spans of words, first and last from 0; `shared`: how many of them are gold.
const tellSeries = ({ words, gold, steps, treeAt }) => ({
  words, gold: bracketed(gold), trees: steps.flatMap((step, i) => treeAt(i) ? [{ step, spans: bracketed(treeAt(i)), shared: gold.length ? sharedBy(treeAt(i), gold) : null }] : []),
});

function makeGrowing({ lab }) {
  if (!lab.world.hasTrees || !projects(lab.data.config)) return { node: "", draw() {} };
  const kept = keptSeries(lab);
  let series = null, at = 0, view = null, shown = "", timer = null;
  const which = make("select", { "aria-label": "Sentence of the trees" });
  const slider = make("input", { type: "range", min: 0, step: 1, "aria-label": "Step of the trees" }), told = make("output", { class: "step" }), play = make("button", { type: "button", text: "Play" });
  const says = make("p", { class: "said", role: "status" }), pair = make("div", { class: "trees" }), dots = make("div", { class: "strip" });
  const taken = makeOffers("these trees", "trees", { SVG: () => standalone([...pair.querySelectorAll("svg")]), CSV: () => csvOf(rowsOfSeries(series)), JSON: () => JSON.stringify(tellSeries(series), null, 1) });
  const panel = make("details", { class: "panel growing" }, make("summary", { text: "See its tree grow over training" }),
    make("p", { class: "hint", text: "How the model reads the words together: a phrase is a span whose states hardly change when nothing before it is seen (tree projection). Beside it stands the right tree, where the corpus has one; brackets that both have are green." }),
    make("div", { class: "tools" }, make("label", {}, "Sentence ", which)), dots, make("div", { class: "moves" }, play, slider, told), says, pair, taken);

  function choose(to) {
    series?.stop?.();
    halt();
    series = to;
    slider.max = series.steps.length - 1;
    play.disabled = slider.disabled = series.steps.length < 2;
    move(series.begin ? view.number : series.steps.length - 1);
    series.begin?.(at, (number) => { if (number === at) show(); else drawDots(); });
  }
  function fill() {
    const all = [liveSeries(lab, view.tokens), ...kept];
    which.replaceChildren(...all.map((one, i) => make("option", { value: i, text: visible(one.name, 70) })));
    which.onchange = () => choose(all[which.value]);
    choose(all[0]);
  }
  // The share of the gold tree's brackets at every step, as dots.
  function drawDots() {
    dots.hidden = !series.gold.length || series.steps.length < 2;
    if (dots.hidden) return;
    const { steps } = series, [from, to] = [steps[0], steps[steps.length - 1]], x = (i) => 10 + 580 * (steps[i] - from) / (to - from), y = (share) => 48 - 40 * share;
    const shares = steps.map((_, i) => series.treeAt(i) && sharedBy(series.treeAt(i), series.gold) / series.gold.length);
    const points = shares.map((share, i) => share === null ? null : [x(i), y(share), i]).filter(Boolean);
    dots.replaceChildren(svgNode("svg", { viewBox: "0 0 600 56", "aria-hidden": "true" },
      svgNode("path", { class: "line shared", d: points.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("") }),
      ...points.map(([cx, cy, i]) => svgNode("circle", { class: `own${i === at ? " here" : ""}`, cx, cy, r: i === at ? 5 : 3.5 }, svgNode("title", {}, `${stepName(steps[i])}: ${Math.round(shares[i] * series.gold.length)} of ${series.gold.length} brackets`)))));
  }
  function show() {
    const step = series.steps[at], tree = series.treeAt(at), { words, gold } = series;
    const name = stepName(step);
    told.textContent = name;
    slider.setAttribute("aria-valuetext", name);
    const both = tree ? sharedBy(tree, gold) : 0;
    says.textContent = words.length < 2 ? "One word has no tree." : !tree ? words.length > LONGEST_TREE ? `This sentence has ${words.length} words; trees are found of ${LONGEST_TREE} at most.` : "Reading the sentence \u2026"
      : gold.length ? `At ${name.replace("before training", "the beginning")} the projected tree has ${both} of the ${gold.length} brackets of the right tree.` : "No right tree is known of this sentence.";
    pair.replaceChildren(...tree ? [drawTree({ words, spans: tree, shared: gold, title: `projected, ${name}` }), ...gold.length ? [drawTree({ words, spans: gold, shared: tree, title: "right" })] : []] : []);
    taken.hidden = !tree;
    drawDots();
  }
  function move(to) {
    at = to;
    slider.value = to;
    show();
  }
  const halt = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  slider.addEventListener("input", () => { halt(); move(Number(slider.value)); });
  play.addEventListener("click", () => {
    if (timer) return halt();
    const last = series.steps.length - 1;
    if (at === last) move(0);
    play.textContent = "Stop";
    timer = setInterval(() => { if (at < last) move(at + 1); if (at >= last) halt(); }, 800);
  });
  const draw = (now) => {
    view = now;
    if (!panel.open) return;
    const key = view.tokens.join(".");
    if (key !== shown) { shown = key; fill(); } else if (series.begin && at !== view.number) move(view.number);
  };
  panel.addEventListener("toggle", () => { if (panel.open) draw(view); else { halt(); series?.stop?.(); shown = ""; } });
  return { node: panel, draw };
}
