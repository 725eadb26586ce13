/* The network, with whole numbers only: what the board computes. `network(description, bytes)` gives an object whose
 * classify(image) takes a Uint8Array of the pixels and returns {scores, answer}.
 *
 * Values are bits, 32 to a word. A 1-bit value, -1 or +1, is one bit; a 2-bit value, -1, 0 or +1, one bit in each of two
 * words side by side: whether it is not 0, and whether it is +1. Of two vectors that are both not 0 in n places, of
 * which d differ in sign, the dot product is n - 2d. An output is the number of its thresholds that the dot product
 * reaches. Max pooling takes the largest dot product, which reaches the most. */
function network(description, bytes) {
  'use strict';
  const xPlanes = description.inputPlanes, wPlanes = description.weightPlanes;
  const layers = description.layers.map(layer => Object.assign({}, layer, {
    weights: new (layer.words ? Int32Array : Int8Array)(bytes.buffer, layer.weights[0], layer.weights[1]),
    thresholds: layer.thresholds && new Int16Array(bytes.buffer, layer.thresholds[0], layer.thresholds[1])}));

  function ones(v) {
    v -= v >>> 1 & 0x55555555;
    v = (v & 0x33333333) + (v >>> 2 & 0x33333333);
    return Math.imul(v + (v >>> 4) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }

  function places(x, at, strips, stride, words, fanIn) {
    if (xPlanes === 1) return fanIn;
    let n = 0;
    for (; strips--; at += stride)
      for (let k = 0; k < words; k++) n += ones(x[at + 2 * k]);
    return n;
  }

  /* The dot product of the window of x at `at`: `strips` of `words`, `stride` words from one to the next. */
  const dot = wPlanes === 2 ? (x, at, strips, stride, words, n, w, row) => {
    let differ = 0;
    for (n = 0; strips--; at += stride)
      for (let k = at; k < at + 2 * words; k += 2, row += 2) {
        const both = x[k] & w[row];
        n += ones(both);
        differ += ones((x[k + 1] ^ w[row + 1]) & both);
      }
    return n - 2 * differ;
  } : xPlanes === 2 ? (x, at, strips, stride, words, n, w, row) => {
    let differ = 0;
    for (; strips--; at += stride)
      for (let k = at; k < at + 2 * words; k += 2) differ += ones((x[k + 1] ^ w[row++]) & x[k]);
    return n - 2 * differ;
  } : (x, at, strips, stride, words, n, w, row) => {
    let differ = 0;
    for (; strips--; at += stride)
      for (let k = at; k < at + words; k++) differ += ones(x[k] ^ w[row++]);
    return n - 2 * differ;
  };

  function put(y, at, row, sum, thresholds) {
    const bit = 1 << row % 32;
    at += (row >> 5) * xPlanes;
    if (xPlanes === 1) {
      if (sum >= thresholds[row]) y[at] |= bit;
    } else {
      const n = (sum >= thresholds[2 * row]) + (sum >= thresholds[2 * row + 1]);
      if (n !== 1) y[at] |= bit;
      if (n === 2) y[at + 1] |= bit;
    }
  }

  /* All windows of kernel x kernel; a dense layer has one pixel, and windows of one. */
  function outputs(layer, x) {
    const {side, kernel, words, rows, thresholds, weights, fanIn} = layer, pool = layer.pool ? 2 : 1;
    const stride = side * words * xPlanes, last = side - kernel + 1, wide = kernel * words;
    const pixel = rows / 32 * xPlanes, y = new Int32Array((last / pool) * (last / pool) * pixel);
    const at = [0, 0, 0, 0], n = [0, 0, 0, 0];
    let to = 0;
    for (let i = 0; i < last; i += pool)
      for (let j = 0; j < last; j += pool, to += pixel) {
        for (let p = 0; p < pool * pool; p++) {
          at[p] = (i + (p >> 1)) * stride + (j + p % 2) * words * xPlanes;
          n[p] = places(x, at[p], kernel, stride, wide, fanIn);
        }
        for (let row = 0, w = 0; row < rows; row++, w += kernel * wide * wPlanes) {
          let sum = dot(x, at[0], kernel, stride, wide, n[0], weights, w);
          for (let p = 1; p < pool * pool; p++)
            sum = Math.max(sum, dot(x, at[p], kernel, stride, wide, n[p], weights, w));
          put(y, to, row, sum, thresholds);
        }
      }
    return y;
  }

  /* The pixels as bits: white is +1. */
  function bits(image) {
    const x = new Int32Array(layers[0].words * xPlanes);
    image.forEach((grey, k) => {
      const at = (k >> 5) * xPlanes, bit = 1 << k % 32;
      if (grey >= description.white) x[at + xPlanes - 1] |= bit;
      if (xPlanes === 2) x[at] |= bit;
    });
    return x;
  }

  /* The first layer of a network that reads colours, on 8 bits: 2 p / 255 - 1 in 1/128. */
  function pixels(layer, image) {
    const {rows, weights, thresholds, inputs, fanIn, side} = layer, last = side - 2, pixel = rows / 32 * xPlanes;
    const values = Int16Array.from(image, p => Math.min(Math.floor((512 * p + 255) / 510) - 128, 127));
    const y = new Int32Array(last * last * pixel), strip = 3 * inputs, window = new Int16Array(fanIn);
    for (let i = 0, to = 0; i < last; i++)
      for (let j = 0; j < last; j++, to += pixel) {
        for (let k = 0; k < fanIn; k++)
          window[k] = values[((i + Math.floor(k / strip)) * side + j) * inputs + k % strip];
        for (let row = 0, w = 0; row < rows; row++) {
          let sum = 0;
          for (let k = 0; k < fanIn; k++) sum += window[k] * weights[w++];
          put(y, to, row, sum, thresholds);
        }
      }
    return y;
  }

  function classify(image) {
    let x = layers[0].words ? bits(image) : image;
    for (const layer of layers.slice(0, -1)) x = layer.words ? outputs(layer, x) : pixels(layer, x);
    const {words, rows, fanIn, weights, thresholds, offset, divisor} = layers[layers.length - 1];
    const n = places(x, 0, 1, 0, words, fanIn), scores = [];
    for (let row = 0; row < rows; row++) {
      const sum = dot(x, 0, 1, 0, words, n, weights, row * words * wPlanes);
      scores.push(thresholds ? +(sum >= thresholds[row]) : (sum + offset) / divisor);
    }
    return {scores, answer: thresholds ? Math.max(scores.lastIndexOf(1), 0) : scores.indexOf(Math.max(...scores))};
  }

  return {classify};
}
