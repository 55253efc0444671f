# SPDX-License-Identifier: Apache-2.0
"""The 24 tasks of the scripted bench: what is asked, and the one call that answers it."""

import collections

Task = collections.namedtuple("Task", "id category question call")


def _tasks():
    for n in range(8):
        yield Task(f"add-{n}", "add", f"What is {n + 2} plus {3 * n + 1}?",
                   {"name": "add", "arguments": {"a": n + 2, "b": 3 * n + 1}})
    for n, city in enumerate(["Oslo", "Lima", "Cairo", "Quito", "Hanoi", "Dakar", "Bern", "Riga"]):
        yield Task(f"weather-{n}", "weather", f"How is the weather in {city}, in celsius?",
                   {"name": "weather", "arguments": {"city": city, "unit": "celsius"}})
    for n, word in enumerate(["tea", "iron", "moss", "sand", "wool", "salt", "rain", "clay"]):
        yield Task(f"search-{n}", "search", f"Find {n + 1} books on {word}.",
                   {"name": "search", "arguments": {"about": word, "most": n + 1}})


TASKS = list(_tasks())
