// Downloads: what grids show, as a picture or as numbers.
//
// A *grid* is { lab, result, truth, title, step }: a pass of a model at a checkpoint, as makeGrid draws it.

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

// The grids as an SVG that stands alone, beside each other.
function svgOfGrids(grids) {
  const wide = 96, high = 40, margin = 104, top = 60, tints = { bridge: "#ffd88a", answer: "#9be3bf" }, parts = [];
  const node = (tag, attributes, text) => { const one = svgNode(tag, attributes); if (text !== undefined) one.textContent = text; parts.push(one); };
  let right = 0, height = 0;
  for (const { lab, result, truth, title, step } of grids) {
    const { words } = lab.world, rows = rowsOf(lab, result), left = right + margin;
    node("text", { x: right + 8, y: 20, "font-weight": "bold" }, visible(`${title}, step ${step}`, 60));
    result.tokens.forEach((token, i) => node("text", { x: left + wide * (i + 0.5), y: top - 12, "text-anchor": "middle", "font-weight": "bold" }, visible(words[token], 12)));
    rows.forEach(({ loop, boundary }, y) => {
      node("text", { x: left - 8, y: top + high * y + 24, "text-anchor": "end", fill: "#5c5c5c", "font-size": 11 }, boundaryName(result.loops, lab.data.config.n_layers, loop, boundary));
      result.tokens.forEach((_, x) => {
        const [first] = result.cells[loop][boundary][x].best, role = lab.world.roleOf(first.token, result.tokens, truth, x);
        node("rect", { x: left + wide * x + 2, y: top + high * y + 2, width: wide - 4, height: high - 4, rx: 6, fill: tints[role] ?? "#d5d9de", "fill-opacity": 0.15 + 0.85 * first.probability });
        node("text", { x: left + wide * (x + 0.5), y: top + high * y + 18, "text-anchor": "middle" }, `${SIGNS[role] ? `${SIGNS[role]} ` : ""}${visible(words[first.token], 11)}`);
        node("text", { x: left + wide * (x + 0.5), y: top + high * y + 32, "text-anchor": "middle", "font-size": 10 }, percent(first.probability));
      });
    });
    right = Math.max(left + wide * result.n, right + 8.2 * Math.min(60, title.length + 14)) + 8;
    height = Math.max(height, top + high * rows.length + 8);
  }
  const ground = svgNode("rect", { width: right, height, fill: "#ffffff" });
  return new XMLSerializer().serializeToString(svgNode("svg", { viewBox: `0 0 ${right} ${height}`, width: right, height, "font-family": "sans-serif", "font-size": 13 }, ground, ...parts));
}

// A grid as JSON has it.
const tellGrid = ({ lab, result, title, step }) => ({
  of: title, step, question: lab.world.spell(result.tokens), answers: result.answers.map(({ token, probability }) => ({ name: lab.world.words[token], probability })), states: rowsOfRun(lab, result),
});

// The rows of all grids; those of several say of which model they are.
function rowsOfGrids(grids) {
  const of = ({ title, step }) => grids.length > 1 ? { of: title, step } : {};
  return fieldsAbove(grids.flatMap((grid) => rowsOfRun(grid.lab, grid.result).map((row) => ({ ...of(grid), ...row }))));
}

// Buttons for what `grids()` gives. what: they, in words. JSON of one grid is that grid, of several a list.
function makeDownloads(what, file, grids) {
  const told = (all) => all.length > 1 ? all : all[0];
  return makeOffers(what, file, { SVG: () => svgOfGrids(grids()), CSV: () => csvOf(rowsOfGrids(grids())), JSON: () => JSON.stringify(told(grids().map(tellGrid)), null, 1) });
}
