"""scripts/prove_gpu.sh where it cannot run, and the log of its driver; the rest is in tests/training/test_prove_gpu.py."""
import os
import subprocess

import pytest

from scripts.prove_gpu import cuda
from tests.environment.conftest import ROOT


def test_what_the_driver_logs(tmp_path):
    (tmp_path / 'log').write_text('module sm_75\nmodule sm_75\nmodule sm_80\nlaunches 12\nlaunches 3\n')
    assert cuda.modules(str(tmp_path / 'log')) == ({'sm_75': 2, 'sm_80': 1}, 15)
    assert cuda.modules(str(tmp_path / 'none')) == ({}, 0)


@pytest.mark.parametrize('variables, status', [({}, 0), ({'CI': 'true'}, 1)])
def test_without_the_distributions_packages_it_is_skipped_but_not_in_ci(tmp_path, variables, status):
    for name in ('bash', 'dirname', 'mkdir', 'cat'):
        (tmp_path / name).symlink_to(subprocess.check_output(['which', name], universal_newlines=True).strip())
    environment = dict(variables, PATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / 'cache'), HOME=str(tmp_path))
    process = subprocess.run([os.path.join(ROOT, 'scripts/prove_gpu.sh'), 'quick'], env=environment, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, universal_newlines=True)
    assert process.returncode == status and 'prove-gpu: skipped: pygpu comes from Debian' in process.stdout
