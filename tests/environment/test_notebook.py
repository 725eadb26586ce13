"""docs/train_your_own.ipynb: its form; scripts/prove_python.sh executes it whole."""
import ast
import io
import json
import os

import pytest

from common.options import OPTIONS
from tests.environment.conftest import ROOT

PATH = os.path.join(ROOT, 'docs', 'train_your_own.ipynb')


@pytest.fixture(scope='module')
def content():
    with io.open(PATH, encoding='utf-8') as handle:
        return json.load(handle)


def test_form(content):
    assert (content['nbformat'], content['metadata']['kernelspec']['name']) == (4, 'python3')
    identifiers = [cell['id'] for cell in content['cells']]
    assert len(set(identifiers)) == len(identifiers)
    for cell in content['cells']:
        source = ''.join(cell['source'])
        assert source.strip()
        if cell['cell_type'] == 'code':         # no output of somebody's machine, and no magic: any Python runs it
            assert cell['outputs'] == [] and cell['execution_count'] is None
            ast.parse(source)


def test_the_targets_and_variables_are_makes(content):
    """It calls make only with what common/options.txt has."""
    text = '\n'.join(''.join(cell['source']) for cell in content['cells'] if cell['cell_type'] == 'code')
    words = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)
             and isinstance(node.value, str)]
    named = [word.split('=')[0] for word in words if '=' in word and word.split('=')[0].isupper()]
    assert set(named) == {'NET', 'WB', 'AB', 'DATASET', 'EPOCHS', 'RESUME'} and set(named) <= set(OPTIONS)
