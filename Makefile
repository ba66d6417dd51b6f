# Thin wrappers: everything is in Scripts/, which also works where make is missing.
.PHONY: demo test check bench acceptance fuzz setup release
setup:
	Scripts/setup
demo:
	Scripts/demo $(ARGS)
test:
	Scripts/test $(ARGS)
check:
	Scripts/check $(ARGS)
bench:
	Scripts/bench $(ARGS)
acceptance:
	Scripts/acceptance $(ARGS)
fuzz:
	Scripts/fuzz $(ARGS)
release:
	Scripts/release $(ARGS)
