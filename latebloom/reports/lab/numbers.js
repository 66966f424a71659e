// Numbers: sixteen-bit weights unpacked, and the few array operations that a transformer needs.
//
// A matrix is a Float32Array, row by row; a linear weight is `[out, in]`, as torch keeps it. Sums are
// in double precision, so results agree with float32 arithmetic to its own rounding.

function bytesOf(base64) {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

// The value of one IEEE half: a sign, five bits of exponent, ten of fraction.
function halfValue(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// The 65,536 halves there are, made when the first weights are unpacked.
let halfValues = null;

// Little-endian halves as floats.
function fromHalves(bytes) {
  halfValues ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  const values = new Float32Array(bytes.length / 2);
  for (let i = 0; i < values.length; i++) values[i] = halfValues[bytes[2 * i] | (bytes[2 * i + 1] << 8)];
  return values;
}

// Little-endian whole numbers of `width` bytes each.
function fromWhole(bytes, width) {
  const values = new Uint32Array(bytes.length / width);
  for (let i = 0; i < values.length; i++)
    for (let byte = width - 1; byte >= 0; byte--) values[i] = values[i] * 256 + bytes[i * width + byte];
  return values;
}

// x `[n, width]` times a weight `[out, width]`, plus a bias.
function linear(x, weight, bias, width) {
  const n = x.length / width, out = weight.length / width;
  const y = new Float32Array(n * out);
  for (let row = 0; row < n; row++)
    for (let o = 0; o < out; o++) {
      let sum = bias ? bias[o] : 0;
      for (let i = 0, a = row * width, b = o * width; i < width; i++) sum += x[a + i] * weight[b + i];
      y[row * out + o] = sum;
    }
  return y;
}

function layerNorm(x, gain, bias) {
  const width = gain.length, y = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += width) {
    let mean = 0, variance = 0;
    for (let i = 0; i < width; i++) mean += x[at + i] / width;
    for (let i = 0; i < width; i++) variance += (x[at + i] - mean) ** 2 / width;
    const scale = 1 / Math.sqrt(variance + 1e-5);
    for (let i = 0; i < width; i++) y[at + i] = (x[at + i] - mean) * scale * gain[i] + bias[i];
  }
  return y;
}

function softmax(scores) {
  let most = -Infinity, sum = 0;
  for (const score of scores) if (score > most) most = score;
  const shares = Float64Array.from(scores, (score) => Math.exp(score - most));
  for (const share of shares) sum += share;
  return shares.map((share) => share / sum);
}

const sumOf = (a, b) => a.map((value, i) => value + b[i]);

// The MLP's nonlinearities; gelu_new is GELU's tanh form, as in GPT-2.
const ACTIVATIONS = {
  relu: (v) => Math.max(v, 0),
  gelu_new: (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
};
