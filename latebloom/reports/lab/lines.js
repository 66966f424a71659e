// Sentences: words to tokens and back, and what comes next, by the lines that the page holds.
//
// The question to a reader of sentences is the beginning of a line, its start token first; the answer is
// the next word. What `makeWorld` says of questions is said here of beginnings. Python chose the lines and
// the places that are asked for (latebloom/reports/packed_lines.py).

// The closing bracket of the innermost open one; null where none is open. Tokens: the start, the opening
// brackets, the closing ones in the same order.
function closingOf(tokens, words) {
  const kinds = (words.length - 1) / 2, open = [];
  for (const token of tokens.slice(1)) if (token <= kinds) open.push(token); else open.pop();
  return open.length ? open[open.length - 1] + kinds : null;
}

// How the next word follows where it does at every place (`derives`).
const FOLLOWS = { brackets: closingOf };

// The lines of a split: { tokens, place, askedAt, toldFrom, among, rules, gold: { words, spans } }. Pages
// that were written before there was a choice tell one place of each line.
function unpackLines(split, numbers) {
  const lines = numbers(split.lines), lengths = numbers(split.lengths), place = numbers(split.place), toldFrom = numbers(split.told_from);
  const among = numbers(split.among), words = numbers(split.words), nodes = numbers(split.nodes), spans = numbers(split.spans);
  const rules = Object.entries(split.rules).map(([name, packed]) => [name, numbers(packed)]), n = lengths.length;
  const nAsked = split.n_asked ? numbers(split.n_asked) : place.map(() => 1), askedAt = split.n_asked ? numbers(split.asked_at) : place;
  let at = 0, node = 0, question = 0;
  return [...lengths].map((length, i) => {
    const line = {
      tokens: [...lines.subarray(at, at += length)], place: place[i], askedAt: [...askedAt.subarray(question, question += nAsked[i])], toldFrom: toldFrom[i],
      among: [...among.subarray(i * among.length / n, (i + 1) * among.length / n)], rules: rules.map(([name, chosen]) => [name, chosen[i]]),
      gold: { words: words[i], spans: Array.from({ length: nodes[i] }, (_, k) => [spans[2 * (node + k)], spans[2 * (node + k) + 1]]) },
    };
    node += nodes[i];
    return line;
  });
}

function makeCorpus(data) {
  const { words, longest, loops } = data, ids = new Map(words.map((word, token) => [word, token])), everyWord = [...words.keys()].slice(1);
  const numbers = (packed) => fromWhole(bytesOf(packed.base64), packed.width);
  const splits = data.splits.map((split) => ({ ...split, lines: unpackLines(split, numbers) }));

  const idOf = (word) => {
    if (ids.has(word)) return ids.get(word);
    throw new Error(`unknown word ${JSON.stringify(String(word).slice(0, 80))}`);
  };
  // What the page can ask: from the start token alone to as many tokens as it shows.
  const asks = (tokens) => tokens.length >= 1 && tokens.length <= longest && tokens[0] === 0 && tokens.every((token, i) => i === 0 || token !== 0);
  const shapeOf = (tokens) => asks(tokens) ? {
    loops, labels: [], steps: [], orders: [[...tokens.keys()]], pools: tokens.map(() => 0), fixed: tokens.map(() => null),
    places: tokens.map((_, i) => i === tokens.length - 1 ? "says what is next" : ""),
  } : undefined;
  const read = (question) => {
    const tokens = [0, ...question.map(idOf)];
    if (tokens.indexOf(0, 1) > 0) throw new Error(`${JSON.stringify(words[0])} is put before every sentence; leave it out`);
    if (!asks(tokens)) throw new Error(`${question.length} words are too many; this page reads ${longest - 1}`);
    return tokens;
  };

  // The lines that begin so, with their splits: those that were picked from come first, then those that
  // ask for the very next word unless another one is picked, then those in which it is judged as well.
  const picked = [], pickFrom = (line) => { picked.splice(0, picked.length, line, ...picked.filter((one) => one !== line)); };
  const turnOf = ({ line }, n) => picked.includes(line) ? picked.indexOf(line) - picked.length : line.place === n ? 0 : line.askedAt.includes(n) ? 1 : 2;
  const begins = (line, tokens) => line.tokens.length > tokens.length && tokens.every((token, i) => line.tokens[i] === token);
  const beginningSo = (tokens) => splits.flatMap((split) => split.lines.filter((line) => begins(line, tokens)).map((line) => ({ split, line })))
    .sort((a, b) => turnOf(a, tokens.length) - turnOf(b, tokens.length));

  // What is known of a beginning. answer: the next word, null where it does not follow from the words
  // before it; found: what other rules than the right one would choose. line: a line that begins so.
  const truthOf = (tokens) => {
    const all = beginningSo(tokens), [first] = all, line = first?.line ?? null, asksNext = ({ line: { askedAt } }) => askedAt.includes(tokens.length), judged = line !== null && asksNext(first);
    const told = line !== null && (judged || tokens.length >= line.toldFrom) ? line.tokens[tokens.length] : null;
    const answer = FOLLOWS[data.derives] ? FOLLOWS[data.derives](tokens, words) : told;
    const holding = [...new Set(all.filter(asksNext).map(({ split }) => split))];
    const rules = judged ? line.rules : [], found = [...new Set(rules.map(([, token]) => token))].filter((token) => token !== answer);
    return { path: [], found, answer, rules, line, tells: told !== null, among: judged ? line.among : [], shown: holding.length ? holding.some((split) => split.trained) : null, splits: holding };
  };
  const answersOf = (tokens) => { const { answer } = truthOf(tokens); return answer === null ? [] : [answer]; };

  const row = (split, i) => {
    const { tokens, place } = split.lines[i];
    return { tokens: tokens.slice(0, place), answer: tokens[place] };
  };
  // Another beginning whose next word is another one, as like this one as there is.
  const besideOf = (tokens) => {
    const { answer, splits: [split] } = truthOf(tokens), apart = (line) => tokens.reduce((sum, token, i) => sum + (line.tokens[i] !== token), 10 * Math.abs(line.place - tokens.length));
    const others = (split ?? splits[0]).lines.filter((line) => line.tokens[line.place] !== answer);
    if (!others.length) return tokens;
    const nearest = others.reduce((best, line) => apart(line) < apart(best) ? line : best);
    return nearest.tokens.slice(0, nearest.place);
  };
  // Beginnings of as many tokens, of all splits. A reader of sentences sees nothing behind a word.
  const alike = (tokens) => splits.flatMap(({ lines }) => lines.filter((line) => line.tokens.length >= tokens.length).map((line) => line.tokens.slice(0, tokens.length)));
  // What a word is in a cell: the one that does come next there, or what another rule would choose.
  const roleOf = (token, tokens, truth, position) => {
    if (position < tokens.length - 1) return token === tokens[position + 1] ? "answer" : "other";
    if ((truth.answers ?? [truth.answer]).includes(token)) return "answer";
    return truth.found.includes(token) ? "bridge" : "other";
  };

  return {
    words, splits, pools: [everyWord], named: [], knows: (word) => ids.has(word), idOf, shapeOf, read, answersOf, truthOf, row, besideOf, alike, roleOf,
    reads: "sentences", hasTrees: true, roles: { answer: "the next word", bridge: "what another rule would choose" }, meanOf: 20,
    pickFrom, namesOf: (tokens) => tokens, asks: (tokens) => asks(tokens) ? tokens : null, spell: (tokens) => tokens.map((token) => words[token]),
    stepsOf: () => [], labelsOf: (tokens) => truthOf(tokens).among, size: (split) => split.lines.length,
  };
}
