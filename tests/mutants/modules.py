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
    return tuple(f"tests/{name}.py" for name in names)


def all_but(name: str, *left_out: str) -> tuple[str, ...]:
    """The tests of a test module without some."""
    path = f"tests/{name}.py"
    found = re.findall(r"^def (test_\w+)", (HERE.parent / path).read_text(), re.MULTILINE)
    return tuple(f"{path}::{test}" for test in found if test not in left_out)


def recorded(group: str, every: int = 1) -> tuple[str, ...]:
    """Every n-th recorded case of a group."""
    test = "tests/whole/test_recorded_cases.py::test_recorded_case_gives_the_recorded_outputs"
    return tuple(f"{test}[{case.id}]" for case in load_cases(HERE / f"{group}.jsonl")[::every])


ALL_RECORDED = tests("whole/test_recorded_cases")
WARMING = recorded("quirk")  # they need most kernels
SET_UP = WARMING + recorded("random", 4)
# it compiles everything once more
OTHER_PROCESSORS = "test_other_processors_give_the_recorded_bytes"
CERTIFICATE = all_but("kernels/test_certificate", OTHER_PROCESSORS)
KERNELS = (
    tests("kernels/test_certificate_bounds", "kernels/test_elementary", "kernels/test_terms", "kernels/test_geometry")
    + CERTIFICATE
    + tests("kernels/test_certified")
    + ALL_RECORDED
)
DEVICE = tests("kernels/test_device_body", "gpu/test_mixed")
# without what mounts a disk, and what compiles once more
FAULTS = all_but(
    "whole/test_faults",
    "test_full_disk_is_one_line_and_earlier_files_are_whole",
    "test_bytes_do_not_depend_on_the_locale",
    "test_bytes_do_not_depend_on_a_decimal_comma",
)
SERIES = tests("series/test_spec", "series/test_executing", "series/test_series", "series/test_stack")
VERIFY = tests("verify/test_cases", "verify/test_judge")

# cheap ones first: that is the order in which they run
MODULES = {
    "system.files": Module(
        "nbport/system/files.py",
        tests("system/test_files", "system/test_files_reading") + FAULTS + tests("system/test_process"),
        9,
    ),
    "system.hdf5": Module("nbport/system/hdf5.py", tests("system/test_hdf5", "series/test_stack"), 6),
    "system.trusted_folder": Module(
        "nbport/system/trusted_folder.py", tests("system/test_trusted_folder", "compilation/test_sound_files"), 7
    ),
    "system.stopping": Module("nbport/system/stopping.py", tests("system/test_stopping"), 3),
    "compilation.loading": Module(
        "nbport/compilation/loading.py", tests("compilation/test_loading", "compilation/test_sound_files"), 2
    ),
    "flat_detector": Module(
        "nbport/flat_detector.py", tests("test_flat_detector", "view/test_picture", "output/test_exports"), 5
    ),
    "view.geometry": Module("nbport/view/geometry.py", tests("view/test_picture"), 7),
    "view.spots": Module("nbport/view/spots.py", tests("view/test_picture"), 4),
    "formats.smv": Module("nbport/formats/smv.py", tests("formats/test_smv", "formats/test_images") + SET_UP, 4),
    "formats.mini_cbf": Module(
        "nbport/formats/mini_cbf.py", tests("formats/test_images", "output/test_exports", "view/test_picture"), 2
    ),
    "formats.nexus_geometry": Module(
        "nbport/formats/nexus_geometry.py", tests("output/test_nexus", "view/test_picture"), 3
    ),
    "output.cbf": Module("nbport/output/cbf.py", tests("output/test_headers", "output/test_exports"), 5),
    "output.headers": Module("nbport/output/headers.py", tests("output/test_headers", "output/test_exports"), 8),
    "output.nexus": Module(
        "nbport/output/nexus.py", tests("output/test_nexus_fields", "output/test_nexus", "view/test_picture"), 12
    ),
    "output.reference_files": Module("nbport/output/reference_files.py", tests("test_api") + SET_UP, 4),
    "output.registry": Module(
        "nbport/output/registry.py", tests("output/test_exports", "output/test_nexus", "view/test_picture"), 2
    ),
    "series.varying": Module("nbport/series/varying.py", tests("series/test_spec", "series/test_series"), 6),
    "series.rows": Module("nbport/series/rows.py", SERIES, 5),
    "series.spec": Module("nbport/series/spec.py", SERIES, 4),
    "series.table": Module("nbport/series/table.py", SERIES, 2),
    "series.journal": Module("nbport/series/journal.py", SERIES + tests("series/test_stopped"), 4),
    "series.rendering": Module("nbport/series/rendering.py", SERIES, 4),
    "series.executing": Module("nbport/series/executing.py", SERIES + tests("series/test_stopped"), 4),
    "series.stack": Module(
        "nbport/series/stack.py",
        tests("series/test_stack", "series/test_series", "series/test_stopped", "system/test_hdf5"),
        5,
    ),
    "verify.candidate": Module("nbport/verify/candidate.py", VERIFY, 4),
    "verify.cases": Module("nbport/verify/cases.py", VERIFY, 4),
    "verify.judge": Module("nbport/verify/judge.py", VERIFY, 8),
    "verify.places": Module("nbport/verify/places.py", VERIFY, 2),
    "verify.report": Module("nbport/verify/report.py", VERIFY, 4),
    "verify.state": Module("nbport/verify/state.py", VERIFY, 2),
    "setup.headers": Module("nbport/setup/headers.py", tests("formats/test_images") + SET_UP, 3),
    "setup.mask": Module("nbport/setup/mask.py", tests("formats/test_images") + SET_UP, 3),
    "setup.sizes": Module("nbport/setup/sizes.py", tests("setup/test_memory_estimate") + SET_UP, 3),
    "setup.sampling": Module("nbport/setup/sampling.py", tests("setup/test_sampling") + SET_UP, 6),
    "setup.structure_factors": Module(
        "nbport/setup/structure_factors.py", tests("formats/test_hkl", "formats/test_fdump") + SET_UP, 2
    ),
    "setup.crystal": Module("nbport/setup/crystal.py", tests("formats/test_matrix") + SET_UP, 5),
    "setup.cell": Module("nbport/setup/cell.py", SET_UP, 6),
    "setup.sources": Module("nbport/setup/sources.py", SET_UP, 4),
    "setup.mosaic": Module("nbport/setup/mosaic.py", SET_UP, 2),
    "setup.detector": Module("nbport/setup/detector.py", SET_UP, 8),
    "crules.random": Module("nbport/crules/random.py", tests("crules/test_random") + SET_UP, 8),
    "output.integers": Module("nbport/output/integers.py", tests("whole/test_wide_indices") + SET_UP, 5),
    "rendering.statistics": Module("nbport/rendering/statistics.py", tests("whole/test_wide_indices") + SET_UP, 4),
    "kernels.device_terms": Module("kernels/device_terms.py", DEVICE, 6),
    "kernels.device_body": Module("kernels/device_body.py", DEVICE, 6),
    "kernels.certificate": Module("kernels/certificate.py", KERNELS + DEVICE, 10),
    "kernels.replay": Module("kernels/replay.py", tests("rendering/test_rows", "oracle/test_trace"), 4),
    "kernels.geometry": Module("kernels/geometry.py", KERNELS, 7),
    "kernels.interpolation": Module("kernels/interpolation.py", KERNELS, 4),
    "kernels.terms": Module("kernels/terms.py", KERNELS, 8),
    "kernels.elementary": Module(
        "kernels/elementary.py", (*KERNELS, f"tests/kernels/test_certificate.py::{OTHER_PROCESSORS}"), 6
    ),
    "kernels.certified": Module("kernels/certified.py", KERNELS + tests("rendering/test_rows"), 8),
    "kernels.scalar": Module("kernels/scalar.py", ALL_RECORDED, 6),
    "kernels.reference": Module(
        "kernels/reference.py", tests("kernels/test_certified") + ALL_RECORDED + tests("oracle/test_trace"), 8
    ),
}
