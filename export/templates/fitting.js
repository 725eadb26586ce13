/* A picture made into what the network reads, as the project's Python does it with Pillow, to the bit: `picture` is
 * {width, height, data}, data four bytes R, G, B, A a pixel, as a canvas gives them. */
const fitting = (function () {
  'use strict';

  function lanczos(x) {
    if (x <= -3 || x >= 3) return 0;
    const sinc = t => t === 0 ? 1 : Math.sin(t * Math.PI) / (t * Math.PI);
    return sinc(x) * sinc(x / 3);
  }

  /* For each of `to` outputs of `from` inputs: where its window begins, and weights in 2^-22, as Pillow has them. */
  function coefficients(from, to) {
    const scale = from / to, stretched = Math.max(scale, 1), support = 3 * stretched;
    return Array.from({length: to}, (_, index) => {
      const centre = (index + 0.5) * scale;
      const first = Math.max(Math.trunc(centre - support + 0.5), 0);
      const end = Math.min(Math.trunc(centre + support + 0.5), from);
      const exact = [];
      for (let at = first; at < end; at++) exact.push(lanczos((at - centre + 0.5) * (1 / stretched)));
      const sum = exact.reduce((a, b) => a + b, 0);
      const weights = exact.map(value => sum === 0 ? value : value * (1 / sum))
        .map(value => Math.trunc((value < 0 ? -0.5 : 0.5) + value * (1 << 22)));
      return {first, weights};
    });
  }

  /* Lanczos in one direction: `lines` lines of `from` values, `step` apart within a line, `next` between lines. */
  function along(data, from, to, lines, step, next, channels, out, outStep, outNext) {
    coefficients(from, to).forEach(({first, weights}, index) => {
      for (let line = 0; line < lines; line++)
        for (let channel = 0; channel < channels; channel++) {
          let sum = 1 << 21, at = line * next + first * step + channel;
          for (const weight of weights) { sum += data[at] * weight; at += step; }
          out[line * outNext + index * outStep + channel] = Math.min(Math.max(Math.floor(sum / (1 << 22)), 0), 255);
        }
    });
    return out;
  }

  function resize(data, width, height, channels, toWidth, toHeight) {
    if (toWidth !== width)
      data = along(data, width, toWidth, height, channels, width * channels, channels,
                   new Uint8Array(toWidth * height * channels), channels, toWidth * channels);
    if (toHeight !== height)
      data = along(data, height, toHeight, toWidth, toWidth * channels, channels, channels,
                   new Uint8Array(toWidth * toHeight * channels), toWidth * channels, channels);
    return data;
  }

  /* Shrunk to fit `side` x `side` with its aspect kept, never enlarged, and centred on white. */
  function colour(picture, side) {
    let {width, height} = picture;
    const rgb = opaque(picture);
    if (width > side) { height = Math.max(Math.floor(height * side / width), 1); width = side; }
    if (height > side) { width = Math.max(Math.floor(width * side / height), 1); height = side; }
    const small = resize(rgb, picture.width, picture.height, 3, width, height);
    const fitted = new Uint8Array(side * side * 3).fill(255);
    const left = Math.floor((side - width) / 2), top = Math.floor((side - height) / 2);
    for (let row = 0; row < height; row++)
      fitted.set(small.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * side + left) * 3);
    return fitted;
  }

  /* White ink on black, placed as MNIST's digits are: cropped to the ink, scaled until its longer side is 20, stretched
   * to full contrast, its centre of mass in the middle. `invert`: 'yes', 'no', or 'auto', where the border is bright. */
  function digit(picture, side, invert) {
    const {width, height} = picture, rgb = opaque(picture);
    let grey = new Uint8Array(width * height);
    for (let k = 0; k < grey.length; k++)
      grey[k] = (rgb[3 * k] * 19595 + rgb[3 * k + 1] * 38470 + rgb[3 * k + 2] * 7471 + 0x8000) >> 16;
    if (invert === 'yes' || invert !== 'no' && brightBorder(grey, width, height)) grey = grey.map(value => 255 - value);
    if (width === side && height === side) return grey;
    const fitted = new Uint8Array(side * side);
    const [low, high] = range(grey);
    if (low === high) return fitted;
    grey = stretched(grey, low, high);
    let top = height, bottom = -1, left = width, right = -1;
    for (let k = 0; k < grey.length; k++)
      if (grey[k] > 127) {
        const row = Math.floor(k / width), column = k % width;
        top = Math.min(top, row); bottom = Math.max(bottom, row);
        left = Math.min(left, column); right = Math.max(right, column);
      }
    const inkWidth = right - left + 1, inkHeight = bottom - top + 1, ink = new Uint8Array(inkWidth * inkHeight);
    for (let row = 0; row < inkHeight; row++)
      ink.set(grey.subarray((top + row) * width + left, (top + row) * width + right + 1), row * inkWidth);
    const scale = (side - 8) / Math.max(inkWidth, inkHeight);
    const columns = Math.max(halfToEven(inkWidth * scale), 1), rows = Math.max(halfToEven(inkHeight * scale), 1);
    let small = resize(ink, inkWidth, inkHeight, 1, columns, rows);
    const darkest = range(small);
    if (!darkest[1]) return fitted;
    small = stretched(small, 0, darkest[1]);
    const down = new Array(rows).fill(0), across = new Array(columns).fill(0);
    small.forEach((value, k) => { down[Math.floor(k / columns)] += value; across[k % columns] += value; });
    const y = corner(down, side), x = corner(across, side);
    for (let row = 0; row < rows; row++)
      fitted.set(small.subarray(row * columns, (row + 1) * columns), (y + row) * side + x);
    return fitted;
  }

  /* Red, green, blue; what is transparent lies on white. */
  function opaque({width, height, data}) {
    const rgb = new Uint8Array(width * height * 3);
    for (let k = 0, at = 0; k < data.length; k += 4)
      for (let channel = 0; channel < 3; channel++)
        rgb[at++] = data[k + 3] === 255 ? data[k + channel]
          : Math.round((data[k + channel] * data[k + 3] + 255 * (255 - data[k + 3])) / 255);
    return rgb;
  }

  function range(values) {
    let low = 255, high = 0;
    for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
    return [low, high];
  }

  function stretched(grey, black, white) {
    return grey.map(value => halfToEven(Math.fround((value - black) * Math.fround(255 / (white - black)))));
  }

  function halfToEven(value) {
    const down = Math.floor(value), rest = value - down;
    return rest < 0.5 || rest === 0.5 && down % 2 === 0 ? down : down + 1;
  }

  function brightBorder(grey, width, height) {
    const border = [];
    for (let x = 0; x < width; x++) border.push(grey[x], grey[(height - 1) * width + x]);
    for (let y = 0; y < height; y++) border.push(grey[y * width], grey[(y + 1) * width - 1]);
    border.sort((a, b) => a - b);
    return border[border.length / 2 - 1] + border[border.length / 2] >= 256;
  }

  /* Where a profile of ink begins whose centre of mass is to be the middle. */
  function corner(profile, side) {
    let moment = 0, sum = 0;
    profile.forEach((value, k) => { moment += value * (k + 0.5); sum += value; });
    return Math.min(Math.max(halfToEven(side / 2 - moment / sum), 0), side - profile.length);
  }

  return {colour, digit};
})();
