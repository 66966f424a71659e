// What the world browser lists: questions, with what is true of them.
//
// A *row* is { tokens, names, answers, ood, shown }: the question (null where a fact cannot be asked
// alone), its names, the right answers, whether it rests on an OOD fact, whether training showed it.

const MOST_LISTED = 500; // questions of a split, evenly spaced

function rowOf(lab, tokens) {
  const { world } = lab, truth = world.truthOf(tokens);
  return { tokens, names: world.namesOf(tokens), answers: world.answersOf(tokens), ood: truth.path.some((fact) => fact.ood), shown: truth.shown };
}

// A row for each question that asks for one of the facts; facts that answer the same question are one.
function rowsOfFacts(lab, facts) {
  const rows = new Map();
  for (const fact of facts) {
    const tokens = lab.world.questionOf(fact), key = `${fact.subject}.${fact.relation}`;
    if (tokens) rows.set(key, rowOf(lab, tokens));
    else rows.set(`${key}.${fact.object}`, { tokens: null, names: [fact.subject, fact.relation], answers: [fact.object], ood: fact.ood, shown: null });
  }
  return [...rows.values()];
}

// The questions of more than two names in which a name stands.
function composedWith(lab, token) {
  const { world } = lab, found = new Map();
  for (const split of world.splits.filter((one) => one.tokens > 3))
    for (let i = 0; i < world.size(split); i++) {
      const { tokens } = world.row(split, i);
      if (found.size < MOST_LISTED && tokens.includes(token) && world.namesOf(tokens).length > 2) found.set(tokens.join("."), rowOf(lab, tokens));
    }
  return [...found.values()];
}

function rowsOfSplit(lab, split) {
  const size = lab.world.size(split), every = Math.max(1, size / MOST_LISTED), rows = [];
  for (let at = 0; at < size && rows.length < MOST_LISTED; at += every) rows.push(rowOf(lab, lab.world.row(split, Math.floor(at)).tokens));
  return rows;
}

// What can be listed: { name, of: whether it is about one name, rows(token) }.
function listsOf(lab) {
  const { world } = lab;
  return [
    { name: "facts of a name", of: true, rows: (token) => rowsOfFacts(lab, world.factsFrom(token)) },
    { name: "facts that lead to a name", of: true, rows: (token) => rowsOfFacts(lab, world.factsTo(token)) },
    { name: "composed questions with a name", of: true, rows: (token) => composedWith(lab, token) },
  ].filter(() => world.named.length).concat(world.splits.filter((split) => world.size(split)).map((split) => ({ name: `${split.name}: ${split.holds}`, of: false, rows: () => rowsOfSplit(lab, split) })));
}

// Which of them are shown: `reply` is the model's answer to a row, null while it has not been asked.
const KEEPS = [
  { name: "all", keeps: () => true },
  { name: "those answered wrongly now", keeps: (row, reply) => reply !== null && !row.answers.includes(reply.token) },
  { name: "those that rest on an OOD fact", ofFacts: true, keeps: (row) => row.ood },
  { name: "those that were never trained", keeps: (row) => row.shown === false },
];
