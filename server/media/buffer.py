"""A bounded line of frames: the oldest goes when it is full, and the loss is counted."""

from collections import deque

from server.media.frame import Frame


class FrameBuffer:
    """First in, first out, at most `capacity_frames`. `dropped` counts the frames that had to go."""

    def __init__(self, capacity_frames: int) -> None:
        if capacity_frames < 1:
            raise ValueError("a FrameBuffer holds at least one frame")
        self._frames: deque[Frame] = deque(maxlen=capacity_frames)
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def is_full(self) -> bool:
        return len(self._frames) == self._frames.maxlen

    def push(self, frame: Frame) -> None:
        """Add `frame` at the end; never blocks."""
        if self.is_full:
            self.dropped += 1
        self._frames.append(frame)

    def pop(self) -> Frame | None:
        """The oldest frame, or None when there is none."""
        return self._frames.popleft() if self._frames else None

    def clear(self) -> None:
        """Forget everything; what is forgotten on purpose does not count as dropped."""
        self._frames.clear()
