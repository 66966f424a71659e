// A grid: one cell for each state of a pass, a row a layer, a column a token of the question.
//
// A cell names what its state would answer if the model ended there. Bridges and answers are marked by
// a sign as well as by a colour. Arrow keys move, Enter picks or places, and so do click and drag.

const SIGNS = { answer: "\u25cf", bridge: "\u25c6" };

const boundaryName = (loops, layers, loop, boundary) => {
  const inLoop = loops > 1 ? `loop ${loop + 1}, ` : "";
  return inLoop + (boundary === 0 ? "enters" : layers > 1 ? `after layer ${boundary}` : "leaves");
};

// The rows that are drawn: where the state goes on from loop to loop, a loop enters with what the one
// before left, which is drawn once.
function rowsOf(lab, result) {
  const carries = Boolean(FEEDBACKS[lab.data.config.feedback].carries), rows = [];
  for (let loop = 0; loop < result.loops; loop++)
    for (let boundary = carries && loop ? 1 : 0; boundary <= lab.data.config.n_layers; boundary++) rows.push({ loop, boundary });
  return rows;
}

// What is said of a state to whoever cannot see the grid, and to whoever hovers over it.
function tellCell(lab, result, truth, { loop, boundary, position }) {
  const { words } = lab.world, cell = result.cells[loop][boundary][position];
  const looked = boundary ? lab.lookedAt(result, loop, boundary - 1, position) : null;
  const seen = looked ? looked.map((share, at) => ({ share, at })).filter(({ share }) => share >= 0.005).sort((a, b) => b.share - a.share).slice(0, 8) : [];
  return {
    place: `${boundaryName(result.loops, lab.data.config.n_layers, loop, boundary)}, at ${visible(words[result.tokens[position]])}`,
    guesses: cell.best.map(({ token, probability }) => ({ word: words[token], share: percent(probability), role: lab.world.roleOf(token, result.tokens, truth, position) })),
    seen: seen.map(({ share, at }) => `${visible(words[result.tokens[at]], 16)} ${percent(share)}`).join(", "),
  };
}

// side: which question. marks: { picked, puts, cone, changed(cell) }. onAct: told the place that was
// clicked or entered; null where nothing can be done.
function makeGrid({ lab, result, truth, side, label, marks = {}, onAct, onShow }) {
  const { words } = lab.world, shape = lab.world.shapeOf(result.tokens), steps = lab.world.stepsOf(result.tokens);
  const table = make("table", { class: "grid", role: "grid", "aria-label": label, "data-side": side });
  // Words that always stand at their place need no name for it.
  const named = (position) => shape.fixed[position] !== null ? "" : shape.places[position] + (steps.some((step) => step.position === position && step.readable) ? " \u2192 bridge" : "");
  table.append(make("thead", {}, make("tr", {}, make("td", { class: "corner" }), ...result.tokens.map((token, position) =>
    make("th", { scope: "col" }, nameNode(words[token], 18), make("small", { text: named(position) }))))));
  const body = table.appendChild(make("tbody"));
  let stop = true; // the first cell is the one that Tab comes to
  for (const { loop, boundary } of rowsOf(lab, result)) {
    const row = body.appendChild(make("tr", { class: boundary === 0 && loop ? "loop" : undefined }, make("th", { scope: "row", text: boundaryName(result.loops, lab.data.config.n_layers, loop, boundary) })));
    for (let position = 0; position < result.n; position++) {
      const place = { loop, boundary, position }, [first] = result.cells[loop][boundary][position].best;
      const role = lab.world.roleOf(first.token, result.tokens, truth, position), same = (other) => other && other.loop === loop && other.boundary === boundary && other.position === position;
      const put = (marks.puts ?? []).some(same), inCone = marks.cone?.[loop][boundary][position], told = tellCell(lab, result, truth, place);
      const states = [role, same(marks.picked) && "picked", put && "put", marks.cone && (inCone ? "cone" : "outside"), marks.changed?.(place) && "changed"].filter(Boolean);
      // For whoever hears the grid: what colours, signs and hatching show, where this is, what comes next.
      const aside = [lab.world.roles[role], put && "placed here", marks.changed?.(place) && "changed", marks.cone && !inCone && "cannot change"].filter(Boolean).map((one) => `${one};`).join(" ");
      const rest = `${told.place}; then ${told.guesses.slice(1, 3).map((guess) => `${visible(guess.word)} ${guess.share}`).join(", ")}`;
      row.append(make("td", {
        class: states.join(" "), role: "gridcell", tabindex: stop ? 0 : -1, style: { "--share": first.probability.toFixed(3) },
        "data-place": [loop, boundary, position].join("."), "aria-selected": marks.picked ? String(Boolean(same(marks.picked))) : undefined,
      }, make("span", { class: "says" }, SIGNS[role] ? make("i", { "aria-hidden": "true", text: SIGNS[role] }) : "", nameNode(words[first.token], 14)), " ", make("span", { class: "share", text: percent(first.probability) }), make("span", { class: "visually-hidden", text: `; ${aside} ${rest}` })));
      stop = false;
    }
  }
  const placeOf = (cell) => { const [loop, boundary, position] = cell.dataset.place.split(".").map(Number); return { loop, boundary, position }; };
  const cellUnder = (event) => event.target.closest?.("[data-place]");
  const focus = (cell) => {
    for (const other of body.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  };
  table.addEventListener("keydown", (event) => {
    const cell = cellUnder(event);
    if (!cell) return;
    const rows = [...body.rows], y = rows.indexOf(cell.parentElement), x = cell.cellIndex;
    const to = { ArrowUp: [y - 1, x], ArrowDown: [y + 1, x], ArrowLeft: [y, x - 1], ArrowRight: [y, x + 1], Home: [y, 1], End: [y, result.n] }[event.key];
    if (to) {
      event.preventDefault();
      const next = rows[to[0]]?.cells[to[1]];
      if (next?.dataset.place) focus(next);
    } else if ((event.key === "Enter" || event.key === " ") && onAct) {
      event.preventDefault();
      onAct(placeOf(cell));
    }
  });
  if (onAct) table.addEventListener("click", (event) => { const cell = cellUnder(event); if (cell) onAct(placeOf(cell)); });
  const show = (event) => { const cell = cellUnder(event); onShow(cell ? tellCell(lab, result, truth, placeOf(cell)) : null, cell); };
  table.addEventListener("pointerover", show);
  table.addEventListener("focusin", show);
  for (const kind of ["pointerleave", "focusout"]) table.addEventListener(kind, () => onShow(null));
  return make("div", { class: "wide" }, table);
}

// The panel that shows what one state says, beside it; one for the whole page.
function makeReadout() {
  const panel = document.body.appendChild(make("div", { class: "tip readout", hidden: true, "aria-hidden": "true" }));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") panel.hidden = true; });
  window.addEventListener("scroll", () => { panel.hidden = true; }, { passive: true });
  return (told, cell) => {
    panel.hidden = !told;
    if (!told) return;
    panel.replaceChildren(make("b", { text: told.place }), make("table", {}, ...told.guesses.map((guess) =>
      make("tr", {}, make("td", { class: guess.role }, `${SIGNS[guess.role] ?? ""} `, nameNode(guess.word, 34)), make("td", { text: guess.share })))));
    if (told.seen) panel.append(make("p", { text: `looks at: ${told.seen}` }));
    const at = cell.getBoundingClientRect(), width = panel.offsetWidth, height = panel.offsetHeight;
    const below = at.bottom + 8 + height < innerHeight;
    panel.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
    panel.style.top = `${below ? at.bottom + 8 : Math.max(8, at.top - height - 8)}px`;
  };
}
