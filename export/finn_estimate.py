"""What FINN makes of a packed network: cycles and resources on a newer board, by its own estimate, without Vivado or Vitis.

    contents = files(source, board='Pynq-Z2')       # {'.finn.txt': bytes, '.finn.json': bytes, ...}

The network as :mod:`export.qonnx_file` has it goes through the estimate-only build of finn-plus: streamlined to whole
numbers, mapped to its hardware layers, each folded as in BNN-PYNQ's overlay, and estimated. Cycles follow from the
folding; resources are FINN's analytic models, not a synthesis. Beside the report it writes the configuration of the same
build up to a bitstream, for those who have Vivado and Vitis.
"""
from __future__ import absolute_import, division

import contextlib
import importlib
import io
import json
import os
import sys
import types

# Imported here, so that a missing FINN is reported before any work; the rest of FINN reads its settings on import.
import finn     # noqa: F401

from common.errors import UserError
from common.files import temporary_folder
from export import qonnx_file, templating

CLOCK = 100             # MHz
BOARD = 'Pynq-Z2'
LAST_ESTIMATED = 'step_generate_estimate_reports'
NARROWED = 'export.finn_estimate.step_narrow_accumulators'
COUNTED = ('LUT', 'BRAM_18K', 'DSP')


class FinnFailed(UserError):
    """FINN does not know the board, or refuses the network."""


def files(source, board=None):
    """The report and the build configuration, by the endings of their names.

    Parameters
    ----------
    source : export.source.Source
    board : str, optional
        Of FINN's table of boards; default: :data:`BOARD`.

    Returns
    -------
    dict of str to bytes
        '.finn.txt', the report; '.finn.json', its figures; '.finn.yaml' and '.finn-folding.json', the build; and
        '.qonnx.onnx', the network.

    Raises
    ------
    FinnFailed
    """
    network = qonnx_file.files(source)
    name = source.name
    folded = {'.finn-folding.json': _text(folding(source.layers, source.overlay.layers))}
    with temporary_folder() as work, at_work(work):
        board = _board(board or BOARD)
        configured = {'.finn.yaml': _text(configuration(name, board))}
        for ending, data in list(network.items()) + list(folded.items()) + list(configured.items()):
            with open(os.path.join(work, name + ending), 'wb') as handle:
                handle.write(data)
        built = build(os.path.join(work, name + '.qonnx.onnx'), os.path.join(work, name + '.finn.yaml'))
    figures = summary(source, board, built)
    return dict(network, **dict(folded, **dict(configured, **{
        '.finn.json': _text(figures), '.finn.txt': report(name, figures).encode('ascii')})))


def _text(content):
    return (json.dumps(content, indent=1) + '\n').encode('ascii')       # JSON is YAML too


# ---- the input of FINN ----

def folding(layers, of_overlay):
    """PE and SIMD of FINN's nodes: the overlay's, as far as they divide layers without padding, as FINN wants it.

    Parameters
    ----------
    layers : list of export.network.Layer
    of_overlay : sequence of common.overlays.Layer

    Returns
    -------
    dict
        By the names that FINN gives its nodes.
    """
    nodes, windows, pools = {'Defaults': {}}, 0, 0
    for index, (layer, overlay) in enumerate(zip(layers, of_overlay)):
        rows = len(layer.weights)
        pe, simd = divisor(rows, overlay.pe), divisor(layer.inputs if layer.kind == 'conv' else layer.fan_in, overlay.simd)
        if not index:
            nodes['Thresholding_rtl_0'] = {'PE': simd}      # of the pixels
        nodes['MVAU_hls_%d' % index] = {'PE': pe, 'SIMD': simd, 'ram_style': 'auto', 'resType': 'lut',
                                        'mem_mode': 'internal_decoupled'}
        generators = [simd] * (layer.kind == 'conv')
        if layer.pool:      # four positions make one: a quarter as many channels at once keep up
            nodes['Pool_hls_%d' % pools] = {'PE': divisor(rows, pe // 4)}
            generators.append(divisor(rows, pe // 4))
            pools += 1
        for one in generators:
            nodes['ConvolutionInputGenerator_rtl_%d' % windows] = {'SIMD': one, 'ram_style': 'distributed'}
            windows += 1
    if layers[-1].thresholds is None:
        nodes['LabelSelect_hls_0'] = {'PE': 1}
    return nodes


def divisor(number, most):
    """The largest divisor of a number that is at most `most`."""
    return max(one for one in range(1, max(1, most) + 1) if number % one == 0)


def configuration(name, board):
    """The build up to a bitstream, as `finn build` reads it; the estimate is its first part.

    FINN's own step, which narrows weights and accumulators, gives two bits to a weight of -1 or +1:
    :func:`step_narrow_accumulators` replaces it.
    """
    from finn.builder.build_dataflow_config import default_build_dataflow_steps
    return {'board': board, 'synth_clk_period_ns': 1000. / CLOCK, 'shell_flow_type': 'vivado_zynq',
            'folding_config_file': name + '.finn-folding.json', 'output_dir': name + '.finn',
            'generate_outputs': ['estimate_reports', 'stitched_ip', 'bitfile', 'pynq_driver', 'deployment_package'],
            'steps': [NARROWED if step.startswith('step_minimize_bit_width') else step
                      for step in default_build_dataflow_steps]}


def step_narrow_accumulators(model, _):
    """A step of FINN's build: accumulators and thresholds as wide as what they hold; weights stay as they are."""
    from finn.transformation.fpgadataflow.minimize_accumulator_width import MinimizeAccumulatorWidth
    from finn.transformation.streamline.round_thresholds import RoundAndClipThresholds
    from qonnx.transformation.infer_datatypes import InferDataTypes
    for transformation in (MinimizeAccumulatorWidth(), InferDataTypes(), RoundAndClipThresholds(), InferDataTypes()):
        model = model.transform(transformation)
    return model


def _board(name):
    """A board in FINN's table, by its name in any case.

    Raises
    ------
    FinnFailed
    """
    from finn.util.basic import pynq_part_map
    for known in pynq_part_map:
        if known.lower() == name.lower():
            return known
    raise FinnFailed('FINN has no board %s (FPGA=): choose from %s' % (name, ', '.join(pynq_part_map)))


# ---- FINN at work ----

@contextlib.contextmanager
def at_work(work):
    """Have FINN keep its settings and files in the folder `work`, not in the user's home, and print nothing."""
    before = dict(os.environ)
    os.environ.update(FINN_SETTINGS=os.path.join(work, 'settings.yaml'), FINN_BUILD_DIR=os.path.join(work, 'build'))
    os.mkdir(os.environ['FINN_BUILD_DIR'])
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            from finn.util.settings import initialize_dummy_settings
            initialize_dummy_settings()
            import finn.xsi
            finn.xsi.SimEngine = object     # only named in annotations; looking it up needs Vivado
            with _torch_to_name():
                import finn.builder.build_dataflow  # noqa: F401
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _torch_to_name():
    """A stand-in for torch, which FINN and qonnx import, but use only for layer norms and small floats."""
    names = [] if importlib.util.find_spec('torch') else ['torch', 'torch.nn', 'torch.nn.functional']
    for name in names:
        sys.modules[name] = types.ModuleType(str(name))
        sys.modules[name].Tensor = type('Tensor', (), {})       # scipy asks whether a value is one
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


def build(network, configured, after=None):
    """Run the build up to the estimate.

    Parameters
    ----------
    network, configured : str
        The QONNX file, and the configuration, with the folding beside it.
    after : callable, optional
        Called with a step's name and the model after each step.

    Returns
    -------
    dict of str to dict
        FINN's reports: cycles, resources, performance, folding.
    """
    import pathlib
    from finn.builder.build_dataflow import resolve_build_steps
    from finn.builder.build_dataflow_config import DataflowBuildConfig
    from qonnx.core.modelwrapper import ModelWrapper
    told = DataflowBuildConfig.construct_from(pathlib.Path(configured))
    told.output_dir = os.path.join(os.path.dirname(configured), 'out')
    told.stop_step = LAST_ESTIMATED
    model = ModelWrapper(network)
    for step in resolve_build_steps(told):
        try:
            model = step(model, told)
        except Exception as error:      # of any class: FINN has many, and asserts
            raise FinnFailed('FINN refuses %s in %s: %s' % (
                os.path.basename(network), step.__name__, ' '.join(str(error).split())[:200] or type(error).__name__))
        if after:
            after(step.__name__, model)
    reports = {}
    for key, name in (('cycles', 'estimate_layer_cycles'), ('resources', 'estimate_layer_resources'),
                      ('performance', 'estimate_network_performance'), ('folding', 'applied_folding_config')):
        with io.open(os.path.join(told.output_dir, 'report', name + '.json'), encoding='utf-8') as handle:
            reports[key] = json.load(handle)
    return reports


# ---- what it says ----

def summary(source, board, built):
    """The figures of '.finn.json'."""
    from importlib.metadata import version
    from finn.util.basic import part_map
    from finn.util.platforms import platforms
    published = source.overlay.published.resources
    layers = [dict(name=name, PE=built['folding'].get(name, {}).get('PE'), SIMD=built['folding'].get(name, {}).get('SIMD'),
                   cycles=cycles, **{key: built['resources'][name].get(key, 0) for key in COUNTED})
              for name, cycles in built['cycles'].items()]
    slowest = max(layers, key=lambda layer: layer['cycles'])
    there = None
    if board in platforms:
        there = {key: sum(one[key] for one in platforms[board]().resource_count_dict.values()) for key in COUNTED}
    return {
        'network': source.overlay.name, 'dataset': source.dataset, 'finn_plus': version('finn-plus'), 'board': board,
        'part': part_map[board], 'clock_MHz': CLOCK, 'layers': layers,
        'slowest': {'name': slowest['name'], 'cycles': slowest['cycles']},
        'images_per_second': CLOCK * 1e6 / slowest['cycles'],
        'latency_cycles': built['performance']['critical_path_cycles'],
        'resources': {key: built['resources']['total'].get(key, 0) for key in COUNTED},
        'on_board': there,
        'overlay': {'cycles': max(layer.cycles for layer in source.overlay.layers),
                    'resources': published and dict(published._asdict())}}


def report(name, figures):
    """The figures to read, with what comes next."""
    rows = [('', 'PE', 'SIMD', 'cycles') + COUNTED]
    rows += [[layer['name']] + [_number(layer[key]) for key in ('PE', 'SIMD', 'cycles') + COUNTED]
             for layer in figures['layers']] + [None]
    for label, cycles, counts in (('all, by FINN\'s estimate', figures['slowest']['cycles'], figures['resources']),
                                  ('BNN-PYNQ\'s overlay', figures['overlay']['cycles'], figures['overlay']['resources']),
                                  ('%s has' % figures['board'], None, figures['on_board'])):
        rows.append([label, '', '', _number(cycles)] + [_number(counts and counts[key]) for key in COUNTED])
    over = [key for key in COUNTED if figures['on_board'] and figures['resources'][key] > figures['on_board'][key]]
    return templating.render('finn.txt', name=name, rows=rows, over=over, **figures)


def _number(value):
    """A whole number, rounded up, with commas; nothing where it is not known."""
    return '' if value is None else '{:,}'.format(int(-(-value // 1)))
