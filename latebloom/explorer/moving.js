// Moving a state: a cell of another question's table is picked and put in the place of a cell of the first
// question's; or a cell of the first is replaced where it stands. The server (or the notebook) works it out.
//
// A *cell* is { loop, layer, position, node, where }: loops from 1, layers as boundaries, positions from 0.

// get, base: as `answered` has them. lens: of the first question. roleOf: its marks. Gives the nodes below the answer.
function makeMoving(get, base, lens, roleOf) {
  let from = null, to = null, other = []; // picked cells, and the words of the other question
  const says = make("p", { class: "note", role: "status", text: "To change a state, click its cell. To take it from another question, look into that one, click a cell there, and then the cell that it is to replace." });
  const second = make("div", {}), results = make("div", {});
  const press = () => { for (const one of [...first.querySelectorAll(".state"), ...second.querySelectorAll(".state")]) one.setAttribute("aria-pressed", String(one === from?.node || one === to?.node)); };
  const where = (cell, words) => [`loop ${cell.loop}, layer ${cell.layer}, at `, nameNode(words[cell.position], 40)];
  const tell = (...what) => { says.className = "note"; says.replaceChildren(...what); };

  async function put(cell, by, inWords) {
    tools.hidden = true;
    from = to = null;
    press();
    const place = [["loop", cell.loop], ["layer", cell.layer], ["position", cell.position]], asked = lens.question.map((word) => ["q", word]);
    try {
      const moved = await get("api/patch", base.concat(asked, place, by));
      results.prepend(movedNode(moved, roleOf, [...where(cell, lens.question), " replaced by ", ...inWords]));
      tell("The newest change stands first. What it reached is shaded, where it was made is framed, and what is hatched is as it was.");
    } catch (error) { says.className = "warning"; says.textContent = visible(error.message, 400); }
  }
  function pickThere(cell) {
    [from, to, tools.hidden] = [cell, null, true];
    press();
    tell("Picked ", ...where(cell, other), " of the other question. Now click the cell that it is to replace.");
  }
  function pickHere(cell) {
    const at = from;
    if (at) {
      put(cell, [...other.map((word) => ["from", word]), ["from_loop", at.loop], ["from_layer", at.layer], ["from_position", at.position]], [...where(at, other), " of ", ...spaced(other)]);
      return;
    }
    [to, tools.hidden] = [cell, false];
    press();
    tell("Picked ", ...where(cell, lens.question), ". Replace it by:");
  }

  const name = make("input", { type: "text", "aria-label": "name whose embedding is put there", placeholder: "a name", autocomplete: "off" });
  const replace = (text, by, inWords) => make("button", { type: "button", text, on: { click: () => put(to, by(), inWords()) } });
  const tools = make("div", { class: "controls", hidden: true },
    replace("noise", () => [["noise", 7]], () => ["noise as long as itself"]), replace("its mean over questions", () => [["mean", "true"]], () => ["its mean over questions"]),
    name, replace("the embedding of that name", () => [["embedding", name.value]], () => ["the embedding of ", nameNode(name.value, 40)]));
  const asking = make("input", { type: "text", "aria-label": "another question", placeholder: "another question", autocomplete: "off" });
  const look = make("form", { class: "controls", on: { submit: async (event) => {
    event.preventDefault();
    try {
      const told = await get("api/lens", base.concat(wordsOf(asking.value).map((word) => ["q", word])));
      const marks = marksOf(await get("api/ask", base.concat(told.question.map((word) => ["q", word]))));
      [other, from] = [told.question, null];
      second.replaceChildren(make("p", {}, ...spaced(other)), stateTable(told, { roleOf: marks, onPick: pickThere, label: "What every state of the other question says" }));
    } catch (error) { second.replaceChildren(make("p", { class: "warning", text: visible(error.message, 400) })); }
  } } }, asking, make("button", { type: "submit", text: "Look into it" }));
  const first = stateTable(lens, { roleOf, onPick: pickHere }), legend = make("p", { class: "note", text: `${SIGNS.answer} is ${ROLES.answer}, ${SIGNS.bridge} ${ROLES.bridge}. Hover over a state, or come to it with Tab, for its five likeliest names and what it looked at.` });
  return [first, legend, says, tools, look, second, results];
}

// What came of one change: the answers before and after side by side, and the states of the changed pass.
function movedNode(moved, roleOf, change) {
  const answers = (title, guesses) => make("div", {}, make("p", { class: "faint", text: title }), make("ul", { class: "answers" }, ...guesses.map(guessNode)));
  const node = make("section", { class: "moved", "aria-label": "A state replaced" }, make("p", {}, ...change),
    make("div", { class: "pair" }, answers("before", moved.before), answers("after", moved.after)),
    stateTable(moved, { roleOf, label: "What every state says after the change" }), make("button", { type: "button", text: "Take back", on: { click: () => node.remove() } }));
  return node;
}
