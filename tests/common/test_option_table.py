"""common/options.txt: its form, that each entry is unique and correct, and the command lines made from it."""
from __future__ import absolute_import

import importlib
import re

import pytest

from common import options
from common.options import OPTIONS, TARGETS
from datasets.registry import KNOWN


def test_every_variable_that_a_target_reads_is_there_and_read_by_one():
    read = {variable for target in TARGETS.values() for variable in target.reads}
    assert read <= set(OPTIONS)
    assert set(OPTIONS) - read == {'RUNTIME', 'PYTHON', 'WITH_TENSORFLOW'}     # every target reads these: @every
    for option in OPTIONS.values():
        assert option.help and option.flags and option.values, option


def test_no_flag_is_two_variables():
    flags = [flag for option in OPTIONS.values() for flag in option.flags if flag.startswith('-') and flag != '-']
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize('name', [name for name, target in TARGETS.items() if target.command.startswith('python -m')])
def test_every_stage_is_a_module_whose_main_takes_all_that_it_reads(name, monkeypatch):
    words = TARGETS[name].command.split()
    source = importlib.import_module(words[2].rpartition('.')[0])
    with open('%s/%s.py' % (source.__path__[0], words[2].rpartition('.')[2])) as handle:
        text = handle.read()
    assert "options.parser('%s'" % name in text or "options.add_all(building, '%s'" % name in text
    assert words[-1] == '...'


def test_every_known_data_set_is_named():
    assert [word for word in re.split('[, ]+', OPTIONS['DATASET'].help) if word in KNOWN] == list(KNOWN)


def parse(target, *arguments):
    return options.parser(target, '').parse_args(list(arguments))


def test_defaults():
    given = parse('train')
    assert (given.net, given.weight_bits, given.activation_bits, given.runs, given.seed) == ('lfc', 1, 1, 'runs', 1234)
    assert given.dataset is given.epochs is given.recipe is given.device is None and given.resume == '0'


def test_what_is_understood():
    given = parse('train', '--net=CNV', '-wb', 'w2', '-ab=A2', '--resume', '--dataset=-x', '--invert', 'No')
    assert (given.net, given.weight_bits, given.activation_bits, given.resume) == ('cnv', 2, 2, '1')
    assert given.dataset == '-x' and given.invert == 'no'
    assert parse('train', '--resume=AUTO').resume == 'auto'
    assert parse('deploy', '--force').force is True and parse('deploy').force is False
    assert parse('verify', '--tolerance=.5').tolerance == .5


@pytest.mark.parametrize('argument, words', [
    ('-wb=a1', 'a1 is not a whole number from 1 to 8'), ('--epochs=0', '0 is not a whole number from 1'),
    ('--seed=-1', '-1 is not'), ('--net=resnet', 'resnet'), ('--threshold=256', 'from 0 to 255'), ('--epochs=1_0', '1_0')])
def test_what_is_not_is_one_line(argument, words, capsys):
    with pytest.raises(SystemExit) as caught:
        parse('train', argument)
    errors = capsys.readouterr()[1]
    assert caught.value.code == 2 and words in errors and errors.count('\n') == 1
