// Downloads: what a grid shows, as a picture or as numbers.

// Every state's likeliest names, as rows.
function rowsOfRun(lab, result) {
  const { words } = lab.world;
  return rowsOf(lab, result).flatMap(({ loop, boundary }) => result.tokens.flatMap((token, position) =>
    result.cells[loop][boundary][position].best.map((guess, rank) => ({
      loop: loop + 1, layer: boundary, position, token: words[token], rank: rank + 1, name: words[guess.token], probability: guess.probability,
    }))));
}

// Records, which all have the same fields, as rows with the fields' names above them.
function fieldsAbove(records) {
  const names = Object.keys(records[0] ?? {});
  return [names, ...records.map((record) => names.map((name) => record[name]))];
}

// The grid as an SVG that stands alone.
function svgOf(lab, result, truth) {
  const { words } = lab.world, wide = 96, high = 40, left = 104, top = 34, rows = rowsOf(lab, result);
  const made = document.implementation.createDocument("http://www.w3.org/2000/svg", "svg"), root = made.documentElement;
  const node = (tag, attributes, text) => {
    const one = made.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    if (text !== undefined) one.textContent = text;
    return root.appendChild(one);
  };
  const width = left + wide * result.n + 8, height = top + high * rows.length + 8, tints = { bridge: "#ffd88a", answer: "#9be3bf" };
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height, "font-family": "sans-serif", "font-size": 13 })) root.setAttribute(name, value);
  node("rect", { width, height, fill: "#ffffff" });
  result.tokens.forEach((token, i) => node("text", { x: left + wide * (i + 0.5), y: 22, "text-anchor": "middle", "font-weight": "bold" }, visible(words[token], 12)));
  rows.forEach(({ loop, boundary }, y) => {
    node("text", { x: left - 8, y: top + high * y + 24, "text-anchor": "end", fill: "#5c5c5c", "font-size": 11 }, boundaryName(result.loops, lab.data.config.n_layers, loop, boundary));
    result.tokens.forEach((_, x) => {
      const [first] = result.cells[loop][boundary][x].best, role = lab.world.roleOf(first.token, result.tokens, truth, x);
      node("rect", { x: left + wide * x + 2, y: top + high * y + 2, width: wide - 4, height: high - 4, rx: 6, fill: tints[role] ?? "#d5d9de", "fill-opacity": 0.15 + 0.85 * first.probability });
      node("text", { x: left + wide * (x + 0.5), y: top + high * y + 18, "text-anchor": "middle" }, `${SIGNS[role] ? `${SIGNS[role]} ` : ""}${visible(words[first.token], 11)}`);
      node("text", { x: left + wide * (x + 0.5), y: top + high * y + 32, "text-anchor": "middle", "font-size": 10 }, percent(first.probability));
    });
  });
  return new XMLSerializer().serializeToString(made);
}

// Buttons for the grid that `now` gives: { result, truth, step }.
function makeDownloads(lab, now) {
  const button = (text, action) => make("button", { type: "button", text, on: { click: () => action(now()) } });
  return make("div", { class: "tools" }, make("span", { text: "Download this grid:" }),
    button("SVG", ({ result, truth }) => save("grid.svg", "image/svg+xml", svgOf(lab, result, truth))),
    button("CSV", ({ result }) => save("grid.csv", "text/csv", csvOf(fieldsAbove(rowsOfRun(lab, result))))),
    button("JSON", ({ result, step }) => save("grid.json", "application/json", JSON.stringify({ step, question: lab.world.spell(result.tokens), answers: result.answers.map(({ token, probability }) => ({ name: lab.world.words[token], probability })), states: rowsOfRun(lab, result) }, null, 1))));
}
