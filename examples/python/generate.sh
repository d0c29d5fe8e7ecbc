#!/bin/sh
# Generates the client `taskforce` from the document of the repository, or from the file that OPENAPI names.
set -eu
cd "$(dirname "$0")"
exec openapi-python-client generate --path "${OPENAPI:-../../openapi.yaml}" --output-path taskforce --meta none --overwrite \
    --fail-on-warning
