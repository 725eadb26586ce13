# The front door: `make help` lists what there is. What a target does is in scripts/ and the rooms; here are only names.

## NET WB AB          the network (lfc, cnv), bits of a weight, bits of an activation; lfc 1 1 where not given
## DATASET            mnist, cifar10, digits, svhn, gtsrb, or a folder of pictures; the network's own where not given
## DATA_DIR           where mnist.npz and cifar10.npz lie; without it they are downloaded
## EPOCHS TRAIN_SIZE SEED DEVICE INIT    of training: how long, on how many images, ..., cpu or cuda, parameters to start from
## RESUME=1           go on with a training that was stopped; RESUME=auto where the settings are the same
## RECIPE=best        train as measured better than the original; MIRRORED=yes or no: whether also in a mirror
## THRESHOLD INVERT BROKEN    of one's own pictures: for LFC, white from this grey on, and auto, yes or no; skip or stop
## OUT                the folder of the runs; runs where not given
## TOLERANCE          points of percent that the packed network may be worse than the trained one
## IMAGE              a picture, or a file of images, for predict
## FORMAT             of export: onnx, c, several with commas, or all
## NAME BOARD FORCE=1 of the set on the board; user@host; replace a set of the same name
export NET WB AB DATASET DATA_DIR EPOCHS TRAIN_SIZE SEED DEVICE INIT RESUME RECIPE MIRRORED THRESHOLD INVERT BROKEN OUT TOLERANCE IMAGE NAME BOARD FORCE FORMAT

## RUNTIME PYTHON WITH_TENSORFLOW=1      of setup: auto, venv, conda or docker; a Python 2.7 or 3.8 to 3.11; the documents' TensorFlow too
export RUNTIME PYTHON WITH_TENSORFLOW

JOURNEY := train weights verify package report
STAGES := preview $(JOURNEY) predict deploy

.PHONY: help setup all export compare demo test test-real test-long bench doctor image prove $(STAGES)
.NOTPARALLEL:

help: ## this list
	@scripts/help.sh $(firstword $(MAKEFILE_LIST))

setup: ## make the environment, in .venv; every other target does so itself
	@scripts/setup.sh

preview: ## what the network sees of one's own pictures, DATASET=folder
train: ## train a network
weights: ## write the overlay's parameter folder from what was trained
verify: ## the board's answers beside the trained network's, on the whole test set
package: ## one checked file for the board
report: ## the run on one page: curves, confusions, what the board will do
predict: ## what a trained network says to IMAGE=picture; MNIST's come with the project
deploy: ## put the package on the board, BOARD=user@host
$(STAGES):
	@scripts/in_env.sh python scripts/journey.py $@

all: $(JOURNEY) ## one network's whole journey

export: ## a trained network in other forms, exact: FORMAT=onnx, c, or all
	@scripts/export.sh

compare: ## runs side by side, a table and a page with their curves; RUNS= which, all in OUT where not given
	@scripts/in_env.sh python report/compare.py $(RUNS)

demo: ## the whole journey of two networks on small embedded images, in minutes
	@scripts/demo.sh

test: ## the tests, on every Python here that fits; TESTS= for pytest's arguments
	@scripts/test.sh $(TESTS)

test-real: ## the journey of the five networks on real data beside the project (../shared), in some ten minutes
	@scripts/in_env.sh --tests newest python -m pytest -m long tests/end_to_end

test-long: test-real ## all tests that take minutes: runs killed at random moments, ...
	@scripts/test.sh -m long --ignore tests/end_to_end

bench: ## speed: training beside the plain graph and Brevitas (BENCH= for its options), the simulator, weights_gen
	@scripts/in_env.sh python bench/training.py $(BENCH)
	@scripts/in_env.sh python bench/simulator.py
	@scripts/in_env.sh python bench/weights_gen.py

doctor: ## what this machine and environment can do for a training, and what mends what is amiss
	@scripts/in_env.sh python scripts/doctor.py

image: ## build the project's image; TARGET=cpu or gpu
	@scripts/image.sh $(TARGET)

prove: ## build the cpu image and run the journey in it, as on a machine that has nothing else (root, Debian)
	@scripts/prove_image.sh
