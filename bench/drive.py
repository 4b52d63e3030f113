"""Many clients in several processes: they start at once, act again and again and tell how long it took.

Only the standard library: also what is measured for comparison, in an environment of its own, drives by this.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

Act = Callable[[], None]
READY = "ready"
WARM_UP_ACTS = 20


def drive(make_act: Callable[[int], Act], clients: int, seconds: float) -> None:
    """In a child, a thread a client: print READY, wait for a line, act, print {"done", "seconds", "took"}."""
    took: list[list[float]] = [[] for _ in range(clients)]
    ready, started = threading.Barrier(clients + 1), threading.Event()
    ends_at = [0.0]

    def client(number: int) -> None:
        act = make_act(number)
        for _ in range(WARM_UP_ACTS):
            act()
        ready.wait()
        started.wait()
        while (begun := time.perf_counter()) < ends_at[0]:
            act()
            took[number].append(time.perf_counter() - begun)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    print(READY, flush=True)
    sys.stdin.readline()
    begun = time.perf_counter()
    ends_at[0] = begun + seconds
    started.set()
    for thread in threads:
        thread.join()
    every = sorted(one for each in took for one in each)
    print(json.dumps({"done": len(every), "seconds": time.perf_counter() - begun, "took": every}))


def race(commands: Sequence[Sequence[str]], env: dict[str, str]) -> dict[str, float]:
    """In the parent: start the children, let them go at once; acts a second of all, p50 and p99 in ms."""
    children = [
        subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for command in commands
    ]
    try:
        for child in children:
            assert child.stdout is not None
            if child.stdout.readline().strip() != READY:
                raise RuntimeError(f"{' '.join(map(str, child.args))} did not start")  # type: ignore[arg-type]
        told = []
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        for child in children:
            assert child.stdout is not None
            told.append(json.loads(child.stdout.readline()))
    finally:
        for child in children:
            child.kill()
            child.wait()
    took = sorted(one for each in told for one in each["took"])
    return {
        "per_second": round(sum(each["done"] / each["seconds"] for each in told), 1),
        "p50_ms": round(1000 * took[len(took) // 2], 2),
        "p99_ms": round(1000 * took[len(took) * 99 // 100], 2),
    }
