/* The page: from what is drawn, dropped, pasted or filmed to what the board answers. `bnn` is there for the console. */
const bnn = (function () {
  'use strict';
  const byId = id => document.getElementById(id);
  const decoded = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const description = JSON.parse(byId('description').textContent);
  const {classify} = network(description, decoded(byId('weights').textContent));
  const [side, , colours] = description.shape, pad = byId('pad'), video = byId('video');
  let current = null, camera = null;

  function fit(picture) {
    if (colours) return fitting.colour(picture, side);
    const grey = fitting.photograph(picture, side, description.invert || 'auto', description.threshold);
    return description.threshold === null ? grey : grey.map(value => value >= description.threshold ? 255 : 0);
  }

  /* The pixels of anything that a canvas draws, at most 2048 wide and high. */
  function pixels(drawable, width, height) {
    const scale = Math.min(1, 2048 / Math.max(width, height)), canvas = document.createElement('canvas');
    canvas.width = Math.max(Math.round(width * scale), 1);
    canvas.height = Math.max(Math.round(height * scale), 1);
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(drawable, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  function paint(canvas, image) {
    const data = new ImageData(side, side);
    for (let k = 0; k < side * side; k++)
      for (let channel = 0; channel < 4; channel++)
        data.data[4 * k + channel] = channel === 3 ? 255 : colours ? image[3 * k + channel] : image[k];
    canvas.width = canvas.height = side;
    canvas.getContext('2d').putImageData(data, 0, 0);
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text === undefined ? '' : text;
    return made;
  }

  /* Show the answer to pixels as the network reads them. */
  function show(image) {
    current = image;
    const {scores, answer} = classify(image), names = description.classes;
    byId('answer').textContent = names[answer];
    paint(byId('seen'), image);
    const bits = scores.filter(score => score).length;
    byId('why').textContent = !description.highest ? 'the class with the largest score'
      : bits === 1 ? 'only its bit is set' : bits ? bits + ' bits are set: the highest wins' : 'no bit is set, so the first class';
    const low = Math.min(...scores), high = Math.max(...scores);
    const order = names.map((_, index) => index).sort((a, b) => (b === answer) - (a === answer) || scores[b] - scores[a] ||
                                                              (description.highest && scores[a] ? b - a : a - b));
    byId('ranking').replaceChildren(...order.map(index => {
      const item = element('li', index === answer ? 'answered' : ''), bar = element('span', 'bar');
      bar.style.width = 100 * (scores[index] - low) / Math.max(high - low, 1) + '%';
      item.append(bar, element('span', 'name', names[index]), element('span', 'score', scores[index]));
      return item;
    }));
    byId('error').textContent = '';
    return {scores, answer};
  }

  const give = picture => show(fit(picture));

  async function open(file) {
    try {
      const bitmap = await createImageBitmap(file);
      give(pixels(bitmap, bitmap.width, bitmap.height));
    } catch (error) {
      byId('error').textContent = (file.name || 'This') + ' cannot be read by this browser: use a PNG or JPEG.';
    }
  }

  /* How fast this browser is: the picture that is shown, over and over, for a third of a second. */
  function measure() {
    if (!current || camera) return;
    let count = 0;
    const started = performance.now();
    do { classify(current); count++; } while (performance.now() - started < 300);
    const rate = 1000 * count / (performance.now() - started);
    byId('speed').textContent = (rate < 20 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en')) + ' images/s in this browser';
  }

  function wireFiles() {
    byId('file').addEventListener('change', event => { if (event.target.files[0]) open(event.target.files[0]); event.target.value = ''; });
    byId('choose').addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); byId('file').click(); }
    });
    const given = (transfer, event) => {
      const file = [...transfer.files].find(one => one.type.startsWith('image/')) || transfer.files[0];
      if (file) { event.preventDefault(); open(file); }
    };
    addEventListener('paste', event => given(event.clipboardData, event));
    addEventListener('dragover', event => { event.preventDefault(); document.body.classList.add('dropping'); });
    addEventListener('dragleave', () => document.body.classList.remove('dropping'));
    addEventListener('drop', event => {
      event.preventDefault();
      document.body.classList.remove('dropping');
      given(event.dataTransfer, event);
    });
  }

  async function film() {
    const button = byId('camera');
    if (camera) {
      camera.getTracks().forEach(track => track.stop());
      camera = null;
      video.hidden = true;
      button.textContent = 'Camera';
      return;
    }
    try {
      camera = await navigator.mediaDevices.getUserMedia({video: {facingMode: 'environment'}});
    } catch (error) {
      byId('error').textContent = 'This page cannot use a camera: ' + error.message;
      return;
    }
    video.srcObject = camera;
    video.hidden = false;
    button.textContent = 'Stop the camera';
    await video.play();
    (function next() {
      if (!camera) return;
      if (video.videoWidth) {
        const started = performance.now();
        give(pixels(video, video.videoWidth, video.videoHeight));
        byId('speed').textContent = (1000 / (performance.now() - started)).toFixed(1) + ' pictures/s from the camera';
      }
      requestAnimationFrame(next);
    })();
  }

  /* Ink on paper, as a photograph of it would be. */
  function wirePad() {
    const context = pad.getContext('2d', {willReadFrequently: true});
    let last = null, pen = {x: 140, y: 140}, frame = null;
    const clear = () => {
      cancelAnimationFrame(frame);
      frame = null;
      context.fillStyle = '#fff';
      context.fillRect(0, 0, pad.width, pad.height);
      byId('answer').textContent = '\u2013';
      byId('why').textContent = '';
      byId('ranking').replaceChildren();
      current = null;
    };
    const at = event => {
      const box = pad.getBoundingClientRect();
      return {x: (event.clientX - box.left) * pad.width / box.width, y: (event.clientY - box.top) * pad.height / box.height};
    };
    const line = (from, to) => {
      context.strokeStyle = '#000';
      context.lineWidth = 22;
      context.lineCap = context.lineJoin = 'round';
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y + 0.01);
      context.stroke();
      if (frame === null) frame = requestAnimationFrame(() => { frame = null; give(pixels(pad, pad.width, pad.height)); });
    };
    pad.addEventListener('pointerdown', event => { pad.setPointerCapture(event.pointerId); last = at(event); line(last, last); });
    pad.addEventListener('pointermove', event => { if (last) { const to = at(event); line(last, to); last = to; } });
    for (const name of ['pointerup', 'pointercancel']) pad.addEventListener(name, () => { if (last) setTimeout(measure, 50); last = null; });
    let drawing = false;
    pad.addEventListener('keyup', event => { if (event.key === ' ') drawing = false; });
    pad.addEventListener('keydown', event => {
      const step = {ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8]}[event.key];
      if (event.key === ' ') { drawing = true; line(pen, pen); }
      if (step) {
        const to = {x: Math.min(Math.max(pen.x + step[0], 0), 279), y: Math.min(Math.max(pen.y + step[1], 0), 279)};
        if (drawing) line(pen, to);
        pen = to;
      }
      if (step || event.key === ' ') event.preventDefault();
    });
    byId('clear').addEventListener('click', clear);
    clear();
  }

  function wireSamples() {
    description.samples.map(decoded).forEach((image, number) => {
      const button = element('button', ''), canvas = document.createElement('canvas');
      button.type = 'button';
      button.setAttribute('aria-label', 'test image ' + (number + 1));
      paint(canvas, image);
      button.append(canvas);
      button.addEventListener('click', () => { show(image); setTimeout(measure, 50); });
      byId('samples').append(button);
      if (!number) show(image);
    });
    if (description.samples.length) setTimeout(measure, 300);
  }

  wireFiles();
  byId('camera').addEventListener('click', film);
  if (pad) wirePad();
  wireSamples();
  return {classify, fit, show, give, description};
})();
