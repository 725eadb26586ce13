"""One stage of a network's journey, from make's variables: says which command that is, and becomes it.

    NET=cnv WB=1 AB=2 python scripts/journey.py train

The variables are read from the environment; one that is empty counts as not given.
"""
from __future__ import absolute_import, print_function

import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from common.errors import UserError, run
from training.settings import SEED, Settings

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def variable(name, default=None):
    """A variable of make's, or the default where it is not given."""
    return os.environ.get(name) or default


def number(name, default=None):
    """A variable that is a whole number."""
    text = variable(name)
    try:
        return default if text is None else int(text)
    except ValueError:
        raise UserError('%s=%s is not a whole number' % (name, text))


OWN = (('--threshold', 'THRESHOLD'), ('--invert', 'INVERT'), ('--broken', 'BROKEN'))      # own pictures


def settings():
    """The settings of the run that the variables name."""
    return Settings(variable('NET', 'lfc'), number('WB', 1), number('AB', 1), dataset=variable('DATASET'),
                    epochs=number('EPOCHS'), train_size=number('TRAIN_SIZE'), seed=number('SEED', SEED),
                    out=variable('OUT', 'runs'), recipe=variable('RECIPE', 'original'), mirrored=mirrored())


def mirrored():
    """Whether images are mirrored at random, None where that is not said."""
    text = variable('MIRRORED')
    if text not in (None, 'yes', 'no'):
        raise UserError('MIRRORED=%s is neither yes nor no' % text)
    return text and text == 'yes'


def given(*pairs):
    """The options whose variables are given: ``given(('--epochs', 'EPOCHS'))`` is ``['--epochs', '5']``."""
    return [text for option, name in pairs if variable(name) for text in (option, variable(name))]


def bits(of):
    return ['-wb', str(of.weight_bits), '-ab', str(of.activation_bits)]


def preview(of):
    return ['-m', 'datasets.preview', of.dataset, '--net', of.net, '--out',
            os.path.join(of.out, '%s-%s-preview.png' % (of.dataset_name, of.net))] + given(*OWN)


def train(of):
    script = {'lfc': 'training/mnist_mod.py', 'cnv': 'training/cifar10_mod.py'}[of.net]
    return ([script] + bits(of) + ['--dataset', of.dataset, '--out', of.out] +
            given(('--epochs', 'EPOCHS'), ('--data-dir', 'DATA_DIR'), ('--train-size', 'TRAIN_SIZE'),
                  ('--seed', 'SEED'), ('--init', 'INIT'), ('--recipe', 'RECIPE'), ('--mirrored', 'MIRRORED'),
                  ('--device', 'DEVICE')) + given(*OWN) +
            (['--resume'] if resumes(of) else []))


def resumes(of):
    """Whether to go on with the run in the folder: RESUME=1, or RESUME=auto where it was made with the same settings."""
    if variable('RESUME') != 'auto':
        return number('RESUME', 0)
    return of.files.can_resume(of.deciding())


def weights(of):
    if not os.path.exists(of.save_path):
        raise UserError('%s: not there yet: make train with the same NET, WB, AB, DATASET and OUT comes first'
                        % of.save_path)
    return (['weights_gen/generate.py', '--net', of.net] + bits(of) +
            ['--params', of.save_path, '--out', os.path.join(of.run_folder, of.overlay.name),
             '--classes', os.path.join(of.run_folder, 'classes.txt')])


def package(of):
    return ['board/package.py', 'build', '--run', of.run_folder] + given(('--name', 'NAME'))


def predict(of):
    """By the package of one's own run; where there is none, by the one that comes with the project."""
    if not variable('IMAGE'):
        raise UserError('name a picture: make predict IMAGE=docs/seven.png')
    packages = [os.path.join(of.run_folder, package_name(of)), pretrained(of)]
    if os.path.exists(of.save_path):
        if not os.path.exists(packages[0]):
            raise UserError('%s is trained and not packed: make weights verify package with the same variables comes '
                            'first' % of.run_folder)
        if os.path.getmtime(of.save_path) > os.path.getmtime(packages[0]):
            print('%s was made before the last training: make weights verify package makes it anew' % packages[0],
                  file=sys.stderr)
    for path in packages:
        if os.path.exists(os.path.join(ROOT, path)):
            return ['board/predict.py', '--package', path, '--images', variable('IMAGE')]
    raise UserError('there is neither %s nor %s: make all with the same NET, WB, AB and DATASET comes first'
                    % tuple(packages))


def export(of):
    """Of one's own run; where nothing has been trained, of the package that comes with the project."""
    formats = (variable('FORMAT') or '').replace(',', ' ').split()
    if not formats:
        raise UserError('name a format: make export FORMAT=onnx, or c, page, all of them, or several: FORMAT=onnx,c')
    options = [text for name in formats for text in ('--format', name)]
    if os.path.exists(of.save_path):
        return ['export/export.py', '--run', of.run_folder] + options
    if os.path.exists(os.path.join(ROOT, pretrained(of))):
        return ['export/export.py', '--package', pretrained(of), '--out', of.run_folder] + options
    raise UserError('there is neither %s nor %s: make train weights with the same NET, WB, AB and DATASET comes first'
                    % (of.save_path, pretrained(of)))


def package_name(of):
    return '%s-%s.tar.gz' % (of.dataset_name, of.overlay.name)


def pretrained(of):
    """The package that comes with the project, from its root."""
    return os.path.join('pretrained', package_name(of))


def deploy(of):
    if not variable('BOARD'):
        raise UserError('name the board: make deploy BOARD=xilinx@pynq')
    return (['board/deploy.py', '--run', of.run_folder, '--board', variable('BOARD')] +
            (['--force'] if number('FORCE', 0) else []))


STAGES = {
    'preview': preview,
    'train': train, 'weights': weights, 'package': package, 'predict': predict, 'deploy': deploy,
    'export': export,
    'report': lambda of: ['report/page.py', '--run', of.run_folder],
    'verify': lambda of: ['board/verify.py', '--run', of.run_folder] + given(('--tolerance', 'TOLERANCE')),
}


def main(arguments):
    if len(arguments) != 1 or arguments[0] not in STAGES:
        raise UserError('name one stage: %s' % ', '.join(sorted(STAGES)))
    command = STAGES[arguments[0]](settings())
    print('python ' + ' '.join(command))
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable] + command)


if __name__ == '__main__':
    sys.exit(run(main))
