# SPDX-License-Identifier: Apache-2.0
"""What an object has come to, in one line."""

ENDED = ("Succeeded", "Failed", "Cancelled")


def condition(item, kind):
    found = [c for c in item.get("status", {}).get("conditions", []) if c["type"] == kind]
    return found[0] if found else {}


def machine_line(item):
    ready = condition(item, "Ready")
    state = {"True": "Ready", "False": "not Ready"}.get(ready.get("status"), "not heard of yet")
    return state + (f": {ready['message']}" if state != "Ready" and ready.get("message") else "")


def deployment_line(item):
    status = item.get("status", {})
    phase = status.get("phase", "Pending")
    if phase == "Hot":
        return f"Hot at {status.get('endpoint')} (warm-up {status.get('warmupSeconds', 0):.1f} s)"
    why = [c["message"] for c in status.get("conditions", [])
           if c["status"] != "True" and c.get("message")]
    return phase + (f": {why[0]}" if why else "")


def run_line(item):
    status = item.get("status", {})
    line = status.get("phase", "Queued")
    if status.get("attempt", 0) > 1:
        line += f", attempt {status['attempt']}"
    if line in ENDED:
        return line
    # A reason that holds for every machine names none.
    why = [": ".join(filter(None, (reason.get("machine"), reason.get("why"))))
           for reason in status.get("reasons", [])]
    why += [c["message"] for c in status.get("conditions", [])
            if c["status"] != "True" and c.get("message")]
    return line + (f": {why[0]}" if why and status.get("phase") != "Running" else "")


def progress_of(item):
    """How far a run that works is, as one line."""
    progress = item.get("status", {}).get("progress", {})
    total, done = progress.get("total", 0), progress.get("done", 0)
    answered = max(progress.get("answered", 0), done)
    if not answered and not progress.get("errored"):
        return None
    bar = "#" * (answered * 24 // total) if total else ""
    line = f"[{bar:<24}] {answered} of {total or '?'} answered, {done} scored"
    return line + (f", {progress['errored']} broken" if progress.get("errored") else "")


LINES = {"Machine": machine_line, "ModelDeployment": deployment_line, "BenchRun": run_line}
SHORT = {"Machine": "machine", "ModelDeployment": "model", "BenchRun": "run"}
