# SPDX-License-Identifier: Apache-2.0
# Starts, finds and ends the demo's controller and agent. Sourced by hack/demo, which sets $state,
# $cache and $bin.
machine=box1

say() { printf 'demo: %s\n' "$*"; }
fail() { printf 'demo: %s\n' "$1" >&2; exit "$2"; }

make_private() {
  (umask 077 && mkdir -p "$1") || fail "cannot make $1" 73
  [ -O "$1" ] || fail "$1 belongs to somebody else; name another folder in ORCH_DEMO_DIR" 77
}

# pid_of PROGRAM FOLDER: which process of ours works in that folder.
pid_of() {
  local line pid arguments
  for line in /proc/[0-9]*/cmdline; do
    arguments=()
    mapfile -d '' arguments <"$line" && [ ${#arguments[@]} -ge 3 ] || continue
    [ "${arguments[0]##*/}" = "$1" ] && [ "${arguments[1]}" = --data-dir ] &&
      [ "${arguments[2]}" = "$2" ] || continue
    pid=${line#/proc/}
    echo "${pid%/cmdline}"
    return
  done 2>/dev/null
}

# launch NAME PROGRAM ARGUMENT...: in a session of its own, so that no terminal ends it. Its words go
# to $state/NAME.log, what it prints to $state/NAME.out.
launch() {
  local name=$1
  shift
  : >"$state/$name.out"
  setsid "$@" </dev/null >"$state/$name.out" 2>>"$state/$name.log" &
  launched=$!
}

# until_ready NAME SECONDS: waits for its line "ready ..."; otherwise sets $code to how it ended.
until_ready() {
  local until=$((SECONDS + $2))
  code=0
  while ! grep -q '^ready ' "$state/$1.out"; do
    if ! kill -0 "$launched" 2>/dev/null; then
      wait "$launched" || code=$?
      return 1
    fi
    if [ $SECONDS -ge "$until" ]; then code=69; return 1; fi
    sleep 0.05
  done
}

last_words() { tail -n 3 "$state/$1.log" | sed 's/^/  /'; }

start_controller() {
  local data=$state/controller pid address
  pid=$(pid_of orch-controller "$data")
  if [ -n "$pid" ] && [ -s "$data/run/listen" ]; then
    url=$(head -n 1 "$data/run/listen")
    say "controller: runs already, pid $pid, $url"
    return
  fi
  [ -e "$data/state.db" ] || "$bin/orch-controller" --data-dir "$data" init >"$state/init.out" ||
    fail "the controller's folder could not be made" $?
  # Where it was, else the usual place, else wherever there is room.
  for address in $(cat "$state/controller.address" 2>/dev/null) 127.0.0.1:7443 127.0.0.1:0; do
    launch controller "$bin/orch-controller" --data-dir "$data" run --listen "$address"
    if until_ready controller 30; then
      url=$(sed -n 's/^ready //p' "$state/controller.out" | head -n 1)
      echo "${url#https://}" >"$state/controller.address"
      say "controller: started, pid $launched, $url"
      return
    fi
    [ "$code" = 75 ] || break  # 75: somebody else has the address
    say "controller: $address is taken"
  done
  fail "the controller does not start (exit $code):
$(last_words controller)" "$code"
}

start_agent() {
  local data=$state/agent pid arguments=()
  pid=$(pid_of orch-agentd "$data")
  if [ -n "$pid" ] && [ "$(cat "$state/agent.url" 2>/dev/null)" != "$url" ]; then
    kill "$pid"  # its children stay, and the next one adopts them
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    pid=
  fi
  if [ -n "$pid" ]; then
    say "agent: runs already, pid $pid"
    return
  fi
  if [ ! -e "$data/membership.json" ]; then
    (umask 077 && "$bin/orch-controller" --data-dir "$state/controller" token \
      --machine "$machine" >"$state/token") || fail "the controller gives no join token" $?
    arguments=(--name "$machine" --join "@$state/token")
  fi
  PATH=$state/bin:$cache/demo/bin:$PATH launch agent \
    "$bin/orch-agentd" --data-dir "$data" --controller "$url" "${arguments[@]}"
  until_ready agent 30 || fail "the agent does not start (exit $code):
$(last_words agent)" "$code"
  rm -f "$state/token"
  echo "$url" >"$state/agent.url"
  say "agent: started, pid $launched, machine $machine"
}

bring_down() {
  local pid name
  if [ -e "$state/agent/membership.json" ]; then
    say "stopping what runs on this machine"
    "$bin/orch-agentd" --data-dir "$state/agent" down || fail "the agent does not go down" $?
  fi
  for name in agentd controller; do
    pid=$(pid_of "orch-$name" "$state/${name%d}")
    [ -n "$pid" ] || continue
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  done
  say "nothing of the demo runs any more; its state stays in $state"
}

# show_build LOG COMMAND...: a moving line on a terminal, else a line now and then.
show_build() {
  local log=$1 line
  shift
  NINJA_STATUS='[%f/%t] ' "$@" 2>&1 | tee "$log" | while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*)$ ]] || continue
    if [ -t 2 ]; then printf '\r\033[Kdemo: building %.80s' "${line##*/}" >&2
    elif [ $((BASH_REMATCH[1] % 25)) = 0 ]; then
      say "building: ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
    fi
  done
  [ "${PIPESTATUS[0]}" = 0 ] || return 1
  [ ! -t 2 ] || printf '\r\033[K' >&2
}
