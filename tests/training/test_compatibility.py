"""training/compatibility.py: the changes to Theano and Lasagne."""
from __future__ import absolute_import

from theano import gof, tensor

from training.compatibility import keep_compiled
from training.ops.dense import Dense


def is_kept(*outputs):
    """Whether the code that Theano compiles for an expression has a version; without one it is compiled at every start."""
    graph = gof.FunctionGraph(gof.graph.inputs(outputs), outputs, clone=True)
    return bool(gof.CLinker().accept(graph).cmodule_key()[0])


def test_compiled_ops_without_properties_are_kept():
    keep_compiled()
    assert is_kept(tensor.scalar_from_tensor(tensor.lscalar()))
    assert is_kept(Dense()(tensor.matrix(dtype='float32'), tensor.matrix(dtype='float32')))
    assert [op.__props__ for op in (tensor.ScalarFromTensor, Dense)] == [(), ()]
