// One question in two laboratories: the same names, as the other world numbers and lays them out.

// { tokens } of the other world, or { why } it cannot be asked there, as nodes.
function inOtherWorld(lab, other, tokens) {
  if (lab === other) return { tokens };
  const words = lab.world.namesOf(tokens).map((token) => lab.world.words[token]);
  const unknown = words.find((word) => !other.world.knows(word));
  if (unknown !== undefined) return { why: ["This run does not know the name ", nameNode(unknown, 40), "."] };
  const asked = other.world.asks(words.map(other.world.idOf));
  return asked ? { tokens: asked } : { why: [`This run has no questions of ${words.length} names.`] };
}

// The checkpoint whose step is nearest to a step.
function nearestTo(checkpoints, step) {
  return checkpoints.reduce((best, one, i) => Math.abs(one.step - step) < Math.abs(checkpoints[best].step - step) ? i : best, 0);
}

const EACH = 200; // questions of a split that are counted, evenly spaced

// Questions of a split, evenly spaced, that both laboratories can be asked: [{ mine, theirs, answer }].
function sharedQuestions(lab, other, split, most = EACH) {
  const size = lab.world.size(split), every = Math.max(1, size / most), found = [];
  for (let at = 0; at < size && found.length < most; at += every) {
    const { tokens } = lab.world.row(split, Math.floor(at)), theirs = inOtherWorld(lab, other, tokens).tokens;
    if (theirs) found.push({ split, mine: tokens, theirs });
  }
  return found;
}

// What both models answer to one of them: whether each is right by the facts of its own run, and
// whether they say the same.
function askBoth(lab, number, other, otherNumber, { mine, theirs }) {
  const one = lab.first(number, mine).token, two = other.first(otherNumber, theirs).token;
  return { mine: lab.world.answersOf(mine).includes(one), theirs: other.world.answersOf(theirs).includes(two), same: lab.world.words[one] === other.world.words[two] };
}

// Whether a question has the same answers in both worlds.
function sameTruth(lab, other, { mine, theirs }) {
  const wordsOf = (world, tokens) => world.answersOf(tokens).map((token) => world.words[token]).sort().join("\n");
  return wordsOf(lab.world, mine) === wordsOf(other.world, theirs);
}
