# What a person does with this project on a machine with git, make and any Python 3. `make` alone lists it.
.PHONY: help setup run demo test test-full faults load soak screens bundle install-test

help:
	@echo 'make run        start the guard; the first time it makes everything it needs, and says what to open'
	@echo 'make demo       the same with a playground: a school, and pretend sites to try it on, without internet'
	@echo 'make setup      only make the environment (.venv)'
	@echo 'make test       check and test, within ten minutes'
	@echo 'make test-full  the slow and heavy tests'
	@echo 'make faults     break everything under a running school, and write docs/reliability.md of what was seen'
	@echo 'make load       a school at half past eight, slow clients, and twice too much (minutes, needs nginx; writes its table)'
	@echo 'make soak       ten minutes of everything: memory and descriptors stay flat (MINUTES=, CLIENTS=; writes its table)'
	@echo 'make bundle     one file to install from, without internet (dist/)'
	@echo 'make install-test  install that file on a bare Debian (root, minutes)'
	@echo 'make screens    make the pictures of the papers anew (docs/screens)'

setup:
	@setup/environment.sh run setup

run:
	@setup/environment.sh run run
	@exec .venv/bin/klaswacht up

demo:
	@setup/environment.sh run demo
	@exec .venv/bin/klaswacht demo

test:
	@KLASWACHT_MAY_INSTALL=1 setup/machine.sh
	@KLASWACHT_MAY_INSTALL=1 setup/environment.sh test test
	@setup/check.sh

test-full:
	@KLASWACHT_MAY_INSTALL=1 setup/machine.sh
	@KLASWACHT_MAY_INSTALL=1 setup/environment.sh test test-full
	@KLASWACHT_PROPERTIES=many setup/tests.sh -n 3 --dist loadfile -m '$(if $(KLASWACHT_SHORT),full,full or property)' --timeout 900 -rs

load:
	@KLASWACHT_MAY_INSTALL=1 setup/machine.sh
	@KLASWACHT_MAY_INSTALL=1 setup/environment.sh test load
	@.venv/bin/python -m bench.minute --write

soak:
	@KLASWACHT_MAY_INSTALL=1 setup/environment.sh test soak
	@.venv/bin/python -m bench.soak --minutes $(or $(MINUTES),10) --clients $(or $(CLIENTS),1.0) --write

screens:
	@KLASWACHT_MAY_INSTALL=1 setup/environment.sh test screens
	@.venv/bin/python -m tests.access.screens

faults:
	@KLASWACHT_MAY_INSTALL=1 setup/machine.sh
	@KLASWACHT_MAY_INSTALL=1 setup/environment.sh test faults
	@rm -rf var/reliability
	@setup/tests.sh -n 2 --dist loadfile -m full -rs tests/reliability
	@.venv/bin/python -m tests.reliability --write

bundle:
	@setup/environment.sh run bundle
	@deploy/bundle.sh dist

install-test:
	@KLASWACHT_MAY_INSTALL=1 setup/machine.sh
	@KLASWACHT_MAY_INSTALL=1 setup/environment.sh test install-test
	@.venv/bin/pytest -m install -rs tests/deploy
