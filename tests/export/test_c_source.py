"""The C file, compiled by this machine's compilers and run, gives every score and answer as the board does."""
from __future__ import absolute_import, division

import os
import re
import subprocess

import numpy as np
import pytest

from board import reference
from board.simulator import answers
from common.errors import run
from common.overlays import OVERLAYS
from export import c_source, export, planes, source
from tests.board import networks
from tests.export.conftest import case

pytestmark = pytest.mark.once
STRICT = ['-std=c99', '-Wall', '-Wextra', '-pedantic', '-Werror']
SANITIZERS = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
BARE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'bare.c')


def program(name):
    """A program's path; without it the test is skipped."""
    for folder in os.environ.get('PATH', os.defpath).split(os.pathsep):
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    pytest.skip('no %s on the PATH' % name)


def write(tmpdir, exported):
    """Write the network's files into a folder; returns the names of the sources."""
    for ending, data in c_source.files(exported).items():
        tmpdir.join(exported.name + ending).write_binary(data)
    return [exported.name + '.c', exported.name + '-example.c']


def check(tmpdir, exported, command, emulator=()):
    """Compile the network's example and have it classify the case's images."""
    sources = write(tmpdir, exported.source)
    said = subprocess.Popen(command + STRICT + sources + ['-o', 'classify'], cwd=str(tmpdir), stderr=subprocess.PIPE)
    errors = said.communicate()[1]
    assert said.returncode == 0 and not errors, errors.decode('utf-8', 'replace')
    lines = classify(tmpdir, list(emulator) + ['./classify'], exported.images).decode('utf-8').splitlines()
    found = [line.rsplit(' ', exported.scores.shape[1]) for line in lines]
    np.testing.assert_array_equal(np.array([row[1:] for row in found], int), exported.scores)
    expected = answers(exported.source.overlay, exported.scores)
    assert [row[0] for row in found] == [exported.source.classes[index] for index in expected]


def classify(tmpdir, command, images):
    process = subprocess.Popen(command, cwd=str(tmpdir), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    output, errors = process.communicate(images.tobytes())
    assert process.returncode == 0 and not errors, errors.decode('utf-8', 'replace')
    return output


@pytest.mark.parametrize('compiler', [
    ['gcc', '-O2'], pytest.param(['gcc', '-O3', '-march=native'], marks=pytest.mark.thorough),
    ['clang', '-O2']], ids=' '.join)
def test_random_networks(random_case, compiler, tmpdir):
    check(tmpdir, random_case, [program(compiler[0])] + compiler[1:])


def test_published_networks_under_sanitizers(published_case, tmpdir):
    check(tmpdir, published_case, [program('gcc')] + SANITIZERS)


@pytest.mark.parametrize('processor, compiler, emulator', [
    ('32-bit Arm', 'arm-linux-gnueabihf-gcc', 'qemu-arm'), ('64-bit RISC-V', 'riscv64-linux-gnu-gcc', 'qemu-riscv64')])
def test_other_processors(published_case, processor, compiler, emulator, tmpdir):
    check(tmpdir, published_case._replace(images=published_case.images[:3], scores=published_case.scores[:3]),
          [program(compiler), '-O2', '-static'], [program(emulator)])


def test_32_bit_risc_v_without_a_c_library(published_case, tmpdir):
    exported, images = published_case.source, published_case.images[:3]
    emulator = program('qemu-riscv32')
    subprocess.check_call(
        [program('riscv64-linux-gnu-gcc'), '-march=rv32im', '-mabi=ilp32', '-Os', '-ffreestanding', '-nostdlib',
         '-static', '-fno-pic', '-fno-tree-loop-distribute-patterns', '-Wl,-melf32lriscv,--no-relax', '-I.',
         '-DHEADER="%s.h"' % exported.name, '-DCLASSIFY=%s_classify' % exported.identifier,
         '-DIMAGE_BYTES=%d' % images[0].size, '-DCLASSES=%d' % len(exported.classes), BARE, write(tmpdir, exported)[0],
         '-o', 'bare'],
        cwd=str(tmpdir))
    scores = np.frombuffer(classify(tmpdir, [emulator, './bare'], images), '<i2').reshape(len(images), -1)
    np.testing.assert_array_equal(scores, published_case.scores[:3])


def test_memory_is_what_the_file_says(published_case, tmpdir):
    name = write(tmpdir, published_case.source)[0]
    subprocess.check_call([program('gcc'), '-std=c99', '-O2', '-fno-pie', '-c', name, '-o', 'object.o'], cwd=str(tmpdir))
    sections = dict(re.findall(r'^(\.\S+)\s+(\d+)', subprocess.check_output(
        [program('size'), '-A', 'object.o'], cwd=str(tmpdir)).decode('ascii'), re.M))
    said = re.search(r'(\d+) bytes of constants, (\d+) bytes of static RAM', tmpdir.join(name).read())
    assert int(sections['.bss']) == int(said.group(2)) < 20000 and not int(sections['.data'])
    constants = sum(int(size) for name, size in sections.items() if name.startswith('.rodata'))
    assert 0 <= constants - int(said.group(1)) < 1000
    unknown = subprocess.check_output([program('nm'), '-u', 'object.o'], cwd=str(tmpdir)).decode('ascii').split()
    assert set(unknown) <= {'U', 'memset', '_GLOBAL_OFFSET_TABLE_'}


def test_names_of_every_kind(tmpdir):
    overlay = OVERLAYS['lfcW1A1']
    folder = networks.write(str(tmpdir.join('lfc')), overlay, networks.parameters(overlay, 5))
    exported = case(folder, overlay, networks.images(overlay, 20, 1))
    names = [u'"', u'\\', u'??/', u'%s%n', u'*/ int main', u'caf\xe9', u'\u732b', u'a b', u'\xff1', u'12']
    named = exported.source._replace(name='4 signs-lfcW1A1', dataset=u'*/ \xe4', classes=names)
    check(tmpdir, exported._replace(source=named), [program('gcc'), '-O1', '-trigraphs'])


@pytest.mark.parametrize('count', [1, 64])
def test_few_and_many_classes(tmpdir, count):
    for name in ('lfcW1A2', 'cnvW2A2'):
        overlay = OVERLAYS[name]
        folder = networks.write(str(tmpdir.join(name)), overlay, networks.parameters(overlay, 5), classes=count)
        check(tmpdir, case(folder, overlay, networks.images(overlay, 3, 8), count), [program('gcc'), '-O2'])


def test_pixels_are_read_as_the_reference_does():
    pixels = np.arange(256)
    np.testing.assert_array_equal(np.minimum((512 * pixels + 255) // 510 - 128, 127),
                                  reference.input_values(OVERLAYS['cnvW1A1']))


def test_a_weight_that_no_training_gives_is_refused(tmpdir, capsys):
    overlay = OVERLAYS['cnvW2A2']
    parameters = networks.parameters(overlay, 5)
    parameters[4].weights[7, 7] = -2
    folder = networks.write(str(tmpdir.join('cnv')), overlay, parameters)
    with pytest.raises(planes.NotBits):
        c_source.files(source.from_folder(folder, overlay))
    out = str(tmpdir.join('out'))
    assert run(export.main, ['--params', folder, '--overlay', 'cnvW2A2', '--format', 'c', '--out', out]) == 1
    line = capsys.readouterr()[1]
    assert 'layer 4' in line and line.count('\n') == 1 and not os.path.exists(out)
