"""training/compiling.py: Theano's modules are compiled in parallel; and what happens if one does not compile."""
from __future__ import absolute_import

import tempfile
import threading

import numpy as np
import pytest
import theano
from theano import scalar, tensor
from theano.gof import cc, cmodule, compilelock, vm

from training import compiling


class Times(scalar.UnaryScalarOp):
    """x * factor"""
    __props__ = 'factor',

    def __init__(self, factor, code='%s = %s * %d;'):
        super(Times, self).__init__(scalar.same_out)
        self.factor, self.code = factor, code

    def impl(self, x):
        return x * self.factor

    def c_code(self, node, name, inputs, outputs, sub):
        return self.code % (outputs[0], inputs[0], self.factor)


def function(ops):
    """A function from a vector to the outputs of elementwise `ops`, each with its own node and module."""
    given = tensor.vector()
    return theano.function([given], [tensor.Elemwise(op)(given.dimshuffle(['x'] * number + [0]))
                                     for number, op in enumerate(ops)])


@pytest.fixture
def compiled_in(monkeypatch, tmp_path):
    """The threads that modules are compiled in, with an empty Theano cache."""
    function([Times(2)])        # Theano's own modules, which are compiled with the first function
    cache = cmodule.ModuleCache(str(tmp_path))
    monkeypatch.setattr(cc, 'get_module_cache', lambda init_args=None: cache)
    names, one_by_one = [], cmodule.GCC_compiler.compile_str

    def noted(module_name, src_code, *arguments, **options):
        names.append(threading.current_thread().name)
        return one_by_one(module_name, src_code, *arguments, **options)
    monkeypatch.setattr(cmodule.GCC_compiler, 'compile_str', staticmethod(noted))
    yield names
    while compilelock.get_lock.n_lock:      # Theano keeps the lock if a module does not compile
        compilelock.release_lock()


def test_what_is_not_in_the_cache_is_compiled_in_threads_and_loaded(compiled_in, monkeypatch):
    monkeypatch.setattr(compiling.machine, 'processors', lambda: 2)
    before = cmodule.GCC_compiler.compile_str, vm.VM_Linker.make_all
    factors = 3, 5, 7
    with compiling.side_by_side():
        compute = function([Times(factor) for factor in factors])
    assert [int(value.ravel()[0]) for value in compute(np.float32([2]))] == [6, 10, 14]
    assert len(compiled_in) >= 3 and 'MainThread' not in compiled_in
    assert (cmodule.GCC_compiler.compile_str, vm.VM_Linker.make_all) == before

    del compiled_in[:]
    with compiling.side_by_side():
        function([Times(factor) for factor in factors])
    assert compiled_in == []


@pytest.mark.parametrize('headers, room', [
    pytest.param(compiling.HEADERS, 0, id='used', marks=pytest.mark.once),
    pytest.param(compiling.HEADERS, 2 ** 60, id='a full disk', marks=pytest.mark.once),
    pytest.param('#error', 0, id='refused', marks=pytest.mark.once)])
def test_headers_are_compiled_once_for_modules_of_the_same_options(compiled_in, monkeypatch, headers, room):
    monkeypatch.setattr(theano.config.gcc, 'cxxflags', theano.config.gcc.cxxflags + ' -Werror=invalid-pch')
    monkeypatch.setattr(compiling, 'HEADERS', headers)
    monkeypatch.setattr(compiling, 'FEW', 3)
    monkeypatch.setattr(compiling, 'ROOM', room)
    starts = []

    class Noted(compiling._Modules):
        def _compile(self, task):
            starts.extend(header for header in task['preargs'] if header.endswith('headers.h'))
            assert '-g0' in task['preargs'] and all(open(header + '.gch', 'rb').read(4) == b'gpch' for header in starts)
            return super(Noted, self)._compile(task)
    monkeypatch.setattr(compiling, '_Modules', Noted)
    with compiling.side_by_side():
        compute = function([Times(factor) for factor in (17, 19, 23)])
    assert [int(value.ravel()[0]) for value in compute(np.float32([1]))] == [17, 19, 23]
    assert 'MainThread' not in compiled_in      # there Theano compiles what has failed
    used = headers != '#error' and not room
    assert (len(set(starts)), len(starts)) == ((1, 3) if used else (0, 0))


def test_what_does_not_compile_is_told_by_theano(compiled_in, capfd, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))      # where Theano leaves its source
    with compiling.side_by_side(), pytest.raises(Exception) as refused:
        function([Times(11), Times(13, code='%s = no_such_function(%s, %d);')])
    assert 'no_such_function' in str(refused.value)
    assert compiled_in[-1] == 'MainThread'
    capfd.readouterr()
