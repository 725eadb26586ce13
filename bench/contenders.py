"""A training to be measured: `python bench/contenders.py NAME NET BITS DATA` waits for commands on its standard input.

Each line `epoch` runs one epoch on the images of DATA (.npz: images, labels, valid_images, valid_labels, uint8). The answer
is one line of JSON: seconds of training and of evaluation, CPU seconds, loss, peak memory in MB. Before that, a first line
says after how many seconds everything was compiled. NAME: plain, product (this project) or brevitas; BITS: 1w1a, ...
"""
from __future__ import absolute_import, division, print_function

import json
import os
import resource
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from common.overlays import NETWORKS, find
from training import backend, removed

# BNN-PYNQ's .theanorc
PLAIN_FLAGS = 'floatX=float32,openmp=True,openmp_elemwise_minsize=200000,warn.round=False'


class Theano(object):
    """The plain graph or this project; it evaluates `evaluation` images at a time."""

    def __init__(self, name, net, bits, batch):
        if name == 'plain':
            given = [os.environ['THEANO_FLAGS']] if 'THEANO_FLAGS' in os.environ else []
            os.environ['THEANO_FLAGS'] = ','.join(given + [
                PLAIN_FLAGS, 'blas.ldflags=' + backend.blas_flags()[0], 'gcc.cxxflags=' + removed.compiler_flags()])
            removed.restore()
        else:
            backend.configure()
        from training import trainer
        from datasets.images import encode
        self.net, self.encode, settings = net, encode, NETWORKS[net].training
        overlay = find(net, *bits)
        arguments = overlay, 10, np.random.RandomState(1234), settings.dropout_in, settings.dropout_hidden
        if name == 'plain':
            from training import plain
            learner, self.evaluation = plain.Learner(*arguments), batch
        else:
            from training import learning, networks
            learner, self.evaluation = learning.Learner(networks.build(*arguments)), trainer.EVALUATION_BATCH[net]
        self.train = lambda images, labels: learner.train(self.encode(images, net), labels, NETWORKS[net].training.LR_start)
        self.outputs = lambda images: learner.outputs(self.encode(images, net))


class Brevitas(object):
    """Brevitas's own model of the same network, with its loss, optimiser and clipping, on PyTorch."""

    def __init__(self, name, net, bits, batch):
        import torch
        from brevitas_examples.bnn_pynq.models import model_with_cfg
        from brevitas_examples.bnn_pynq.models.losses import SqrHingeLoss
        self.evaluation = batch
        model, _ = model_with_cfg('%s_%dw%da' % ((net,) + bits), False)
        optimizer, loss_of = torch.optim.Adam(model.parameters(), lr=NETWORKS[net].training.LR_start), SqrHingeLoss()

        def encode(images):
            images = torch.from_numpy(np.ascontiguousarray(images))
            return (images.unsqueeze(1) if net == 'lfc' else images.permute(0, 3, 1, 2)).float() / 255.

        def train(images, labels):
            model.train()
            targets = torch.full((len(labels), 10), -1.)
            targets.scatter_(1, torch.from_numpy(labels.astype(np.int64)).unsqueeze(1), 1.)
            loss = loss_of(model(encode(images)), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            model.clip_weights(-1, 1)
            return float(loss.detach())

        def outputs(images):
            model.eval()
            with torch.no_grad():
                return model(encode(images)).numpy()

        self.train, self.outputs = train, outputs


def epoch(contender, data, batch):
    """Train and evaluate once; returns the answer."""
    start, cpu = time.time(), sum(os.times()[:2])
    losses = [contender.train(data['images'][first:first + batch], data['labels'][first:first + batch])
              for first in range(0, len(data['images']) - batch + 1, batch)]
    trained = time.time()
    size = contender.evaluation
    outputs = [contender.outputs(data['valid_images'][first:first + size])
               for first in range(0, len(data['valid_images']), size)]
    errors = np.mean(np.concatenate(outputs).argmax(1) != data['valid_labels'])
    end = time.time()
    return {'train': trained - start, 'evaluate': end - trained, 'cpu': sum(os.times()[:2]) - cpu,
            'loss': float(np.mean(losses)), 'error': float(errors),
            'memory': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.}


def main(name, net, bits, path, batch=None):
    start = time.time()
    batch = int(batch or NETWORKS[net].training.batch_size)
    with np.load(path) as archive:
        data = {key: archive[key] for key in archive.files}
    contender = (Brevitas if name == 'brevitas' else Theano)(name, net, (int(bits[0]), int(bits[2])), batch)
    contender.train(data['images'][:batch], data['labels'][:batch])
    contender.outputs(data['valid_images'][:contender.evaluation])
    print(json.dumps({'ready': time.time() - start}))
    sys.stdout.flush()
    for _ in iter(sys.stdin.readline, ''):
        print(json.dumps(epoch(contender, data, batch)))
        sys.stdout.flush()


if __name__ == '__main__':
    main(*sys.argv[1:])
