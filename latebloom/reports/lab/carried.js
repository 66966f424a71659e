// A laboratory that comes in a file: another run's report.html, or the JSON that this page saves.
//
// The file is read as text and nothing in it runs: of a report two kinds of element are cut out by their
// first and last characters, and never parsed as markup. Before a number of it is used, everything
// that the model and the questions rely on is checked.

const LARGEST_FILE = 40_000_000; // bytes; a report has at most 6 MB of weights
const CARRIED = "latebloom laboratory"; // what the JSON says it is

// How elements of a report begin and end. The escape keeps this script from ending its own element.
const DATA = '\u003cscript type="application/json" id="lab-data">', WEIGHTS = '\u003cscript type="text/plain" id="weights-', END = "\u003c/script>";

// The text of the elements of a report that begin with `opening`.
function elementsOf(text, opening) {
  const found = [];
  for (let at = text.indexOf(opening); at >= 0; at = text.indexOf(opening, at + 1)) {
    const begin = text.indexOf(">", at) + 1, end = text.indexOf(END, begin);
    if (begin && end >= 0) found.push(text.slice(begin, end));
  }
  return found;
}

function parsed(text, what) {
  try { return JSON.parse(text); } catch { throw new BadFile(`${what} is not JSON`); }
}

// { data, weights } of a file's text, not yet checked.
function unpackFile(text) {
  if (text.trimStart().startsWith("{")) {
    const told = parsed(text, "the file");
    if (told?.format !== CARRIED) throw new BadFile("it is JSON, but no laboratory that this page saved");
    return told;
  }
  const [data] = elementsOf(text, DATA);
  if (data !== undefined) return { data: parsed(data, "its laboratory"), weights: elementsOf(text, WEIGHTS) };
  if (text.includes('content="latebloom"')) throw new BadFile("it is a report, but the model is not inside it (the report itself says why)");
  throw new BadFile("it is no report of latebloom");
}

const CONFIG = {
  d_model: wholeFrom(1, 4096), n_layers: wholeFrom(1, 64), n_loops: wholeFrom(1, 64), n_heads: wholeFrom(1, 64), window: wholeFrom(0, 10_000),
  max_distance: wholeFrom(1, 10_000), tied: yesOrNo, norm: oneOf("pre", "post"), attention: oneOf("causal", "both"),
  positions: (value, place) => oneOf(...Object.keys(SCHEMES))(value, place), feedback: (value, place) => oneOf(...Object.keys(FEEDBACKS))(value, place),
  activation: (value, place) => oneOf(...Object.keys(ACTIVATIONS))(value, place),
  temperature: (value, place) => { if (!(value > 0 && value < 1e9)) isNot(place, "a temperature above 0"); },
};

// How many numbers each tensor of a model has. hidden: of its MLP; longest: tokens of a question.
function sizesOf(config, names, hidden, longest) {
  const { d_model: d, n_heads, max_distance } = config, sizes = { "embed.weight": names * d };
  if (config.positions === "learned") sizes["pos_embed.weight"] = [longest * d, Infinity];
  if (config.norm === "pre") Object.assign(sizes, { "ln_final.weight": d, "ln_final.bias": d });
  if (!config.tied) sizes["unembed.weight"] = names * d;
  if (config.feedback === "gated") sizes.gate = 1;
  for (let layer = 0; layer < config.n_layers; layer++) {
    const own = { "ln_1.weight": d, "ln_1.bias": d, "ln_2.weight": d, "ln_2.bias": d, "attn.qkv.weight": 3 * d * d, "attn.qkv.bias": 3 * d, "attn.out.weight": d * d, "attn.out.bias": d,
      "mlp_in.weight": hidden * d, "mlp_in.bias": hidden, "mlp_out.weight": hidden * d, "mlp_out.bias": d };
    if (config.positions === "relative") own["attn.distance_bias"] = n_heads * (config.attention === "both" ? 2 * max_distance + 1 : max_distance + 1);
    for (const [name, size] of Object.entries(own)) sizes[`blocks.${layer}.${name}`] = size;
  }
  return sizes;
}

// longest: tokens of the longest question.
function checkTensors({ config, tensors, words }, longest) {
  listOf(withFields({ 0: textUpTo(200), 1: wholeFrom(0, 10_000_000) }), 1, 4000)(tensors.map((one) => ({ ...one })), "tensors");
  const told = new Map(tensors), hidden = told.get("blocks.0.mlp_in.bias") ?? 0;
  for (const [name, wanted] of Object.entries(sizesOf(config, words.length, hidden, longest))) {
    const [low, high] = Array.isArray(wanted) ? wanted : [wanted, wanted], size = told.get(name);
    if (!(size >= low && size <= high)) throw new BadFile(`tensor ${name} has ${size ?? "no"} numbers, and this model needs ${low}`);
  }
  return tensors.reduce((sum, [, size]) => sum + size, 0);
}

// What a question of so many tokens has to be, in a world of so many names and pools.
const shapeIn = (names, pools) => (shape, place) => {
  withFields({ places: listOf(textUpTo(200), 1, 64), kind: orNothing(textUpTo(200)) })(shape, place);
  const within = wholeFrom(0, shape.places.length - 1), n = Array.isArray(shape.orders?.[0]) ? shape.orders[0].length : 1;
  withFields({
    orders: listOf(listOf(within, n, n), 1, 8), fixed: listOf(nullOr(wholeFrom(0, names - 1)), shape.places.length, shape.places.length),
    pools: listOf(wholeFrom(0, pools - 1), n, n), labels: listOf(wholeFrom(0, names - 1), 0, 1000), loops: wholeFrom(1, 64),
    steps: listOf(withFields({ name: textUpTo(200), position: within, readable: yesOrNo }), 0, 64),
  })(shape, place);
  if (!n) isNot(`${place}.orders`, "the places of at least one name");
};

// The answers that the questions of a split ask for, where they have several.
const setsIn = (names, rows) => (sets, place) => {
  packedBelow(2 ** 32)(sets?.first, `${place}.first`);
  packedBelow(names)(sets.member, `${place}.member`);
  const first = fromWhole(bytesOf(sets.first.base64), sets.first.width), members = bytesOf(sets.member.base64).length / sets.member.width;
  if (first.length !== rows + 1 || first.some((at, i) => at > (first[i + 1] ?? members))) isNot(place, "the answers of each question");
};

const splitIn = (names, several) => (split, place) => {
  withFields({ name: textUpTo(200), holds: textUpTo(2000), judged: yesOrNo, trained: yesOrNo, whole: yesOrNo, tokens: wholeFrom(2, 65) })(split, place);
  packedBelow(names, split.tokens)(split.rows, `${place}.rows`);
  if (several) setsIn(names, bytesOf(split.rows.base64).length / split.rows.width / split.tokens)(split.sets, `${place}.sets`);
};

const cutIn = withFields({ hops: wholeFrom(1, 64), beside: yesOrNo, questions: wholeFrom(0, 1e9), distance: finite, nominal: finite });
const listOfCuts = orNothing(listOf(cutIn, 0, 100));

// What a laboratory of questions has to hold besides; returns how many tokens its longest question has.
function checkQuestions(data) {
  withFields({ derives: oneOf("", "chain", "order"), several: orNothing(yesOrNo), n_names: orNothing(wholeFrom(1, 1_000_000)) })(data, "the laboratory");
  const names = data.words.length;
  if (data.several && !(data.n_names <= names)) isNot("n_names", `a whole number from 1 to ${names}`);
  listOf(packedBelow(names), 1)(data.pools, "pools");
  if (data.pools.some((pool) => !pool.base64)) isNot("pools", "a list of sets of names");
  listOf(shapeIn(names, data.pools.length), 1, 64)(data.shapes, "shapes");
  if (data.derives === "order" && data.shapes.some((shape) => shape.orders[0].length > 2 && shape.labels.length !== 3)) isNot("shapes", "a list of comparisons with three answers");
  packedBelow(names, 4)({ ...data.facts }, "facts");
  listOf(splitIn(names, data.several), 0, 1000)(data.splits, "splits");
  return Math.max(...data.shapes.map((shape) => shape.places.length));
}

// The lines of a split of sentences: as long as they say, their places inside them, their trees over them.
const linesIn = (names, longest) => (split, place) => {
  withFields({ name: textUpTo(200), holds: textUpTo(2000), judged: yesOrNo, trained: yesOrNo })(split, place);
  const read = (name, stop) => { packedBelow(stop)(split[name], `${place}.${name}`); return fromWhole(bytesOf(split[name].base64), split[name].width); };
  const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);
  const lengths = read("lengths", longest + 1), n = lengths.length, counts = ["place", "told_from", "words", "nodes"].map((name) => read(name, 2 ** 31));
  const [asked, , words, nodes] = counts, spans = read("spans", longest);
  if (!n || counts.some((numbers) => numbers.length !== n)) isNot(place, "as many numbers for each line");
  if (read("lines", names).length !== sum(lengths) || asked.some((at, i) => at < 1 || at >= lengths[i])) isNot(place, "lines with a place to ask for");
  if (split.n_asked !== undefined) {
    const nAsked = read("n_asked", longest + 1), askedAt = read("asked_at", longest);
    let question = 0;
    if (nAsked.length !== n || askedAt.length !== sum(nAsked)) isNot(place, "places of judged words for each line");
    nAsked.forEach((some, i) => { for (const at of askedAt.subarray(question, question += some)) if (at < 1 || at >= lengths[i]) isNot(`${place}.asked_at`, "places in its lines"); });
  }
  if (words.some((one, i) => one >= lengths[i]) || spans.length !== 2 * sum(nodes)) isNot(place, "trees over the words of its lines");
  for (let line = 0, at = 0; line < n; line++)
    for (let node = 0; node < nodes[line]; node++, at += 2) if (spans[at] > spans[at + 1] || spans[at + 1] >= words[line]) isNot(`${place}.spans`, "spans of words");
  if (read("among", names).length % n) isNot(`${place}.among`, "as many words for each line");
  withFields({ rules: (rules) => { if (typeof rules !== "object" || rules === null) isNot(`${place}.rules`, "an object"); } })(split, place);
  for (const rule of Object.values(split.rules)) {
    packedBelow(names)(rule, `${place}.rules`);
    if (bytesOf(rule.base64).length / rule.width !== n) isNot(`${place}.rules`, "a word for each line");
  }
};

// What a laboratory of sentences has to hold besides; returns how many tokens its longest sentence has.
function checkSentences(data) {
  withFields({ derives: oneOf("", ...Object.keys(FOLLOWS)), competing: textUpTo(200), loops: wholeFrom(1, 64), longest: wholeFrom(2, 512) })(data, "the laboratory");
  if (data.derives === "brackets" && data.words.length % 2 === 0) isNot("words", "the start token and pairs of brackets");
  listOf(linesIn(data.words.length, data.longest), 1, 1000)(data.splits, "splits");
  return data.longest;
}

const CHECKS = { questions: checkQuestions, sentences: checkSentences };

// Throws a BadFile unless the page can compute with a laboratory.
function checkLaboratory({ data, weights }) {
  withFields({ config: withFields(CONFIG), words: listOf(textUpTo(100_000), 1), tensors: listOf(listOf(() => {}, 2, 2), 1, 4000), reads: orNothing(oneOf(...Object.keys(CHECKS))),
    checkpoints: listOf(withFields({ step: wholeFrom(0, 1e12), phase: textUpTo(100), cuts: listOfCuts }), 1, 1000) })(data, "the laboratory");
  const { config } = data;
  if (config.d_model % (2 * config.n_heads)) isNot("config.d_model", "a multiple of twice config.n_heads");
  const parameters = checkTensors(data, CHECKS[data.reads ?? "questions"](data));
  listOf(base64Of(2 * parameters), data.checkpoints.length, data.checkpoints.length)(weights, "weights");
  for (const text of weights) {
    const bytes = bytesOf(text);
    for (let i = 1; i < bytes.length; i += 2) if ((bytes[i] & 0x7c) === 0x7c) isNot("weights", "a list of finite numbers");
  }
}

// The laboratory in the text of a file, with what it calls itself. name: of the file.
// Throws a BadFile, whose message ends the sentence "This file cannot be compared: ...".
function readCarried(text, name) {
  const { data, weights } = unpackFile(text);
  try {
    checkLaboratory({ data, weights });
    const title = typeof data.title === "string" && data.title ? data.title : name;
    return { lab: makeLaboratory(data, (number) => weights[number]), title };
  } catch (error) {
    throw error instanceof BadFile ? error : new BadFile("its laboratory is damaged");
  }
}

// The text of the file that `readCarried` reads.
const writeCarried = (data, weights) => JSON.stringify({ format: CARRIED, data, weights });
