# `make help` lists the targets. A line of common/options.txt says what a target runs and which variables it reads;
# scripts/target.sh checks the variables and runs it.

TARGETS := $(shell sed -n 's/^\([a-z][a-z-]*\) *|.*/\1/p' common/options.txt)
JOURNEY := $(shell sed -n 's/^all *| = \([^|]*\)|.*/\1/p' common/options.txt)

# A value on the command line is text: $(shell ...) in it never runs.
export BNN_GIVEN := $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name))))
$(foreach name,$(BNN_GIVEN),$(eval export override $(name) := $$(value $(name))))
export BNN_GOALS := $(MAKECMDGOALS)

.DEFAULT_GOAL := help
.PHONY: $(TARGETS)
.NOTPARALLEL:

$(filter-out all,$(TARGETS)):
	@scripts/target.sh $@

all: $(JOURNEY)

.DEFAULT:
	@scripts/target.sh $@
