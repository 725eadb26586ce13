"""Unpacks, changes and repacks formats whose checksums and compression would make fuzzing get nowhere.

    change(form, data, mutate, random)      # bytes; mutate(bytes, most) is libFuzzer's, random is a random.Random

A file that cannot be unpacked is changed as bytes; so is every third, since readers also meet damaged ones.
"""
import gzip
import io
import struct
import warnings
import zipfile
import zlib

from board import package
from tests.fuzz import seeds

_ROOM = 64              # bytes that a changed part may grow by
_HEAD = 160             # bytes of a file in an archive: a .npy header


def change(form, data, mutate, random):
    """The bytes of a file of that format, changed."""
    if form and random.randrange(3):
        try:
            return _FORMS[form](data, lambda part: mutate(part, len(part) + _ROOM), random)
        except Exception:       # too damaged: its reader may raise anything
            pass
    return mutate(data, len(data) + _ROOM)


def _beginning(part, mutate, random):
    """Change a part, often only its beginning, where the headers are."""
    return mutate(part[:_HEAD]) + part[_HEAD:] if random.randrange(2) else mutate(part)


def _zip(data, mutate, random):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    index = random.randrange(len(members))
    name, part = members[index]
    kind = random.randrange(8)
    if kind == 0:
        members[index] = mutate(name.encode('latin-1', 'replace')).decode('latin-1'), part
    elif kind == 1:
        members.append(random.choice(members))
    elif kind == 2:
        del members[index]
    elif kind == 3:
        members[index] = name, random.choice(members)[1]
    else:
        members[index] = name, _beginning(part, mutate, random)
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')         # about duplicate names
        with zipfile.ZipFile(stream, 'w', random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
            for name, part in members:
                archive.writestr(zipfile.ZipInfo(name), part, archive.compression)
    return stream.getvalue()


def _signed(data, mutate, random):
    """A checkpoint, with its SHA-256 corrected."""
    from common import npz
    changed = io.BytesIO(_zip(data, mutate, random))
    return seeds.signed(npz.read(changed, npz.names(changed), 2 ** 20))


def _gzip(data, mutate, random):
    if data[:2] != b'\x1f\x8b':
        return _beginning(data, mutate, random)
    return gzip.compress(_beginning(gzip.decompress(data), mutate, random), 1)


def _targz(data, mutate, random):
    """Change a header, mostly with a corrected checksum; a file's content; or any bytes of the tar file."""
    data = zlib.decompressobj(31).decompress(data, package.LARGEST)
    places, position = [], 0
    while data[position:position + 512].strip(b'\0'):
        size = int(data[position + 124:position + 135], 8)
        places.append((position, size))
        position += 512 + size + -size % 512
    position, size = random.choice(places)
    # All weights are zeros, so only the manifest is worth changing.
    if random.randrange(2):
        position, size = next((place for place in places if package.MANIFEST.encode() in data[place[0]:place[0] + 100]),
                              (position, size))
    header, content, end = data[position:position + 512], data[position + 512:position + 512 + size], size + -size % 512
    kind = random.randrange(4)
    if kind == 0:
        return gzip.compress(mutate(data[:2048]) + data[2048:], 1)
    if kind == 1:
        header = mutate(header).ljust(512, b'\0')[:512]
    elif kind == 2:
        header = mutate(header[:100]).ljust(100, b'\0')[:100] + header[100:]
    else:
        content = mutate(content)
        header = header[:124] + b'%011o' % len(content) + header[135:]
    if random.randrange(4):
        header = header[:148] + b'%06o\0 ' % (sum(header[:148] + header[156:]) + 8 * 32) + header[156:]
    content += b'\0' * (-len(content) % 512)
    return gzip.compress(data[:position] + header + content + data[position + 512 + end:], 1)


def _png(data, mutate, random):
    """Change a chunk of a PNG file, with a corrected checksum."""
    if data[:4] != b'\x89PNG':
        return _beginning(data, mutate, random)
    chunks, position = [], 8
    while position + 8 <= len(data):
        size, = struct.unpack('>I', data[position:position + 4])
        chunks.append((data[position + 4:position + 8], data[position + 8:position + 8 + size]))
        position += 12 + size
    index = random.randrange(len(chunks))
    kind, content = chunks[index]
    chunks[index] = (mutate(kind).ljust(4)[:4], content) if not random.randrange(6) else (kind, mutate(content))
    return data[:8] + b''.join(struct.pack('>I', len(content)) + kind + content + struct.pack(
        '>I', zlib.crc32(kind + content)) for kind, content in chunks)


def _mat(data, mutate, random):
    """Change the content of a compressed element of a MATLAB file."""
    kind, size = struct.unpack('<II', data[128:136])
    if kind != 15:
        return _beginning(data[:128 + _HEAD], mutate, random) + data[128 + _HEAD:]
    content = zlib.compress(_beginning(zlib.decompress(data[136:136 + size]), mutate, random))
    return data[:128] + struct.pack('<II', kind, len(content)) + content + data[136 + size:]


_FORMS = {'zip': _zip, 'signed': _signed, 'gzip': _gzip, 'targz': _targz, 'png': _png, 'mat': _mat}
