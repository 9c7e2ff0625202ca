"""What a result says of its ComfyUI: versions, start flags, device, without local paths."""

from benchrace.plugin import EngineFacts, Whereabouts
from benchrace_comfyui.client import Stats
from benchrace_comfyui.graph.graph import Template
from benchrace_comfyui.scrub import flags, scrub
from benchrace_comfyui.values import sequence

CPU = "cpu"
_MAX_CHARS = 500
_NO_CACHE = "--cache-none"


class Server:
    """A server by its own statistics."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    @property
    def version(self) -> str | None:
        return _text(self._stats.system.get("comfyui_version"))

    @property
    def on_cpu(self) -> bool:
        """Check whether it reports no other device than the processor."""
        types = {str(device.get("type")) for device in self._stats.devices}
        return types == {CPU}

    @property
    def keeps_nothing(self) -> bool:
        """Check whether it was started without a cache, so that it loads models in every round."""
        return _NO_CACHE in self._argv

    @property
    def device(self) -> str | None:
        """Return the name of the device that it computes on."""
        return _text(self._stats.devices[0].get("name")) if self._stats.devices else None

    @property
    def settings(self) -> dict[str, str | int | float | bool | None]:
        """Return versions, flags and device; null is "not reported"."""
        system = self._stats.system
        first = self._stats.devices[0] if self._stats.devices else {}
        vram = first.get("vram_total")
        return {
            "flags": flags(self._argv)[:_MAX_CHARS],
            "python": _text(system.get("python_version")),
            "pytorch": _text(system.get("pytorch_version")),
            "device": self.device,
            "device_type": _text(first.get("type")),
            "device_memory_bytes": vram if isinstance(vram, int) else None,
            "cache_kept": not self.keeps_nothing,
        }

    @property
    def _argv(self) -> list[str]:
        return [str(word) for word in sequence(self._stats.system.get("argv"))]


def facts(
    server: Server,
    template: Template,
    where: Whereabouts,
    *,
    gpu_checked: bool,
    cpu_fallback: bool,
) -> EngineFacts:
    """Return the facts of a lane; `gpu_checked` if the GPU was seen to compute."""
    return EngineFacts(
        name="comfyui",
        version=server.version,
        model=template.model,
        settings={
            **server.settings,
            "sampler_name": template.sampler,
            "scheduler": template.scheduler,
            "workflow": template.workflow,
            "gpu_checked": gpu_checked,
            "cpu_fallback": cpu_fallback,
            "host_proof": where.proof,
        },
        host=where.elsewhere,
    )


def _text(value: object) -> str | None:
    return scrub(value)[:_MAX_CHARS] if isinstance(value, str) and value else None
