"""A live call: the room, the conversation held in it, and what a widget may ask of it."""
