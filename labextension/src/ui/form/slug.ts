/** The id that is made from a name: the same as `slug` of `mdeploy_lab/models/names.py`; a golden list holds both to it. */

/** Lower case ASCII with hyphens; a name that leaves too little gets a part of its own digest. */
export function slug(name: string): string {
  const ascii = name
    .trim()
    .normalize('NFKD')
    // eslint-disable-next-line no-control-regex -- ASCII is what is kept
    .replace(/[^\x00-\x7f]/g, '')
    .toLowerCase();
  const plain = ascii.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  if (plain.length >= 3 && plain.length <= 63) {
    return plain;
  }
  const digest = sha256(name).slice(0, 8);
  if (plain.length > 63) {
    return `${plain.slice(0, 54).replace(/-+$/, '')}-${digest}`;
  }
  return `${plain === '' ? 'model' : plain}-${digest}`;
}

const PRIMES = primes(64);
const K = PRIMES.map(each => fraction(Math.cbrt(each)));
const START = PRIMES.slice(0, 8).map(each => fraction(Math.sqrt(each)));

/** FIPS 180-4, in hexadecimal: the browser's own exists only in secure contexts, and answers later. */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const padded = new DataView(new ArrayBuffer(length));
  bytes.forEach((byte, at) => padded.setUint8(at, byte));
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29));
  padded.setUint32(length - 4, bytes.length * 8);
  const state = Uint32Array.from(START);
  for (let block = 0; block < length; block += 64) {
    digest(state, padded, block);
  }
  return Array.from(state, word => word.toString(16).padStart(8, '0')).join('');
}

function digest(state: Uint32Array, data: DataView, block: number): void {
  const words = new Uint32Array(64);
  for (let t = 0; t < 64; t++) {
    words[t] =
      t < 16
        ? data.getUint32(block + t * 4)
        : at(words, t - 16) + low(at(words, t - 15)) + at(words, t - 7) + high(at(words, t - 2));
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t++) {
    const one =
      h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + (K[t] ?? 0) + at(words, t);
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => (state[index] = at(state, index) + word));
}

function at(words: Uint32Array, index: number): number {
  return words[index] ?? 0;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function low(word: number): number {
  return turn(word, 7) ^ turn(word, 18) ^ (word >>> 3);
}

function high(word: number): number {
  return turn(word, 17) ^ turn(word, 19) ^ (word >>> 10);
}

function fraction(value: number): number {
  return Math.floor((value % 1) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let each = 2; found.length < count; each++) {
    if (found.every(prime => each % prime !== 0)) {
      found.push(each);
    }
  }
  return found;
}
