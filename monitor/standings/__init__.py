"""What the labels say about an entity: counts, corrected shares, intervals, the report."""

from typing import TYPE_CHECKING

from monitor.lazily import face

if TYPE_CHECKING:
    from monitor.standings.quantification import METHODS as METHODS
    from monitor.standings.quantification import Calibration as Calibration
    from monitor.standings.quantification import Method as Method
    from monitor.standings.report import Alert as Alert
    from monitor.standings.report import Report as Report
    from monitor.standings.report import ReportQuestion as ReportQuestion
    from monitor.standings.report import UnknownEntityError as UnknownEntityError
    from monitor.standings.report import gather as gather
    from monitor.standings.reputation import standings as standings
    from monitor.standings.standing import Estimate as Estimate
    from monitor.standings.standing import Standing as Standing

else:  # or the type checker would take any name for one that is there
    __getattr__ = face(
        __name__,
        {
            "quantification": ("Calibration", "METHODS", "Method"),
            "report": ("Alert", "ReportQuestion", "Report", "UnknownEntityError", "gather"),
            "reputation": ("standings",),
            "standing": ("Estimate", "Standing"),
        },
    )
