"""The song's sections, who plays in each, and what a returning section changes."""

from collections.abc import Sequence

from legato.compose.dice import Dice
from legato.compose.score import Section

# What a returning section may do beside its new ending.
CHANGES = {"octave_up": 2.0, "ornament": 2.0, "counter": 2.0, "thin_drums": 1.5, "busy_drums": 1.5, "thin": 1.0}
# What happens in a section's last bar.
LEAVINGS = {"fill": 4.0, "crescendo": 3.0, "drop": 1.5, "pickup": 2.0}
SUPPORT = ("pad", "keys", "strum", "pick", "arp", "piano", "violin_2", "viola", "cello")
FRONT = ("lead", "arp", "pick")


def lay_out(n_bars: int, roles: Sequence[str], dice: Dice) -> list[Section]:
    """Sections that fill all bars but the last, which is the ending.

    Five bars and more hold at least two different letters.
    """
    left = n_bars - 1
    length = 8 if left >= 40 and dice.chance(0.5) else 4 if left >= 8 else 2 if left >= 4 else max(left, 1)
    n_main, n_intro = divmod(left, length) if left else (0, 0)
    lengths = [length] * n_main
    has_intro, has_outro = n_intro > 0, False
    if not has_intro and n_main >= 4 and dice.chance(0.6):
        n_intro, has_intro, lengths = length, True, lengths[1:]
    if len(lengths) >= 4 and dice.chance(0.5):
        has_outro = True
    letters = draw_letters(len(lengths) - has_outro, dice)
    plan = [("intro", "A", n_intro)] if has_intro else []
    plan += [("main", letter, length) for letter in letters]
    plan += [("outro", "A", length)] if has_outro else []
    return [*_placed(plan, roles, dice), _ending(n_bars - 1, roles)]


def draw_letters(n_sections: int, dice: Dice) -> str:
    """A first, then new letters, repeats and returns; two letters at least where there is room.

    >>> import numpy as np
    >>> len(draw_letters(5, Dice(np.random.default_rng(0))))
    5
    """
    letters = "A"[:n_sections]
    while len(letters) < n_sections:
        last, new = letters[-1], "ABC"[min(len(set(letters)), 2)]
        must = len(set(letters)) == 1 and len(letters) >= min(n_sections - 1, 2)
        weights = {
            last: 0.0 if must or letters.endswith(last * 2) else 1.2,
            **{letter: 2.0 for letter in sorted(set(letters)) if letter != last},
        }
        if new not in letters:
            weights[new] = 3.0 if new == "B" else 1.0
        letters += dice.weighted(weights)
    return letters


def _placed(plan: Sequence[tuple[str, str, int]], roles: Sequence[str], dice: Dice) -> list[Section]:
    sections: list[Section] = []
    visits: dict[str, int] = {}
    n_main = sum(kind == "main" for kind, _, _ in plan)
    absent = _absentee(roles, dice) if n_main > 1 else None
    for kind, letter, n_bars in plan:
        visit = visits.get(letter, 0)
        changes = {dice.weighted(CHANGES), dice.weighted(CHANGES)} if visit and kind == "main" else set()
        playing = _players(kind, visit, letter, roles, absent, dice)
        sections.append(
            Section(
                letter=letter,
                kind=kind,
                start_bar=sections[-1].start_bar + sections[-1].n_bars if sections else 0,
                n_bars=n_bars,
                visit=visit,
                roles=frozenset(playing),
                changes=frozenset(changes),
                leaving=dice.weighted(LEAVINGS),
            )
        )
        if kind == "main":
            visits[letter] = visit + 1
    return sections


def _absentee(roles: Sequence[str], dice: Dice) -> str | None:
    """Who waits for the first A to pass, in a band of four or more."""
    waiting = [role for role in roles if role in FRONT]
    return dice.pick(waiting) if len(roles) >= 4 and waiting and dice.chance(0.6) else None


def _players(kind: str, visit: int, letter: str, roles: Sequence[str], absent: str | None, dice: Dice) -> list[str]:
    if kind == "intro":
        first = [role for role in roles if role in SUPPORT] or list(roles)
        n_first = dice.between(1, max(1, (len(roles) + 1) // 2))
        return dice.shuffled(first)[:n_first] if len(roles) > 1 else list(roles)
    if kind == "outro":
        leaving = dice.pick(roles)
        return [role for role in roles if role != leaving or len(roles) < 3]
    if letter == "A" and visit == 0 and absent:
        return [role for role in roles if role != absent]
    return list(roles)


def _ending(bar: int, roles: Sequence[str]) -> Section:
    return Section(letter="A", kind="ending", start_bar=bar, n_bars=1, visit=0, roles=frozenset(roles))
