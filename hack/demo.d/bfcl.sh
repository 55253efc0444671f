#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# BFCL of the demo: see bfcl.py.
# SETTINGS
exec "$python" "$files/bfcl.py" "$@"
