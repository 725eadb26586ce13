# The front door: `make help` lists what there is. What a target does is in scripts/ and the rooms; here are only names.

## NET WB AB          the network (lfc, cnv), bits of a weight, bits of an activation; lfc 1 1 where not given
## DATASET            mnist, cifar10, digits, or a folder of pictures; the network's own where not given
## DATA_DIR           where mnist.npz and cifar10.npz lie; without it they are downloaded
## EPOCHS TRAIN_SIZE SEED DEVICE INIT    of training: how long, on how many images, ..., cpu or cuda, parameters to start from
## RESUME=1           go on with a training that was stopped
## OUT                the folder of the runs; runs where not given
export NET WB AB DATASET DATA_DIR EPOCHS TRAIN_SIZE SEED DEVICE INIT RESUME OUT

## RUNTIME PYTHON WITH_TENSORFLOW=1      of setup: auto or venv, a Python 2.7 or 3.8 to 3.11, the documents' TensorFlow too
export RUNTIME PYTHON WITH_TENSORFLOW

STAGES := train weights

.PHONY: help setup all demo test test-long $(STAGES)
.NOTPARALLEL:

help: ## this list
	@scripts/help.sh $(firstword $(MAKEFILE_LIST))

setup: ## make the environment, in .venv; every other target does so itself
	@scripts/setup.sh

train: ## train a network
weights: ## write the overlay's parameter folder from what was trained
$(STAGES):
	@scripts/in_env.sh python scripts/journey.py $@

all: $(STAGES) ## one network's whole journey

demo: ## the whole journey of two networks on small embedded images, in minutes
	@scripts/demo.sh

test: ## the tests, on every Python here that fits; TESTS= for pytest's arguments
	@scripts/test.sh $(TESTS)

test-long: ## the journey on real data beside the project (../shared), in some ten minutes
	@scripts/in_env.sh --tests newest python -m pytest -m long $(TESTS)
