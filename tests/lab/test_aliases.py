"""Other names of the entities in the collections."""

from monitor.lab.aliases import KNOWN, aliases_of, configured, handles
from monitor.tweets import Entity, EntityMatcher


def test_short_forms() -> None:
    """A person goes by the surname, a company without its legal form."""
    assert {"Brand"} == aliases_of("Zoe Brand", person=True, company=False)
    assert {"Norwick"} == aliases_of("Norwick Group PLC", person=False, company=True)
    assert set() == aliases_of("Norwick", person=True, company=True)


def test_handles_that_complaints_begin_with() -> None:
    """A handle that is in many of an entity's tweets is its own; one that is in few is not."""
    rows = [{"entity": "Norwick", "text": f"@NorwHelp @bob{i} hello"} for i in range(9)]

    assert {"Norwick": {"@norwhelp"}} == handles(rows)


def test_nobody_claims_anothers_name() -> None:
    """What an earlier entity is called is left out, and so is what no text can name."""
    names = ["Zoe Brand", "Brand", "!!", "Norwick"]
    entities = configured(names, {"Zoe Brand": ["Brand"], "Norwick": ["NW", "?"]})

    assert [
        Entity("Zoe Brand", ("Zoe Brand", "Brand")),
        Entity("Norwick", ("Norwick", "NW")),
    ] == entities
    assert ("Zoe Brand",) == EntityMatcher(entities).match("Brand!")


def test_known_names_can_be_looked_for() -> None:
    """Each known alias is one that the matcher takes."""
    for name, aliases in KNOWN.items():
        (entity,) = configured([name], {name: aliases})
        assert len(aliases) + 1 == len(entity.aliases)
