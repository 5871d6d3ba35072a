"""Other names of the entities in the public collections, as an owner would configure them."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from monitor.tweets import Entity, EntityMatcher

HANDLE_SHARE: Final = 0.3
"""A handle that so many (0-1) of an entity's complaints begin with is its own."""

KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    # RepLab
    "AC/DC": ("ACDC",),
    "Banco Santander": ("Santander",),
    "Bank of America": ("BofA", "BoA"),
    "beatles": ("The Beatles",),
    "Berkeley University": ("Berkeley", "Cal"),
    "Britney Spears": ("Britney",),
    "Columbia University": ("Columbia",),
    "Harvard University": ("Harvard",),
    "Jennifer Lopez": ("JLo", "J.Lo"),
    "Johns Hopkins University": ("Johns Hopkins", "Hopkins", "JHU"),
    "Lady Gaga": ("Gaga",),
    "Led Zeppelin": ("Zeppelin",),
    "Princeton University": ("Princeton",),
    "Stanford University": ("Stanford",),
    "Volkswagen": ("VW",),
    "Whitney Houston": ("Whitney",),
    "Yale University": ("Yale",),
    # games and technology
    "ApexLegends": ("Apex", "Apex Legends", "PlayApex"),
    "AssassinsCreed": ("Assassin's Creed", "Assassins Creed", "AC"),
    "CallOfDuty": ("Call of Duty", "COD", "Warzone", "Modern Warfare"),
    "CallOfDutyBlackopsColdWar": ("Call of Duty", "COD", "Black Ops", "Cold War"),
    "CS-GO": ("CSGO", "Counter Strike"),
    "Cyberpunk2077": ("Cyberpunk", "Cyberpunk 2077", "CyberpunkGame"),
    "Dota2": ("Dota", "Dota 2"),
    "GrandTheftAuto(GTA)": ("GTA", "GTA V", "GTA5", "Grand Theft Auto"),
    "HomeDepot": ("Home Depot",),
    "johnson&johnson": ("Johnson & Johnson", "Johnson and Johnson", "J&J", "JNJ", "JNJNews"),
    "LeagueOfLegends": ("League of Legends", "League", "LoL"),
    "MaddenNFL": ("Madden", "Madden NFL", "EAMaddenNFL"),
    "NBA2K": ("NBA 2K", "2K", "2K20", "2K21", "NBA2K20", "NBA2K21"),
    "PlayerUnknownsBattlegrounds(PUBG)": ("PUBG", "Battlegrounds"),
    "PlayStation5(PS5)": ("PS5", "PlayStation 5", "PlayStation", "Sony"),
    "RedDeadRedemption(RDR)": ("Red Dead", "Red Dead Redemption", "RDR", "RDR2"),
    "TomClancysGhostRecon": ("Ghost Recon", "GhostRecon"),
    "TomClancysRainbowSix": ("Rainbow Six", "Rainbow6", "Rainbow6Game", "R6", "Siege"),
    "WorldOfCraft": ("World of Warcraft", "Warcraft", "WoW"),
    "Xbox(Xseries)": ("Xbox", "Xbox Series X", "Series X", "Series S"),
    "Android App": ("Android",),
    "iPad or iPhone App": ("iPad", "iPhone", "iPad app", "iPhone app", "app"),
    "Other Apple product or service": ("Apple", "iTunes"),
    "Other Google product or service": ("Google",),
    "self-driving cars": (
        "self driving",
        "selfdriving",
        "self driving car",
        "driverless",
        "driverless car",
        "driverless cars",
        "autonomous car",
        "autonomous cars",
        "autonomous vehicles",
        "google car",
    ),
    # politics
    "Bernie Sanders": ("Bernie",),
    "Donald Trump": ("realDonaldTrump",),
    "Hillary Clinton": ("Hillary",),
    "Joe Biden": ("JoeBiden",),
}

_COMPANY: Final = re.compile(
    r"[\s,]+(?:plc|inc|group|ltd|limited|corp|corporation|company|co|holdings|ag|sa)\.?$",
    re.IGNORECASE,
)


def aliases_of(name: str, *, person: bool, company: bool) -> set[str]:
    """Return other names of the entity called ``name``: known ones, a surname, a short form."""
    found = set(KNOWN.get(name, ()))
    words = name.split()
    if person and len(words) > 1 and len(words[-1]) > 2:
        found.add(words[-1])
    if company:
        short = name
        while (shorter := _COMPANY.sub("", short)) != short:
            short = shorter
        found.add(short)
    return found - {name}


def handles(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return by entity the handles that many of the tweets about it begin with."""
    tweets: Counter[str] = Counter()
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        tweets[row["entity"]] += 1
        uses[row["entity"]].update(set(re.findall(r"(?<!\w)@\w+", row["text"].lower())))
    return {
        entity: {h for h, count in of_it.items() if count >= HANDLE_SHARE * tweets[entity]}
        for entity, of_it in uses.items()
    }


def configured(names: Sequence[str], aliases: Mapping[str, Iterable[str]]) -> list[Entity]:
    """Return ``names`` as entities, with those of their ``aliases`` that nobody else claims.

    A name that cannot be looked for is left out, and so is one that an earlier one claims.
    """
    entities: list[Entity] = []
    for name in names:
        kept: tuple[str, ...] = ()
        for alias in (name, *sorted(aliases.get(name, ()))):
            tried = Entity(name, (*kept, alias))
            try:
                EntityMatcher([*entities, Entity(alias)] if alias == name else [*entities, tried])
            except ValueError:
                if alias == name:
                    break
                continue
            kept = (*kept, alias)
        if kept:
            entities.append(Entity(name, kept))
    return entities
