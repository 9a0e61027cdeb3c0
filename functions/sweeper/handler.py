"""Each minute: mend what was left half done."""

from dataclasses import asdict

from darkroom import wiring
from darkroom.domain.limits import SECOND
from darkroom.observability import Context, emit, function_name, observed

TIME = 35 * SECOND
"""Of the function's 50 s; what is still due then waits for the next minute."""


@observed
def handler(_event: object, _context: Context) -> dict[str, int]:
    swept = wiring.sweeper().sweep(until=wiring.clock().now() + TIME)
    emit(
        {"RowsMended": (swept.mended, "Count"), "RowsNotMended": (swept.failed, "Count")},
        {"function": function_name()},
    )
    return asdict(swept)
