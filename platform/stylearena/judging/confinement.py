"""Before its first job, a worker makes sure that entries can be confined, or does not start.

Under production settings anything below full confinement is refused; a laptop's demo goes on, and
says so in its log and on every page.
"""

import logging

from django.conf import settings

from evaluator.errors import PlatformFault
from stylearena.judging.context import keep_notice, keep_runtime
from stylearena.judging.devices import this_device

__all__ = ["on_worker_init", "prepare"]

log = logging.getLogger(__name__)


def on_worker_init(**_: object) -> None:
    """Celery's signal; SystemExit, since Celery swallows every ordinary exception here."""
    try:
        prepare()
    except PlatformFault as fault:
        raise SystemExit(f"The worker does not start: {fault}") from fault


def prepare() -> None:
    """Choose the device, check the sandbox and load what every job needs.

    Raises PlatformFault ``device.*`` and ``sandbox.*``.
    """
    from evaluator.sandbox.rungs import best_rung, require_confinement
    from evaluator.sandbox.runtime import importable, pins

    this_device()
    if settings.REQUIRE_CONFINEMENT:
        require_confinement()
    report = best_rung()
    if report.warning:
        log.warning("SANDBOX: %s", report.warning)
    keep_notice(report.warning)
    keep_runtime({"Python": pins().python, **importable()})
    if this_device().is_gpu:
        _require_onnx_provider()

    import evaluator.scoring  # noqa: F401  (torch takes seconds: now, not in the first job)


def _require_onnx_provider() -> None:
    """The CPU build of onnxruntime beside a CUDA build of torch would fail every ONNX entry."""
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise PlatformFault(
            "device.unavailable",
            "onnxruntime is built for the CPU only; install onnxruntime-gpu in its place, or set "
            "STYLEARENA_DEVICE=cpu.",
        )
