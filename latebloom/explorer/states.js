// What every state of a pass would answer, as a table: the right answer and the bridges marked, and, of a pass
// with a state replaced, what the change reached.
//
// A state's five likeliest names, and what it looked at, are shown under the pointer and where the focus is.

const SIGNS = { answer: "\u25cf", bridge: "\u25c6" };
const ROLES = { answer: "the right answer", bridge: "a bridge" };

// Which names are marked: told is what /api/ask gives. Gives a name's role, or nothing.
function marksOf(told) {
  const answers = new Set(told.answers ? [told.truth] : [...told.known.map((one) => one.name), ...told.held_out]);
  const bridges = new Set(told.answers ? told.true_bridges : told.known.flatMap((one) => one.bridges.map((bridge) => bridge.name)));
  return (name) => answers.has(name) ? "answer" : bridges.has(name) ? "bridge" : undefined;
}

const signOf = (role) => role ? make("i", { "aria-hidden": "true", text: `${SIGNS[role]} ` }) : "";

// The states to take along: a row for what each of them would answer.
function rowsOfStates({ question, states }) {
  const rows = states.flatMap(({ loop, layer, guesses }) => guesses.map(({ name, probability }, position) => [loop, layer, position, question[position] ?? null, name, probability]));
  return [["loop", "layer", "position", "token", "name", "probability"], ...rows];
}

// A row for each boundary between layers, a column for each token. told: what /api/lens or /api/patch gives.
// roleOf: of names, as marksOf has it. onPick: told the cell that was clicked; null: cells are no buttons.
function stateTable(told, { roleOf, onPick = null, label = "What every state says" }) {
  const { question, states } = told, readout = makeReadout();
  const head = make("tr", {}, make("td"), ...question.map((word) => make("th", { scope: "col" }, nameNode(word, 18))));
  const cell = (state, { name, probability }, position) => {
    const { loop, layer, same } = state, role = roleOf(name), put = same && loop === told.loop && layer === told.layer && position === told.position;
    const aside = [ROLES[role], put && "put here", same && !put && (same[position] ? "as it was" : "reached by the change")].filter(Boolean).join("; ");
    const look = { class: ["state", role].filter(Boolean).join(" "), style: { "--share": probability.toFixed(3) } };
    const says = [signOf(role), nameNode(name, 18), ` ${percent(probability)}`, aside ? make("span", { class: "visually-hidden", text: `; ${aside}` }) : ""];
    const node = onPick ? make("button", { ...look, type: "button", "aria-pressed": "false", on: { click: () => onPick({ loop, layer, position, node }) } }, ...says) : make("span", look, ...says);
    const show = () => readout.show(node, tellState(told, state, position, roleOf));
    for (const kind of ["pointerenter", "focus"]) node.addEventListener(kind, show);
    for (const kind of ["pointerleave", "blur"]) node.addEventListener(kind, readout.hide);
    return make("td", { class: same && (put ? "put" : same[position] ? "same" : "reached") }, node);
  };
  const rows = states.map((state) => make("tr", {}, make("th", { scope: "row", text: `loop ${state.loop}, layer ${state.layer}` }), ...state.guesses.map((guess, position) => cell(state, guess, position))));
  return make("div", {}, make("div", { class: "wide", role: "group", tabindex: 0, "aria-label": label }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))), readout.node,
    makeOffers("these states", "states", { CSV: () => csvOf(rowsOfStates(told)), JSON: () => JSON.stringify(told, null, 1) }));
}

// What is shown of one state.
function tellState({ question }, { loop, layer, best, looks }, position, roleOf) {
  const row = ({ name, probability }) => make("li", { class: roleOf(name) }, make("span", {}, signOf(roleOf(name)), nameNode(name, 34)), make("span", { text: percent(probability) }));
  const seen = looks[position].flatMap(([key, share], i) => [i ? ", " : "", nameNode(question[key], 16), ` ${percent(share)}`]);
  return [make("b", {}, `loop ${loop}, layer ${layer}, at `, nameNode(question[position], 30)), make("ol", {}, ...best[position].map(row)), ...seen.length ? [make("p", {}, "looks at: ", ...seen)] : []];
}

// The panel beside a state, which stays there while the page is scrolled. It hears nothing and is not heard: what
// it shows is in the downloads, too.
function makeReadout() {
  const node = make("div", { class: "tip readout", hidden: true, "aria-hidden": "true" });
  let beside = null;
  function place() {
    const at = beside.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = node;
    node.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
    node.style.top = `${at.bottom + 8 + height < innerHeight ? at.bottom + 8 : Math.max(8, at.top - height - 8)}px`;
  }
  const escape = (event) => { if (event.key === "Escape") hide(); };
  function show(state, parts) {
    beside = state;
    node.replaceChildren(...parts);
    node.hidden = false;
    place();
    addEventListener("scroll", place, { passive: true, capture: true });
    addEventListener("keydown", escape);
  }
  function hide() {
    node.hidden = true;
    removeEventListener("scroll", place, { capture: true });
    removeEventListener("keydown", escape);
  }
  return { node, show, hide };
}
