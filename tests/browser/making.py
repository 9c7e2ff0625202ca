"""A plugin whose rounds make files: a picture, and what would like to be taken for one."""

import base64
from pathlib import Path

# A picture of one pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
HTML = b"<html><body><script>alert('a file ran')</script>a page</body></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload=\"alert('a file ran')\"><g/></svg>"
FILES = (
    ("seen.png", "image/png", PNG),
    ("page.png", "image/png", HTML),
    ("drawn.svg", "image/svg+xml", SVG),
    ("page.html", "text/html", HTML),
)

_SOURCE = f"""
from benchrace.plugin import *

FILES = {FILES!r}

class Maker(Backend):
    name, title = "maker", "Maker"
    workloads = (Workload(kind=COMPUTE),)

    async def round(self, lane, context):
        for each in FILES:
            await context.artifact(*each)
        return ComputeRecord(
            algorithm="a", n=lane.params.n, threads_requested=1, threads_used=1, primes_found=0,
            primes_expected=None, elapsed_ns=10**6, blocks=1, cpu_tier="x",
        )

@hookimpl
def benchrace_backends():
    return [Maker]
"""


def install(site: Path) -> dict[str, str]:
    """Put the plugin below `site`, and give what finds it in the environment of processes."""
    info = site / "making_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "making_module.py").write_text(_SOURCE)
    about = "Metadata-Version: 2.1\nName: making-plugin\nVersion: 1.0\n"
    (info / "METADATA").write_text(about)
    (info / "entry_points.txt").write_text("[benchrace]\nmaking = making_module\n")
    return {"PYTHONPATH": str(site)}
