#!/bin/sh
# risks.sh MODEL DIR has Threagile, which build.sh builds, write the risks of a model to
# DIR/risks.json, and nothing else: no drawings, no tables, no report.
set -eu
bin=$(dirname "$0")/bin
exec "$bin/threagile" -model "$1" -output "$2" -raa-plugin "$bin/raa.so" -generate-data-flow-diagram=false \
	-generate-data-asset-diagram=false -generate-risks-excel=false -generate-tags-excel=false -generate-report-pdf=false \
	-generate-technical-assets-json=false -generate-stats-json=false
