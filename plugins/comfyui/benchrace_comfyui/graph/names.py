"""Names of samplers and schedulers as front ends show them, as ComfyUI's own.

The display names are those of AUTOMATIC1111's web UI (and its forks), in which the scheduler was
part of the sampler's name until version 1.9; `euler_a` and the like are InvokeAI's.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

DEFAULT_SCHEDULER = "normal"
SAMPLERS: Mapping[str, str] = {
    "euler a": "euler_ancestral",
    "lms": "lms",
    "dpm2": "dpm_2",
    "dpm2 a": "dpm_2_ancestral",
    "dpm++ 2s a": "dpmpp_2s_ancestral",
    "dpm++ 2m": "dpmpp_2m",
    "dpm++ sde": "dpmpp_sde",
    "dpm++ 2m sde": "dpmpp_2m_sde",
    "dpm++ 2m sde heun": "dpmpp_2m_sde_heun",
    "dpm++ 3m sde": "dpmpp_3m_sde",
    "dpm fast": "dpm_fast",
    "dpm adaptive": "dpm_adaptive",
    "unipc": "uni_pc",
    "kdpm 2": "dpm_2",
    "kdpm 2 a": "dpm_2_ancestral",
}
SCHEDULERS: Mapping[str, str] = {
    "uniform": "normal",
    "sgm uniform": "sgm_uniform",
    "sgmuniform": "sgm_uniform",
    "kl optimal": "kl_optimal",
    "linear quadratic": "linear_quadratic",
    "ddim": "ddim_uniform",
}
# What may follow a sampler's display name; `_k` is InvokeAI's.
_SUFFIXES = {" karras": "karras", " exponential": "exponential", " k": "karras"}


class Names(NamedTuple):
    """A sampler and a scheduler, by the server's names; `implied` by the sampler's display name."""

    sampler: str
    scheduler: str
    implied: str | None = None


def resolve(
    sampler: str, scheduler: str, samplers: Collection[str], schedulers: Collection[str]
) -> Names:
    """Return the server's names. One that is unknown stays as it is, for the server's list."""
    own = _own(sampler, samplers)
    implied: str | None = None
    if own is None:
        own, implied = _parted(sampler, samplers)
    named = _scheduler(scheduler, schedulers) if scheduler.strip() else None
    return Names(own or sampler, named or implied or DEFAULT_SCHEDULER, implied)


def contradiction(names: Names, sampler: str, scheduler: str) -> str | None:
    """Return why a scheduler is refused beside a sampler whose display name implies another."""
    if names.implied is None or not scheduler.strip() or names.scheduler == names.implied:
        return None
    return f"the sampler {sampler!r:.100} implies {names.implied}; leave it empty"


def _own(name: str, choices: Collection[str]) -> str | None:
    """Find a name among the server's, by itself, in its display form, or as a display name."""
    plain = _plain(name)
    own = {_plain(choice): choice for choice in choices}
    if plain in own:
        return own[plain]
    mapped = SAMPLERS.get(plain)
    return mapped if mapped in choices else None


def _parted(sampler: str, samplers: Collection[str]) -> tuple[str | None, str | None]:
    plain = _plain(sampler)
    for suffix, scheduler in _SUFFIXES.items():
        if plain.endswith(suffix):
            own = _own(plain.removesuffix(suffix), samplers)
            if own is not None:
                return own, scheduler
    return None, None


def _scheduler(name: str, choices: Collection[str]) -> str:
    own = {_plain(choice): choice for choice in choices}
    plain = _plain(name)
    return own.get(plain) or SCHEDULERS.get(plain) or name


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").split())
