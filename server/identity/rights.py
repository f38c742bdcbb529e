"""What a member's role allows, decided here for the API and the console alike."""

from server.identity.users import Role

CHANGES = frozenset({Role.OWNER, Role.ADMIN})  # keys, webhooks, numbers, agents, knowledge, projects
LISTENS = CHANGES | {Role.SUPERVISOR}  # to calls that go on
CALLS = LISTENS | {Role.AGENT}  # makes and controls them
SEES_SETTINGS = LISTENS | {Role.VIEWER}
SEES_CALLS = SEES_SETTINGS | CALLS  # and replays them
