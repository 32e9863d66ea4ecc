// How letters beyond ASCII are written in an A-label: RFC 3492, section 6.3.
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST = 128;
const BIAS = 72;

/** @param {string} label  one label of at most 63 code points @returns {string} without the xn-- */
export function punycode(label) {
  const input = Array.from(label, (c) => /** @type {number} */ (c.codePointAt(0)));
  const basic = input.filter((c) => c < FIRST);
  let out = String.fromCharCode(...basic) + (basic.length ? '-' : '');
  let [n, delta, bias] = [FIRST, 0, BIAS];
  for (let done = basic.length; done < input.length;) {
    const next = Math.min(...input.filter((c) => c >= n));
    delta += (next - n) * (done + 1);
    n = next;
    for (const c of input) {
      if (c < n) delta++;
      if (c !== n) continue;
      out += number(delta, bias);
      bias = adapt(delta, ++done, done === basic.length + 1);
      delta = 0;
    }
    delta++;
    n++;
  }
  return out;
}

/** @param {number} delta @param {number} bias */
function number(delta, bias) {
  let out = '';
  let q = delta;
  for (let k = BASE; ; k += BASE) {
    const t = Math.min(Math.max(k - bias, T_MIN), T_MAX);
    if (q < t) return out + digit(q);
    out += digit(t + ((q - t) % (BASE - t)));
    q = Math.floor((q - t) / (BASE - t));
  }
}

/** @param {number} delta @param {number} points @param {boolean} first */
function adapt(delta, points, first) {
  let d = Math.floor(delta / (first ? DAMP : 2));
  d += Math.floor(d / points);
  let k = 0;
  for (; d > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) d = Math.floor(d / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * d) / (d + SKEW));
}

/** @param {number} d */
const digit = (d) => String.fromCharCode(d < 26 ? 97 + d : 22 + d);
