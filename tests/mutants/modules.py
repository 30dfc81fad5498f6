"""The modules that get faults: where they are, how many, and which tests matter to them."""

from __future__ import annotations

import re
from typing import NamedTuple

from c_reference.cases import HERE, load_cases


class Module(NamedTuple):
    """A module that gets faults."""

    path: str  # from the root
    tests: tuple[str, ...]  # of pytest, quick ones first
    faults: int  # so many are chosen by digest


def tests(*names: str) -> tuple[str, ...]:
    """Test modules by their names."""
    return tuple(f"tests/test_{name}.py" for name in names)


def all_but(name: str, *left_out: str) -> tuple[str, ...]:
    """The tests of a test module without some."""
    path = f"tests/test_{name}.py"
    found = re.findall(r"^def (test_\w+)", (HERE.parent / path).read_text(), re.MULTILINE)
    return tuple(f"{path}::{test}" for test in found if test not in left_out)


def recorded(group: str, every: int = 1) -> tuple[str, ...]:
    """Every n-th recorded case of a group."""
    test = "tests/test_recorded_cases.py::test_recorded_case_gives_the_recorded_outputs"
    return tuple(f"{test}[{case.id}]" for case in load_cases(HERE / f"{group}.jsonl")[::every])


ALL_RECORDED = tests("recorded_cases")
WARMING = recorded("quirk")  # they need most kernels
SET_UP = WARMING + recorded("random", 4)
# it compiles everything once more
OTHER_PROCESSORS = "test_other_processors_give_the_recorded_bytes"
CERTIFICATE = all_but("certificate", OTHER_PROCESSORS)
KERNELS = (
    tests("certificate_bounds", "elementary", "terms", "geometry") + CERTIFICATE + tests("certified") + ALL_RECORDED
)
DEVICE = tests("device_body", "mixed")
# without what mounts a disk, and what compiles once more
FAULTS = all_but(
    "faults",
    "test_full_disk_is_one_line_and_earlier_files_are_whole",
    "test_bytes_do_not_depend_on_the_locale",
    "test_bytes_do_not_depend_on_a_decimal_comma",
)
SERIES = tests("series_spec", "series_executing", "series", "series_stack")
VERIFY = tests("verify_cases", "verify")

# cheap ones first: that is the order in which they run
MODULES = {
    "system.files": Module("nbport/system/files.py", tests("files", "reading") + FAULTS + tests("process"), 9),
    "system.hdf5": Module("nbport/system/hdf5.py", tests("hdf5", "series_stack"), 6),
    "system.trusted_folder": Module("nbport/system/trusted_folder.py", tests("trusted_folder", "kernel_cache"), 7),
    "system.stopping": Module("nbport/system/stopping.py", tests("stopping"), 3),
    "compilation.loading": Module("nbport/compilation/loading.py", tests("cache_key", "kernel_cache"), 2),
    "flat_detector": Module("nbport/flat_detector.py", tests("flat_detector", "view", "exports"), 5),
    "view.geometry": Module("nbport/view/geometry.py", tests("view"), 7),
    "view.spots": Module("nbport/view/spots.py", tests("view"), 4),
    "formats.smv": Module("nbport/formats/smv.py", tests("smv", "headers") + SET_UP, 4),
    "formats.mini_cbf": Module("nbport/formats/mini_cbf.py", tests("headers", "exports", "view"), 2),
    "formats.nexus_geometry": Module("nbport/formats/nexus_geometry.py", tests("nexus", "view"), 3),
    "output.exports": Module("nbport/output/exports.py", tests("export_headers", "exports"), 8),
    "output.nexus": Module("nbport/output/nexus.py", tests("nexus_fields", "nexus", "view"), 12),
    "output.reference_files": Module("nbport/output/reference_files.py", tests("api") + SET_UP, 4),
    "output.registry": Module("nbport/output/registry.py", tests("exports", "nexus", "view"), 2),
    "series.varying": Module("nbport/series/varying.py", tests("series_spec", "series"), 6),
    "series.rows": Module("nbport/series/rows.py", SERIES, 5),
    "series.spec": Module("nbport/series/spec.py", SERIES, 4),
    "series.table": Module("nbport/series/table.py", SERIES, 2),
    "series.journal": Module("nbport/series/journal.py", SERIES + tests("series_stopped"), 4),
    "series.rendering": Module("nbport/series/rendering.py", SERIES, 4),
    "series.executing": Module("nbport/series/executing.py", SERIES + tests("series_stopped"), 4),
    "series.stack": Module("nbport/series/stack.py", tests("series_stack", "series", "series_stopped", "hdf5"), 5),
    "verify.candidate": Module("nbport/verify/candidate.py", VERIFY, 4),
    "verify.cases": Module("nbport/verify/cases.py", VERIFY, 4),
    "verify.judge": Module("nbport/verify/judge.py", VERIFY, 8),
    "verify.places": Module("nbport/verify/places.py", VERIFY, 2),
    "verify.report": Module("nbport/verify/report.py", VERIFY, 4),
    "verify.state": Module("nbport/verify/state.py", VERIFY, 2),
    "setup.headers": Module("nbport/setup/headers.py", tests("headers") + SET_UP, 3),
    "setup.mask": Module("nbport/setup/mask.py", tests("headers") + SET_UP, 3),
    "setup.sizes": Module("nbport/setup/sizes.py", tests("memory") + SET_UP, 3),
    "setup.sampling": Module("nbport/setup/sampling.py", tests("sampling") + SET_UP, 6),
    "setup.structure_factors": Module("nbport/setup/structure_factors.py", tests("hkl", "fdump") + SET_UP, 2),
    "setup.crystal": Module("nbport/setup/crystal.py", tests("matrix") + SET_UP, 5),
    "setup.cell": Module("nbport/setup/cell.py", SET_UP, 6),
    "setup.sources": Module("nbport/setup/sources.py", SET_UP, 4),
    "setup.mosaic": Module("nbport/setup/mosaic.py", SET_UP, 2),
    "setup.detector": Module("nbport/setup/detector.py", SET_UP, 8),
    "crules.random": Module("nbport/crules/random.py", tests("random") + SET_UP, 8),
    "output.integers": Module("nbport/output/integers.py", tests("wide_indices") + SET_UP, 5),
    "rendering.statistics": Module("nbport/rendering/statistics.py", tests("wide_indices") + SET_UP, 4),
    "kernels.device_terms": Module("kernels/device_terms.py", DEVICE, 6),
    "kernels.device_body": Module("kernels/device_body.py", DEVICE, 6),
    "kernels.certificate": Module("kernels/certificate.py", KERNELS + DEVICE, 10),
    "kernels.replay": Module("kernels/replay.py", tests("driver", "trace"), 4),
    "kernels.geometry": Module("kernels/geometry.py", KERNELS, 7),
    "kernels.interpolation": Module("kernels/interpolation.py", KERNELS, 4),
    "kernels.terms": Module("kernels/terms.py", KERNELS, 8),
    "kernels.elementary": Module(
        "kernels/elementary.py", (*KERNELS, f"tests/test_certificate.py::{OTHER_PROCESSORS}"), 6
    ),
    "kernels.certified": Module("kernels/certified.py", KERNELS + tests("driver"), 8),
    "kernels.scalar": Module("kernels/scalar.py", ALL_RECORDED, 6),
    "kernels.reference": Module("kernels/reference.py", tests("certified") + ALL_RECORDED + tests("trace"), 8),
}
