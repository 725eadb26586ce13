"""Each op with C code compared with its twin in plain Theano: values and gradients, shapes with every kind of remainder."""
from __future__ import absolute_import, division

import numpy as np
import pytest
import theano
from theano import tensor

from training import compiling, ops
from training.ops import native
from training.ops.adam import adam_native, adam_quantized_native, adam_quantized_twin, adam_twin
from training.ops.batch_norm import batch_norm_native, batch_norm_twin, normalize_native, normalize_twin
from training.ops.conv import Conv, conv_native, conv_twin
from training.ops.dense import Dense, dense_native, dense_twin
from training.ops.dropout import dropout_native, dropout_twin
from training.ops.max_pool import max_pool_native, max_pool_twin

pytestmark = [pytest.mark.once,
              pytest.mark.skipif(not ops.available(), reason='no C++ compiler, or not on the CPU: twins only')]


def variables(arrays):
    return [tensor.TensorType(str(array.dtype), (False,) * array.ndim)() for array in arrays]


class Compiled(object):
    """The outputs of `build`, and the first one's gradients for a given output gradient; compiled once, for any shape."""

    def __init__(self, build, examples, differentiable):
        inputs = variables(examples)
        outputs = build(*inputs)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        gradient = outputs[0].type()
        gradients = tensor.Lop(outputs[0], [inputs[place] for place in differentiable], gradient)
        with compiling.side_by_side():
            self.function = theano.function(inputs + [gradient], outputs + gradients, on_unused_input='ignore')

    def __call__(self, *arguments):
        return self.function(*arguments)


def compiled_ops(function):
    return [node.op for node in function.maker.fgraph.toposort()]


def both(native, twin, examples, differentiable):
    return Compiled(native, examples, differentiable), Compiled(twin, examples, differentiable)


def assert_close(real, expected, tolerance=2e-6):
    """Equal within rounding of the largest: the rounding error of a sum depends on the size of its terms."""
    assert real.shape == expected.shape and real.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(real, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))


def draw(random, shape, values):
    return np.asarray(random.choice(values, shape) if values else random.normal(0, 1, shape), np.float32)


KINDS = {'binary': ([-1, 1], [-1, 1]), 'dropped': ([-2, 0, 2], [-1, 1]), 'ternary': ([-1, 0, 1], [-1, 0, 1]),
         'real': (None, [-1, 1]), 'scaled': ([-1, 1], [-.5, .5]), 'zero': ([0], [-1, 1])}


@pytest.fixture(scope='module')
def dense_pair():
    examples = [np.zeros((2, 2), np.float32)] * 2 + [np.zeros(2, np.float32)]
    return both(dense_native, dense_twin, examples, [0, 1, 2])


@pytest.mark.parametrize('kind', sorted(KINDS))
@pytest.mark.parametrize('batch, inputs, units', [(1, 1, 1), (5, 33, 10), (100, 64, 50), (150, 100, 49), (9, 784, 97)])
def test_dense(dense_pair, kind, batch, inputs, units):
    random = np.random.RandomState(batch)
    x, W = (draw(random, shape, values) for shape, values in zip([(batch, inputs), (inputs, units)], KINDS[kind]))
    arguments = x, W, draw(random, units, None), draw(random, (batch, units), None)
    real, expected = (function(*arguments) for function in dense_pair)
    for left, right in zip(real, expected):
        assert_close(left, right)
    if 'real' not in kind:      # sums of integers are exact, and the bias is added once
        np.testing.assert_array_equal(real[0], expected[0])


@pytest.fixture(scope='module')
def conv_pair():
    examples = [np.zeros((2,) * 4, np.float32)] * 2 + [np.zeros(2, np.float32)]
    return both(conv_native, conv_twin, examples, [0, 1, 2])


@pytest.mark.parametrize('kind', sorted(KINDS))
@pytest.mark.parametrize('batch, rows, columns, channels, filters', [
    (1, 3, 3, 1, 1), (3, 9, 7, 32, 20), (2, 14, 15, 3, 64), (5, 5, 5, 64, 33), (7, 3, 3, 96, 16)])
def test_conv(conv_pair, kind, batch, rows, columns, channels, filters):
    random = np.random.RandomState(batch)
    shapes = (batch, rows, columns, channels), (filters, channels, 3, 3)
    x, W = (draw(random, shape, values) for shape, values in zip(shapes, KINDS[kind]))
    arguments = x, W, draw(random, filters, None), draw(random, (batch, rows - 2, columns - 2, filters), None)
    real, expected = (function(*arguments) for function in conv_pair)
    for left, right in zip(real, expected):
        assert_close(left, right, 5e-6)
    if 'real' not in kind:
        np.testing.assert_array_equal(real[0], expected[0])


@pytest.fixture(scope='module')
def conv_pool_pair():
    examples = [np.zeros((2,) * 4, np.float32)] * 2 + [np.zeros(2, np.float32)]
    native = Compiled(lambda x, W, b: max_pool_native(conv_native(x, W, b)), examples, [0, 1, 2])
    assert {'ConvPool', 'ConvPoolInputGradient', 'ConvPoolWeightGradient'} <= {
        type(op).__name__ for op in compiled_ops(native.function)}
    return native, Compiled(lambda x, W, b: max_pool_twin(conv_twin(x, W, b)), examples, [0, 1, 2])


@pytest.mark.parametrize('kind', ['binary', 'ternary', 'real', 'scaled', 'zero'])
@pytest.mark.parametrize('batch, rows, columns, channels, filters', [
    (1, 4, 4, 1, 1), (3, 10, 8, 32, 20), (2, 9, 13, 5, 64), (2, 30, 30, 8, 16)])
def test_conv_with_a_pool_behind_it(conv_pool_pair, kind, batch, rows, columns, channels, filters):
    random = np.random.RandomState(batch)
    shapes = (batch, rows, columns, channels), (filters, channels, 3, 3)
    x, W = (draw(random, shape, values) for shape, values in zip(shapes, KINDS[kind]))
    gradient = draw(random, (batch, (rows - 2) // 2, (columns - 2) // 2, filters), None)
    if kind == 'real':      # otherwise rounding would decide which pixel is the maximum
        x = np.round(x * 64) / 64
    arguments = x, W, np.round(draw(random, filters, None) * 64) / 64, gradient
    real, expected = (function(*arguments) for function in conv_pool_pair)
    np.testing.assert_array_equal(real[0], expected[0])
    for left, right in zip(real, expected):
        assert_close(left, right, 5e-6)


def test_operands_that_are_not_finite_are_not_taken_for_bits(dense_pair):
    x, W = np.ones((3, 40), np.float32), np.ones((40, 5), np.float32)
    x[1, 7] = np.nan
    output = dense_pair[0](x, W, np.zeros(5, np.float32), np.zeros((3, 5), np.float32))[0]
    assert np.isnan(output[1]).all() and (output[[0, 2]] == 40).all()


def test_inputs_of_any_strides(dense_pair):
    random = np.random.RandomState(0)
    x, W, gradient = (draw(random, shape, [-1, 1]) for shape in [(40, 12), (7, 40), (14, 12)])
    arguments = x.T, W.T[:, ::-1], np.ones(14, np.float32)[::2], gradient[::2].T
    for left, right in zip(*(function(*arguments) for function in dense_pair)):
        assert_close(left, right)


@pytest.mark.parametrize('pair, arguments', [
    ('dense_pair', [(3, 4), (5, 6), (6,), (3, 6)]), ('dense_pair', [(3, 4), (4, 6), (5,), (3, 6)]),
    ('conv_pair', [(2, 5, 5, 3), (4, 2, 3, 3), (4,), (2, 3, 3, 4)]),
    ('conv_pair', [(2, 2, 5, 3), (4, 3, 3, 3), (4,), (2, 0, 3, 4)])])
def test_shapes_that_do_not_fit(pair, arguments, request):
    native, _ = request.getfixturevalue(pair)
    with pytest.raises(ValueError):
        native(*[np.ones(shape, np.float32) for shape in arguments])


@pytest.mark.parametrize('bits', [None, 1, 2])
@pytest.mark.parametrize('shape, channels', [((70, 33), 33), ((5, 9, 7, 16), 16), ((13, 10), None)])
def test_batch_norm(bits, shape, channels):
    random = np.random.RandomState(3)
    statistics = () if channels is None else (channels,)
    x = (3 + 2 * random.normal(0, 1, shape)).astype(np.float32)
    gamma, beta = (np.asarray(random.uniform(.5, 1.5, statistics), np.float32) for _ in range(2))
    gradient = draw(random, shape, None)
    native, twin = both(lambda *inputs: batch_norm_native(*inputs, bits=bits),
                        lambda *inputs: batch_norm_twin(*inputs, bits=bits), [x, gamma, beta], [0, 1, 2])
    real, expected = native(x, gamma, beta, gradient), twin(x, gamma, beta, gradient)
    for left, right in zip(real, expected):
        assert_close(left, right, 1e-5)
    native, twin = (Compiled(lambda *inputs: build(*inputs, bits=bits), [x, real[1], real[2], gamma, beta], [])
                    for build in (normalize_native, normalize_twin))
    arguments = x, expected[1], expected[2], gamma, beta, gradient
    assert_close(native(*arguments)[0], twin(*arguments)[0])


def test_batch_norm_of_far_values():
    """The mean is a thousand standard deviations: the variance stays accurate."""
    random = np.random.RandomState(1)
    x = (1000 + random.normal(0, 1, (39200, 3))).astype(np.float32)
    one, zero = np.ones(3, np.float32), np.zeros(3, np.float32)
    _, mean, inv_std = theano.function([], batch_norm_native(*map(theano.shared, (x, one, zero))))()
    np.testing.assert_allclose(mean, x.mean(0, np.float64), rtol=1e-7)
    np.testing.assert_allclose(inv_std, 1 / np.sqrt(x.var(0, np.float64) + 1e-4), rtol=1e-5)


@pytest.mark.parametrize('shape', [(3, 4, 6, 5), (2, 5, 7, 16), (1, 2, 2, 1)])
def test_max_pool(shape):
    random = np.random.RandomState(2)
    native, twin = both(max_pool_native, max_pool_twin, [np.zeros(shape, np.float32)], [0])
    x = random.randint(-2, 3, shape).astype(np.float32)      # few values: windows with several maxima
    gradient = draw(random, (shape[0], shape[1] // 2, shape[2] // 2, shape[3]), None)
    for left, right in zip(native(x, gradient), twin(x, gradient)):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize('p', [.2, .5, .9])
def test_dropout_draws_the_same_masks(p):
    random = np.random.RandomState(2)
    x, gradient = draw(random, (37, 53), [-1, 1]), draw(random, (37, 53), None)
    for state in ([1, 0], [2147462578, 123456], [0, 2 ** 33 + 5]):
        state = theano.shared(np.array(state, np.int64))
        native, twin = both(lambda x: dropout_native(x, state, p),
                            lambda x: dropout_twin(x, state, p), [x], [0])
        for left, right in zip(native(x, gradient), twin(x, gradient)):
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize('bits', [None, 1, 2])
def test_adam(bits):
    random = np.random.RandomState(4)
    arrays = [random.uniform(-1, 1, (50, 21)).astype(np.float32) for _ in range(3)]
    arrays += [random.uniform(0, .1, (50, 21)).astype(np.float32), np.asarray(.01, np.float32)]
    results = []
    for plain, quantized in ((adam_native, adam_quantized_native), (adam_twin, adam_quantized_twin)):
        shared = [theano.shared(array) for array in arrays]
        state = [shared[0], shared[2], shared[3]]
        if bits:
            state.append(theano.shared(np.zeros((50, 21), np.int8)))
            new = quantized(*shared, copy=state[3], scale=7.5, bits=bits)
        else:
            new = plain(*shared)
        step = theano.function([], updates=list(zip(state, new)))
        for _ in range(3):
            step()
        results.append([variable.get_value() for variable in state])
    for left, right in zip(*(result[:3] for result in results)):
        assert_close(left, right)
    if bits:
        assert (np.abs(results[0][0]) == 1).any(), 'nothing was clipped'
        np.testing.assert_array_equal(results[0][3], results[1][3])


def test_adam_overwrites_its_state_in_place():
    """The parameters stay at the same place in memory."""
    shared = [theano.shared(np.ones((3, 4), np.float32)) for _ in range(4)]
    new = adam_native(*(shared + [tensor.constant(np.float32(.1))]))
    step = theano.function([], updates=list(zip([shared[0], shared[2], shared[3]], new)))
    before = [variable.get_value(borrow=True, return_internal_type=True).ctypes.data for variable in shared]
    step()
    assert [variable.get_value(borrow=True, return_internal_type=True).ctypes.data for variable in shared] == before


def test_digits_stay_digits_between_an_activation_and_the_next_product():
    """The graph says floats, but the compiled function passes int8, without any cast."""
    x, gamma, beta, b = tensor.matrix(), tensor.vector(), tensor.vector(), tensor.vector()
    digits = theano.shared(np.ones((4, 3), np.int8))
    W = native.as_floats(digits)
    y, _, _ = batch_norm_native(x, gamma, beta, bits=1)
    loss = dense_native(y, W, b).sum()
    function = theano.function([x, gamma, beta, b], theano.grad(loss, [W, x]))
    floats = [op for op in compiled_ops(function) if 'Cast' in str(op)]
    assert not floats, floats
    random = np.random.RandomState(1)
    for_W, for_x = function(*[draw(random, shape, None) for shape in [(5, 4), (4,), (4,), (3,)]])
    assert for_W.dtype == for_x.dtype == np.float32 and for_W.shape == (4, 3) and for_x.shape == (5, 4)


@pytest.mark.parametrize('op', ['dense', 'conv'])
def test_digits_beyond_one_are_refused(op):
    """They would read beyond the look-up tables."""
    x, W = {'dense': (tensor.bmatrix(), tensor.bmatrix()), 'conv': (tensor.btensor4(), tensor.btensor4())}[op]
    function = theano.function([x, W], {'dense': Dense, 'conv': Conv}[op]()(x, W))
    shapes = {'dense': ((2, 5), (5, 3)), 'conv': ((2, 4, 4, 5), (3, 5, 3, 3))}[op]
    arrays = [np.ones(shape, np.int8) for shape in shapes]
    function(*arrays)
    for wrong in range(2):
        broken = [array.copy() for array in arrays]
        broken[wrong].flat[-1] = 2
        with pytest.raises(ValueError) as caught:
            function(*broken)
        assert 'quantised' in str(caught.value)


def test_weights_that_are_not_quantised_are_refused(dense_pair):
    arrays = [np.ones(shape, np.float32) for shape in [(3, 4), (4, 5), (5,), (3, 5)]]
    arrays[1][2, 2] = .3
    with pytest.raises(ValueError):
        dense_pair[0](*arrays)


def some_twin():
    return 'twin'


@pytest.mark.parametrize('flag, value', [('device', 'cuda'), ('cxx', '')])
def test_twins_elsewhere(monkeypatch, flag, value):
    """On another device, or without a compiler, a graph has no op with C code."""
    class Config(object):
        device, cxx, floatX = 'cpu', 'g++', 'float32'
    config = Config()
    monkeypatch.setattr(native.theano, 'config', config)
    assert ops.available()
    setattr(config, flag, value)
    assert not ops.available()
    chosen = ops._either(lambda: 'native', some_twin)
    assert chosen() == 'twin'
