"""Undo and redo of a review."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic

from .edits import Action, Clock, R, check_unsigned, utc_now, with_event

#: Enough for an hour of retouching; a 3000² mask takes 9 MB.
MAX_STEPS = 200
MAX_BYTES = 256 * 2**20


class EditHistory(Generic[R]):
    """The versions of the review of one image or one CT series.

    Versions share the masks that did not change.  What can be undone is what stands in the
    findings, the verdict, the impression, the reader's own measurements, the lines that the
    reader moved and whether the patient is said to be rotated.  The audit trail only ever grows:
    undoing appends an event and takes none away.  Signing is no step, and a signed review cannot be
    undone past its signature: withdraw the signature first.

    Parameters
    ----------
    initial : ImageReview or VolumeReview
    max_steps : int
        How many steps can be undone.
    max_bytes : int
        Bound on the memory of all distinct masks; the oldest steps are forgotten first, but the
        latest one can always be undone.
    clock : callable
        Returns the time of an audit event, UTC.
    """

    def __init__(
        self,
        initial: R,
        *,
        max_steps: int = MAX_STEPS,
        max_bytes: int = MAX_BYTES,
        clock: Clock = utc_now,
    ) -> None:
        self._versions: list[R] = [initial]
        self._position = 0
        self._max_steps = max_steps
        self._max_bytes = max_bytes
        self._clock = clock

    @property
    def current(self) -> R:
        """The review as it stands now."""
        return self._versions[self._position]

    @property
    def can_undo(self) -> bool:
        """Whether :meth:`undo` would change anything."""
        return self._position > 0 and not self.current.signed_by

    @property
    def can_redo(self) -> bool:
        """Whether :meth:`redo` would change anything."""
        return self._position < len(self._versions) - 1 and not self.current.signed_by

    def push(self, review: R) -> None:
        """Make `review` the current version; what was undone before can no longer be redone.

        A review that differs from the current one only in its signature or audit trail takes its
        place without becoming a step of its own.

        Raises
        ------
        ValueError
            If `review` is of another image or series.
        """
        if review.key != self.current.key:
            raise ValueError(f"the review is of {review.key}, the history of {self.current.key}")
        if _same_content(review, self.current):
            self._versions[self._position] = review
            return
        del self._versions[self._position + 1 :]
        self._versions.append(review)
        self._position += 1
        self._forget_oldest()

    def undo(self) -> R:
        """Go back one step and return the review as it then stands; at the beginning, nothing changes.

        Raises
        ------
        ReviewLocked
            If the review is signed.
        """
        return self._go(-1, Action.UNDONE)

    def redo(self) -> R:
        """Take back one undo and return the review as it then stands; at the end, nothing changes.

        Raises
        ------
        ReviewLocked
            If the review is signed.
        """
        return self._go(+1, Action.REDONE)

    def _go(self, step: int, action: Action) -> R:
        current = self.current
        check_unsigned(current)
        if not 0 <= self._position + step < len(self._versions):
            return current
        self._position += step
        target = replace(self.current, audit=current.audit, signed_by="", signed_at=None)
        last = current.audit[-1].action if current.audit else ""
        detail = last if last not in (Action.UNDONE, Action.REDONE) else ""
        self._versions[self._position] = with_event(target, action, detail, self._clock)
        return self.current

    def _forget_oldest(self) -> None:
        while len(self._versions) > 2 and (
            len(self._versions) > self._max_steps + 1 or self._bytes() > self._max_bytes
        ):
            del self._versions[0]
            self._position -= 1

    def _bytes(self) -> int:
        sizes: dict[int, int] = {}
        for version in self._versions:
            for finding in version.findings:
                for mask in finding.arrays:
                    sizes[id(mask)] = mask.nbytes
        return sum(sizes.values())


def _same_content(one: R, other: R) -> bool:
    return (
        one.content == other.content
        and len(one.findings) == len(other.findings)
        and all(a is b for a, b in zip(one.findings, other.findings, strict=True))
    )
