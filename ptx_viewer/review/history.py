"""Undo and redo of a review."""

from __future__ import annotations

from dataclasses import replace

from .edits import Action, Clock, check_unsigned, utc_now, with_event
from .review import ImageReview

#: Enough for an hour of retouching; a 3000² mask takes 9 MB.
MAX_STEPS = 200
MAX_BYTES = 256 * 2**20


class EditHistory:
    """The versions of one image's review.

    Versions share the masks that did not change.  What can be undone is what stands in the
    findings, the verdict, the impression, the reader's own measurements and the lines that the
    reader moved.  The audit trail only ever grows: undoing appends an event and takes none away.
    Signing is no step, and a signed review cannot be undone past its signature: withdraw the
    signature first.

    Parameters
    ----------
    initial : ImageReview
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
        initial: ImageReview,
        *,
        max_steps: int = MAX_STEPS,
        max_bytes: int = MAX_BYTES,
        clock: Clock = utc_now,
    ) -> None:
        self._versions = [initial]
        self._position = 0
        self._max_steps = max_steps
        self._max_bytes = max_bytes
        self._clock = clock

    @property
    def current(self) -> ImageReview:
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

    def push(self, review: ImageReview) -> None:
        """Make `review` the current version; what was undone before can no longer be redone.

        A review that differs from the current one only in its signature or audit trail takes its
        place without becoming a step of its own.

        Raises
        ------
        ValueError
            If `review` is of another image.
        """
        if review.image_key != self.current.image_key:
            raise ValueError(f"the review is of {review.image_key}, the history of {self.current.image_key}")
        if _same_content(review, self.current):
            self._versions[self._position] = review
            return
        del self._versions[self._position + 1 :]
        self._versions.append(review)
        self._position += 1
        self._forget_oldest()

    def undo(self) -> ImageReview:
        """Go back one step and return the review as it then stands; at the beginning, nothing changes.

        Raises
        ------
        ReviewLocked
            If the review is signed.
        """
        return self._go(-1, Action.UNDONE)

    def redo(self) -> ImageReview:
        """Take back one undo and return the review as it then stands; at the end, nothing changes.

        Raises
        ------
        ReviewLocked
            If the review is signed.
        """
        return self._go(+1, Action.REDONE)

    def _go(self, step: int, action: Action) -> ImageReview:
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
                for mask in (finding.mask, finding.suggested):
                    if mask is not None:
                        sizes[id(mask)] = mask.nbytes
        return sum(sizes.values())


def _same_content(one: ImageReview, other: ImageReview) -> bool:
    return (
        one.verdict is other.verdict
        and one.impression == other.impression
        and one.annotations == other.annotations
        and one.moved_segments == other.moved_segments
        and len(one.findings) == len(other.findings)
        and all(a is b for a, b in zip(one.findings, other.findings, strict=True))
    )
