"""A widget as pictures for print: files of one checkpoint, a sheet of several, films of the playback.

Not for the pictures themselves (see ``plots``).
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnweightviz.probing import Progress
from nnweightviz.shown import Shown
from nnweightviz.words import counted, in_a_word

SIZE = (7.2, 4.8)
"""Inches."""
FILM_SIZE = (9.375, 6.25)
"""900 x 600 pixels at 96 dots an inch."""
MOST_SPEED, LEAST_SPEED = 50.0, 0.1


class Printed(Shown):
    """What a widget can be printed as. Every picture is made by matplotlib, which needs no browser."""

    def figure(
        self,
        checkpoint: int | None = None,
        view: str | None = None,
        *,
        size: tuple[float, float] = SIZE,
        **looks: Any,
    ) -> Any:
        """Return a view at a checkpoint as a matplotlib figure, vector graphics but for crowds of links.

        Parameters
        ----------
        checkpoint
            0-based, or from the end if negative; by default the one that is shown.
        view
            ``"graph"`` or another view; by default the one that is shown.
        size
            Inches.
        looks
            Options that are other than the widget's own, such as ``scale="global"``; ``theme="dark"`` for the graph.

        Raises
        ------
        TypeError, ValueError, IndexError
            If something given is not accepted; the message says what is.
        """
        from nnweightviz.plots.printed import drawer

        return drawer(self, view, looks)(self._number(checkpoint), size)

    def to_png(
        self,
        path: str | os.PathLike[str],
        checkpoint: int | None = None,
        view: str | None = None,
        *,
        size: tuple[float, float] = SIZE,
        dpi: float = 200,
        **looks: Any,
    ) -> Path:
        """Write a view at a checkpoint to a PNG file of ``dpi`` dots an inch; see :meth:`figure`."""
        return self._write("png", path, self.figure(checkpoint, view, size=size, **looks), dpi=dpi)

    def to_svg(
        self,
        path: str | os.PathLike[str],
        checkpoint: int | None = None,
        view: str | None = None,
        **about: Any,
    ) -> Path:
        """Write a view at a checkpoint to an SVG file, text as text; ``size`` and looks as of :meth:`figure`."""
        return self._write("svg", path, self.figure(checkpoint, view, **about))

    def to_pdf(
        self,
        path: str | os.PathLike[str],
        checkpoint: int | None = None,
        view: str | None = None,
        **about: Any,
    ) -> Path:
        """Write a view at a checkpoint to a PDF file, its fonts in it; ``size`` and looks as of :meth:`figure`."""
        return self._write("pdf", path, self.figure(checkpoint, view, **about))

    def to_gif(
        self,
        path: str | os.PathLike[str],
        checkpoints: Sequence[int] | None = None,
        view: str | None = None,
        *,
        speed: float = 4.0,
        size: tuple[float, float] = FILM_SIZE,
        dpi: float = 96,
        **looks: Any,
    ) -> Path:
        """Write the playback to an animated GIF, a picture a checkpoint, the last one for two seconds.

        Parameters
        ----------
        path
            Ends in ``.gif``.
        checkpoints
            Their numbers, in the order of the film; all by default.
        speed
            Checkpoints a second, 0.1 to 50.
        view, size, dpi, looks
            As of :meth:`to_png`.

        Raises
        ------
        TypeError, ValueError, IndexError, OSError
            If something given is not accepted, or the file cannot be written.
        """
        target, milliseconds = _target(path, "gif"), round(1000 / _speed(speed))
        pictures = [frame.quantize(128) for frame in self._frames(checkpoints, view, size, dpi, looks)]
        durations = [milliseconds] * (len(pictures) - 1) + [2000]
        file = io.BytesIO()
        pictures[0].save(
            file, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=False
        )
        target.write_bytes(file.getvalue())
        return target

    def to_mp4(
        self,
        path: str | os.PathLike[str],
        checkpoints: Sequence[int] | None = None,
        view: str | None = None,
        *,
        speed: float = 4.0,
        size: tuple[float, float] = FILM_SIZE,
        dpi: float = 96,
        **looks: Any,
    ) -> Path:
        """Write the playback to an MP4 film (H.264); needs ``pip install 'nnweightviz[video]'``. See :meth:`to_gif`."""
        try:
            from imageio_ffmpeg import write_frames
        except ImportError:
            raise ImportError(
                "films need imageio-ffmpeg: pip install 'nnweightviz[video]', or write a GIF with viz.to_gif(path)"
            ) from None
        target, fps = _target(path, "mp4"), _speed(speed)
        with tempfile.TemporaryDirectory() as folder:
            unfinished, writer = Path(folder) / "film.mp4", None
            try:
                for frame in self._frames(checkpoints, view, size, dpi, looks):
                    even = frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))  # as H.264 has it
                    if writer is None:
                        writer = write_frames(
                            str(unfinished), even.size, fps=fps, macro_block_size=2, quality=8
                        )
                        writer.send(None)
                    writer.send(even.tobytes())
            finally:
                if writer is not None:
                    writer.close()
            shutil.copyfile(unfinished, target)
        return target

    def contact_sheet(
        self,
        path: str | os.PathLike[str],
        checkpoints: Sequence[int] | None = None,
        view: str | None = None,
        *,
        columns: int = 3,
        size: tuple[float, float] = (4.8, 3.4),
        dpi: float = 150,
        **looks: Any,
    ) -> Path:
        """Write several checkpoints beside each other to one PNG file.

        Parameters
        ----------
        checkpoints
            Their numbers; by default nine, evenly from the first to the last.
        columns
            How many are beside each other.
        path, view, size, dpi, looks
            As of :meth:`to_png`; ``size`` is of each picture.
        """
        from PIL import Image

        if isinstance(columns, bool) or not isinstance(columns, int) or columns < 1:
            raise ValueError(f"columns is {columns!r}; it is a whole number from 1")
        target, n = _target(path, "png"), len(self.history)
        chosen = sorted({round(k * (n - 1) / 8) for k in range(9)}) if checkpoints is None else checkpoints
        frames = list(self._frames(chosen, view, size, dpi, looks))
        width, height = frames[0].size
        n_columns = min(columns, len(frames))
        sheet = Image.new("RGB", (n_columns * width, -(-len(frames) // n_columns) * height), "white")
        for i, frame in enumerate(frames):
            sheet.paste(frame, (i % n_columns * width, i // n_columns * height))
        sheet.save(target)
        return target

    def _write(self, form: str, path: str | os.PathLike[str], figure: Any, **about: Any) -> Path:
        from nnweightviz.plots.printed import bytes_of

        target = _target(path, form)
        target.write_bytes(bytes_of(figure, form, **about))
        return target

    def _frames(
        self,
        checkpoints: Sequence[int] | None,
        view: str | None,
        size: tuple[float, float],
        dpi: float,
        looks: Mapping[str, Any],
    ) -> Iterator[Any]:
        """Yield a picture of each checkpoint; with a progress bar where it takes long."""
        from PIL import Image

        from nnweightviz.plots.printed import drawer, pixels_of

        numbers = [
            self._number(k) for k in (range(len(self.history)) if checkpoints is None else checkpoints)
        ]
        if not numbers:
            raise ValueError("checkpoints is empty; name one at least, or None for all")
        draw, progress = drawer(self, view, looks), Progress("pictures", "picture")
        try:
            for done, k in enumerate(numbers):
                yield Image.fromarray(pixels_of(draw(k, size), dpi))
                progress(done + 1, len(numbers))
        finally:
            progress.close()

    def _number(self, checkpoint: int | None) -> int:
        n = len(self.history)
        k = self.checkpoint if checkpoint is None else checkpoint
        if isinstance(k, bool) or not isinstance(k, int):
            raise TypeError(f"checkpoint is {in_a_word(k)}; it is a number, 0 to {n - 1}, or -1 for the last")
        if not -n <= k < n:
            raise IndexError(f"checkpoint is {k}; there are {counted(n, 'checkpoint')}, 0 to {n - 1}")
        return k % n


def _speed(speed: Any) -> float:
    if (
        isinstance(speed, bool)
        or not isinstance(speed, (int, float))
        or not LEAST_SPEED <= speed <= MOST_SPEED
    ):
        raise ValueError(f"speed is {speed!r}; it is checkpoints a second, {LEAST_SPEED} to {MOST_SPEED:g}")
    return float(speed)


def _target(path: str | os.PathLike[str], form: str) -> Path:
    target = Path(path)
    if target.suffix.lower() != f".{form}":
        raise ValueError(f"path is {str(path)!r}; it ends in .{form}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent}; make it first, or write to another")
    return target
