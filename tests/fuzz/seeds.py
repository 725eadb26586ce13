"""Small valid files that fuzzing starts from, made as in the tests of each reader.

A function for each row of tests.fuzz.readers returns a list of bytes.
"""
from __future__ import absolute_import, division

import collections
import contextlib
import io
import json
import pickle

import numpy as np
from PIL import Image

from board import package
from common import npz as archives
from common import run_folder
from common.overlays import OVERLAYS
from tests import fuzzing_formats as formats
from tests.weights_gen.archives import random_layers
from training import checkpoint
from weights_gen import parameters as trained

LFC = OVERLAYS['lfcW1A1']
SMALL = LFC._replace(layers=tuple(layer._replace(inputs=inputs, outputs=outputs) for layer, inputs, outputs in zip(
    LFC.layers, (12, 7, 5, 9), (7, 5, 9, None))))


def noise(*shape):
    return np.random.RandomState(sum(shape)).randint(0, 256, shape).astype(np.uint8)


def _archive(arrays, compress=False):
    stream = io.BytesIO()
    archives.write(stream, arrays, compress)
    return stream.getvalue()


# --- arrays ----------------------------------------------------------------------------------------------------------

def _parts(shape, train=10, test=4):
    return {'x_train': noise(train, *shape), 'y_train': np.arange(train) % 2, 'x_test': noise(test, *shape),
            'y_test': np.arange(test) % 2}


def npz():
    """Archives of your own: in two forms, with class names, one-hot, as floats of other sizes."""
    grey = _parts((28, 28))
    named = dict(grey, class_names=np.array([u'a', u'b']))
    other = {'train_images': noise(10, 9, 9, 3) / 255., 'train_labels': np.eye(2)[np.arange(10) % 2],
             'test_images': noise(4, 9, 9, 3) / 255., 'test_labels': np.eye(2)[np.arange(4) % 2]}
    texts = dict(grey, y_train=np.array([u'a', u'b'] * 5), y_test=np.array([b'a', b'b'] * 2))
    stream = io.BytesIO()
    np.savez(stream, class_names=np.array([u'a', u'b'], object), **grey)
    return [_archive(grey), _archive(named, True), _archive(other, True), _archive(texts), stream.getvalue()]


def known():
    return [_archive(_parts((28, 28), 12, 10)), _archive(_parts((28, 28), 12, 10), True)]


def npy():
    grey = noise(2, 28, 28)
    return [formats.npy(grey), formats.npy(np.asfortranarray(grey)), formats.npy(grey > 127), formats.npy(grey / 255.),
            formats.npy(grey.reshape(2, 784)), formats.npy(noise(1, 32, 32, 3)), formats.gzipped(formats.npy(grey)),
            _archive({'x_test': grey}, True)]


def _idx(array):
    return np.array([0x800 + array.ndim] + list(array.shape), '>u4').tobytes() + array.astype(np.uint8).tobytes()


def idx_folder():
    """MNIST's four files with a few small images: name to bytes."""
    result = {}
    for part, count in (('train', 10), ('t10k', 4)):
        result[part + '-images-idx3-ubyte'] = _idx(noise(count, 5, 5))
        result[part + '-labels-idx1-ubyte'] = _idx(np.arange(count) % 2)
    return result


def idx_name(data):
    """The name of the file that `data` replaces: labels if its header says so."""
    return 'train-labels-idx1-ubyte' if data[3:4] == b'\1' else 'train-images-idx3-ubyte'


def idx():
    images, labels = [idx_folder()['train-' + kind] for kind in ('images-idx3-ubyte', 'labels-idx1-ubyte')]
    return [images, labels, formats.gzipped(images), formats.gzipped(labels)]


def _records(count):
    return np.hstack([np.arange(count)[:, np.newaxis] % 2, noise(count, 3072)]).astype(np.uint8).tobytes()


def cifar_folder():
    return {'data_batch_1.bin': _records(4), 'data_batch_2.bin': _records(4), 'test_batch.bin': _records(2),
            'batches.meta.txt': b'cat\ndog\n'}


def cifar():
    return [_records(4), _records(1)]


def _batch(count, protocol=2):
    return pickle.dumps({b'batch_label': b'one', b'labels': (np.arange(count) % 2).tolist(), b'data': noise(count, 3072),
                         b'filenames': [b'a.png'] * count}, protocol)


def pickle_folder():
    return {'data_batch_1': _batch(3), 'data_batch_2': _batch(3), 'test_batch': _batch(2)}


def pickles():
    small = {b'labels': [0, 1], b'data': np.zeros((2, 3072), np.uint8)}
    others = {b'fine_labels': [1], b'data': [], b'labels': []}
    return [_batch(2), _batch(2, 0), pickle.dumps(small, 1), pickle.dumps(others, 2)]


def cifar_archives():
    """CIFAR-10's archive for Python: ten training and ten test images."""
    members = []
    for name, count in [('data_batch_%d' % number, 2) for number in range(1, 6)] + [('test_batch', 10)]:
        batch = {b'labels': (np.arange(count) % 10).tolist(), b'data': noise(count, 3072) // 255}
        members.append(('cifar-10-batches-py/' + name, pickle.dumps(batch, 2)))
    return [formats.gzipped(formats.tar(members)), formats.tar(members[:1])]


# --- published sets --------------------------------------------------------------------------------------------------

def _mat(count, **options):
    from scipy import io as scipy_io
    stream, labels = io.BytesIO(), (np.arange(count, dtype=np.uint8) % 10 + 1)[:, np.newaxis]
    scipy_io.savemat(stream, {'X': noise(32, 32, 3, count) // 128, 'y': labels}, **options)
    return stream.getvalue()


def mat_folder():
    return {'train_32x32.mat': _mat(20), 'test_32x32.mat': _mat(10)}


def mat():
    from scipy import io as scipy_io
    strange, old = io.BytesIO(), io.BytesIO()
    scipy_io.savemat(strange, {'X': np.array([[1, u'text']], object), 'y': {'a': np.eye(2), 'b': u'c'}})
    scipy_io.savemat(old, {'y': np.arange(4.)}, format='4')
    return [_mat(20), _mat(20, do_compression=True), _mat(1), strange.getvalue(), old.getvalue()]


def gtsrb():
    rows = b''.join(b'%d_00000.ppm;32;%d\r\n'.replace(b'%d', str(row).encode('ascii')) for row in range(3))
    return [b'Filename;Width;ClassId\r\n' + rows, b'Width,ClassId,Path\n32,7,Train/7/00007_1.png\n']


# --- pictures --------------------------------------------------------------------------------------------------------

def pictures():
    """Every format that is read, in several modes; with EXIF orientation, a palette, transparency, 16 bits."""
    colour, grey = Image.fromarray(noise(9, 13, 3)), Image.fromarray(noise(9, 13))
    exif = Image.Exif()
    exif[0x112] = 6
    made = []
    for picture, kind, options in (
            (colour, 'PNG', {}), (grey, 'PNG', {}), (colour.quantize(4), 'PNG', {'transparency': 1}),
            (colour.convert('RGBA'), 'PNG', {}), (grey.point(lambda value: value > 9 and 255, '1'), 'PNG', {}),
            (Image.fromarray(noise(9, 13).astype(np.uint16) * 257), 'PNG', {}), (colour, 'JPEG', {'exif': exif}),
            (grey, 'JPEG', {'progressive': True}), (colour.convert('CMYK'), 'JPEG', {}), (colour.quantize(4), 'GIF', {}),
            (colour, 'BMP', {}), (grey, 'BMP', {}), (colour, 'WEBP', {'lossless': True}), (colour, 'PPM', {}),
            (grey, 'PPM', {}), (colour, 'TIFF', {}), (grey, 'TIFF', {'compression': 'packbits'})):
        stream = io.BytesIO()
        picture.save(stream, kind, **options)
        made.append(stream.getvalue())
    return made


def zipped():
    picture = pictures()[0]
    members = [('pets/cat/1.png', picture), ('pets/cat/2.png', picture), ('pets/dog/', b''), ('pets/dog/1.png', b'x'),
               ('__MACOSX/._x', b''), (u'pets/k\xe4fer/1.png', picture)]
    return [formats.zipped(members), formats.zipped(members[:1], 0)]


# --- what the project itself writes ----------------------------------------------------------------------------------

def package_contents():
    """The files of a set, all zeros."""
    result = {part: b'\0' * least for part, (least, _) in package.layout('lfcW1A1')[0].items()}
    return dict(result, **{'classes.txt': b'a\nb', 'samples/answers.json': b'[]'})


def packages():
    about = {'name': 'digits', 'network': 'lfcW1A1', 'dataset': 'digits', 'settings': {'recipe': 'best', 'seed': 1},
             'accuracy': {'packed': 97.5}}
    stream, little = io.BytesIO(), io.BytesIO()
    package.build(package_contents(), about, stream)
    package.build({'classes.txt': b'a'}, about, little)
    return [stream.getvalue(), little.getvalue()]


def manifests():
    return [package.read(io.BytesIO(packages()[0]))[1][package.MANIFEST],
            b'{"format": "bnn-pynq parameters 1", "name": "a", "network": "lfcW1A1", "files": {}}']


def settings():
    full = {'net': u'lfc', 'dataset': u'mnist', 'recipe': u'best', 'decision': u'largest output', 'weight_bits': 1,
            'activation_bits': 1, 'epochs': 2, 'seed': 1, 'train_size': None, 'classes': [u'a', u'\xe9'], 'rate': .5,
            'versions': {'python': u'2.7.18'}}
    return [json.dumps(full).encode('ascii'), b'{}', b'{"seed": 123456789012345678901234567890}',
            b'{"net": "\\ud83d\\ude00"}']


def history():
    names = u','.join(run_folder.HISTORY).encode('ascii') + b'\n'
    rows = [b'1,0.003,0.28,0.05,7.06,1,7.06,0.05,7.55\n', b'2,3e-05,nan,inf,6.51,2,6.51,0.04,6.94\n']
    return [names, names + rows[0], names + rows[0] + rows[1]]


@contextlib.contextmanager
def no_theano():
    """Fix the versions that write and read a checkpoint, so Theano is not needed."""
    asked = checkpoint.versions
    checkpoint.versions = lambda: collections.OrderedDict([('python', '3.11.7'), ('theano', '1.0.5')])
    try:
        yield
    finally:
        checkpoint.versions = asked


def signed(arrays):
    """A checkpoint of these arrays, name to array, with a correct SHA-256."""
    arrays = {name: array for name, array in arrays.items() if name != checkpoint._DIGEST}
    arrays[checkpoint._DIGEST] = np.array(checkpoint._digest(arrays).encode('ascii'))
    return _archive(arrays)


def checkpoints():
    with no_theano():
        versions = checkpoint.from_json(checkpoint.versions())
    arrays = {'variable_0': np.arange(12, dtype=np.float32).reshape(3, 4), 'position': np.array([1, 2, 3]),
              'history': np.zeros((0, 9)), 'identity': checkpoint.from_json({'seed': '1'}), checkpoint._VERSIONS: versions,
              checkpoint._FORMAT: np.array(checkpoint.FORMAT)}
    others = dict(arrays, **{checkpoint._VERSIONS: checkpoint.from_json({'python': '2.7.18'})})
    first = {name: array for name, array in arrays.items() if name not in (checkpoint._VERSIONS, checkpoint._FORMAT)}
    return [signed(arrays), signed(others), signed(first)]


def parameters():
    arrays = trained.arrays(random_layers(SMALL, 3))
    return [_archive(arrays), _archive([array.astype(np.float64) for array in arrays], True)]


def classes():
    return [u'cat\ndog\nTiere \xe4\xf6\xfc\n'.encode('utf-8'), b'0\r\n1\r\n2\r\n3', b'a\n' * 64]
