"""`python -m fuzz.guided TARGET`: libFuzzer, which goes on from inputs that reach new branches.

It needs `pip install atheris` (Linux), and takes libFuzzer's own options, for example `-runs=50000`. What it
has learned stays in `reports/fuzz/guided/TARGET`, where the next run goes on; faults are kept beside.
"""

import sys
from hashlib import sha256
from pathlib import Path

import atheris

PACKAGES = ["derive", "ruamel"]  # whose branches count
# By counting branches, and by others at work: libFuzzer looks at the clock on the wall.
_SLOWED = 60


def main() -> None:
    """Instrument what reads, and hand over to libFuzzer, which ends the process itself."""
    target, *options = sys.argv[1:]
    with atheris.instrument_imports(include=PACKAGES):
        from fuzz.campaign import MEGABYTES, SECONDS
        from fuzz.corpus import HARD, seeds
        from fuzz.targets import TARGETS, warm_up

        warm_up(target)
    learned = Path(__file__).parents[1] / "reports" / "fuzz" / "guided" / target
    learned.mkdir(parents=True, exist_ok=True)
    for content in (*seeds()[target], *HARD):
        (learned / sha256(content).hexdigest()[:16]).write_bytes(content)
    limits = [f"-timeout={SECONDS * _SLOWED:.0f}", f"-rss_limit_mb={MEGABYTES}"]

    def run(content: bytes) -> None:
        TARGETS[target](content)

    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={learned}-", *options, str(learned)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
