"""An installable plugin whose engine is a folder, with every operation.

The folder is `ENGINE_HOME`: `running` exists while the engine runs, `started` if it was started
here, `models/` has its models, `slow` makes operations wait until it is deleted, `loaded` exists
while a model is in memory, and `wanted` is the address of a file that lanes fetch as `opened`.
"""

from pathlib import Path

SOURCE = """
import os, pathlib, anyio
from benchrace.plugin import *

HOME = pathlib.Path(os.environ["ENGINE_HOME"])
LAYERS = (KvLayers(count=2, kv_heads=4, k_dim=64, v_dim=64),)

class Engine(Backend):
    name, title = "engine", "Engine"
    workloads = (Workload(kind=COMPUTE),)
    config = Config

    async def probe(self, context):
        models = tuple(
            Model(name=path.name.replace("_", ":"), size=path.stat().st_size, layers=2, kv=LAYERS)
            for path in sorted((HOME / "models").iterdir())
        )
        running, started = (HOME / "running").exists(), (HOME / "started").exists()
        return Probe(reachable=running, version="7", models=models, started=started)

    async def round(self, lane, context):
        if lane.params.n == 3:
            await context.artifact("image", "image/png", b"\\x89PNG-made")
        while lane.params.n == 5:
            await anyio.sleep(0.02)
        return ComputeRecord(
            algorithm="a", n=lane.params.n, threads_requested=1, threads_used=1, primes_found=0,
            primes_expected=None, elapsed_ns=10**6, blocks=1, cpu_tier="x",
        )

    async def reset(self, context):
        await self.wait()
        (HOME / "running").touch()
        return Reset(stopped=True, start_command="engine serve", healthy=True, time_to_ready_ms=5)

    async def start(self, context):
        (HOME / "running").touch()
        (HOME / "started").touch()
        return Operated(ok=True, pid=os.getpid(), notes=(os.environ["RESET_LOG_DIR"],))

    async def stop(self, context):
        if not (HOME / "started").exists():
            raise NotOffered(self.name, Operation.STOP, "nothing says how it is stopped")
        (HOME / "running").unlink()
        (HOME / "started").unlink()
        return Operated(ok=True)

    async def unload(self, model, context):
        (HOME / "loaded").unlink(missing_ok=True)
        return Unloaded(models=(model or "all",), waited_ms=1.0, freed=3)

    async def pull(self, model, context):
        if model == "bug":
            raise KeyError("bug")
        if model == "nowhere":
            raise BenchraceError(Category.MISSING_MODEL, "there is no model nowhere", "Look.")
        context.log(f"pulling {model}")
        context.progress(0, 4, "B")
        await self.wait()
        (HOME / "models" / model.replace(":", "_")).write_bytes(b"data")
        context.progress(4, 4, "B")

    async def sync(self, assets, context):
        context.log(f"{len(assets)} named")
        for asset in assets:
            await context.assets.place(asset, HOME / "models", self.is_listed)
        (HOME / "synced").touch()

    async def open(self, lane, context):
        if (HOME / "wanted").exists():
            asset = Asset(name="wanted.json", url=(HOME / "wanted").read_text())
            (HOME / "opened").write_bytes(await context.assets.read(asset, 10**7))

    async def is_listed(self, name):
        return (HOME / "models" / name).exists()

    async def write(self, model, writing, context):
        context.log(f"{model} writes")
        await self.wait()
        return Written(text=f'"{model} was asked: {writing.prompt}"', model=model, finish="stop")

    def legacy(self, probe):
        names = [model.name for model in probe.models]
        return {"ollama_reachable": probe.reachable, "ollama_models": names, "llm_models": names,
                "comfyui_gpu_ok": "yes", "other": 1}

    async def wait(self):
        while (HOME / "slow").exists():
            await anyio.sleep(0.02)

@hookimpl
def benchrace_backends():
    return [Engine]
"""


class EngineHome:
    """The engine's folder, and the folder for the path of agents."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "engine"
        self.site = folder / "engine-site"
        (self.home / "models").mkdir(parents=True)
        write_plugin(self.site, "fake_engine", SOURCE)

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.site), "ENGINE_HOME": str(self.home)}

    def slow(self) -> None:
        """Make operations wait from now on."""
        (self.home / "slow").touch()

    def go_on(self) -> None:
        """Resume operations."""
        (self.home / "slow").unlink()


def write_plugin(site: Path, name: str, source: str) -> None:
    """Install a plugin of one module, `NAME_module`, into a folder of Python's path."""
    info = site / f"{name}_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"{name}_module.py").write_text(source)
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}-plugin\nVersion: 1.0\n"
    (info / "METADATA").write_text(metadata)
    (info / "entry_points.txt").write_text(f"[benchrace]\n{name} = {name}_module\n")
