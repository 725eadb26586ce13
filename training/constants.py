"""Numbers of the training's arithmetic that are the same for every network (specified by the original scripts)."""
from common.overlays import EPSILON  # noqa: F401 (added to batch norm's variance: what is packed depends on it too)

ALPHA = .1              # share of the newest batch in batch norm's running averages
BETA1, BETA2 = .9, .999     # Adam's decay rates of the means of the gradient and of its square
ADAM_EPSILON = 1e-8     # added to the root of the latter
