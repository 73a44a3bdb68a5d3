.DEFAULT_GOAL := help
PYTHON ?= python3
AS_OF ?= 2017-12-01
# bananas, hot dog buns, canned corn: what the demo shows at its end
WELL_KNOWN ?= 1082185 1098066 938700
VENV := .venv/.ready
VENV_AIRFLOW := .venv-airflow/.ready
VENV_S3 := .venv/.ready-for-s3
# the jobs' Spark is the one of .venv, whatever else is on the machine
unexport SPARK_HOME PYTHONPATH

# A cluster on this machine: a port of its own, a folder for its logs and for the ids of its processes
CLUSTER_PORT ?= 7077
CLUSTER = $(CURDIR)/build/cluster-$(CLUSTER_PORT)
CLUSTER_URL = spark://127.0.0.1:$(CLUSTER_PORT)
SPARK = $(wildcard $(CURDIR)/.venv/lib/python3*/site-packages/pyspark)
# Spark's own script, which ends only what it has started
DAEMON = PATH="$(CURDIR)/.venv/bin:$$PATH" SPARK_HOME="$(SPARK)" SPARK_LOCAL_IP=127.0.0.1 \
	SPARK_PID_DIR="$(CLUSTER)" SPARK_LOG_DIR="$(CLUSTER)" SPARK_IDENT_STRING=alsobought \
	SPARK_MASTER_OPTS="-Dspark.master.rest.enabled=false -Dspark.port.maxRetries=0" \
	bash "$(SPARK)/sbin/spark-daemon.sh"
MASTER := org.apache.spark.deploy.master.Master
WORKER := org.apache.spark.deploy.worker.Worker

.PHONY: help setup chromium demo cluster cluster-stop test test-dags test-faults test-rooms test-runs test-s3 lint fmt dist sbom bench clean

help: ## Show what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-15s %s\n", $$1, $$2}'

setup: $(VENV) ## Install what is needed into .venv, Delta's jars included

$(VENV): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --editable '.[demo,dev]' --constraint constraints.txt
	.venv/bin/python -m alsobought.runtime.setup
	touch $@

$(VENV_S3): $(VENV)
	.venv/bin/python -m alsobought.runtime.setup --with s3
	touch $@

$(VENV_AIRFLOW): constraints-airflow.txt
	$(PYTHON) -m venv .venv-airflow
	.venv-airflow/bin/pip install --quiet apache-airflow apache-airflow-providers-apache-spark \
		pytest --constraint constraints-airflow.txt
	touch $@

# the tests of pages drive the machine's own browser
BROWSERS := chromium chromium-browser google-chrome
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

chromium: ## Install the browser that tests of pages need, where there is none
	@for browser in $(BROWSERS); do command -v $$browser >/dev/null && exit 0; done; \
	command -v apt-get >/dev/null && $(AS_ROOT) apt-get update -q && \
	$(AS_ROOT) apt-get install -qy chromium && exit 0; \
	echo "Pages are tested in a real browser: install Chromium, as a program called chromium." >&2; \
	exit 1

demo: $(VENV) ## From a year of real grocery purchases to related items and weighted offers
	.venv/bin/python demo/complete_journey.py warehouse/sources
	.venv/bin/alsobought run item_statistics related_items redemption_weights --with-upstream \
		--env demo --as-of $(AS_OF)
	@for item in $(WELL_KNOWN); do .venv/bin/alsobought show $$item --env demo --top 5 || exit 1; done
	@.venv/bin/alsobought weights --env demo
	@echo "Look further:"
	@echo "  .venv/bin/alsobought show BANANAS               any item, by id or by words of its title"
	@echo "  .venv/bin/alsobought why 1082185 1029743        one pair, explained"
	@echo "  .venv/bin/alsobought run --all --env demo --as-of $(AS_OF)   the other tables too"
	@echo "  .venv/bin/alsobought calibration --plot c.png   and then: how good the scores are"
	@echo "  .venv/bin/alsobought tables                     what lies in warehouse/demo"
	@.venv/bin/alsobought report --env demo --as-of $(AS_OF)
	@echo "Open it in a browser: search for hot dog buns, and press why beside a related item."

cluster: $(VENV) ## Start, as far as they do not run, Spark's master and two workers on loopback, for conf/cluster.toml
	@$(DAEMON) status $(MASTER) 1 >/dev/null || \
		$(DAEMON) start $(MASTER) 1 --host 127.0.0.1 --port $(CLUSTER_PORT) --webui-port 0
	@for worker in 1 2; do \
		$(DAEMON) status $(WORKER) $$worker >/dev/null || \
		$(DAEMON) start $(WORKER) $$worker --host 127.0.0.1 --webui-port 0 --cores 1 --memory 2g \
			--work-dir "$(CLUSTER)/worker-$$worker" $(CLUSTER_URL) || exit 1; \
	done
	@for second in $$(seq 60); do \
		test $$(grep -l "Successfully registered" "$(CLUSTER)"/*Worker-*.out | wc -l) = 2 && break; \
		sleep 1; \
	done; test $$second -lt 60 || { echo "The workers do not register: see $(CLUSTER)"; exit 1; }
	@echo "$(CLUSTER_URL) is up; make cluster-stop ends it"

cluster-stop: $(VENV) ## End the processes that make cluster has started
	@for worker in 1 2; do $(DAEMON) stop $(WORKER) $$worker; done; $(DAEMON) stop $(MASTER) 1

# the tests of what a user starts, and those of drivers that die; test-rooms runs all others
RUNS := tests/runtime tests/commands tests/jobs tests/packaging tests/evaluate
FAULTS := tests/faults tests/upgrade

test: $(VENV) $(VENV_AIRFLOW) chromium ## Run all tests, two sets at a time
	$(MAKE) --output-sync=target --jobs=2 chromium test-runs test-dags test-rooms test-faults

test-rooms: $(VENV) chromium ## Run the tests that share one Spark session
	.venv/bin/python -m pytest $(RUNS:%=--ignore %) $(FAULTS:%=--ignore %) --ignore tests/object_storage

test-runs: $(VENV) ## Run the tests of runs, commands, jobs and packages, some as a user starts them
	.venv/bin/python -m pytest $(RUNS)

test-faults: $(VENV) ## Run the tests of faults, races, full disks, and tables of earlier versions
	.venv/bin/python -m pytest $(FAULTS)

test-dags: $(VENV) $(VENV_AIRFLOW) ## Run the tests of the DAGs, in their own venv
	.venv-airflow/bin/python -m pytest tests/airflow_dags

test-s3: $(VENV_S3) ## Run two nights on an S3 server of this machine; fetches 13 MB of jars once
	.venv/bin/python -m pytest tests/object_storage

lint: $(VENV) ## Check style and types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

fmt: $(VENV) ## Put the code into shape
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

dist: $(VENV) ## Build the wheel, the zip for --py-files and the packed environment
	.venv/bin/python -m build --wheel --no-isolation --outdir dist .
	find libs -name __pycache__ -prune -exec rm -r {} +
	rm -f dist/alsobought.zip
	cd libs && ../.venv/bin/python -m zipfile -c ../dist/alsobought.zip alsobought
	rm -rf build/environment
	$(PYTHON) -m venv build/environment
	build/environment/bin/pip install --quiet dist/alsobought-*.whl --constraint constraints.txt
	cp .venv/lib/python*/site-packages/pyspark/jars/delta-s*.jar \
		build/environment/lib/python*/site-packages/pyspark/jars/
	.venv/bin/venv-pack --prefix build/environment --output dist/environment.tar.gz --force

sbom: $(VENV) ## List every package of .venv, with versions and licences, as CycloneDX in dist/sbom.json
	$(PYTHON) -m venv build/sbom
	build/sbom/bin/pip install --quiet 'cyclonedx-bom==7.5.0'
	mkdir -p dist
	build/sbom/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
		--output-file dist/sbom.json .venv/bin/python

bench: $(VENV) ## Measure the engine and whole nights against their peers (long)
	.venv/bin/pip install --quiet --editable '.[bench]' --constraint constraints.txt
	.venv/bin/python -m benchmarks.engine
	.venv/bin/python -m benchmarks.night

clean: ## Remove what was built, not the environments
	rm -rf dist build warehouse .pytest_cache .mypy_cache .ruff_cache
