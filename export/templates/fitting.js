/* A picture made into what the network reads, as the project's Python does it with Pillow, to the bit: `picture` is
 * {width, height, data}, data four bytes R, G, B, A a pixel, as a canvas gives them. */
const fitting = (function () {
  'use strict';

  const lanczos = {support: 3, at(x) {
    if (x <= -3 || x >= 3) return 0;
    const sinc = t => t === 0 ? 1 : Math.sin(t * Math.PI) / (t * Math.PI);
    return sinc(x) * sinc(x / 3);
  }};
  const box = {support: 0.5, at: x => x > -0.5 && x <= 0.5 ? 1 : 0};
  const bicubic = {support: 2, at(x) {
    x = Math.abs(x);
    return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
  }};

  /* For each of `to` outputs of `from` inputs: where its window begins, and weights in 2^-22, as Pillow has them. */
  function coefficients(from, to, filter) {
    const scale = from / to, stretched = Math.max(scale, 1), support = filter.support * stretched;
    return Array.from({length: to}, (_, index) => {
      const centre = (index + 0.5) * scale;
      const first = Math.max(Math.trunc(centre - support + 0.5), 0);
      const end = Math.min(Math.trunc(centre + support + 0.5), from);
      const exact = [];
      for (let at = first; at < end; at++) exact.push(filter.at((at - centre + 0.5) * (1 / stretched)));
      const sum = exact.reduce((a, b) => a + b, 0);
      const weights = exact.map(value => sum === 0 ? value : value * (1 / sum))
        .map(value => Math.trunc((value < 0 ? -0.5 : 0.5) + value * (1 << 22)));
      return {first, weights};
    });
  }

  /* Resized in one direction: `lines` lines of `from` values, `step` apart within a line, `next` between lines. */
  function along(data, filter, from, to, lines, step, next, channels, out, outStep, outNext) {
    coefficients(from, to, filter).forEach(({first, weights}, index) => {
      for (let line = 0; line < lines; line++)
        for (let channel = 0; channel < channels; channel++) {
          let sum = 1 << 21, at = line * next + first * step + channel;
          for (const weight of weights) { sum += data[at] * weight; at += step; }
          out[line * outNext + index * outStep + channel] = Math.min(Math.max(Math.floor(sum / (1 << 22)), 0), 255);
        }
    });
    return out;
  }

  function resize(data, width, height, channels, toWidth, toHeight, filter) {
    if (toWidth !== width)
      data = along(data, filter, width, toWidth, height, channels, width * channels, channels,
                   new Uint8Array(toWidth * height * channels), channels, toWidth * channels);
    if (toHeight !== height)
      data = along(data, filter, height, toHeight, toWidth, toWidth * channels, channels, channels,
                   new Uint8Array(toWidth * toHeight * channels), toWidth * channels, channels);
    return data;
  }

  /* Shrunk to fit `side` x `side` with its aspect kept, never enlarged, and centred on white. */
  function colour(picture, side) {
    let {width, height} = picture;
    const rgb = opaque(picture);
    if (width > side) { height = Math.max(Math.floor(height * side / width), 1); width = side; }
    if (height > side) { width = Math.max(Math.floor(width * side / height), 1); height = side; }
    const small = resize(rgb, picture.width, picture.height, 3, width, height, lanczos);
    const fitted = new Uint8Array(side * side * 3).fill(255);
    const left = Math.floor((side - width) / 2), top = Math.floor((side - height) / 2);
    for (let row = 0; row < height; row++)
      fitted.set(small.subarray(row * width * 3, (row + 1) * width * 3), ((top + row) * side + left) * 3);
    return fitted;
  }

  const resized = ({width, height, data}, toWidth, toHeight, filter) => (
    {width: toWidth, height: toHeight, data: resize(data, width, height, 1, toWidth, toHeight, filter)});

  const inverted = grey => ({...grey, data: grey.data.map(value => 255 - value)});

  /* White ink on black, placed as MNIST's digits are, the steps of datasets/pictures.py under their names there; of 28x28
   * pixels the greys. `invert`: 'yes', 'no', or 'auto'; `threshold`: null, or from which grey on it is ink. */
  function photograph(picture, side, invert, threshold) {
    const dark = guess => invert === 'yes' || invert !== 'no' && guess(), fitted = new Uint8Array(side * side);
    let grey = greyOf(picture);
    if (grey.width === side && grey.height === side) return dark(() => brightBorder(grey)) ? inverted(grey).data : grey.data;
    if (grey.data.every(value => value === grey.data[0])) return fitted;
    const scale = 320 / Math.max(grey.width, grey.height);
    if (scale < 1) grey = resized(grey, Math.max(1, halfToEven(grey.width * scale)), Math.max(1, halfToEven(grey.height * scale)),
                                  scale < 0.5 ? box : lanczos);
    if (dark(() => darkInk(grey))) grey = inverted(grey);
    const found = inkOf(grey), cut = threshold === null ? found.cut : threshold;
    const kept = chosen(found.ink.map(value => value >= cut ? 1 : 0), grey.width, grey.height);
    return kept.includes(1) ? place(digit(found.ink, kept, grey.width, cut), side) : fitted;
  }

  const coarse = picture => {
    const longer = Math.max(picture.width, picture.height);
    return resized(picture, ...[picture.width, picture.height].map(length => Math.max(8, halfToEven(length * 64 / longer))), box);
  };

  /* Whether ink is the dark part: what is thin is dark; where that is not plain, the border is bright. */
  function darkInk(grey) {
    const small = coarse(grey), middle = ranked(small, 15, 112);
    let sum = 0, weight = 0;
    small.data.forEach((value, k) => { const cube = (value - middle.data[k]) ** 3; sum += cube; weight += Math.abs(cube); });
    const skew = weight ? sum / weight : 0, greys = grey.data.slice().sort();
    if (Math.abs(skew) > 0.3) return skew < 0;
    return median(border(grey).sort()) >= (percentile(greys, 1) + percentile(greys, 99)) / 2;
  }

  /* Otsu's threshold, and the share of the variance that it explains. */
  function otsu(values) {
    const counts = new Float64Array(256), between = new Float64Array(256), total = values.length;
    for (const value of values) counts[value]++;
    const mean = values.reduce((sum, value) => sum + value, 0) / total;
    let weight = 0, moment = 0, variance = 0;
    counts.forEach((count, value) => {
      weight += count;
      moment += count * value;
      variance += count * (value - mean) ** 2;
      const difference = mean * weight - moment, exact = difference * difference / (weight * (total - weight)) / total;
      between[value] = Number.isFinite(exact) ? exact : -1;
    });
    const most = Math.max(...between);
    return {cut: Math.trunc((between.indexOf(most) + between.lastIndexOf(most)) / 2) + 1,
            share: most * total / Math.max(variance / total, 1e-9)};
  }

  /* Ink as 0 to 255, from bright ink on dark, and the threshold; light evened out where it is not even. */
  function inkOf(grey) {
    const flat = contrasted(grey.data), {cut, share} = otsu(flat), around = border({...grey, data: flat});
    if (share >= 0.8 && around.filter(value => value >= cut).length / around.length < 0.02) return {ink: flat, cut};
    const ink = contrasted(evened(grey)), middle = median(ink.slice().sort());
    const noise = 1.4826 * median(Float64Array.from(ink, value => Math.abs(value - middle)).sort());
    return {ink, cut: Math.min(Math.max(otsu(ink).cut, middle + 5 * noise), 200)};
  }

  function contrasted(values) {
    const sorted = Float64Array.from(values).sort();
    let low = percentile(sorted, 0.5), high = percentile(sorted, 99.8);
    if (high <= low) { low = sorted[0]; high = sorted[sorted.length - 1]; }
    const factor = 255 / (high - low);
    return Uint8Array.from(values, value => Math.min(Math.max(halfToEven((value - low) * factor), 0), 255));
  }

  /* How much darker than the paper around it, 0 to 1: the paper is a small copy, closed and blurred. */
  function evened(grey) {
    const light = inverted(grey), closed = blurred(ranked(ranked(coarse(light), 15, 224), 15, 0));
    const paper = resized(closed, grey.width, grey.height, bicubic).data;
    return Float64Array.from(light.data, (value, k) => Math.min(Math.max(1 - value / Math.max(paper[k], 1), 0), 1));
  }

  /* The value of a rank among the `size` x `size` around each pixel, those at the border repeated outwards. */
  function ranked({width, height, data}, size, rank) {
    const half = (size - 1) / 2, out = new Uint8Array(data.length), counts = new Uint32Array(256);
    const at = (x, y) => data[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)];
    for (let y = 0; y < height; y++) {
      counts.fill(0);
      for (let x = -half; x < half + width; x++) {
        for (let dy = -half; dy <= half; dy++) {
          counts[at(x, y + dy)]++;
          if (x > half) counts[at(x - size, y + dy)]--;
        }
        if (x < half) continue;
        let value = 0, below = counts[0];
        while (below <= rank) below += counts[++value];
        out[y * width + x - half] = value;
      }
    }
    return {width, height, data: out};
  }

  /* Pillow's Gaussian blur of radius 2: three boxes of radius 1.375 along, and three across, in units of 2^-24. */
  function blurred({width, height, data}) {
    const inside = 4473924, edge = 1677722;
    const pass = (lines, length, next, step) => {
      const out = new Uint8Array(data.length);
      for (let line = 0; line < lines; line++)
        for (let k = 0; k < length; k++) {
          const at = offset => data[line * next + Math.min(Math.max(k + offset, 0), length - 1) * step];
          const sum = (at(-1) + at(0) + at(1)) * inside + (at(-2) + at(2)) * edge;
          out[line * next + k * step] = Math.floor((sum + (1 << 23)) / (1 << 24));
        }
      data = out;
    };
    for (let k = 0; k < 3; k++) pass(height, width, width, 1);
    for (let k = 0; k < 3; k++) pass(width, height, 1, width);
    return {width, height, data};
  }

  /* The ink that counts: what touches the border is dropped where something else is left. */
  function chosen(mask, width, height) {
    const {labels, parts} = components(mask, width, height), longer = Math.max(width, height);
    if (!parts.length) return mask;
    const sideOf = one => Math.max(one.bottom - one.top, one.right - one.left);
    const largestOf = some => some.reduce((most, one) => one.area > most.area ? one : most);
    let some = parts.filter(one => one.top > 0 && one.left > 0 && one.bottom < height && one.right < width);
    let largest = some.length ? largestOf(some) : null;
    const all = largestOf(parts);
    if (!largest || sideOf(largest) < 0.1 * longer || largest.area < 0.05 * all.area && sideOf(largest) < 0.25 * longer) {
      some = parts;
      largest = all;
    }
    const large = some.filter(one => one.area >= 0.3 * largest.area);
    const around = {top: Math.min(...large.map(one => one.top)), left: Math.min(...large.map(one => one.left)),
                    bottom: Math.max(...large.map(one => one.bottom)), right: Math.max(...large.map(one => one.right))};
    const reach = 0.5 * sideOf(around);
    const near = some.filter(one => one.area >= 0.02 * largest.area &&
                             one.top < around.bottom + reach && one.bottom > around.top - reach &&
                             one.left < around.right + reach && one.right > around.left - reach);
    const numbers = new Set([...large, ...near].map(one => one.number));
    return mask.map((_, k) => numbers.has(labels[k]) ? 1 : 0);
  }

  /* Connected parts, pixels that touch at a corner too, in the order of their first pixels. */
  function components(mask, width, height) {
    const labels = new Int32Array(mask.length), parts = [];
    for (let first = 0; first < mask.length; first++) {
      if (!mask[first] || labels[first]) continue;
      const part = {number: parts.length + 1, area: 0, top: height, left: width, bottom: 0, right: 0}, waiting = [first];
      labels[first] = part.number;
      while (waiting.length) {
        const k = waiting.pop(), x = k % width, y = (k - x) / width;
        part.area++;
        part.top = Math.min(part.top, y); part.bottom = Math.max(part.bottom, y + 1);
        part.left = Math.min(part.left, x); part.right = Math.max(part.right, x + 1);
        for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++)
          for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
            const other = row * width + column;
            if (mask[other] && !labels[other]) { labels[other] = part.number; waiting.push(other); }
          }
      }
      parts.push(part);
    }
    return {labels, parts};
  }

  /* The chosen ink, 20 pixels long, 0 and 255, its strokes no thinner than a pen's in MNIST. */
  function digit(ink, kept, across, cut) {
    let top = Infinity, bottom = 0, left = Infinity, right = 0, area = 0, edges = 0;
    kept.forEach((one, k) => {
      if (!one) return;
      const x = k % across, y = (k - x) / across;
      area++;
      edges += (x === 0 || !kept[k - 1]) + (x === across - 1 || !kept[k + 1]) + !kept[k - across] + !kept[k + across];
      top = Math.min(top, y); bottom = Math.max(bottom, y);
      left = Math.min(left, x); right = Math.max(right, x);
    });
    const width = right - left + 1, height = bottom - top + 1, unit = Math.max(width, height) / 20;
    const stroke = 2 * area / Math.max(edges * 0.8, 1), grow = halfToEven((1.9 * unit - stroke) / 2);
    let soft = {width, height, data: new Uint8Array(width * height)};
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const k = (top + y) * across + left + x;
        if (kept[k]) soft.data[y * width + x] = unit < 4 ? Math.min(Math.max(128 + (ink[k] - cut) * 2, 0), 255) : 255;
      }
    if (grow >= 1) soft = ranked(soft, 2 * grow + 1, (2 * grow + 1) ** 2 - 1);
    soft = resized(soft, ...[width, height].map(length => Math.max(halfToEven(length / unit), 1)), unit > 2 ? box : lanczos);
    const bright = soft.data.some(value => value >= 128) ? soft.data : contrasted(soft.data);
    return {...soft, data: bright.map(value => value >= 128 ? 255 : 0)};
  }

  /* Its centre of mass in the middle. */
  function place({width, height, data}, side) {
    const fitted = new Uint8Array(side * side), down = new Array(height).fill(0), across = new Array(width).fill(0);
    data.forEach((value, k) => { down[Math.floor(k / width)] += value; across[k % width] += value; });
    const y = corner(down, side), x = corner(across, side);
    for (let row = 0; row < height; row++)
      fitted.set(data.subarray(row * width, (row + 1) * width), (y + row) * side + x);
    return fitted;
  }

  function greyOf(picture) {
    const {width, height} = picture, rgb = opaque(picture), data = new Uint8Array(width * height);
    for (let k = 0; k < data.length; k++)
      data[k] = (rgb[3 * k] * 19595 + rgb[3 * k + 1] * 38470 + rgb[3 * k + 2] * 7471 + 0x8000) >> 16;
    return {width, height, data};
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

  function halfToEven(value) {
    const down = Math.floor(value), rest = value - down;
    return rest < 0.5 || rest === 0.5 && down % 2 === 0 ? down : down + 1;
  }

  /* The outermost pixels, those of the corners twice. */
  function border({width, height, data}) {
    const found = [];
    for (let x = 0; x < width; x++) found.push(data[x], data[(height - 1) * width + x]);
    for (let y = 0; y < height; y++) found.push(data[y * width], data[(y + 1) * width - 1]);
    return Uint8Array.from(found);
  }

  const brightBorder = grey => median(border(grey).sort()) >= 128;

  function median(sorted) {
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /* As NumPy has it: linear between the nearest two. */
  function percentile(sorted, percent) {
    const where = (sorted.length - 1) * (percent / 100), below = Math.floor(where), part = where - below;
    const low = sorted[below], high = sorted[Math.min(below + 1, sorted.length - 1)];
    return part >= 0.5 ? high - (high - low) * (1 - part) : low + (high - low) * part;
  }

  /* Where a profile of ink begins whose centre of mass is to be the middle. */
  function corner(profile, side) {
    let moment = 0, sum = 0;
    profile.forEach((value, k) => { moment += value * (k + 0.5); sum += value; });
    return Math.min(Math.max(halfToEven(side / 2 - moment / sum), 0), side - profile.length);
  }

  return {colour, photograph};
})();
