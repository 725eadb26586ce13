"""How many photographed digits LFC reads right: MNIST's test digits, drawn into synthetic photographs of paper.

    python bench/photographs.py --data-dir DIR          # 2,000 digits: clean, photographed, and with a fixed threshold

A photograph has textured paper, uneven light, shadows, the table's edge, lines of a pencil or a thick pen, noise, blur,
perspective, an EXIF orientation, and JPEG artefacts, all drawn from one seed.
"""
from __future__ import absolute_import, division, print_function

import io
import json
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np
from PIL import Image, ImageFilter

from board import predict
from board.simulator import answers
from common.errors import ArgumentParser, run
from common.run_folder import PRETRAINED
from datasets import pictures, registry
from datasets.messages import progress

PACKAGE = os.path.join(PRETRAINED, 'mnist-lfcW1A1.tar.gz')
_TURNS = {3: Image.ROTATE_180, 6: Image.ROTATE_90, 8: Image.ROTATE_270}       # what EXIF's orientation undoes


def photograph(digit, random):
    """The bytes of a JPEG of `digit`, uint8 (28, 28), on paper."""
    width, height = [int(side) for side in random.randint(280, 641, 2)]
    side = int(min(width, height) * random.uniform(.35, .8))
    ink = Image.fromarray(digit).resize((side, side), Image.BICUBIC)
    pen = random.randint(3)         # 0: as it is, 1: thinner, a pencil, 2: thicker, a marker
    if pen:
        ink = ink.filter([None, ImageFilter.MinFilter, ImageFilter.MaxFilter][pen](2 * max(1, side // 70) + 1))
    sheet = Image.new('L', (width, height), 0)
    sheet.paste(ink, (int(random.uniform(.05, .95) * (width - side)), int(random.uniform(.05, .95) * (height - side))))
    random.uniform(-.06, .06, 2)        # unused: keeps the photographs the same as those measured
    corners = np.array([(0, 0), (0, height), (width, height), (width, 0)]) + random.uniform(-.03, .03, (4, 2)) * side
    sheet = sheet.transform(sheet.size, Image.QUAD, corners.ravel().tolist(), Image.BICUBIC)
    ink = np.clip((np.array(sheet, float) - 90) / 100, 0, 1)
    rows, columns = np.mgrid[0:1:height * 1j, 0:1:width * 1j]
    grain = Image.fromarray(random.randint(0, 256, (height // 3 + 1, width // 3 + 1)).astype(np.uint8))
    grain = np.array(grain.resize((width, height), Image.BICUBIC), float) / 255 - .5
    paper = random.uniform(.75, 1) * (1 + random.uniform(0, .06) * grain)
    light = 1 + random.uniform(-.35, .35) * (rows - .5) + random.uniform(-.35, .35) * (columns - .5)
    if random.rand() < .5:          # a shadow
        angle = random.uniform(0, 2 * np.pi)
        distance = (rows - random.uniform(.2, .8)) * np.sin(angle) + (columns - random.uniform(.2, .8)) * np.cos(angle)
        light = light * (1 - random.uniform(.2, .5) / (1 + np.exp(-distance / random.uniform(.01, .1))))
    colour = random.uniform(.05, .45 if pen == 1 else .3)
    scene = paper * (1 - ink) + colour * paper * ink
    if random.rand() < .25:         # the table's edge, dark, along one side
        edge = [rows < .04, rows > .96, columns < .04, columns > .96][random.randint(4)]
        scene = np.where(edge & (ink < .1), random.uniform(.05, .4), scene)
    scene = np.clip(scene * light * random.uniform(.7, 1.05), 0, 1)
    picture = Image.fromarray(np.rint(255 * scene).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(random.uniform(0, side / 120.)))
    noisy = np.array(picture, float) + random.normal(0, random.uniform(0, 6), (height, width))
    tint = random.uniform(.9, 1, 3)
    picture = Image.fromarray(np.clip(noisy[..., None] * tint, 0, 255).astype(np.uint8))
    orientation = [1, 1, 1, 3, 6, 8][random.randint(6)]
    if orientation > 1:
        picture = picture.transpose(_TURNS[orientation])
    exif = b'Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0' + bytearray([orientation]) + b'\0\0\0\0\0\0'
    stream = io.BytesIO()
    picture.save(stream, 'JPEG', quality=int(random.randint(40, 96)), exif=bytes(exif))
    return stream.getvalue()


def main(arguments):
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data-dir', metavar='DIR', help='the folder with mnist.npz (default: download it)')
    parser.add_argument('--count', type=int, default=2000, metavar='N', help='photographs (default: 2000)')
    parser.add_argument('--seed', type=int, default=0, metavar='N')
    parser.add_argument('--json', action='store_true', help='print the figures as JSON')
    parser.add_argument('--wrong', metavar='DIR', help='a folder to save the photographs that are read wrong in')
    options = parser.parse_args(arguments)
    test = registry.load('mnist', 'lfc', options.data_dir).test
    random = np.random.RandomState(options.seed)
    chosen = random.permutation(len(test.labels))[:options.count]
    _, simulator = predict.load(PACKAGE)
    fitted = {'clean': [], 'photographs': [], 'photographs, fixed threshold': []}
    files = []
    for index in progress(chosen, len(chosen), 'Photographing'):
        files.append(photograph(test.images[index], random))
        picture, _ = pictures.decode(io.BytesIO(files[-1]))
        fitted['clean'].append(test.images[index])
        fitted['photographs'].append(pictures.fit_photograph(picture))
        fitted['photographs, fixed threshold'].append(pictures.fit_digit(picture))
    right = {}
    for name, images in fitted.items():
        got = answers(simulator.overlay, simulator.scores(np.array(images)))
        right[name] = got == test.labels[chosen]
    percent = {name: round(100 * values.mean(), 2) for name, values in right.items()}
    percent['photographs by clean'] = round(100 * right['photographs'].mean() / right['clean'].mean(), 2)
    if options.json:
        print(json.dumps({'seed': options.seed, 'count': len(chosen), 'package': os.path.basename(PACKAGE),
                          'percent right': percent}, indent=1, sort_keys=True))
    else:
        for name in ('clean', 'photographs', 'photographs, fixed threshold', 'photographs by clean'):
            print('%-30s %6.2f %%' % (name, percent[name]))
    if options.wrong:
        if not os.path.isdir(options.wrong):
            os.makedirs(options.wrong)
        for number in np.flatnonzero(~right['photographs'] & right['clean']):
            name = os.path.join(options.wrong, '%d-%d' % (test.labels[chosen[number]], number))
            with open(name + '.jpg', 'wb') as handle:
                handle.write(files[number])
            Image.fromarray(fitted['photographs'][number]).resize((112, 112)).save(name + '.png')


if __name__ == '__main__':
    sys.exit(run(main))
