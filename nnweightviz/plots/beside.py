"""What units of a printed diagram have beside their links, or instead of a circle. Not for how either is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from nnweightviz.layout import Layout
from nnweightviz.parts import Attachment
from nnweightviz.plots.links import Links
from nnweightviz.plots.outputs import PutOut
from nnweightviz.plots.stage import Stage
from nnweightviz.plots.strips import Strips
from nnweightviz.plots.walls import draw_outputs, pictured_in


@dataclass(frozen=True)
class Beside:
    """What units have beside links, kept for all checkpoints: history strips, and pictures of what they put out."""

    strips: Strips | None = None
    outputs: PutOut | None = None

    @property
    def pictured(self) -> frozenset[str]:
        """The groups whose units are pictures, given room."""
        return self.outputs.groups if self.outputs else frozenset()

    def words(self, links: Links, layout: Layout, k: int) -> list[str]:
        """Return what of it is shown."""
        told = [self.strips.words(links.network, layout)] if self.strips else []
        return told + ([self.outputs.words(k)] if self.outputs and pictured_in(layout) else [])

    def draw(self, stage: Stage) -> None:
        """Draw all of it."""
        if self.strips:
            self.strips.draw(stage)
        if self.outputs:
            draw_outputs(stage, self.outputs)


NOTHING = Beside()


def beside_of(links: Links, attached: Attachment | None) -> Beside:
    """Return what stands beside these links, by their options; of what a probe found if there is something."""
    shown = links.shown
    strips = Strips(links) if shown.strips else None
    if attached is None or shown.pictures == "off":
        return Beside(strips)
    return Beside(strips, PutOut(attached, is_normalised=shown.pictures == "normalised"))
