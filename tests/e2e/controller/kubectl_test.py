# SPDX-License-Identifier: Apache-2.0
"""The real kubectl 1.35 against the real controller: what a user types, and exactly what he sees.
Fails when kubectl is missing: `./hack/setup test` installs it."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BIN = None
KUBECTL = pathlib.Path(os.environ.get("ORCH_CACHE") or pathlib.Path.home() / ".cache/orch",
                       "kubectl-1.35/kubectl")

GROUP = """\
apiVersion: orch/v1
kind: MachineGroup
metadata:
  name: pair
  labels: {zone: a}
spec:
  members: [box1, box2]
"""
MODEL = """\
apiVersion: orch/v1
kind: Model
metadata:
  name: tiny
spec:
  source: {file: /models/tiny.gguf}
  family: smol
  format: gguf
  minMemory: 1Gi
  runtimes: [{runtime: llama}]
"""


class Cluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="orch-kubectl-"))
        cls.data = cls.folder / "d"
        subprocess.run([BIN, "--data-dir", cls.data, "init"], check=True,
                       stdout=subprocess.DEVNULL)
        with open(cls.folder / "log", "w", encoding="utf-8") as log:
            cls.server = subprocess.Popen(
                [BIN, "--data-dir", cls.data, "run", "--listen", "127.0.0.1:0"],
                stdout=subprocess.PIPE, stderr=log, text=True)
        ready = cls.server.stdout.readline()
        assert ready.startswith("ready https://"), ready

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.communicate(timeout=10)
        code = cls.server.returncode
        shutil.rmtree(cls.folder)
        assert code == 0, f"the controller ended with {code}"

    def kubectl(self, *words, stdin="", code=0):
        """(stdout, stderr) of a call that must end with `code`."""
        done = self.begin(*words, stdin=subprocess.PIPE)
        out, err = done.communicate(stdin, timeout=60)
        self.assertEqual(done.returncode, code, f"kubectl {words}\n{out}\n{err}")
        return out, err

    def begin(self, *words, stdin=subprocess.DEVNULL):
        env = {"HOME": str(self.folder), "PATH": os.environ["PATH"],
               "KUBECONFIG": str(self.data / "admin.kubeconfig")}
        return subprocess.Popen([KUBECTL, "--cache-dir", self.folder / "cache", *words], env=env,
                                stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def apply(self, manifest, *words, code=0):
        return self.kubectl("apply", "-f", "-", *words, stdin=manifest, code=code)

    def setUp(self):
        self.apply(GROUP)
        self.apply(MODEL)

    def tearDown(self):
        for kind in ("models", "machinegroups"):
            self.kubectl("delete", kind, "--all")

    def test_apply_says_what_became_of_it(self):
        self.assertEqual(self.apply(MODEL)[0], "model.orch/tiny unchanged\n")
        changed = MODEL.replace("smol", "smoller")
        self.assertEqual(self.apply(changed)[0], "model.orch/tiny configured\n")
        fresh = MODEL.replace("name: tiny", "name: other")
        self.assertEqual(self.apply(fresh, "--dry-run=server")[0],
                         "model.orch/other created (server dry run)\n")
        self.assertEqual(self.apply(fresh)[0], "model.orch/other created\n")
        both = self.apply(MODEL + "---\n" + GROUP)[0]
        self.assertEqual(both, "model.orch/tiny configured\nmachinegroup.orch/pair unchanged\n")

    def test_apply_tells_every_mistake(self):
        _, err = self.apply(MODEL.replace("family:", "famly:"), code=1)
        self.assertIn('strict decoding error: unknown field "spec.famly"', err)
        _, err = self.apply(MODEL.replace("minMemory: 1Gi", "minMemory: lots")
                            .replace("name: tiny", "name: bad"), code=1)
        self.assertIn('The Model "bad" is invalid: spec.minMemory:', err)
        _, err = self.apply(MODEL, "--server-side", code=1)
        self.assertIn("the body of the request was in an unknown format", err)

    def test_get_shows_the_servers_columns(self):
        out = self.kubectl("get", "models")[0]
        self.assertEqual(re.sub(r"\d+s\n", "AGE\n", out),
                         "NAME   FAMILY   QUANTIZATION   FORMAT   MEMORY   AGE\n"
                         "tiny   smol                    gguf     1Gi      AGE\n")
        self.assertEqual(self.kubectl("get", "model.orch", "tiny", "-o", "name")[0],
                         "model.orch/tiny\n")
        self.assertEqual(self.kubectl("get", "mo", "-o", "jsonpath={.items[*].spec.family}")[0],
                         "smol")
        out = self.kubectl("get", "machinegroups", "-l", "zone=a", "--show-labels")[0]
        self.assertIn("zone=a", out)
        out, err = self.kubectl("get", "machinegroups", "-l", "zone=b")
        self.assertEqual((out, err), ("", "No resources found\n"))
        _, err = self.kubectl("get", "model", "none", code=1)
        self.assertEqual(err, 'Error from server (NotFound): models.orch "none" not found\n')

    def test_get_prints_yaml_that_applies_again(self):
        out = self.kubectl("get", "model", "tiny", "-o", "yaml")[0]
        self.assertIn("\n  minMemory: 1Gi\n", out)
        self.assertIn("\n  name: tiny\n", out)
        self.assertEqual(self.kubectl("replace", "-f", "-", stdin=out)[0],
                         "model.orch/tiny replaced\n")

    def test_get_watches(self):
        watch = self.begin("get", "models", "-w", "--no-headers", "--output-watch-events",
                           "--request-timeout=20s")
        self.assertRegex(watch.stdout.readline(), r"^ADDED +tiny ")
        self.kubectl("label", "model", "tiny", "zone=b")
        self.assertRegex(watch.stdout.readline(), r"^MODIFIED +tiny ")
        self.kubectl("delete", "model", "tiny")
        self.assertRegex(watch.stdout.readline(), r"^DELETED +tiny ")
        watch.terminate()
        watch.communicate()

    def test_describe_ends_with_events(self):
        out = self.kubectl("describe", "model", "tiny")[0]
        self.assertRegex(out, r"^Name: +tiny\nNamespace: +\nLabels: +<none>\n")
        self.assertRegex(out, r"Min Memory: +1Gi\n")
        self.assertRegex(out, r"Events: +<none>\n$")
        self.assertEqual(self.kubectl("events")[1], "No events found in default namespace.\n")

    def test_delete_waits_until_it_is_gone(self):
        out = self.kubectl("delete", "model", "tiny")[0]
        self.assertEqual(out.strip().removesuffix(" from default namespace"),
                         'model.orch "tiny" deleted')
        _, err = self.kubectl("delete", "model", "tiny", code=1)
        self.assertEqual(err, 'Error from server (NotFound): models.orch "tiny" not found\n')
        self.kubectl("delete", "model", "tiny", "--ignore-not-found")

    def test_edits_by_patch(self):
        self.assertEqual(self.kubectl("annotate", "model", "tiny", "note=x")[0],
                         "model.orch/tiny annotated\n")
        out = self.kubectl("patch", "model", "tiny", "--type=merge", "-p",
                           '{"spec":{"family":"big"}}')[0]
        self.assertEqual(out, "model.orch/tiny patched\n")
        out = self.kubectl("patch", "model", "tiny", "--type=json", "-p",
                           '[{"op":"replace","path":"/spec/family","value":"small"}]')[0]
        self.assertEqual(out, "model.orch/tiny patched\n")
        self.kubectl("wait", "--for=jsonpath={.spec.family}=small", "model/tiny", "--timeout=10s")
        _, err = self.kubectl("patch", "model", "tiny", "-p", "{}", code=1)
        self.assertIn("not supported", err)
        diff = MODEL.replace("smol", "tiny")
        out = self.kubectl("diff", "-f", "-", stdin=diff, code=1)[0]
        self.assertRegex(out, r"(?m)^\+ +family: tiny$")

    def test_auth_tells_who_one_is_and_what_one_may(self):
        out = self.kubectl("auth", "whoami")[0]
        self.assertRegex(out, r"(?m)^Username +admin$")
        self.assertRegex(out, r"(?m)^Groups +\[orch:admins\]$")
        self.assertEqual(self.kubectl("auth", "can-i", "create", "models.orch")[0], "yes\n")
        self.assertEqual(self.kubectl("auth", "can-i", "*", "*")[0], "yes\n")
        self.assertEqual(self.kubectl("auth", "can-i", "get", "/metrics")[0], "yes\n")
        viewer = self.folder / "viewer"
        subprocess.run([BIN, "--data-dir", self.data, "kubeconfig", "--user", "vic", "--role",
                        "viewers", viewer], check=True)
        as_viewer = ("--kubeconfig", viewer, "auth", "can-i")
        self.assertEqual(self.kubectl(*as_viewer, "list", "models.orch")[0], "yes\n")
        self.assertEqual(self.kubectl(*as_viewer, "get", "benchruns.orch", "--subresource=log")[0],
                         "yes\n")
        out = self.kubectl(*as_viewer, "create", "models.orch", code=1)[0]
        self.assertRegex(out, r'^no - models.orch is forbidden: User "vic" cannot create')
        out = self.kubectl(*as_viewer, "--list")[0]
        self.assertRegex(out, r"(?m)^models\.orch +\[\] +\[\] +\[get list watch\]$")
        viewer.unlink()

    def test_explains_and_discovers(self):
        out = self.kubectl("explain", "model.spec.minMemory")[0]
        self.assertRegex(out, r"(?m)^GROUP: +orch$")
        self.assertRegex(out, r"FIELD: minMemory <string>")
        out = self.kubectl("api-resources", "--api-group=orch", "--no-headers")[0]
        self.assertEqual([line.split() for line in out.splitlines()],
                         [["benches", "b", "orch/v1", "false", "Bench"],
                          ["benchruns", "run", "orch/v1", "false", "BenchRun"],
                          ["machinegroups", "mg", "orch/v1", "false", "MachineGroup"],
                          ["machines", "m", "orch/v1", "false", "Machine"],
                          ["modeldeployments", "md", "orch/v1", "false", "ModelDeployment"],
                          ["models", "mo", "orch/v1", "false", "Model"],
                          ["runtimes", "rt", "orch/v1", "false", "Runtime"]])
        self.assertEqual(self.kubectl("api-versions")[0], "orch/v1\nv1\n")
        self.assertIn("tiny", self.kubectl("get", "orch")[0])
        self.assertEqual(self.kubectl("get", "--raw", "/readyz")[0], "ok")
        self.assertIn("Server Version: v1.35", self.kubectl("version")[0])


def main():
    global BIN
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--controller", type=pathlib.Path, required=True)
    arguments, rest = parser.parse_known_args()
    BIN = arguments.controller.resolve()
    if not os.access(KUBECTL, os.X_OK):
        sys.exit(f"there is no {KUBECTL}: run ./hack/setup test")
    unittest.main(argv=[sys.argv[0], *rest], verbosity=1)


if __name__ == "__main__":
    main()
