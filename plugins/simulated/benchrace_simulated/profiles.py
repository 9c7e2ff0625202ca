"""The machines that can be simulated. Hardware is described as such machines describe themselves;
speeds are round numbers of the right order, and were measured nowhere.
"""

from typing import NamedTuple

GIB = 1 << 30


class Chip(NamedTuple):
    """A GPU: `kind` as benchrace names it, memory in GiB (0 where it shares the system's)."""

    kind: str
    vendor: str
    name: str
    memory_gb: int
    power_w: float


class Profile(NamedTuple):
    """One sort of machine.

    `tokens` is tokens/s of a model with a billion parameters at 8 bits, `prefill` the same of a
    prompt, `numbers` is numbers/s that one core sieves. `cooling` is the share of its speed that it
    loses when it is hot, `noise` the relative standard deviation from round to round.
    """

    key: str
    label: str
    product: str
    cpu: str
    vendor: str
    architecture: str
    cores: int
    threads: int
    memory_gb: int
    system: str
    power_w: float
    tokens: float
    prefill: float
    numbers: float
    cooling: float
    noise: float
    chip: Chip | None = None


PROFILES = (
    Profile(
        key="mac-studio",
        label="Mac Studio M2 Ultra",
        product="Mac14,14",
        cpu="Apple M2 Ultra",
        vendor="Apple",
        architecture="arm64",
        cores=24,
        threads=24,
        memory_gb=192,
        system="macOS",
        power_w=90,
        tokens=190,
        prefill=3200,
        numbers=6.0e8,
        cooling=0.0,
        noise=0.008,
        chip=Chip("apple", "Apple", "Apple M2 Ultra", 0, 80),
    ),
    Profile(
        key="rtx-4090",
        label="RTX 4090 workstation",
        product="Desktop",
        cpu="AMD Ryzen 9 7950X",
        vendor="AMD",
        architecture="x86_64",
        cores=16,
        threads=32,
        memory_gb=64,
        system="Linux",
        power_w=140,
        tokens=410,
        prefill=14000,
        numbers=9.0e8,
        cooling=0.02,
        noise=0.012,
        chip=Chip("nvidia", "NVIDIA", "NVIDIA GeForce RTX 4090", 24, 380),
    ),
    Profile(
        key="macbook-air",
        label="MacBook Air M3",
        product="Mac15,12",
        cpu="Apple M3",
        vendor="Apple",
        architecture="arm64",
        cores=8,
        threads=8,
        memory_gb=16,
        system="macOS",
        power_w=18,
        tokens=62,
        prefill=700,
        numbers=6.5e8,
        cooling=0.22,
        noise=0.015,
        chip=Chip("apple", "Apple", "Apple M3", 0, 14),
    ),
    Profile(
        key="h100",
        label="H100 server",
        product="Server",
        cpu="Intel Xeon Platinum 8480+",
        vendor="Intel",
        architecture="x86_64",
        cores=56,
        threads=112,
        memory_gb=512,
        system="Linux",
        power_w=350,
        tokens=460,
        prefill=30000,
        numbers=6.0e8,
        cooling=0.0,
        noise=0.006,
        chip=Chip("nvidia", "NVIDIA", "NVIDIA H100 80GB HBM3", 80, 560),
    ),
    Profile(
        key="epyc",
        label="EPYC server",
        product="Server",
        cpu="AMD EPYC 9654",
        vendor="AMD",
        architecture="x86_64",
        cores=96,
        threads=192,
        memory_gb=384,
        system="Linux",
        power_w=330,
        tokens=75,
        prefill=900,
        numbers=5.5e8,
        cooling=0.0,
        noise=0.02,
    ),
    Profile(
        key="mac-mini",
        label="Mac mini M4 Pro",
        product="Mac16,11",
        cpu="Apple M4 Pro",
        vendor="Apple",
        architecture="arm64",
        cores=14,
        threads=14,
        memory_gb=48,
        system="macOS",
        power_w=45,
        tokens=118,
        prefill=1500,
        numbers=8.0e8,
        cooling=0.04,
        noise=0.01,
        chip=Chip("apple", "Apple", "Apple M4 Pro", 0, 38),
    ),
    Profile(
        key="rx-7900",
        label="RX 7900 XTX desktop",
        product="Desktop",
        cpu="AMD Ryzen 7 7800X3D",
        vendor="AMD",
        architecture="x86_64",
        cores=8,
        threads=16,
        memory_gb=32,
        system="Linux",
        power_w=85,
        tokens=300,
        prefill=6500,
        numbers=9.5e8,
        cooling=0.03,
        noise=0.018,
        chip=Chip("amd", "AMD", "AMD Radeon RX 7900 XTX", 24, 330),
    ),
    Profile(
        key="raspberry-pi",
        label="Raspberry Pi 5",
        product="Raspberry Pi 5 Model B",
        cpu="Cortex-A76",
        vendor="ARM",
        architecture="aarch64",
        cores=4,
        threads=4,
        memory_gb=8,
        system="Linux",
        power_w=9,
        tokens=14,
        prefill=60,
        numbers=1.6e8,
        cooling=0.12,
        noise=0.012,
    ),
)
BY_KEY = {profile.key: profile for profile in PROFILES}
"""How much slower each model is than one with a billion parameters at 8 bits."""
MODELS = {"demo-1b-q8": 1.0, "demo-3b-q4": 1.6, "demo-8b-q4": 4.4, "demo-8b-q8": 7.6}


class Seat(NamedTuple):
    """One machine of a fleet: its id, its name for people, and its profile."""

    machine_id: str
    label: str
    profile: Profile


def seats(count: int, first: int = 0) -> tuple[Seat, ...]:
    """Return `count` machines, the profiles in turn; from the second turn on they are numbered."""
    return tuple(_seat(place) for place in range(first, first + count))


def _seat(place: int) -> Seat:
    turn, index = divmod(place, len(PROFILES))
    profile = PROFILES[index]
    number = f"-{turn + 1}" if turn else ""
    return Seat(f"sim-{profile.key}{number}", f"{profile.label}{number.replace('-', ' ')}", profile)
