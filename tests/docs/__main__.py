"""Write anew what of the documentation is generated: ``make docs``."""

from tests.docs.generated import GENERATED

for part in GENERATED:
    part.write()
