"""The jitter buffer: whatever the network does to packets, order holds, memory is bounded and the counters add up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from server.media.jitter import DEPTH_MAX_MS, TARGET_MAX_MS, TARGET_MIN_MS, Gap, JitterBuffer, Packet

PACKET_MS = 20.0
TICKS = 960


class Network:
    """Sends packet n so that it arrives `late_s` after its time."""

    def __init__(self, first_sequence: int = 0, first_timestamp: int = 0) -> None:
        self.buffer = JitterBuffer()
        self._sequence = first_sequence
        self._timestamp = first_timestamp

    def deliver(self, number: int, late_s: float = 0.0) -> None:
        self.buffer.put(
            (self._sequence + number) & 0xFFFF,
            (self._timestamp + number * TICKS) & 0xFFFFFFFF,
            number.to_bytes(4, "big"),
            PACKET_MS,
            100 + number * 0.02 + late_s,
        )

    def take(self) -> int | Gap | None:
        taken = self.buffer.take()
        return int.from_bytes(taken.payload, "big") if isinstance(taken, Packet) else taken

    def play(self, takes: int) -> list[int | Gap | None]:
        return [self.take() for _ in range(takes)]


def numbers(taken: list[int | Gap | None]) -> list[int]:
    return [each for each in taken if isinstance(each, int)]


def test_packets_in_order_come_out_as_they_went_in() -> None:
    network = Network()
    heard = []
    for number in range(200):
        network.deliver(number)
        heard.append(network.take())
    assert numbers(heard) == list(range(numbers(heard)[-1] + 1))
    assert Gap.LOST not in heard
    assert network.buffer.lost == network.buffer.dropped == network.buffer.late == 0


def test_both_counters_wrap_without_a_gap() -> None:
    network = Network(first_sequence=0xFFFF - 5, first_timestamp=0xFFFFFFFF - 3 * TICKS)
    heard = []
    for number in range(40):
        network.deliver(number)
        heard.append(network.take())
    assert numbers(heard) == list(range(numbers(heard)[-1] + 1))
    assert network.buffer.restarts == 0
    assert network.buffer.target_ms <= 60


def test_swapped_neighbours_are_put_back_in_order() -> None:
    network = Network()
    for number in (0, 2, 1, 3, 5, 4):
        network.deliver(number)
    assert numbers(network.play(8)) == [0, 1, 2, 3, 4, 5]
    assert network.buffer.lost == 0


def test_a_lost_packet_is_a_gap_and_a_late_one_is_only_counted() -> None:
    network = Network()
    for number in (0, 1, 3, 4):
        network.deliver(number)
    assert network.play(5) == [0, 1, Gap.LOST, 3, 4]
    network.deliver(2)
    assert (network.buffer.lost, network.buffer.late) == (1, 1)


def test_a_packet_that_comes_twice_is_played_once() -> None:
    network = Network()
    for number in (0, 1, 1, 2):
        network.deliver(number)
    assert numbers(network.play(4)) == [0, 1, 2]
    assert network.buffer.duplicates == 1


def test_a_pause_conceals_a_little_then_falls_silent_then_goes_on_where_it_stopped() -> None:
    network = Network()
    for number in range(4):
        network.deliver(number)
    heard = network.play(20)
    assert numbers(heard) == [0, 1, 2, 3]
    assert heard.count(Gap.DRY) == 5
    assert heard[-1] is None
    for number in range(4, 8):
        network.deliver(number, late_s=0.4)
    assert numbers(network.play(12)) == [4, 5, 6, 7]
    assert network.buffer.lost == 0


def test_the_target_rises_with_uneven_arrival_and_falls_again() -> None:
    network = Network()
    for number in range(100):
        network.deliver(number, late_s=0.08 if number % 7 == 0 else 0.0)
        network.take()
    assert 90 <= network.buffer.target_ms <= TARGET_MAX_MS
    for number in range(100, 1_500):
        network.deliver(number)
        network.take()
    assert network.buffer.target_ms < 30


def test_a_faster_sender_does_not_pile_up_delay() -> None:
    network = Network()
    sent = 0
    for tick in range(3_000):  # one packet more every second
        for _ in range(2 if tick % 50 == 0 else 1):
            network.deliver(sent, late_s=-0.02 * (sent - tick))
            sent += 1
        network.take()
    assert network.buffer.depth_ms <= TARGET_MAX_MS + 60
    assert network.buffer.dropped > 0


def test_a_jump_in_numbers_is_a_new_stream() -> None:
    network = Network()
    for number in range(3):
        network.deliver(number)
    network.play(2)
    for number in range(9_000, 9_004):
        network.deliver(number)
    assert numbers(network.play(6)) == [9_000, 9_001, 9_002, 9_003]
    assert network.buffer.restarts == 1


@settings(deadline=None, max_examples=200)
@given(
    st.integers(0, 0xFFFF),
    st.lists(
        st.tuples(st.integers(0, 60), st.floats(0, 0.5), st.integers(0, 3)),
        min_size=1,
        max_size=150,
    ),
)
def test_anything_may_happen(first: int, happenings: list[tuple[int, float, int]]) -> None:
    network = Network(first_sequence=first)
    delivered: set[int] = set()
    heard: list[int | Gap | None] = []
    times = 0
    for number, late_s, takes in happenings:
        network.deliver(number, late_s)
        delivered.add(number)
        times += 1
        heard += network.play(takes)
        assert network.buffer.depth_ms <= DEPTH_MAX_MS
        assert TARGET_MIN_MS <= network.buffer.target_ms <= TARGET_MAX_MS
    heard += network.play(80)
    played = numbers(heard)
    assert played == sorted(set(played))
    assert set(played) <= delivered
    buffer = network.buffer
    assert times == len(played) + buffer.late + buffer.duplicates + buffer.dropped
    assert heard[-1] is None
    assert buffer.depth_ms == 0
