"""The floors of src/legato, from the ground up; docs/architecture.md draws them."""

FLOORS = (
    ("tokens", "words"),
    ("errors",),
    ("files",),
    ("shards",),
    ("workspace", "midi", "contract"),
    ("work",),
    ("audio", "licenses", "prompts", "compose", "soundfont", "instruments", "page", "dia"),
    ("render", "truth", "codec"),
    ("measure", "archives"),
    ("codec_training", "dataset"),
    ("report", "diff"),
    ("check", "cli"),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
