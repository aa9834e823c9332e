"""What is looked for, in one line for each kind of event, with its threshold: said once, for browsers and documents.

Not for applying the rules (see ``links``, ``norms``, ``curves`` and ``units``).
"""

from __future__ import annotations

from nnweightviz.moments.curves import FLAT, PROMINENCE, SPAN
from nnweightviz.moments.event import KINDS
from nnweightviz.moments.links import FACTOR, FLIP, ONE_SIGN, SMALL
from nnweightviz.moments.norms import EXPLODES, FIRST_SHARE

OF_METRICS = ("plateau begins", "plateau ends", "turning point")
OF_OUTPUTS = ("unit dies", "unit revives")

RULES = {
    "sign flip": f"a weight is beyond {FLIP:.0%} of its scale, on the other side of zero than before",
    "grows": f"the norm of a unit’s weights (or bias) is {FACTOR:g} times what it was at its last such event",
    "shrinks": f"it is 1/{FACTOR:g} of that; norms below {SMALL:.0%} of the largest one do not count",
    "all positive": f"no weight into a unit is below −{ONE_SIGN:.0%} of its scale, for two checkpoints",
    "all negative": f"no weight into a unit is above {ONE_SIGN:.0%} of its scale, for two checkpoints",
    "mixed signs": "the weights into a unit no longer have one sign, for two checkpoints",
    "plateau begins": (
        f"over {SPAN:.0%} of the run and more, a metric moves less than {FLAT:.0%} of what it does on average"
    ),
    "plateau ends": "it moves again",
    "turning point": f"a metric’s extreme that stands out by at least {PROMINENCE:.0%} of its range",
    "unit dies": "a unit puts out zero for every item of the probe",
    "unit revives": "it puts out more than zero again",
    "NaN or Inf": "a parameter has values that are no finite numbers",
    "finite again": "it has none any more",
    "norm explodes": (
        f"a parameter’s norm is {EXPLODES:g} times the largest of the first {FIRST_SHARE:.0%} of the run, "
        "or of its last such event"
    ),
}
"""Kind -> rule, in the order of :data:`KINDS`; the scale of a weight is the 99.5 % quantile of |w| of its bundle."""


def rules_for(*, has_metrics: bool, has_outputs: bool) -> dict[str, str]:
    """Return the rules of what can be found: without metrics no plateau, without outputs no unit that dies."""
    out = (() if has_metrics else OF_METRICS) + (() if has_outputs else OF_OUTPUTS)
    return {kind: RULES[kind] for kind in KINDS if kind not in out}
