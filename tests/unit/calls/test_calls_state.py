"""The life of a call: every path the table allows, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.calls.state import (
    CallState,
    Happening,
    IllegalTransition,
    Outcome,
    Position,
    Step,
    advance,
    hung_up,
)

HAPPENINGS = st.one_of(
    st.sampled_from([Happening(step) for step in Step if step is not Step.ENDED]),
    st.sampled_from([Happening(Step.ENDED, outcome, "any") for outcome in Outcome]),
)


def test_a_browser_bridge_from_order_to_end() -> None:
    position = Position(CallState.CREATED)
    seen = []
    for step in (Step.AGENT_AWAITED, Step.DIALED, Step.RANG, Step.ANSWERED):
        position = advance(position, Happening(step))
        seen.append(position.state)
    assert seen == [CallState.WAITING_AGENT, CallState.DIALING, CallState.RINGING, CallState.IN_PROGRESS]
    assert advance(position, hung_up(position.state, "callee_hung_up")) == Position(
        CallState.ENDED, Outcome.COMPLETED, "callee_hung_up"
    )


@pytest.mark.parametrize("state", [CallState.CREATED, CallState.WAITING_AGENT, CallState.DIALING, CallState.RINGING])
def test_hanging_up_before_anybody_answered_cancels(state: CallState) -> None:
    assert advance(Position(state), hung_up(state, "hung_up_by_api")).outcome is Outcome.CANCELED


def test_a_carrier_may_leave_out_the_ringing() -> None:
    assert advance(Position(CallState.DIALING), Happening(Step.ANSWERED)).state is CallState.IN_PROGRESS


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (CallState.CREATED, Step.ANSWERED),
        (CallState.WAITING_AGENT, Step.ANSWERED),
        (CallState.WAITING_AGENT, Step.RANG),
        (CallState.RINGING, Step.DIALED),
        (CallState.RINGING, Step.RANG),
        (CallState.IN_PROGRESS, Step.ANSWERED),
        (CallState.IN_PROGRESS, Step.TRANSFERRED),
        (CallState.TRANSFERRING, Step.TRANSFER_BEGAN),
    ],
)
def test_what_cannot_happen_is_refused(state: CallState, step: Step) -> None:
    with pytest.raises(IllegalTransition) as refused:
        advance(Position(state), Happening(step))
    assert (refused.value.code, refused.value.state, refused.value.step) == ("invalid_call_state", state, step)


@given(HAPPENINGS)
def test_nothing_happens_to_a_call_that_has_ended(happening: Happening) -> None:
    with pytest.raises(IllegalTransition):
        advance(Position(CallState.ENDED, Outcome.COMPLETED, "over"), happening)


@given(st.lists(HAPPENINGS, max_size=30))
def test_whatever_comes_in_whatever_order_a_call_ends_at_most_once_and_says_how(happenings: list[Happening]) -> None:
    position, ends = Position(CallState.CREATED), 0
    for happening in happenings:
        before = position
        try:
            position = advance(position, happening)
        except IllegalTransition:
            assert position == before
            continue
        ends += position.state is CallState.ENDED
        assert (position.outcome is not None) == (position.state is CallState.ENDED)
        if position.state is CallState.IN_PROGRESS and before.state is not CallState.TRANSFERRING:
            assert before.state in (CallState.DIALING, CallState.RINGING)
    assert ends <= 1
    if position.state is not CallState.ENDED:
        assert advance(position, Happening(Step.ENDED, Outcome.ERROR, "server_restarted")).outcome is Outcome.ERROR


@given(st.sampled_from([step for step in Step if step is not Step.ENDED]))
def test_only_an_end_has_an_outcome(step: Step) -> None:
    with pytest.raises(ValueError, match="outcome"):
        Happening(step, Outcome.BUSY)
    with pytest.raises(ValueError, match="outcome"):
        Happening(Step.ENDED)
