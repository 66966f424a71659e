// Questions: names to tokens and back, and what is true of them, by the facts that the page holds.
//
// A *shape* is a question of so many tokens: where its names stand (`orders`, as they are worked out),
// the tokens that are always the same (`fixed`), what has to be found on the way (`steps`), the answers
// that compete (`labels`), how many loops it takes. Python made them (latebloom/reports/laboratory.py).
// Sentences have the same interface (lines.js).

// What is found on the way to an answer, by how the answer follows from the facts.
const WAYS = { chain: "bridge", order: "value to compare" };

function makeWorld(data) {
  const words = data.words, ids = new Map(words.map((word, token) => [word, token]));
  const numbers = (packed) => fromWhole(bytesOf(packed.base64), packed.width);
  const pools = data.pools.map((pool) => [...numbers(pool)]), members = pools.map((pool) => new Set(pool));
  const shapes = data.shapes, splits = data.splits.map((split) => ({ ...split, rows: numbers(split.rows), sets: data.several ? { first: numbers(split.sets.first), member: numbers(split.sets.member) } : null }));

  // (subject, relation) to the facts' objects.
  const facts = new Map(), keyOf = (subject, relation) => subject * words.length + relation;
  const rows = numbers(data.facts), leadingTo = new Map(), startingAt = new Map();
  const list = (map, key, fact) => { if (map.has(key)) map.get(key).push(fact); else map.set(key, [fact]); };
  for (let i = 0; i < rows.length; i += 4) {
    const fact = { subject: rows[i], relation: rows[i + 1], object: rows[i + 2], ood: rows[i + 3] === 1 };
    list(facts, keyOf(fact.subject, fact.relation), fact);
    list(startingAt, fact.subject, fact);
    list(leadingTo, fact.object, fact);
  }
  const findAll = (subject, relation) => facts.get(keyOf(subject, relation)) ?? [];
  const find = (subject, relation) => findAll(subject, relation)[0] ?? null;
  const factsFrom = (token) => startingAt.get(token) ?? [], factsTo = (token) => leadingTo.get(token) ?? [];
  const named = [...new Set([...startingAt.keys(), ...leadingTo.keys()])].sort((a, b) => a - b); // whatever has a fact

  const idOf = (word) => {
    if (ids.has(word)) return ids.get(word);
    const folded = words.filter((one) => one.toLowerCase() === String(word).toLowerCase());
    if (folded.length === 1) return ids.get(folded[0]);
    throw new Error(`unknown name ${JSON.stringify(String(word).slice(0, 80))}`);
  };

  const shapeOf = (tokens) => shapes.find((shape) => shape.places.length === tokens.length);
  const turned = (shape, tokens) => shape.orders.length > 1 && members[shape.pools[1]].has(tokens[0]) ? 1 : 0;
  // The tokens of a question's names, in the order in which they are worked out.
  const namesOf = (tokens) => {
    const shape = shapeOf(tokens);
    return shape.orders[turned(shape, tokens)].map((position) => tokens[position]);
  };
  // The question of some names in the order in which they are worked out.
  const asked = (shape, names) => {
    const tokens = shape.fixed.slice();
    shape.orders[0].forEach((position, i) => { tokens[position] = names[i]; });
    return tokens;
  };
  // Of the questions of as many names the first into whose places these may stand; else the first.
  // A chain and a comparison of a mixed world have three names each, and stand in other places.
  const shapeFor = (names, placed) => {
    const asMany = shapes.filter((one) => one.orders[0].length === names.length);
    return asMany.find((one) => placed(one).every((at, i) => members[one.pools[at]].has(names[i]))) ?? asMany[0] ?? null;
  };
  const inTurn = (shape) => shape.orders[0].map((_, i) => i), inPlace = (shape) => [...shape.orders[0]].sort((a, b) => a - b).map((position) => shape.orders[0].indexOf(position));
  // Names as somebody writes them; what always stands at its place may be left out.
  const read = (question) => {
    const tokens = question.map(idOf), whole = shapeOf(tokens);
    if (whole?.fixed.every((token, i) => token === null || token === tokens[i])) return tokens;
    const fixed = new Set(shapes.flatMap((one) => one.fixed.filter((token) => token !== null)));
    const bare = tokens.filter((token) => !fixed.has(token)), shape = shapeFor(bare, inPlace);
    if (!shape) throw new Error(`${bare.length} names are no question; there are questions of ${[...new Set(shapes.map((one) => one.orders[0].length))].join(", ")}`);
    const names = [];
    inPlace(shape).forEach((at, i) => { names[at] = bare[i]; });
    return asked(shape, names);
  };
  // The question of some names; null where there are no questions of so many.
  const asks = (names) => {
    const shape = shapeFor(names, inTurn);
    return shape ? asked(shape, names) : null;
  };
  const spell = (tokens) => tokens.map((token) => words[token]);

  // Where each step of a question is looked for, with the step.
  const stepsOf = (tokens) => {
    const shape = shapeOf(tokens), [usual] = shape.orders, order = shape.orders[turned(shape, tokens)];
    return shape.steps.map((step) => ({ ...step, position: order[usual.indexOf(step.position)] ?? step.position }));
  };

  // The rows of a split as (question, answer).
  const row = (split, i) => {
    const at = i * split.tokens, all = [...split.rows.subarray(at, at + split.tokens)];
    return { tokens: all.slice(0, -1), answer: all[all.length - 1] };
  };
  const size = (split) => split.rows.length / split.tokens;
  const indexIn = (split, tokens) => {
    if (split.tokens !== tokens.length + 1) return -1;
    for (let at = 0; at < split.rows.length; at += split.tokens) {
      let same = 0;
      while (same < tokens.length && split.rows[at + same] === tokens[same]) same++;
      if (same === tokens.length) return at / split.tokens;
    }
    return -1;
  };

  // How answers follow from facts: the facts gone through, what each step finds, the answer.
  const DERIVE = {
    chain([subject, ...relations]) {
      if (data.several) return followSets(findAll, subject, relations);
      const path = [];
      for (const relation of relations) {
        const fact = find(path.length ? path[path.length - 1].object : subject, relation);
        if (!fact) return { path, found: path.map((one) => one.object), answer: null };
        path.push(fact);
      }
      const objects = path.map((one) => one.object);
      return { path, found: objects.slice(0, -1), answer: objects[objects.length - 1] ?? null };
    },
    order([attribute, ...entities], labels) {
      if (entities.length < 2) return DERIVE.chain([attribute, ...entities]);
      const path = entities.map((entity) => find(entity, attribute)), found = path.map((fact) => fact?.object ?? null);
      const known = path.every(Boolean);
      return { path: path.filter(Boolean), found, answer: known ? labels[1 + Math.sign(found[0] - found[1])] : null };
    },
  };

  // The question that asks for a fact alone; null where there are no such questions.
  const questionOf = (fact) => {
    const shape = shapes.find((one) => one.orders[0].length === 2), names = [fact.subject, fact.relation];
    return shape && shape.pools.every((pool, i) => members[pool].has(names[i])) ? asked(shape, names) : null;
  };

  // What is true of a question. shown: whether it was trained on itself, null where the page does not
  // hold all that was trained. splits: where it stands. Where a question may have several answers:
  // `answers`, all that follow from the facts; `through`, the names on the way; `heldOut`, answers
  // that a test asks for and that no told fact gives.
  const truthOf = (tokens) => {
    const none = { path: [], found: [], answer: null };
    const derived = DERIVE[data.derives]?.(namesOf(tokens), shapeOf(tokens).labels) ?? none;
    const holding = splits.filter((split) => indexIn(split, tokens) >= 0);
    if (derived.answer === null && holding.length) derived.answer = row(holding[0], indexIn(holding[0], tokens)).answer;
    const trained = splits.filter((split) => split.trained && split.tokens === tokens.length + 1);
    const shown = holding.some((split) => split.trained) || (trained.every((split) => split.whole) ? false : null);
    if (data.several) derived.heldOut = heldOutOf(holding, (split) => indexIn(split, tokens)).filter((token) => !derived.answers?.includes(token));
    return { ...derived, shown, splits: holding };
  };
  // The tokens that are right answers to a question.
  const answersOf = (tokens) => {
    const truth = truthOf(tokens), all = [...truth.answers ?? [], ...truth.heldOut ?? []];
    return all.length || truth.answer === null ? all : [truth.answer];
  };

  // A question that differs from another in the first name alone, with another answer and other bridges.
  const besideOf = (tokens) => {
    const shape = shapeOf(tokens), names = namesOf(tokens), truth = truthOf(tokens), at = data.derives === "chain" ? 0 : 1;
    for (const token of pools[shape.pools[at]].slice(0, 300)) {
      const other = asked(shape, names.map((name, i) => i === at ? token : name)), told = truthOf(other);
      if (token !== names[at] && told.answer !== null && told.answer !== truth.answer && (told.found[0] ?? -1) !== (truth.found[0] ?? -2)) return other;
    }
    return tokens;
  };
  // The questions of as many tokens, of all splits.
  const alike = (tokens) => splits.filter((split) => split.tokens === tokens.length + 1).flatMap((split) => [...Array(size(split)).keys()].map((i) => row(split, i).tokens));
  // What a token is in a question: an answer, a bridge or value on the way, a name of the question.
  // truth: of the question; with `answers`, of several.
  const roleOf = (token, tokens, truth) => {
    if ((truth.answers ?? [truth.answer]).includes(token) || truth.heldOut?.includes(token)) return "answer";
    if ((truth.through ?? truth.found).includes(token)) return "bridge";
    return tokens.includes(token) ? "own" : "other";
  };

  return {
    words, shapes, splits, pools, named, knows: (word) => ids.has(word), idOf, shapeOf, namesOf, asked, asks, read, spell, stepsOf, truthOf, answersOf, factsFrom, factsTo, questionOf, row, size, besideOf, alike, roleOf,
    reads: "questions", hasTrees: false, roles: { answer: "answer", bridge: WAYS[data.derives] ?? "step" }, meanOf: 100, labelsOf: (tokens) => shapeOf(tokens).labels,
  };
}
