#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# llama-server of the demo. The weights and grammars that hack/demo-setup fetched may be named
# without their folder, so that a manifest fits every machine.
# SETTINGS
arguments=() previous=
for argument; do
  case $previous in
    -m | --model | --grammar-file)
      [[ $argument == */* ]] || argument=$files/$argument ;;
  esac
  arguments+=("$argument")
  previous=$argument
done
exec "$server" "${arguments[@]}"
