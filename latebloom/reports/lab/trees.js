// Trees: how a reader of sentences reads its words together, by tree projection.
//
// The same as latebloom/trees/projection.py, a sentence at a time: the score of the words i to j is the
// cosine between the sum of their states in the whole sentence and the sum of their states where nothing
// before word i is seen. A phrase that the model reads on its own scores high. The tree splits every span,
// from the top, where its two parts score most.

// The states of the last layer, normed, `[pos, d_model]`, where nothing before `begin` is seen.
function statesFrom(model, tokens, loops, begin) {
  const { stream } = forward(model, tokens, loops, [], begin), [last] = stream[loops - 1].slice(-1);
  return model.config.norm === "pre" ? layerNorm(last, model.weights["ln_final.weight"], model.weights["ln_final.bias"]) : last;
}

function cosine(a, b) {
  let product = 0, squaresA = 0, squaresB = 0;
  for (let i = 0; i < a.length; i++) { product += a[i] * b[i]; squaresA += a[i] ** 2; squaresB += b[i] ** 2; }
  return product / (Math.max(Math.sqrt(squaresA), 1e-8) * Math.max(Math.sqrt(squaresB), 1e-8));
}

// Whether a model can be projected: it sees all earlier words, and no later ones.
const projects = ({ attention, window, feedback }) => attention !== "both" && !window && Boolean(FEEDBACKS[feedback].carries);

// The projection of a sentence, a window at a time: `windows` of them, `look(begin)` at each, and then the
// `tree()` as spans of words, [first, last] from 0, outer ones first. tokens: the start token, the words.
function makeProjection(model, tokens, loops) {
  const n = tokens.length - 1, width = model.config.d_model, scores = Array.from({ length: n }, () => new Float64Array(n).fill(1));
  let whole = null;
  const look = (begin) => {
    const states = statesFrom(model, tokens, loops, begin + 1);
    whole ??= states; // the first window is the whole sentence
    if (!begin) return;
    const alone = new Float64Array(width), inside = new Float64Array(width);
    for (let end = begin; end < n; end++) {
      for (let i = 0; i < width; i++) { alone[i] += states[(end + 1) * width + i]; inside[i] += whole[(end + 1) * width + i]; }
      scores[begin][end] = cosine(alone, inside);
    }
  };
  const tree = () => {
    const spans = [], grow = (first, last) => {
      if (last <= first) return;
      spans.push([first, last]);
      let best = first;
      const parts = (k) => scores[first][k] + scores[k + 1][last];
      for (let k = first + 1; k < last; k++) if (parts(k) > parts(best)) best = k;
      grow(first, best);
      grow(best + 1, last);
    };
    grow(0, n - 1);
    return spans;
  };
  return { windows: n, look, tree };
}

// A tree as one line of text: ((the newt) (does sleep)).
function bracketsOf(words, spans) {
  const opens = words.map(() => 0), closes = words.map(() => 0);
  for (const [first, last] of spans) { opens[first]++; closes[last]++; }
  return words.map((word, i) => "(".repeat(opens[i]) + word + ")".repeat(closes[i])).join(" ");
}
