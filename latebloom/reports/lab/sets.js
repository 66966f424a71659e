// Questions with several answers: the facts followed from set to set, and where the list is cut.
//
// The same as latebloom/worlds/answers.py and latebloom/asking/sets.py: the bridge is a set of names,
// and so is the answer. A *cut* says how far below the likeliest name, in nats, an answer may lie and
// still be given; Python measured it on validation questions at each checkpoint.

// findAll: the facts of a (subject, relation). The names that relations lead to, step by step.
function followSets(findAll, subject, relations) {
  const path = [], reached = [];
  let here = [subject];
  for (const relation of relations) {
    const told = here.flatMap((name) => findAll(name, relation));
    path.push(...told);
    here = [...new Set(told.map((fact) => fact.object))].sort((a, b) => a - b);
    reached.push(here);
  }
  const ways = reached.slice(0, -1), answers = reached[reached.length - 1] ?? [];
  return { path, found: ways.filter((names) => names.length).map(([first]) => first), through: ways.flat(), answers, answer: answers[0] ?? null };
}

// The answers that held-out splits ask for in a question. indexIn: the row of the question in a split.
function heldOutOf(splits, indexIn) {
  return splits.filter((split) => split.sets && !split.trained).flatMap((split) => {
    const { first, member } = split.sets, row = indexIn(split);
    return [...member.subarray(first[row], first[row + 1])];
  });
}

const ROUNDING = 1e-4; // nats; an answer that the cut was measured by lies on it, but for rounding

// The answers of a run's question as a list in parts: `known`, those that follow from the facts; the
// guesses `inside` the cut and some `below` it. Shares of guesses are of what the known answers leave.
function setOf(lab, number, result, truth) {
  const { n_names, checkpoints } = lab.data, shares = result.endShares, names = [...Array(n_names).keys()];
  const total = names.reduce((sum, token) => sum + shares[token], 0), known = new Set(truth.answers);
  const ranked = names.map((token) => ({ token, probability: shares[token] / total })).sort((a, b) => b.probability - a.probability);
  const left = Math.max(1e-12, ranked.filter(({ token }) => !known.has(token)).reduce((sum, one) => sum + one.probability, 0));
  const guesses = ranked.filter(({ token }) => !known.has(token)).map(({ token, probability }) => ({ token, probability: probability / left }));
  const hops = lab.world.namesOf(result.tokens).length - 1;
  const cut = (checkpoints[number].cuts ?? []).find((one) => one.hops === hops && one.beside === known.size > 0) ?? null;
  const inside = cut ? guesses.filter((one) => Math.log(guesses[0].probability) - Math.log(Math.max(one.probability, 1e-300)) <= cut.distance + ROUNDING) : [];
  return { known: ranked.filter(({ token }) => known.has(token)), inside, below: guesses.slice(inside.length, inside.length + 3), cut };
}

const MOST_OF_SET = 5; // names of a part that are written out

// The nodes of the list of answers.
function tellSet(lab, number, result, truth) {
  const { known, inside, below, cut } = setOf(lab, number, result, truth);
  const held = new Set(truth.heldOut);
  const row = (role) => (guess) => held.has(guess.token) ? guessLine(lab, guess, "answer", { aside: " held out: no told fact gives it" }) : guessLine(lab, guess, role);
  const heading = (text) => make("li", { class: "part", text }), more = (all) => all.length > MOST_OF_SET ? [heading(`and ${all.length - MOST_OF_SET} more`)] : [];
  const part = (title, all, role) => all.length ? [heading(title), ...all.slice(0, MOST_OF_SET).map(row(role)), ...more(all)] : [];
  const line = cut ? [heading(`The cut: of the right answers that need a fact which was never told, ${percent(cut.nominal)} lie above it (measured on ${cut.questions} validation questions).`)] : [heading("No cut: this run held out too few facts to measure one.")];
  return [...part("follow from the facts", known, "answer"), ...part("guesses beyond them, of what is left", inside, "other"), ...line, ...part(cut ? "below the cut" : "guesses beyond them, of what is left", below, "other")];
}

// The facts behind a question with several answers, as nodes: those of one subject and relation together.
function tellSetFacts(lab, truth) {
  const { words } = lab.world, most = 12, together = [];
  for (const fact of truth.path.slice(0, most)) {
    const [before] = together[together.length - 1] ?? [];
    if (before?.subject === fact.subject && before.relation === fact.relation) together[together.length - 1].push(fact);
    else together.push([fact]);
  }
  const object = (fact, i) => [i ? ", " : "", nameNode(words[fact.object], 24, { class: truth.answers.includes(fact.object) ? "answer" : "bridge" })];
  const one = (facts) => make("span", { class: "one-fact" }, nameNode(words[facts[0].subject], 24), make("span", { class: "arrow" }, " \u2014 ", nameNode(words[facts[0].relation], 20), " \u2192 "), ...facts.flatMap(object), "; ");
  const rest = truth.path.length - most;
  return [...together.map(one), rest > 0 ? `and ${rest} more facts. ` : "", truth.answers.length ? "" : "The facts that were told give no answer."];
}
