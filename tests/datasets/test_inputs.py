"""Every kind of file with images: valid, damaged and hostile.

The file is long because all kinds share the few functions at its top.
"""
from __future__ import absolute_import, division

import gzip
import io
import os
import pickle
import struct
import sys
import zipfile
import zlib

import numpy as np
import pytest

from datasets import inputs, pictures
from datasets.inputs import BadImages

LFC, CNV = (28, 28), (32, 32, 3)
Image = pytest.importorskip('PIL.Image')


def noise(shape, count=3, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count,) + shape).astype(np.uint8)


def idx(array):
    return struct.pack('>%dI' % (1 + array.ndim), 0x800 + array.ndim, *array.shape) + array.tobytes()


def cifar(array, labels=None):
    planes = array.transpose(0, 3, 1, 2).reshape(len(array), 3072)
    labels = np.arange(len(array)) % 10 if labels is None else labels
    return np.hstack([np.reshape(labels, (-1, 1)), planes]).astype(np.uint8).tobytes()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def gzipped(data):
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode='wb') as handle:
        handle.write(data)
    return stream.getvalue()


def picture(array, kind='PNG', **options):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind, **options)
    return stream.getvalue()


def read(tmpdir, data, shape):
    path = tmpdir.join('images')
    path.write_binary(data)
    return inputs.read(str(path), shape)


@pytest.mark.parametrize('shape', [LFC, CNV])
@pytest.mark.parametrize('form', [
    npy, lambda array: npy(np.asfortranarray(array)), lambda array: gzipped(npy(array)),
    lambda array: npz(images=array),
    lambda array: npz(test_images=array, train_images=array[:1]),
    lambda array: npz(x_test=array, y_test=np.arange(3), x_train=array[:1])])
def test_numpy_files(tmpdir, form, shape):
    np.testing.assert_array_equal(read(tmpdir, form(noise(shape)), shape), noise(shape))


@pytest.mark.parametrize('form', [idx, lambda array: gzipped(idx(array))])
def test_idx(tmpdir, form):
    np.testing.assert_array_equal(read(tmpdir, form(noise(LFC)), LFC), noise(LFC))


def test_mnist_for_cnv_stands_in_a_black_frame(tmpdir):
    framed = read(tmpdir, idx(noise(LFC)), CNV)
    for channel in range(3):
        np.testing.assert_array_equal(framed[:, 2:30, 2:30, channel], noise(LFC))
    assert framed.shape == (3,) + CNV and framed.sum(dtype=int) == 3 * noise(LFC).sum(dtype=int)


@pytest.mark.parametrize('form', [cifar, lambda array: gzipped(cifar(array))])
def test_cifar_binary(tmpdir, form):
    np.testing.assert_array_equal(read(tmpdir, form(noise(CNV)), CNV), noise(CNV))


@pytest.mark.parametrize('kind', ['PNG', 'BMP'])
def test_a_picture_of_the_right_size_is_taken_as_it_is(tmpdir, kind):
    np.testing.assert_array_equal(read(tmpdir, picture(noise(CNV)[0], kind), CNV)[0], noise(CNV)[0])


@pytest.mark.parametrize('kind', ['PNG', 'JPEG', 'GIF', 'BMP'])
def test_pictures_are_shrunk_and_centred_on_white(tmpdir, kind):
    colour = np.full((100, 200, 3), (200, 40, 30), np.uint8)
    fitted = read(tmpdir, picture(colour, kind), CNV)[0].astype(int)
    assert (fitted[:8] == 255).all() and (fitted[24:] == 255).all()
    assert abs(fitted[8:24] - (200, 40, 30)).max() <= 3


# what thumbnail() of Pillow 5.1, which the board has, makes of such sizes
@pytest.mark.parametrize('size, fitted', [
    ((33, 131), (8, 32)), ((195, 108), (32, 17)), ((222, 2), (32, 1)), ((163, 16), (32, 3)), ((300, 1), (32, 1)),
    ((217, 260), (26, 32)), ((292, 284), (32, 31)), ((7, 103), (2, 32)), ((20, 12), (20, 12)), ((32, 32), (32, 32))])
def test_fitted_size(tmpdir, size, fitted):
    ink = (read(tmpdir, picture(np.zeros((size[1], size[0], 3), np.uint8)), CNV)[0] == 0).all(axis=2)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert (len(columns), len(rows)) == fitted and ink.sum() == fitted[0] * fitted[1]
    assert (columns[0], rows[0]) == ((32 - fitted[0]) // 2, (32 - fitted[1]) // 2)


def test_transparency(tmpdir):
    half = np.zeros((32, 32, 4), np.uint8)
    half[..., 0], half[:16, :, 3] = 7, 255
    assert (read(tmpdir, picture(half), CNV)[0] == (7, 0, 0)).all()     # the board ignores it
    ink = np.zeros((300, 300, 4), np.uint8)
    ink[..., 3] = ring(0, 255, 300, 0)
    np.testing.assert_array_equal(read(tmpdir, picture(ink), LFC), read(tmpdir, picture(ring(0, 255, 300, 0)), LFC))


def test_a_palette_is_shrunk_by_leaving_out_pixels(tmpdir):
    """As the board's Pillow does: no new colours appear."""
    stripes = np.where(np.arange(64 * 64).reshape(64, 64) % 2, 0, 255).astype(np.uint8)
    assert set(np.unique(read(tmpdir, picture(stripes, 'GIF'), CNV))) <= {0, 255}
    assert len(np.unique(read(tmpdir, picture(stripes, 'PNG'), CNV))) > 1


def ring(ground, ink, size, offset):
    """A ring off the middle of a picture."""
    y, x = np.mgrid[:size, :size] - size / 2 - offset
    return np.where(abs(np.hypot(x, y) - size / 5) < size / 25, ink, ground).astype(np.uint8)


def test_digits_are_made_to_look_like_mnist(tmpdir):
    """Ink on paper or light on dark, anywhere in the picture, gives the same image, centred, 20 pixels tall."""
    expected = read(tmpdir, picture(ring(0, 255, 300, 0)), LFC)[0]
    ink = np.argwhere(expected > 127)
    assert ink.min() == 4 and ink.max() == 23 and expected[14, 14] == 0
    for ground, colour, offset in [(255, 0, 0), (255, 0, 60), (230, 60, -50), (20, 180, 60)]:
        fitted = read(tmpdir, picture(ring(ground, colour, 300, offset)), LFC)[0]
        assert abs(fitted.astype(int) - expected).max() <= 1


def test_digit_of_mnist_size_keeps_its_pixels(tmpdir):
    digit = ring(0, 255, 28, 2)
    np.testing.assert_array_equal(read(tmpdir, picture(digit), LFC)[0], digit)
    np.testing.assert_array_equal(read(tmpdir, picture(255 - digit), LFC)[0], digit)


@pytest.mark.parametrize('value', [0, 90, 255])
def test_digit_without_ink(tmpdir, value):
    assert not read(tmpdir, picture(np.full((50, 40), value, np.uint8)), LFC).any()


def test_thin_strokes_survive(tmpdir):
    paper = np.full((600, 600), 255, np.uint8)
    paper[100:500, 300] = 0
    fitted = read(tmpdir, picture(paper), LFC)[0]
    assert (fitted > 127).sum() == 20


def bomb_png(side):
    """A picture of side x side in a few bytes."""
    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body) & 0xffffffff)
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>2I5B', side, side, 8, 2, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b'\0' * 100)) + chunk(b'IEND', b''))


def npy_claiming(shape, data=b'', dtype='|u1'):
    stream = io.BytesIO()
    stream.write(b'\x93NUMPY\x01\x00')
    header = repr({'descr': dtype, 'fortran_order': False, 'shape': shape}).encode('ascii')
    header = header.ljust(117) + b'\n'
    stream.write(struct.pack('<H', len(header)) + header + data)
    return stream.getvalue()


def zipped(name, data, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w', compression) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


BAD = {
    'empty': (b'', 'not an image file'),
    'text': (b'hello\n' * 1000, 'not an image file'),
    'pickle': (pickle.dumps({'data': noise(CNV)}, 2), 'not an image file'),
    'labels of idx': (struct.pack('>2I', 0x801, 5) + b'\1' * 5, 'not an image file'),
    'idx cut': (idx(noise(LFC))[:-1], 'less than'),
    'idx with more': (idx(noise(LFC)) + b'\0', 'more than'),
    'idx header cut': (idx(noise(LFC))[:9], 'damaged'),
    'idx of other size': (idx(noise((32, 32))), 'shape (3, 32, 32)'),
    'idx huge': (struct.pack('>4I', 0x803, 2 ** 32 - 1, 28, 28), 'split it'),
    'idx without images': (struct.pack('>4I', 0x803, 0, 28, 28), 'no image'),
    'cifar cut': (cifar(noise(CNV))[:-1], 'not an image file'),
    'cifar for lfc': (cifar(noise(CNV)), 'shape (3, 32, 32, 3)'),
    'cifar labels': (cifar(noise(CNV), [1, 2, 64]), 'not an image file'),
    'gzip cut': (gzipped(idx(noise(LFC)))[:-50], 'damaged'),
    'gzip garbage': (b'\x1f\x8b\x08' + b'\7' * 50, 'damaged'),
    'gzip of another kind': (b'\x1f\x8b\x09' + b'\7' * 50, 'damaged'),
    'float': (npy(noise(LFC) / 255), 'float64'),
    'other shape': (npy(noise((28, 28, 1))), 'shape (3, 28, 28, 1)'),
    'one image without N': (npy(noise(LFC)[0]), 'shape (28, 28)'),
    'scalar': (npy(np.uint8(3)), 'shape ()'),
    'objects': (npy(np.array([{}, None])), 'Python objects'),
    'npy cut': (npy(noise(LFC))[:-1], 'less than'),
    'npy with more': (npy(noise(LFC)) + b'\0', 'more than'),
    'npy header': (b'\x93NUMPY\x01\x00\x08\x00garbage\n', 'damaged'),
    'npy version': (b'\x93NUMPY\x09\x00\x08\x00garbage\n', 'damaged'),
    'npy header cut': (npy(noise(LFC))[:20], 'damaged'),
    'npy huge': (npy_claiming((2 ** 40, 28, 28)), 'split it'),
    'npy overflowing': (npy_claiming((2 ** 62, 2 ** 62, 4)), 'split it'),
    'npy negative': (npy_claiming((-1, 28, 28), b'\0' * 784), 'damaged'),
    'npy of no bytes': (npy_claiming((5, 28, 28), dtype='|V0'), 'damaged'),
    'npz of several': (npz(a=noise(LFC), b=noise(LFC)), '2 arrays'),
    'npz empty': (zipped('readme', b''), '0 arrays'),
    'npz cut': (npz(a=noise(LFC))[:-30], 'damaged'),
    'npz flipped': (bytes(bytearray(b ^ (0xff if 200 < i < 210 else 0)
                                    for i, b in enumerate(bytearray(npz(a=noise(LFC)))))), 'damaged'),
    'npz bomb': (zipped('a.npy', npy_claiming((2 ** 21, 28, 28), b'\0' * 10 ** 6)), 'split it'),
    'png bomb': (bomb_png(60000), 'bomb'),
    'large png': (bomb_png(10001), '10001x10001'),
    'png cut': (picture(noise((100, 100, 3))[0])[:-2000], 'cannot be read'),
    'jpeg cut': (picture(noise((100, 100, 3))[0], 'JPEG')[:2000], 'cannot be read'),
    'heic': (b'\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'cannot be read'),
    'gif garbage': (b'GIF89a' + b'\x05' * 100, 'cannot be read'),
    'riff sound': (b'RIFF\x24\0\0\0WAVEfmt ', 'cannot be read'),
}


@pytest.mark.parametrize('name', sorted(BAD))
def test_bad_files_are_refused_in_one_line(tmpdir, name):
    data, words = BAD[name]
    path = tmpdir.join('images')
    path.write_binary(data)
    with pytest.raises(BadImages) as caught:
        inputs.read(str(path), LFC)
    message = str(caught.value)
    assert words in message and str(path) in message and '\n' not in message


def test_a_gzip_bomb_is_not_unpacked_whole(tmpdir, monkeypatch):
    monkeypatch.setattr(inputs, 'LARGEST', 10 ** 6)
    with pytest.raises(BadImages):
        read(tmpdir, gzipped(b'\0' * 3073 * 400), CNV)


def test_without_pillow_the_line_says_what_to_install(tmpdir, monkeypatch):
    data = picture(noise(CNV)[0])
    monkeypatch.setitem(sys.modules, 'PIL', None)
    with pytest.raises(BadImages) as caught:
        read(tmpdir, data, CNV)
    assert 'pip install pillow' in str(caught.value)


@pytest.mark.parametrize('kind', ['missing', 'folder'])
def test_no_such_file(tmpdir, kind):
    with pytest.raises(EnvironmentError):
        inputs.read(str(tmpdir) + (os.sep + 'nothing' if kind == 'missing' else ''), LFC)


def test_specks_on_a_large_sheet_are_no_ink():
    """Shrinking removes them."""
    sheet = np.full((3000, 3000), 255, np.uint8)
    sheet[0, 0] = sheet[-1, -1] = 0
    assert not pictures.fit_digit(Image.fromarray(sheet)).any()


@pytest.mark.parametrize('shape', [LFC, CNV])
def test_16_bits_and_ppm_are_read_as_8_bits_of_png_are(tmpdir, shape):
    """So are a phone's files (a JPEG followed by a second picture) and TIFF."""
    grey = np.kron(noise((10, 10), 1)[0], np.ones((5, 5), np.uint8))
    colour = np.dstack([grey, grey // 2, 255 - grey])

    def read(name, array, kind=None, **options):
        path = str(tmpdir.join(name))
        Image.fromarray(array).save(path, kind, **options)
        return inputs.read(path, shape)[0]
    plain = read('plain.png', grey)
    np.testing.assert_array_equal(read('deep.png', grey.astype(np.uint16) * 257), plain)
    np.testing.assert_array_equal(read('few.png', grey.astype(np.uint16)), plain)
    np.testing.assert_array_equal(read('a.pgm', grey), plain)
    colours = read('plain2.png', colour)
    np.testing.assert_array_equal(read('a.ppm', colour), colours)
    np.testing.assert_array_equal(read('a.tif', colour), colours)
    if sys.version_info[0] > 2:         # Pillow 6 writes no MPO
        one = read('one.jpg', colour, 'JPEG')
        np.testing.assert_array_equal(read('two.jpg', colour, 'MPO', save_all=True, append_images=[
            Image.fromarray(255 - colour)]), one)


# --- values of other ranges ------------------------------------------------------------------------------------------

@pytest.mark.parametrize('shape', [LFC, CNV])
@pytest.mark.parametrize('change', [lambda x: x, lambda x: x.astype(bool)])
def test_black_and_white_as_0_and_1(tmpdir, shape, change, capsys):
    bits = noise(shape) // 128
    np.testing.assert_array_equal(read(tmpdir, npy(change(bits)), shape), 255 * bits)
    assert 'of 0 and 1 are taken as black and white' in capsys.readouterr()[1]
    np.testing.assert_array_equal(read(tmpdir, npz(x_test=change(bits)), shape), 255 * bits)


def test_black_images_stay_black(tmpdir, capsys):
    for value in (0, 1):
        np.testing.assert_array_equal(read(tmpdir, npy(np.full((2,) + LFC, value, np.uint8)), LFC), value)
    assert not capsys.readouterr()[1]


@pytest.mark.parametrize('images, line', [
    (noise(CNV) / 255., 'np.rint(x * 255)'), (noise(CNV) / 127.5 - 1, 'np.rint((x + 1) * 127.5)'),
    (noise(CNV).astype(np.uint16), 'np.rint(x).astype(np.uint8)'), (noise(CNV) * 300., 'float64')])
def test_other_values_are_refused_with_the_line_that_makes_them_right(tmpdir, images, line):
    with pytest.raises(BadImages) as caught:
        read(tmpdir, npy(images), CNV)
    assert line in str(caught.value)
    if 'np.' in line:
        made = eval(str(caught.value).split(' by ')[1], {'np': np, 'x': images})
        np.testing.assert_array_equal(read(tmpdir, npy(made), CNV), noise(CNV))


@pytest.mark.parametrize('change', [
    lambda x: x, lambda x: x / 255., lambda x: (x / 127.5 - 1).astype(np.float32).transpose(0, 3, 1, 2),
    lambda x: x.astype(np.int64), lambda x: np.concatenate([x, x[..., :1]], axis=3)])
def test_own_arrays_are_read_as_training_reads_them(tmpdir, change):
    from datasets import arrays
    from datasets.fitting import Fitting
    some = noise((40, 30, 3), 40)
    path = str(tmpdir.join('own.npz'))
    np.savez(path, x_train=change(some), y_train=np.arange(40) % 4, x_test=change(some[:8]), y_test=np.arange(8) % 4)
    for net, shape in (('cnv', CNV), ('lfc', LFC)):
        expected = arrays.load(path, Fitting(net)).test.images
        np.testing.assert_array_equal(inputs.read(path, shape, own=True), expected)


def test_one_own_image_needs_no_number(tmpdir):
    for shape in (LFC, CNV):
        path = str(tmpdir.join('one.npy'))
        np.save(path, noise(shape)[0])
        np.testing.assert_array_equal(inputs.read(path, shape, own=True), noise(shape)[:1])


def test_transparency_is_said_for_cnv(tmpdir, capsys):
    clear = np.dstack([noise(CNV)[0], noise((32, 32))[0]])
    read(tmpdir, picture(clear), LFC)
    assert not capsys.readouterr()[1]
    read(tmpdir, picture(clear), CNV)
    assert 'transparency is ignored' in capsys.readouterr()[1]


def test_heic_without_its_reader_names_it(tmpdir):
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        path = tmpdir.join('a.heic')
        path.write_binary(b'\0\0\0\x18ftypheic\0\0\0\0mif1heic')
        with pytest.raises(BadImages) as caught:
            inputs.read(str(path), CNV)
        assert 'pip install pillow-heif' in str(caught.value)
    else:
        pytest.skip('pillow-heif is installed')


@pytest.mark.parametrize('shape', [LFC, CNV])
def test_many_pixels_of_few_bytes_take_no_memory(tmpdir, shape):
    """Pillow once made 800 MB of a run-length coded BMP of a hundred bytes."""
    with pytest.raises(BadImages, match='8000x6000 pixels in 17 bytes'):
        read(tmpdir, b'P6 8000 6000 255\n', shape)
    assert read(tmpdir, picture(np.zeros((3000, 4000), np.uint8)), shape).shape == (1,) + shape     # blank, and the largest
